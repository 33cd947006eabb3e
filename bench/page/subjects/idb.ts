// Plain IndexedDB as an app would use it through `idb`: a record a message, one index on the chat.

import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Conversation, StoredMessage } from '../corpus.ts'
import type { NewMessage, WriteSubject } from './subject.ts'

interface Schema extends DBSchema {
  sessions: { key: string; value: Omit<Conversation, 'messages'> }
  messages: { key: string; value: StoredMessage; indexes: { chat: string } }
}

/** The newest records of a chat in one request, for engines that read an index backwards. */
const backwards = (chatLogId: string, count: number): string => ({ query: chatLogId, count, direction: 'prev' }) as unknown as string

export class PlainIdb implements WriteSubject {
  #database: IDBPDatabase<Schema> | undefined
  #readsBackwards = false

  get #db(): IDBPDatabase<Schema> {
    if (this.#database === undefined) throw new Error('idb is not open')
    return this.#database
  }

  async open(): Promise<void> {
    this.#database = await openDB<Schema>('plain', 1, {
      upgrade(database) {
        database.createObjectStore('sessions', { keyPath: 'id' })
        database.createObjectStore('messages', { keyPath: 'id' }).createIndex('chat', 'chatLogId')
      },
    })
    this.#readsBackwards = 'getAllRecords' in IDBIndex.prototype && (await this.#triesBackwards())
  }

  /** Firefox 153 takes the option and reads forwards within one key all the same, so the answer decides. */
  async #triesBackwards(): Promise<boolean> {
    const transaction = this.#db.transaction('messages', 'readwrite')
    const probe = { chatLogId: 'probe', senderId: 'probe', type: 'user', content: '', timestamp: 0 } as const
    void transaction.store.put({ ...probe, id: 'a' })
    void transaction.store.put({ ...probe, id: 'b' })
    const found = await transaction.store.index('chat').getAll(backwards('probe', 1))
    void transaction.store.clear()
    await transaction.done
    return found[0]?.id === 'b'
  }

  async load(conversations: readonly Conversation[]): Promise<void> {
    const transaction = this.#db.transaction(['sessions', 'messages'], 'readwrite')
    const sessions = transaction.objectStore('sessions')
    const store = transaction.objectStore('messages')
    for (const { messages, ...session } of conversations) {
      void sessions.put(session)
      for (const message of messages) void store.put({ ...message, chatLogId: session.id })
    }
    await transaction.done
  }

  async settle(): Promise<void> {
    // Nothing is left for later.
  }

  append(chatLogId: string, message: NewMessage): Promise<unknown> {
    return this.#db.put('messages', { ...message, id: crypto.randomUUID(), chatLogId })
  }

  async newest(chatLogId: string, limit: number): Promise<readonly StoredMessage[]> {
    const index = this.#db.transaction('messages').store.index('chat')
    if (!this.#readsBackwards) return (await index.getAll(chatLogId)).slice(-limit)
    return (await index.getAll(backwards(chatLogId, limit))).reverse()
  }

  readAll(): Promise<readonly StoredMessage[]> {
    return this.#db.getAll('messages')
  }

  emptyCache(): void {
    // It keeps nothing between reads; what the engine keeps, it keeps for both.
  }

  async close(): Promise<void> {
    this.#db.close()
  }
}
