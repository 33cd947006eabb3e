// The states of a vault and the ways between them: opening, creating, unlocking, locking, passwords, transactions, streams.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { isVaultError, VaultError } from '../../src/errors.js'
import type { Backend, BackendFactory, Batch } from '../../src/stores/backend.js'
import { memoryLocks, type FairLocks } from '../../src/stores/locks.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { createMemoryDisk, type MemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import { destroyVaultIn, listVaultsIn } from '../../src/vault/open-vault.js'
import type { VaultEvent } from '../../src/vault/vault-events.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { memoryChannels, PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

type LockedVault = Extract<Awaited<ReturnType<TestBrowser['open']>>, { readonly state: 'locked' }>

const outcomeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (isVaultError(error) ? error.code : String(error)),
  )

async function lockedOf(browser: TestBrowser): Promise<LockedVault> {
  const vault = await browser.open()
  if (vault.state !== 'locked') throw new Error(`the vault is ${vault.state}`)
  return vault
}

/** A factory whose backend asks first. */
function guarded(disk: MemoryDisk, before: (batch: Batch) => Promise<void>): () => BackendFactory {
  const factory = memoryFactory(disk)
  return () => ({
    ...factory,
    open: async (name) => {
      const backend: Backend = await factory.open(name)
      const apply: Backend['apply'] = async (batch) => {
        await before(batch)
        return backend.apply(batch)
      }
      return { ...backend, apply }
    },
  })
}

const message = (content: string) => ({ senderId: 'ada', type: 'user' as const, content })
const settle = (ms = 30): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('opening', () => {
  it('finds nothing, a locked vault, and nothing again after it was destroyed', async () => {
    const browser = testBrowser()
    const first = await browser.open()
    expect(first).toMatchObject({ state: 'empty', name: 'test' })
    await first.close()
    expect((await browser.open()).state).toBe('empty')
    await (await browser.tab()).lock()
    expect((await browser.open()).state).toBe('locked')
    await destroyVaultIn(browser.environment, 'test')
    expect((await browser.open()).state).toBe('empty')
  })

  it('writes nothing', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const before = browser.disk.unsynced('test').length
    await (await browser.open()).close()
    expect(browser.disk.unsynced('test')).toHaveLength(before)
    expect(browser.disk.rows('test', 'marks').size).toBe(0)
  })

  it('of a storage that does not open is unavailable, can be tried again, and is never empty', async () => {
    const disk = createMemoryDisk()
    const factory = memoryFactory(disk)
    let fails = true
    const browser = testBrowser({
      disk,
      backend: () => ({ ...factory, open: async (name) => (fails ? Promise.reject(new VaultError('storage-blocked', 'in the way')) : factory.open(name)) }),
    })
    const vault = await browser.open()
    if (vault.state !== 'unavailable') throw new Error(vault.state)
    expect(vault.error).toMatchObject({ code: 'storage-blocked' })
    expect((await vault.retry()).state).toBe('unavailable')
    fails = false
    expect((await vault.retry()).state).toBe('empty')
    await vault.close()
  })

  it('of a place that does not exist is unavailable', async () => {
    const browser = testBrowser({
      backend: () => {
        throw new VaultError('storage-unavailable', 'no place')
      },
    })
    expect(await browser.open()).toMatchObject({ state: 'unavailable', error: { code: 'storage-unavailable' } })
  })

  it('of a store that cannot be read is unavailable, and lets go of it', async () => {
    const disk = createMemoryDisk()
    const factory = memoryFactory(disk)
    const browser = testBrowser({
      disk,
      backend: () => ({ ...factory, open: async (name) => ({ ...(await factory.open(name)), read: async () => Promise.reject(new VaultError('storage-unavailable', 'no answer')) }) }),
    })
    expect((await browser.open()).state).toBe('unavailable')
    expect(disk.tabs.size).toBe(0)
  })

  it('of a database made by newer code is newer', async () => {
    const factory = memoryFactory(createMemoryDisk())
    const browser = testBrowser({ backend: () => ({ ...factory, open: async () => Promise.reject(new VaultError('unsupported-version', 'too new')) }) })
    expect(await browser.open()).toMatchObject({ state: 'newer', error: { code: 'unsupported-version' } })
  })

  it('passes on mistakes of the programmer as what they are', async () => {
    const browser = testBrowser()
    await expect(browser.open({ name: '' })).rejects.toThrow(RangeError)
    await expect(browser.open({ name: 'x'.repeat(129) })).rejects.toThrow(RangeError)
    await expect(browser.open({ name: 7 as never })).rejects.toThrow(TypeError)
    for (const idleMs of [0, -1, Number.NaN]) await expect(browser.open({ autoLock: { idleMs } })).rejects.toThrow(RangeError)
    await expect(browser.open({ cacheBytes: -1 })).rejects.toThrow(RangeError)
    expect(browser.disk.names()).toEqual([])
  })

  it('takes names that look like something else', async () => {
    const browser = testBrowser()
    for (const name of ['__proto__', 'constructor', 'a/b', '🗝️', 'שלום', 'x'.repeat(128), 'a\u0000b']) {
      const vault = await browser.open({ name })
      if (vault.state !== 'empty') throw new Error(vault.state)
      const tab = await vault.create(PASSWORD)
      await tab.preferences.set('name', name)
      await tab.lock()
    }
    for (const name of ['__proto__', 'a/b', '🗝️']) {
      const vault = await browser.open({ name })
      if (vault.state !== 'locked') throw new Error(vault.state)
      const tab = await vault.unlock(PASSWORD)
      expect(await tab.preferences.get('name')).toBe(name)
      await tab.lock()
    }
  })
})

