// The lines of an archive: one JSON object each. Implements docs/format.md, section "Archives", "Lines".

import * as z from 'zod/mini'
import { VaultError } from '../../errors.js'
import type { Fields } from '../core/log-row.js'
import { SESSION_FIELDS } from '../core/session-edits.js'
import { MAX_KNOWN, MAX_MADE, type KnownVault, type MadeArchive } from '../merge/causality.js'
import type { DeletedId } from '../merge/tombstones.js'
import { isCollectionName } from '../records/reserved-ids.js'
import type { ArchiveRecord, MissingRecords } from './archive-records.js'

/** UTF-16 units of a long string in one line. */
export const TEXT_UNITS = 65_536
/** A line may have so many units: a record of 16 MiB with what stands around it. */
export const MAX_LINE = 16 * 1024 * 1024 + 65_536
/** A line may be nested so deep: 128 are what the vault takes, of each memory in the memories of a brain. */
const MAX_NESTING = 128 + 3

/** Names an archive made before. */
export interface ArchiveName {
  readonly archiveId: string
  /** The newest commit in it. */
  readonly seq: number
}

/** The first line: where the archive comes from and what it is to hold. */
export interface ArchiveManifest {
  readonly kind: 'archive'
  readonly v: 1
  readonly archiveId: string
  /** Of the vault. */
  readonly vaultId: string
  /** Milliseconds. */
  readonly createdAt: number
  /** The newest commit in it. */
  readonly seq: number
  /** The archive that this one goes on from: it holds what changed after that one's `seq`. */
  readonly parent?: ArchiveName | undefined
  /** What was asked for; left out when that was everything. */
  readonly selection?: Readonly<Record<string, unknown>> | undefined
  /** Key of the hashes of deleted ids. */
  readonly tombstoneKey: string
  /** What the vault had taken over from others by then. */
  readonly knows?: readonly KnownVault[] | undefined
  /** Archives of everything that the vault made before. */
  readonly made?: readonly MadeArchive[] | undefined
}

export interface ArchiveCounts {
  readonly sessions: number
  readonly chatLogs: number
  readonly messages: number
  readonly brains: number
  readonly preferences: number
  /** Of collections of the app's own. */
  readonly items: number
  readonly tombstones: number
  /** Stretches of messages or deletions, brains and items, that could not be read when the archive was made. */
  readonly missing: number
}

/** As they are written: without what archives of vaults without items never had. */
export type WrittenCounts = Omit<ArchiveCounts, 'items'> & { readonly items?: number | undefined }

/** What was deleted: `[hash, commit, time]`, and where it was deleted first, unless in the vault that made the archive. */
export type TombstoneEntry = DeletedId

export type ArchiveLine =
  | ArchiveManifest
  | (Omit<ArchiveRecord, 'long'> & { readonly long?: readonly (readonly [path: readonly (string | number)[], units: number])[] | undefined })
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tombstones'; readonly list: readonly TombstoneEntry[] }
  | ({ readonly kind: 'missing'; readonly of: MissingRecords['kind'] } & Omit<MissingRecords, 'kind'>)
  | { readonly kind: 'end'; readonly counts: WrittenCounts; readonly sha256: string }

export function encodeLine(line: ArchiveLine): string {
  return `${JSON.stringify(line)}\n`
}

/** The line of a record. Its long strings follow as `textLines`. */
export function encodeRecord({ kind, collection, id, number, rev, modifiedAt, origin, edits, value, long }: ArchiveRecord): string {
  // Put together by hand: an object for each line, made to be written, takes as long as the writing.
  const place = collection === undefined ? '' : `"collection":${JSON.stringify(collection)},`
  const name = number === undefined ? `${place}"id":${JSON.stringify(id)}` : `"number":${number}`
  const lengths = long === undefined ? '' : `,"long":${JSON.stringify(long.map(({ path, text }) => [path, text.length]))}`
  const made = `${origin === undefined ? '' : `,"origin":${JSON.stringify(origin)}`}${edits === undefined ? '' : `,"edits":${JSON.stringify(edits)}`}`
  return `{"kind":"${kind}",${name},"rev":${rev},"modifiedAt":${modifiedAt}${made},"value":${JSON.stringify(value)}${lengths}}\n`
}

export function* textLines(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += TEXT_UNITS) yield encodeLine({ kind: 'text', text: text.slice(at, at + TEXT_UNITS) })
}

const count = z.number().check(z.int(), z.nonnegative())
const id = z.string().check(z.minLength(1), z.maxLength(1024))
const collection = z.string().check(z.refine(isCollectionName))
/** The beginning of a vault's id: enough to tell a user's vaults apart. */
const vaultKey = z.string().check(z.length(8))
const common = { rev: count, modifiedAt: z.number(), origin: z.optional(z.tuple([vaultKey, count])) }
const archiveId = z.string().check(z.length(22))
const edit = z.union([z.tuple([count, z.number()]), z.tuple([count, z.number(), vaultKey])])
const edits = z.optional(z.strictObject(Object.fromEntries(Object.keys(SESSION_FIELDS).map((field) => [field, z.optional(edit)]))))
const object = z.custom<Readonly<Record<string, unknown>>>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
const long = z.optional(z.array(z.tuple([z.array(z.union([z.string(), count])).check(z.minLength(1), z.maxLength(MAX_NESTING)), count])).check(z.minLength(1)))
const counts = z.strictObject({ sessions: count, chatLogs: count, messages: count, brains: count, preferences: count, items: z.optional(count), tombstones: count, missing: count })

