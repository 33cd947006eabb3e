// The index beside the data: written with it, merged, made anew, found wrong when it is, and never more than derived.

import { describe, expect, it, vi } from 'vitest'
import { BLOCK_BYTES, blocksFor } from '../../src/vault/core/blocks.js'
import type { RawRows } from '../../src/stores/memory-disk.js'
import { Segment } from '../../src/vault/search/segments/segment.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { generateConversations } from '../kit/corpus.js'
import { memoryLocks } from '../../src/stores/locks.js'
import { testBrowser, type BrowserParts, type TestBrowser } from '../kit/tabs.js'
import { message } from '../kit/vault-states.js'

const BLOCK_ROW = 16 * 1024 + 35

async function found(open: UnlockedVault, query: string): Promise<string[]> {
  const contents: string[] = []
  for await (const hit of open.search(query)) contents.push(hit.message.content)
  return contents
}

const blocks = (browser: TestBrowser): RawRows => browser.disk.rows('test', 'blocks')

async function loaded(messages = 400, parts: BrowserParts = {}): Promise<{ open: UnlockedVault; browser: TestBrowser }> {
  const browser = testBrowser(parts)
  const open = await browser.tab()
  const conversations = [...generateConversations({ seed: 5, conversations: 20, messages })]
  await open.load(conversations.map(({ id, participants, messages: all }) => ({ session: { id, participants, chatLogId: id }, messages: all.map((one, i) => ({ ...one, timestamp: 1000 * i })) })))
  // In the index a moment later.
  await expect.poll(() => blocks(browser).size).toBeGreaterThan(0)
  await open.checkpoint()
  return { open, browser }
}

