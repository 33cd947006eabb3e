// Plain IndexedDB as an app would keep pictures through `idb`: a record a message, the base64 inside of it.

import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { PictureMessage, PictureSubject, ReadPicture } from './picture-subject.ts'

interface Schema extends DBSchema {
  messages: { key: number; value: PictureMessage }
}

export class PictureIdb implements PictureSubject {
  /** A record comes whole or not at all. */
  readonly walks = ['screens'] as const
  #database: IDBPDatabase<Schema> | undefined

  get #db(): IDBPDatabase<Schema> {
    if (this.#database === undefined) throw new Error('idb is not open')
    return this.#database
  }

  async create(): Promise<void> {
    this.#database = await openDB<Schema>('plain-pictures', 1, { upgrade: (database) => void database.createObjectStore('messages', { autoIncrement: true }) })
  }

  append(message: PictureMessage): Promise<unknown> {
    return this.#db.add('messages', message)
  }

  async close(): Promise<void> {
    this.#db.close()
  }

  reopen(): Promise<void> {
    return this.create()
  }

  async *walk(_: string, screen: number): AsyncGenerator<readonly ReadPicture[], void, undefined> {
    // Keys count from 1.
    for (let first = 1; ; first += screen) {
      const records = await this.#db.getAll('messages', IDBKeyRange.lowerBound(first), screen)
      if (records.length === 0) return
      yield records.map(({ content, metadata }) => ({ content, image: metadata.images[0] ?? '' }))
    }
  }

  /** By reading every record, for there is no other way without an index. */
  async find(word: string): Promise<number> {
    let found = 0
    for await (const records of this.walk('screens', 10)) for (const { content } of records) if (content.includes(word)) found++
    return found
  }

  async bytesAtRest(): Promise<undefined> {
    // Objects, not bytes: what they take is told by the disk.
  }
}
