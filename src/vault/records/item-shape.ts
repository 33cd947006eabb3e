// What the options of a collection make of an item: what is stored of it, what of that is its head, which texts it has.

import { VaultError } from '../../errors.js'
import { copyJson, isPlainObject } from '../core/json-copy.js'
import type { Fields } from '../core/log-row.js'
import { deepFreeze } from './collection-query.js'
import type { CollectionOptions } from './collection-types.js'
import { stringsIn, type TextAt } from './strings-in.js'
import { isSchema, parseWith, type StandardSchema } from './standard-schema.js'
import { json, parseInput } from './values.js'

/** UTF-16 units of JSON: ten thousand heads of this length are 160 MB of memory, so it is for what a list shows. */
export const MAX_HEAD = 16_384

/** An item that may be stored. */
export interface PreparedItem<T> {
  readonly value: T
  readonly head: Fields
}

type Options = CollectionOptions<StandardSchema<unknown, Fields>, object, string>

export class ItemShape<T> {
  readonly #options: Options
  readonly #where: string

  /** @throws {TypeError} for options that cannot be */
  constructor(options: Options, where: string) {
    const { schema, head, searchable } = (options ?? {}) as Options
    if (!isSchema(schema)) throw new TypeError('schema must be a Standard Schema of version 1, as zod, valibot and arktype make them')
    for (const [name, given] of Object.entries({ head, searchable })) {
      const isList = Array.isArray(given) && given.every((field) => typeof field === 'string')
      if (given !== undefined && typeof given !== 'function' && !isList) throw new TypeError(`${name} must be a list of names of fields, or a function of the item`)
    }
    this.#options = { schema, head, searchable }
    this.#where = where
  }

  get isSearchable(): boolean {
    return this.#options.searchable !== undefined
  }

  /** At once, unless the schema takes its time. @throws {VaultError} `invalid-value`; whatever the app's functions throw */
  prepare(input: unknown): PreparedItem<T> | Promise<PreparedItem<T>> {
    const parsed = this.parse(input)
    return parsed instanceof Promise ? parsed.then((value) => this.#withHead(value)) : this.#withHead(parsed)
  }

  parse(input: unknown): T | Promise<T> {
    return parseWith(this.#options.schema as StandardSchema<unknown, T>, input, this.#where)
  }

  #withHead(value: T): PreparedItem<T> {
    return { value, head: this.#headOf(value) }
  }

  #headOf(value: T): Fields {
    const { head } = this.#options
    if (head === undefined) return {}
    // A copy: what the app's function does with it is its own affair.
    const made: unknown = typeof head === 'function' ? head(copyJson(value) as Fields) : fieldsNamed(value, head)
    if (!isPlainObject(made)) throw new TypeError('head must give an object of JSON fields')
    const copy = parseInput(json, made, this.#where, ['head']) as Fields
    if (JSON.stringify(copy).length > MAX_HEAD) {
      throw new VaultError('invalid-value', `the head of an item of ${this.#where} is longer than ${MAX_HEAD} units of JSON; keep less in it`, { where: this.#where, fields: ['head'], reason: 'too-large' })
    }
    return copy
  }

  /** The texts of an item as it is stored. */
  *textsOf(value: unknown): Generator<TextAt, void, undefined> {
    const { searchable = [] } = this.#options
    if (typeof searchable !== 'function') {
      for (const [field, inner] of Object.entries(fieldsNamed(value, searchable))) yield* stringsIn(inner, [field])
      return
    }
    for (const [at, text] of searchable(deepFreeze(value as Fields)).entries()) if (typeof text === 'string') yield { place: [at], text }
  }
}

/** Those of the fields named that the value itself has. */
function fieldsNamed(value: unknown, names: readonly string[]): Fields {
  if (!isPlainObject(value)) return {}
  return Object.fromEntries(names.filter((name) => Object.hasOwn(value, name)).map((name) => [name, value[name]]))
}