describe('opening where a second home does not answer', () => {
  it('never says that there was no vault', async () => {
    const home = { ...memoryHome(), silent: true }
    expect((await testBrowser({ homes: [home] }).open()).state).toBe('unavailable')
    const disk = createMemoryDisk()
    await (await testBrowser({ disk }).tab()).lock()
    expect((await testBrowser({ disk, homes: [home] }).open()).state).toBe('locked')
  })
})

describe('creating', () => {
  it('from two tabs at once makes one vault and one conflict', async () => {
    const browser = testBrowser()
    const tabs = await Promise.all([browser.open(), browser.open(), browser.open()])
    const outcomes = await Promise.all(tabs.map(async (vault) => (vault.state === 'empty' ? outcomeOf(vault.create(PASSWORD)) : vault.state)))
    expect(outcomes.sort()).toEqual(['conflict', 'conflict', 'resolved'])
    expect((await browser.open()).state).toBe('locked')
    expect(await (await browser.tab()).check()).toMatchObject({ ok: true })
  })

  it('over a vault that was made meanwhile is a conflict and changes nothing', async () => {
    const browser = testBrowser()
    const late = await browser.open()
    const tab = await browser.tab()
    await tab.preferences.set('kept', 1)
    await tab.checkpoint()
    if (late.state !== 'empty') throw new Error(late.state)
    await expect(late.create('another password')).rejects.toMatchObject({ code: 'conflict' })
    await tab.lock()
    expect(await (await browser.tab()).preferences.get('kept')).toBe(1)
  })

  it('ends with the reason of an aborted signal, and leaves nothing', async () => {
    const browser = testBrowser()
    const vault = await browser.open()
    if (vault.state !== 'empty') throw new Error(vault.state)
    const reason = new Error('changed my mind')
    await expect(vault.create(PASSWORD, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const creating = vault.create(PASSWORD, { signal: controller.signal })
    controller.abort(reason)
    await expect(creating).rejects.toBe(reason)
    expect((await browser.open()).state).toBe('empty')
  })
})

describe('unlocking', () => {
  it('while it is being unlocked is busy, and the first goes on', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const locked = await lockedOf(browser)
    const first = locked.unlock(PASSWORD)
    await expect(locked.unlock(PASSWORD)).rejects.toMatchObject({ code: 'busy' })
    expect((await first).state).toBe('unlocked')
  })

  it('may be tried again after a wrong password', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const locked = await lockedOf(browser)
    for (const wrong of ['wrong', `${PASSWORD} `, PASSWORD.toUpperCase()]) await expect(locked.unlock(wrong)).rejects.toMatchObject({ code: 'wrong-password' })
    expect((await locked.unlock(PASSWORD)).state).toBe('unlocked')
  })

  it('is beaten by lock()', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const locked = await lockedOf(browser)
    const pending = locked.unlock(PASSWORD)
    locked.lock()
    await expect(pending).rejects.toMatchObject({ code: 'locked' })
    locked.lock()
    await settle()
    expect(browser.disk.rows('test', 'marks').size).toBe(0)
    expect((await locked.unlock(PASSWORD)).state).toBe('unlocked')
  })

  it('is beaten by a lock in another tab', async () => {
    const disk = createMemoryDisk()
    const browser = testBrowser({ disk })
    const other = await browser.tab()
    const holds: Promise<void>[] = []
    let go = (): void => {}
    const factory = memoryFactory(disk)
    const slow = testBrowser({
      disk,
      openChannel: browser.environment.openChannel,
      backend: () => ({
        ...factory,
        open: async (name) => {
          const backend = await factory.open(name)
          const read: Backend['read'] = async (requests) => (await Promise.all(holds), backend.read(requests))
          return { ...backend, read }
        },
      }),
    })
    const locked = await lockedOf(slow)
    holds.push(new Promise((resolve) => (go = resolve)))
    const pending = outcomeOf(locked.unlock(PASSWORD))
    await other.lock()
    await settle()
    expect(await pending).toBe('locked')
    go()
  })

  it('ends with the reason of a signal that is aborted meanwhile', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const locked = await lockedOf(browser)
    const controller = new AbortController()
    const reason = new Error('gone')
    const pending = locked.unlock(PASSWORD, { signal: controller.signal })
    controller.abort(reason)
    await expect(pending).rejects.toBe(reason)
    expect((await locked.unlock(PASSWORD, { signal: new AbortController().signal })).state).toBe('unlocked')
  })

  it('is ended by close()', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const locked = await lockedOf(browser)
    const pending = outcomeOf(locked.unlock(PASSWORD))
    await locked.close()
    expect(await pending).toBe('locked')
    await expect(locked.unlock(PASSWORD)).rejects.toMatchObject({ name: 'VaultError' })
  })
})

