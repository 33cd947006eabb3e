// What a checkpoint makes of one page: the records it held with the pending ones laid over them, and, where its row is damaged,
// the numbers of what is lost. Implements docs/format.md, section 7.

import type { Codec } from './codec.js'
import type { StemPlan } from './fold-plan.js'
import { refsOf, type BlobRef } from './log-row.js'
import type { LabelledValue } from './labelled-rows.js'
import { isUnopenable, type StoredPage, type StoredRecord } from './pages.js'
import { BRAIN_STEM, PAGE_SHIFT } from './state.js'

export interface PlaceOfPage {
  readonly stem: string
  readonly page: number
  /** What the head expects; undefined for a page that was not there yet. */
  readonly version: number | undefined
  /** Numbers below this were folded before. */
  readonly next: number
}

export interface MergedPage {
  readonly records: StoredRecord[]
  /** Numbers whose records nobody can read any more. */
  readonly lost: number[]
  /** The row that could not be read, to be kept aside. */
  readonly damaged: LabelledValue | undefined
}

/** The records of a page after the pending bodies were laid over it, and the numbers of those that are lost. */
export async function mergePage(
  codec: Codec,
  place: PlaceOfPage,
  before: LabelledValue | undefined,
  bodies: StemPlan['bodies'],
  blobs: { dead: BlobRef[]; live: Set<string> },
): Promise<MergedPage> {
  const records = new Map<number, StoredRecord>()
  const lost = new Set<number>()
  let damaged: LabelledValue | undefined
  if (place.version !== undefined) {
    const stored = await openForChange(codec, place, before)
    for (const record of stored?.r ?? []) records.set(record[0], record)
    for (const number of stored?.l ?? []) lost.add(number)
    if (stored === undefined) {
      damaged = before
      for (const number of numbersOf(place)) lost.add(number)
    }
  }
  for (const { number, rev, modifiedAt, body, origin } of bodies) {
    lost.delete(number)
    const old = records.get(number)
    if (old !== undefined) blobs.dead.push(...refsOf(old[3]))
    if (body === null) {
      records.delete(number)
      continue
    }
    const refs = refsOf(body)
    for (const ref of refs) blobs.live.add(ref[1])
    // Sums travel in the log only: a rotation would make them stale in pages.
    const kept = refs.length === 0 ? body : ([(body as readonly [object, unknown])[0], refs.map((ref) => ref.slice(0, 5))] as unknown as typeof body)
    records.set(number, origin === undefined ? [number, rev, modifiedAt, kept] : [number, rev, modifiedAt, kept, origin])
  }
  return { records: [...records.values()].sort((a, b) => a[0] - b[0]), lost: [...lost].sort((a, b) => a - b), damaged }
}

/** The page as it is stored; undefined when it cannot be read or is another one. */
async function openForChange(codec: Codec, { stem, page, version }: PlaceOfPage, before: LabelledValue | undefined): Promise<StoredPage | undefined> {
  if (before === undefined) return undefined
  const stored = await openOrDamaged(codec, before)
  return stored?.s === stem && stored.p === page && stored.n === version ? stored : undefined
}

/** A page's content, or undefined when its row is damaged. */
export async function openOrDamaged(codec: Codec, row: LabelledValue): Promise<StoredPage | undefined> {
  try {
    return (await codec.openPage('pages', row.label, row.value)) as StoredPage
  } catch (error) {
    if (isUnopenable(error)) return undefined
    throw error
  }
}

/** Which numbers a page held before this checkpoint. */
function numbersOf({ stem, page, next }: PlaceOfPage): number[] {
  if (stem === BRAIN_STEM) return [page]
  const first = page << PAGE_SHIFT
  return Array.from({ length: Math.max(0, Math.min(next - first, 1 << PAGE_SHIFT)) }, (_, i) => first + i)
}
