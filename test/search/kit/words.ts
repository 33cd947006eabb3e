// Words of a corpus by how many messages hold them, and real places where they stand: what queries are cut from.

import { tokenize, type Token } from '../../../src/vault/search/words/tokenizer.js'
import type { Random } from '../../kit/random.js'
import type { Truth, TruthMessage } from './truth.js'

/** A message, its tokens, and one of them. */
export interface Place {
  readonly message: TruthMessage
  readonly tokens: readonly Token[]
  readonly at: number
}

/** Places kept of each term. */
const KEPT = 3

export class Words {
  readonly #truth: Truth
  readonly #random: Random
  /** Numbers of terms, rarest first. */
  readonly #byFrequency: readonly number[]
  readonly #places: readonly number[][]

  constructor(truth: Truth, random: Random) {
    this.#truth = truth
    this.#random = random
    this.#byFrequency = truth.frequencies.map((_, term) => term).sort((a, b) => truth.frequencies[a]! - truth.frequencies[b]!)
    const places: number[][] = truth.vocabulary.map(() => [])
    const seen = new Int32Array(truth.vocabulary.length)
    const { starts, terms } = truth.cuts
    for (const i of truth.messages.keys()) {
      for (const term of terms.subarray(starts[i], starts[i + 1])) {
        const kept = places[term]!
        // A reservoir: every message that holds the term is as likely to be kept.
        const slot = kept.length < KEPT ? kept.length : random.below(seen[term]! + 1)
        if (slot < KEPT) kept[slot] = i
        seen[term]!++
      }
    }
    this.#places = places
  }

  /** A term, even over the logarithm of its frequency: common, middle and rare ones alike; in one of its messages. */
  draw(): Place {
    const { frequencies, messages, vocabulary } = this.#truth
    const most = frequencies[this.#byFrequency.at(-1)!]!
    const wanted = Math.exp(this.#random.next() * Math.log(most + 1))
    const from = this.#first(wanted / 1.3)
    const to = Math.max(from + 1, this.#first(wanted * 1.3))
    const term = this.#byFrequency[Math.min(this.#byFrequency.length - 1, from + this.#random.below(to - from))]!
    const message = messages[this.#random.pick(this.#places[term]!)]!
    const tokens = tokenize(message.content)
    const those = tokens.flatMap((token, at) => (token.term === vocabulary[term] ? [at] : []))
    return { message, tokens, at: this.#random.pick(those) }
  }

  /** Another word of the same message. */
  beside({ message, tokens }: Place): Place {
    return { message, tokens, at: this.#random.below(tokens.length) }
  }

  /** How many terms are rarer than this. */
  #first(frequency: number): number {
    let low = 0
    let high = this.#byFrequency.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#truth.frequencies[this.#byFrequency[middle]!]! < frequency) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** A word as it is written there; in a script without spaces now and then more than the pair. */
export function surfaceOf(random: Random, { message, tokens, at }: Place, atLeast = 1): string {
  const { start } = tokens[at]!
  let last = at
  for (let more = random.below(3) + atLeast - 1; more > 0; more--) {
    const next = tokens[last + 1]
    // Pairs overlap; words do not.
    if (next === undefined || next.span > 1 || next.start >= tokens[last]!.end || next.start <= tokens[last]!.start) break
    last++
  }
  return message.content.slice(start, tokens[last]!.end)
}

/** Two to four words side by side, with whatever stands between them; undefined where there are none or they are very long. */
export function stretchOf(random: Random, { message, tokens, at }: Place): string | undefined {
  const { position, start } = tokens[at]!
  const wanted = position + 1 + random.below(3)
  const last = tokens.findLast((token) => token.span === 1 && token.position > position && token.position <= wanted)
  if (last === undefined || last.end - start > 200) return undefined
  return message.content.slice(start, last.end).replaceAll('"', ' ')
}

/** What stands there between two spaces: paths, addresses, words with their punctuation. */
export function chunkOf({ message, tokens, at }: Place): string | undefined {
  const { start, end } = tokens[at]!
  const before = message.content.slice(Math.max(0, start - 100), start).search(/[^\s"]*$/u)
  const after = message.content.slice(end, end + 100).search(/[\s"]/u)
  const chunk = message.content.slice(Math.max(0, start - 100) + before, after === -1 ? end + 100 : end + after)
  // Leading signs would say something else in a query; halves of a pair would stand for nothing.
  const bare = chunk.replace(/^[-*]+|\*+$|\p{Cs}/gu, '')
  return bare === '' ? undefined : bare
}

/** Another way to write the same word, now and then. */
export function respelt(random: Random, word: string): string {
  const way = random.below(20)
  if (way < 2) return word.toUpperCase()
  if (way < 4) return word.toLowerCase()
  if (way === 4) return word.normalize('NFD')
  if (way === 5) return word.normalize('NFC')
  return word
}
