// A query as the truth asks it: which terms of the vocabulary each of its terms accepts is found once, so that a walk over a million
// messages compares numbers. Clauses of one step are counted by that alone; longer ones are cut and followed where all they need is there.

import { matchText } from '../../../src/vault/search/words/match.js'
import type { Clause, Query, QueryTerm } from '../../../src/vault/search/words/query.js'
import { takes } from './mistakes.js'

/** The distinct terms of all messages, one message after the other: one row of numbers is walked much faster than many. */
export interface Cuts {
  /** Where those of each message begin; one more than there are messages. */
  readonly starts: readonly number[]
  readonly terms: Int32Array
  /** How often the message holds each. */
  readonly counts: Int32Array
}

export class Asked {
  /** By term of the vocabulary: 0, or one more than the place in `#takers` of the query's terms that accept it. */
  readonly #slots: Int32Array
  readonly #takers: QueryTerm[][] = []
  /** In how many messages there are terms that it accepts: a message counts once for each of them. */
  readonly #reach = new Map<QueryTerm, number>()
  /** Of the message looked at: how many of its words each term accepts. */
  readonly #present = new Map<QueryTerm, number>()

  constructor({ wanted, unwanted }: Query, vocabulary: readonly string[], frequencies: readonly number[], numbers: ReadonlyMap<string, number>) {
    this.#slots = new Int32Array(vocabulary.length)
    for (const term of [...wanted, ...unwanted].flatMap(({ terms }) => terms)) {
      let reach = 0
      for (const number of accepted(term, vocabulary, numbers)) {
        reach += frequencies[number]!
        this.#take(number, term)
      }
      this.#reach.set(term, reach)
    }
  }

  #take(number: number, term: QueryTerm): void {
    if (this.#slots[number] === 0) this.#slots[number] = this.#takers.push([])
    this.#takers[this.#slots[number]! - 1]!.push(term)
  }

  /** Looks at another message; false when it holds nothing of the query, as most do. */
  look({ starts, terms, counts }: Cuts, message: number): boolean {
    const end = starts[message + 1]!
    const slots = this.#slots
    const present = this.#present
    if (present.size > 0) present.clear()
    for (let i = starts[message]!; i < end; i++) {
      const slot = slots[terms[i]!]!
      if (slot === 0) continue
      for (const term of this.#takers[slot - 1]!) present.set(term, (present.get(term) ?? 0) + counts[i]!)
    }
    return present.size > 0
  }

  present(term: QueryTerm): number {
    return this.#present.get(term) ?? 0
  }

  reach(term: QueryTerm): number {
    return this.#reach.get(term)!
  }
}

function accepted(term: QueryTerm, vocabulary: readonly string[], numbers: ReadonlyMap<string, number>): number[] {
  if (term.comparison === 'equal') {
    const number = numbers.get(term.term)
    return number === undefined ? [] : [number]
  }
  const all: number[] = []
  for (let number = 0; number < vocabulary.length; number++) if (takes(term, vocabulary[number]!)) all.push(number)
  return all
}

/** How often the message looked at, which has this content, holds a clause. */
export function countIn(asked: Asked, clause: Clause, content: string): number {
  if (clause.terms.length === 1) return asked.present(clause.terms[0]!)
  if (widestPath(clause, (term) => asked.present(term)) === 0) return 0
  return matchText({ wanted: [clause], unwanted: [] }, content, 'any', true).counts[0]!
}

/** Of all ways from the first node of a clause to its last: the greatest least width. */
export function widestPath({ terms, last }: Clause, widthOf: (term: QueryTerm) => number): number {
  const widths = [Infinity, ...Array.from({ length: last }, () => 0)]
  for (let node = 1; node <= last; node++) {
    for (const term of terms) if (term.to === node) widths[node] = Math.max(widths[node]!, Math.min(widths[term.from]!, widthOf(term)))
  }
  return widths[last]!
}
