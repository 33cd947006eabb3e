// Puts what segments and pending messages answer into one order, as far as it is asked for.

import type { Slices } from '../../core/slices.js'
import type { LogsByStem } from '../index/live-index.js'
import type { Filters } from '../options.js'
import type { Query } from '../words/query.js'
import type { Segment } from '../segments/segment.js'
import type { Best } from './best-of-segment.js'

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

/** What a segment found, as candidates in its order. */
export function candidatesOf(segment: Segment, { ordinals, scores }: Pick<Best, 'ordinals' | 'scores'>, logs: LogsByStem): Candidate[] {
  const times = segment.timesOf(ordinals)
  const found: Candidate[] = []
  for (const [i, ordinal] of ordinals.entries()) {
    const { stem, number } = segment.placeOf(ordinal)
    const log = logs.get(stem)
    // Deleted since: the search goes on with what is there.
    if (log !== undefined) found.push({ chatLogId: log.id, logNumber: log.number, number, timestamp: times[i]!, score: scores?.[i] ?? 0 })
  }
  return found
}
