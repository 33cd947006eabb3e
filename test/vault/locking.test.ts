// When a vault locks by itself, and what tabs tell each other of being there and in use.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { memoryChannels, testBrowser, type TestBrowser } from '../kit/tabs.js'
import { settle } from '../kit/vault-states.js'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('locking by itself', () => {
  async function withClock(options: Parameters<TestBrowser['tab']>[0]) {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    let now = 1_000_000
    const browser = testBrowser({ now: () => now })
    const tab = await browser.tab(options)
    const reasons: string[] = []
    tab.subscribe((event) => event.kind === 'locked' && reasons.push(event.reason))
    return { tab, reasons, pass: (ms: number) => ((now += ms), vi.advanceTimersByTime(Math.min(Math.max(ms, 0), 30_000))) }
  }

  it('comes after the time without use', async () => {
    const { tab, reasons, pass } = await withClock({ autoLock: { idleMs: 10_000 } })
    pass(9_000)
    expect(await tab.sessions.count()).toBe(0)
    pass(2_000)
    await vi.waitFor(() => expect(reasons).toEqual(['idle']))
    await expect(tab.sessions.count()).rejects.toMatchObject({ code: 'locked', details: { reason: 'idle' } })
  })

  it('is put off by use: saying so, or a change', async () => {
    const { tab, reasons, pass } = await withClock({ autoLock: { idleMs: 10_000 } })
    pass(9_000)
    tab.noteUse()
    pass(9_000)
    await tab.preferences.set('used', 1)
    pass(9_000)
    await settle(5)
    expect(reasons).toEqual([])
    pass(9_000)
    await vi.waitFor(() => expect(reasons).toEqual(['idle']))
  })

  it('comes when the machine slept past the time, and a late use does not undo it', async () => {
    const { tab, reasons, pass } = await withClock({ autoLock: { idleMs: 10_000 } })
    pass(3_600_000)
    tab.noteUse()
    pass(1)
    await vi.waitFor(() => expect(reasons).toEqual(['idle']))
  })

  it('does not wait for ever when the clock is set back', async () => {
    const { reasons, pass } = await withClock({ autoLock: { idleMs: 10_000 } })
    pass(-500_000)
    vi.advanceTimersByTime(5_000)
    pass(11_000)
    await vi.waitFor(() => expect(reasons).toEqual(['idle']))
  })

  it('is put off by use in another tab', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    let now = 1_000_000
    const browser = testBrowser({ now: () => now })
    const used = await browser.tab({ autoLock: { idleMs: 10_000 } })
    const idle = await browser.tab({ autoLock: { idleMs: 10_000 } })
    const reasons: string[] = []
    for (const tab of [used, idle]) tab.subscribe((event) => event.kind === 'locked' && reasons.push(event.reason))
    await settle()
    for (let step = 0; step < 5; step++) {
      now += 4000
      used.noteUse()
      await settle()
      vi.advanceTimersByTime(4000)
    }
    expect(reasons).toEqual([])
    now += 11_000
    vi.advanceTimersByTime(11_000)
    await vi.waitFor(() => expect(reasons.toSorted()).toEqual(['idle', 'idle']))
  })

  it('follows another setting from when it is made', async () => {
    const { tab, reasons, pass } = await withClock({ autoLock: { idleMs: 10_000 } })
    pass(9_000)
    tab.setAutoLock({ idleMs: 60_000 })
    pass(30_000)
    pass(29_000)
    expect(reasons).toEqual([])
    expect(() => tab.setAutoLock({ idleMs: 0 })).toThrow(RangeError)
    pass(2_000)
    await vi.waitFor(() => expect(reasons).toEqual(['idle']))
    expect(() => tab.setAutoLock({})).toThrow(expect.objectContaining({ code: 'locked' }))
  })

  it('stops when it is switched off', async () => {
    const { tab, reasons, pass } = await withClock({ autoLock: { idleMs: 10_000 } })
    tab.setAutoLock({})
    pass(365 * 86_400_000)
    await settle(5)
    expect(reasons).toEqual([])
  })

  it('does not happen unless asked for', async () => {
    const { tab, reasons, pass } = await withClock({})
    pass(365 * 86_400_000)
    await settle(5)
    expect(reasons).toEqual([])
    expect(await tab.sessions.count()).toBe(0)
  })
})

describe('a tab that could not hear another one come', () => {
  it('hears of it when it is shown again, and tells it of its commits', async () => {
    let deaf = true
    const openAll = memoryChannels()
    const shown: (() => void)[] = []
    const browser = testBrowser({
      openChannel: (name) => {
        const channel = openAll(name)
        const first = shown.length <= 1
        return { ...channel, subscribe: (hear) => channel.subscribe((heard) => (first && deaf) || hear(heard)) }
      },
      signals: { onShown: (listener) => (shown.push(listener), () => {}) },
    })
    const first = await browser.tab()
    const second = await browser.tab()
    await settle()
    deaf = false
    const heard: number[] = []
    second.subscribe((event) => event.kind === 'changed' && heard.push(event.seq))
    shown[0]!()
    await settle()
    await first.preferences.set('theme', 'dark')
    await vi.waitFor(() => expect(heard).toHaveLength(1))
  })
})
