// The terms of a query in one segment: which words they mean, their lists, and in which messages of a stretch they stand.

import type { Slices } from '../../core/slices.js'
import { seek, type Matches, type PostingList } from '../segments/posting-list.js'
import type { Segment } from '../segments/segment.js'
import type { WordPage } from '../segments/word-page.js'
import type { QueryTerm } from '../words/query.js'

export const NO_MATCHES: Matches = { ordinals: new Uint32Array(0), counts: new Uint32Array(0) }
/** Lists looked at before the page gets its turn. */
const LISTS_AT_ONCE = 1024

/** What a term means in a segment: words in the order of their newest messages. Their lists are opened when they are reached. */
export class TermLists {
  readonly term: QueryTerm
  /** Messages in all of the lists: as many as hold it, or more. */
  readonly most: number
  readonly #segment: Segment
  readonly #slices: Slices
  readonly #words: readonly MeantWord[]
  /** Places in `#words`, the word with the newest message first. */
  readonly #order: Uint32Array
  readonly #lists: PostingList[] = []

  private constructor(segment: Segment, term: QueryTerm, words: readonly MeantWord[], slices: Slices) {
    this.term = term
    this.#segment = segment
    this.#slices = slices
    this.#words = words
    this.most = words.reduce((sum, { page, word }) => sum + page.messagesOf(word), 0)
    // Numbers of both sort much faster than objects.
    const keys = Float64Array.from(words, ({ page, word }, i) => page.firstOf(word) * MOST_WORDS + i)
    this.#order = Uint32Array.from(keys.sort(), (key) => key % MOST_WORDS)
  }

  static async open(segment: Segment, term: QueryTerm, slices: Slices): Promise<TermLists> {
    return new TermLists(segment, term, await wordsMeant(segment, term, slices), slices)
  }

  /** How many words it means. */
  get words(): number {
    return this.#order.length
  }

  /** The ordinal from which on a message has been found that holds the nth word, from 0; undefined when there are fewer. */
  firstOf(nth: number): number | undefined {
    const at = this.#order[nth]
    return at === undefined ? undefined : this.#words[at]!.page.firstOf(this.#words[at]!.word)
  }

  /** The lists that begin before an ordinal; all of them when it is left out. */
  async lists(before = Infinity): Promise<readonly PostingList[]> {
    let reached = 0
    while (reached < this.#order.length && this.firstOf(reached)! < before) reached++
    while (this.#lists.length < reached) {
      const opened = this.#lists.length
      const places = Array.from(this.#order.subarray(opened, reached), (at) => this.#words[at]!.page.placeOf(this.#words[at]!.word))
      const lists = await this.#segment.lists(places)
      // Somebody else may have come first.
      if (this.#lists.length === opened) for (const list of lists) this.#lists.push(list)
    }
    return reached === this.#lists.length ? this.#lists : this.#lists.slice(0, reached)
  }

  /** Messages with ordinals from `low` up to `high` (exclusive) that hold any of the words; counts add up. */
  async between(low: number, high: number): Promise<Matches> {
    const lists = await this.lists(high)
    if (lists.length === 0) return NO_MATCHES
    await this.#segment.loadChunks('docs', lists.map((list) => ({ list, chunks: numbers(...list.chunksBetween(low, high)) })))
    if (lists.length === 1) return lists[0]!.between(low, high)
    const counts = new Uint32Array(high - low)
    for (const [i, list] of lists.entries()) {
      list.addTo(counts, low)
      if (i % LISTS_AT_ONCE === LISTS_AT_ONCE - 1) await this.#slices.breathe()
    }
    return gather(counts, low)
  }

  /** Those of some messages that hold any of the words. */
  async among(ordinals: Uint32Array): Promise<Matches> {
    if (this.words === 0 || ordinals.length === 0) return NO_MATCHES
    if (this.words > 1) return restrict(await this.between(ordinals[0]!, ordinals[ordinals.length - 1]! + 1), ordinals)
    return listAmong(this.#segment, (await this.lists())[0]!, ordinals)
  }
}

/** Those of some messages that are in a list. */
export async function listAmong(segment: Segment, list: PostingList, ordinals: Uint32Array): Promise<Matches> {
  await segment.loadChunks('docs', [{ list, chunks: list.chunksOf(ordinals) }])
  return list.among(ordinals)
}

interface MeantWord {
  readonly page: WordPage
  readonly word: number
}

/** More words than a term can mean. */
const MOST_WORDS = 2 ** 21

async function wordsMeant(segment: Segment, term: QueryTerm, slices: Slices): Promise<MeantWord[]> {
  if (segment.pageCount === 0) return []
  const { from, to } = term.comparison === 'equal' || term.comparison === 'begins' ? segment.pagesFor(term.term, term.comparison) : { from: 0, to: segment.pageCount - 1 }
  const found: MeantWord[] = []
  for (const page of await segment.pages(from, to)) {
    page.forEachMeant(term, (word) => found.push({ page, word }))
    await slices.breathe()
  }
  return found
}

function* numbers(from: number, to: number): Generator<number> {
  for (let number = from; number < to; number++) yield number
}

function restrict({ ordinals, counts }: Matches, among: Uint32Array): Matches {
  const kept = intersect(ordinals, among)
  const keptCounts = new Uint32Array(kept.length)
  let at = 0
  for (let i = 0; i < kept.length; i++) keptCounts[i] = counts[(at = seek(ordinals, at, kept[i]!))]!
  return { ordinals: kept, counts: keptCounts }
}

/** What is not zero. @param low the ordinal that the array begins with */
export function gather(dense: Uint32Array | Uint8Array, low: number): Matches {
  let found = 0
  for (let i = 0; i < dense.length; i++) if (dense[i] !== 0) found++
  const ordinals = new Uint32Array(found)
  const counts = new Uint32Array(found)
  for (let i = 0, at = 0; at < found; i++) {
    if (dense[i] === 0) continue
    ordinals[at] = low + i
    counts[at++] = dense[i]!
  }
  return { ordinals, counts }
}

/** What both sorted lists hold. */
export function intersect(a: Uint32Array, b: Uint32Array): Uint32Array {
  const [few, many] = a.length <= b.length ? [a, b] : [b, a]
  const found = new Uint32Array(few.length)
  let length = 0
  let at = 0
  for (const ordinal of few) {
    at = seek(many, at, ordinal)
    if (at === many.length) break
    if (many[at] === ordinal) found[length++] = ordinal
  }
  return found.subarray(0, length)
}

/** What any of the sorted lists holds. */
export function unite(lists: readonly Uint32Array[]): Uint32Array {
  return lists.reduce((a, b) => (a.length === 0 ? b : b.length === 0 ? a : uniteTwo(a, b)), NO_MATCHES.ordinals)
}

function uniteTwo(a: Uint32Array, b: Uint32Array): Uint32Array {
  const found = new Uint32Array(a.length + b.length)
  let length = 0
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    const [x, y] = [a[i]!, b[j]!]
    if (x <= y) i++
    if (y <= x) j++
    found[length++] = x < y ? x : y
  }
  for (; i < a.length; i++) found[length++] = a[i]!
  for (; j < b.length; j++) found[length++] = b[j]!
  return found.subarray(0, length)
}
