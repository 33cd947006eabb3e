// The terms of a query in one segment: which words they mean, their lists, and in which messages of a stretch they stand.

import type { Slices } from '../../core/slices.js'
import { seek, type Matches, type PostingList } from '../segments/posting-list.js'
import type { Segment } from '../segments/segment.js'
import { isNarrow, type MeantWord } from '../segments/vocabulary.js'
import type { QueryTerm } from '../words/query.js'

export const NO_MATCHES: Matches = { ordinals: new Uint32Array(0), counts: new Uint32Array(0) }
/** Words whose lists are opened before it is known whether all of them are needed. */
const FEW_WORDS = 4
/** Lists looked at before the page gets its turn. */
const LISTS_AT_ONCE = 1024

/**
 * What a term means in a segment: words in the order of their newest messages. Their lists are opened when they are reached; words of old messages are
 * looked for no sooner, where that means to look through all of them.
 */
export class TermLists {
  readonly term: QueryTerm
  readonly #segment: Segment
  readonly #slices: Slices
  /** The word with the newest message first. */
  readonly #words: MeantWord[] = []
  readonly #lists: PostingList[] = []
  /** Messages of all words so far. */
  #messages = 0
  #isComplete = false
  #completing: Promise<void> | undefined

  private constructor(segment: Segment, term: QueryTerm, slices: Slices) {
    this.term = term
    this.#segment = segment
    this.#slices = slices
  }

  static async open(segment: Segment, term: QueryTerm, slices: Slices): Promise<TermLists> {
    const lists = new TermLists(segment, term, slices)
    const { vocabulary } = segment
    const inOne = isNarrow(term) || vocabulary.boundary === 0
    lists.#add(await vocabulary.meant(term, slices, inOne ? undefined : 0))
    lists.#isComplete = inOne
    // All terms' at once, and not one after the other when each one's turn comes.
    if (inOne && lists.words <= FEW_WORDS) await lists.lists()
    return lists
  }

  #add(words: readonly MeantWord[]): void {
    for (const { page, word } of words) this.#messages += page.messagesOf(word)
    // Numbers of both sort much faster than objects. All words of the second tier come after those of the first.
    const keys = Float64Array.from(words, ({ page, word }, i) => page.firstOf(word) * words.length + i)
    for (const key of keys.sort()) this.#words.push(words[key % words.length]!)
  }

  /** Finds the words of old messages, too. */
  async complete(): Promise<void> {
    if (this.#isComplete) return
    this.#completing ??= this.#segment.vocabulary.meant(this.term, this.#slices, 1).then((words) => {
      this.#add(words)
      this.#isComplete = true
    })
    await this.#completing
  }

  /** Messages in all of the lists: as many as hold it, or more. */
  get most(): number {
    return this.#isComplete ? this.#messages : this.#segment.messages
  }

  /** Messages in the lists of the words that are known. */
  get known(): number {
    return this.#messages
  }

  /** How many words it means, as far as is known. */
  get words(): number {
    return this.#words.length
  }

  /** The ordinal of the newest message with the nth word, from 0. */
  #firstOf(nth: number): number {
    const at = this.#words[nth]!
    return at.page.firstOf(at.word)
  }

  /** How many of its words begin before an ordinal, as far as is known. */
  #wordsBefore(ordinal: number): number {
    let low = 0
    let high = this.#words.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#firstOf(middle) < ordinal) low = middle + 1
      else high = middle
    }
    return low
  }

  /**
   * Where a stretch from `low` on may end because so many more of its words have begun, each mostly in a message of its own: no list that begins later has to
   * be opened. Undefined where it should go on as far as was planned, because it means few words.
   * @param planned where it ends otherwise
   */
  async enoughFrom(low: number, planned: number, messages: number): Promise<number | undefined> {
    if (this.words <= messages && this.#isComplete) return undefined
    let nth = this.#wordsBefore(low) + messages
    if (nth >= this.words && planned > this.#segment.vocabulary.boundary) {
      await this.complete()
      nth = this.#wordsBefore(low) + messages
    }
    return nth < this.words ? Math.max(low, this.#firstOf(nth)) + 1 : undefined
  }

  /** The lists that begin before an ordinal; all of them when it is left out. */
  async lists(before = Infinity): Promise<readonly PostingList[]> {
    if (before > this.#segment.vocabulary.boundary) await this.complete()
    const reached = this.#wordsBefore(before)
    while (this.#lists.length < reached) {
      const opened = this.#lists.length
      const places = this.#words.slice(opened, reached).map(({ page, word }) => page.placeOf(word))
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
    if (ordinals.length === 0 || (this.words === 0 && this.#isComplete)) return NO_MATCHES
    if (this.words > 1 || !this.#isComplete) return restrict(await this.between(ordinals[0]!, ordinals[ordinals.length - 1]! + 1), ordinals)
    return listAmong(this.#segment, (await this.lists())[0]!, ordinals)
  }
}

/** Those of some messages that are in a list. */
export async function listAmong(segment: Segment, list: PostingList, ordinals: Uint32Array): Promise<Matches> {
  await segment.loadChunks('docs', [{ list, chunks: list.chunksOf(ordinals) }])
  return list.among(ordinals)
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
