// Queries as people might type them over a corpus, drawn by document frequency: one to four words, phrases cut from real messages,
// beginnings, middles, exclusions, filters, both orders. Nearly all are drawn around one message, so that they have answers.

import { isVaultError } from '../../../src/errors.js'
import type { SearchOptions } from '../../../src/vault/search/options.js'
import { parseQuery } from '../../../src/vault/search/words/query.js'
import type { Random } from '../../kit/random.js'
import { mistyped } from './mistakes.js'
import type { Truth } from './truth.js'
import { chunkOf, respelt, stretchOf, surfaceOf, Words, type Place } from './words.js'

export interface DrawnQuery {
  readonly text: string
  readonly options: SearchOptions
}

const LIMITS = [1, 2, 3, 5, 10, 20, 50, 100, 1000, undefined] as const
const LONGEST = 1024

export class QuerySource {
  readonly #random: Random
  readonly #words: Words
  readonly #sessionIds: readonly string[]
  readonly #senders: readonly string[]
  readonly #given = new Set<string>()

  constructor(truth: Truth, random: Random) {
    if (truth.vocabulary.length === 0) throw new RangeError('there is no word to ask for')
    this.#random = random
    this.#words = new Words(truth, random)
    this.#sessionIds = [...new Set(truth.messages.flatMap(({ sessionId }) => (sessionId === undefined ? [] : [sessionId])))]
    this.#senders = [...new Set(truth.messages.map(({ senderId }) => senderId))]
  }

