// The terms of a query in one segment: which words they mean, their lists, and the messages that a clause stands in.

import type { Slices } from '../../core/slices.js'
import { compare, type Clause, type QueryTerm } from '../words/query.js'
import { CHUNK, readChunkPlaces, type ChunkPlaces, type ListPlace, type ReadList } from '../segments/postings.js'
import { isWord, type Segment } from '../segments/segment.js'

/** Messages in ascending order of their ordinals, and how often each has what was asked for. */
export interface Matches {
  readonly ordinals: Uint32Array
  readonly counts: Uint32Array
}

/** What a term means in a segment. */
export interface TermLists {
  readonly term: QueryTerm
  readonly lists: readonly ReadList[]
  readonly matches: Matches
}

export const NO_MATCHES: Matches = { ordinals: new Uint32Array(0), counts: new Uint32Array(0) }

/** Where the lists of all words are that a term means. */
export async function expandTerm(segment: Segment, term: QueryTerm, slices: Slices): Promise<ListPlace[]> {
  if (segment.pageCount === 0) return []
  if (term.comparison === 'equal') {
    const place = await segment.find(term.term)
    return place === undefined ? [] : [place]
  }
  const range = term.comparison === 'begins' ? segment.pagesFor(term.term) : { from: 0, to: segment.pageCount - 1 }
  const found: ListPlace[] = []
  for (const page of await segment.pages(range.from, range.to)) {
    if (!page.text.includes(term.term)) continue
    for (const [i, word] of page.words.entries()) if (isWord(word) && compare(word, term)) found.push(page.placeOf(i))
    await slices.breathe()
  }
  return found
}

/** Reads the lists of a term and joins them. */
export async function readTerm(segment: Segment, term: QueryTerm, slices: Slices): Promise<TermLists> {
  const lists = await segment.lists(await expandTerm(segment, term, slices))
  return { term, lists, matches: joinLists(lists, segment.messages) }
}

/** Messages in any of the lists; counts add up. */
export function joinLists(lists: readonly ReadList[], messages: number): Matches {
  if (lists.length === 0) return NO_MATCHES
  if (lists.length === 1) return lists[0]!
  const counts = new Uint32Array(messages)
  for (const list of lists) for (let i = 0; i < list.ordinals.length; i++) counts[list.ordinals[i]!]! += list.counts[i]!
  return gather(counts)
}

/** What is not zero. */
export function gather(dense: Uint32Array | Uint8Array): Matches {
  let found = 0
  for (let i = 0; i < dense.length; i++) if (dense[i] !== 0) found++
  const ordinals = new Uint32Array(found)
  const counts = new Uint32Array(found)
  for (let i = 0, at = 0; i < dense.length; i++) {
    if (dense[i] === 0) continue
    ordinals[at] = i
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

/** The first place from `at` on that is not below the value: steps that double, then halves. */
export function seek(sorted: Uint32Array, at: number, value: number): number {
  if (at >= sorted.length || sorted[at]! >= value) return at
  let step = 1
  let low = at
  while (low + step < sorted.length && sorted[low + step]! < value) {
    low += step
    step *= 2
  }
  let high = Math.min(sorted.length, low + step)
  while (low + 1 < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle
    else high = middle
  }
  return high
}

/** Messages that hold all terms along some way through a clause: what its words stand next to each other in is among them. */
export function mayHold({ last }: Clause, terms: readonly TermLists[]): Uint32Array {
  const reached = new Map<number, Uint32Array | undefined>([[0, undefined]])
  for (const { term, matches } of terms.toSorted((a, b) => a.term.from - b.term.from)) {
    if (!reached.has(term.from)) continue
    const before = reached.get(term.from)
    const now = before === undefined ? matches.ordinals : intersect(before, matches.ordinals)
    const there = reached.get(term.to)
    reached.set(term.to, there === undefined ? now : unite(there, now))
  }
  return reached.get(last) ?? NO_MATCHES.ordinals
}

function unite(a: Uint32Array, b: Uint32Array): Uint32Array {
  const found = new Uint32Array(a.length + b.length)
  let length = 0
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const next = Math.min(a[i] ?? Infinity, b[j] ?? Infinity)
    if (a[i] === next) i++
    if (b[j] === next) j++
    found[length++] = next
  }
  return found.subarray(0, length)
}

/** Goes through the places of one list, message by message in ascending order. */
export class PlacesCursor {
  readonly #list: ReadList
  readonly #bytes: Uint8Array
  #at = 0
  #chunk = -1
  #places: ChunkPlaces | undefined
  /** Where the places of the message are that `moveTo` found. */
  from = 0
  to = 0

  constructor(list: ReadList, bytes: Uint8Array) {
    this.#list = list
    this.#bytes = bytes
  }

  get positions(): Uint32Array {
    return this.#places!.positions
  }

  get spans(): Uint32Array | undefined {
    return this.#places!.spans
  }

  /** False when the list has no such message. */
  moveTo(ordinal: number): boolean {
    const { ordinals } = this.#list
    this.#at = seek(ordinals, this.#at, ordinal)
    if (ordinals[this.#at] !== ordinal) return false
    const chunk = Math.floor(this.#at / CHUNK)
    if (chunk !== this.#chunk) {
      this.#chunk = chunk
      this.#places = readChunkPlaces(this.#list, this.#bytes, chunk)
    }
    const inChunk = this.#at - chunk * CHUNK
    this.from = this.#places!.starts[inChunk]!
    this.to = this.#places!.starts[inChunk + 1]!
    return true
  }
}
