// The body of a log row: one commit. Implements docs/format.md, section 5. Parsed tolerantly (what a newer minor
// writer added to a value travels on), but an unknown change stops the reader: skipping it would lose data.

import type { Epoch, Seq } from '../../brand.js'
import { VaultError } from '../../errors.js'

/** Collections whose heads are always in memory. */
export const HEAD_COLLECTIONS = ['sessions', 'chatLogs', 'brains', 'preferences'] as const
export type HeadCollectionName = (typeof HEAD_COLLECTIONS)[number]

/** Fields of a record, as stored: no id, no rev, no modifiedAt. */
export type Fields = { readonly [field: string]: unknown }

/** A long string that was moved to blob rows: `[path, stem, chunks, bytes, encoding, shards?, epoch?]` (format.md section 8). What its encoding means is known to long-text.ts. */
export type BlobRef = readonly [path: readonly (string | number)[], stem: string, chunks: number, bytes: number, encoding: number, shards?: string, epoch?: number]

/** The record of a page: fields alone, or fields and the long values that were moved out of them. */
export type Body = Fields | readonly [fields: Fields, refs: readonly BlobRef[]]

/** What a bulk writer put into the store beforehand: `[messages, pages, shards, firstContent, lastAt, blobs, epoch?]`. */
export type Adopted = readonly [messages: number, pages: number, shards: string, firstContent: string | null, lastAt: number | null, blobs: readonly BlobRef[], epoch?: number]

/** A segment of the search index that was written beforehand, of the chat logs that commits `from` to `to` adopted (format.md section 12). */
export type SegmentChange = readonly ['segment', tokenizer: string, stem: string, blocks: number, messages: number, units: number, shards: string, from: number, to: number, epoch?: number]

/** Which commit of another vault a version of a record was made by: that vault's key and the number of the commit there (format.md section 16). */
export type Origin = readonly [vault: string, rev: number]

/** What is known of a version that a merge takes over: when it was made, in ms, and where, unless here. */
export type Made = readonly [modifiedAt: number, vault?: string, rev?: number]

/** The last edit of one field of a session: the commit that made it, when, and the vault of that commit, unless it is this one. */
export type Edit = readonly [rev: number, modifiedAt: number, vault?: string]
export type Edits = { readonly [field: string]: Edit }

/** A message that a merge puts into a chat log, or takes out of it. */
export type MergedMessage = readonly [number: number, made: Made, body: Body] | readonly [number: number, made: Made, body: null, messageId: string]

export type Change =
  | readonly ['put', 'sessions' | 'preferences', id: string, value: Fields, made?: Made, edits?: Edits]
  | readonly ['chatLog', id: string, value: Fields]
  | readonly ['adopt', id: string, value: Fields, adopted: Adopted, made?: Made]
  | readonly ['append', chatLogId: string, messages: readonly Body[]]
  | readonly ['set', chatLogId: string, number: number, message: Body]
  | readonly ['unset', chatLogId: string, number: number, messageId: string]
  | readonly ['merge', chatLogId: string, messages: readonly MergedMessage[], made: Made]
  | readonly ['brain', id: string, head: Fields, body: Body, made?: Made]
  | readonly ['delete', HeadCollectionName, id: string, made?: Made]
  | readonly ['header', revision: number, tag: string]
  | SegmentChange

/** What was written beforehand and does not say in which epoch is of the first: there was no other then. */
export function epochOf(named: number | undefined): Epoch {
  return (named ?? 1) as Epoch
}

const CHANGE_KINDS = new Set(['put', 'chatLog', 'adopt', 'append', 'set', 'unset', 'merge', 'brain', 'delete', 'header', 'segment'])

export interface LogRow {
  readonly time: number
  readonly writer: string
  readonly operation: number
  readonly changes: readonly Change[]
}

export function encodeLogRow(row: LogRow): unknown {
  return { v: 1, t: row.time, w: row.writer, o: row.operation, c: row.changes }
}

/** @throws {VaultError} `unsupported-version` for a change this code does not know, `corrupt` for anything malformed. */
export function decodeLogRow(seq: Seq, value: unknown): LogRow {
  const row = value as { v?: unknown; t?: unknown; w?: unknown; o?: unknown; c?: unknown } | null
  if (typeof row !== 'object' || row === null || typeof row.t !== 'number' || typeof row.w !== 'string' || typeof row.o !== 'number' || !Array.isArray(row.c)) {
    throw new VaultError('corrupt', 'a log row is not a commit', { where: 'log', number: seq })
  }
  for (const change of row.c as unknown[]) {
    if (!Array.isArray(change) || !CHANGE_KINDS.has(change[0] as string)) {
      throw new VaultError('unsupported-version', 'the log holds a change made by a newer version; update the app', { where: 'log', number: seq })
    }
  }
  return { time: row.t, writer: row.w, operation: row.o, changes: row.c as Change[] }
}

export function fieldsOf(body: Body): Fields {
  return isSplit(body) ? body[0] : body
}

export function refsOf(body: Body): readonly BlobRef[] {
  return isSplit(body) ? body[1] : []
}

function isSplit(body: Body): body is readonly [Fields, readonly BlobRef[]] {
  return Array.isArray(body)
}
