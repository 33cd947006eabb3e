// Reads a whole vault's standing state: manifest, heads and log in one read transaction, verified and replayed.
// Used at unlock and by a tab that fell below the base. PROTOCOL rules 2, 5, 12.

import type { Bytes, Label, Seq, Tag } from '../../brand.js'
import { equalBytes, fromBase64Url } from '../../crypto/bytes.js'
import { Multiset } from '../../crypto/multiset-hash.js'
import { VaultError } from '../../errors.js'
import type { Backend, Row } from '../../stores/backend.js'
import { tagOfRow, type Codec } from './codec.js'
import { decodeHead, type StoredHead } from './head-row.js'
import { pendingSegments } from './index-segments.js'
import { decodeLogRow, HEAD_COLLECTIONS, type HeadCollectionName, type LogRow } from './log-row.js'
import { openManifest, rowsCounted, type StoredManifest } from './manifest.js'
import { applyChange } from './reducer.js'
import { State } from './state.js'

/** The newest row of the log. */
export interface LogHead {
  readonly seq: Seq
  readonly tag: Tag
}

export interface Standing {
  readonly state: State
  readonly head: LogHead
  readonly manifest: StoredManifest
  /** Last operation by writer, least recently heard first. */
  readonly writers: Map<string, number>
  /** Revision and tag of the newest header that log or manifest know. */
  readonly header: { readonly revision: number; readonly tag: string }
  /** Bytes of log rows after the base. */
  readonly logBytes: number
  /** Rows per store more (left-overs) or fewer (loss) than should be there. */
  readonly surplus: Surplus
}

export interface Surplus {
  readonly pages: number
  readonly blobs: number
  readonly blocks: number
}

/** Log rows opened at once: enough to keep the engine busy, few enough to bound memory. */
const OPEN_AT_ONCE = 64

/** @throws {VaultError} `corrupt`, `tampered`, `storage-lost`, `keys-changed`, `unsupported-version` */
export async function readStanding(backend: Backend, codec: Codec): Promise<Standing> {
  const [manifestRow, logRows, headRows, pages, blobs, blocks] = await backend.read([
    { kind: 'get', store: 'manifest', key: 'manifest' },
    { kind: 'rows', store: 'log' },
    { kind: 'rows', store: 'heads' },
    { kind: 'count', store: 'pages' },
    { kind: 'count', store: 'blobs' },
    { kind: 'count', store: 'blocks' },
  ])
  if (manifestRow === undefined) throw new VaultError('corrupt', 'the manifest is missing; restore an archive', { where: 'manifest', reason: 'missing' })
  const manifest = await openManifest(codec, manifestRow)
  const state = await loadHeads(codec, manifest, headRows)
  const { anchor, rows } = splitLog(manifest, logRows)
  const writers = new Map(manifest.content.writers)
  let header = manifest.content.header
  const decoded = await openLogRows(codec, { seq: manifest.content.base, tag: anchor }, rows)
  for (const [index, row] of decoded.entries()) {
    const seq = (manifest.content.base + 1 + index) as Seq
    replayRow(state, seq, row)
    noteWriter(writers, row)
    header = headerAfter(header, row)
  }
  const last = rows.at(-1)
  const head: LogHead = last === undefined ? { seq: manifest.content.base, tag: anchor } : { seq: last.key as Seq, tag: tagOfRow(last.value).slice() as Tag }
  const adoptedPages = state.adoptions.reduce((sum, adoption) => sum + adoption.pages, 0)
  const adoptedChunks = state.blobs.reduce((sum, { ref }) => sum + ref[2], 0)
  const adoptedBlocks = pendingSegments(state).reduce((sum, segment) => sum + segment.blocks, 0)
  return {
    state,
    head,
    manifest,
    writers,
    header,
    logBytes: rows.reduce((sum, row) => sum + row.value.length, 0),
    surplus: {
      pages: pages - rowsCounted(manifest.content, 'pages') - adoptedPages,
      blobs: blobs - rowsCounted(manifest.content, 'blobs') - adoptedChunks,
      blocks: blocks - rowsCounted(manifest.content, 'blocks') - adoptedBlocks,
    },
  }
}

