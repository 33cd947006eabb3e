// What may be said beside the words of a search, and what comes out of it.

import type { ChatLogId } from '../../brand.js'
import type { Fields } from '../core/log-row.js'
import type { Head, State } from '../core/state.js'
import type { Message, MessageType } from '../records/messages.js'
import type { Session } from '../records/sessions.js'
import type { Recency } from './messages/rank.js'
import type { Correction } from './words/corrections.js'
import type { Range } from './words/match.js'

export interface SearchOptions {
  /** What is searched; sessions and brains have options of their own. */
  readonly in?: 'messages'
  /** Whether every word must be there (the default), or any of them. Words excluded must be missing either way. */
  readonly match?: 'all' | 'any'
  /**
   * Whether the query is still being typed (default: false). Its last word then finds words that begin so, as `word*` does; not when white space
   * follows it, in a phrase, with a star of its own, or when it is excluded.
   */
  readonly typing?: boolean
  /**
   * Whether typing mistakes are forgiven (default: false). When nothing at all is found as asked for, filters included, the search is made once more, and a
   * word may then stand for those that differ from it by one letter too much, missing or wrong, or by two neighbours swapped. So with words of four
   * letters or more, of letters only, that are one word to the tokenizer, of scripts with spaces, not excluded, in no phrase and without a star.
   */
  readonly typos?: boolean
  /** Only messages of these sessions. */
  readonly sessionIds?: readonly string[]
  /** Only messages of sessions with all of these participants. */
  readonly participants?: readonly string[]
  /** Only messages of these senders. */
  readonly senders?: readonly string[]
  readonly types?: readonly MessageType[]
  /** Milliseconds, both ends included. */
  readonly from?: number
  readonly to?: number
  /** Default `recent`: newest timestamp first. `relevance`: where the words say most of the message (BM25), then newest. */
  readonly order?: 'recent' | 'relevance'
  /**
   * With `order: 'relevance'`: old messages are worth less, down to a half; one of this age in milliseconds has lost half of that. `at` is the time from
   * which age is counted, now when left out. Default: age does not matter but between messages of equal worth.
   */
  readonly recency?: { readonly halfLifeMs: number; readonly at?: number }
  /** Default: all of them. */
  readonly limit?: number
  readonly signal?: AbortSignal
}

export interface SearchHit {
  /** With its content whole; its other long values are deferred, as by `longValues: 'defer'`. */
  readonly message: Message
  /** Missing when the chat log belongs to none. */
  readonly session?: Session
  /** A line of the content around the first place that was found, and where in that line the words stand. */
  readonly snippet: { readonly text: string; readonly highlights: readonly Range[] }
  /** With `order: 'relevance'`: what the message is worth (BM25, docs/search.md). Only compares hits of one search. */
  readonly score?: number
  /** Where the words stand in `message.content`: UTF-16 offsets, end exclusive, in order, without overlaps. */
  readonly highlights: readonly Range[]
  /** For each word of the query in which a mistake was forgiven: as it was typed, and as it first stands in the message; missing when there are none. */
  readonly corrections?: readonly Correction[]
}

/** As for `search`, but `limit` counts sessions. */
export interface BySessionOptions extends SearchOptions {
  /** The best messages given of each; default 3. */
  readonly hitsPerSession?: number
}

/** What a search found in one session. */
export interface SessionHits {
  readonly chatLogId: ChatLogId
  /** Missing when the chat log belongs to none. */
  readonly session?: Session
  /** How many of its messages meet the query. */
  readonly matches: number
  /** The best of them, in the order asked for. */
  readonly hits: readonly SearchHit[]
}

/** Where a message is that a search found. */
export interface MatchPlace {
  readonly chatLogId: ChatLogId
  /** Its place in the chat log, as `Message.number`. */
  readonly number: number
  readonly timestamp: number
  /** With `order: 'relevance'`, as in `SearchHit`. */
  readonly score?: number
}

