// What a search must find, in which order: a walk over every message of a plain list. It asks the library only what a text is cut into
// and which terms agree (the table by hand pins that down); filters, scores and orders are its own.

import { matchText, type Range } from '../../../src/vault/search/words/match.js'
import type { SearchOptions } from '../../../src/vault/search/options.js'
import { isForgiving, parseForgiving, parseQuery, type Clause, type Query } from '../../../src/vault/search/words/query.js'
import { tokenize } from '../../../src/vault/search/words/tokenizer.js'
import { asTyped } from './as-typed.js'
import { Asked, countIn, type Cuts } from './asked.js'
import { placesOfNear } from './mistakes.js'
import { Weights } from './weights.js'

export interface TruthMessage {
  readonly logId: string
  /** Chat logs in order of creation. */
  readonly logNumber: number
  readonly number: number
  readonly id: string
  readonly content: string
  readonly timestamp: number
  readonly senderId: string
  readonly type: 'user' | 'assistant' | 'system'
  readonly sessionId?: string
  /** Of its session. */
  readonly participants?: readonly string[]
}

export interface Answer {
  readonly message: TruthMessage
  /** Found because the query is its id. */
  readonly byId: boolean
  /** Only in the order `relevance`. */
  readonly score: number
  /** The query that it answers: as asked, or with mistakes forgiven. */
  readonly query: Query
}

/** Rules that those leave out who want to see that it is noticed. */
export interface Rules {
  readonly relevance?: boolean
  readonly ids?: boolean
  readonly typos?: boolean
}

/** What tells a message from all others. */
export const keyOf = ({ logId, number }: { readonly logId: string; readonly number: number }): string => `${logId} ${number}`

export class Truth {
  readonly messages: readonly TruthMessage[]
  readonly cuts: Cuts
  /** Every term there is, and how many messages hold it. */
  readonly vocabulary: readonly string[]
  readonly frequencies: readonly number[]
  readonly #terms = new Map<string, number>()

  constructor(messages: readonly TruthMessage[]) {
    this.messages = messages
    const vocabulary: string[] = []
    const frequencies: number[] = []
    const [starts, terms, counts] = [[0], [] as number[], [] as number[]]
    for (const { content } of messages) {
      const own = new Map<number, number>()
      for (const { term } of tokenize(content)) {
        const number = this.#terms.get(term) ?? vocabulary.push(term) - 1
        this.#terms.set(term, number)
        own.set(number, (own.get(number) ?? 0) + 1)
      }
      for (const [number, count] of own) {
        frequencies[number] = (frequencies[number] ?? 0) + 1
        terms.push(number)
        counts.push(count)
      }
      starts.push(terms.length)
    }
    this.cuts = { starts, terms: Int32Array.from(terms), counts: Int32Array.from(counts) }
    this.vocabulary = vocabulary
    this.frequencies = frequencies
  }

  /** All answers in order, whatever the limit; without some of the rules only for those who want to see that it is noticed. */
  answers(text: string, options: SearchOptions, rules: Rules = {}): Answer[] {
    const found = this.#answersTo(parseQuery(asTyped(text, options.typing)), text, options, rules)
    const forgiving = found.length > 0 || options.typos !== true || rules.typos === false ? undefined : parseForgiving(text, options)
    return forgiving === undefined ? found : this.#answersTo(forgiving, text, options, rules)
  }

  #answersTo(query: Query, text: string, options: SearchOptions, { relevance = true, ids = true }: Rules): Answer[] {
    const ranked = options.order === 'relevance' && relevance
    const asked = new Asked(query, this.vocabulary, this.frequencies, this.#terms)
    const weights = ranked ? new Weights(asked, query, this.messages) : undefined
    const id = ids ? text.trim() : undefined
    const match = options.match ?? 'all'
    const found: Answer[] = []
    for (let i = 0; i < this.messages.length; i++) {
      const message = this.messages[i]!
      const byId = message.id === id
      const held = asked.look(this.cuts, i)
      if (!(byId || held) || !admits(options, message)) continue
      const counts = held ? this.#meet(asked, query, message.content, match, ranked) : undefined
      if (byId) found.push({ message, byId, score: 0, query })
      else if (counts !== undefined) found.push({ message, byId, score: weights?.score(counts, message, options.recency) ?? 0, query })
    }
    return found.sort((a, b) => Number(b.byId) - Number(a.byId) || b.score - a.score || byTime(a.message, b.message))
  }

  /** How often each wanted clause stands in the message looked at; undefined when it is no answer. */
  #meet(asked: Asked, { wanted, unwanted }: Query, content: string, match: 'all' | 'any', countAll: boolean): number[] | undefined {
    const counts: number[] = []
    for (const clause of wanted) {
      const count = countIn(asked, clause, content)
      if (count === 0 && match === 'all') return undefined
      counts.push(count)
      // Whether it is an answer is known; only scores ask for more.
      if (count > 0 && match === 'any' && !countAll) break
    }
    if (!counts.some((count) => count > 0)) return undefined
    return unwanted.some((clause: Clause) => countIn(asked, clause, content) > 0) ? undefined : counts
  }

  /** The same without any short cut, message by message: what `answers` itself is held against. Order: as the messages are. */
  slowly(text: string, options: SearchOptions): string[] {
    const found = this.#meeting(parseQuery(asTyped(text, options.typing)), text, options)
    const forgiving = found.length > 0 || options.typos !== true ? undefined : parseForgiving(text, options)
    return forgiving === undefined ? found : this.#meeting(forgiving, text, options)
  }

  #meeting(query: Query, text: string, options: SearchOptions): string[] {
    const met = (message: TruthMessage): boolean => message.id === text.trim() || matchText(query, message.content, options.match ?? 'all').met
    return this.messages.filter((message) => admits(options, message) && met(message)).map(keyOf)
  }
}

/** Where the words of a query stand in a content that is an answer; nowhere in one that is none. */
export function placesIn(content: string, query: Query, match: 'all' | 'any' = 'all'): readonly Range[] {
  if (!query.wanted.some(({ terms }) => terms.some(isForgiving))) return matchText(query, content, match).highlights
  // Words that are found as they were typed, and those that are near by the table; one word is one place, and words do not overlap phrases by half.
  const plain: Query = { unwanted: [], wanted: query.wanted.filter(({ terms }) => !terms.some(isForgiving)) }
  return joined([...(plain.wanted.length === 0 ? [] : matchText(plain, content, 'any').highlights), ...placesOfNear(query, content)])
}

/** In order, and those that overlap as one. */
function joined(ranges: readonly Range[]): Range[] {
  const all: { start: number; end: number }[] = []
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    const before = all.at(-1)
    if (before !== undefined && start < before.end) before.end = Math.max(before.end, end)
    else all.push({ start, end })
  }
  return all
}

/** Newest first; at the same time, what was added last. */
export function byTime(a: TruthMessage, b: TruthMessage): number {
  return b.timestamp - a.timestamp || b.logNumber - a.logNumber || b.number - a.number
}

function admits({ sessionIds, participants, senders, types, from, to }: SearchOptions, message: TruthMessage): boolean {
  if (from !== undefined && message.timestamp < from) return false
  if (to !== undefined && message.timestamp > to) return false
  if (senders !== undefined && !senders.includes(message.senderId)) return false
  if (types !== undefined && !types.includes(message.type)) return false
  if (sessionIds !== undefined && !(message.sessionId !== undefined && sessionIds.includes(message.sessionId))) return false
  if (participants === undefined) return true
  return message.participants !== undefined && participants.every((participant) => message.participants!.includes(participant))
}
