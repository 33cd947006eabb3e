// Puts what segments and pending messages answer into one order, as far as it is asked for.

import type { Slices } from '../../core/slices.js'
import type { LogsByStem } from '../index/live-index.js'
import type { Filters } from '../options.js'
import type { Query } from '../words/query.js'
import type { Segment } from '../segments/segment.js'

/** What a search asks for. */
export interface Wanted {
  readonly query: Query
  readonly filters: Filters
  /** The query as it was typed, in case it is the id of a message. */
  readonly id: string
  readonly slices: Slices
}

/** A message that meets the query. */
export interface Candidate {
  readonly chatLogId: string
  readonly logNumber: number
  readonly number: number
  readonly timestamp: number
  /** 0 where nobody asked what it is worth. */
  readonly score: number
}

/** The best first; worth the same, the newest; at the same time, what was added last. */
export function byWorth(a: Candidate, b: Candidate): number {
  return b.score - a.score || b.timestamp - a.timestamp || b.logNumber - a.logNumber || b.number - a.number
}

/** Matches of one segment in the order of their ordinals: newest first. */
export interface Ranked {
  readonly segment: Segment
  readonly ordinals: Uint32Array
  readonly scores: Float64Array | undefined
}

/** The best of one segment, at most so many. */
export async function bestOf({ segment, ordinals, scores }: Ranked, logs: LogsByStem, limit: number): Promise<Candidate[]> {
  const chosen = scores === undefined ? Array.from({ length: Math.min(limit, ordinals.length) }, (_, i) => i) : bestScores(scores, limit)
  const times = await segment.timesOf(Uint32Array.from(chosen, (i) => ordinals[i]!))
  const found: Candidate[] = []
  for (const [at, i] of chosen.entries()) {
    const { stem, number } = segment.placeOf(ordinals[i]!)
    const log = logs.get(stem)
    // Deleted since: the search goes on with what is there.
    if (log !== undefined) found.push({ chatLogId: log.id, logNumber: log.number, number, timestamp: times[at]!, score: scores?.[i] ?? 0 })
  }
  return found
}

/** Places of the greatest scores, greatest first; of equal ones those that come first. A heap whose root is the least of those kept. */
export function bestScores(scores: Float64Array, limit: number): number[] {
  const worse = (a: number, b: number): boolean => scores[a]! < scores[b]! || (scores[a] === scores[b] && a > b)
  if (limit >= scores.length) return Array.from(scores.keys()).sort((a, b) => (worse(a, b) ? 1 : -1))
  const heap: number[] = []
  const sink = (from: number): void => {
    for (let at = from; ; ) {
      const left = 2 * at + 1
      if (left >= heap.length) return
      const least = left + 1 < heap.length && worse(heap[left + 1]!, heap[left]!) ? left + 1 : left
      if (!worse(heap[least]!, heap[at]!)) return
      ;[heap[at], heap[least]] = [heap[least]!, heap[at]!]
      at = least
    }
  }
  for (let i = 0; i < scores.length; i++) {
    if (heap.length < limit) {
      heap.push(i)
      if (heap.length === limit) for (let at = heap.length >> 1; at >= 0; at--) sink(at)
    } else if (worse(heap[0]!, i)) {
      heap[0] = i
      sink(0)
    }
  }
  return heap.sort((a, b) => (worse(a, b) ? 1 : -1))
}
