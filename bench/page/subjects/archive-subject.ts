// What a store must be able to do to take part in `archive`.

import type { Conversation } from '../corpus.ts'

export interface Brain {
  readonly entityId: string
  readonly model: string
  readonly configuration: Readonly<Record<string, string | number>>
  readonly memories: readonly string[]
}

export interface Preference {
  readonly key: string
  readonly value: string
}

/** How many records of each kind. */
export interface Counts {
  readonly sessions: number
  readonly chatLogs: number
  readonly messages: number
  readonly brains: number
  readonly preferences: number
}

export interface ArchiveSubject {
  /** Opens an empty store. */
  create(): Promise<void>
  /** Writes whole conversations as they come, each a session with a chat log of the same id. */
  load(conversations: AsyncIterable<Conversation>): Promise<void>
  /** After `load`. */
  add(brains: readonly Brain[], preferences: readonly Preference[]): Promise<void>
  /** Opens what was loaded, in a new page. */
  reopen(): Promise<void>
  /** Writes everything, packed, to where it is told, and closes it. */
  export(to: WritableStream<Uint8Array>): Promise<void>
  /** What is in an exported file. */
  count(file: Blob): Promise<Counts>
  close(): Promise<void>
}
