// What the index must withstand: damage it meets before anybody else, jobs that end early, texts and histories that repeat themselves.

import { VaultError } from '../../src/errors.js'
import { describe, expect, it } from 'vitest'
import type { Bytes, SealedBytes } from '../../src/brand.js'
import { Blocks, BLOCK_BYTES, BlockWriter } from '../../src/vault/core/blocks.js'
import type { LogsByStem } from '../../src/vault/search/index/live-index.js'
import { hideOutdated } from '../../src/vault/search/index/live-index.js'
import { safeCut } from '../../src/vault/search/words/tokenizer.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { testBrowser, type TestBrowser } from '../kit/tabs.js'
import { message } from '../kit/vault-states.js'
import { A, B, logs, openBlocks, segmentOf } from './kit/segments.js'

function damage(browser: TestBrowser, store: 'pages' | 'blobs'): void {
  const rows = browser.disk.rows('test', store)
  for (const key of rows.keys() as Bytes[]) {
    const row = rows.get(key)!.slice() as SealedBytes
    row[row.length >> 1]! ^= 1
    rows.set(key, row)
  }
}

async function found(open: UnlockedVault, query: string): Promise<string[]> {
  const contents: string[] = []
  for await (const hit of open.search(query)) contents.push(hit.message.content)
  return contents
}

const logRows = (browser: TestBrowser): number => browser.disk.rows('test', 'log').size

describe('damage that the index meets first', () => {
  it('a page of a load does not keep the log from being folded', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    await open.load([{ session: { id: 'one' }, messages: [message('a zeppelin')] }])
    damage(browser, 'pages')
    const { chatLogId } = await open.sessions.create()
    await open.chatLogs.append(chatLogId, message('something else'))
    // What a load brought is folded behind it, on a slow day before anybody asks.
    await open.checkpoint()
    expect(logRows(browser)).toBe(1)
  })

  it('a chunk of a long message does not keep the log from being folded', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    const { chatLogId } = await open.sessions.create()
    await open.chatLogs.append(chatLogId, message('long '.repeat(20_000)))
    damage(browser, 'blobs')
    expect(await open.checkpoint()).toBe(true)
    expect(logRows(browser)).toBe(1)
  })

  it('a chunk of a long message does not keep the index from being made anew', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    const { chatLogId } = await open.sessions.create()
    await open.chatLogs.append(chatLogId, [message('long '.repeat(20_000)), message('a zeppelin')])
    await open.checkpoint()
    damage(browser, 'blobs')
    await open.rebuildIndex()
    expect(await found(open, 'zeppelin')).toEqual(['a zeppelin'])
  })

  it('a page does not keep a vault without an index from getting one, after a search that had to read it', async () => {
    const browser = testBrowser()
    const plain = await browser.tab({ index: false })
    await plain.load([{ session: { id: 'torn' }, messages: [message('torn')] }])
    await plain.checkpoint()
    damage(browser, 'pages')
    await plain.load([{ session: { id: 'whole' }, messages: [message('a zeppelin')] }])
    await plain.lock()
    const open = await browser.tab()
    await expect(found(open, 'zeppelin')).rejects.toMatchObject({ code: 'corrupt', details: { where: 'pages' } })
    await expect.poll(() => browser.disk.rows('test', 'blocks').size).toBeGreaterThan(0)
    expect(await found(open, 'zeppelin')).toEqual(['a zeppelin'])
  })
})