describe('the index', () => {
  it('is blocks of one size, whose number is a power of two for a small segment', async () => {
    const { open, browser } = await loaded()
    const rows = blocks(browser).entries().map(([, row]) => row)
    expect(rows.length).toBeGreaterThan(0)
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([BLOCK_ROW]))
    expect(Math.log2(rows.length) % 1).toBe(0)
    expect(await open.check()).toMatchObject({ ok: true, problems: [] })
  })

  it('rounds the number of blocks up', () => {
    expect([0, 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES, 33 * BLOCK_BYTES, 65 * BLOCK_BYTES].map(blocksFor)).toEqual([1, 1, 1, 2, 4, 64, 72])
  })

  it('takes in what was loaded a moment later; until then it is read', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    await open.load([{ session: { id: 'one' }, messages: [message('a zeppelin'), message('a second zeppelin')] }])
    expect(blocks(browser).size).toBe(0)
    expect(await found(open, 'zeppelin')).toHaveLength(2)
    const { chatLogId } = (await open.sessions.get('one'))!
    await open.chatLogs.append(chatLogId!, message('a third zeppelin'))
    const [first] = await open.chatLogs.read(chatLogId!)
    await open.chatLogs.update(chatLogId!, first!.id, { content: 'a balloon' })
    expect(await found(open, 'zeppelin')).toHaveLength(2)
    await expect.poll(() => blocks(browser).size).toBeGreaterThan(0)
    expect(await found(open, 'zeppelin')).toHaveLength(2)
    expect(await open.check()).toMatchObject({ ok: true, problems: [] })
    await open.checkpoint()
    expect(await found(open, 'zeppelin')).toHaveLength(2)
    expect(await open.check()).toMatchObject({ ok: true, problems: [] })
  })

  it('comes with the checkpoint that folds', async () => {
    const { open, browser } = await loaded()
    const afterLoad = blocks(browser).size
    expect(afterLoad).toBeGreaterThan(0)
    const { chatLogId } = await open.sessions.create({ id: 'new' })
    await open.chatLogs.append(chatLogId, message('an unmistakable zeppelin'))
    expect(blocks(browser).size).toBe(afterLoad)
    expect(await found(open, 'zeppelin')).toEqual(['an unmistakable zeppelin'])
    await open.checkpoint()
    expect(blocks(browser).size).toBe(afterLoad + 1)
    open.releaseMemory()
    expect(await found(open, 'zeppelin')).toEqual(['an unmistakable zeppelin'])
    await open.lock()
    expect(await found(await browser.tab(), 'zeppelin')).toEqual(['an unmistakable zeppelin'])
  })

  it('merges by itself until few segments are left, and says the same', async () => {
    const { open, browser } = await loaded(64)
    const { chatLogId } = await open.sessions.create()
    for (let i = 0; i < 12; i++) {
      await open.chatLogs.append(chatLogId, message(`note ${i} about the harbour`))
      await open.checkpoint()
    }
    await expect.poll(() => blocks(browser).size).toBeLessThan(8)
    expect(await found(open, 'harbour')).toHaveLength(12)
    expect(await open.check()).toMatchObject({ ok: true, problems: [] })
  })

  it('merges also when somebody else waits for a checkpoint just then', async () => {
    const locks = memoryLocks()
    const { open, browser } = await loaded(64, { locks })
    const { chatLogId } = await open.sessions.create()
    for (let i = 0; i < 12; i++) {
      await open.chatLogs.append(chatLogId, message(`note ${i} about the harbour`))
      const folded = open.checkpoint()
      // Somebody has the job every time when there would be something to merge.
      await locks.request('sealed-vault/test/job', {}, () => new Promise((resolve) => setTimeout(resolve, 20)))
      await folded
    }
    expect(blocks(browser).size).toBeGreaterThan(8)
    await expect.poll(() => blocks(browser).size).toBeLessThan(8)
  })

  it('keeps the messages of a chat log that is deleted while it merges from becoming those of another', async () => {
    const open = await testBrowser().tab()
    const kept = await open.sessions.create()
    await open.chatLogs.append(kept.chatLogId, message('harbour'))
    await open.checkpoint()
    const doomed = await open.sessions.create()
    for (let i = 0; i < 2; i++) {
      await open.chatLogs.append(doomed.chatLogId, message('lantern'))
      await open.checkpoint()
    }
    const unpacked = vi.spyOn(Segment.prototype, 'lengths').mockImplementationOnce(async function (this: Segment) {
      await open.chatLogs.delete(doomed.chatLogId)
      return this.lengths()
    })
    await open.chatLogs.append(doomed.chatLogId, message('lantern'))
    await open.checkpoint()
    expect(await open.check()).toMatchObject({ ok: true, problems: [] })
    expect(unpacked).toHaveBeenCalled()
    unpacked.mockRestore()
    expect(await open.chatLogs.get(doomed.chatLogId)).toBeUndefined()
    expect(await found(open, 'lantern')).toEqual([])
    expect(await found(open, 'harbour')).toEqual(['harbour'])
  })

  it('forgets what was edited and deleted, before and after it is folded and merged', async () => {
    const { open } = await loaded(64)
    const { chatLogId } = await open.sessions.create()
    const sent = []
    for (let i = 0; i < 8; i++) sent.push(await open.chatLogs.append(chatLogId, message(`lantern ${i}`)))
    await open.checkpoint()
    await open.chatLogs.update(chatLogId, sent[0]!.id, { content: 'candle' })
    await open.chatLogs.deleteMessage(chatLogId, sent[1]!.id)
    expect(await found(open, 'lantern')).toHaveLength(6)
    for (let i = 0; i < 6; i++) {
      await open.checkpoint()
      expect(await found(open, 'lantern')).toHaveLength(6)
      expect(await found(open, 'candle')).toEqual(['candle'])
      expect((await open.check()).problems).toEqual([])
      await open.chatLogs.append(chatLogId, message(`padding ${i}`))
    }
    await open.chatLogs.delete(chatLogId)
    expect(await found(open, 'lantern')).toEqual([])
    await open.checkpoint()
    expect(await found(open, 'lantern')).toEqual([])
    expect((await open.check()).problems).toEqual([])
  })

  it('is made anew when asked, with progress, while commits go on', async () => {
    const { open, browser } = await loaded()
    const before = (await found(open, 'great')).length
    const stale = new Set(blocks(browser).keys().map(String))
    const { chatLogId } = await open.sessions.create()
    const seen: number[] = []
    const rebuilding = open.rebuildIndex({ onProgress: ({ done }) => seen.push(done) })
    await open.chatLogs.append(chatLogId, message('great news'))
    await rebuilding
    expect(seen.at(-1)).toBeGreaterThanOrEqual(400)
    expect(blocks(browser).keys().some((key) => stale.has(String(key)))).toBe(false)
    expect(await found(open, 'great')).toHaveLength(before + 1)
    expect(await open.check()).toMatchObject({ ok: true, problems: [] })
  })

  it('is one segment when it was made anew, however many were gathered', { timeout: 120_000 }, async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    // Each is as much as a segment gathers.
    await open.load([{ session: { id: 'one' }, messages: Array.from({ length: 4 }, () => message('to be '.repeat(500_001))) }])
    await open.rebuildIndex()
    await open.lock()
    const opened = vi.spyOn(Segment, 'open')
    expect(await found(await browser.tab(), '"be to" -zeppelin')).toHaveLength(4)
    expect(opened).toHaveBeenCalledTimes(1)
    opened.mockRestore()
  })

  it('that lost a block is reported, does not keep a search from its answers, and is made anew by itself', async () => {
    const { open, browser } = await loaded()
    const before = await found(open, 'great')
    await open.lock()
    const rows = blocks(browser)
    for (const key of rows.keys()) rows.delete(key)
    const again = await browser.tab()
    const warnings: unknown[] = []
    again.subscribe((event) => void (event.kind === 'warning' && warnings.push(event.error.details.where)))
    const { ok, problems } = await again.check()
    expect(ok).toBe(false)
    expect(problems.some(({ code, where }) => code === 'missing' && where === 'blocks')).toBe(true)
    expect(await found(again, 'great')).toEqual(before)
    expect(warnings).toContain('blocks')
    await expect.poll(() => blocks(browser).size).toBeGreaterThan(0)
    expect(await found(again, 'great')).toEqual(before)
    expect(await again.check()).toMatchObject({ ok: true, problems: [] })
  })
})

