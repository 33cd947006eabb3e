// The vault in `archive`, through its public face only.

import { createRecoveryCode, destroyVault, openVault, verifyArchive, type ConversationInput, type UnlockedVault } from 'sealed-vault'
import type { Conversation } from '../corpus.ts'
import type { ArchiveSubject, Brain, Counts, Preference } from './archive-subject.ts'

const NAME = 'bench-archive'
const PASSWORD = 'correct horse battery staple'

export class ArchivedVault implements ArchiveSubject {
  #open: UnlockedVault | undefined
  /** Not a password: no row shall count a derivation. */
  #recoveryCode = ''

  get #vault(): UnlockedVault {
    if (this.#open === undefined) throw new Error('the vault is not open')
    return this.#open
  }

  async create(): Promise<void> {
    const vault = await openVault({ name: NAME, index: false })
    if (vault.state !== 'empty') throw new Error(`a fresh profile has a vault that is ${vault.state}`)
    this.#open = await vault.create(PASSWORD)
  }

  async load(conversations: AsyncIterable<Conversation>): Promise<void> {
    const { refused } = await this.#vault.load(inputs(conversations))
    if (refused.length > 0) throw new Error(`the load refused ${refused.length} conversations: ${refused[0]!.error.message}`)
  }

  async add(brains: readonly Brain[], preferences: readonly Preference[]): Promise<void> {
    for (const brain of brains) await this.#vault.brains.put(brain)
    for (const { key, value } of preferences) await this.#vault.preferences.set(key, value)
    await this.#vault.checkpoint()
  }

  async reopen(): Promise<void> {
    const vault = await openVault({ name: NAME, index: false })
    if (vault.state !== 'locked') throw new Error(`the vault that was loaded is ${vault.state}`)
    this.#open = await vault.unlock(PASSWORD)
    this.#recoveryCode = await createRecoveryCode()
  }

  async export(to: WritableStream<Uint8Array>): Promise<void> {
    const { stream } = await this.#vault.exportArchive({ recoveryCode: this.#recoveryCode })
    await stream.pipeTo(to)
  }

  /** Every byte is authenticated, inflated and held against counts and hash. */
  async count(file: Blob): Promise<Counts> {
    const { counts, missing } = await verifyArchive(file, { recoveryCode: this.#recoveryCode })
    if (missing.length > 0) throw new Error(`${missing.length} things are missing in the archive`)
    const { sessions, chatLogs, messages, brains, preferences } = counts
    return { sessions, chatLogs, messages, brains, preferences }
  }

  /** Milliseconds of a load into a fresh vault, without what the source took; the vault is gone afterwards. */
  async bulkLoad(conversations: AsyncIterable<Conversation>): Promise<number> {
    return inFreshVault(async (vault) => {
      let source = 0
      async function* timed(): AsyncGenerator<ConversationInput, void, undefined> {
        const iterator = inputs(conversations)
        for (;;) {
          const asked = performance.now()
          const { done, value } = await iterator.next()
          source += performance.now() - asked
          if (done === true) return
          yield value
        }
      }
      const start = performance.now()
      await vault.load(timed())
      return performance.now() - start - source
    })
  }

  /** Milliseconds of a restore into a fresh vault, from the call until everything is saved; the vault is gone afterwards. */
  async restore(file: Blob, { sessions, messages }: Counts): Promise<number> {
    return inFreshVault(async (vault) => {
      const start = performance.now()
      const { counts } = await vault.importArchive(file, { recoveryCode: this.#recoveryCode })
      const ms = performance.now() - start
      if (counts.messages.added !== messages || (await vault.sessions.count()) !== sessions) throw new Error(`${counts.messages.added} messages were restored where there are ${messages}`)
      return ms
    })
  }

  /** Bytes of the plain JSON of everything. */
  async jsonBytes(): Promise<number> {
    let bytes = 0
    const reader = (await this.#vault.exportJson({ unprotected: true })).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return bytes
      bytes += value.length
    }
  }

  async close(): Promise<void> {
    await this.#open?.lock()
  }
}

async function inFreshVault(work: (vault: UnlockedVault) => Promise<number>): Promise<number> {
  const name = `${NAME}-fresh`
  const vault = await openVault({ name, index: false })
  if (vault.state !== 'empty') throw new Error(`a fresh vault is ${vault.state}`)
  const open = await vault.create(PASSWORD)
  try {
    return await work(open)
  } finally {
    await open.lock()
    await destroyVault(name)
  }
}

async function* inputs(conversations: AsyncIterable<Conversation>): AsyncGenerator<ConversationInput, void, undefined> {
  for await (const { messages, ...session } of conversations) yield { session: { ...session, chatLogId: session.id }, messages }
}
