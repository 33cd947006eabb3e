// Notes as an app keeps them with Dexie: plain objects, an index for each order.

import { Dexie, type Table } from 'dexie'
import type { Note, NotesSubject } from './notes-subject.ts'

type Stored = Note & { readonly id: string }

export class DexieNotes implements NotesSubject {
  readonly #database = new Dexie('bench-notes-plain')

  constructor() {
    this.#database.version(1).stores({ notes: 'id, title, at' })
  }

  get #notes(): Table<Stored, string> {
    return this.#database.table<Stored, string>('notes')
  }

  async open(): Promise<void> {
    await this.#database.open()
  }

  async reopen(): Promise<number> {
    const start = performance.now()
    await this.#database.open()
    await this.#notes.orderBy('at').reverse().limit(50).toArray()
    return performance.now() - start
  }

  async putAll(notes: ReadonlyMap<string, Note>): Promise<void> {
    await this.#notes.bulkPut([...notes].map(([id, note]) => ({ id, ...note })))
  }

  async put(id: string, note: Note): Promise<void> {
    await this.#notes.put({ id, ...note })
  }

  async update(id: string, pinned: boolean): Promise<void> {
    await this.#notes.update(id, { pinned })
  }

  async get(id: string): Promise<Note | undefined> {
    const found = await this.#notes.get(id)
    return found && noteOf(found)
  }

  async pinned(): Promise<readonly string[]> {
    return (await this.#notes.orderBy('title').filter(({ pinned }) => pinned).limit(50).toArray()).map(({ title }) => title)
  }

  async titles(): Promise<readonly string[]> {
    return (await this.#notes.orderBy('at').reverse().toArray()).map(({ title }) => title)
  }

  async search(words: readonly [string, string], limit: number): Promise<readonly string[]> {
    const wanted = words.map((word) => word.toLowerCase())
    const holds = ({ title, text }: Stored): boolean => {
      const both = `${title}\n${text}`.toLowerCase()
      return wanted.every((word) => both.includes(word))
    }
    return (await this.#notes.orderBy('at').reverse().filter(holds).limit(limit).toArray()).map(({ id }) => id)
  }

  async readAll(): Promise<ReadonlyMap<string, Note>> {
    return new Map((await this.#notes.toArray()).map((stored) => [stored.id, noteOf(stored)]))
  }

  async settle(): Promise<void> {}

  emptyCache(): void {}

  async close(): Promise<void> {
    this.#database.close()
  }
}

function noteOf({ title, text, pinned, at }: Stored): Note {
  return { title, text, pinned, at }
}
