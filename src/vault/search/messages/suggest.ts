// Words of messages that begin as was typed, those that most messages hold first. In a segment only the pages of such words are read; lists only
// where messages are hidden, and of no more words than may be among the first.

import type { Access } from '../../core/access.js'
import { Slices } from '../../core/slices.js'
import type { Head, State } from '../../core/state.js'
import { inGroups, readWholeLogs } from '../../records/message-pages.js'
import { contentOf } from '../../records/message-content.js'
import type { IndexView, LiveIndex, LiveSegment } from '../index/live-index.js'
import type { ListPlace } from '../segments/postings.js'
import { tokenize } from '../words/tokenizer.js'
import { despiteDamage, type MessageSearchPorts } from './despite-damage.js'
import { cutPending } from './pending-cuts.js'
import { countEachAmong, hiddenOrdinals } from './hidden.js'
import { WordTally } from './word-tally.js'

export interface SuggestOptions {
  /** Default: 8. */
  readonly limit?: number
  readonly signal?: AbortSignal
}

export interface Suggestion {
  /** As words are compared: without case and accents, `zurich`. */
  readonly word: string
  /** How many messages hold it. */
  readonly messages: number
}

interface Asked {
  readonly beginning: string
  readonly limit: number
  readonly slices: Slices
}

/** A word, and how many messages hold it at most. */
interface Bounded {
  readonly word: string
  messages: number
  /** Lists in which some of the messages are hidden. */
  doubtful?: { readonly live: LiveSegment; readonly place: ListPlace }[]
}

/** Words whose lists are read together; twice as many each time, for where most of them are hidden. */
const WORDS_AT_FIRST = 16

/** @throws {VaultError} `locked`, `corrupt`; {TypeError} for what is no string; {RangeError} for the limit; the signal's reason when aborted */
export async function suggestWords(ports: MessageSearchPorts, typed: string, { limit = 8, signal }: SuggestOptions): Promise<Suggestion[]> {
  if (typeof typed !== 'string') throw new TypeError('what was typed is a string')
  if (!(limit >= 0) || (limit !== Infinity && !Number.isInteger(limit))) throw new RangeError('limit must be a whole number from 0')
  signal?.throwIfAborted()
  const beginning = lastWord(typed)
  if (beginning === undefined || limit === 0) return []
  const asked = { beginning, limit, slices: new Slices(signal) }
  return despiteDamage(ports, (live) => ports.access.view((state) => suggest(ports.access, live, state, asked)))
}

/** Folded; of a compound or a run without spaces what reaches farthest back and is one term. */
function lastWord(typed: string): string | undefined {
  const tokens = tokenize(typed.split(/\s/u).at(-1)!)
  return tokens.find(({ end }) => end === tokens.at(-1)!.end)?.term
}

async function suggest(access: Access, live: LiveIndex | undefined, state: State, asked: Asked): Promise<Suggestion[]> {
  const view = await live?.view()
  const tally = new WordTally(asked.beginning)
  for (const { body } of view?.pending ?? []) {
    tally.addCut((await cutPending(access, body)).cut)
    await asked.slices.breathe()
  }
  await readLogs(access, state, view?.unread ?? [...state.heads.chatLogs.entries()].map(([, log]) => log), tally, asked.slices)
  return best(await boundedWords(view, tally, asked), asked)
}

async function readLogs(access: Access, state: State, logs: readonly Head[], tally: WordTally, slices: Slices): Promise<void> {
  const wanted = new Map(logs.map((log) => [log.id, log]))
  for (const group of inGroups(logs.map(({ id, value }) => ({ chatLogId: id, messages: value['next'] as number })))) {
    for (const bodies of await readWholeLogs(access, state, group.map((id) => wanted.get(id)!))) {
      for (const { body } of bodies) {
        tally.addText(await contentOf(access, body))
        await slices.breathe()
      }
    }
  }
}

async function boundedWords(view: IndexView | undefined, tally: WordTally, { beginning, slices }: Asked): Promise<Bounded[]> {
  const words = new Map<string, Bounded>()
  for (const [word, messages] of tally.counts) words.set(word, { word, messages })
  for (const live of view?.segments ?? []) {
    const { segment, hidden } = live
    for (const { page, word: at } of await segment.vocabulary.meant({ term: beginning, comparison: 'begins' }, slices)) {
      const word = page.word(at)
      let known = words.get(word)
      if (known === undefined) words.set(word, (known = { word, messages: 0 }))
      known.messages += page.messagesOf(at)
      if (hidden !== undefined) (known.doubtful ??= []).push({ live, place: page.placeOf(at) })
    }
  }
  return [...words.values()]
}

/** The first of all words, counted exactly: none behind them could come before one of them. */
async function best(words: readonly Bounded[], { limit, slices }: Asked): Promise<Suggestion[]> {
  const sorted = words.toSorted(byMessages)
  let found: Suggestion[] = []
  for (let at = 0, count = WORDS_AT_FIRST; at < sorted.length; at += count, count *= 2) {
    if (found.length === limit && byMessages(found.at(-1)!, sorted[at]!) < 0) break
    const counted = await countExactly(sorted.slice(at, at + count), slices)
    found = [...found, ...counted].sort(byMessages).slice(0, limit)
    await slices.breathe()
  }
  return found
}

function byMessages(a: Suggestion, b: Suggestion): number {
  return b.messages - a.messages || (a.word < b.word ? -1 : 1)
}

/** Those of which any message is left. */
async function countExactly(words: readonly Bounded[], slices: Slices): Promise<Suggestion[]> {
  const messages = words.map((word) => word.messages)
  const bySegment = new Map<LiveSegment, { readonly at: number; readonly place: ListPlace }[]>()
  for (const [at, { doubtful = [] }] of words.entries()) {
    for (const { live, place } of doubtful) {
      const doubts = bySegment.get(live)
      if (doubts === undefined) bySegment.set(live, [{ at, place }])
      else doubts.push({ at, place })
    }
  }
  for (const [{ segment, hidden }, doubts] of bySegment) {
    const lists = await segment.lists(doubts.map(({ place }) => place))
    const gone = await countEachAmong(segment, lists, hiddenOrdinals(hidden!), slices)
    for (const [i, { at }] of doubts.entries()) messages[at]! -= gone[i]!
  }
  return words.map(({ word }, at) => ({ word, messages: messages[at]! })).filter((word) => word.messages > 0)
}
