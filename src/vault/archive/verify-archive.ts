// Reads an archive again, to its last byte: what can be said of a backup before it is needed.

import { toBase64Url } from '../../crypto/bytes.js'
import { DEFAULT_KDF_POLICY, type KdfPolicy } from '../../crypto/kdf.js'
import type { Slot } from '../core/slot-json.js'
import { isArchivePasswordSlot } from '../core/slot-json.js'
import type { ArchiveCounts, ArchiveLine, ArchiveManifest, ArchiveName } from './archive-lines.js'
import type { MissingRecords } from './archive-records.js'
import { letGo, readArchiveHead, type ArchiveSource } from './archive-source.js'
import { openArchive, type OpenedArchive, type ReadingOptions } from './read-archive.js'
import type { ArchiveSelection } from './selection.js'

export interface VerifyOptions extends ReadingOptions {
  /** Called now and then; `done` counts records. */
  readonly onProgress?: ((progress: { readonly phase: 'verify'; readonly done: number }) => void) | undefined
}

/** What a verified archive holds. */
export interface ArchiveContents extends ArchiveName {
  /** Milliseconds. */
  readonly createdAt: number
  readonly counts: ArchiveCounts
  /** The archive that this one goes on from: alone it is no whole backup. */
  readonly parent?: ArchiveName
  /** What was asked for when it was made; missing when that was everything. */
  readonly selection?: ArchiveSelection
  /** Timestamps of the first and the last message by time; missing when there is none. */
  readonly span?: { readonly from: number; readonly to: number }
  /** What could not be read when it was made. */
  readonly missing: readonly MissingRecords[]
}

/** What anybody who has the file knows of an archive. */
export interface ArchiveHead {
  readonly archiveId: string
  readonly slots: readonly { readonly kind: string; readonly iterations?: number }[]
}

const RECORDS_A_REPORT = 1000

/** See `verifyArchive` of the package. */
export async function verify(source: ArchiveSource, { onProgress, ...options }: VerifyOptions, policy: KdfPolicy = DEFAULT_KDF_POLICY): Promise<ArchiveContents> {
  return readThrough(await openArchive(source, options, policy), onProgress)
}

/** Reads an opened archive to its end. @param look at each line between the first and the last, in order */
export async function readThrough({ manifest, batches }: OpenedArchive, onProgress?: VerifyOptions['onProgress'], look?: (line: ArchiveLine) => void): Promise<ArchiveContents> {
  const missing: MissingRecords[] = []
  let from = Infinity
  let to = -Infinity
  let done = 0
  let reported = 0
  for (;;) {
    const next = await batches.next()
    if (next.done === true) {
      onProgress?.({ phase: 'verify', done })
      return contentsOf(manifest, next.value, missing, from, to)
    }
    for (const line of next.value) {
      look?.(line)
      if (line.kind === 'text') continue
      done++
      if (line.kind === 'message') {
        const { timestamp } = line.value as { timestamp?: unknown }
        if (typeof timestamp === 'number') {
          from = Math.min(from, timestamp)
          to = Math.max(to, timestamp)
        }
      } else if (line.kind === 'missing') {
        const { of, collection, id, reason, from: first, to: end } = line
        missing.push({ kind: of, ...(collection !== undefined && { collection }), id, reason, ...(first !== undefined && { from: first }), ...(end !== undefined && { to: end }) })
      }
    }
    if (done - reported < RECORDS_A_REPORT) continue
    reported = done
    onProgress?.({ phase: 'verify', done })
  }
}

function contentsOf({ archiveId, seq, createdAt, parent, selection }: ArchiveManifest, counts: ArchiveCounts, missing: readonly MissingRecords[], from: number, to: number): ArchiveContents {
  return {
    archiveId,
    seq,
    createdAt,
    counts,
    ...(parent !== undefined && { parent }),
    ...(selection !== undefined && { selection }),
    ...(from <= to && { span: { from, to } }),
    missing,
  }
}

/** See `inspectArchive` of the package. */
export async function inspect(source: ArchiveSource): Promise<ArchiveHead> {
  const { header, body } = await readArchiveHead(source)
  letGo(body)
  return { archiveId: toBase64Url(header.archiveId), slots: header.slots.map(describe) }
}

function describe(slot: Slot): ArchiveHead['slots'][number] {
  return { kind: slot.kind as string, ...(isArchivePasswordSlot(slot) && { iterations: slot.kdf.iterations }) }
}
