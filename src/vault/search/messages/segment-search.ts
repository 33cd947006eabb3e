// One segment asked by a query, stretch by stretch: the messages that meet it and its filters, and what each is worth.

import { BLOCK_BYTES } from '../../core/blocks.js'
import type { Slices } from '../../core/slices.js'
import type { Head } from '../../core/state.js'
import type { LiveSegment, LogsByStem } from '../index/live-index.js'
import type { Filters } from '../options.js'
import { decodeLength } from '../segments/length-code.js'
import { seek, type Matches, type PostingList } from '../segments/posting-list.js'
import { exactTerm } from '../segments/segment-format.js'
import type { Segment } from '../segments/segment.js'
import type { Query } from '../words/query.js'
import { ClauseSearch } from './clause-search.js'
import { countEachAmong, hiddenOrdinals } from './hidden.js'
import type { Scorer } from './rank.js'
import { intersect, listAmong, NO_MATCHES, unite } from './term-lists.js'
import type { Sums } from './text-tally.js'

/** Bytes of lists that are read before it is known whether all of them are needed. */
const READ_AHEAD = 12 * BLOCK_BYTES

export type AdmitsLog = (log: Head) => boolean

/** What a stretch of a segment holds. */
export interface Found {
  /** Of the messages that meet the query and its filters, ascending. */
  readonly ordinals: Uint32Array
  /** By clause; may hold more messages than those. */
  readonly matches: readonly Matches[]
}

interface Asked {
  readonly query: Query
  readonly filters: Filters
  readonly logs: LogsByStem
  readonly admitsLog: AdmitsLog | undefined
  readonly slices: Slices
}

export class SegmentSearch {
  readonly live: LiveSegment
  readonly wanted: readonly ClauseSearch[]
  /** Ordinals from here on, up to `end` (exclusive), have the times that are asked for. */
  readonly first: number
  readonly end: number
  readonly match: 'all' | 'any'
  readonly #unwanted: readonly ClauseSearch[]
  /** Lists of senders and of types: a message must be in one of each. */
  readonly #only: readonly (readonly PostingList[])[]
  /** By chat log of the segment. */
  readonly #admitted: readonly boolean[] | undefined
  readonly #slices: Slices

  private constructor(live: LiveSegment, match: 'all' | 'any', slices: Slices, parts: { readonly wanted: readonly ClauseSearch[]; readonly unwanted: readonly ClauseSearch[]; readonly first: number; readonly end: number; readonly only: readonly (readonly PostingList[])[]; readonly admitted: readonly boolean[] | undefined }) {
    this.live = live
    this.match = match
    this.wanted = parts.wanted
    this.first = parts.first
    this.end = parts.end
    this.#unwanted = parts.unwanted
    this.#only = parts.only
    this.#admitted = parts.admitted
    this.#slices = slices
  }

  static async open(live: LiveSegment, { query, filters, logs, admitsLog, slices }: Asked): Promise<SegmentSearch> {
    const { segment } = live
    const [wanted, unwanted, senders, types] = await Promise.all([
      Promise.all(query.wanted.map((clause) => ClauseSearch.open(segment, clause, slices))),
      Promise.all(query.unwanted.map((clause) => ClauseSearch.open(segment, clause, slices))),
      filters.senders && exactLists(segment, [...filters.senders].map((sender) => exactTerm('s', sender))),
      filters.types && exactLists(segment, [...filters.types].map((type) => exactTerm('t', type))),
    ])
    const { first, end } = segment.ordinalsBetween(filters.from, filters.to)
    const admitted =
      admitsLog &&
      segment.stems.map((stem) => {
        const log = logs.get(stem)
        return log !== undefined && admitsLog(log)
      })
    const only = [senders, types].filter((lists) => lists !== undefined)
    return new SegmentSearch(live, filters.match, slices, { wanted, unwanted, first, end, only, admitted })
  }

  get segment(): Segment {
    return this.live.segment
  }

  /** No more messages than this meet the query. */
  get most(): number {
    const counts = this.wanted.map(({ most }) => most)
    return this.match === 'all' ? Math.min(...counts) : Math.min(this.segment.messages, counts.reduce((a, b) => a + b, 0))
  }

