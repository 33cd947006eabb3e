// What fetching ahead is worth, in openings that read from the store: a seed says what is opened, the test says when the page is idle, so the figures are always the same.

import { beforeAll, describe, expect, it } from 'vitest'
import { makeTrace, type Trace } from '../../bench/lib/traces.mjs'
import type { CacheStatus } from '../../src/vault/page-cache-view.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { idleMoments, type IdleMoments } from '../kit/idle.js'
import { testBrowser, type TestBrowser } from '../kit/tabs.js'

const CHATS = 500
/** Of the newest pages of all chats, what the cache holds. */
const CACHED = 1 / 10
/** Openings of the traces that show nothing is lost; the figures of decision 018 are those of 8000. */
const LENGTH = Number(process.env['SEALED_VAULT_OPENINGS'] ?? 3000)

interface Place {
  readonly browser: TestBrowser
  readonly idle: IdleMoments
  readonly cacheBytes: number
}

const messages = (chat: number) => Array.from({ length: 4 }, (_, m) => ({ senderId: 'ada', type: 'user' as const, content: `message ${m} of chat ${String(chat).padStart(3, '0')}`, timestamp: 1000 + m }))

/** A vault of many small chats, in pages, locked. */
async function makePlace(): Promise<Place> {
  const idle = idleMoments()
  const browser = testBrowser({ idle: idle.idle })
  const open = await browser.tab({ prefetch: false, index: false })
  await open.load(Array.from({ length: CHATS }, (_, chat) => ({ session: { id: `s${chat}`, chatLogId: `c${chat}` }, messages: messages(chat) })))
  await open.checkpoint()
  open.releaseMemory()
  for (let chat = 0; chat < CHATS; chat++) await open.chatLogs.read(`c${chat}`)
  const { bytes, pages } = open.cache.status()
  expect(pages).toBe(CHATS)
  await open.lock()
  return { browser, idle, cacheBytes: bytes * CACHED }
}

/** @returns what the cache says of the first half, in which there is much to learn, and of the second */
async function play({ browser, idle, cacheBytes }: Place, prefetch: boolean, trace: readonly number[]): Promise<[CacheStatus, CacheStatus]> {
  const open = await browser.tab({ prefetch, cacheBytes, index: false })
  const half = async (chats: readonly number[]): Promise<CacheStatus> => {
    open.cache.resetCounts()
    for (const chat of chats) {
      await open.chatLogs.read(`c${chat}`)
      await idle.pass()
    }
    expect(open.cache.status().bytes).toBeLessThanOrEqual(cacheBytes)
    return open.cache.status()
  }
  const halves: [CacheStatus, CacheStatus] = [await half(trace.slice(0, trace.length / 2)), await half(trace.slice(trace.length / 2))]
  await forgetAndLock(open, browser)
  return halves
}

async function forgetAndLock(open: UnlockedVault, browser: TestBrowser): Promise<void> {
  await open.lock()
  await (await browser.tab({ prefetch: false })).lock()
}

describe('fetching what is likely to be opened next', () => {
  let place: Place
  beforeAll(async () => void (place = await makePlace()), 60_000)

  const traces: (Pick<Trace, 'kind' | 'exponent' | 'length'> & { fewer: number })[] = [
    { kind: 'zipf', exponent: 1, length: 8000, fewer: 0.2 },
    { kind: 'zipf', exponent: 1.2, length: 8000, fewer: 0.2 },
    { kind: 'habits', exponent: 1, length: LENGTH, fewer: 0.25 },
    { kind: 'drift', exponent: 1, length: LENGTH, fewer: 0.1 },
    { kind: 'recent', exponent: 1.1, length: LENGTH, fewer: -0.03 },
    { kind: 'uniform', length: LENGTH, fewer: -0.01 },
  ]
  for (const { kind, exponent, length, fewer } of traces) {
    it(`is worth it where openings are ${kind}${exponent === undefined ? '' : ` ${exponent}`}`, { timeout: 300_000 }, async () => {
      const trace = makeTrace({ kind, items: CHATS, length, seed: 1, ...(exponent !== undefined && { exponent }) })
      const without = await play(place, false, trace)
      const withIt = await play(place, true, trace)
      const sum = (halves: readonly CacheStatus[], field: 'coldOpens' | 'prefetched' | 'prefetchedUsed'): number => halves.reduce((all, half) => all + half[field], 0)
      const saved = 1 - sum(withIt, 'coldOpens') / sum(without, 'coldOpens')
      const savedLater = 1 - withIt[1].coldOpens / without[1].coldOpens
      const share = (value: number): string => `${(100 * value).toFixed(1)} %`
      console.info(`${kind} ${exponent ?? ''}: cold opens ${sum(without, 'coldOpens')} -> ${sum(withIt, 'coldOpens')} of ${length}, ${share(saved)} fewer; second half ${share(savedLater)} fewer; fetched ahead ${sum(withIt, 'prefetched')}, used ${sum(withIt, 'prefetchedUsed')}`)
      expect(sum(without, 'prefetched')).toBe(0)
      expect(saved).toBeGreaterThan(fewer)
    })
  }
})
