// What a guess at a password costs: chosen when it is set, raised behind an unlock where there is reason for it, never lowered; and Argon2id, where an app asks for it.

import { afterEach, describe, expect, it, vi } from 'vitest'
import type * as wasm from '../../src/crypto/argon2id-wasm.js'
import type { KdfPolicy } from '../../src/crypto/kdf.js'
import type { VaultOptions } from '../../src/vault/environment.js'
import { openVaultIn } from '../../src/vault/open-vault.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import type { VaultEvent } from '../../src/vault/vault-events.js'
import { bytesOf } from '../kit/archives.js'
import { editHeader } from '../attacks/kit.js'
import { damageHeader, insecureFastKdf, memoryAttempts, PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'
import { guarded, lockedOf } from '../kit/vault-states.js'
import { opensWith, vaultWithAll } from './slot-scene.js'

vi.mock('../../src/crypto/argon2id-wasm.js', async (original) => {
  const { argon2id } = await original<typeof wasm>()
  return { argon2id: (options: Parameters<typeof argon2id>[0]) => (computed++, whenComputed?.(), refused ? Promise.reject(new WebAssembly.CompileError('blocked by the policy')) : argon2id(options)) }
})

/** As a page whose policy allows no WebAssembly. */
let refused = false
let computed = 0
let whenComputed: (() => void) | undefined
afterEach(() => {
  refused = false
  whenComputed = undefined
})

async function unlocked(browser: TestBrowser, kdf: KdfPolicy, options: Partial<VaultOptions> = {}, password = PASSWORD): Promise<UnlockedVault> {
  const vault = await openVaultIn({ ...browser.environment, kdf }, { name: 'test', ...options })
  if (vault.state !== 'locked') throw new Error(vault.state)
  return vault.unlock(password)
}

const costs = async (open: UnlockedVault): Promise<unknown[]> => (await open.slots.list()).flatMap(({ kind, iterations, argon2id }) => (kind === 'password' ? [iterations ?? argon2id] : []))
const ARGON2ID = { memoryKiB: 64, passes: expect.any(Number) as number, lanes: 1 }
const eager: KdfPolicy = { ...insecureFastKdf, maximumWritten: 200_000, maximumRead: 1_000_000, targetMs: 60_000 }

describe('a password that is far too quick', () => {
  it('is made dearer behind the next unlock, once, and never cheaper', async () => {
    const { browser, open, ids } = await vaultWithAll()
    await open.slots.rename(PASSWORD, ids.password, 'mine')
    await open.lock()
    const madeAt = expect.any(Number) as number
    const fast = await unlocked(browser, eager)
    await expect.poll(() => costs(fast), { timeout: 20_000 }).toEqual([200_000])
    expect(await fast.slots.list()).toMatchObject([{ id: ids.password, kind: 'password', name: 'mine', madeAt }, { id: ids.recovery }, { id: ids.passkey }, { id: ids.device }])
    await fast.lock()
    const slow = await unlocked(browser, { ...eager, maximumWritten: 1_000_000, targetMs: 1 })
    await slow.changePassword(PASSWORD, 'the next')
    expect(await costs(slow)).toEqual([200_000])
  })

  it('is that one of several which was typed', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    await open.slots.add(PASSWORD, { kind: 'password', password: 'of the other one' })
    const [first] = await costs(open)
    await open.lock()
    const fast = await unlocked(browser, eager, {}, 'of the other one')
    await expect.poll(() => costs(fast), { timeout: 20_000 }).toEqual([first, 200_000])
    await fast.lock()
    for (const password of ['of the other one', PASSWORD]) await (await unlocked(browser, { ...eager, targetMs: 0.001 }, {}, password)).lock()
  })

  it('is not made cheaper by a tab that is slower to find out, whatever that one wants', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    // Both see the password as it is, and both want it dearer, each in its own way; the first one in waits until the other has done it.
    let second: UnlockedVault | undefined
    const slow = testBrowser({
      disk: browser.disk,
      homes: await browser.environment.homes(),
      backend: guarded(browser.disk, async ({ operations }) => {
        if (second !== undefined || !operations.some(({ kind, store }) => kind === 'put' && store === 'header')) return
        second = await unlocked(browser, eager, { passwordKdf: 'argon2id' })
        await expect.poll(() => costs(second!), { timeout: 20_000 }).toEqual([ARGON2ID])
      }),
    })
    const first = await unlocked(slow, eager)
    await expect.poll(() => second !== undefined && costs(second), { timeout: 20_000 }).toEqual([ARGON2ID])
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect([await costs(first), await costs(second!)]).toEqual([[ARGON2ID], [ARGON2ID]])
  })

  it('gives way to whatever somebody asks for, and counts as nobody’s guess', async () => {
    const attempts = memoryAttempts()
    const browser = testBrowser({ attempts })
    await (await browser.tab()).lock()
    for (const change of [(open: UnlockedVault) => open.changePassword(PASSWORD, 'the next'), (open: UnlockedVault) => open.rotateKeys('the next'), (open: UnlockedVault) => open.createRecoveryCode('the next')]) {
      const password = change.toString().includes('PASSWORD') ? PASSWORD : 'the next'
      const open = await unlocked(browser, { ...insecureFastKdf, targetMs: 60_000 }, { passwordKdf: 'argon2id' }, password)
      const warnings: VaultEvent[] = []
      open.subscribe((event) => event.kind === 'warning' && warnings.push(event))
      await change(open)
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect([warnings, attempts('test')!.read().count]).toEqual([[], 0])
      await open.lock()
    }
    expect(await opensWith(browser, 'the next')).toBeUndefined()
  })

  it('is left alone when it was not far off', async () => {
    const browser = testBrowser()
    const before = await browser.tab()
    const known = await costs(before)
    await before.lock()
    const rows = browser.disk.rows('test', 'log').size
    const open = await unlocked(browser, { ...eager, targetMs: 0.001 })
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect([await costs(open), browser.disk.rows('test', 'log').size]).toEqual([known, rows])
  })
})

