// Which words tell what a session is about: those that are often in it and seldom elsewhere (tf-idf, Spärck Jones 1972). Pure and
// without lists of words, so it is the same for every language, and the same messages always give the same words.

import { tokenize, type Token } from '../words/tokenizer.js'

export interface CandidateWord {
  readonly term: string
  /** As it is most often written in the session. */
  readonly spelling: string
  /** How often it stands in the session, and in how many of its messages. */
  readonly count: number
  readonly messages: number
  /** Two neighbours of a script without spaces: part of a word, or of two. */
  readonly isPair: boolean
}

/** How common a word is in the whole vault. */
export interface Commonness {
  /** Messages of the vault. */
  readonly messages: number
  /** Those that hold the word. */
  readonly holding: number
}

interface Tally {
  count: number
  messages: number
  lastMessage: number
  readonly isPair: boolean
  readonly spellings: Map<string, number>
}

/** A chat of fewer words says most of them once. */
const TINY_CHAT = 100
/** What is longer is a key, an address or a picture in base64. */
const LONGEST_WORD = 40
/** Words looked up for one session: the most telling ones are among the most frequent. */
const MAX_CANDIDATES = 200
/** As if the vault held so many messages more, without any of the words: in a vault of two, what both of them say is not commonplace. */
const IMAGINED_MESSAGES = 2

const HAS_LETTER = /\p{L}/u

/** Counts the words of one session. */
export class SessionWords {
  readonly #tallies = new Map<string, Tally>()
  #words = 0
  #messages = 0

  get messages(): number {
    return this.#messages
  }

  add(content: string): void {
    this.#messages++
    let compoundEnd = 0
    for (const token of tokenize(content)) {
      // A compound counts as it is written, not by its parts, which follow it.
      if (token.span > 1) compoundEnd = token.position + token.span
      else if (token.position < compoundEnd) continue
      if (token.lastSign) continue
      this.#words++
      if (mayBeKeyword(token.term)) this.#count(token, content.slice(token.start, token.end))
    }
  }

  #count({ term, firstEnd, end }: Token, spelling: string): void {
    let tally = this.#tallies.get(term)
    if (tally === undefined) {
      tally = { count: 0, messages: 0, lastMessage: 0, isPair: firstEnd !== end, spellings: new Map() }
      this.#tallies.set(term, tally)
    }
    tally.count++
    if (tally.lastMessage !== this.#messages) tally.messages++
    tally.lastMessage = this.#messages
    tally.spellings.set(spelling, (tally.spellings.get(spelling) ?? 0) + 1)
  }

  /** Words that may become keywords: those said twice or more, in a tiny chat all. The most frequent first. */
  candidates(): CandidateWord[] {
    const least = this.#words < TINY_CHAT ? 1 : 2
    return [...this.#tallies]
      .filter(([, { count }]) => count >= least)
      .map(([term, { count, messages, isPair, spellings }]) => ({ term, spelling: mostFrequent(spellings), count, messages, isPair }))
      .sort((a, b) => b.messages - a.messages || byCount(a, b))
      .slice(0, MAX_CANDIDATES)
  }
}

function mayBeKeyword(term: string): boolean {
  return term.length <= LONGEST_WORD && HAS_LETTER.test(term) && [...term].length > 1
}

/** Of equals the one that came first. */
function mostFrequent(spellings: ReadonlyMap<string, number>): string {
  let best = ['', 0] as readonly [string, number]
  for (const entry of spellings) if (entry[1] > best[1]) best = entry
  return best[0]
}

function byCount(a: CandidateWord, b: CandidateWord): number {
  return b.count - a.count || (a.term < b.term ? -1 : 1)
}

/**
 * The most telling words of a session, the most telling first, as they are spelled in it. Parts of words of a script without spaces only
 * where there are no words.
 * @param messages of the session
 */
export function pickKeywords(candidates: readonly CandidateWord[], messages: number, commonness: (term: string) => Commonness, limit: number): string[] {
  const telling = candidates
    .map((word) => ({ word, score: tell(word, messages, commonness(word.term)) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || byCount(a.word, b.word))
    .map(({ word }) => word)
  const words = telling.filter(({ isPair }) => !isPair)
  return (words.length > 0 ? words : telling).slice(0, limit).map(({ spelling }) => spelling)
}

function tell(word: CandidateWord, messages: number, vault: Commonness): number {
  // Counted at another moment, the vault may hold less of a word than the session did.
  const holding = Math.max(vault.holding, word.messages)
  const all = Math.max(vault.messages, messages, holding)
  const elsewhere = all - messages
  // Any session of this length would have so many messages with the word: `the` tells nothing, however often it is said.
  const usual = elsewhere === 0 ? 0 : ((holding - word.messages) / elsewhere) * messages
  // Squared, which measured better on chats in eight languages in one vault: there, what is a filler in one of them is rare in all.
  const rarity = Math.log(1 + (all + IMAGINED_MESSAGES - holding + 0.5) / (holding + 0.5))
  return (word.messages - usual) * (1 + Math.log(word.count / word.messages)) * rarity ** 2
}
