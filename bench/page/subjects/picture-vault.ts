// The vault in `images`, through its public face only.

import { openDB } from 'idb'
import { openVault, type Message, type UnlockedVault } from 'sealed-vault'
import type { PictureMessage, PictureSubject, ReadPicture, Walk } from './picture-subject.ts'

const CHAT = 'pictures'

const read = ({ content, metadata }: Message): ReadPicture => ({ content, image: metadata?.images?.[0] ?? '' })

export class PictureVault implements PictureSubject {
  readonly walks = ['screens', 'one-by-one', 'deferred'] as const
  readonly #name = 'pictures'
  readonly #password = 'correct horse battery staple'
  #open: UnlockedVault | undefined

  get #vault(): UnlockedVault {
    if (this.#open === undefined) throw new Error('the vault is not open')
    return this.#open
  }

  async create(): Promise<void> {
    const vault = await openVault({ name: this.#name })
    if (vault.state !== 'empty') throw new Error(`a fresh profile has a vault that is ${vault.state}`)
    this.#open = await vault.create(this.#password)
    await this.#vault.sessions.create({ id: CHAT, chatLogId: CHAT, title: 'Pictures' })
  }

  append(message: PictureMessage): Promise<unknown> {
    return this.#vault.chatLogs.append(CHAT, message)
  }

  async close(): Promise<void> {
    await this.#vault.checkpoint()
    await this.#vault.lock()
  }

  async reopen(): Promise<void> {
    const vault = await openVault({ name: this.#name })
    if (vault.state !== 'locked') throw new Error(`the vault that was built is ${vault.state}`)
    this.#open = await vault.unlock(this.#password)
  }

  async *walk(walk: Walk, screen: number): AsyncGenerator<readonly ReadPicture[], void, undefined> {
    const { chatLogs } = this.#vault
    if (walk === 'one-by-one') {
      for await (const message of chatLogs.messages(CHAT, { order: 'oldest' })) yield [read(message)]
      return
    }
    for (let after = -1; ; ) {
      const messages = await chatLogs.read(CHAT, { after, limit: screen, longValues: walk === 'deferred' ? 'defer' : 'load' })
      if (messages.length === 0) return
      after = messages.at(-1)!.number
      yield messages.map(read)
    }
  }

  async find(word: string): Promise<number> {
    await this.#vault.sessions.list()
    await this.#vault.chatLogs.list()
    await this.#vault.searchSessions(word)
    await this.#vault.searchPlaces(word)
    let found = 0
    for await (const _ of this.#vault.search(word)) found++
    return found
  }

  async bytesAtRest(): Promise<number> {
    const database = await openDB(`sealed-vault:${this.#name}`)
    let bytes = 0
    for (const store of database.objectStoreNames) {
      for (const key of await database.getAllKeys(store)) bytes += ((await database.get(store, key)) as Uint8Array).byteLength
    }
    database.close()
    return bytes
  }
}
