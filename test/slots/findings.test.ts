// What a second pair of eyes found in the ways in, each with the steps that showed it.

import { describe, expect, it } from 'vitest'
import type { TabMessage } from '../../src/stores/tab-channel.js'
import type { VaultEvent } from '../../src/vault/vault-events.js'
import { createMemoryDisk } from '../../src/stores/memory-disk.js'
import { Authenticator } from '../kit/authenticator.js'
import { memoryDeviceKeys } from '../kit/memory-device-keys.js'
import { damageHeader, memoryAttempts, memoryChannels, memoryLockMark, PASSWORD, testBrowser } from '../kit/tabs.js'
import { guarded, lockedOf, settle } from '../kit/vault-states.js'
import { opensWith, vaultWithAll, vaultWithPassword } from './slot-scene.js'

const DEVICE = { device: true } as const

describe('a seventeenth way in', () => {
  it('is refused whoever asks for it, and the vault opens as before', async () => {
    const { browser, open } = await vaultWithPassword()
    for (let i = 1; i < 16; i++) await open.slots.add(PASSWORD, { kind: 'password', password: `password ${i}` })
    const before = browser.disk.rows('test', 'header').get('header')!.slice()
    await expect(open.createRecoveryCode(PASSWORD)).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'too-many-ways-in' } })
    await expect(open.protect(PASSWORD, 'one more')).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'too-many-ways-in' } })
    expect(browser.disk.rows('test', 'header').get('header')).toEqual(before)
    await open.lock()
    expect(await opensWith(browser, 'password 15')).toBe('dark')
  })
})

describe('a key of the browser that is about to be used', () => {
  it('is not forgotten by who only looks, nor by another change', async () => {
    const disk = createMemoryDisk()
    const deviceKeys = memoryDeviceKeys()
    let between: (() => Promise<void>) | undefined
    const backend = guarded(disk, async (batch) => {
      if (!batch.operations.some(({ store }) => store === 'header')) return
      const work = between
      between = undefined
      await work?.()
    })
    const browser = testBrowser({ disk, backend, deviceKeys })
    const vault = await browser.open()
    if (vault.state !== 'empty') throw new Error(vault.state)
    const open = await vault.create(DEVICE)
    await open.preferences.set('theme', 'dark')
    const locked = await browser.open()
    if (locked.state !== 'locked') throw new Error(locked.state)
    const other = await locked.unlock(DEVICE)
    const [first] = await open.slots.list()
    let sweeping: Promise<unknown> | undefined
    between = async () => {
      expect(deviceKeys.size()).toBe(2)
      await other.slots.isUnprotected()
      await other.audit()
      sweeping = other.slots.rename(DEVICE, first!.id, 'renamed meanwhile').catch(() => undefined)
      await settle()
    }
    await open.slots.replace(DEVICE, first!.id, { kind: 'device' })
    await sweeping
    expect(await open.slots.list()).toMatchObject([{ kind: 'device', isHere: true }])
    expect(deviceKeys.size()).toBe(1)
    await open.lock()
    expect(await opensWith(browser, DEVICE)).toBe('dark')
  })

  it('that cannot be forgotten is told of, and audited', async () => {
    const keys = memoryDeviceKeys()
    const browser = testBrowser({ deviceKeys: (name) => ({ ...keys(name), forget: async () => Promise.reject(new Error('the disk is full')) }) })
    const vault = await browser.open()
    if (vault.state !== 'empty') throw new Error(vault.state)
    const open = await vault.create(DEVICE)
    await open.protect(DEVICE, 'a password')
    expect(keys.size()).toBe(1)
    expect((await open.audit()).unsealed.filter(({ what }) => what.startsWith('a key that opens the vault'))).toMatchObject([{ rows: 1 }])
  })

  it('that a crash left behind goes with the next unlock', async () => {
    const keys = memoryDeviceKeys()
    let fails = true
    const browser = testBrowser({ deviceKeys: (name) => ({ ...keys(name), forget: (ids) => (fails ? Promise.reject(new Error('the process died')) : keys(name).forget(ids)) }) })
    const open = await browser.tab()
    const { id } = await open.slots.add(PASSWORD, { kind: 'device' })
    await open.slots.remove(PASSWORD, id)
    expect(keys.size()).toBe(1)
    await open.lock()
    fails = false
    const again = await browser.tab()
    await expect.poll(() => keys.size()).toBe(0)
    await again.lock()
  })
})

describe('an authenticator', () => {
  it('that says more than fits is written down as far as it fits, or refused', async () => {
    const authenticator = new Authenticator()
    const { passkeys } = authenticator
    let id: Uint8Array<ArrayBuffer> | undefined
    const { browser, open } = await vaultWithPassword({ passkeys: { ...passkeys, create: async (request) => ({ ...(await passkeys.create(request)), transports: [...'abcdefghij', 'x'.repeat(100)], ...(id !== undefined && { credentialId: id }) }) } })
    id = new Uint8Array(2000)
    await expect(open.slots.add(PASSWORD, { kind: 'passkey' })).rejects.toMatchObject({ code: 'crypto-unavailable', details: { reason: 'malformed' } })
    id = undefined
    await open.slots.add(PASSWORD, { kind: 'passkey' })
    await open.lock()
    expect(await opensWith(browser, { passkey: true })).toBe('dark')
  })

  it('is not asked for who may not add it, nor for a slot that is gone', async () => {
    const { open, authenticator, secrets } = await vaultWithAll()
    const { asked } = authenticator
    await expect(open.slots.add(secrets.device, { kind: 'passkey' })).rejects.toMatchObject({ details: { reason: 'device-is-no-proof' } })
    await expect(open.slots.replace(PASSWORD, 'gone', { kind: 'passkey' })).rejects.toMatchObject({ code: 'not-found' })
    expect(authenticator.asked).toBe(asked)
  })

  it('is asked no longer when the vault is locked', async () => {
    const never = new Authenticator()
    const { open } = await vaultWithPassword({
      passkeys: { ...never.passkeys, create: ({ signal }) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error))) },
    })
    const adding = open.slots.add(PASSWORD, { kind: 'passkey' })
    const settled = adding.then(() => 'added', (error: { code?: string }) => error.code)
    await settle()
    await open.lock()
    expect(await settled).toBe('locked')
  })
})