/** Every call of the open vault that a locked one must refuse. A method missing here fails the test below. */
const calls: Record<string, (vault: UnlockedVault) => Promise<unknown>> = {
  transact: (vault) => vault.transact(async () => 1),
  load: (vault) => vault.load([]),
  changePassword: (vault) => vault.changePassword(PASSWORD, 'next'),
  check: (vault) => vault.check(),
  checkpoint: (vault) => vault.checkpoint(),
  setAutoLock: async (vault) => vault.setAutoLock({}),
  'sessions.create': (vault) => vault.sessions.create(),
  'sessions.get': (vault) => vault.sessions.get('s'),
  'sessions.update': (vault) => vault.sessions.update('s', { title: 't' }),
  'sessions.touch': (vault) => vault.sessions.touch('s'),
  'sessions.archive': (vault) => vault.sessions.archive('s'),
  'sessions.delete': (vault) => vault.sessions.delete('s'),
  'sessions.list': (vault) => vault.sessions.list(),
  'sessions.count': (vault) => vault.sessions.count(),
  'chatLogs.create': (vault) => vault.chatLogs.create(),
  'chatLogs.get': (vault) => vault.chatLogs.get('c'),
  'chatLogs.list': (vault) => vault.chatLogs.list(),
  'chatLogs.delete': (vault) => vault.chatLogs.delete('c'),
  'chatLogs.append': (vault) => vault.chatLogs.append('c', message('m')),
  'chatLogs.update': (vault) => vault.chatLogs.update('c', 'm', { content: 'n' }),
  'chatLogs.deleteMessage': (vault) => vault.chatLogs.deleteMessage('c', 'm'),
  'chatLogs.getMessage': (vault) => vault.chatLogs.getMessage('c', 'm'),
  'chatLogs.count': (vault) => vault.chatLogs.count('c'),
  'chatLogs.read': (vault) => vault.chatLogs.read('c'),
  'chatLogs.messages': (vault) => vault.chatLogs.messages('c').next(),
  'chatLogs.readAll': (vault) => vault.chatLogs.readAll().next(),
  'brains.put': (vault) => vault.brains.put({ entityId: 'e', model: 'm' }),
  'brains.get': (vault) => vault.brains.get('e'),
  'brains.list': (vault) => vault.brains.list(),
  'brains.delete': (vault) => vault.brains.delete('e'),
  'preferences.set': (vault) => vault.preferences.set('k', 1),
  'preferences.get': (vault) => vault.preferences.get('k'),
  'preferences.delete': (vault) => vault.preferences.delete('k'),
  'preferences.list': (vault) => vault.preferences.list(),
}
/** Safe on a locked vault, for they touch no content. */
const HARMLESS = ['lock', 'subscribe', 'noteUse', 'releaseMemory', 'storage', 'version']

