// The cache of pages in figures, its bound, and what is learned for fetching ahead: kept, sealed, forgotten.

import { describe, expect, it } from 'vitest'
import { memoryFactory } from '../../src/stores/memory.js'
import { createMemoryDisk } from '../../src/stores/memory-disk.js'
import type { VaultOptions } from '../../src/vault/environment.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { idleMoments } from '../kit/idle.js'
import { PASSWORD, testBrowser, type BrowserParts } from '../kit/tabs.js'

const message = (text: string) => ({ senderId: 'ada', type: 'user' as const, content: text, timestamp: 1000 })

/** A browser whose idle moments, clock, visibility and reads of pages the test sees to. */
function place(parts: BrowserParts = {}) {
  const disk = createMemoryDisk()
  const idle = idleMoments()
  const clock = { now: 1_000_000 }
  const hidden = new Set<() => void>()
  const shown = new Set<() => void>()
  const reads = { pages: 0 }
  const factory = memoryFactory(disk)
  const browser = testBrowser({
    disk,
    idle: idle.idle,
    now: () => clock.now,
    signals: {
      onHidden: (listener) => (hidden.add(listener), () => hidden.delete(listener)),
      onShown: (listener) => (shown.add(listener), () => shown.delete(listener)),
    },
    backend: () => ({
      ...factory,
      open: async (name) => {
        const backend = await factory.open(name)
        return { ...backend, read: async (requests) => ((reads.pages += requests.filter(({ store }) => store === 'pages').length), backend.read(requests)) }
      },
    }),
    ...parts,
  })
  return { browser, disk, idle, clock, reads, hide: () => hidden.forEach((call) => call()), show: () => shown.forEach((call) => call()) }
}

/** Chats c0, c1, ... of one page each, and `long` of seven, none of them in memory. */
async function fill(open: UnlockedVault, chats: number): Promise<void> {
  const short = Array.from({ length: chats }, (_, i) => ({ session: { id: `s${i}`, chatLogId: `c${i}` }, messages: Array.from({ length: 3 }, (_m, m) => message(`${i}.${m}`)) }))
  await open.load([...short, { session: { id: 'l', chatLogId: 'long' }, messages: Array.from({ length: 200 }, (_, m) => message(`l.${m}`)) }])
  await open.checkpoint()
  open.releaseMemory()
  open.cache.resetCounts()
}

async function openAll(open: UnlockedVault, ids: readonly string[]): Promise<void> {
  for (const id of ids) await open.chatLogs.read(id)
}

describe('the cache of pages', () => {
  it('tells in plain numbers what was asked for and found, since when', async () => {
    const { browser, clock, reads } = place()
    const open = await browser.tab({ prefetch: false })
    await fill(open, 4)
    clock.now += 5000
    open.cache.resetCounts()
    expect(open.cache.status()).toEqual({ since: clock.now, bytes: 0, maxBytes: 32 * 1024 * 1024, pages: 0, hits: 0, misses: 0, hitRate: 0, opens: 0, coldOpens: 0, prefetched: 0, prefetchedUsed: 0 })
    const before = reads.pages
    await openAll(open, ['c0', 'c1', 'c0', 'c0', 'long'])
    const status = open.cache.status()
    // The newest 50 of 200 messages lie in pages 4, 5 and 6.
    expect(status).toMatchObject({ pages: 5, hits: 2, misses: 5, hitRate: 2 / 7, opens: 5, coldOpens: 3 })
    expect(reads.pages - before).toBe(5)
    expect(JSON.parse(JSON.stringify(status))).toEqual(status)
    // Going through, looking around and looking back are no openings.
    for await (const one of open.chatLogs.messages('c2')) void one
    await open.chatLogs.read('long', { before: 100 })
    await open.chatLogs.read('long', { around: 100 })
    expect(open.cache.status()).toMatchObject({ opens: 5, coldOpens: 3 })
    open.cache.resetCounts()
    expect(open.cache.status()).toMatchObject({ hits: 0, misses: 0, opens: 0 })
    expect(open.cache.status().pages).toBeGreaterThan(5)
    open.releaseMemory()
    expect(open.cache.status()).toMatchObject({ pages: 0, bytes: 0 })
    await open.lock()
  })

  it('never holds more than its bound, whatever is fetched ahead', async () => {
    const { browser, idle } = place()
    const all = await browser.tab({ prefetch: false })
    await fill(all, 40)
    await openAll(all, Array.from({ length: 40 }, (_, i) => `c${i}`))
    const { bytes } = all.cache.status()
    await all.lock()
    for (const cacheBytes of [0, bytes / 40, bytes / 4]) {
      const open = await browser.tab({ cacheBytes })
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 40; i++) {
          await open.chatLogs.read(`c${(i * 7) % 40}`)
          await idle.pass()
          expect(open.cache.status().bytes).toBeLessThanOrEqual(cacheBytes)
        }
      }
      expect(open.cache.status().maxBytes).toBe(cacheBytes)
      await open.lock()
    }
  })

  it('holds the pages that a checkpoint has just made, and none after it was emptied meanwhile', async () => {
    const { browser, reads } = place()
    const open = await browser.tab({ prefetch: false })
    await fill(open, 1)
    // The first id of somebody's own is held against all there are.
    await open.chatLogs.append('long', Array.from({ length: 40 }, (_, m) => ({ ...message(`more.${m}`), id: `more.${m}` })))
    await open.checkpoint()
    const before = reads.pages
    const shown = (await open.chatLogs.read('long', { limit: 40 })).map(({ content }) => content)
    expect(shown).toEqual(Array.from({ length: 40 }, (_, m) => `more.${m}`))
    await open.chatLogs.append('long', { ...message('and again'), id: 'again' })
    expect(reads.pages).toBe(before)
    const folding = open.checkpoint()
    while (reads.pages === before) await new Promise((resolve) => setImmediate(resolve))
    open.releaseMemory()
    await folding
    expect(open.cache.status()).toMatchObject({ pages: 0, bytes: 0 })
    await open.lock()
  })

  it('keeps nothing of what was still being read when it was emptied', async () => {
    const { browser } = place()
    const open = await browser.tab({ prefetch: false })
    await fill(open, 1)
    const reads = ['c0', 'long'].map((id) => open.chatLogs.read(id))
    // Until the store was asked, and before anything is opened.
    while (open.cache.status().misses === 0) await Promise.resolve()
    open.releaseMemory()
    expect((await Promise.all(reads)).map((found) => found.length)).toEqual([3, 50])
    expect(open.cache.status().pages).toBe(0)
    await open.lock()
  })
})

