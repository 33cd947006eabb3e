// Collections of an app's own: items that a schema of the app's describes. They are stored as brains are, the head always in memory and the
// rest a page each, under ids that no brain can have (docs/format.md, section 7).

import { VaultError } from '../../errors.js'
import type { Access } from '../core/access.js'
import { takeOutLongValues } from '../core/blobs.js'
import type { Draft } from '../core/draft.js'
import { copyJson, isPlainObject } from '../core/json-copy.js'
import { refsOf, type Body } from '../core/log-row.js'
import type { Head, State } from '../core/state.js'
import { readBrainBodies } from './brains.js'
import { frozenHead, selectEntries } from './collection-query.js'
import type { CollectionEntry, CollectionHit, CollectionItem, CollectionQuery, CollectionSearchOptions, ExpectOptions, FoundInItem, GetOptions, PatchOf } from './collection-types.js'
import type { ItemShape, PreparedItem } from './item-shape.js'
import type { PendingWrites } from './pending-writes.js'
import { itemPrefix, publicNameOf } from './reserved-ids.js'
import type { TextAt } from './strings-in.js'
import { id as idSchema, parseInput, randomId } from './values.js'

/** What a search in items is asked. */
export interface ItemQuestion {
  readonly text: string
  readonly options: Omit<CollectionSearchOptions<never>, 'where'>
  /** Whether a record stored among the brains is one of those searched. */
  readonly admits: (head: Head) => boolean
  readonly textsOf: (value: unknown) => Iterable<TextAt>
}

export type FindItems = (access: Access, question: ItemQuestion) => AsyncGenerator<FoundInItem & { readonly record: Head }, void, undefined>

/** What all collections of a vault, or of a transaction, work with. */
export interface CollectionPorts {
  readonly access: Access
  readonly writes: PendingWrites
  readonly find: FindItems
}

/** Items read together. */
const ITEMS_AT_ONCE = 32
/** An item that other tabs change all the time is left to them after so many attempts. */
const MAX_ATTEMPTS = 20

/** What a change came to: saved, or it must be done again, on what is there by then or with its long strings written first. */
type Attempt<T> = { readonly saved: CollectionItem<T> } | { readonly again: { readonly rev: number; readonly item: PreparedItem<T> } | undefined }

/**
 * A collection of the app's own, as `open.collection(name, options)` gives it. `In` is what its schema takes, `T` what the schema makes of it, which is what is
 * stored, `H` the head. It may be made any number of times, and holds nothing. Changes take effect in the order of the calls, except where a schema takes its time, and updates that leave strings over 64 KiB.
 */
export class Collection<In, T, H> {
  readonly name: string
  readonly #ports: CollectionPorts
  readonly #shape: ItemShape<T>
  readonly #prefix: string
  readonly #where: string

  /** @internal */
  constructor(name: string, shape: ItemShape<T>, ports: CollectionPorts) {
    this.name = name
    this.#shape = shape
    this.#ports = ports
    this.#prefix = itemPrefix(name)
    this.#where = publicNameOf(name)
  }

