// The first messages of a segment in the order asked for, without looking at all the others.

import type { Slices } from '../../core/slices.js'
import { MOST_COUNTED } from '../segments/postings.js'
import type { ClauseSearch } from './clause-search.js'
import type { Scorer } from './rank.js'
import type { SegmentSearch } from './segment-search.js'
import type { TermLists } from './term-lists.js'

/** Some of the messages that meet a query, in order. */
export interface Best {
  readonly ordinals: Uint32Array
  /** Undefined where nobody asked what they are worth. */
  readonly scores: Float64Array | undefined
  /** There may be others. */
  readonly more: boolean
}

/** Messages looked at first, at least; each stretch is some times as long as the one before. */
const SHORTEST_STRETCH = 1024
const STRETCH_GROWTH = 8
const LONGEST_STRETCH = 524_288
/** Messages that share a bound. */
const WINDOW = 1024
/** Looked at together at first, some times as many each time: the more of them have to be looked at, the less does it pay to decide for each. */
const FIRST_WINDOWS = 4
const WINDOWS_GROWTH = 3
/** Before the page gets its turn. */
const MOST_WINDOWS = 64
/** With no more candidates than so many each is weighed: bounds would cost more. */
const FEW = 4096
/** The same with a word that stands for more than so many: looking for each in every window would. */
const MANY_LISTS = 64

/** The newest, from the beginning of the segment on. */
export async function newestOf(search: SegmentSearch, limit: number, slices: Slices): Promise<Best> {
  const found: Uint32Array[] = []
  let total = 0
  let low = search.first
  const term = onlyTerm(search)
  // Where filters leave little, stretches that end after so many words must grow, too: each of them looks at all lists that have begun.
  for (let length = firstStretch(search, limit, term), growth = 1; low < search.end && total < limit; length = Math.min(LONGEST_STRETCH, length * STRETCH_GROWTH), growth *= STRETCH_GROWTH) {
    const high = Math.min(search.end, (await term?.enoughFrom(low, low + length, growth * (limit - total))) ?? low + length)
    const { ordinals } = await search.between(low, high)
    if (ordinals.length > 0) found.push(ordinals)
    total += ordinals.length
    low = high
    await slices.breathe()
  }
  const all = joined(found, total)
  return { ordinals: all.subarray(0, Math.min(limit, total)), scores: undefined, more: total > limit || low < search.end }
}

/** The term of a query that has no other. */
function onlyTerm({ wanted }: SegmentSearch): TermLists | undefined {
  return wanted.length === 1 && wanted[0]!.terms.length === 1 ? wanted[0]!.terms[0] : undefined
}

/** As long as should hold what is asked for, were words spread evenly and by themselves. */
function firstStretch(search: SegmentSearch, limit: number, term: TermLists | undefined): number {
  const { messages } = search.segment
  // Where words of new messages alone will hardly do, those of old ones are looked for at once.
  const share = term !== undefined ? term.known / messages : search.wanted.map(({ most }) => most / messages).reduce((a, b) => (search.match === 'all' ? a * b : Math.max(a, b)))
  return Math.ceil(Math.max(SHORTEST_STRETCH, share === 0 ? messages : (1.5 * limit) / share))
}