describe('check', () => {
  it('waits for what is under way in the background, and ends with the lock while it waits', async () => {
    const open = await testBrowser().tab()
    await open.load([{ session: { id: 'one' }, messages: [message('a zeppelin')] }])
    expect(await open.check()).toMatchObject({ ok: true, problems: [], leftOvers: 0 })
    await open.load([{ session: { id: 'two' }, messages: [message('another zeppelin')] }])
    const checking = open.check()
    await open.lock()
    await expect(checking).rejects.toMatchObject({ code: 'locked' })
  })

  it('holds the index of one moment against the messages of the same, while another tab folds the log', async () => {
    const browser = testBrowser()
    const other = await browser.tab()
    await other.chatLogs.append((await other.sessions.create()).chatLogId, message('a zeppelin'))
    await other.checkpoint()
    const open = await browser.tab()
    const opened = vi.spyOn(Segment, 'open')
    opened.mockImplementationOnce(async (...args) => {
      await other.chatLogs.append((await other.sessions.create()).chatLogId, message('another zeppelin'))
      await other.checkpoint()
      await other.preferences.set('theme', 'dark')
      // Comes too late, and so learns of all that.
      await open.preferences.set('font', 'serif')
      return Segment.open(...args)
    })
    expect(await open.check()).toMatchObject({ ok: true, problems: [] })
    expect(opened).toHaveBeenCalled()
    opened.mockRestore()
  })
})

describe('a vault opened with index: false', () => {
  it('keeps none, drops the one that is there with the next checkpoint, and finds the same', async () => {
    const { open, browser } = await loaded()
    const before = await found(open, 'great')
    await open.lock()
    const without = await browser.tab({ index: false })
    expect(await found(without, 'great')).toEqual(before)
    await without.chatLogs.append((await without.sessions.create()).chatLogId, message('great'))
    await without.checkpoint()
    expect(blocks(browser).size).toBe(0)
    expect(await found(without, 'great')).toEqual(['great', ...before])
    expect(await without.check()).toMatchObject({ ok: true, problems: [] })
    await expect(without.rebuildIndex()).rejects.toThrow(TypeError)
    await without.lock()
    const again = await browser.tab()
    expect(await found(again, 'great')).toEqual(['great', ...before])
    await expect.poll(() => blocks(browser).size).toBeGreaterThan(0)
    expect(await found(again, 'great')).toEqual(['great', ...before])
  })
})

describe('damage', () => {
  it('of pages and long values that a load brought keeps neither the log from being folded nor the rest from being indexed', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    const long = `${'padding '.repeat(20_000)}needle`
    await open.load([
      { session: { id: 'torn' }, messages: Array.from({ length: 40 }, (_, i) => message(`torn zeppelin ${i}`)) },
      { session: { id: 'long' }, messages: [message(long), message('short zeppelin')] },
      { session: { id: 'whole' }, messages: [message('whole zeppelin')] },
    ])
    const spoil = (store: 'pages' | 'blobs', which: number): void => {
      const rows = browser.disk.rows('test', store)
      const [key, row] = rows.entries()[which]!
      const spoiled = row.slice()
      spoiled[row.length >> 1]! ^= 1
      rows.set(key, spoiled)
    }
    spoil('blobs', 0)
    spoil('pages', 0)
    open.releaseMemory()
    expect(await open.checkpoint()).toBe(true)
    expect(browser.disk.rows('test', 'log').size).toBe(1)
    expect(blocks(browser).size).toBeGreaterThan(0)
    const { ok, problems } = await open.check()
    expect(ok).toBe(false)
    expect(problems.map(({ code, where }) => `${code} ${where}`)).toContain('corrupt pages')
    await open.chatLogs.append((await open.sessions.create()).chatLogId, message('new zeppelin'))
    expect((await found(open, 'new')).length).toBe(1)
  })
})