const line = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('message'), number: count, ...common, value: object, long }),
  z.strictObject({ kind: z.literal('text'), text: z.string().check(z.minLength(1), z.maxLength(TEXT_UNITS)) }),
  z.strictObject({ kind: z.literal('chatLog'), id, ...common, value: object }),
  z.strictObject({ kind: z.literal('session'), id, ...common, edits, value: object }),
  z.strictObject({ kind: z.literal('brain'), id, ...common, value: object, long }),
  z.strictObject({ kind: z.literal('preference'), id, ...common, value: z.unknown() }),
  z.strictObject({ kind: z.literal('item'), collection, id, ...common, value: object, long }),
  z.strictObject({ kind: z.literal('tombstones'), list: z.array(z.union([z.tuple([z.string(), count, z.number()]), z.tuple([z.string(), count, z.number(), vaultKey, count])])) }),
  z.strictObject({ kind: z.literal('missing'), of: z.enum(['message', 'brain', 'item', 'deletions']), collection: z.optional(collection), id, from: z.optional(count), to: z.optional(count), reason: z.string() }),
  z.strictObject({ kind: z.literal('end'), counts, sha256: z.string() }),
])
const manifest = z.strictObject({
  kind: z.literal('archive'),
  v: z.literal(1),
  archiveId: z.string(),
  vaultId: z.string(),
  createdAt: z.number(),
  seq: count,
  parent: z.optional(z.strictObject({ archiveId: z.string(), seq: count })),
  selection: z.optional(object),
  tombstoneKey: z.string(),
  knows: z.optional(z.array(z.tuple([vaultKey, count, archiveId])).check(z.maxLength(MAX_KNOWN))),
  made: z.optional(z.array(z.tuple([archiveId, count])).check(z.maxLength(MAX_MADE))),
})

/** @throws {VaultError} `corrupt`, `unsupported-version` for a kind of line or a version that is not known here */
export function decodeLine(text: string, number: number): ArchiveLine {
  if (isDeeper(text, MAX_NESTING)) throw malformed(number, 'depth')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Not kept as a cause: the engine's message quotes the line.
    throw malformed(number, 'json')
  }
  if (number > 1 && isPlainMessage(value)) return value
  const { kind, v } = (typeof value === 'object' && value !== null ? value : {}) as { kind?: unknown; v?: unknown }
  if (number === 1) {
    if (kind === 'archive' && typeof v === 'number' && v > 1) throw newer(number)
    const first = manifest.safeParse(value)
    if (!first.success) throw malformed(number, 'manifest')
    return first.data as ArchiveManifest
  }
  const parsed = line.safeParse(value)
  if (parsed.success) return parsed.data as ArchiveLine
  if (typeof kind === 'string' && !KINDS.has(kind)) throw newer(number)
  throw malformed(number, 'shape')
}

/** What the schema says of a message, for those with nothing nested and nothing long: nearly all lines, for a fraction of the time. */
function isPlainMessage(given: unknown): given is ArchiveLine {
  const { kind, number, rev, modifiedAt, origin, value } = (given ?? {}) as Readonly<Record<string, unknown>>
  if (kind !== 'message' || !isCount(number) || !isCount(rev) || !Number.isFinite(modifiedAt) || (origin !== undefined && !isOrigin(origin))) return false
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(given as object).length !== (origin === undefined ? 5 : 6)) return false
  for (const name in value) if (typeof (value as Fields)[name] === 'object') return false
  return true
}

function isOrigin(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && value[0].length === 8 && isCount(value[1])
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

const KINDS = new Set(['archive', 'message', 'text', 'chatLog', 'session', 'brain', 'preference', 'item', 'tombstones', 'missing', 'end'])

/** Told by the brackets of the text, before it is parsed: values a million deep take hundreds of megabytes. */
function isDeeper(text: string, limit: number): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text[at]
    if (unit === '"') at = endOfString(text, at)
    else if (unit === ']' || unit === '}') depth--
    else if ((unit === '[' || unit === '{') && ++depth > limit) return true
  }
  return false
}

/** Where the string ends that begins at a place. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0
    while (text[at - 1 - escapes] === '\\') escapes++
    if (escapes % 2 === 0) return at
  }
  return text.length
}

/** Whether there is a string at the end of a path of a value's own properties. */
export function holdsText(value: unknown, path: readonly (string | number)[]): boolean {
  let inner = value
  for (const key of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return false
    inner = (inner as Record<string | number, unknown>)[key]
  }
  return typeof inner === 'string'
}

export function malformed(number: number, reason: string): VaultError {
  return new VaultError('corrupt', 'the archive authenticates, but what is in it is not what an archive holds', { where: 'archive', number, reason })
}

function newer(number: number): VaultError {
  return new VaultError('unsupported-version', 'this archive holds something that a newer version wrote; update the app', { where: 'archive', number })
}