/** Opens rows that follow `after`, checking that their numbers and their chain of tags are unbroken. */
export async function openLogRows(codec: Codec, after: LogHead, rows: readonly Row[]): Promise<LogRow[]> {
  const decoded: LogRow[] = []
  for (let start = 0; start < rows.length; start += OPEN_AT_ONCE) {
    const slice = rows.slice(start, start + OPEN_AT_ONCE)
    decoded.push(
      ...(await Promise.all(
        slice.map(async (row, i) => {
          const index = start + i
          const seq = (after.seq + 1 + index) as Seq
          if (row.key !== seq) throw new VaultError('corrupt', 'commits are missing from the log', { where: 'log', number: seq, reason: 'log-gap' })
          const previous = index === 0 ? after.tag : tagOfRow(rows[index - 1]!.value)
          return decodeLogRow(seq, await openRow(codec, seq, previous, row))
        }),
      )),
    )
  }
  return decoded
}

async function openRow(codec: Codec, seq: Seq, previous: Tag, row: Row): Promise<unknown> {
  try {
    return await codec.openLogRow(seq, previous, row.value)
  } catch (error) {
    if (error instanceof VaultError && error.code === 'corrupt') throw new VaultError('corrupt', 'a commit in the log is damaged or was replaced', { where: 'log', number: seq, reason: 'log-row' }, error)
    throw error
  }
}

export function replayRow(state: State, seq: Seq, row: LogRow): void {
  for (const change of row.changes) applyChange(state, change, { seq, time: row.time })
}

export function noteWriter(writers: Map<string, number>, row: LogRow): void {
  // Re-inserted, so the order of the map is the order in which writers were last heard.
  writers.delete(row.writer)
  writers.set(row.writer, row.operation)
}

export function headerAfter(before: Standing['header'], row: LogRow): Standing['header'] {
  let header = before
  for (const change of row.changes) if (change[0] === 'header') header = { revision: change[1], tag: change[2] }
  return header
}

function splitLog(manifest: StoredManifest, logRows: readonly Row[]): { anchor: Tag; rows: Row[] } {
  const { base } = manifest.content
  const first = logRows.findIndex((row) => row.key === base)
  const anchor = logRows[first]
  if (anchor === undefined) {
    throw new VaultError('corrupt', 'log and manifest do not belong together: one of them was rolled back or lost', { where: 'log', number: base, reason: 'anchor' })
  }
  return { anchor: tagOfRow(anchor.value).slice() as Tag, rows: logRows.slice(first + 1) }
}

async function loadHeads(codec: Codec, manifest: StoredManifest, rows: readonly Row[]): Promise<State> {
  const state = new State()
  const sums = new Map<number, Multiset>()
  for (const row of rows) {
    const { epoch, element } = codec.elementOf('heads', row.key as Label, row.value)
    let sum = sums.get(epoch)
    if (sum === undefined) sums.set(epoch, (sum = new Multiset()))
    sum.add(row.key as Label, element)
  }
  const counts = manifest.content.counts.filter((count) => count.store === 'heads')
  const rowsExpected = counts.reduce((total, count) => total + count.rows, 0)
  const same = rows.length === rowsExpected && sums.size === counts.length && counts.every((count) => sums.get(count.epoch)?.equals(count.sum))
  if (!same) {
    throw new VaultError('corrupt', 'pages of heads were lost, added, or replaced by older ones', { where: 'heads', number: rows.length - rowsExpected, reason: 'multiset' })
  }
  const bodies = await Promise.all(rows.map((row) => codec.openPage('heads', row.key as Bytes, row.value)))
  for (const [index, body] of bodies.entries()) takeHeads(codec, state, body, rows[index]!.key as Bytes)
  Object.assign(state.next, manifest.content.next)
  return state
}

function takeHeads(codec: Codec, state: State, body: unknown, label: Bytes): void {
  const page = body as { s: HeadCollectionName; p: number; r: readonly StoredHead[] }
  if (!HEAD_COLLECTIONS.includes(page.s) || !codec.labels('heads', page.s, page.p).some((expected) => equalBytes(expected, label))) {
    throw new VaultError('corrupt', 'a page of heads is not what its label says', { where: 'heads' })
  }
  for (const stored of page.r) {
    const head = decodeHead(stored)
    state.loadHead(page.s, head)
    const sessionId = page.s === 'chatLogs' ? head.value['sessionId'] : undefined
    if (typeof sessionId === 'string') state.logsOfSession.set(sessionId, [...(state.logsOfSession.get(sessionId) ?? []), head.id])
  }
}

/** The multiset that a base64url text of non-zero sums holds. */
export function decodeShards(text: string): Multiset {
  return Multiset.fromSparseBytes(fromBase64Url(text))
}

