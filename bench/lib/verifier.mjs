// @ts-check
// Holds the answers of all subjects against a walk over the messages.

import { keyOf } from './queries.mjs'
import { TextScan } from './text-scan.mjs'

/**
 * @typedef {import('./queries.mjs').Query} Query
 * @typedef {{ places: readonly (string | number)[], shown: boolean }} Answer
 */

const limit = 20
const examplesKept = 5

export class Verifier {
  #scan
  /** Numbers in the order of time by id. @type {Map<string, number>} */
  #numbers = new Map()
  /** By query: the newest answers. @type {Map<string, number[]>} */
  #newest = new Map()
  /** By subject: queries that it answers otherwise. @type {Map<string, Set<string>>} */
  differences = new Map()

  /** @param {import('./corpus.mjs').Corpus} corpus */
  constructor({ conversations }) {
    const messages = conversations.flatMap((conversation) => conversation.messages).sort((a, b) => a.timestamp - b.timestamp)
    this.contents = messages.map(({ content }) => content)
    for (const [number, { id }] of messages.entries()) this.#numbers.set(id, number)
    this.#scan = new TextScan(this.contents)
  }

  get normal() {
    return this.#scan.normal
  }

  /** Walks over the messages, once for each query. @param {readonly Query[]} queries */
  learn(queries) {
    for (const query of queries) this.#newest.set(keyOf(query), this.#scan.newest(query, limit))
  }

  /**
   * The newest in their order; or of a ranking, as many answers as there are, since rankings differ in what they find best.
   * @param {Query} query
   * @param {Answer} answer
   */
  isRight(query, { places, shown }) {
    const found = places.map((place) => (typeof place === 'string' ? this.#numbers.get(place) : place))
    const expected = this.#newest.get(keyOf(query))
    if (expected === undefined) throw new Error('that query was not walked for')
    if (!shown || found.length !== expected.length) return false
    if (query.order === 'recent') return found.every((number, i) => number === expected[i])
    return new Set(found).size === found.length && found.every((number) => number !== undefined && this.#scan.meets(query, number))
  }

  /** Remembers a query that a subject answers otherwise. @param {string} subject @param {Query} query @param {Answer} answer */
  hold(subject, query, answer) {
    if (this.isRight(query, answer)) return
    const known = this.differences.get(subject)
    if (known === undefined) this.differences.set(subject, new Set([keyOf(query)]))
    else known.add(keyOf(query))
  }

  /** Queries on which not all agree. */
  get dropped() {
    return new Set([...this.differences.values()].flatMap((keys) => [...keys]))
  }

  /** Some queries that a subject answers otherwise. @param {string} subject */
  examples(subject) {
    return [...(this.differences.get(subject) ?? [])].slice(0, examplesKept)
  }
}
