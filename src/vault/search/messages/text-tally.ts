// Texts that no index knows, held against a query one by one: what is pending, or everything where there is no index.

import { countTerms, cutText, matchCut, matchText, type CutText } from '../words/match.js'
import type { Query } from '../words/query.js'
import { decodeLength, encodeLength } from '../segments/length-code.js'

/** A text that was looked at. */
export interface Weighed {
  readonly met: boolean
  /** By clause; empty where only `met` was asked for and is false. */
  readonly counts: readonly number[]
  readonly lengthCode: number
}

/** What ranking has to know of many texts together. */
export interface Sums {
  messages: number
  units: number
  /** By clause and term: how many words of how many messages the term means. */
  readonly frequencies: number[][]
}

export function emptySums(query: Query): Sums {
  return { messages: 0, units: 0, frequencies: query.wanted.map(({ terms }) => terms.map(() => 0)) }
}

export class TextTally {
  readonly sums: Sums
  readonly #query: Query
  readonly #match: 'all' | 'any'
  readonly #ranked: boolean

  /** @param ranked whether the sums are wanted: then every text has to be cut, not only those that may be an answer */
  constructor(query: Query, match: 'all' | 'any', ranked: boolean) {
    this.#query = query
    this.#match = match
    this.#ranked = ranked
    this.sums = emptySums(query)
  }

  add(text: string, cut?: CutText): Weighed {
    const lengthCode = encodeLength(text.length)
    if (!this.#ranked) {
      const { met, counts } = cut === undefined ? matchText(this.#query, text, this.#match) : matchCut(this.#query, cut, this.#match)
      return { met, counts, lengthCode }
    }
    const words = cut ?? cutText(text)
    this.sums.messages++
    this.sums.units += decodeLength(lengthCode)
    for (const [i, { terms }] of this.#query.wanted.entries()) for (const [j, term] of terms.entries()) this.sums.frequencies[i]![j]! += countTerms(term, words)
    const { met, counts } = matchCut(this.#query, words, this.#match)
    return { met, counts, lengthCode }
  }
}
