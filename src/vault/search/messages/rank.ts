// How much a message is about the words: BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009) over all
// messages of the vault, so that a message weighs the same whatever the filters are.

import { decodeLength } from '../segments/length-code.js'
import type { Clause, QueryTerm } from '../words/query.js'

const K1 = 1.2
const B = 0.75

/** What has to be known of all texts before one can be weighed. */
export interface Statistics {
  readonly messages: number
  /** Sum of their lengths, as `decodeLength` gives them. */
  readonly units: number
  /** Of each clause, as `clauseFrequency` gives it. */
  readonly frequencies: readonly number[]
}

/**
 * In how many messages a clause may stand at most: along each way through it no more than its rarest term, whichever way is best.
 * @param termFrequency in how many messages a term stands; of one that means several words, the sum, but never more than there are messages
 */
export function clauseFrequency({ terms, last }: Clause, termFrequency: (term: QueryTerm) => number): number {
  // Nodes lie in order, so the best way to each is known when its steps onward are looked at.
  const best = new Map<number, number>([[0, Infinity]])
  for (const term of terms.toSorted((a, b) => a.from - b.from)) {
    const way = Math.min(best.get(term.from) ?? 0, termFrequency(term))
    best.set(term.to, Math.max(best.get(term.to) ?? 0, way))
  }
  return best.get(last) ?? 0
}

/** Weighs texts by how often each clause stands in them. */
export class Scorer {
  readonly #weights: readonly number[]
  readonly #norms = new Float64Array(256)

  constructor({ messages, units, frequencies }: Statistics) {
    this.#weights = frequencies.map((holding) => Math.log(1 + (messages - holding + 0.5) / (holding + 0.5)))
    const average = units / messages || 1
    for (let code = 0; code < 256; code++) this.#norms[code] = K1 * (1 - B + (B * decodeLength(code)) / average)
  }

  /** What one clause adds. */
  part(clause: number, count: number, lengthCode: number): number {
    return (this.#weights[clause]! * count * (K1 + 1)) / (count + this.#norms[lengthCode]!)
  }

  score(counts: readonly number[], lengthCode: number): number {
    let score = 0
    for (const [clause, count] of counts.entries()) if (count > 0) score += this.part(clause, count, lengthCode)
    return score
  }
}
