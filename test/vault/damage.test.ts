// What is damaged is reported, and stays the only thing that cannot be read: everything else goes on.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { VaultError } from '../../src/errors.js'
import type { Bytes, SealedBytes } from '../../src/brand.js'
import type { Backend, BackendFactory, Batch } from '../../src/stores/backend.js'
import { memoryLocks } from '../../src/stores/locks.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { createMemoryDisk, type MemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import type { TabMessage } from '../../src/stores/tab-channel.js'
import { memoryChannels, PASSWORD, testBrowser } from '../kit/tabs.js'

afterEach(() => void vi.restoreAllMocks())

const message = (content: string) => ({ senderId: 'ada', type: 'user' as const, content })
const pagesOf = (disk: MemoryDisk) => disk.rows('test', 'pages')

/** Runs work and gives the keys of the pages that it added. */
async function pagesAdded(disk: MemoryDisk, work: () => Promise<unknown>): Promise<readonly Bytes[]> {
  const before = new Set(pagesOf(disk).keys().map((key) => String(key)))
  await work()
  return pagesOf(disk).keys().filter((key) => !before.has(String(key))) as Bytes[]
}

function damage(disk: MemoryDisk, keys: readonly Bytes[]): void {
  for (const key of keys) {
    const row = pagesOf(disk).get(key)!.slice() as SealedBytes
    row[row.length >> 1]! ^= 1
    pagesOf(disk).set(key, row)
  }
}

describe('a damaged page', () => {
  async function prepare() {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId: whole } = await tab.sessions.create()
    const { chatLogId: torn } = await tab.sessions.create()
    await tab.chatLogs.append(whole, Array.from({ length: 40 }, (_, i) => message(`whole ${i}`)))
    await tab.checkpoint()
    const added = await pagesAdded(browser.disk, async () => {
      await tab.chatLogs.append(torn, [...Array.from({ length: 20 }, (_, i) => message(`torn ${i}`)), message('x'.repeat(70_000))])
      await tab.checkpoint()
    })
    expect(added).toHaveLength(1)
    damage(browser.disk, added)
    tab.releaseMemory()
    return { browser, tab, whole, torn }
  }

  it('that has to be changed does not keep the log from being folded', async () => {
    const { browser, tab, whole, torn } = await prepare()
    await tab.chatLogs.append(torn, message('after'))
    await tab.chatLogs.append(whole, message('whole 40'))
    expect(await tab.checkpoint()).toBe(true)
    expect(browser.disk.rows('test', 'log').size).toBe(1)
    expect(browser.disk.rows('test', 'quarantine').size).toBe(1)
    tab.releaseMemory()
    // What is lost is said to be lost: it neither comes back nor looks deleted.
    await expect(tab.chatLogs.read(torn)).rejects.toMatchObject({ code: 'corrupt' })
    expect(await tab.chatLogs.read(whole)).toHaveLength(41)
    const { ok, problems } = await tab.check()
    expect(ok).toBe(false)
    expect(problems).toContainEqual(expect.objectContaining({ code: 'corrupt', where: 'pages', reason: 'records-lost' }))
    await tab.lock()
    const again = await browser.tab()
    await expect(again.chatLogs.read(torn)).rejects.toMatchObject({ code: 'corrupt' })
    expect(await again.chatLogs.read(whole)).toHaveLength(41)
  })

  it('goes when its chat is deleted', async () => {
    const { browser, tab, whole, torn } = await prepare()
    await tab.chatLogs.delete(torn)
    expect(await tab.checkpoint()).toBe(true)
    expect(pagesOf(browser.disk).size).toBeLessThanOrEqual(3)
    await tab.lock()
    expect(await (await browser.tab()).chatLogs.read(whole)).toHaveLength(40)
  })

  it('of deletions does not keep others from being deleted', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    for (const key of ['a', 'b']) await tab.preferences.set(key, 1)
    const added = await pagesAdded(browser.disk, async () => {
      await tab.preferences.delete('a')
      await tab.checkpoint()
    })
    damage(browser.disk, added)
    await tab.preferences.delete('b')
    expect(await tab.checkpoint()).toBe(true)
    expect(await tab.preferences.list()).toEqual([])
  })

  it('that is missing stays missing, and the rest is folded', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    const added = await pagesAdded(browser.disk, async () => {
      await tab.chatLogs.append(chatLogId, message('first'))
      await tab.checkpoint()
    })
    for (const key of added) pagesOf(browser.disk).delete(key)
    tab.releaseMemory()
    await tab.chatLogs.append(chatLogId, message('second'))
    expect(await tab.checkpoint()).toBe(true)
    tab.releaseMemory()
    await expect(tab.chatLogs.read(chatLogId)).rejects.toMatchObject({ code: 'corrupt' })
  })
})