describe('a locked vault', () => {
  it('refuses every call', async () => {
    const open = await testBrowser().tab()
    const { chatLogId } = await open.sessions.create({ id: 's', chatLogId: 'c' })
    await open.chatLogs.append(chatLogId, { ...message('m'), id: 'm' })
    await open.brains.put({ entityId: 'e', model: 'm' })
    await open.preferences.set('k', 1)
    const halfway = open.chatLogs.messages('c')
    await open.lock()
    for (const [name, call] of Object.entries(calls)) await expect(call(open), name).rejects.toMatchObject({ code: 'locked' })
    await expect(halfway.next()).rejects.toMatchObject({ code: 'locked' })
    for (const harmless of [() => open.releaseMemory(), () => open.noteUse(), () => void open.version, () => open.subscribe(() => {})()]) expect(harmless).not.toThrow()
    await expect(open.lock()).resolves.toBeUndefined()
  })

  it('has no public method that the list above forgot', async () => {
    const open = await testBrowser().tab()
    const methodsOf = (target: object): string[] => Object.getOwnPropertyNames(Object.getPrototypeOf(target)).filter((name) => name !== 'constructor')
    const all = [...methodsOf(open), ...(['sessions', 'chatLogs', 'brains', 'preferences'] as const).flatMap((kind) => methodsOf(open[kind]).map((name) => `${kind}.${name}`))]
    expect(all.filter((name) => !HARMLESS.includes(name)).sort()).toEqual(Object.keys(calls).sort())
    await open.lock()
  })

  it('has saved what was asked for before', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    const { chatLogId } = await open.sessions.create()
    const appends = Array.from({ length: 50 }, (_, i) => open.chatLogs.append(chatLogId, message(`m${i}`)))
    await open.lock()
    await Promise.all(appends)
    expect(await (await browser.tab()).chatLogs.count(chatLogId)).toBe(50)
  })

  it('tells why it was locked, once', async () => {
    const browser = testBrowser()
    const a = await browser.tab()
    const b = await browser.tab()
    const heard: VaultEvent[] = []
    a.subscribe((event) => event.kind === 'locked' && heard.push(event))
    b.subscribe((event) => event.kind === 'locked' && heard.push(event))
    await Promise.all([a.lock(), a.lock()])
    await expect.poll(() => heard.length).toBe(2)
    expect(heard.map((event) => event.kind === 'locked' && event.reason)).toEqual(['asked', 'other-tab'])
    await expect(b.sessions.list()).rejects.toMatchObject({ code: 'locked', details: { reason: 'other-tab' } })
  })
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

describe('names and destruction', () => {
  it('lists vaults, those that were wiped included, while all are locked', async () => {
    const browser = testBrowser()
    for (const name of ['b', 'a', 'c']) {
      const vault = await browser.open({ name })
      if (vault.state === 'empty') await (await vault.create(PASSWORD)).lock()
    }
    expect(await listVaultsIn(browser.environment)).toEqual(['a', 'b', 'c'])
    browser.disk.wipe('b')
    expect(await listVaultsIn(browser.environment)).toEqual(['a', 'b', 'c'])
    await destroyVaultIn(browser.environment, 'b')
    await destroyVaultIn(browser.environment, 'a')
    expect(await listVaultsIn(browser.environment)).toEqual(['c'])
    expect((await browser.open({ name: 'c' })).state).toBe('locked')
  })

  it('destroys an open vault: its tabs lock and write nothing more', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    await tab.preferences.set('a', 1)
    const reasons: string[] = []
    tab.subscribe((event) => event.kind === 'locked' && reasons.push(event.reason))
    await destroyVaultIn(browser.environment, 'test')
    await expect.poll(() => reasons).toEqual(['destroyed'])
    await expect(tab.preferences.set('b', 1)).rejects.toMatchObject({ name: 'VaultError' })
    expect(browser.disk.names()).toEqual([])
    expect((await browser.open()).state).toBe('empty')
  })

  it('refuses names that are none', async () => {
    const { environment } = testBrowser()
    await expect(destroyVaultIn(environment, '')).rejects.toThrow(RangeError)
    await expect(destroyVaultIn(environment, undefined as never)).rejects.toThrow(TypeError)
    await expect(destroyVaultIn(environment, 'never was')).resolves.toBeUndefined()
  })
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

describe('a transaction', () => {
  it('saves all or nothing, over all kinds of records', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const result = await tab.transact(async (tx) => {
      const session = await tx.sessions.create({ id: 's', chatLogId: 'c' })
      await tx.chatLogs.append(session.chatLogId, { ...message('hello'), id: 'm' })
      await tx.brains.put({ entityId: 'e', model: 'm' })
      await tx.preferences.set('k', 1)
      // Reads inside see what was written inside.
      return [await tx.chatLogs.count('c'), (await tx.sessions.get('s'))?.title, await tx.preferences.get('k'), (await tx.brains.get('e'))?.model]
    })
    expect(result).toEqual([1, 'hello', 1, 'm'])
    const commits = browser.disk.rows('test', 'log').size
    const failure = new Error('thought better of it')
    await expect(
      tab.transact(async (tx) => {
        await tx.chatLogs.append('c', message('never'))
        await tx.brains.delete('e')
        await tx.sessions.delete('s')
        expect(await tx.sessions.count()).toBe(0)
        throw failure
      }),
    ).rejects.toBe(failure)
    expect(browser.disk.rows('test', 'log').size).toBe(commits)
    expect(await tab.chatLogs.count('c')).toBe(1)
    expect((await tab.brains.get('e'))?.model).toBe('m')
    await tab.lock()
    const again = await browser.tab()
    expect(await again.chatLogs.count('c')).toBe(1)
    expect(await again.check()).toMatchObject({ ok: true })
  })

  it('may catch a refusal inside and go on', async () => {
    const tab = await testBrowser().tab()
    await tab.sessions.create({ id: 's' })
    await tab.transact(async (tx) => {
      await expect(tx.sessions.create({ id: 's' })).rejects.toMatchObject({ code: 'conflict' })
      await expect(tx.chatLogs.append('nowhere', message('m'))).rejects.toMatchObject({ code: 'not-found' })
      await tx.preferences.set('went on', true)
    })
    expect(await tab.preferences.get('went on')).toBe(true)
    expect(await tab.sessions.count()).toBe(1)
  })

  it('without a change makes no commit', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const commits = browser.disk.rows('test', 'log').size
    expect(await tab.transact(async (tx) => tx.sessions.count())).toBe(0)
    expect(browser.disk.rows('test', 'log').size).toBe(commits)
  })

  it('runs again when another tab was faster, and sees what that one did', async () => {
    const browser = testBrowser()
    const a = await browser.tab()
    const b = await browser.tab()
    await a.preferences.set('sum', 0)
    await b.preferences.list()
    const add = (tab: UnlockedVault) => tab.transact(async (tx) => tx.preferences.set('sum', ((await tx.preferences.get('sum')) as number) + 1))
    await settle()
    await Promise.all([...Array.from({ length: 20 }, () => add(a)), ...Array.from({ length: 20 }, () => add(b))])
    await settle()
    expect(await a.preferences.get('sum')).toBe(40)
  })

  it('that waits for the vault itself is given up after 30 seconds, and the vault goes on', async () => {
    const tab = await testBrowser().tab()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let inner: Promise<unknown> | undefined
    const outer = outcomeOf(
      tab.transact(async (tx) => {
        await tx.preferences.set('outer', 1)
        inner = tab.preferences.set('inner', 1)
        await inner
      }),
    )
    await vi.advanceTimersByTimeAsync(29_000)
    let ended = false
    void outer.then(() => (ended = true))
    await vi.advanceTimersByTimeAsync(0)
    expect(ended).toBe(false)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await outer).toBe('busy')
    vi.useRealTimers()
    await inner
    expect([await tab.preferences.get('outer'), await tab.preferences.get('inner')]).toEqual([undefined, 1])
    await tab.lock()
  })

  it('refuses what is no function', async () => {
    const tab = await testBrowser().tab()
    await expect(tab.transact(undefined as never)).rejects.toThrow(TypeError)
    await tab.preferences.set('still', 'usable')
  })
})

