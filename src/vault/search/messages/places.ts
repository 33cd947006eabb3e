// Where in a message words stand next to each other.

import type { PostingList } from '../segments/posting-list.js'

/** Goes through the places of one list, message by message in ascending order; docs and places of the chunks are loaded. */
export class PlacesCursor {
  readonly #list: PostingList
  #chunk = 0
  // Of the chunk that is read.
  #ordinals: Uint32Array = NOTHING
  #starts: Uint32Array = NOTHING
  #last = -1
  #index = 0
  positions: Uint32Array = NOTHING
  /** Undefined where every place takes up one position. */
  spans: Uint32Array | undefined
  /** Where the places of the message are that `moveTo` found. */
  from = 0
  to = 0

  constructor(list: PostingList) {
    this.#list = list
  }

  /** False when the list has no such message. */
  moveTo(ordinal: number): boolean {
    if (ordinal > this.#last && !this.#read(ordinal)) return false
    let index = this.#index
    while (this.#ordinals[index]! < ordinal) index++
    this.#index = index
    if (this.#ordinals[index] !== ordinal) return false
    this.from = this.#starts[index]!
    this.to = this.#starts[index + 1]!
    return true
  }

  /** Reads the chunk that may hold a message; false when there is none. */
  #read(ordinal: number): boolean {
    if (ordinal < this.#list.place.first) return false
    // Behind the only chunk, or another one was the last.
    const chunk = this.#list.chunkFor(ordinal, this.#chunk)
    if (chunk >= this.#list.chunks || (this.#last !== -1 && chunk === this.#chunk)) return false
    const { ordinals, starts, positions, spans } = this.#list.placesOf(chunk)
    this.#chunk = chunk
    this.#ordinals = ordinals
    this.#starts = starts
    this.#last = ordinals[ordinals.length - 1]!
    this.#index = 0
    this.positions = positions
    this.spans = spans
    return ordinal <= this.#last
  }
}

const NOTHING = new Uint32Array(0)

/** A word of a chain, and how far from its beginning. */
export interface ChainLink {
  readonly offset: number
  readonly cursor: PlacesCursor
}

/** Beginnings of a chain that the links so far leave; most messages have few. */
const beginnings: number[] = []

/** At how many places of a message the links of a chain stand in a row; those that come first should be the rarest. */
export function countInOrder(links: readonly ChainLink[], ordinal: number): number {
  beginnings.length = 0
  for (const [i, { offset, cursor }] of links.entries()) {
    if (!cursor.moveTo(ordinal)) return 0
    const { positions } = cursor
    let at = cursor.from
    if (i === 0) {
      for (; at < cursor.to; at++) if (positions[at]! >= offset) beginnings.push(positions[at]! - offset)
    } else {
      let kept = 0
      for (const begin of beginnings) {
        while (at < cursor.to && positions[at]! < begin + offset) at++
        if (at < cursor.to && positions[at] === begin + offset) beginnings[kept++] = begin
      }
      beginnings.length = kept
    }
    if (beginnings.length === 0) return 0
  }
  return beginnings.length
}

/** Places from which a chain goes on to its end. */
let onward: number[] = []

/** The same where some places take up several positions: from the last link to the first, whose order is that of the chain. */
export function countOverSpans(links: readonly ChainLink[], ordinal: number): number {
  // All must be there before any place is looked at.
  for (const { cursor } of links) if (!cursor.moveTo(ordinal)) return 0
  for (let link = links.length - 1; link >= 0; link--) {
    const { positions, spans, from, to } = links[link]!.cursor
    const here: number[] = []
    for (let at = from; at < to; at++) if (link === links.length - 1 || onward.includes(positions[at]! + (spans?.[at] ?? 1))) here.push(positions[at]!)
    if (here.length === 0) return 0
    onward = here
  }
  return onward.length
}

/** A term with cursors over the places of all words that it means. */
export interface PlacedTerm {
  readonly from: number
  readonly to: number
  readonly cursors: readonly PlacesCursor[]
}

/** Looks for ways through a clause in one message after the other, from its end to its beginning, each place once. */
export class WaysThrough {
  /** Places and words looked at. */
  visited = 0
  /** From the last edge of the clause to the first. */
  readonly #terms: readonly PlacedTerm[]
  readonly #last: number
  /** By node: the positions from where a way leads to the end. */
  readonly #good: Set<number>[]

  constructor(terms: readonly PlacedTerm[], last: number) {
    this.#terms = terms.toSorted((a, b) => b.from - a.from)
    this.#last = last
    this.#good = Array.from({ length: last }, () => new Set())
  }

  /** How many places begin a way to the end. */
  countIn(ordinal: number): number {
    let count = 0
    for (const good of this.#good) good.clear()
    for (const { from, to, cursors } of this.#terms) {
      const onward = to === this.#last ? undefined : this.#good[to]!
      this.visited += cursors.length
      for (const cursor of cursors) {
        if (!cursor.moveTo(ordinal)) continue
        const { positions, spans } = cursor
        this.visited += cursor.to - cursor.from
        for (let at = cursor.from; at < cursor.to; at++) {
          const position = positions[at]!
          if (onward !== undefined && !onward.has(position + (spans?.[at] ?? 1))) continue
          if (from === 0) count++
          else this.#good[from]!.add(position)
        }
      }
    }
    return count
  }
}
