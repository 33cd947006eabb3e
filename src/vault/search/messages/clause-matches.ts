// In which messages of a segment a clause stands, and how often: as match.ts would count it, from the lists alone.

import type { Slices } from '../../core/slices.js'
import type { Clause } from '../words/query.js'
import type { Segment } from '../segments/segment.js'
import { mayHold, PlacesCursor, readTerm, type Matches, type TermLists } from './term-lists.js'

/** A clause in one segment. */
export interface ClauseMatches {
  readonly terms: readonly TermLists[]
  readonly matches: Matches
}

/** Places and words looked at before the page gets its turn. */
const PLACES_AT_ONCE = 65_536

export async function matchClause(segment: Segment, clause: Clause, slices: Slices): Promise<ClauseMatches> {
  const terms = await Promise.all(clause.terms.map((term) => readTerm(segment, term, slices)))
  // One term from end to end needs no neighbours.
  if (terms.length === 1) return { terms, matches: terms[0]!.matches }
  return { terms, matches: await matchNeighbours(segment, clause, terms, slices) }
}

/** A term with cursors over the places of all words that it means. */
interface PlacedTerm {
  readonly from: number
  readonly to: number
  readonly cursors: readonly PlacesCursor[]
}

async function matchNeighbours(segment: Segment, clause: Clause, terms: readonly TermLists[], slices: Slices): Promise<Matches> {
  const candidates = mayHold(clause, terms)
  const placed: PlacedTerm[] = []
  if (candidates.length > 0) {
    for (const { term, lists } of terms) {
      const bytes = await segment.placeBytes(lists.map(({ place }) => place))
      placed.push({ from: term.from, to: term.to, cursors: lists.map((list, i) => new PlacesCursor(list, bytes[i]!)) })
    }
  }
  const ordinals = new Uint32Array(candidates.length)
  const counts = new Uint32Array(candidates.length)
  const ways = new Ways(placed, clause.last)
  let length = 0
  for (const ordinal of candidates) {
    if (ways.visited > PLACES_AT_ONCE) {
      ways.visited = 0
      await slices.breathe()
    }
    const count = ways.countIn(ordinal)
    if (count === 0) continue
    ordinals[length] = ordinal
    counts[length++] = count
  }
  return { ordinals: ordinals.subarray(0, length), counts: counts.subarray(0, length) }
}

/** Looks for ways through a clause in one message after the other, from its end to its beginning, each place once. */
class Ways {
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