describe('fetching ahead', () => {
  it('makes opening read nothing: the page before, and the chat that always follows', async () => {
    const { browser, idle, reads } = place()
    const open = await browser.tab()
    await fill(open, 6)
    for (let round = 0; round < 3; round++) await openAll(open, ['c0', 'c1', 'c2'])
    open.releaseMemory()
    await open.chatLogs.read('c0')
    await idle.pass()
    const before = reads.pages
    await open.chatLogs.read('c1')
    expect(reads.pages).toBe(before)
    expect(open.cache.status()).toMatchObject({ prefetchedUsed: 1 })
    const found = await open.chatLogs.read('long')
    await idle.pass()
    const later = reads.pages
    await open.chatLogs.read('long', { before: found[0]!.number, limit: 10 })
    expect(reads.pages).toBe(later)
    await open.lock()
  })

  it('waits for nobody and keeps nobody waiting: not before an idle moment, not while hidden, not beside long work, not after the lock', async () => {
    const { browser, idle, reads, hide, show } = place()
    const open = await browser.tab()
    await fill(open, 6)
    for (let round = 0; round < 2; round++) await openAll(open, ['c0', 'c1', 'c2'])
    expect(idle.waiting).toBe(1)
    open.releaseMemory()
    await open.chatLogs.read('c0')
    const quiet = reads.pages
    hide()
    expect(idle.waiting).toBe(0)
    await open.chatLogs.read('c1')
    expect(idle.waiting).toBe(0)
    show()
    await open.chatLogs.read('c0')
    expect(idle.waiting).toBe(1)
    const archive = await open.exportArchive({ password: PASSWORD })
    const reader = archive.stream.getReader()
    await reader.read()
    const beside = open.cache.status().prefetched
    await idle.pass()
    expect(open.cache.status().prefetched).toBe(beside)
    await reader.cancel()
    await archive.report.catch(() => undefined)
    await open.chatLogs.read('c2')
    await open.chatLogs.read('c0')
    expect(idle.waiting).toBe(1)
    await open.lock()
    expect(idle.waiting).toBe(0)
    expect(reads.pages).toBeGreaterThanOrEqual(quiet)
  })

  it('is left out where nobody wants it', async () => {
    const { browser, idle } = place()
    const open = await browser.tab({ prefetch: false })
    await fill(open, 3)
    await openAll(open, ['long', 'c0', 'c1', 'c0', 'c1'])
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(idle.waiting).toBe(0)
    expect(open.cache.status()).toMatchObject({ prefetched: 0, opens: 5 })
    await open.lock()
  })
})

