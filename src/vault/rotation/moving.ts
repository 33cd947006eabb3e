// Moves rows from retiring epochs to the active one: opened, sealed again with the frame they had, put under their new label in the
// same transaction that deletes the old one and counts both. Implements docs/format.md, section 17, "Move"; PROTOCOL rules 7 and 8.

import type { Bytes, Epoch, Label } from '../../brand.js'
import { toBase64Url } from '../../crypto/bytes.js'
import { Multiset } from '../../crypto/multiset-hash.js'
import type { LabelledRow } from '../core/codec.js'
import { isUnknown, type CommitLog } from '../core/commit-log.js'
import type { Job } from '../core/jobs.js'
import { Tally } from '../core/manifest.js'
import { isUnopenable } from '../core/pages.js'
import { rewriteRows } from '../core/rewrite-rows.js'
import type { Slices } from '../core/slices.js'
import type { Place } from './places.js'

/** Enough to keep the engine busy; what an engine does at once is one task. */
const SEALED_AT_ONCE = 8

/** A row under its old label, and the same sealed anew. What takes time was done beforehand: while it is written, nothing is left to compute. */
interface Move {
  readonly place: Place
  /** Of the label. */
  readonly epoch: Epoch
  readonly label: Label
  /** What it added to the multiset of its epoch. */
  readonly element: Bytes
  readonly after: LabelledRow
}

/** A row that does not open, and where it lies. */
export interface DamagedRow {
  readonly place: Place
  readonly epoch: Epoch
  readonly label: Label
}

export interface PreparedMoves {
  readonly moves: readonly Move[]
  readonly damaged: readonly DamagedRow[]
}

/** Reads and seals anew, writes nothing: may go on while the rows before these are written. */
export async function prepareMoves(log: CommitLog, places: readonly Place[], slices: Slices): Promise<PreparedMoves> {
  const { codec, backend } = log
  const wanted: DamagedRow[] = []
  for (const place of places) {
    if (slices.isDue) await slices.breathe()
    for (const { epoch, label } of codec.names(place.store, place.stem, place.page).slice(1)) wanted.push({ place, epoch, label })
  }
  const rows = await backend.read(wanted.map(({ place, label }) => ({ kind: 'get', store: place.store, key: label }) as const))
  const moves: Move[] = []
  const damaged: DamagedRow[] = []
  for (let first = 0; first < wanted.length; first += SEALED_AT_ONCE) {
    if (slices.isDue) await slices.breathe()
    await Promise.all(
      wanted.slice(first, first + SEALED_AT_ONCE).map(async ({ place, epoch, label }, i) => {
        const before = rows[first + i]
        if (before === undefined) return
        try {
          moves.push({ place, epoch, label, element: codec.elementIn(epoch, place.store, label, before), after: await codec.reseal(place.store, place.stem, place.page, label, before) })
        } catch (error) {
          if (!isUnopenable(error)) throw error
          damaged.push({ place, epoch, label })
        }
      }),
    )
  }
  return { moves, damaged }
}

/**
 * @returns whether they were moved: false when the manifest is another one by now, or the store did not say; whoever comes by here again moves what is left
 * @throws {VaultError} `busy` when another tab took over the job, `storage-*`
 */
export async function writeMoves(log: CommitLog, job: Job, { moves }: PreparedMoves): Promise<boolean> {
  if (moves.length === 0) return true
  const { codec, manifest } = log
  const tally = new Tally(manifest.content.counts)
  for (const { place, epoch, label, element, after } of moves) {
    tally.remove(epoch, place.store, label, element)
    tally.add(codec.activeEpoch, place.store, after.label, after.element)
  }
  // In the order of their keys, which a store takes faster.
  const puts = moves.map(({ place: { store }, after: { label, row } }) => ({ store, label, row })).sort(byLabel)
  const deletes = moves.map(({ place: { store }, label }) => ({ store, label })).sort(byLabel)
  try {
    // Not strict: what a power cut takes of it, it takes whole, and the end waits for the disk.
    return await rewriteRows(log, job, manifest, { ...manifest.content, counts: tally.counts() }, { puts, deletes }, { durability: 'relaxed', publish: (next) => log.publishMoved(next) })
  } catch (error) {
    if (!isUnknown(error)) throw error
    return false
  }
}

function byLabel(a: { readonly label: Label }, b: { readonly label: Label }): number {
  for (let i = 0; i < a.label.length; i++) if (a.label[i] !== b.label[i]) return a.label[i]! - b.label[i]!
  return 0
}

/** Whether the pages of heads are those the manifest counts: an older copy of one says nothing of its age, and moved it would pass for the newest. */
export async function headsAreSound({ backend, codec, manifest }: CommitLog, slices: Slices): Promise<boolean> {
  const [rows] = await backend.read([{ kind: 'rows', store: 'heads' }])
  const sums = new Map<number, { rows: number; sum: Multiset }>()
  for (const { key, value } of rows) {
    if (slices.isDue) await slices.breathe()
    const label = key as Label
    try {
      const { epoch, element } = codec.elementOf('heads', label, value)
      const sum = sums.get(epoch) ?? { rows: 0, sum: new Multiset() }
      sums.set(epoch, sum)
      sum.rows++
      sum.sum.add(label, element)
    } catch {
      return false
    }
  }
  const counts = manifest.content.counts.filter(({ store }) => store === 'heads')
  return counts.length === sums.size && counts.every(({ epoch, rows: counted, sum }) => sums.get(epoch)?.rows === counted && sums.get(epoch)?.sum.equals(sum))
}

/** Names of rows that do not open, in every epoch there is a name in: nothing else may be done to what lies under them. */
export function labelsOf(log: CommitLog, damaged: readonly DamagedRow[]): ReadonlySet<string> {
  return new Set(damaged.flatMap(({ place }) => log.codec.labels(place.store, place.stem, place.page).map((label) => `${place.store}/${toBase64Url(label)}`)))
}
