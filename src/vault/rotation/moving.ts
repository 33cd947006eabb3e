// Moves rows from retiring epochs to the active one: opened, sealed again with the frame they had, put under their new label in the
// same transaction that deletes the old one and counts both. Implements docs/format.md, section 17, "Move"; PROTOCOL rules 7 and 8.

import type { Label, SealedBytes } from '../../brand.js'
import { VaultError } from '../../errors.js'
import type { LabelledRow } from '../core/codec.js'
import { isUnknown, type CommitLog } from '../core/commit-log.js'
import type { Job } from '../core/jobs.js'
import { Tally } from '../core/manifest.js'
import { rewriteRows } from '../core/rewrite-rows.js'
import type { Place } from './places.js'

/** A row under its old label, and the same sealed anew. */
interface Move {
  readonly place: Place
  readonly label: Label
  readonly before: SealedBytes
  readonly after: LabelledRow
}

export interface PreparedMoves {
  readonly moves: readonly Move[]
  /** Rows that do not open. */
  readonly damaged: readonly Place[]
}

/** Reads and seals anew, writes nothing: may go on while the rows before these are written. */
export async function prepareMoves(log: CommitLog, places: readonly Place[]): Promise<PreparedMoves> {
  const { codec, backend } = log
  const wanted = places.flatMap((place) => codec.labels(place.store, place.stem, place.page).slice(1).map((label) => ({ place, label })))
  const rows = await backend.read(wanted.map(({ place, label }) => ({ kind: 'get', store: place.store, key: label }) as const))
  const damaged: Place[] = []
  const moves = await Promise.all(
    wanted.map(async ({ place, label }, i): Promise<Move | undefined> => {
      const before = rows[i]
      if (before === undefined) return undefined
      try {
        return { place, label, before, after: await codec.reseal(place.store, place.stem, place.page, label, before) }
      } catch (error) {
        if (!(error instanceof VaultError) || (error.code !== 'corrupt' && error.code !== 'unsupported-version' && error.code !== 'keys-changed')) throw error
        damaged.push(place)
        return undefined
      }
    }),
  )
  return { moves: moves.filter((move) => move !== undefined), damaged }
}

/**
 * @returns how many rows were moved: 0 also when the manifest is another one by now, or the store did not say; whoever comes by here again moves what is left
 * @throws {VaultError} `busy` when another tab took over the job, `storage-*`
 */
export async function writeMoves(log: CommitLog, job: Job, { moves }: PreparedMoves): Promise<number> {
  if (moves.length === 0) return 0
  const { codec, manifest } = log
  const tally = new Tally(manifest.content.counts)
  for (const { place, label, before, after } of moves) {
    const { epoch, element } = codec.elementOf(place.store, label, before)
    tally.remove(epoch, place.store, label, element)
    tally.add(codec.activeEpoch, place.store, after.label, after.element)
  }
  const puts = moves.map(({ place: { store }, after: { label, row } }) => ({ store, label, row }))
  const deletes = moves.map(({ place: { store }, label }) => ({ store, label }))
  try {
    // Not strict: what a power cut takes of it, it takes whole, and the end waits for the disk.
    const isWritten = await rewriteRows(log, job, manifest, { ...manifest.content, counts: tally.counts() }, { puts, deletes }, { durability: 'relaxed', publish: (next) => log.publishMoved(next) })
    return isWritten ? moves.length : 0
  } catch (error) {
    if (!isUnknown(error)) throw error
    return 0
  }
}
