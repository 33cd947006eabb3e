// What every kind of record is made of: ids, times, names, free JSON. Input is checked strictly and named by field;
// stored values are trusted to be what we wrote and are not checked again.

import * as z from 'zod/mini'
import { VaultError } from '../../errors.js'

/** Any value JSON can hold. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue | undefined }
export type JsonObject = { readonly [key: string]: JsonValue | undefined }

const MAX_ID = 1024
const MAX_NESTING = 128

export const id = z.string().check(z.minLength(1), z.maxLength(MAX_ID))
/** Milliseconds since 1970; zod refuses NaN and infinities. */
export const time = z.number()
export const text = z.string()
export const textList = z.array(z.string())

/**
 * Parses input, naming what is wrong with it.
 * @throws {VaultError} `invalid-value` with the paths of the refused fields in `details.fields`
 */
export function parseInput<T>(schema: z.ZodMiniType<T>, input: unknown, what: string): T {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const fields = result.error.issues.flatMap((issue) => {
    const path = issue.path.map(String).join('.')
    return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => (path === '' ? key : `${path}.${key}`)) : [path]
  })
  const named = fields.filter((field) => field !== '').slice(0, 5)
  const reason = result.error.issues[0]?.code ?? 'invalid'
  throw new VaultError('invalid-value', `${what} was refused: ${named.length > 0 ? `check ${named.join(', ')}` : 'it has the wrong shape'} (${reason})`, { where: what, fields: named, reason })
}

/** Free JSON, taken as it is; the error names the path that JSON cannot hold. */
export const json = z.custom<JsonValue>().check((context) => checkJson(context.value, context))
export const jsonObject = z.custom<JsonObject>((value) => isPlainObject(value)).check((context) => checkJson(context.value, context))

interface CheckContext {
  readonly issues: { push(issue: { code: 'custom'; input: unknown; path: PropertyKey[]; message: string }): unknown }
}

function checkJson(value: unknown, context: CheckContext): void {
  const path = findUnstorable(value, [])
  if (path !== undefined) context.issues.push({ code: 'custom', input: undefined, path, message: 'not JSON' })
}

/** The path of the first thing JSON would drop or change: functions, NaN, dates, holes, cycles. */
function findUnstorable(value: unknown, path: PropertyKey[]): PropertyKey[] | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : path
  if (typeof value !== 'object') return path
  if (value === null) return undefined
  if (path.length > MAX_NESTING) return path.slice(0, 3)
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const found = findUnstorable(value[index], [...path, index])
      if (found !== undefined) return found
    }
    return undefined
  }
  if (!isPlainObject(value)) return path
  for (const key of Object.keys(value)) {
    const item = value[key]
    if (item === undefined) continue
    const found = findUnstorable(item, [...path, key])
    if (found !== undefined) return found
  }
  return undefined
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Objects of other realms (frames, test runners) have another Object.prototype, but its own is null all the same.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** A random id of version 4, as RFC 9562 writes it. */
export function randomId(): string {
  return crypto.randomUUID()
}
