// Changing the password, alone and against other tabs.

import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Backend, BackendFactory } from '../../src/stores/backend.js'
import { memoryLocks } from '../../src/stores/locks.js'
import { memoryFactory } from '../../src/stores/memory.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { createMemoryDisk } from '../../src/stores/memory-disk.js'
import { PASSWORD, testBrowser } from '../kit/tabs.js'
import { guarded, lockedOf, outcomeOf, settle } from '../kit/vault-states.js'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('changing the password', () => {
  it('lets the new one in and the old one no more, and other tabs go on', async () => {
    const browser = testBrowser()
    const a = await browser.tab()
    const b = await browser.tab()
    await a.preferences.set('before', 1)
    await a.changePassword(PASSWORD, 'the next one')
    await b.preferences.set('after', 2)
    expect(await b.preferences.get('before')).toBe(1)
    expect(await b.check()).toMatchObject({ ok: true })
    await b.changePassword('the next one', 'and another')
    await a.lock()
    await settle()
    const locked = await lockedOf(browser)
    for (const old of [PASSWORD, 'the next one']) await expect(locked.unlock(old)).rejects.toMatchObject({ code: 'wrong-password' })
    const again = await locked.unlock('and another')
    expect(await again.preferences.get('after')).toBe(2)
  })

  it('wants the current one and a good new one, else nothing changes', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const before = browser.disk.rows('test', 'header').get('header')
    await expect(tab.changePassword('wrong', 'next')).rejects.toMatchObject({ code: 'wrong-password' })
    for (const [bad, reason] of [['', 'empty'], ['x'.repeat(1025), 'too-long'], ['\ud800', 'ill-formed']] as const) {
      await expect(tab.changePassword(PASSWORD, bad)).rejects.toMatchObject({ code: 'invalid-value', details: { fields: ['password'], reason } })
    }
    await expect(tab.changePassword(PASSWORD, undefined as never)).rejects.toThrow(TypeError)
    expect(browser.disk.rows('test', 'header').get('header')).toEqual(before)
    await tab.preferences.set('still', 'usable')
    await tab.lock()
    expect((await (await lockedOf(browser)).unlock(PASSWORD)).state).toBe('unlocked')
  })

  it('from two tabs at once is one conflict or one after the other, and one of them counts', async () => {
    for (let round = 0; round < 5; round++) {
      const browser = testBrowser()
      const tabs = [await browser.tab(), await browser.tab()] as const
      const outcomes = await Promise.all([outcomeOf(tabs[0].changePassword(PASSWORD, 'from a')), outcomeOf(tabs[1].changePassword(PASSWORD, 'from b'))])
      expect(outcomes.filter((outcome) => outcome === 'resolved')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'conflict' || outcome === 'wrong-password')).toHaveLength(1)
      for (const tab of tabs) expect(await tab.check()).toMatchObject({ ok: true })
      await tabs[0].lock()
      await settle()
      const locked = await lockedOf(browser)
      const winner = outcomes[0] === 'resolved' ? 'from a' : 'from b'
      await expect(locked.unlock(PASSWORD)).rejects.toMatchObject({ code: 'wrong-password' })
      expect((await locked.unlock(winner)).state).toBe('unlocked')
    }
  })

  it('while another tab changes it too takes nobody for a forger', async () => {
    const disk = createMemoryDisk()
    const shared = { disk, homes: [memoryHome()], locks: memoryLocks() }
    const factory = memoryFactory(disk)
    let beforeHeader: (() => Promise<void>) | undefined
    const backend = (): BackendFactory => ({
      ...factory,
      open: async (name) => {
        const inner: Backend = await factory.open(name)
        const read: Backend['read'] = async (requests) => {
          const meanwhile = requests[0]?.store === 'header' ? beforeHeader : undefined
          if (meanwhile !== undefined) {
            beforeHeader = undefined
            await meanwhile()
          }
          return inner.read(requests)
        }
        return { ...inner, read }
      },
    })
    const a = await testBrowser({ ...shared, backend }).tab()
    const b = await testBrowser(shared).tab()
    beforeHeader = () => b.changePassword(PASSWORD, 'from b')
    expect(await outcomeOf(a.changePassword(PASSWORD, 'from a'))).toBe('wrong-password')
    beforeHeader = () => b.changePassword('from b', 'again from b')
    expect(await outcomeOf(a.changePassword('again from b', 'from a'))).toBe('resolved')
    // A header that no commit knows is one all the same.
    const header = disk.rows('test', 'header')
    const own = header.get('header')!
    await b.changePassword('from a', 'from b')
    header.set('header', own)
    expect(await outcomeOf(a.changePassword('from a', 'never'))).toBe('tampered')
  })

  it('that dies between copy and commit leaves the old password in force', async () => {
    const disk = createMemoryDisk()
    const values = new Map<string, string>()
    let dead = false
    let reached = (): void => {}
    const committing = new Promise<void>((resolve) => (reached = resolve))
    const browser = testBrowser({
      disk,
      homes: [memoryHome(values)],
      backend: guarded(disk, async ({ operations }) => {
        if (!dead || !operations.some(({ store }) => store === 'header')) return
        reached()
        await new Promise(() => {})
      }),
    })
    const tab = await browser.tab()
    await tab.preferences.set('kept', 1)
    dead = true
    void tab.changePassword(PASSWORD, 'never came').catch(() => undefined)
    await committing
    expect([...values.keys()].filter((key) => key.includes('/header/'))).toHaveLength(2)
    disk.crash({ dropUnsynced: 0 })
    const after = testBrowser({ disk, homes: [memoryHome(values)] })
    const locked = await lockedOf(after)
    await expect(locked.unlock('never came')).rejects.toMatchObject({ code: 'wrong-password' })
    const again = await locked.unlock(PASSWORD)
    expect(await again.preferences.get('kept')).toBe(1)
    // The next change goes the whole way.
    await again.changePassword(PASSWORD, 'this one came')
    await again.lock()
    expect((await (await lockedOf(after)).unlock('this one came')).state).toBe('unlocked')
  })

  it('that dies right after the commit has happened', async () => {
    const disk = createMemoryDisk()
    const values = new Map<string, string>()
    const kept = memoryHome(values)
    let reached = (): void => {}
    const committed = new Promise<void>((resolve) => (reached = resolve))
    const home: typeof kept = { ...kept, remove: () => (reached(), new Promise(() => {})) }
    const browser = testBrowser({ disk, homes: [home] })
    const tab = await browser.tab()
    void tab.changePassword(PASSWORD, 'it came').catch(() => undefined)
    await committed
    disk.crash({ dropUnsynced: 0 })
    const after = testBrowser({ disk, homes: [memoryHome(values)] })
    const locked = await lockedOf(after)
    await expect(locked.unlock(PASSWORD)).rejects.toMatchObject({ code: 'wrong-password' })
    expect((await locked.unlock('it came')).state).toBe('unlocked')
  })
})
