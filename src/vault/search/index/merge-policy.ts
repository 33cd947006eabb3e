// Which segments are made one: tiers by the length of their text, so what is merged when depends on lengths alone.

import type { Segment } from '../../core/index-segments.js'

/** So many segments of one tier are merged, with all smaller ones. */
const FAN_OUT = 4
/** Text of the lowest tier, in UTF-16 units; each further one holds FAN_OUT times as much. */
const LOWEST = 64 * 1024
/** Counted for each message besides its text. */
const PER_MESSAGE = 16

export function tierOf({ units, messages }: Segment): number {
  const size = units + PER_MESSAGE * messages
  return size < LOWEST ? 0 : 1 + Math.floor(Math.log(size / LOWEST) / Math.log(FAN_OUT))
}

/** Empty when nothing has to be done. */
export function segmentsToMerge(segments: readonly Segment[]): readonly Segment[] {
  const tiers = segments.map(tierOf)
  for (let tier = Math.max(-1, ...tiers); tier >= 0; tier--) {
    if (tiers.filter((other) => other === tier).length >= FAN_OUT) return segments.filter((_, i) => tiers[i]! <= tier)
  }
  return []
}
