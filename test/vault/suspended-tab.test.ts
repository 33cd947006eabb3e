// A tab that stands still while others go on, and one that is woken again.

import { describe, expect, it, vi } from 'vitest'
import { createMemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import { memoryLocks } from '../../src/stores/locks.js'
import { readMarks } from '../../src/stores/marks.js'
import { memoryChannels, testBrowser } from '../kit/tabs.js'
import { message, outcomeOf, settle } from '../kit/vault-states.js'

const COMMIT_LOCK = 'sealed-vault/test/commit'

/** A tab that has heard of contention, so it queues at the lock; somebody who stands still holds that. */
async function besideHolder() {
  const locks = memoryLocks()
  const openChannel = memoryChannels()
  const tab = await testBrowser({ locks, openChannel }).tab()
  void locks.request(COMMIT_LOCK, {}, () => new Promise<void>(() => {}))
  openChannel('test').post({ kind: 'contended' })
  await settle(5)
  return tab
}

describe('a tab that stands still with the lock of commits', () => {
  it('holds up the others for a few seconds, once', async () => {
    const tab = await besideHolder()
    const began = performance.now()
    await tab.preferences.set('theme', 'dark')
    const first = performance.now() - began
    await tab.preferences.set('theme', 'light')
    const second = performance.now() - began - first
    expect(await tab.preferences.get('theme')).toBe('light')
    // The lock was waited for, then not any more.
    expect(first).toBeGreaterThan(1000)
    expect(second).toBeLessThan(first / 2)
  })

  it('keeps nobody from locking, and what was asked for is saved', async () => {
    const tab = await besideHolder()
    const saving = outcomeOf(tab.preferences.set('theme', 'dark'))
    await tab.lock()
    expect(await saving).toBe('resolved')
  })
})

describe('a tab that was suspended and is woken while nobody looks at it', () => {
  it('leaves its mark again before it writes anything', async () => {
    const disk = createMemoryDisk()
    const signals = { leaving: () => {}, woken: () => {} }
    const browser = testBrowser({
      disk,
      signals: {
        onLeaving: (listener) => ((signals.leaving = listener), () => {}),
        onWoken: (listener) => ((signals.woken = listener), () => {}),
      },
    })
    const tab = await browser.tab()
    const store = await memoryFactory(disk).open('test')
    expect(await readMarks(store)).toHaveLength(1)
    signals.leaving()
    await settle(5)
    expect(await readMarks(store)).toEqual([])
    signals.woken()
    await tab.preferences.set('theme', 'dark')
    expect(await readMarks(store)).toHaveLength(1)
  })
})

describe('a load that stood still until another job took its place', () => {
  it('writes nothing more, not even a long value', async () => {
    const disk = createMemoryDisk()
    const tab = await testBrowser({ disk }).tab()
    const blobs = disk.rows('test', 'blobs')
    async function* source() {
      yield { session: { id: 'first' }, messages: [message('x'.repeat(100_000))] }
      await vi.waitFor(() => expect(blobs.size).toBe(1))
      disk.rows('test', 'jobs').set('lease', new Uint8Array(24))
      yield { session: { id: 'second' }, messages: [message('y'.repeat(100_000))] }
    }
    await expect(tab.load(source())).rejects.toMatchObject({ code: 'busy', details: { reason: 'lease-lost' } })
    expect(blobs.size).toBe(1)
    expect(await tab.sessions.count()).toBe(0)
  })
})
