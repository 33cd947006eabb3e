// The weight of an answer, written from its definition (docs/search.md): BM25+ with squared weights of words over all messages of a vault, with lengths
// rounded to eight steps an octave and the frequency of a clause taken from those of its terms; and what age takes away.

import type { SearchOptions } from '../../../src/vault/search/options.js'
import type { Query } from '../../../src/vault/search/words/query.js'
import { widestPath, type Asked } from './asked.js'

const K1 = 0.5
const B = 0.4
const DELTA = 0.5

/** A length as one small number. */
export function encodeLength(length: number): number {
  if (length < 16) return length
  const octave = 31 - Math.clz32(length) - 3
  return 16 + (octave - 1) * 8 + ((length >> octave) & 7)
}

/** The least length with this code. */
export function decodeLength(code: number): number {
  return code < 16 ? code : (8 + ((code - 16) & 7)) << (((code - 16) >> 3) + 1)
}

interface Lengthy {
  readonly content: string
}

interface Weighable extends Lengthy {
  readonly timestamp: number
}

const averages = new WeakMap<readonly Lengthy[], number>()

function averageOf(messages: readonly Lengthy[]): number {
  const known = averages.get(messages)
  if (known !== undefined) return known
  const average = messages.reduce((sum, { content }) => sum + roundedLength(content), 0) / messages.length || 1
  averages.set(messages, average)
  return average
}

const roundedLength = (content: string): number => decodeLength(encodeLength(content.length))

export class Weights {
  readonly #average: number
  readonly #inverse: readonly number[]

  constructor(asked: Asked, { wanted }: Query, messages: readonly Lengthy[]) {
    const all = messages.length
    this.#average = averageOf(messages)
    this.#inverse = wanted.map((clause) => {
      const frequency = widestPath(clause, (term) => Math.min(all, asked.reach(term)))
      return Math.log(1 + (all - frequency + 0.5) / (frequency + 0.5)) ** 2
    })
  }

  score(counts: readonly number[], { content, timestamp }: Weighable, recency: SearchOptions['recency']): number {
    let score = 0
    for (const [i, count] of counts.entries()) {
      if (count > 0) score += this.#inverse[i]! * (DELTA + (count * (K1 + 1)) / (count + K1 * (1 - B + (B * roundedLength(content)) / this.#average)))
    }
    if (recency === undefined) return score
    const age = Math.max(0, recency.at! - timestamp)
    return score * (0.5 + 0.5 * 2 ** (-age / recency.halfLifeMs))
  }
}