describe('a store that cannot be written', () => {
  /** A browser over a disk that refuses some writes. */
  function refusing(refuse: (batch: Batch) => VaultError | undefined) {
    const disk = createMemoryDisk()
    const factory = memoryFactory(disk)
    const backend = (): BackendFactory => ({
      ...factory,
      open: async (name) => {
        const inner = await factory.open(name)
        const apply: Backend['apply'] = async (batch) => {
          const error = refuse(batch)
          if (error !== undefined) throw error
          return inner.apply(batch)
        }
        return { ...inner, apply }
      },
    })
    const posted: TabMessage[] = []
    const openAll = memoryChannels()
    const openChannel = (name: string) => {
      const channel = openAll(name)
      return { ...channel, post: (given: TabMessage) => (posted.push(given), channel.post(given)) }
    }
    return { browser: testBrowser({ disk, backend, homes: [memoryHome()], locks: memoryLocks(), openChannel }), posted }
  }
  const touches = (batch: Batch, store: string): boolean => batch.operations.some((operation) => operation.store === store)

  it('because it is full can still be unlocked, read and emptied', async () => {
    let full = false
    const { browser } = refusing((batch) => (full && touches(batch, 'marks') ? new VaultError('storage-full', 'no room', { reason: 'test' }) : undefined))
    const first = await browser.tab()
    const { id } = await first.sessions.create()
    await first.lock()
    full = true
    const tab = await browser.tab()
    const warnings: string[] = []
    tab.subscribe((event) => event.kind === 'warning' && warnings.push(event.error.code))
    expect(await tab.sessions.count()).toBe(1)
    await tab.sessions.delete(id)
    await vi.waitFor(() => expect(warnings).toEqual(['storage-full']))
  })

  it('leaves nothing behind when unlocking fails because of it', async () => {
    let broken = false
    const { browser, posted } = refusing((batch) => (broken && touches(batch, 'marks') ? new VaultError('storage-unavailable', 'no answer', { reason: 'test' }) : undefined))
    await (await browser.tab()).lock()
    broken = true
    posted.length = 0
    const vault = await browser.open()
    if (vault.state !== 'locked') throw new Error(vault.state)
    await expect(vault.unlock(PASSWORD)).rejects.toMatchObject({ code: 'storage-unavailable' })
    broken = false
    const open = await vault.unlock(PASSWORD)
    expect(posted.filter(({ kind }) => kind === 'locked')).toEqual([])
    expect(await open.sessions.count()).toBe(0)
    await open.lock()
  })
})

describe('a vault that was left without being closed', () => {
  it('says so once', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    expect(tab.uncleanStop).toBe(false)
    await tab.preferences.set('a', 1)
    browser.disk.crash({ dropUnsynced: 0 })
    const after = testBrowser({ disk: browser.disk, homes: [memoryHome()], locks: memoryLocks() })
    const again = await after.tab()
    expect([again.uncleanStop, await again.preferences.get('a')]).toEqual([true, 1])
    await again.lock()
    expect((await after.tab()).uncleanStop).toBe(false)
  })
})