describe('jobs that end early', () => {
  it('a making anew that is given up takes back what it wrote', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    await open.load(Array.from({ length: 25 }, (_, c) => ({ session: { id: `s${c}` }, messages: Array.from({ length: 1000 }, (_, i) => message(`hello there number ${c} ${i}`)) })))
    await open.checkpoint()
    const before = browser.disk.rows('test', 'blocks').keys().map(String).sort()
    const giveUp = new AbortController()
    let most = 0
    const onProgress = ({ done }: { readonly done: number }): void => {
      most = Math.max(most, browser.disk.rows('test', 'blocks').size)
      if (done > 22_000) giveUp.abort(new Error('enough'))
    }
    await expect(open.rebuildIndex({ signal: giveUp.signal, onProgress })).rejects.toThrow('enough')
    expect(most).toBeGreaterThan(before.length)
    expect(browser.disk.rows('test', 'blocks').keys().map(String).sort()).toEqual(before)
    expect(await open.check()).toMatchObject({ ok: true, problems: [], leftOvers: 0 })
  })

  it('a lock while an index is made leaves no rejection unhandled', { timeout: 120_000 }, async () => {
    const browser = testBrowser()
    let open = await browser.tab()
    let drawn = 7
    const word = (): string => `w${((drawn = (drawn * 1103515245 + 12345) & 0x7fffffff) >> 8) % 20_000}`
    await open.load(Array.from({ length: 20 }, (_, c) => ({ session: { id: `s${c}` }, messages: Array.from({ length: 500 }, () => message(Array.from({ length: 60 }, word).join(' '))) })))
    await open.checkpoint()
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    const before = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', note)
    try {
      for (let ms = 100; ms < 900; ms += 160) {
        const made = open.rebuildIndex().catch(() => undefined)
        await new Promise((resolve) => setTimeout(resolve, ms))
        await open.lock()
        await made
        await new Promise((resolve) => setTimeout(resolve, 20))
        open = await browser.tab()
      }
    } finally {
      process.removeListener('unhandledRejection', note)
      for (const listener of before) process.on('unhandledRejection', listener)
    }
    expect(unhandled).toHaveLength(0)
  })

  it('ends a read whose keys are gone before it begins', { timeout: 2000 }, async () => {
    const { codec } = openBlocks()
    const locked = { ...codec, labels: () => { throw new VaultError('locked', 'the vault was locked') } }
    const blocks = new Blocks({ read: async () => [] } as never, locked as never, 10 * BLOCK_BYTES)
    await expect(blocks.read([{ stem: 'file', from: 0, length: 10 }], 0)).rejects.toMatchObject({ code: 'locked' })
    // And whoever asks for the same again is told again.
    await expect(blocks.read([{ stem: 'file', from: 0, length: 10 }], 0)).rejects.toMatchObject({ code: 'locked' })
  })

  it('reads a block once for all who ask for it before it is opened', async () => {
    const { codec, keep } = openBlocks()
    const file = new BlockWriter(codec, 'file')
    file.finish(new Uint8Array(64), 0)
    const rows = await file.take()
    keep(rows)
    let reads = 0
    let opened: (() => void) | undefined
    const slow = { ...codec, openBytes: async (_store: string, _label: unknown, row: Uint8Array) => new Promise((resolve) => (opened = () => resolve(row))) }
    const backend = { read: async (requests: readonly unknown[]) => (reads++, requests.map(() => rows[0]!.row)) }
    const blocks = new Blocks(backend as never, slow as never, 10 * BLOCK_BYTES)
    const first = blocks.read([{ stem: 'file', from: 0, length: 10 }], 0)
    await expect.poll(() => opened).toBeDefined()
    const second = blocks.read([{ stem: 'file', from: 0, length: 10 }], 0)
    await new Promise((resolve) => setTimeout(resolve, 5))
    opened!()
    await Promise.all([first, second])
    expect(reads).toBe(1)
  })

  it('keeps no opened block of a read that ends after everything was forgotten', async () => {
    const { codec, keep } = openBlocks()
    const file = new BlockWriter(codec, 'file')
    file.finish(new Uint8Array(64), 0)
    const rows = await file.take()
    keep(rows)
    let reads = 0
    const backend = {
      read: async (requests: readonly unknown[]) => {
        reads++
        await new Promise((resolve) => setTimeout(resolve, 5))
        return requests.map(() => rows[0]!.row)
      },
    }
    const blocks = new Blocks(backend as never, codec, 10 * BLOCK_BYTES)
    const reading = blocks.read([{ stem: 'file', from: 0, length: 10 }], 0)
    blocks.clear()
    await reading
    await blocks.read([{ stem: 'file', from: 0, length: 10 }], 0)
    expect(reads).toBe(2)
  })
})

// Work that grows with the square of these, or faster, does not end within the time of a test.
describe('texts and histories that repeat themselves', () => {
  it('a long table of numbers is searched for numbers side by side', async () => {
    const open = await testBrowser().tab()
    const { chatLogId } = await open.sessions.create()
    await open.chatLogs.append(chatLogId, message('0.0 '.repeat(150_000)))
    await open.checkpoint()
    expect(await found(open, '0.0')).toHaveLength(1)
  })

  it('a phrase of many compounds is found, and found missing', async () => {
    const open = await testBrowser().tab()
    const { chatLogId } = await open.sessions.create()
    await open.chatLogs.append(chatLogId, message(`${'aB '.repeat(80)} zz`))
    for (const step of ['pending', 'folded']) {
      expect(await found(open, `"${'aB '.repeat(40)}cc" zz`), step).toHaveLength(0)
      expect(await found(open, `"${'aB '.repeat(40)}zz" `), step).toHaveLength(1)
      await open.checkpoint()
    }
  })

  it('a large segment is hidden by another where two chat logs took turns', { timeout: 10_000 }, async () => {
    const open = openBlocks()
    const turns = (first: number, count: number) => Array.from({ length: count }, (_, i) => ({ stem: i % 2 === 0 ? A : B, number: first + (i >> 1), content: 'word', timestamp: 1000 * (2 * first + i) }))
    const older = await segmentOf(open, 1, turns(0, 300_000))
    const newer = await segmentOf(open, 2, turns(150_000 - 50_000, 100_000))
    const [live] = hideOutdated([older, newer], logs as LogsByStem)
    expect(live!.hidden!.reduce((sum, hidden) => sum + hidden, 0)).toBe(100_000)
  })

  it('long text without spaces is cut where no word goes across', () => {
    const text = `${'abc+def/'.repeat(20_000)}=`
    for (let from = 0; from < text.length; ) {
      const to = safeCut(text, from + 32_768)
      expect(to - from).toBeLessThan(33_000)
      from = to
    }
  })
})