describe('Argon2id', () => {
  it('is what an app asks for: created with, changed, rotated, opened from a copy of the header', async () => {
    const browser = testBrowser()
    const open = await browser.tab({ passwordKdf: 'argon2id' })
    expect(await costs(open)).toEqual([ARGON2ID])
    await open.changePassword(PASSWORD, 'the next')
    await open.slots.add('the next', { kind: 'password', password: 'one more' })
    await open.rotateKeys('one more')
    expect(await costs(open)).toEqual([ARGON2ID, ARGON2ID])
    expect((await open.audit()).slots).toMatchObject([{ kind: 'password', argon2id: ARGON2ID, strength: 'below recommendation' }, { kind: 'password' }])
    await open.lock()
    for (const password of ['the next', 'one more']) {
      damageHeader(browser.disk)
      expect(await opensWith(browser, password)).toBeUndefined()
    }
    await expect((await lockedOf(browser)).unlock(PASSWORD)).rejects.toMatchObject({ code: 'wrong-password' })
  })

  it('comes to a vault that had PBKDF2 behind its next unlock, and stays', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const open = await browser.tab({ passwordKdf: 'argon2id' })
    await expect.poll(() => costs(open), { timeout: 20_000 }).toEqual([ARGON2ID])
    await open.lock()
    const later = await browser.tab()
    expect(await costs(later)).toEqual([ARGON2ID])
    await later.changePassword(PASSWORD, 'the next')
    expect(await costs(later)).toEqual([ARGON2ID])
  })

  it('that the page may not run fails by name: nothing is created, nothing is weakened, and what else opens the vault does', async () => {
    refused = true
    const without = await testBrowser().open({ passwordKdf: 'argon2id' })
    if (without.state !== 'empty') throw new Error(without.state)
    await expect(without.create(PASSWORD)).rejects.toMatchObject({ code: 'crypto-unavailable', details: { where: 'argon2id' } })
    expect((await without.close(), without.state)).toBe('empty')

    const browser = testBrowser()
    const before = await browser.tab()
    const code = await before.createRecoveryCode(PASSWORD)
    const [cost] = await costs(before)
    await before.lock()
    const open = await browser.tab({ passwordKdf: 'argon2id' })
    const warnings: VaultEvent[] = []
    open.subscribe((event) => event.kind === 'warning' && warnings.push(event))
    await expect.poll(() => warnings.length).toBe(1)
    expect([await costs(open), warnings]).toMatchObject([[cost], [{ error: { code: 'crypto-unavailable' } }]])
    refused = false
    await open.changePassword(PASSWORD, 'the next')
    await open.slots.add('the next', { kind: 'password', password: 'one more' })
    refused = true
    await expect(open.changePassword('the next', 'another')).rejects.toMatchObject({ code: 'crypto-unavailable' })
    await open.lock()
    await expect((await lockedOf(browser)).unlock('the next')).rejects.toMatchObject({ code: 'crypto-unavailable' })
    expect(await opensWith(browser, { recoveryCode: code })).toBeUndefined()
  })

  it('that cannot run leaves a wrong password a wrong one: it is counted, and slowed down', async () => {
    const attempts = memoryAttempts()
    const browser = testBrowser({ attempts })
    const open = await browser.tab({ passwordKdf: 'argon2id' })
    await open.slots.add(PASSWORD, { kind: 'password', password: 'another' })
    await open.lock()
    const rows = browser.disk.rows('test', 'header')
    rows.set('header', editHeader(rows.get('header')!, ({ slots }) => void (slots[1]!.kdf = { name: 'PBKDF2-HMAC-SHA-256', iterations: 1000, salt: slots[1]!.kdf.salt })))
    refused = true
    for (let i = 1; i <= 5; i++) {
      await expect((await lockedOf(browser)).unlock('a guess')).rejects.toMatchObject({ code: 'crypto-unavailable' })
      expect(attempts('test')!.read().count).toBe(i)
    }
    await expect((await lockedOf(browser)).unlock('a guess')).rejects.toMatchObject({ code: 'busy', details: { reason: 'throttled' } })
  })

  it('of a header that asks for too much of it together computes nothing', async () => {
    const browser = testBrowser()
    const open = await browser.tab({ passwordKdf: 'argon2id' })
    for (let i = 1; i < 16; i++) await open.slots.add(PASSWORD, { kind: 'password', password: `password ${i}` })
    await open.lock()
    const rows = browser.disk.rows('test', 'header')
    rows.set('header', editHeader(rows.get('header')!, ({ slots }) => slots.forEach(({ kdf }) => Object.assign(kdf, { memoryKiB: 64, passes: 20 }))))
    computed = 0
    const without = testBrowser({ disk: browser.disk, homes: [] })
    await expect((await lockedOf(without)).unlock(PASSWORD)).rejects.toMatchObject({ code: 'tampered', details: { reason: 'kdf-limits' } })
    expect(computed).toBe(0)
    // Sixteen of what is written are not too much, and an abort ends them after the one that is being computed.
    rows.set('header', editHeader(rows.get('header')!, ({ slots }) => slots.forEach(({ kdf }) => Object.assign(kdf, { memoryKiB: 64, passes: 10 }))))
    const ends = new AbortController()
    whenComputed = () => ends.abort(new Error('no longer'))
    await expect((await lockedOf(without)).unlock(PASSWORD, { signal: ends.signal })).rejects.toThrow('no longer')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(computed).toBe(1)
  })

  it('is never in an archive, which opens wherever there is WebCrypto', async () => {
    const open = await testBrowser().tab({ passwordKdf: 'argon2id' })
    await open.sessions.create({ title: 'Trip' })
    const bytes = await bytesOf((await open.exportArchive({ password: 'of the archive' })).stream)
    expect(new TextDecoder().decode(bytes.subarray(0, 600))).toContain('PBKDF2-HMAC-SHA-256')
  })

  it.each(['scrypt', 'Argon2id', 1, null])('is asked for by this name alone, not %s', async (passwordKdf) => {
    await expect(testBrowser().open({ passwordKdf } as never)).rejects.toThrow(TypeError)
  })
})