  /** The same collection inside a transaction. @internal */
  static within<In, T, H>(collection: Collection<In, T, H>, ports: CollectionPorts): Collection<In, T, H> {
    return new Collection<In, T, H>(collection.name, collection.#shape, ports)
  }

  /**
   * Saves an item under a new random id.
   * @throws {VaultError} `invalid-value` with the paths that the schema refuses or that JSON cannot hold, `locked`, `storage-full`; whatever the app's schema or head throws
   */
  async add(value: In): Promise<CollectionItem<T>> {
    return this.put(randomId(), value, { expectRev: 0 })
  }

  /**
   * Saves an item under an id of 1 to 1,024 UTF-16 units, whatever was there before. Resolves with what the schema made of it when that is saved. Long strings are stored as blobs.
   * @throws {VaultError} as `add`; `conflict` when `expectRev` does not hold
   */
  async put(id: string, value: In, options: ExpectOptions = {}): Promise<CollectionItem<T>> {
    parseInput(idSchema, id, this.#where, ['id'])
    const { expectRev } = checkExpected(options)
    const prepared = this.#shape.prepare(value)
    const item = prepared instanceof Promise ? await prepared : prepared
    const storedId = this.#prefix + id
    const { access, writes } = this.#ports
    return writes.run(storedId, (commitOptions) =>
      access.commitBodies(
        [{ value: item.value }],
        this.#where,
        async (draft, [body]) => {
          this.#expect(draft.state, storedId, expectRev)
          return this.#save(draft, storedId, item, body!)
        },
        commitOptions,
      ),
    )
  }

  /**
   * Changes an item: fields to set (those given as undefined go), or a function of the item as it is, which gives it as it should be. Nothing that another tab
   * saves meanwhile is lost: the function then runs again, so it must do nothing else. The schema is asked again, so it must take what it made itself.
   * @throws {VaultError} `not-found`; as `put`; `busy` when other tabs change this item all the time; {TypeError} for fields of an item that is no object; whatever the function throws
   */
  async update(id: string, change: PatchOf<In> | ((value: T) => In), options: ExpectOptions = {}): Promise<CollectionItem<T>> {
    const storedId = this.#prefix + String(id)
    const { expectRev } = checkExpected(options)
    const { access, writes } = this.#ports
    return writes.run(storedId, async (commitOptions) => {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const first: Attempt<T> = await access.commit((draft) => this.#change(draft, storedId, change, expectRev), commitOptions)
        if ('saved' in first) return first.saved
        // Long strings are written before a commit, so that the item may have changed by then.
        const { rev, item } = first.again!
        const second: Attempt<T> = await access.commitBodies([{ value: item.value }], this.#where, async (draft, [body]) =>
          draft.state.heads.brains.get(storedId)?.rev === rev ? { saved: this.#save(draft, storedId, item, body!) } : { again: undefined },
        )
        if ('saved' in second) return second.saved
      }
      throw new VaultError('busy', 'this item was changed all the time by other tabs; try again', { where: this.#where })
    })
  }

  /** The item, or undefined. @throws {VaultError} `locked`, `corrupt`; with `validate`, `invalid-value` for what the schema refuses now */
  async get(id: string, { validate = false }: GetOptions = {}): Promise<CollectionItem<T> | undefined> {
    if (typeof id !== 'string') return undefined
    const found = await this.#ports.access.view(async (state) => {
      const head = state.heads.brains.get(this.#prefix + id)
      return head && { head, value: await this.#valueOf(state, head) }
    })
    if (found === undefined) return undefined
    const { head, value } = found
    return this.#toItem(head, validate ? await this.#shape.parse(copyJson(value)) : value)
  }

  /** Deletes an item; resolves to false when there was none. @throws {VaultError} `conflict` when `expectRev` does not hold, `locked`, `storage-full` */
  async delete(id: string, options: ExpectOptions = {}): Promise<boolean> {
    if (typeof id !== 'string') return false
    const storedId = this.#prefix + id
    const { expectRev } = checkExpected(options)
    const { access, writes } = this.#ports
    return writes.run(storedId, (commitOptions) =>
      access.commit(async (draft) => {
        this.#expect(draft.state, storedId, expectRev)
        if (!draft.state.heads.brains.has(storedId)) return false
        draft.change(['delete', 'brains', storedId])
        return true
      }, commitOptions),
    )
  }

  /** How many items there are, or how many have such a head. @throws {VaultError} `locked` */
  async count(where?: (head: Readonly<H>) => boolean): Promise<number> {
    return this.#ports.access.view(async (state) => {
      const heads = this.#headsIn(state)
      return where === undefined ? heads.length : heads.filter((head) => where(frozenHead<H>(head))).length
    })
  }

  /**
   * Items by their heads, from memory: nothing is opened. The functions of the query may be called more than once and must do nothing else.
   * @throws {VaultError} `locked`; {RangeError}, {TypeError} for a query that cannot be; whatever its functions throw
   */
  async list(query: CollectionQuery<H> = {}): Promise<readonly CollectionEntry<H>[]> {
    return this.#ports.access.view(async (state) => selectEntries(this.#headsIn(state), this.#toEntry, query))
  }

  /**
   * Items whole, in the order of `list`, some at a time: memory stays bounded. Which ones is settled when the first is asked for; each is as it is when its turn comes, and
   * those deleted by then are left out. Changing items on the way is fine.
   * @throws as `list`; {VaultError} `corrupt`
   */
  items(query: CollectionQuery<H> = {}): AsyncGenerator<CollectionItem<T>, void, undefined> {
    return this.#ports.access.iterations.over(this.#items(query))
  }

  async *#items(query: CollectionQuery<H>): AsyncGenerator<CollectionItem<T>, void, undefined> {
    const ids = (await this.list(query)).map(({ id }) => id)
    for (let start = 0; start < ids.length; start += ITEMS_AT_ONCE) {
      const some = ids.slice(start, start + ITEMS_AT_ONCE)
      const read = await this.#ports.access.view(async (state) => {
        const heads = some.map((id) => state.heads.brains.get(this.#prefix + id)).filter((head) => head !== undefined)
        const bodies = await readBrainBodies(this.#ports.access, state, heads)
        return heads.map((head, i) => ({ head, body: bodies[i]! }))
      })
      for (const { head, body } of read) {
        // Long values of many items together may be more than memory holds: each by itself.
        const item = refsOf(body).length === 0 ? this.#toItem(head, (body as { readonly value: T }).value) : await this.get(head.id.slice(this.#prefix.length))
        if (item !== undefined) yield item
      }
    }
  }

  /**
   * Items by the words of the texts that `searchable` says, in the language of the vault's `search` and with its promises: each text by itself, every word in one of them,
   * whichever, a phrase within one. Each hit is true at the moment it is given. Every item that `where` leaves is read, so it takes longer the more there are.
   * @throws when the first hit is asked for: {VaultError} `invalid-value` (the query is empty or too long), `locked`, `corrupt`; {TypeError} for a collection without `searchable`;
   *   {RangeError}, {TypeError} for options; whatever the app's functions throw; the signal's reason when aborted
   */
  search(query: string, options: CollectionSearchOptions<H> = {}): AsyncGenerator<CollectionHit<H>, void, undefined> {
    return this.#ports.access.iterations.over(this.#search(query, options))
  }

  async *#search(query: string, { where, ...options }: CollectionSearchOptions<H>): AsyncGenerator<CollectionHit<H>, void, undefined> {
    if (!this.#shape.isSearchable) throw new TypeError('nothing of this collection is searchable; say what is with its options')
    const { access, find } = this.#ports
    const admits = (head: Head): boolean => head.id.startsWith(this.#prefix) && (where === undefined || where(frozenHead<H>(head)))
    for await (const { record, ...found } of find(access, { text: query, options, admits, textsOf: (value) => this.#shape.textsOf(value) })) yield { ...this.#toEntry(record), ...found }
  }

  async #change(draft: Draft, storedId: string, change: PatchOf<In> | ((value: T) => In), expectRev: number | undefined): Promise<Attempt<T>> {
    const head = draft.state.heads.brains.get(storedId)
    if (head === undefined) throw new VaultError('not-found', `there is no item with this id in ${this.#where}`, { where: this.#where })
    this.#expect(draft.state, storedId, expectRev)
    const before = copyJson(await this.#valueOf(draft.state, head))
    const prepared = this.#shape.prepare(typeof change === 'function' ? change(before) : patched(before, change))
    const item = prepared instanceof Promise ? await prepared : prepared
    const fields = { value: item.value }
    return takeOutLongValues(fields) === undefined ? { saved: this.#save(draft, storedId, item, fields) } : { again: { rev: head.rev, item } }
  }

  #save(draft: Draft, storedId: string, { value, head }: PreparedItem<T>, body: Body): CollectionItem<T> {
    draft.change(['brain', storedId, { head }, body])
    return this.#toItem(draft.state.heads.brains.get(storedId)!, value)
  }

  #expect(state: State, storedId: string, expectRev: number | undefined): void {
    if (expectRev === undefined || (state.heads.brains.get(storedId)?.rev ?? 0) === expectRev) return
    throw new VaultError('conflict', `this item of ${this.#where} was changed or deleted meanwhile, or is there already; read it again, then decide`, { where: this.#where, reason: 'rev' })
  }

  async #valueOf(state: State, head: Head): Promise<T> {
    const [body] = await readBrainBodies(this.#ports.access, state, [head])
    return ((await this.#ports.access.restore(body!)) as { readonly value: T }).value
  }

  #headsIn(state: State): Head[] {
    return state.heads.brains.values().filter(({ id }) => id.startsWith(this.#prefix))
  }

  #toItem({ id, rev, modifiedAt }: Head, value: T): CollectionItem<T> {
    return { id: id.slice(this.#prefix.length), value: copyJson(value), rev, modifiedAt }
  }

  readonly #toEntry = (head: Head): CollectionEntry<H> => ({ id: head.id.slice(this.#prefix.length), head: frozenHead<H>(head), rev: head.rev, modifiedAt: head.modifiedAt })
}

/** @throws {RangeError} */
function checkExpected({ expectRev }: ExpectOptions): ExpectOptions {
  if (expectRev !== undefined && !(Number.isSafeInteger(expectRev) && expectRev >= 0)) throw new RangeError('expectRev must be the rev of an item, or 0 where there must be none')
  return { expectRev }
}

function patched(value: unknown, patch: object): unknown {
  if (!isPlainObject(value) || !isPlainObject(patch)) throw new TypeError('only fields of an object can be set; give a function of the item')
  return Object.fromEntries(Object.entries({ ...value, ...patch }).filter(([, field]) => field !== undefined))
}
