// What every kind of record is made of: ids, times, names, free JSON. Input is checked strictly and named by field;
// stored values are trusted to be what we wrote and are not checked again.

import * as z from 'zod/mini'
import { VaultError } from '../../errors.js'
import { copyJson, isPlainObject, UnstorableValue } from '../core/json-copy.js'
import { isTooLong } from '../core/record-size.js'

/** Any value JSON can hold. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue | undefined }
export type JsonObject = { readonly [key: string]: JsonValue | undefined }

const MAX_ID = 1024
export const id = z.string().check(z.minLength(1), z.maxLength(MAX_ID))
/** Milliseconds since 1970; zod refuses NaN and infinities. */
export const time = z.number()
export const text = z.string()
export const textList = z.array(z.string())

/**
 * Parses input, naming what is wrong with it; `prefix` is the way to this input in what the app gave.
 * @throws {VaultError} `invalid-value` with the paths of the refused fields in `details.fields`
 */
export function parseInput<T>(schema: z.ZodMiniType<T>, input: unknown, what: string, prefix: readonly (string | number)[] = []): T {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const fields = result.error.issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path].map(String).join('.')
    return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => (path === '' ? key : `${path}.${key}`)) : [path]
  })
  const named = fields.filter((field) => field !== '').slice(0, 5)
  const reason = result.error.issues[0]?.code ?? 'invalid'
  throw new VaultError('invalid-value', `${what} was refused: ${named.length > 0 ? `check ${named.join(', ')}` : 'it has the wrong shape'} (${reason})`, { where: what, fields: named, reason })
}

/** A copy of free JSON; the error names the path that JSON cannot hold. */
export const json = z.pipe(z.unknown(), z.transform((value, context) => copyOrRefuse(value as JsonValue, context)))
export const jsonObject = z.pipe(
  z.unknown().check(z.refine((value) => isPlainObject(value))),
  z.transform((value, context) => copyOrRefuse(value as JsonObject, context)),
)

interface RefusingContext {
  readonly issues: { push(issue: { code: 'custom'; input: unknown; path: PropertyKey[]; message: string }): unknown }
}

function copyOrRefuse<T>(value: T, context: RefusingContext): T {
  try {
    return copyJson(value)
  } catch (error) {
    if (!(error instanceof UnstorableValue)) throw error
    context.issues.push({ code: 'custom', input: undefined, path: error.path, message: error.reason })
    return z.NEVER
  }
}

/** A record's JSON without its long values may not be longer than this. */
const MAX_RECORD = 16 * 1024 * 1024

/** @throws {VaultError} `invalid-value` for a record that is too long to be kept in one piece */
export function refuseTooLong(record: unknown, what: string): void {
  if (!isTooLong(record, MAX_RECORD)) return
  throw new VaultError('invalid-value', `${what} is longer than 16 MiB; split it`, { where: what, reason: 'too-large' })
}

/** A random id of version 4, as RFC 9562 writes it. */
export function randomId(): string {
  return crypto.randomUUID()
}
