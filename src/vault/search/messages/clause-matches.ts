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

/** Messages looked at before the page gets its turn. */
const MESSAGES_AT_ONCE = 2048

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
  for (const [i, ordinal] of candidates.entries()) {
    if (i % MESSAGES_AT_ONCE === 0) await slices.breathe()
    const count = ways.countIn(ordinal)
    if (count === 0) continue
    ordinals[length] = ordinal
    counts[length++] = count
  }
  return { ordinals: ordinals.subarray(0, length), counts: counts.subarray(0, length) }
}

/** Looks for ways through a clause in one message after the other. */
class Ways {
  readonly #terms: readonly PlacedTerm[]
  readonly #last: number
  /** Cursors that have the message, by term. */
  readonly #here: PlacesCursor[][]

  constructor(terms: readonly PlacedTerm[], last: number) {
    this.#terms = terms
    this.#last = last
    this.#here = terms.map(() => [])
  }

  /** How many places begin a way to the end. */
  countIn(ordinal: number): number {
    for (const [i, { cursors }] of this.#terms.entries()) {
      const here = this.#here[i]!
      here.length = 0
      for (const cursor of cursors) if (cursor.moveTo(ordinal)) here.push(cursor)
    }
    let count = 0
    for (const [i, { from, to }] of this.#terms.entries()) {
      if (from !== 0) continue
      for (const cursor of this.#here[i]!) {
        for (let at = cursor.from; at < cursor.to; at++) if (this.#leadsOn(to, cursor.positions[at]! + (cursor.spans?.[at] ?? 1))) count++
      }
    }
    return count
  }

  #leadsOn(node: number, position: number): boolean {
    if (node === this.#last) return true
    for (const [i, { from, to }] of this.#terms.entries()) {
      if (from !== node) continue
      for (const cursor of this.#here[i]!) {
        for (let at = cursor.from; at < cursor.to; at++) {
          if (cursor.positions[at] === position && this.#leadsOn(to, position + (cursor.spans?.[at] ?? 1))) return true
        }
      }
    }
    return false
  }
}
