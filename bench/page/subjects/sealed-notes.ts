// A collection of the vault in `collection`, through its public face only.

import { openVault, type Collection, type StandardSchema, type UnlockedVault } from 'sealed-vault'
import type { Note, NotesSubject } from './notes-subject.ts'

const NAME = 'bench-notes'

/** Dexie checks nothing, so neither does this. */
const anyNote: StandardSchema<Note> = { '~standard': { version: 1, vendor: 'bench', validate: (value) => ({ value: value as Note }) } }
const notesOf = (open: UnlockedVault) => open.collection('notes', { schema: anyNote, head: ['title', 'pinned', 'at'], searchable: ['title', 'text'] })

export class SealedNotes implements NotesSubject {
  #open: UnlockedVault | undefined
  #recoveryCode = ''

  get #vault(): UnlockedVault {
    if (this.#open === undefined) throw new Error('the vault is not open')
    return this.#open
  }

  get #notes(): Collection<Note, Note, Pick<Note, 'title' | 'pinned' | 'at'>> {
    return notesOf(this.#vault)
  }

  async open(): Promise<void> {
    const vault = await openVault({ name: NAME })
    if (vault.state !== 'empty') throw new Error(`a fresh profile has a vault that is ${vault.state}`)
    this.#open = await vault.create('correct horse battery staple')
    this.#recoveryCode = await this.#vault.createRecoveryCode('correct horse battery staple')
    localStorage.setItem(NAME, this.#recoveryCode)
  }

  async reopen(): Promise<number> {
    const vault = await openVault({ name: NAME })
    if (vault.state !== 'locked') throw new Error(`the vault is ${vault.state}`)
    const recoveryCode = localStorage.getItem(NAME) ?? ''
    const start = performance.now()
    this.#open = await vault.unlock({ recoveryCode })
    await this.#notes.list({ limit: 50 })
    return performance.now() - start
  }

  async putAll(notes: ReadonlyMap<string, Note>): Promise<void> {
    const collection = this.#notes
    await Promise.all([...notes].map(([id, note]) => collection.put(id, note)))
  }

  async put(id: string, note: Note): Promise<void> {
    await this.#notes.put(id, note)
  }

  async update(id: string, pinned: boolean): Promise<void> {
    await this.#notes.update(id, { pinned })
  }

  async get(id: string): Promise<Note | undefined> {
    return (await this.#notes.get(id))?.value
  }

  async pinned(): Promise<readonly string[]> {
    return (await this.#notes.list({ where: ({ pinned }) => pinned, sortBy: 'title', limit: 50 })).map(({ head }) => head.title)
  }

  async titles(): Promise<readonly string[]> {
    return (await this.#notes.list({ sortBy: 'at', descending: true })).map(({ head }) => head.title)
  }

  async search(words: readonly [string, string], limit: number): Promise<readonly string[]> {
    const found: string[] = []
    for await (const { id } of this.#notes.search(words.join(' '), { limit })) found.push(id)
    return found
  }

  async readAll(): Promise<ReadonlyMap<string, Note>> {
    const all = new Map<string, Note>()
    for await (const { id, value } of this.#notes.items()) all.set(id, value)
    return all
  }

  async settle(): Promise<void> {
    await this.#vault.checkpoint()
  }

  emptyCache(): void {
    this.#vault.releaseMemory()
  }

  async close(): Promise<void> {
    await this.#open?.lock()
  }
}