  /** One that was not given yet. @throws {RangeError} where hardly any is left */
  next(): DrawnQuery {
    for (let attempt = 0; attempt < 1000; attempt++) {
      const drawn = this.#draw()
      const key = JSON.stringify([drawn.text, drawn.options])
      if (this.#given.has(key) || drawn.text.length > LONGEST || !isQuery(drawn.text)) continue
      this.#given.add(key)
      return drawn
    }
    throw new RangeError('the corpus is too small for another query')
  }

  #draw(): DrawnQuery {
    const random = this.#random
    const home = this.#words.draw()
    const id = random.chance(0.02)
    const [clauses, match] = id ? [[home.message.id], undefined] : random.chance(0.04) ? [this.#unlikely(home), undefined] : this.#clauses(home)
    if (!id && random.chance(0.15)) clauses.splice(random.below(clauses.length + 1), 0, `-${this.#excluded(home)}`)
    const limit = random.pick(LIMITS)
    const typing = random.chance(0.1)
    const typos = random.chance(0.15)
    const text = id && random.chance(0.3) ? ` ${clauses[0]} ` : clauses.join(random.chance(0.95) ? ' ' : ' \t ')
    return {
      text: id ? text : this.#marred(text, clauses, typing, typos),
      options: {
        ...(typos && { typos }),
        ...(typing && { typing }),
        ...(match !== undefined && { match }),
        ...(random.chance(0.5) && this.#order(home)),
        ...(limit !== undefined && { limit }),
        ...(random.chance(0.35) && this.#filters(home)),
      },
    }
  }

  #order({ message }: Place): SearchOptions {
    if (this.#random.chance(0.4)) return { order: 'recent' }
    if (this.#random.chance(0.7)) return { order: 'relevance' }
    return { order: 'relevance', recency: { halfLifeMs: Math.ceil(Math.exp(this.#random.next() * Math.log(2e10))), at: message.timestamp + this.#random.below(1e9) } }
  }

  #clauses(home: Place): [string[], 'all' | 'any' | undefined] {
    const random = this.#random
    const kind = random.below(100)
    if (kind < 20) return [[this.#phrase(home)], undefined]
    if (kind < 26) return [[chunkOf(home) ?? this.#word(home)], undefined]
    if (kind < 37) return [[this.#prefix(home)], undefined]
    if (kind < 46) return [[this.#infix(home)], undefined]
    const count = 1 + random.below(4)
    const match = count === 1 ? undefined : random.pick(['all', 'any', undefined] as const)
    // Words of which any will do come from anywhere; those that must all be there come from one message.
    const others = Array.from({ length: count - 1 }, () => (match === 'any' && random.chance(0.7) ? this.#words.draw() : this.#words.beside(home)))
    const mixed = random.chance(0.25)
    const clauses = [home, ...others].map((place) => (mixed ? this.#clause(place) : this.#word(place)))
    return [clauses, match]
  }

  #clause(place: Place): string {
    const kind = this.#random.below(10)
    return kind < 4 ? this.#word(place) : kind < 6 ? this.#phrase(place) : kind < 8 ? this.#prefix(place) : this.#infix(place)
  }

  #word(place: Place): string {
    return respelt(this.#random, surfaceOf(this.#random, place))
  }

  #phrase(place: Place): string {
    const stretch = stretchOf(this.#random, place)
    return stretch === undefined ? this.#word(place) : `"${respelt(this.#random, stretch)}"`
  }

  /** From one letter up to the whole word. */
  #prefix(place: Place): string {
    const letters = [...this.#word(place)]
    return `${letters.slice(0, 1 + this.#random.below(letters.length)).join('')}*`
  }

  /** Three letters or more, anywhere in a word, or at its end. */
  #infix(place: Place): string {
    const letters = [...surfaceOf(this.#random, place, 2)]
    if (letters.length < 3) return this.#prefix(place)
    const from = this.#random.below(letters.length - 2)
    const atEnd = this.#random.chance(0.3)
    const to = atEnd ? letters.length : from + 3 + this.#random.below(letters.length - from - 2)
    return `*${letters.slice(from, to).join('')}${atEnd ? '' : '*'}`
  }

  #marred(text: string, clauses: readonly string[], typing: boolean, typos: boolean): string {
    const wrong = typos ? text.replace(/[^\s"]{4,}/gu, (word) => (this.#random.chance(0.6) ? mistyped(this.#random, word) : word)) : text
    return typing ? this.#unfinished(wrong, clauses.at(-1)!) : wrong
  }

  /** Without some of the letters at the end of the last clause. */
  #unfinished(text: string, last: string): string {
    const letters = [...text]
    return letters.slice(0, letters.length - this.#random.below([...last].length)).join('')
  }

  /** Something to leave out, of which the message that must be found has most often nothing. */
  #excluded(home: Place): string {
    const terms = new Set(home.tokens.map(({ term }) => term))
    let place = this.#words.draw()
    for (let attempt = 0; attempt < 5 && terms.has(place.tokens[place.at]!.term); attempt++) place = this.#words.draw()
    return this.#random.chance(0.7) ? this.#word(place) : this.#clause(place)
  }

  /** Words that hardly ever meet, or that nobody wrote. */
  #unlikely(home: Place): string[] {
    return this.#random.chance(0.5) ? [this.#word(home), this.#word(this.#words.draw())] : [`${this.#word(home)}q${this.#random.below(10)}`]
  }

  /** One to three that the message passes. */
  #filters({ message }: Place): SearchOptions {
    const random = this.#random
    const span = Math.floor(Math.exp(random.next() * Math.log(2e10)))
    const some = (all: readonly string[], own: string): string[] => [own, ...Array.from({ length: random.below(8) }, () => random.pick(all))]
    const draws: (() => SearchOptions)[] = [
      () => (message.sessionId === undefined ? {} : { sessionIds: some(this.#sessionIds, message.sessionId) }),
      () => (message.participants === undefined ? {} : { participants: message.participants.filter(() => random.chance(0.5)) }),
      () => ({ senders: random.chance(0.5) ? [message.senderId] : some(this.#senders, message.senderId) }),
      () => ({ types: random.chance(0.6) ? [message.type] : [message.type, 'assistant'] }),
      () => ({ from: message.timestamp - random.below(span) }),
      () => ({ to: message.timestamp + random.below(span) }),
      () => ({ from: message.timestamp - random.below(span), to: message.timestamp + random.below(span) }),
    ]
    return Object.assign({}, ...Array.from({ length: 1 + random.below(3) }, () => random.pick(draws)()))
  }
}

/** A word cut anywhere may have lost all that makes it one. */
function isQuery(text: string): boolean {
  try {
    return parseQuery(text).wanted.length > 0
  } catch (error) {
    if (isVaultError(error)) return false
    throw error
  }
}
