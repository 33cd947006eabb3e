// The rows of `prefetch` as tasks: two vaults with the same messages, of which one fetches ahead. Both are open side by side, so that whatever the machine does hits both.

import { openVault, type UnlockedVault, type VaultOptions } from 'sealed-vault'
import { corpus } from './corpus.ts'

const password = 'correct horse battery staple'
const nameOf = (prefetch: boolean): string => (prefetch ? 'bench-prefetch' : 'bench-no-prefetch')
const open = new Map<boolean, UnlockedVault>()

async function unlock(options: VaultOptions): Promise<UnlockedVault> {
  const vault = await openVault(options)
  if (vault.state === 'empty') return vault.create(password)
  if (vault.state !== 'locked') throw new Error(`the vault is ${vault.state}`)
  return vault.unlock(password)
}

/** Habits of an earlier trace are forgotten. */
async function unlockUnlearned(options: VaultOptions): Promise<UnlockedVault> {
  await (await unlock({ ...options, prefetch: false })).lock()
  return unlock(options)
}

/** Far less than anybody takes to read a chat, in ms. */
const READING_MS = 120

export const prefetchTasks = {
  'prefetch/build': async (): Promise<void> => {
    const conversations = (await corpus()).map(({ id, participants, createdAt, messages }, at) => ({ session: { id, chatLogId: String(at), participants, createdAt }, messages }))
    for (const prefetch of [true, false]) {
      const vault = await unlock({ name: nameOf(prefetch), index: false, prefetch: false })
      const { loaded } = await vault.load(conversations)
      if (loaded !== conversations.length) throw new Error(`the load took ${loaded} of ${conversations.length} conversations`)
      await vault.checkpoint()
      await vault.lock()
    }
  },

  /** @param share of the pages that openings read, which memory holds */
  'prefetch/open': async ({ share }: { share: number }): Promise<void> => {
    const chats = (await corpus()).length
    const all = await unlock({ name: nameOf(false), index: false, prefetch: false, cacheBytes: 2 ** 31 })
    for (let chat = 0; chat < chats; chat++) await all.chatLogs.read(String(chat))
    const cacheBytes = all.cache.status().bytes * share
    await all.lock()
    for (const prefetch of [true, false]) open.set(prefetch, await unlockUnlearned({ name: nameOf(prefetch), index: false, prefetch, cacheBytes }))
  },

  'prefetch/learn': async ({ chats }: { chats: readonly number[] }): Promise<void> => {
    for (const vault of open.values()) {
      for (const chat of chats) await vault.chatLogs.read(String(chat))
      vault.cache.resetCounts()
    }
  },

  'prefetch/play': async ({ prefetch, chats, hurried }: { prefetch: boolean; chats: readonly number[]; hurried: boolean }) => {
    const vault = open.get(prefetch)
    if (vault === undefined) throw new Error('the vault is not open')
    const times: number[] = []
    for (const chat of chats) {
      const start = performance.now()
      await vault.chatLogs.read(String(chat))
      times.push(performance.now() - start)
      if (!hurried) await new Promise((resolve) => setTimeout(resolve, READING_MS))
    }
    return { times, ...vault.cache.status() }
  },

  'prefetch/close': async (): Promise<void> => {
    for (const vault of open.values()) await vault.lock()
    open.clear()
  },
}
