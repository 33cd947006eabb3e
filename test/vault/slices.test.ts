// How long work gives way to the page: told by a clock that goes on only where somebody works.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { Slices } from '../../src/vault/core/slices.js'
import { testBrowser } from '../kit/tabs.js'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** Tasks run one by one, when the test says so. */
function byHand() {
  let now = 0
  const tasks: (() => void)[] = []
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  class Channel {
    readonly port1 = { onmessage: (): void => undefined, close: () => undefined }
    readonly port2 = { postMessage: () => void tasks.push(() => this.port1.onmessage()) }
  }
  vi.stubGlobal('MessageChannel', Channel)
  return { tasks, settle: () => new Promise((resolve) => setImmediate(resolve)), work: (ms: number) => void (now += ms) }
}

describe('slices', () => {
  it('are as short where many work side by side, and take one task each', async () => {
    const { tasks, settle, work } = byHand()
    const slices = new Slices()
    let done = 0
    const twoPieces = async (): Promise<void> => {
      for (let piece = 0; piece < 2; piece++) {
        while (slices.isDue) await slices.breathe()
        work(5)
        done++
        await Promise.resolve()
      }
    }
    const all = Promise.all(Array.from({ length: 32 }, twoPieces))
    const piecesOfTask: number[] = []
    for (let before = 0; done < 64; before = done) {
      if (before > 0) tasks.shift()!()
      await settle()
      piecesOfTask.push(done - before)
      expect(tasks.length).toBe(done < 64 ? 1 : 0)
    }
    await all
    expect(new Set(piecesOfTask.slice(0, -1))).toEqual(new Set([3]))
  })

  it('end with the reason of the signal, whoever waits', async () => {
    const { tasks, work } = byHand()
    const ending = new AbortController()
    const slices = new Slices(ending.signal)
    expect(slices.isDue).toBe(false)
    work(100)
    const waiting = [slices.breathe(), slices.breathe()]
    const reason = new Error('enough')
    ending.abort(reason)
    expect(slices.isDue).toBe(true)
    tasks.shift()!()
    for (const one of waiting) await expect(one).rejects.toBe(reason)
    await expect(slices.breathe()).rejects.toBe(reason)
  })

  it('are short, with rests, as long as nobody waits', async () => {
    const { tasks, settle, work } = byHand()
    const rests: { ms: number; end: () => void }[] = []
    vi.stubGlobal('setTimeout', (end: () => void, ms: number) => void rests.push({ end, ms }))
    const pace = { isUnhurried: true, isBusy: true }
    const slices = new Slices(undefined, pace)
    work(0.5)
    expect(slices.isDue).toBe(false)
    work(1)
    expect(slices.isDue).toBe(true)
    let rested = false
    const resting = slices.breathe().then(() => (rested = true))
    await settle()
    expect(rests.map(({ ms }) => ms)).toEqual([10])
    expect([rested, tasks.length]).toEqual([false, 0])
    // A commit is on its way: the frame is left to it.
    rests[0]!.end()
    await settle()
    expect([rested, rests.length]).toEqual([false, 2])
    pace.isBusy = false
    rests[1]!.end()
    await resting
    work(3)
    expect(slices.isDue).toBe(true)
    // Somebody waits from now on.
    pace.isUnhurried = false
    expect(slices.isDue).toBe(false)
    work(10)
    const hurried = slices.breathe()
    tasks.shift()!()
    await hurried
    expect(rests).toHaveLength(2)
  })
})

describe('a vault that folds its log by itself', () => {
  /** Rests while commits are folded, of a page that is seen or not, where somebody waits for it or not. */
  async function restsOf(visibilityState: string | undefined, wait: boolean): Promise<number> {
    const browser = testBrowser()
    const open = await browser.tab()
    const rests = vi.fn()
    const timeout = globalThis.setTimeout
    vi.stubGlobal('setTimeout', (work: () => void, ms?: number) => (ms === 10 && rests(), timeout(work, ms)))
    if (visibilityState !== undefined) vi.stubGlobal('document', { visibilityState })
    const { id } = await open.chatLogs.create()
    const text = Array.from({ length: 400 }, (_, i) => `word${i}`).join(' ')
    for (let i = 0; i < 260; i++) await open.chatLogs.append(id, [{ senderId: 'ada', type: 'user', content: `${i} ${text}`, timestamp: i }])
    if (wait) await open.checkpoint()
    await expect.poll(() => browser.disk.rows('test', 'log').size, { timeout: 20_000 }).toBeLessThan(60)
    await open.lock()
    vi.unstubAllGlobals()
    return rests.mock.calls.length
  }

  it('rests meanwhile where somebody may be looking, and hurries where somebody waits', async () => {
    expect(await restsOf('visible', false)).toBeGreaterThan(3)
    const waited = await restsOf('visible', true)
    expect(waited).toBeLessThan(3)
    expect(await restsOf('hidden', false)).toBe(0)
    expect(await restsOf(undefined, false)).toBe(0)
  })

  it('folds what came meanwhile behind it, without another change', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    vi.stubGlobal('document', { visibilityState: 'visible' })
    // A page each.
    const put = (i: number): Promise<unknown> => open.brains.put({ entityId: `${i}`, model: 'small' })
    for (let i = 0; i < 258; i++) await put(i)
    await new Promise((resolve) => setTimeout(resolve, 100))
    for (let i = 0; i < 300; i++) await put(i)
    expect(browser.disk.rows('test', 'log').size).toBeGreaterThan(500)
    await expect.poll(() => browser.disk.rows('test', 'log').size, { timeout: 30_000 }).toBeLessThan(256)
    await open.lock()
    vi.unstubAllGlobals()
  })
})
