// Ways into a vault: added, named, replaced, removed; who may do that, and what is left of what is gone.

import { describe, expect, it } from 'vitest'
import { createRecoveryCode } from '../../src/crypto/recovery-code.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { damageHeader, PASSWORD } from '../kit/tabs.js'
import { lockedOf } from '../kit/vault-states.js'
import { KINDS, opensWith, vaultWithAll, vaultWithPassword, type Kind } from './slot-scene.js'

const without = (kind: Kind): readonly Kind[] => KINDS.filter((each) => each !== kind)

describe('slots', () => {
  it('are listed with their names, and tell before unlocking what may be asked for', async () => {
    const { browser, open, ids } = await vaultWithAll()
    const listed = await open.slots.list()
    expect(listed).toMatchObject([
      { id: ids.password, kind: 'password', iterations: expect.any(Number) as number },
      { id: ids.recovery, kind: 'recovery', name: 'in the drawer' },
      { id: ids.passkey, kind: 'passkey', name: 'my phone' },
      { id: ids.device, kind: 'device', name: 'this laptop', isHere: true },
    ])
    expect(listed.every(({ madeAt }) => Math.abs(Date.now() - madeAt!) < 60_000)).toBe(true)
    await open.lock()
    expect(await (await lockedOf(browser)).waysIn()).toEqual(KINDS)
    // A name is for who opened the vault.
    expect(JSON.stringify([...browser.disk.rows('test', 'header').get('header')!])).not.toContain('drawer')
  })

  it.each(KINDS)('of the kind %s open the vault, alone as well', async (kind) => {
    const { browser, open, secrets, ids } = await vaultWithAll()
    for (const other of without(kind)) await open.slots.remove(kind === 'device' && other === 'passkey' ? secrets.passkey : kind === 'device' ? PASSWORD : secrets[kind], ids[other]).catch(async (error: unknown) => {
      // The password went before: what is left may ask.
      if (kind !== 'device') throw error
      await open.slots.remove(secrets.passkey, ids[other])
    })
    expect((await open.slots.list()).map((slot) => slot.kind)).toEqual([kind])
    await open.lock()
    expect(await opensWith(browser, secrets[kind])).toBe('dark')
    for (const other of without(kind)) await expect((await lockedOf(browser)).unlock(secrets[other])).rejects.toMatchObject({ code: expect.stringMatching(/^(not-found|unsupported-version)$/) as string })
  })

  it.each(KINDS)('of the kind %s open it after a change of the password, a rotation, and from a copy of the header', async (kind) => {
    const homes = [memoryHome()]
    const { browser, open, secrets } = await vaultWithAll({ homes })
    await open.changePassword(PASSWORD, 'another one')
    const secret = kind === 'password' ? 'another one' : secrets[kind]
    await open.rotateKeys('another one')
    await open.slots.rename('another one', (await open.slots.list())[1]!.id, undefined)
    await open.lock()
    expect(await opensWith(browser, secret)).toBe('dark')
    damageHeader(browser.disk)
    expect(await opensWith(browser, secret)).toBe('dark')
  })

  it('are renamed, and replaced without a moment between', async () => {
    const { browser, open, ids, secrets } = await vaultWithAll()
    expect(await open.slots.rename(PASSWORD, ids.passkey, 'the old phone')).toMatchObject({ id: ids.passkey, name: 'the old phone' })
    expect((await open.slots.rename(PASSWORD, ids.passkey, undefined)).name).toBeUndefined()
    const code = createRecoveryCode()
    const replaced = await open.slots.replace(PASSWORD, ids.recovery, { kind: 'recovery', code, typedBack: code })
    expect((await open.slots.list()).map(({ id }) => id)).toEqual([ids.password, replaced.id, ids.passkey, ids.device])
    const second = await open.slots.replace({ recoveryCode: code }, ids.password, { kind: 'password', password: 'a second one' })
    expect(second).toMatchObject({ kind: 'password', iterations: expect.any(Number) as number })
    await open.lock()
    expect(await opensWith(browser, { recoveryCode: code })).toBe('dark')
    expect(await opensWith(browser, 'a second one')).toBe('dark')
    await expect((await lockedOf(browser)).unlock(secrets.recovery)).rejects.toMatchObject({ code: 'wrong-password' })
    await expect((await lockedOf(browser)).unlock(PASSWORD)).rejects.toMatchObject({ code: 'wrong-password' })
  })

  it('of one kind may be several', async () => {
    const { browser, open } = await vaultWithPassword()
    const codes = [createRecoveryCode(), createRecoveryCode()]
    for (const code of codes) await open.slots.add(PASSWORD, { kind: 'recovery', code, typedBack: code })
    await open.slots.add({ recoveryCode: codes[1]! }, { kind: 'password', password: 'of somebody else', name: 'Ada' })
    await open.changePassword('of somebody else', 'of somebody else, changed')
    await open.lock()
    for (const secret of [...codes.map((recoveryCode) => ({ recoveryCode })), PASSWORD, 'of somebody else, changed']) expect(await opensWith(browser, secret)).toBe('dark')
    await expect((await lockedOf(browser)).unlock('of somebody else')).rejects.toMatchObject({ code: 'wrong-password' })
  })

  it('are sixteen at the most', async () => {
    const { browser, open } = await vaultWithPassword()
    const add = (): Promise<unknown> => open.slots.add(PASSWORD, { kind: 'device' })
    for (let i = 1; i < 16; i++) await add()
    const before = browser.disk.rows('test', 'header').get('header')!.slice()
    await expect(add()).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'too-many-ways-in' } })
    expect(browser.disk.rows('test', 'header').get('header')).toEqual(before)
    await open.slots.replace(PASSWORD, (await open.slots.list())[3]!.id, { kind: 'device' })
    expect(await open.slots.list()).toHaveLength(16)
  })

  it('keep the last one that can be used', async () => {
    const { open, deviceKeys } = await vaultWithPassword()
    const [password] = await open.slots.list()
    await expect(open.slots.remove(PASSWORD, password!.id)).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'last-way-in' } })
    await open.slots.add(PASSWORD, { kind: 'device' })
    // Its key is gone: the browser was cleared of everything else than the vault.
    await deviceKeys('test').forget(await deviceKeys('test').kept())
    expect(await open.slots.list()).toMatchObject([{ kind: 'password' }, { kind: 'device', isHere: false }])
    await expect(open.slots.remove(PASSWORD, password!.id)).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'last-way-in' } })
  })
})

