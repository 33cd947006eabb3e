// A vault that opens without a question, and what it takes to close it for good: whoever copied the folder before has its key.

import { describe, expect, it } from 'vitest'
import { memoryHome } from '../../src/stores/memory-home.js'
import { memoryDeviceKeys } from '../kit/memory-device-keys.js'
import { testBrowser } from '../kit/tabs.js'
import { lockedOf } from '../kit/vault-states.js'
import { opensWith, vaultWithAll, vaultWithPassword } from './slot-scene.js'

const DEVICE = { device: true } as const

async function vaultWithoutPassword() {
  const deviceKeys = memoryDeviceKeys()
  const homes = [memoryHome()]
  const browser = testBrowser({ deviceKeys, homes })
  const vault = await browser.open()
  if (vault.state !== 'empty') throw new Error(vault.state)
  const open = await vault.create(DEVICE)
  await open.preferences.set('theme', 'dark')
  return { browser, deviceKeys, open }
}

describe('a vault without a password', () => {
  it('opens by the key that the browser keeps, and says what that is worth', async () => {
    const { browser, open, deviceKeys } = await vaultWithoutPassword()
    expect(deviceKeys.size()).toBe(1)
    expect(await open.slots.isUnprotected()).toBe(true)
    const report = await open.audit()
    expect(report.isUnprotected).toBe(true)
    expect(report.slots).toEqual([{ kind: 'device', strength: 'none: the key lies beside what it opens' }])
    expect(report.unsealed.filter(({ what }) => what.startsWith('a key that opens the vault'))).toMatchObject([{ where: 'outside', rows: 1, bytes: 32, isExpected: true }])
    await open.lock()
    expect(await (await lockedOf(browser)).waysIn()).toEqual(['device'])
    expect(await opensWith(browser, DEVICE)).toBe('dark')
    await expect((await lockedOf(browser)).unlock('a password')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('gets a password by new keys for everything: what was copied before opens what was there then, and nothing that is there now', async () => {
    const { browser, open, deviceKeys } = await vaultWithoutPassword()
    for (let i = 0; i < 20; i++) await open.preferences.set(`before-${i}`, i)
    await open.checkpoint()
    const copy = { disk: browser.disk.snapshot(), keys: deviceKeys.copy() }
    for (const change of [() => open.changePassword(DEVICE, 'first'), () => open.slots.add(DEVICE, { kind: 'password', password: 'first' })]) {
      await expect(change()).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'protect' } })
    }
    const seen: boolean[] = []
    const report = await open.protect(DEVICE, 'first', { onProgress: () => void open.slots.isUnprotected().then((is) => seen.push(is)) })
    expect(report).toMatchObject({ keepsOldKeys: false, skipped: [] })
    expect(seen.slice(0, -1).every(Boolean)).toBe(true)
    expect(await open.slots.isUnprotected()).toBe(false)
    expect(await open.audit()).toMatchObject({ isUnprotected: false, slots: [{ kind: 'password' }] })
    expect(deviceKeys.size()).toBe(0)
    await open.preferences.set('after', true)
    await open.checkpoint()
    await open.lock()

    expect(await opensWith(browser, 'first')).toBe('dark')
    await expect((await lockedOf(browser)).unlock(DEVICE)).rejects.toMatchObject({ code: 'not-found' })
    // The thief has the old folder and its key: with the old rows they open, with those of today they do not.
    const before = testBrowser({ disk: copy.disk, deviceKeys: copy.keys, homes: [memoryHome()] })
    expect(await opensWith(before, DEVICE)).toBe('dark')
    const thief = testBrowser({ disk: browser.disk.snapshot(), deviceKeys: copy.keys, homes: [memoryHome()] })
    await expect((await lockedOf(thief)).unlock(DEVICE)).rejects.toMatchObject({ code: 'not-found' })
    thief.disk.rows('test', 'header').set('header', copy.disk.rows('test', 'header').get('header')!)
    await expect((await lockedOf(thief)).unlock(DEVICE)).rejects.toMatchObject({ code: 'tampered' })
  })

  it('stays unprotected until the rotation has ended, over a crash as well', async () => {
    const { browser, open } = await vaultWithoutPassword()
    const stop = new AbortController()
    const protecting = open.protect(DEVICE, 'first', { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) })
    await expect(protecting).rejects.toThrow('enough')
    expect(await open.slots.isUnprotected()).toBe(true)
    await open.lock()
    const vault = await browser.open({ rotation: { continue: false } })
    if (vault.state !== 'locked') throw new Error(vault.state)
    const again = await vault.unlock('first')
    expect(again.rotation.state).toBe('pending')
    expect(await again.slots.isUnprotected()).toBe(true)
    await again.rotation.continue()
    expect(await again.slots.isUnprotected()).toBe(false)
  })

  it('is not known to a browser whose keys were cleared', async () => {
    const { browser, open, deviceKeys } = await vaultWithoutPassword()
    await open.lock()
    await deviceKeys('test').forget(await deviceKeys('test').kept())
    const locked = await lockedOf(browser)
    expect(await locked.waysIn()).toEqual([])
    await expect(locked.unlock(DEVICE)).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('a key that a browser keeps beside a password', () => {
  it('leaves the vault unprotected until keys were rotated after it was removed', async () => {
    const { open, ids } = await vaultWithAll()
    expect(await open.slots.isUnprotected()).toBe(true)
    await open.rotateKeys('correct horse battery staple')
    expect(await open.slots.isUnprotected()).toBe(true)
    await open.slots.remove('correct horse battery staple', ids.device)
    expect(await open.slots.isUnprotected()).toBe(true)
    await open.rotateKeys('correct horse battery staple')
    expect(await open.slots.isUnprotected()).toBe(false)
  })

  it('was never there: nothing is said', async () => {
    const { open } = await vaultWithPassword()
    expect(await open.slots.isUnprotected()).toBe(false)
    expect((await open.audit()).isUnprotected).toBe(false)
  })
})
