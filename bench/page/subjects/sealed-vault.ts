// The vault, through its public face only.

import { openDB } from 'idb'
import { openVault, type ConversationInput, type Message, type UnlockedVault } from 'sealed-vault'
import type { Conversation, StoredMessage } from '../corpus.ts'
import type { NewMessage, WriteSubject } from './subject.ts'

/** Chat logs read side by side where the vault cannot read all of them by itself. */
const LOGS_AT_ONCE = 32
const EVERYTHING = 1_000_000_000

interface ReadsAll {
  readAll?: () => AsyncIterable<{ readonly chatLogId: string; readonly messages: readonly Message[] }>
}

/** The index is at rest when its rows have not changed in number for this long: a merge of half a million messages reads that long before it writes. */
const QUIET_MS = 2500

export class SealedVault implements WriteSubject {
  readonly name: string
  readonly password = 'correct horse battery staple'
  readonly #index: boolean
  #open: UnlockedVault | undefined

  /** @param index whether it keeps a search index, as it does when an app says nothing */
  constructor(index: boolean) {
    this.#index = index
    this.name = index ? 'bench' : 'bench-unindexed'
  }

  get #vault(): UnlockedVault {
    if (this.#open === undefined) throw new Error('the vault is not open')
    return this.#open
  }

  async open(): Promise<void> {
    const vault = await openVault({ name: this.name, index: this.#index })
    if (vault.state !== 'empty') throw new Error(`a fresh profile has a vault that is ${vault.state}`)
    this.#open = await vault.create(this.password)
  }

  async load(conversations: readonly Conversation[]): Promise<void> {
    const report = await this.#vault.load(conversations.map(toInput))
    if (report.loaded !== conversations.length) throw new Error(`the load took ${report.loaded} of ${conversations.length} conversations: ${report.refused[0]?.error.message}`)
  }

  async settle(): Promise<void> {
    await this.#vault.checkpoint()
    if (!this.#index) return
    // One connection for all looks: they must not be what is measured.
    const database = await openDB(`sealed-vault:${this.name}`)
    try {
      for (let rows = -1, since = performance.now(); performance.now() - since < QUIET_MS; ) {
        await new Promise((resolve) => setTimeout(resolve, 30))
        const now = await database.count('blocks')
        if (now !== rows) since = performance.now()
        rows = now
      }
    } finally {
      database.close()
    }
  }

  /** When the index came to rest, as `settle` saw it: what it waited to be sure is not part of it. */
  async timeToRest(): Promise<number> {
    const start = performance.now()
    await this.settle()
    return Math.max(0, performance.now() - start - QUIET_MS)
  }

  /** Bytes of all rows of the index. */
  async indexBytes(): Promise<number> {
    const database = await openDB(`sealed-vault:${this.name}`)
    try {
      const [first] = (await database.getAll('blocks', undefined, 1)) as Uint8Array[]
      // All rows have one length: the tests see to that.
      return (await database.count('blocks')) * (first?.length ?? 0)
    } finally {
      database.close()
    }
  }

  append(chatLogId: string, message: NewMessage): Promise<unknown> {
    return this.#vault.chatLogs.append(chatLogId, message)
  }

  newest(chatLogId: string, limit: number): Promise<readonly StoredMessage[]> {
    return this.#vault.chatLogs.read(chatLogId, { limit })
  }

  async readAll(): Promise<readonly StoredMessage[]> {
    const { chatLogs } = this.#vault
    const all: StoredMessage[] = []
    const { readAll } = chatLogs as ReadsAll
    if (readAll !== undefined) {
      for await (const { messages } of readAll.call(chatLogs)) for (const message of messages) all.push(message)
      return all
    }
    const logs = await chatLogs.list()
    for (let start = 0; start < logs.length; start += LOGS_AT_ONCE) {
      const stretches = await Promise.all(logs.slice(start, start + LOGS_AT_ONCE).map(({ id }) => chatLogs.read(id, { limit: EVERYTHING })))
      for (const messages of stretches) for (const message of messages) all.push(message)
    }
    return all
  }

  emptyCache(): void {
    this.#vault.releaseMemory()
  }

  async close(): Promise<void> {
    await this.#open?.lock()
  }
}

function toInput({ messages, ...session }: Conversation): ConversationInput {
  return { session: { ...session, chatLogId: session.id }, messages }
}
