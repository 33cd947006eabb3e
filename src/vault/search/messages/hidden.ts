// Messages of a segment that are no longer as it says: how common a word is must not depend on what was merged when.

import type { Slices } from '../../core/slices.js'
import type { PostingList } from '../segments/posting-list.js'
import type { Segment } from '../segments/segment.js'

const known = new WeakMap<Uint8Array, Uint32Array>()

/** Ordinals of the messages that no longer are as the segment says. */
export function hiddenOrdinals(hidden: Uint8Array): Uint32Array {
  let ordinals = known.get(hidden)
  if (ordinals === undefined) {
    const all: number[] = []
    for (let ordinal = 0; ordinal < hidden.length; ordinal++) if (hidden[ordinal] !== 0) all.push(ordinal)
    known.set(hidden, (ordinals = Uint32Array.from(all)))
  }
  return ordinals
}

/** How many messages of each list are among these. */
export async function countEachAmong(segment: Segment, lists: readonly PostingList[], ordinals: Uint32Array, slices: Slices): Promise<number[]> {
  await segment.loadChunks('docs', lists.map((list) => ({ list, chunks: list.chunksOf(ordinals) })))
  const counts: number[] = []
  for (const list of lists) {
    counts.push(list.among(ordinals).ordinals.length)
    await slices.breathe()
  }
  return counts
}