describe('what was learned', () => {
  const OFTEN = ['c0', 'c1', 'c2', 'c0', 'c1', 'c2']

  /** Whether a vault, opened anew, knows that c1 follows c0: it fetches that one, and only that one, ahead. */
  async function knows(at: ReturnType<typeof place>, options: Partial<VaultOptions> = {}): Promise<boolean> {
    const open = await at.browser.tab(options)
    await open.chatLogs.read('c0')
    await at.idle.pass()
    const before = at.reads.pages
    await open.chatLogs.read('c1')
    const known = at.reads.pages === before
    await open.lock()
    return known
  }

  it('outlives the lock, in one commit there, and an unlock writes nothing', async () => {
    const at = place()
    const open = await at.browser.tab()
    await fill(open, 6)
    const before = open.version
    await openAll(open, OFTEN)
    await at.idle.pass()
    expect(open.version).toBe(before)
    await open.lock()
    const log = at.disk.rows('test', 'log').size
    expect(await knows(at)).toBe(true)
    expect(at.disk.rows('test', 'log').size).toBe(log)
  })

  it('is written when the page is hidden, at most once in five minutes, and not for little', async () => {
    const at = place()
    const open = await at.browser.tab()
    await fill(open, 6)
    await openAll(open, ['c0', 'c1', 'c0', 'c0', 'c0'])
    const before = open.version
    at.hide()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(open.version).toBe(before)
    at.show()
    await openAll(open, OFTEN)
    at.hide()
    await expect.poll(() => open.version).toBe(before + 1)
    at.show()
    await openAll(open, OFTEN)
    at.hide()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(open.version).toBe(before + 1)
    at.clock.now += 5 * 60_000
    at.hide()
    await expect.poll(() => open.version).toBe(before + 2)
    await open.lock()
    expect(await knows(at)).toBe(true)
  })

  it('in two tabs adds up', async () => {
    const at = place()
    const one = await at.browser.tab()
    await fill(one, 6)
    const two = await at.browser.tab()
    await openAll(one, OFTEN)
    await openAll(two, ['c4', 'c5', 'c4', 'c5', 'c4', 'c5'])
    const locked = new Promise<void>((resolve) => two.subscribe(({ kind }) => kind === 'locked' && resolve()))
    await one.lock()
    await locked
    const open = await at.browser.tab()
    for (const [first, next] of [['c0', 'c1'], ['c4', 'c5']] as const) {
      await open.chatLogs.read(first)
      await at.idle.pass()
      const before = at.reads.pages
      await open.chatLogs.read(next)
      expect(at.reads.pages, next).toBe(before)
    }
    await open.lock()
  })

  it('is in no archive and no export, and no preference of the app', async () => {
    const at = place()
    const open = await at.browser.tab()
    await fill(open, 6)
    await openAll(open, OFTEN)
    await open.lock()
    const again = await at.browser.tab()
    expect(await again.preferences.list()).toEqual([])
    expect(await again.preferences.get('sealed-vault/habits')).toBeUndefined()
    const json = await new Response(await again.exportJson({ unprotected: true })).text()
    expect(json).not.toContain('habits')
    expect(JSON.parse(json)).toMatchObject({ preferences: [] })
    const { stream, report } = await again.exportArchive({ password: PASSWORD })
    await new Response(stream).arrayBuffer()
    expect((await report).counts).toMatchObject({ preferences: 0 })
    expect((await again.backup.status()).changes).toMatchObject({ preferences: 0 })
    expect(await again.check()).toMatchObject({ ok: true })
    await again.lock()
  })

  it('goes with the chat by the next lock, and as a whole where nobody wants it', async () => {
    const at = place()
    const open = await at.browser.tab()
    await fill(open, 6)
    await openAll(open, OFTEN)
    await open.lock()
    const gone = await at.browser.tab()
    await gone.sessions.delete('s1')
    const before = gone.version
    await gone.lock()
    expect(gone.version).toBe(before + 1)
    const still = await at.browser.tab()
    expect(still.version).toBe(0)
    await still.lock()
    expect(still.version).toBe(0)
    const without = await at.browser.tab({ prefetch: false })
    await without.lock()
    expect(without.version).toBe(1)
    const nothing = await at.browser.tab({ prefetch: false })
    await nothing.lock()
    expect(nothing.version).toBe(0)
  })

  it('that makes no sense is as good as nothing', async () => {
    const { Habits } = await import('../../src/vault/records/habits.js')
    for (const stored of [undefined, null, 7, 'x', [], {}, { total: -1, logs: [] }, { total: 1, logs: [[1, 1, 1]] }, { total: 1, logs: [[-1, 1, 1, []]] }]) expect(new Habits(stored).likely(), JSON.stringify(stored)).toEqual([])
  })

  it('is bounded, and small', async () => {
    const { Habits } = await import('../../src/vault/records/habits.js')
    const habits = new Habits()
    for (let i = 0; i < 30_000; i++) habits.note((i * 7919) % 1009)
    expect(habits.likely().length).toBeLessThanOrEqual(256)
    expect(JSON.stringify(habits.toJson()).length).toBeLessThan(10_000)
    const again = new Habits(JSON.parse(JSON.stringify(habits.toJson())))
    expect(again.likely()).toHaveLength(128)
  })
})