describe('whoever changes a way in', () => {
  it('opens one first, and changes nothing otherwise', async () => {
    const { browser, open, ids, secrets, deviceKeys } = await vaultWithAll()
    const before = browser.disk.rows('test', 'header').get('header')!.slice()
    const code = createRecoveryCode()
    const tries = (current: typeof secrets.password) => [
      () => open.slots.add(current, { kind: 'recovery', code, typedBack: code }),
      () => open.slots.add(current, { kind: 'device' }),
      () => open.slots.replace(current, ids.recovery, { kind: 'device' }),
      () => open.slots.rename(current, ids.recovery, 'mine'),
      () => open.slots.remove(current, ids.recovery),
      () => open.changePassword(current, 'mine'),
      () => open.rotateKeys(current),
      () => open.protect(current, 'mine'),
    ]
    for (const attempt of tries('wrong')) await expect(attempt()).rejects.toMatchObject({ code: 'wrong-password' })
    for (const attempt of tries({ recoveryCode: createRecoveryCode() })) await expect(attempt()).rejects.toMatchObject({ code: 'wrong-password' })
    // A key that the browser keeps proves nothing of who sits before it.
    for (const attempt of tries(secrets.device)) await expect(attempt()).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'device-is-no-proof' } })
    expect(browser.disk.rows('test', 'header').get('header')).toEqual(before)
    expect(deviceKeys.size()).toBe(1)
  })

  it('is asked for an authenticator only when the rest is right', async () => {
    const { open, authenticator } = await vaultWithPassword()
    await expect(open.slots.add('wrong', { kind: 'passkey' })).rejects.toMatchObject({ code: 'wrong-password' })
    await expect(open.slots.add(PASSWORD, { kind: 'passkey', name: '' })).rejects.toMatchObject({ code: 'invalid-value', details: { fields: ['name'] } })
    expect(authenticator.asked).toBe(0)
    authenticator.declines = true
    await expect(open.slots.add(PASSWORD, { kind: 'passkey' })).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'declined' } })
    expect(authenticator.asked).toBe(1)
    authenticator.declines = false
    await open.slots.add(PASSWORD, { kind: 'passkey' })
    // The same authenticator, again: it has one already.
    await expect(open.slots.add(PASSWORD, { kind: 'passkey' })).rejects.toMatchObject({ code: 'conflict', details: { reason: 'known' } })
    await open.slots.rename({ passkey: true }, (await open.slots.list())[1]!.id, 'asked once for this')
    expect(authenticator.asked).toBe(4)
    expect(await open.slots.list()).toHaveLength(2)
  })

  it('gets a clear answer where there are no authenticators and no kept keys', async () => {
    const { browser, open } = await vaultWithPassword({ passkeys: undefined, deviceKeys: undefined })
    await expect(open.slots.add(PASSWORD, { kind: 'passkey' })).rejects.toMatchObject({ code: 'crypto-unavailable' })
    await open.lock()
    const locked = await lockedOf(browser)
    await expect(locked.unlock({ passkey: true })).rejects.toMatchObject({ code: 'not-found' })
    await expect(locked.unlock({ device: true })).rejects.toMatchObject({ code: 'not-found' })
    await expect(locked.unlock({ passkey: false } as never)).rejects.toThrow(TypeError)
  })

  it('shows that a recovery code was written down', async () => {
    const { open } = await vaultWithPassword()
    const code = createRecoveryCode()
    for (const typedBack of ['', code.slice(0, -5), createRecoveryCode(), `${code.slice(0, -1)}${code.endsWith('0') ? '1' : '0'}`]) {
      await expect(open.slots.add(PASSWORD, { kind: 'recovery', code, typedBack })).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'not-typed-back' } })
    }
    await open.slots.add(PASSWORD, { kind: 'recovery', code, typedBack: ` ${code.replaceAll('-', '').toLowerCase()}` })
    for (const bad of [{ kind: 'smoke' }, {}, null, 'password']) await expect(open.slots.add(PASSWORD, bad as never)).rejects.toThrow(TypeError)
    await expect(open.slots.add(PASSWORD, { kind: 'password', password: '' })).rejects.toMatchObject({ code: 'invalid-value' })
    await expect(open.slots.rename(PASSWORD, (await open.slots.list())[0]!.id, 'x'.repeat(129))).rejects.toMatchObject({ code: 'invalid-value' })
    await expect(open.slots.rename(PASSWORD, 'nobody', 'x')).rejects.toMatchObject({ code: 'not-found' })
    expect((await open.slots.list()).map(({ kind }) => kind)).toEqual(['password', 'recovery'])
  })

  it('finds what another tab changed meanwhile', async () => {
    const { browser, open, ids } = await vaultWithAll()
    const other = await browser.tab()
    await other.slots.remove(PASSWORD, ids.recovery)
    await open.slots.rename(PASSWORD, ids.passkey, 'seen from here')
    expect((await other.slots.list()).map(({ kind, name }) => [kind, name])).toEqual([['password', undefined], ['passkey', 'seen from here'], ['device', 'this laptop']])
    await expect(open.slots.rename(PASSWORD, ids.recovery, 'gone')).rejects.toMatchObject({ code: 'not-found' })
  })
})
