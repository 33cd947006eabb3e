// What a keyword index must not be: for each message a row with an HMAC of each of its words, in a multiEntry index, as "blind
// indexes" have it. Who copies the disk sees no word, but sees which are equal. Here only so that the distinguisher has
// something it must tell apart.

import { createHmac, randomBytes } from 'node:crypto'
import { termsOf, type History } from './corpora.js'
import type { Features } from './features.js'

interface NaiveRow {
  /** Of the sealed message, padded as commits are. */
  readonly length: number
  /** Sorted, as a multiEntry index keeps them: in which order the words came is not shown. */
  readonly tokens: readonly string[]
}

const ENVELOPE = 35
const FRAME = 9
const STEP = 1024

/** The rows the messages of a history leave, under a fresh key. */
function naiveRows(history: History): NaiveRow[] {
  const key = randomBytes(32)
  const tokenOf = (term: string): string => createHmac('sha256', key).update(term).digest().subarray(0, 8).toString('hex')
  return history.map(({ content }) => ({
    length: ENVELOPE + Math.ceil((FRAME + Buffer.byteLength(content)) / STEP) * STEP,
    tokens: [...termsOf(content)].map(tokenOf).sort(),
  }))
}

/** All that equality of tokens tells: what each is called plays no part. */
export function naiveFeatures(history: History): Features {
  const features = new Map<string, number>()
  const count = (name: string, by = 1): void => void features.set(name, (features.get(name) ?? 0) + by)
  /** The rows each token was in so far: its only name. */
  const seen = new Map<string, number[]>()
  const companions = new Map<string, Set<string>>()
  for (const [at, { length, tokens }] of naiveRows(history).entries()) {
    count(`${at}: length`, length)
    count(`${at}: tokens`, tokens.length)
    count(`${at}: new tokens`, tokens.filter((token) => !seen.has(token)).length)
    const known = tokens.map((token) => (seen.get(token) ?? []).join('+'))
    count(`${at}: shares ${known.sort().join(' ')}`)
    for (const token of tokens) {
      seen.set(token, [...(seen.get(token) ?? []), at])
      const beside = companions.get(token) ?? new Set()
      companions.set(token, beside)
      for (const other of tokens) if (other !== token) beside.add(other)
    }
    count(`${at}: distinct tokens`, seen.size)
  }
  for (const [rank, frequency] of descending([...seen.values()].map((rows) => rows.length))) count(`frequency of rank ${rank}`, frequency)
  for (const [rank, degree] of descending([...companions.values()].map((beside) => beside.size))) count(`companions of rank ${rank}`, degree)
  return features
}

function descending(values: readonly number[]): IterableIterator<[number, number]> {
  return [...values].sort((a, b) => b - a).entries()
}