describe('a lock that was not heard', () => {
  const silent = (heard: (message: TabMessage) => boolean) => {
    const open = memoryChannels()
    return (name: string): ReturnType<typeof open> => {
      const channel = open(name)
      return { ...channel, subscribe: (listener) => channel.subscribe((message) => void (heard(message) && listener(message))) }
    }
  }

  it('keeps a tab from letting others in', async () => {
    const browser = testBrowser({ openChannel: silent(({ kind }) => kind !== 'locked') })
    const shared = { shareUnlock: true }
    const deaf = await browser.tab(shared)
    const other = await browser.tab(shared)
    await other.lock()
    const vault = await browser.open(shared)
    if (vault.state !== 'locked') throw new Error(vault.state)
    await expect(vault.join()).rejects.toMatchObject({ code: 'not-found' })
    await expect(deaf.preferences.list()).rejects.toMatchObject({ code: 'locked' })
  })

  it('ends an unlock that had begun, and leaves alone who unlocked since', async () => {
    const lockMark = memoryLockMark()
    const browser = testBrowser({ lockMark, openChannel: silent(() => false) })
    await (await browser.tab()).lock()
    const slow = await lockedOf(browser)
    const unlocking = slow.unlock(PASSWORD).then(() => 'open', (error: { code?: string }) => error.code)
    lockMark('test')!.raise()
    const since = await browser.tab()
    expect(await unlocking).toBe('locked')
    await since.preferences.set('still', 'open')
    await expect(slow.unlock(PASSWORD)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('throws at nobody', async () => {
    const lockMark = memoryLockMark()
    const events: VaultEvent[] = []
    const browser = testBrowser({ lockMark, openChannel: silent(() => false) })
    const open = await browser.tab()
    open.subscribe((event) => events.push(event))
    lockMark('test')!.raise()
    // What looks by itself, half a second after an unlock, is no reason for an exception nobody catches.
    await settle(700)
    expect(events.at(-1)?.kind).toBe('locked')
  })
})

describe('guesses', () => {
  it('at an open vault are slowed down as well', async () => {
    const { open } = await vaultWithPassword({ attempts: memoryAttempts(), now: () => 1_000_000 })
    for (let i = 0; i < 5; i++) await expect(open.changePassword('wrong', 'mine')).rejects.toMatchObject({ code: 'wrong-password' })
    for (const guess of [() => open.changePassword('wrong', 'mine'), () => open.slots.add('wrong', { kind: 'device' }), () => open.rotateKeys('wrong'), () => open.protect('wrong', 'mine')]) {
      await expect(guess()).rejects.toMatchObject({ code: 'busy', details: { reason: 'throttled' } })
    }
  })

  it('made all at once are counted one by one', async () => {
    const browser = testBrowser({ attempts: memoryAttempts(), now: () => 1_000_000 })
    await (await browser.tab()).lock()
    const vaults = await Promise.all(Array.from({ length: 12 }, () => lockedOf(browser)))
    const outcomes = await Promise.all(vaults.map((vault) => vault.unlock('wrong').then(() => 'open', (error: { code?: string }) => error.code)))
    expect(outcomes.filter((code) => code === 'wrong-password')).toHaveLength(5)
    expect(outcomes.filter((code) => code === 'busy')).toHaveLength(7)
  })
})

describe('a passkey', () => {
  it('of this site is asked for, whatever other sites there are', async () => {
    const { browser, open, authenticator } = await vaultWithPassword()
    authenticator.site = 'elsewhere.example'
    await open.slots.add(PASSWORD, { kind: 'passkey' })
    authenticator.site = 'localhost'
    await open.slots.add(PASSWORD, { kind: 'passkey' })
    await open.lock()
    expect(await opensWith(browser, { passkey: true })).toBe('dark')
    authenticator.site = 'a.third.example'
    await expect((await lockedOf(browser)).unlock({ passkey: true })).rejects.toMatchObject({ code: 'crypto-unavailable' })
  })

  it('is asked for once, though the vault had to be looked at anew', async () => {
    const disk = createMemoryDisk()
    const { authenticator, open, browser } = await vaultWithPassword({ disk })
    await open.slots.add(PASSWORD, { kind: 'passkey' })
    damageHeader(disk)
    let moved = 0
    const other = testBrowser({
      disk,
      homes: await browser.environment.homes(),
      passkeys: authenticator.passkeys,
      backend: guarded(disk, async (batch) => {
        // The header is about to be put back: another tab commits first.
        if (moved < 2 && batch.operations.length === 1 && batch.operations[0]!.store === 'header') await open.preferences.set('theme', `dark ${++moved}`)
      }),
    })
    const before = authenticator.asked
    const unlocked = await (await lockedOf(other)).unlock({ passkey: true })
    expect([await unlocked.preferences.get('theme'), authenticator.asked - before, moved]).toEqual(['dark 2', 1, 2])
  })
})
