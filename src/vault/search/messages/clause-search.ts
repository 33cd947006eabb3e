// In which messages of a stretch of a segment a clause stands, and how often: as match.ts would count it, from the lists alone.

import type { Slices } from '../../core/slices.js'
import type { Matches, PostingList } from '../segments/posting-list.js'
import type { Segment } from '../segments/segment.js'
import type { Clause } from '../words/query.js'
import { countInOrder, countOverSpans, PlacesCursor, WaysThrough } from './places.js'
import { intersect, NO_MATCHES, TermLists, unite } from './term-lists.js'

/** Places and words looked at before the page gets its turn. */
const PLACES_AT_ONCE = 65_536

function* chunksIn(list: PostingList, stretches: readonly (readonly [low: number, high: number])[]): Generator<number> {
  let next = 0
  for (const [low, high] of stretches) {
    const [from, to] = list.chunksBetween(low, high)
    for (next = Math.max(next, from); next < to; next++) yield next
  }
}

export class ClauseSearch {
  readonly clause: Clause
  /** In the order of the clause. */
  readonly terms: readonly TermLists[]
  /** Its terms follow each other on a single way. */
  readonly isChain: boolean
  readonly #segment: Segment
  readonly #slices: Slices

  private constructor(segment: Segment, clause: Clause, terms: readonly TermLists[], slices: Slices) {
    this.clause = clause
    this.terms = terms
    this.#segment = segment
    this.#slices = slices
    this.isChain = clause.terms.length === clause.last && clause.terms.every(({ from, to }) => to === from + 1)
  }

  /** No more messages than this hold the clause. */
  get most(): number {
    const counts = this.terms.map(({ most }) => most)
    return Math.min(this.#segment.messages, this.isChain ? Math.min(...counts) : Math.max(...counts))
  }

  static async open(segment: Segment, clause: Clause, slices: Slices): Promise<ClauseSearch> {
    return new ClauseSearch(segment, clause, await Promise.all(clause.terms.map((term) => TermLists.open(segment, term, slices))), slices)
  }

  /** What has to be loaded to look at stretches of the segment, so that it can be asked for at once. */
  async docsOf(stretches: readonly (readonly [low: number, high: number])[]): Promise<{ readonly list: PostingList; readonly chunks: Iterable<number> }[]> {
    const lists = (await Promise.all(this.terms.map((term) => term.lists()))).flat()
    return lists.map((list) => ({ list, chunks: chunksIn(list, stretches) }))
  }

  /**
   * Messages with ordinals from `low` up to `high` (exclusive) that hold the clause.
   * @param among only these are asked for
   */
  async matches(low: number, high: number, among?: Uint32Array): Promise<Matches> {
    // One term from end to end needs no neighbours.
    if (this.terms.length === 1) return this.#termMatches(this.terms[0]!, low, high, among)
    const candidates = this.isChain ? await this.#holdingAll(low, high, among) : await this.#holdingSomeWay(low, high, among)
    if (candidates.length === 0) return NO_MATCHES
    const lists = await Promise.all(this.terms.map((term) => term.lists(candidates.at(-1)! + 1)))
    await this.#segment.loadChunks('places', lists.flat().map((list) => ({ list, chunks: list.chunksOf(candidates) })))
    return this.#matchNeighbours(candidates, lists)
  }

  #termMatches(term: TermLists, low: number, high: number, among: Uint32Array | undefined): Promise<Matches> {
    return among === undefined ? term.between(low, high) : term.among(among)
  }

  /** Messages that hold all terms of a chain, the rarest looked up first. */
  async #holdingAll(low: number, high: number, among: Uint32Array | undefined): Promise<Uint32Array> {
    let left = among
    for (const term of this.terms.toSorted((a, b) => a.most - b.most)) {
      left = (await this.#termMatches(term, low, high, left)).ordinals
      if (left.length === 0) return left
    }
    return left!
  }

  /** Messages that hold all terms along some way: what its words stand next to each other in is among them. */
  async #holdingSomeWay(low: number, high: number, among: Uint32Array | undefined): Promise<Uint32Array> {
    const reached = new Map<number, Uint32Array | undefined>([[0, undefined]])
    for (const meant of this.terms.toSorted((a, b) => a.term.from - b.term.from)) {
      const { term } = meant
      if (!reached.has(term.from)) continue
      const { ordinals } = await this.#termMatches(meant, low, high, among)
      const before = reached.get(term.from)
      const now = before === undefined ? ordinals : intersect(before, ordinals)
      const there = reached.get(term.to)
      reached.set(term.to, there === undefined ? now : unite([there, now]))
    }
    return reached.get(this.clause.last) ?? NO_MATCHES.ordinals
  }

  async #matchNeighbours(candidates: Uint32Array, lists: readonly (readonly PostingList[])[]): Promise<Matches> {
    const placed = this.terms.map(({ term, most }, i) => ({ from: term.from, to: term.to, most, cursors: lists[i]!.map((list) => new PlacesCursor(list)) }))
    // Of each term one word: places in a row are all there is to look for.
    const plain = this.isChain && lists.every((own) => own.length === 1)
    const spans = plain && lists.some(([list]) => list!.place.hasSpans)
    const chain = placed.map(({ from, most, cursors }) => ({ offset: from, most, cursor: cursors[0]! })).sort((a, b) => (spans ? a.offset - b.offset : a.most - b.most))
    const ways = new WaysThrough(placed, this.clause.last)
    const ordinals = new Uint32Array(candidates.length)
    const counts = new Uint32Array(candidates.length)
    let length = 0
    for (const [i, ordinal] of candidates.entries()) {
      if (plain ? i % 1024 === 1023 : ways.visited > PLACES_AT_ONCE) {
        ways.visited = 0
        await this.#slices.breathe()
      }
      const count = plain ? (spans ? countOverSpans(chain, ordinal) : countInOrder(chain, ordinal)) : ways.countIn(ordinal)
      if (count === 0) continue
      ordinals[length] = ordinal
      counts[length++] = count
    }
    return { ordinals: ordinals.subarray(0, length), counts: counts.subarray(0, length) }
  }
}