  /** What meets the query from `low` up to `high` (exclusive), both within `first` and `end`. */
  async between(low: number, high: number): Promise<Found> {
    const { met, matches } = this.match === 'all' ? await this.#all(low, high) : await this.#any(low, high)
    return { ordinals: await this.#admit(met), matches }
  }

  /** Loads what has to be read of several stretches, in order, together. */
  async load(stretches: readonly (readonly [low: number, high: number])[]): Promise<void> {
    const wanted = await Promise.all(this.wanted.map((clause) => clause.docsOf(stretches)))
    await this.segment.loadChunks('docs', wanted.flat())
  }

  /** Has the lists of all words on hand, where they are so short that reading them whole takes no longer than finding out which parts of them are needed. */
  async readAhead(): Promise<void> {
    const lists = (await Promise.all(this.wanted.flatMap(({ terms }) => terms.map((term) => term.lists())))).flat()
    if (lists.reduce((sum, { place }) => sum + place.docsLength, 0) <= READ_AHEAD) await this.segment.readAhead(lists)
  }

  /** The rarest clause first: the others are asked only for what it leaves. */
  async #all(low: number, high: number): Promise<{ readonly met: Uint32Array; readonly matches: readonly Matches[] }> {
    const matches = this.wanted.map(() => NO_MATCHES)
    let met: Uint32Array | undefined
    for (const i of [...this.wanted.keys()].sort((a, b) => this.wanted[a]!.most - this.wanted[b]!.most)) {
      matches[i] = await this.wanted[i]!.matches(low, high, met)
      met = matches[i].ordinals
      if (met.length === 0) break
    }
    return { met: met!, matches }
  }

  async #any(low: number, high: number): Promise<{ readonly met: Uint32Array; readonly matches: readonly Matches[] }> {
    const matches = await Promise.all(this.wanted.map((clause) => clause.matches(low, high)))
    return { met: unite(matches.map(({ ordinals }) => ordinals)), matches }
  }

  /** Leaves out what is hidden, excluded or filtered. */
  async #admit(met: Uint32Array): Promise<Uint32Array> {
    let left = this.#shown(met)
    for (const lists of this.#only) {
      if (left.length === 0) return left
      // Messages have one sender and one type.
      const each = await Promise.all(lists.map((list) => listAmong(this.segment, list, left)))
      left = intersect(left, unite(each.map(({ ordinals }) => ordinals)))
    }
    for (const clause of this.#unwanted) {
      if (left.length === 0) return left
      left = without(left, (await clause.matches(left[0]!, left[left.length - 1]! + 1, left)).ordinals)
    }
    return left
  }

  #shown(met: Uint32Array): Uint32Array {
    const { hidden, segment } = this.live
    const admitted = this.#admitted
    if (hidden === undefined && admitted === undefined) return met
    const shown = new Uint32Array(met.length)
    let length = 0
    let run = met.length === 0 ? 0 : segment.runOf(met[0]!)
    const { ordinals: runStarts, logs } = segment.runs
    for (const ordinal of met) {
      if (hidden !== undefined && hidden[ordinal] !== 0) continue
      if (admitted !== undefined) {
        run = seek(runStarts, run, ordinal + 1) - 1
        if (admitted[logs[run]!] !== true) continue
      }
      shown[length++] = ordinal
    }
    return shown.subarray(0, length)
  }

  /** What each of the messages is worth, in their order, whatever their age. */
  async scores({ ordinals, matches }: Found, scorer: Scorer): Promise<Float64Array> {
    const scores = new Float64Array(ordinals.length)
    const lengths = await this.segment.lengths()
    for (const [clause, { ordinals: own, counts }] of matches.entries()) {
      let at = 0
      for (let i = 0; i < ordinals.length; i++) {
        at = seek(own, at, ordinals[i]!)
        if (own[at] === ordinals[i]) scores[i]! += scorer.part(clause, counts[at]!, lengths[ordinals[i]!]!)
      }
    }
    return scores
  }

  /** Adds what the segment holds to the sums: its hidden messages do not count. */
  async addSums(sums: Sums): Promise<void> {
    const { segment, hidden } = this.live
    const ordinals = hidden === undefined ? undefined : hiddenOrdinals(hidden)
    sums.messages += segment.messages - (ordinals?.length ?? 0)
    sums.units += segment.footer.units
    if (ordinals !== undefined) {
      const lengths = await segment.lengths()
      for (const ordinal of ordinals) sums.units -= decodeLength(lengths[ordinal]!)
    }
    for (const [i, { terms }] of this.wanted.entries()) {
      for (const [j, meant] of terms.entries()) {
        await meant.complete()
        const gone = ordinals === undefined ? [] : await countEachAmong(segment, await meant.lists(), ordinals, this.#slices)
        sums.frequencies[i]![j]! += meant.most - gone.reduce((sum, count) => sum + count, 0)
      }
    }
  }
}

async function exactLists(segment: Segment, terms: readonly string[]): Promise<PostingList[]> {
  const places = await Promise.all(terms.map((term) => segment.vocabulary.find(term)))
  return segment.lists(places.filter((place) => place !== undefined), true)
}

function without(ordinals: Uint32Array, excluded: Uint32Array): Uint32Array {
  if (excluded.length === 0) return ordinals
  let at = 0
  return ordinals.filter((ordinal) => {
    at = seek(excluded, at, ordinal)
    return excluded[at] !== ordinal
  })
}
