// Which chat logs somebody opens, and which one after which: learned from use, bounded, forgotten by halves. No clock and no chance: the same
// opens in the same order give the same guesses. Chat logs go by the numbers of their heads, which are never given again.

import * as z from 'zod/mini'
import type { JsonValue } from './values.js'

/** Opens after which one counts half. */
const HALF_LIFE = 1000
/** Chat logs it knows, and those of them that it writes down. */
const MAX_KNOWN = 256
const MAX_STORED = 128
/** Chat logs remembered as those that follow one. */
const MAX_FOLLOWERS = 4
/** So many opens after one chat log say as much about the next as everything that is known of all. */
const TRUST_AFTER = 4
/** What followed once may be chance: this much is taken off. */
const CHANCE = 0.5
/** Weights grow instead of all others shrinking; before they grow too large they begin anew. */
const LARGEST_WEIGHT = 1e6

interface Known {
  opens: number
  /** Opens of anything after it. */
  left: number
  readonly followers: Map<number, number>
}

const countSchema = z.number().check(z.nonnegative())
const numberSchema = z.int().check(z.nonnegative())
const schema = z.object({
  total: countSchema,
  /** Number, opens, opens after it, then followers: each with how often. */
  logs: z.array(z.tuple([numberSchema, countSchema, countSchema, z.array(z.tuple([numberSchema, countSchema]))])),
})

export class Habits {
  readonly #known = new Map<number, Known>()
  #total = 0
  #weight = 1
  #last: number | undefined

  /** From what was written down; from nothing where that makes no sense. */
  constructor(stored?: unknown) {
    const { data } = schema.safeParse(stored)
    if (data === undefined) return
    this.#total = data.total
    for (const [number, opens, left, followers] of data.logs.slice(0, MAX_KNOWN)) this.#known.set(number, { opens, left, followers: new Map(followers.slice(0, MAX_FOLLOWERS)) })
  }

  /** A chat log was opened. @returns false when it is the one that was open anyway */
  note(number: number): boolean {
    if (number === this.#last) return false
    this.#age()
    const known = this.#known.get(number) ?? this.#learn(number)
    known.opens += this.#weight
    this.#total += this.#weight
    const before = this.#last === undefined ? undefined : this.#known.get(this.#last)
    if (before !== undefined) {
      before.left += this.#weight
      if (!before.followers.has(number) && before.followers.size >= MAX_FOLLOWERS) before.followers.delete(leastOf(before.followers, (count) => count)!)
      before.followers.set(number, (before.followers.get(number) ?? 0) + this.#weight)
    }
    this.#last = number
    return true
  }

  /** Forgets chat logs that are gone. @returns whether there were any */
  retain(isThere: (number: number) => boolean): boolean {
    let changed = false
    for (const [number, { followers }] of this.#known) {
      if (!isThere(number)) changed = this.#known.delete(number)
      for (const follower of followers.keys()) if (!isThere(follower)) changed = followers.delete(follower)
    }
    return changed
  }

  /** Chat logs that may be opened next, the likeliest first; not the one that is open. */
  likely(): number[] {
    const scores = new Map<number, number>()
    const current = this.#last === undefined ? undefined : this.#known.get(this.#last)
    const trust = current === undefined ? 0 : current.left / (current.left + TRUST_AFTER * this.#weight)
    for (const [number, { opens }] of this.#known) scores.set(number, ((1 - trust) * opens) / this.#total)
    for (const [number, count] of current?.followers ?? []) {
      scores.set(number, (scores.get(number) ?? 0) + (trust * Math.max(0, count - CHANCE * this.#weight)) / current!.left)
    }
    if (this.#last !== undefined) scores.delete(this.#last)
    return [...scores].sort(([a, x], [b, y]) => y - x || a - b).map(([number]) => number)
  }

  /** What to write down: of those opened most, in small numbers. */
  toJson(): JsonValue {
    const small = (count: number): number => Math.round((count / this.#weight) * 100) / 100
    const logs = [...this.#known]
      .sort(([a, x], [b, y]) => y.opens - x.opens || a - b)
      .slice(0, MAX_STORED)
      .map(([number, { opens, left, followers }]): JsonValue => [number, small(opens), small(left), [...followers].map(([follower, count]): JsonValue => [follower, small(count)])])
    return { total: small(this.#total), logs }
  }

  #learn(number: number): Known {
    if (this.#known.size >= MAX_KNOWN) this.#known.delete(leastOf(this.#known, ({ opens }) => opens)!)
    const known = { opens: 0, left: 0, followers: new Map<number, number>() }
    this.#known.set(number, known)
    return known
  }

  #age(): void {
    this.#weight *= 2 ** (1 / HALF_LIFE)
    if (this.#weight < LARGEST_WEIGHT) return
    this.#total /= this.#weight
    for (const known of this.#known.values()) {
      known.opens /= this.#weight
      known.left /= this.#weight
      for (const [follower, count] of known.followers) known.followers.set(follower, count / this.#weight)
    }
    this.#weight = 1
  }
}

function leastOf<V>(counts: ReadonlyMap<number, V>, countOf: (value: V) => number): number | undefined {
  let least: number | undefined
  let lowest = Infinity
  for (const [number, value] of counts) {
    const count = countOf(value)
    if (count >= lowest) continue
    lowest = count
    least = number
  }
  return least
}
