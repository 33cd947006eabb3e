// Pictures in messages: base64 in, bytes at rest, out as they came; and read by nobody who did not ask for them.

import { describe, expect, it } from 'vitest'
import type { Backend, BackendFactory, StoreName } from '../../src/stores/backend.js'
import { createMemoryDisk, type MemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { archiveOf, contentOf, take } from '../kit/devices.js'
import { noise } from '../kit/pictures.js'
import { PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'

const PNG = 'data:image/png;base64,'
const MEBIBYTE = 786_432
const say = (content: string, images: readonly string[], id?: string) => ({ senderId: 'ada', type: 'user' as const, content, metadata: { images }, ...(id !== undefined && { id }) })

/** Everything an app may call a picture, side by side in one message. */
const MIXED: readonly string[] = [
  noise(60_000, 'base64'),
  noise(60_001, 'base64'),
  PNG + noise(60_002, 'base64'),
  'short',
  '',
  noise(60_000, 'base64url'),
  `${noise(60_000, 'base64')}\n`,
  noise(60_001, 'base64').replaceAll('=', ''),
  `${noise(60_001, 'base64').slice(0, -3)}x==`,
  `${'data:'.padEnd(400, 'x')},${noise(60_000, 'base64')}`,
  `\ud800${noise(60_000, 'base64')}`,
  PNG + noise(300_000, 'base64'),
]

/** A browser that notes which rows of long values are read. */
function watched(): { readonly browser: TestBrowser; readonly read: Set<string> } {
  const disk = createMemoryDisk()
  const factory = memoryFactory(disk)
  const read = new Set<string>()
  const backend = (): BackendFactory => ({
    ...factory,
    open: async (name) => {
      const opened: Backend = await factory.open(name)
      return {
        ...opened,
        read: (requests) => {
          for (const request of requests) {
            if (request.store !== 'blobs') continue
            // Names and numbers of rows are no pictures: who clears left-overs asks for them.
            if (request.kind === 'get') read.add(Buffer.from(request.key as Uint8Array).toString('hex'))
            if (request.kind === 'rows') read.add('all')
          }
          return opened.read(requests)
        },
      }
    },
  })
  return { browser: testBrowser({ disk, backend }), read }
}

const bytesIn = (disk: MemoryDisk, stores: readonly StoreName[]): number => stores.reduce((sum, store) => sum + disk.rows('test', store).entries().reduce((bytes, [, row]) => bytes + row.length, 0), 0)

describe('pictures', () => {
  it('come back unit by unit, pending, folded, opened again, under new keys, from an archive and from plain JSON', { timeout: 120_000 }, async () => {
    const browser = testBrowser()
    let tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    const { id } = await tab.chatLogs.append(chatLogId, say('look', MIXED))
    await tab.brains.put({ entityId: 'e', model: 'm', configuration: { face: MIXED[2]! }, memories: [...MIXED, { told: 'of the lighthouse' }] })
    const same = async (open: UnlockedVault, log = chatLogId): Promise<void> => {
      const { metadata } = (await open.chatLogs.getMessage(log, id))!
      // As JSON, for a difference of a megabyte is no message.
      expect(JSON.stringify(metadata!.images) === JSON.stringify(MIXED)).toBe(true)
      const brain = (await open.brains.get('e'))!
      expect(JSON.stringify([brain.configuration, brain.memories]) === JSON.stringify([{ face: MIXED[2] }, [...MIXED, { told: 'of the lighthouse' }]])).toBe(true)
      expect(await open.check()).toMatchObject({ ok: true, problems: [] })
    }
    await same(tab)
    await tab.checkpoint()
    tab.releaseMemory()
    await same(tab)
    await tab.lock()
    tab = await browser.tab()
    await same(tab)
    expect(await tab.rotateKeys(PASSWORD)).toMatchObject({ skipped: [], keepsOldKeys: false })
    await same(tab)
    expect((await tab.audit()).unsealed.filter(({ isExpected }) => !isExpected)).toEqual([])
    const archive = await archiveOf(tab)
    const other = await testBrowser().tab()
    await take(other, archive)
    await same(other)
    // Once more: what is here just so is compared with what is stored, and not written again.
    expect((await take(other, archive)).counts).toMatchObject({ messages: { added: 0, changed: 0, skipped: 1 }, brains: { skipped: 1 } })
    const third = await testBrowser().tab()
    await third.importJson((await tab.exportJson({ unprotected: true })) as never)
    await same(third)
    expect(await contentOf(other)).toEqual(await contentOf(tab))
  })

  it('of a mebibyte of base64 take at most 0.78 of it', { timeout: 120_000 }, async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    const count = 8
    for (let i = 0; i < count; i++) await tab.chatLogs.append(chatLogId, say(`picture ${i}`, [noise(MEBIBYTE, 'base64', i + 1)]))
    await tab.checkpoint()
    const stores = ['header', 'manifest', 'log', 'heads', 'pages', 'blobs', 'blocks', 'jobs', 'marks', 'quarantine'] as const
    const share = bytesIn(browser.disk, stores) / (count * 2 ** 20)
    expect(share).toBeLessThan(0.78)
    expect(bytesIn(browser.disk, ['blobs']) / (count * 2 ** 20)).toBeLessThan(0.756)
  })

  it('say with `defer` how long they are, and come one by one where they are loaded', { timeout: 60_000 }, async () => {
    const { browser, read } = watched()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    const pictures = MIXED.slice(0, 6)
    const isLong = (image: string): boolean => image.length > 65_536
    for (const image of pictures) await tab.chatLogs.append(chatLogId, say('look', [image]))
    await tab.checkpoint()
    tab.releaseMemory()
    read.clear()
    const deferred = await tab.chatLogs.read(chatLogId, { longValues: 'defer' })
    expect(deferred.map((message) => message.deferred)).toEqual(pictures.map((image) => (isLong(image) ? [{ path: ['metadata', 'images', 0], bytes: image.length }] : undefined)))
    expect(deferred.map(({ metadata }) => metadata!.images![0])).toEqual(pictures.map((image) => (isLong(image) ? image.slice(0, 256) : image)))
    expect(read.size).toBe(0)
    for (const order of ['oldest', 'newest'] as const) {
      read.clear()
      const expected = order === 'oldest' ? pictures : [...pictures].reverse()
      let seen = 0
      for await (const message of tab.chatLogs.messages(chatLogId, { order })) {
        expect(message.metadata!.images![0] === expected[seen++]).toBe(true)
        // Whoever stops here has not paid for those behind it.
        expect(read.size).toBe(expected.slice(0, seen).filter(isLong).length)
      }
      expect(seen).toBe(6)
    }
  })

  it('that go while their chat is walked through are not there any more, and nothing else is lost', { timeout: 60_000 }, async () => {
    const tab = await testBrowser().tab()
    const { chatLogId } = await tab.sessions.create()
    for (let i = 0; i < 6; i++) await tab.chatLogs.append(chatLogId, say(`${i}`, [noise(60_000, 'base64', i + 1)], `m${i}`))
    const seen: string[] = []
    for await (const { id, metadata } of tab.chatLogs.messages(chatLogId, { order: 'oldest' })) {
      seen.push(`${id} ${metadata!.images!.length}`)
      if (id !== 'm1') continue
      await tab.chatLogs.deleteMessage(chatLogId, 'm2')
      await tab.chatLogs.update(chatLogId, 'm3', { metadata: { images: [] } })
      await tab.checkpoint()
    }
    expect(seen).toEqual(['m0 1', 'm1 1', 'm3 0', 'm4 1', 'm5 1'])
  })

  it('are never read by lists, searches and the index', { timeout: 60_000 }, async () => {
    const { browser, read } = watched()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create({ id: 's', title: 'Pictures', participants: ['ada'] })
    for (let i = 0; i < 5; i++) await tab.chatLogs.append(chatLogId, say(`a lighthouse, number ${i}`, [PNG + noise(60_000, 'base64', i + 1)]))
    const everything = async (hits: number): Promise<void> => {
      expect(await tab.sessions.list()).toHaveLength(1)
      expect(await tab.chatLogs.list()).toHaveLength(1)
      expect(await tab.chatLogs.read(chatLogId, { longValues: 'defer' })).toHaveLength(6)
      expect(await tab.searchSessions('pictures')).toHaveLength(1)
      const found: string[] = []
      for await (const { message } of tab.search('lighthouse')) {
        found.push(message.content)
        expect(message.deferred).toMatchObject([{ path: ['metadata', 'images', 0] }])
      }
      expect(found).toHaveLength(hits)
      expect(found.filter((content) => content.length > 65_536 && content !== story)).toEqual([])
      expect(await tab.searchPlaces('lighthouse')).toHaveLength(hits)
      for await (const { matches } of tab.searchBySession('lighthouse')) expect(matches).toBe(hits)
      await tab.suggest('light')
      await tab.generateKeywords()
    }
    // Its content is long as well: that is read, and not what stands beside it.
    const story = `${'words of a long story, '.repeat(4000)}and a lighthouse`
    await tab.chatLogs.append(chatLogId, say(story, [PNG + noise(60_000, 'base64', 7)], 'story'))
    await everything(6)
    await tab.checkpoint()
    tab.releaseMemory()
    await everything(6)
    await tab.rebuildIndex()
    await everything(6)
    // The one row of the story.
    expect(read.size).toBe(1)
    await tab.chatLogs.update(chatLogId, 'story', { content: 'a short story' })
    await tab.checkpoint()
    tab.releaseMemory()
    read.clear()
    await everything(5)
    await tab.rebuildIndex()
    expect(read).toEqual(new Set())
  })

  it('whose row is damaged are reported, and only they', { timeout: 60_000 }, async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    await tab.chatLogs.append(chatLogId, say('one', [noise(60_000, 'base64')], 'a'))
    await tab.checkpoint()
    const rows = browser.disk.rows('test', 'blobs')
    const [key, row] = rows.entries()[0]!
    await tab.chatLogs.append(chatLogId, say('two', [noise(60_001, 'base64')], 'b'))
    await tab.checkpoint()
    row[100]! ^= 1
    rows.set(key, row)
    await expect(tab.chatLogs.getMessage(chatLogId, 'a')).rejects.toMatchObject({ code: 'corrupt', details: { where: 'blobs' } })
    expect((await tab.chatLogs.getMessage(chatLogId, 'b'))!.metadata!.images![0] === noise(60_001, 'base64')).toBe(true)
    expect(await tab.chatLogs.read(chatLogId, { longValues: 'defer' })).toHaveLength(2)
    expect((await tab.check()).ok).toBe(false)
  })
})
