// What a store must be able to do to take part in `search`.

import type { Query } from '../../lib/queries.mjs'
import type { Conversation } from '../corpus.ts'

export type { Query }

/** Where in a snippet the words stand: UTF-16 offsets, end exclusive. */
export interface Range {
  readonly start: number
  readonly end: number
}

export interface Snippet {
  readonly text: string
  readonly highlights: readonly Range[]
}

/** A message by its id, or by its number in the order of time, counted from 0. */
export type Place = string | number

export interface Hit {
  readonly place: Place
  readonly snippet: Snippet
}

/** What is asked for: hits that can be shown, or only which messages they are. */
export type Mode = 'snippets' | 'ids'

export interface SearchSubject {
  /** Whether it keeps what it built; else a new page has to build again. */
  readonly lasting: boolean
  /** Opens an empty store. */
  create(): Promise<void>
  /** Milliseconds until all conversations can be searched, and are on the disk where the store has one, with nothing left for later. */
  build(conversations: readonly Conversation[]): Promise<number>
  /** Opens what an earlier page has built, up to where it could be searched. */
  reopen(): Promise<void>
  /** Whether it has a way to answer such a query. */
  can(query: Query, mode: Mode): boolean
  /** The first hits, each with a snippet. */
  search(query: Query, limit: number): Promise<readonly Hit[]>
  /** Which messages these are, in their order. */
  places(query: Query, limit: number): Promise<readonly Place[]>
  /** Empties its caches as far as it can; undefined where it has none. */
  readonly forget: (() => Promise<void>) | undefined
  /** Bytes of WebAssembly memory, which the engine leaves out when it measures. */
  readonly wasmBytes?: () => Promise<number>
  close(): Promise<void>
}

export interface TimedMessage {
  readonly id: string
  readonly chatLogId: string
  readonly senderId: string
  readonly type: string
  readonly content: string
  readonly timestamp: number
}

/** All messages in order of time. The corpus has no two at one time. */
export function inOrderOfTime(conversations: readonly Conversation[]): TimedMessage[] {
  return conversations.flatMap(({ id, messages }) => messages.map((message) => ({ ...message, chatLogId: id }))).sort((a, b) => a.timestamp - b.timestamp)
}
