// The vault, through its public face only.

import { openVault, type ConversationInput, type Message, type UnlockedVault } from 'sealed-vault'
import type { Conversation, StoredMessage } from '../corpus.ts'
import type { NewMessage, WriteSubject } from './subject.ts'

/** Chat logs read side by side where the vault cannot read all of them by itself. */
const LOGS_AT_ONCE = 32
const EVERYTHING = 1_000_000_000

interface ReadsAll {
  readAll?: () => AsyncIterable<{ readonly chatLogId: string; readonly messages: readonly Message[] }>
}

export class SealedVault implements WriteSubject {
  #open: UnlockedVault | undefined

  get #vault(): UnlockedVault {
    if (this.#open === undefined) throw new Error('the vault is not open')
    return this.#open
  }

  async open(): Promise<void> {
    const vault = await openVault({ name: 'bench' })
    if (vault.state !== 'empty') throw new Error(`a fresh profile has a vault that is ${vault.state}`)
    this.#open = await vault.create('correct horse battery staple')
  }

  async load(conversations: readonly Conversation[]): Promise<void> {
    const report = await this.#vault.load(conversations.map(toInput))
    if (report.loaded !== conversations.length) throw new Error(`the load took ${report.loaded} of ${conversations.length} conversations: ${report.refused[0]?.error.message}`)
  }

  async settle(): Promise<void> {
    await this.#vault.checkpoint()
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
    await this.#vault.lock()
  }
}

function toInput({ messages, ...session }: Conversation): ConversationInput {
  return { session: { ...session, chatLogId: session.id }, messages }
}
