// How much a message is about the words: BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009) with the floor of BM25+ (Lv and Zhai,
// Lower-Bounding Term Frequency Normalization, 2011), over all messages of the vault, so that a message weighs the same whatever the filters are.
// Messages are short: length says little about them (K1, B), and what a word is worth counts twice, so that the little words of a question do not drown
// the few that say what it is about. `npm run bench -- questions` says how often that puts an answer among the first.

import { decodeLength } from '../segments/length-code.js'
import type { Clause, QueryTerm } from '../words/query.js'

const K1 = 0.5
const B = 0.4
/** A word that is there at all is worth so much, however long the message is. */
const FLOOR = 0.5

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

/** How fast messages lose with age. */
export interface Recency {
  /** Milliseconds. */
  readonly halfLife: number
  /** The time from which age is counted. */
  readonly now: number
}

/** Weighs texts by how often each clause stands in them, and how old they are. */
export class Scorer {
  readonly #weights: readonly number[]
  readonly #norms = new Float64Array(256)
  readonly #recency: Recency | undefined

  constructor({ messages, units, frequencies }: Statistics, recency: Recency | undefined) {
    this.#weights = frequencies.map((holding) => Math.log(1 + (messages - holding + 0.5) / (holding + 0.5)) ** 2)
    const average = units / messages || 1
    for (let code = 0; code < 256; code++) this.#norms[code] = K1 * (1 - B + (B * decodeLength(code)) / average)
    this.#recency = recency
  }

  /** What one clause adds: more for a greater count and for a shorter message. */
  part(clause: number, count: number, lengthCode: number): number {
    return this.#weights[clause]! * (FLOOR + (count * (K1 + 1)) / (count + this.#norms[lengthCode]!))
  }

  /** More than a clause ever adds. */
  most(clause: number): number {
    return this.#weights[clause]! * (FLOOR + K1 + 1)
  }

  /** @param counts by clause */
  score(counts: readonly number[], lengthCode: number, time: number): number {
    let score = 0
    for (const [clause, count] of counts.entries()) if (count > 0) score += this.part(clause, count, lengthCode)
    return this.#recency === undefined ? score : score * ageFactor(this.#recency, time)
  }

  /** Whether what a message is worth depends on its age. */
  get hasAge(): boolean {
    return this.#recency !== undefined
  }

  /** Scores that know no age yet, with it. */
  aged(scores: Float64Array, times: Float64Array): Float64Array {
    const recency = this.#recency
    return recency === undefined ? scores : scores.map((score, i) => score * ageFactor(recency, times[i]!))
  }
}

/** From 1 for what is new down to a half: age alone never hides what is about the words. */
function ageFactor({ halfLife, now }: Recency, time: number): number {
  return 0.5 + 0.5 * 2 ** (Math.min(0, time - now) / halfLife)
}
