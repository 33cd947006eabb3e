// The terms of a query in one segment: which words they mean, their lists, and in which messages of a stretch they stand.

import type { Slices } from '../../core/slices.js'
import { seek, type Matches, type PostingList } from '../segments/posting-list.js'
import type { ListPlace } from '../segments/postings.js'
import type { Segment } from '../segments/segment.js'
import type { QueryTerm } from '../words/query.js'

/** What a term means in a segment. */
export interface TermLists {
  readonly term: QueryTerm
  /** One for each word that it means, in the order of their newest messages. */
  readonly lists: readonly PostingList[]
  /** Messages in all of the lists: as many as hold it, or more. */
  readonly most: number
}

export const NO_MATCHES: Matches = { ordinals: new Uint32Array(0), counts: new Uint32Array(0) }
/** Lists looked at before the page gets its turn. */
const LISTS_AT_ONCE = 1024

/** Where the lists of all words are that a term means. */
async function expandTerm(segment: Segment, term: QueryTerm, slices: Slices): Promise<ListPlace[]> {
  if (segment.pageCount === 0) return []
  if (term.comparison === 'equal') {
    const place = await segment.find(term.term)
    return place === undefined ? [] : [place]
  }
  const range = term.comparison === 'begins' ? segment.pagesFor(term.term) : { from: 0, to: segment.pageCount - 1 }
  const found: ListPlace[] = []
  for (const page of await segment.pages(range.from, range.to)) {
    page.forEachMeant(term, (word) => found.push(page.placeOf(word)))
    await slices.breathe()
  }
  return found
}

export async function openTerm(segment: Segment, term: QueryTerm, slices: Slices): Promise<TermLists> {
  const places = await expandTerm(segment, term, slices)
  const lists = await segment.lists(places.sort((a, b) => a.first - b.first))
  return { term, lists, most: places.reduce((sum, { messages }) => sum + messages, 0) }
}

function* numbers(from: number, to: number): Generator<number> {
  for (let number = from; number < to; number++) yield number
}

/** Messages with ordinals from `low` up to `high` (exclusive) that hold any of the words; counts add up. */
export async function matchesBetween(segment: Segment, lists: readonly PostingList[], low: number, high: number, slices: Slices): Promise<Matches> {
  // Lists come in the order of their newest messages: what begins behind the stretch is not even looked at.
  let reached = 0
  while (reached < lists.length && lists[reached]!.place.first < high) reached++
  const there = reached === lists.length ? lists : lists.slice(0, reached)
  if (there.length === 0) return NO_MATCHES
  await segment.loadChunks('docs', there.map((list) => ({ list, chunks: numbers(...list.chunksBetween(low, high)) })))
  if (there.length === 1) return there[0]!.between(low, high)
  const counts = new Uint32Array(high - low)
  for (const [i, list] of there.entries()) {
    list.addTo(counts, low)
    if (i % LISTS_AT_ONCE === LISTS_AT_ONCE - 1) await slices.breathe()
  }
  return gather(counts, low)
}

/** Those of some messages that hold any of the words. */
export async function matchesAmong(segment: Segment, lists: readonly PostingList[], among: Uint32Array, slices: Slices): Promise<Matches> {
  if (lists.length === 0 || among.length === 0) return NO_MATCHES
  if (lists.length > 1) return restrict(await matchesBetween(segment, lists, among[0]!, among[among.length - 1]! + 1, slices), among)
  await segment.loadChunks('docs', [{ list: lists[0]!, chunks: lists[0]!.chunksOf(among) }])
  return lists[0]!.among(among)
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