function joined(parts: readonly Uint32Array[], total: number): Uint32Array {
  const all = new Uint32Array(total)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/**
 * The worthiest; of equal ones the newest. Stretches are looked at in the order of what their messages can be worth at most, until that is less than what
 * was found (block-max WAND: Ding and Suel, Faster Top-k Document Retrieval Using Block-Max Indexes, 2011).
 * @param floor what is worth less is not asked for
 */
export async function worthiestOf(search: SegmentSearch, scorer: Scorer, limit: number, floor: number, slices: Slices): Promise<Best> {
  const best = new WorthiestOrdinals(limit)
  const look = async (low: number, high: number): Promise<void> => {
    const found = await search.between(low, high)
    if (found.ordinals.length === 0) return
    const scores = scorer.hasAge ? scorer.aged(await search.scores(found, scorer), search.segment.timesOf(found.ordinals)) : await search.scores(found, scorer)
    for (let i = 0; i < scores.length; i++) best.offer(found.ordinals[i]!, scores[i]!)
  }
  const hasManyForms = search.wanted.some(({ terms }) => terms.some(({ words }) => words > MANY_LISTS))
  if (search.most <= FEW || limit >= search.most || hasManyForms) {
    for (let low = search.first; low < search.end; low += LONGEST_STRETCH) {
      await look(low, Math.min(search.end, low + LONGEST_STRETCH))
      await slices.breathe()
    }
    return best.inOrder()
  }
  const [bounds] = await Promise.all([windowBounds(search, scorer, slices), search.segment.lengths(), search.readAhead()])
  const windows = Uint32Array.from(bounds.keys()).filter((window) => bounds[window]! > 0)
  windows.sort((a, b) => bounds[b]! - bounds[a]! || a - b)
  let at = 0
  for (let many = FIRST_WINDOWS; at < windows.length; at += many, many *= WINDOWS_GROWTH) {
    const drawn = windows.subarray(at, at + many)
    const some = drawn.filter((window) => bounds[window]! >= floor && best.mayTake(window * WINDOW, bounds[window]!))
    // All that follow can be worth no more, and are no newer where they are worth as much.
    if (some.length === 0) break
    if (some.length < drawn.length) best.more = true
    const stretches = [...runsOf(some.sort())].map(([from, to]) => [Math.max(search.first, from * WINDOW), Math.min(search.end, to * WINDOW)] as const).filter(([low, high]) => low < high)
    await search.load(stretches)
    for (const [low, high] of stretches) {
      await look(low, high)
      await slices.breathe()
    }
  }
  if (at < windows.length) best.more = true
  return best.inOrder()
}

/** Numbers in a row, as the first and the one behind the last; no more than so many together. */
function* runsOf(sorted: Uint32Array): Generator<readonly [from: number, to: number]> {
  for (let i = 0; i < sorted.length; ) {
    const from = sorted[i]!
    let to = from
    while (i < sorted.length && sorted[i] === to && to - from < MOST_WINDOWS) {
      i++
      to++
    }
    yield [from, to]
  }
}

/** What messages of each window can be worth at most; 0 where none meets the query. */
async function windowBounds(search: SegmentSearch, scorer: Scorer, slices: Slices): Promise<Float64Array> {
  const count = Math.ceil(search.segment.messages / WINDOW)
  const byClause: Float64Array[] = []
  for (const [i, clause] of search.wanted.entries()) byClause.push(await clauseBounds(search, clause, i, scorer, count, slices))
  const bounds = new Float64Array(count)
  for (let window = 0; window < count; window++) {
    const parts = byClause.map((own) => own[window]!)
    // Added in the order in which scores are, so that rounding cannot lift a score above its bound.
    bounds[window] = search.match === 'all' && parts.includes(0) ? 0 : parts.reduce((a, b) => a + b, 0)
  }
  if (!scorer.hasAge) return bounds
  const newest = search.segment.newestTimes(WINDOW)
  return scorer.aged(bounds, newest)
}

async function clauseBounds(search: SegmentSearch, clause: ClauseSearch, index: number, scorer: Scorer, count: number, slices: Slices): Promise<Float64Array> {
  const byTerm: Float64Array[] = []
  for (const meant of clause.terms) {
    const lists = await meant.lists()
    const own = new Float64Array(count)
    const short = lists.filter(({ chunks }) => chunks === 1)
    await search.segment.loadChunks('docs', short.map((list) => ({ list, chunks: [0] })))
    const lengths = short.length === 0 ? undefined : await search.segment.lengths()
    for (const list of lists) {
      if (list.chunks === 1) {
        const { ordinals, counts } = list.between(0, search.segment.messages)
        for (let i = 0; i < ordinals.length; i++) raise(own, Math.floor(ordinals[i]! / WINDOW), lists.length === 1 ? scorer.part(index, counts[i]!, lengths![ordinals[i]!]!) : scorer.most(index))
      } else {
        let low = list.place.first
        for (let chunk = 0; chunk < list.chunks; chunk++) {
          let bound = lists.length === 1 ? 0 : scorer.most(index)
          if (lists.length === 1) {
            list.forEachBound(chunk, (most, lengthCode) => {
              bound = Math.max(bound, most < MOST_COUNTED ? scorer.part(index, most, lengthCode) : scorer.most(index))
            })
          }
          const last = list.lastOf(chunk)
          for (let window = Math.floor(low / WINDOW); window <= Math.floor(last / WINDOW); window++) raise(own, window, bound)
          low = last + 1
        }
      }
      await slices.breathe()
    }
    byTerm.push(own)
  }
  if (byTerm.length === 1) return byTerm[0]!
  // A chain stands where all of its words do, and no more often than the rarest of them. But where its first term means several words, of which a compound and its
  // last part end at one place, both may go on in the same word.
  const isOneEach = clause.isChain && (await clause.terms[0]!.lists()).length === 1
  const bounds = new Float64Array(count)
  for (let window = 0; window < count; window++) {
    const parts = byTerm.map((own) => own[window]!)
    const some = clause.isChain ? Math.min(...parts) : Math.max(...parts)
    bounds[window] = isOneEach || some === 0 ? some : scorer.most(index)
  }
  return bounds
}

function raise(bounds: Float64Array, window: number, bound: number): void {
  if (bounds[window]! < bound) bounds[window] = bound
}

/** The worthiest of what is offered: a heap whose root is the least of those kept. */
class WorthiestOrdinals {
  /** Something was left out. */
  more = false
  readonly #limit: number
  readonly #ordinals: number[] = []
  readonly #scores: number[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether a message from this ordinal on that is worth so much at most could be taken. */
  mayTake(ordinal: number, bound: number): boolean {
    return this.#ordinals.length < this.#limit || bound > this.#scores[0]! || (bound === this.#scores[0] && ordinal < this.#ordinals[0]!)
  }

  offer(ordinal: number, score: number): void {
    if (!this.mayTake(ordinal, score)) {
      this.more = true
      return
    }
    if (this.#ordinals.length < this.#limit) {
      this.#ordinals.push(ordinal)
      this.#scores.push(score)
      this.#lift()
      return
    }
    this.more = true
    this.#ordinals[0] = ordinal
    this.#scores[0] = score
    this.#sink()
  }

  #worse(a: number, b: number): boolean {
    const [x, y] = [this.#scores[a]!, this.#scores[b]!]
    return x < y || (x === y && this.#ordinals[a]! > this.#ordinals[b]!)
  }

  #swap(a: number, b: number): void {
    ;[this.#ordinals[a], this.#ordinals[b]] = [this.#ordinals[b]!, this.#ordinals[a]!]
    ;[this.#scores[a], this.#scores[b]] = [this.#scores[b]!, this.#scores[a]!]
  }

  #lift(): void {
    for (let at = this.#ordinals.length - 1; at > 0; ) {
      const above = (at - 1) >> 1
      if (!this.#worse(at, above)) return
      this.#swap(at, above)
      at = above
    }
  }

  #sink(): void {
    for (let at = 0; ; ) {
      const left = 2 * at + 1
      if (left >= this.#ordinals.length) return
      const least = left + 1 < this.#ordinals.length && this.#worse(left + 1, left) ? left + 1 : left
      if (!this.#worse(least, at)) return
      this.#swap(least, at)
      at = least
    }
  }

  inOrder(): Best {
    const order = [...this.#ordinals.keys()].sort((a, b) => (this.#worse(a, b) ? 1 : -1))
    return { ordinals: Uint32Array.from(order, (i) => this.#ordinals[i]!), scores: Float64Array.from(order, (i) => this.#scores[i]!), more: this.more }
  }
}
