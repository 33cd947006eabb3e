// What apps back up with today: Dexie's own export, gzipped by the engine. In clear, and nothing in it says that it is whole.

import { Dexie, type Table } from 'dexie'
import { exportDB } from 'dexie-export-import'
import type { Conversation } from '../corpus.ts'
import type { ArchiveSubject, Brain, Counts, Preference } from './archive-subject.ts'

const BATCH = 200

/** A property that every record of a table has, and no other: quotes within texts are escaped, so each is found as often as there are records. */
const SIGNS: Record<keyof Counts, string> = { sessions: '"participants":[', chatLogs: '"sessionId":', messages: '"content":', brains: '"memories":[', preferences: '"key":' }

const LONGEST_SIGN = Math.max(...Object.values(SIGNS).map(({ length }) => length))

type Records = Table<object, string>

export class DexieExport implements ArchiveSubject {
  readonly #database = new Dexie('dexie-export')

  constructor() {
    this.#database.version(1).stores({ sessions: 'id', chatLogs: 'id, sessionId', messages: 'id, chatLogId', brains: 'entityId', preferences: 'key' })
  }

  create(): Promise<void> {
    return this.reopen()
  }

  async load(conversations: AsyncIterable<Conversation>): Promise<void> {
    let batch: Conversation[] = []
    for await (const conversation of conversations) {
      batch.push(conversation)
      if (batch.length < BATCH) continue
      await this.#write(batch)
      batch = []
    }
    await this.#write(batch)
  }

  async #write(batch: readonly Conversation[]): Promise<void> {
    const [sessions, chatLogs, messages] = ['sessions', 'chatLogs', 'messages'].map((name) => this.#database.table(name)) as [Records, Records, Records]
    await this.#database.transaction('rw', [sessions, chatLogs, messages], () =>
      Promise.all([
        sessions.bulkAdd(batch.map(({ messages: _messages, ...session }) => session)),
        chatLogs.bulkAdd(batch.map(({ id, createdAt }) => ({ id, sessionId: id, createdAt }))),
        messages.bulkAdd(batch.flatMap((conversation) => conversation.messages.map((message) => ({ ...message, chatLogId: conversation.id })))),
      ]),
    )
  }

  async add(brains: readonly Brain[], preferences: readonly Preference[]): Promise<void> {
    await this.#database.table('brains').bulkAdd(brains)
    await this.#database.table('preferences').bulkAdd(preferences)
  }

  async reopen(): Promise<void> {
    await this.#database.open()
  }

  async export(to: WritableStream<Uint8Array>): Promise<void> {
    const blob = await exportDB(this.#database)
    await blob.stream().pipeThrough(new CompressionStream('gzip')).pipeTo(to)
  }

  async count(file: Blob): Promise<Counts> {
    const texts = file.stream().pipeThrough(new DecompressionStream('gzip')).pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    const found: Record<keyof Counts, number> = { sessions: 0, chatLogs: 0, messages: 0, brains: 0, preferences: 0 }
    const reader = texts.getReader()
    let rest = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return found
      const text = rest + value
      // What begins near the end may be cut; it is looked at with what comes next. What stands behind the last sign of a file is longer.
      const end = Math.max(0, text.length - LONGEST_SIGN)
      for (const [kind, sign] of Object.entries(SIGNS) as [keyof Counts, string][]) {
        for (let at = text.indexOf(sign); at !== -1 && at < end; at = text.indexOf(sign, at + 1)) found[kind]++
      }
      rest = text.slice(end)
    }
  }

  async close(): Promise<void> {
    this.#database.close()
  }
}
