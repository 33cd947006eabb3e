// One unlock for all tabs, one lock for all of them: also for a tab that nobody can reach.

import { describe, expect, it } from 'vitest'
import type { TabMessage } from '../../src/stores/tab-channel.js'
import { memoryChannels, memoryLockMark, PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'
import { lockedOf, settle } from '../kit/vault-states.js'

const SHARED = { shareUnlock: true }

async function lockedAgain(browser: TestBrowser, options = SHARED) {
  const vault = await browser.open(options)
  if (vault.state !== 'locked') throw new Error(vault.state)
  return vault
}

describe('a tab that joins', () => {
  it('opens the vault without a question while another one has it open, and not afterwards', async () => {
    const browser = testBrowser()
    const first = await browser.tab(SHARED)
    await first.preferences.set('theme', 'dark')
    const second = await (await lockedAgain(browser)).join()
    expect(await second.preferences.get('theme')).toBe('dark')
    await second.preferences.set('from', 'the second')
    await expect.poll(() => first.preferences.get('from')).toBe('the second')
    // A tab that was let in lets in.
    const third = await (await lockedAgain(browser)).join()
    expect(await third.check()).toMatchObject({ ok: true })
    await third.lock()
    await settle()
    await expect(second.preferences.get('theme')).rejects.toMatchObject({ code: 'locked' })
    await expect((await lockedAgain(browser)).join()).rejects.toMatchObject({ code: 'not-found', details: { reason: 'no-open-tab' } })
  })

  it('can do all that others can, but for what needs a way in', async () => {
    const browser = testBrowser()
    const first = await browser.tab(SHARED)
    const second = await (await lockedAgain(browser)).join()
    await second.changePassword(PASSWORD, 'the next')
    await second.rotateKeys('the next')
    await first.preferences.set('a', 1)
    await first.rotateKeys('the next')
    await second.preferences.set('b', 2)
    expect((await second.preferences.list()).map(({ key }) => key)).toEqual(['a', 'b'])
    await expect(second.slots.add({ recoveryCode: '' }, { kind: 'device' })).rejects.toMatchObject({ code: 'invalid-value' })
    // One that joined while keys changed has those there are.
    const third = await (await lockedAgain(browser)).join()
    expect(await third.preferences.get('b')).toBe(2)
  })

  it('is let in only where both say so', async () => {
    const browser = testBrowser()
    const first = await browser.tab()
    await expect((await lockedAgain(browser)).join()).rejects.toMatchObject({ code: 'not-found' })
    await expect((await lockedOf(browser)).join()).rejects.toThrow(TypeError)
    await expect(browser.open({ shareUnlock: 1 as never })).rejects.toThrow(TypeError)
    await first.lock()
  })

  it('is told keys that cannot be read, and nothing else', async () => {
    const openChannel = memoryChannels()
    const browser = testBrowser({ openChannel })
    const heard: TabMessage[] = []
    openChannel('test').subscribe((message) => heard.push(message))
    await browser.tab(SHARED)
    await (await lockedAgain(browser)).join()
    const [answer] = heard.filter(({ kind }) => kind === 'unlock-keys')
    expect(Object.keys(answer!).sort()).toEqual(['headerMacKey', 'id', 'keyRingKey', 'kind'])
    for (const key of Object.values(answer!).filter((value) => typeof value === 'object') as CryptoKey[]) {
      expect(key.extractable).toBe(false)
      await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
    }
  })

  it('that waits in vain ends with its signal, and with a lock', async () => {
    const browser = testBrowser()
    await (await browser.tab(SHARED)).lock()
    const stop = new AbortController()
    const waiting = (await lockedAgain(browser)).join({ signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    const vault = await lockedAgain(browser)
    const pending = vault.join()
    vault.lock()
    await expect(pending).rejects.toMatchObject({ code: 'locked' })
  })
})

describe('a lock', () => {
  /** Channels that carry nothing. */
  const cut = (): ReturnType<ReturnType<typeof memoryChannels>> => ({ post: () => {}, subscribe: () => () => {}, close: () => {} })

  it('is known to a tab that no message reaches, before its next read or write', async () => {
    const browser = testBrowser({ openChannel: cut })
    const tabs = await Promise.all(Array.from({ length: 10 }, () => browser.tab().catch(() => browser.tab())))
    await tabs[0]!.preferences.set('theme', 'dark')
    for (const tab of tabs) expect(await tab.preferences.get('theme')).toBe('dark')
    await tabs[3]!.lock()
    for (const tab of tabs) {
      await expect(tab.preferences.get('theme')).rejects.toMatchObject({ code: 'locked' })
      await expect(tab.preferences.set('theme', 'light')).rejects.toMatchObject({ code: 'locked' })
    }
    // And a new unlock is a new beginning.
    const again = await browser.tab()
    expect(await again.preferences.get('theme')).toBe('dark')
  })

  it('that comes while somebody unlocks, unheard, wins', async () => {
    const lockMark = memoryLockMark()
    const browser = testBrowser({ openChannel: cut, lockMark })
    await (await browser.tab()).lock()
    const unlocking = (await lockedOf(browser)).unlock(PASSWORD)
    lockMark('test')!.raise()
    await expect(unlocking).rejects.toMatchObject({ code: 'locked' })
  })
})