describe('a streamed answer', () => {
  it('of fifty updates is a few commits, and its end is saved', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    const { id } = await tab.chatLogs.append(chatLogId, { senderId: 'ai', type: 'assistant', content: '' })
    const before = browser.disk.rows('test', 'log').size
    let content = ''
    const updates: Promise<unknown>[] = []
    for (let i = 0; i < 50; i++) {
      content += ` word${i}`
      updates.push(tab.chatLogs.update(chatLogId, id, { content }))
      if (i % 5 === 0) await settle(1)
    }
    await Promise.all(updates)
    expect(browser.disk.rows('test', 'log').size - before).toBeLessThanOrEqual(5)
    expect((await tab.chatLogs.getMessage(chatLogId, id))?.content).toBe(content)
    await tab.lock()
    expect((await (await browser.tab()).chatLogs.getMessage(chatLogId, id))?.content).toBe(content)
  })

  it('keeps its place among other changes', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    const { id } = await tab.chatLogs.append(chatLogId, { senderId: 'ai', type: 'assistant', content: '' })
    await tab.chatLogs.update(chatLogId, id, { content: 'a' })
    const held = tab.chatLogs.update(chatLogId, id, { content: 'b' })
    await settle(1)
    const gone = tab.chatLogs.deleteMessage(chatLogId, id)
    await expect(held).resolves.toMatchObject({ content: 'b' })
    await expect(gone).resolves.toBe(true)
    await expect(tab.chatLogs.update(chatLogId, id, { content: 'c' })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('is saved by lock() without waiting for its turn', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    const { id } = await tab.chatLogs.append(chatLogId, { senderId: 'ai', type: 'assistant', content: '' })
    const updates = ['a', 'ab', 'abc'].map((content) => tab.chatLogs.update(chatLogId, id, { content }))
    await settle(5)
    updates.push(tab.chatLogs.update(chatLogId, id, { content: 'abcd' }))
    await settle(1)
    await tab.lock()
    await Promise.all(updates)
    expect((await (await browser.tab()).chatLogs.getMessage(chatLogId, id))?.content).toBe('abcd')
  })

  it('of two messages at once loses neither', async () => {
    const tab = await testBrowser().tab()
    const { chatLogId } = await tab.sessions.create()
    const ids = await Promise.all([1, 2].map(async () => (await tab.chatLogs.append(chatLogId, { senderId: 'ai', type: 'assistant', content: '' })).id))
    await Promise.all(Array.from({ length: 40 }, (_, i) => tab.chatLogs.update(chatLogId, ids[i % 2]!, i % 4 < 2 ? { content: `${i}` } : { timestamp: i })))
    const [a, b] = await tab.chatLogs.read(chatLogId)
    expect([a!.content, a!.timestamp, b!.content, b!.timestamp]).toEqual(['36', 38, '37', 39])
  })
})

describe('without locks between tabs', () => {
  it('two tabs still write one vault', async () => {
    const none: FairLocks = { ...memoryLocks(), available: false, request: async (_name, _options, run) => run(true), heldNames: async () => undefined }
    const browser = testBrowser({ locks: none })
    const a = await browser.tab()
    const b = await browser.tab()
    await Promise.all([...Array.from({ length: 20 }, (_, i) => a.preferences.set(`a${i}`, i)), ...Array.from({ length: 20 }, (_, i) => b.preferences.set(`b${i}`, i))])
    await settle()
    expect(await a.preferences.list()).toHaveLength(40)
    expect(await b.check()).toMatchObject({ ok: true })
  })
})
