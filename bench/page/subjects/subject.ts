// What a store must be able to do to take part in `write`. Opening is never timed.

import type { Conversation, Message, StoredMessage } from '../corpus.ts'

export type NewMessage = Omit<Message, 'id'>

export interface WriteSubject {
  /** Opens an empty store; for ours this derives a key, which no row counts. */
  open(): Promise<void>
  /** Writes whole conversations; resolves when they are durable. The chat of a conversation has the conversation's id. */
  load(conversations: readonly Conversation[]): Promise<void>
  /** Lets work that a load leaves for later happen now, so that it falls into no other row. */
  settle(): Promise<void>
  /** Adds one message under an id of its own making, in a transaction of its own. */
  append(chatLogId: string, message: NewMessage): Promise<unknown>
  /** The newest messages of a chat, oldest first. */
  newest(chatLogId: string, limit: number): Promise<readonly StoredMessage[]>
  /** Every message, in any order, in memory at once. */
  readAll(): Promise<readonly StoredMessage[]>
  /** Forgets what was read before, where the store keeps such things. */
  emptyCache(): void
  close(): Promise<void>
}
