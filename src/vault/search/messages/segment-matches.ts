// What one segment answers to a query: the messages that meet it, newest first, and what each is worth.

import type { Slices } from '../../core/slices.js'
import { matchClause, type ClauseMatches } from './clause-matches.js'
import type { LiveSegment, LogsByStem } from '../index/live-index.js'
import type { Filters } from '../options.js'
import type { Query } from '../words/query.js'
import { decodeLength } from '../segments/length-code.js'
import { type Scorer } from './rank.js'
import { exactTerm } from '../segments/segment-format.js'
import type { Segment } from '../segments/segment.js'
import { gather, intersect, joinLists, NO_MATCHES, seek } from './term-lists.js'
import type { Sums } from './text-tally.js'
import type { Head } from '../../core/state.js'

export interface SegmentMatches {
  readonly live: LiveSegment
  readonly clauses: readonly ClauseMatches[]
  /** Of the messages that meet the query and its filters, ascending. */
  readonly ordinals: Uint32Array
}

export type AdmitsLog = (log: Head) => boolean

export async function matchSegment(live: LiveSegment, query: Query, filters: Filters, logs: LogsByStem, admitsLog: AdmitsLog | undefined, slices: Slices): Promise<SegmentMatches> {
  const { segment } = live
  const [clauses, unwanted] = await Promise.all([
    Promise.all(query.wanted.map((clause) => matchClause(segment, clause, slices))),
    Promise.all(query.unwanted.map((clause) => matchClause(segment, clause, slices))),
  ])
  const lists = clauses.map(({ matches }) => matches.ordinals)
  const met = filters.match === 'all' ? intersectAll(lists) : uniteAll(lists, segment.messages)
  if (met.length === 0) return { live, clauses, ordinals: NO_MATCHES.ordinals }
  const excluded = unwanted.map(({ matches }) => matches.ordinals)
  return { live, clauses, ordinals: await admit(live, met, excluded, filters, logs, admitsLog) }
}

function intersectAll(lists: readonly Uint32Array[]): Uint32Array {
  const [first = NO_MATCHES.ordinals, ...others] = lists.toSorted((a, b) => a.length - b.length)
  return others.reduce((found, list) => intersect(found, list), first)
}

function uniteAll(lists: readonly Uint32Array[], messages: number): Uint32Array {
  if (lists.length === 1) return lists[0]!
  const seen = new Uint8Array(messages)
  for (const list of lists) for (const ordinal of list) seen[ordinal] = 1
  return gather(seen).ordinals
}

/** Leaves out what is hidden, excluded or filtered. */
async function admit({ segment, hidden }: LiveSegment, met: Uint32Array, excluded: readonly Uint32Array[], filters: Filters, logs: LogsByStem, admitsLog: AdmitsLog | undefined): Promise<Uint32Array> {
  const { first, end } = await segment.ordinalsBetween(filters.from, filters.to)
  const [senders, types] = await Promise.all([
    filters.senders && exactMatches(segment, [...filters.senders].map((sender) => exactTerm('s', sender))),
    filters.types && exactMatches(segment, [...filters.types].map((type) => exactTerm('t', type))),
  ])
  let left = met
  for (const only of [senders, types]) if (only !== undefined) left = intersect(left, only)
  const admitted = admitsLog && segment.stems.map((stem) => {
    const log = logs.get(stem)
    return log !== undefined && admitsLog(log)
  })
  const found = new Uint32Array(left.length)
  const at = excluded.map(() => 0)
  let length = 0
  let run = 0
  for (let i = seek(left, 0, first); i < left.length && left[i]! < end; i++) {
    const ordinal = left[i]!
    if (hidden !== undefined && hidden[ordinal] !== 0) continue
    if (admitted !== undefined) {
      while (run + 1 < segment.runs.ordinals.length && segment.runs.ordinals[run + 1]! <= ordinal) run++
      if (admitted[segment.runs.logs[run]!] !== true) continue
    }
    let out = false
    for (let j = 0; j < excluded.length; j++) {
      at[j] = seek(excluded[j]!, at[j]!, ordinal)
      if (excluded[j]![at[j]!] === ordinal) out = true
    }
    if (!out) found[length++] = ordinal
  }
  return found.subarray(0, length)
}

async function exactMatches(segment: Segment, terms: readonly string[]): Promise<Uint32Array> {
  const places = await Promise.all(terms.map((term) => segment.find(term)))
  return joinLists(await segment.lists(places.filter((place) => place !== undefined), true), segment.messages).ordinals
}

/** Adds what a segment holds to the sums: its hidden messages do not count. */
export async function addSums(sums: Sums, { live: { segment, hidden }, clauses }: SegmentMatches): Promise<void> {
  sums.messages += segment.messages
  sums.units += segment.footer.units
  if (hidden !== undefined) {
    const lengths = await segment.lengths()
    for (let ordinal = 0; ordinal < hidden.length; ordinal++) {
      if (hidden[ordinal] === 0) continue
      sums.messages--
      sums.units -= decodeLength(lengths[ordinal]!)
    }
  }
  for (const [i, { terms }] of clauses.entries()) {
    for (const [j, { lists }] of terms.entries()) {
      for (const { place, ordinals } of lists) sums.frequencies[i]![j]! += hidden === undefined ? place.messages : countShown(ordinals, hidden)
    }
  }
}

export function countShown(ordinals: Uint32Array, hidden: Uint8Array): number {
  let shown = 0
  for (const ordinal of ordinals) if (hidden[ordinal] === 0) shown++
  return shown
}

/** What each of the messages is worth, in their order. */
export async function scoreMatches({ live: { segment }, clauses, ordinals }: SegmentMatches, scorer: Scorer): Promise<Float64Array> {
  const scores = new Float64Array(ordinals.length)
  const lengths = await segment.lengths()
  for (const [clause, { matches }] of clauses.entries()) {
    let at = 0
    for (let i = 0; i < ordinals.length; i++) {
      at = seek(matches.ordinals, at, ordinals[i]!)
      if (matches.ordinals[at] === ordinals[i]) scores[i]! += scorer.part(clause, matches.counts[at]!, lengths[ordinals[i]!]!)
    }
  }
  return scores
}