/** Filters ready to be asked. */
export interface Filters {
  readonly match: 'all' | 'any'
  readonly typing: boolean
  readonly typos: boolean
  readonly order: 'recent' | 'relevance'
  readonly recency: Recency | undefined
  readonly limit: number
  readonly signal: AbortSignal | undefined
  readonly sessionIds: ReadonlySet<string> | undefined
  readonly participants: readonly string[] | undefined
  readonly senders: ReadonlySet<string> | undefined
  readonly types: ReadonlySet<string> | undefined
  readonly from: number
  readonly to: number
}

/** @throws {RangeError} for a limit that is no whole number from 0, a time that is no number, an unknown `match` or `order`; {TypeError} for a filter that is no list of strings, for `typing` or `typos` that is no boolean */
export function readOptions(options: SearchOptions): Filters {
  const { match = 'all', typing = false, typos = false, order = 'recent', limit = Infinity, signal, participants, from = -Infinity, to = Infinity } = options
  if (match !== 'all' && match !== 'any') throw new RangeError("match must be 'all' or 'any'")
  if (typeof typing !== 'boolean' || typeof typos !== 'boolean') throw new TypeError('typing and typos must be true or false')
  if (order !== 'recent' && order !== 'relevance') throw new RangeError("order must be 'recent' or 'relevance'")
  if (!(limit >= 0) || (limit !== Infinity && !Number.isInteger(limit))) throw new RangeError('limit must be a whole number from 0')
  if (typeof from !== 'number' || typeof to !== 'number' || Number.isNaN(from) || Number.isNaN(to)) throw new RangeError('from and to must be times in milliseconds')
  const sessionIds = setOf(options.sessionIds, 'sessionIds')
  const there = listOf(participants, 'participants')
  const senders = setOf(options.senders, 'senders')
  const types = setOf(options.types, 'types')
  return { match, typing, typos, order, recency: recencyOf(options.recency, order), limit, signal, sessionIds, participants: there, senders, types, from, to }
}

function recencyOf(recency: SearchOptions['recency'], order: 'recent' | 'relevance'): Recency | undefined {
  if (recency === undefined) return undefined
  const { halfLifeMs: halfLife, at: now = Date.now() } = recency
  if (!(halfLife > 0) || Number.isNaN(now)) throw new RangeError('recency wants a halfLifeMs above 0 and a time')
  if (order !== 'relevance') throw new RangeError("recency is for order: 'relevance'")
  return { halfLife, now }
}

function setOf(list: readonly string[] | undefined, name: string): ReadonlySet<string> | undefined {
  const strings = listOf(list, name)
  return strings && new Set(strings)
}

function listOf(list: readonly string[] | undefined, name: string): readonly string[] | undefined {
  if (list !== undefined && !(Array.isArray(list) && list.every((item) => typeof item === 'string'))) throw new TypeError(`${name} must be a list of strings`)
  return list
}

export function sessionOf(state: State, log: Head): Head | undefined {
  const sessionId = log.value['sessionId'] as string | undefined
  return sessionId === undefined ? undefined : state.heads.sessions.get(sessionId)
}

/** Whether the filters ask for some chat logs only. */
export function narrowsLogs({ sessionIds, participants }: Filters): boolean {
  return sessionIds !== undefined || participants !== undefined
}

export function admitsLog(state: State, filters: Filters, log: Head): boolean {
  if (!narrowsLogs(filters)) return true
  const { sessionIds, participants } = filters
  const session = sessionOf(state, log)
  if (session === undefined || sessionIds?.has(session.id) === false) return false
  const there = session.value['participants'] as readonly string[]
  return participants?.every((participant) => there.includes(participant)) !== false
}

export function admits({ senders, types, from, to }: Filters, fields: Fields): boolean {
  const timestamp = fields['timestamp'] as number
  return timestamp >= from && timestamp <= to && senders?.has(fields['senderId'] as string) !== false && types?.has(fields['type'] as string) !== false
}
