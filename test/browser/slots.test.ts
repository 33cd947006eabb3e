// Ways into a vault that only a real browser has: a key it keeps and nobody reads, and an authenticator.

import { describe, expect, it } from 'vitest'
import { cdp, server } from 'vitest/browser'
import { destroyVault, type UnlockedVault } from '../../src/index.ts'
import type { VaultOptions } from '../../src/vault/environment.ts'
import { browserEnvironment, openVaultIn } from '../../src/vault/open-vault.ts'

const PASSWORD = 'correct horse battery staple'
const KDF = { minimumIterations: 1000, maximumWritten: 5000, maximumRead: 10_000, targetMs: 1 }
const DEVICE = { device: true } as const

const openNow = (options: VaultOptions) => openVaultIn({ ...browserEnvironment(), kdf: KDF }, options)

async function created(name: string, first: string | typeof DEVICE): Promise<UnlockedVault> {
  const vault = await openNow({ name })
  if (vault.state !== 'empty') throw new Error(vault.state)
  const open = await vault.create(first)
  await open.preferences.set('theme', 'dark')
  return open
}

async function locked(name: string) {
  const vault = await openNow({ name })
  if (vault.state !== 'locked') throw new Error(vault.state)
  return vault
}

/** Everything in the database of keys. */
async function keptKeys(): Promise<unknown[]> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open('sealed-vault-device-keys')
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error!)
  })
  const kept = await new Promise<unknown[]>((resolve, reject) => {
    const request = database.transaction('keys').objectStore('keys').getAll()
    request.onsuccess = () => resolve(request.result as unknown[])
    request.onerror = () => reject(request.error!)
  })
  database.close()
  return kept
}

describe('a key that the browser keeps', () => {
  it('opens the vault without a question, cannot be read, and goes when the vault gets a password or is destroyed', async () => {
    const name = `device ${crypto.randomUUID()}`
    const open = await created(name, DEVICE)
    await open.lock()
    const [key] = (await keptKeys()) as CryptoKey[]
    expect(key).toMatchObject({ extractable: false, usages: ['deriveBits'] })
    await expect(crypto.subtle.exportKey('raw', key!)).rejects.toThrow()
    const vault = await locked(name)
    expect(await vault.waysIn()).toEqual(['device'])
    const again = await vault.unlock(DEVICE)
    expect(await again.preferences.get('theme')).toBe('dark')
    expect(await again.slots.list()).toMatchObject([{ kind: 'device', isHere: true }])
    await again.protect(DEVICE, PASSWORD)
    expect(await again.slots.isUnprotected()).toBe(false)
    expect(await keptKeys()).toEqual([])
    await again.lock()
    expect(await (await (await locked(name)).unlock(PASSWORD)).preferences.get('theme')).toBe('dark')

    const other = `device ${crypto.randomUUID()}`
    await (await created(other, DEVICE)).lock()
    expect(await keptKeys()).toHaveLength(1)
    await destroyVault(other)
    expect(await keptKeys()).toEqual([])
  })
})

/** An authenticator inside of the browser, whose user says yes to everything. @returns what changes or ends it */
async function virtualAuthenticator(can: { readonly hasPrf: boolean }) {
  const session = cdp() as unknown as { send(method: string, input?: object): Promise<{ authenticatorId: string; credentials: { credentialId: string }[] }> }
  await session.send('WebAuthn.enable')
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, ...can } })
  return {
    verifies: (isUserVerified: boolean) => session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
    credentials: async () => (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length,
    remove: () => session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId }),
  }
}

// Only Chromium lets a test hold an authenticator.
if (server.browser === 'chromium') describe('a passkey', () => {
  const PASSKEY = { passkey: true } as const

  it('is enrolled, opens the vault, also after a rotation, and is removed', async () => {
    const authenticator = await virtualAuthenticator({ hasPrf: true })
    try {
      const name = `passkey ${crypto.randomUUID()}`
      const open = await created(name, PASSWORD)
      const { id } = await open.slots.add(PASSWORD, { kind: 'passkey', name: 'my phone', userName: 'Ada' })
      expect(await authenticator.credentials()).toBe(1)
      await open.lock()
      const vault = await locked(name)
      expect(await vault.waysIn()).toEqual(['password', 'passkey'])
      const second = await vault.unlock(PASSKEY)
      expect(await second.preferences.get('theme')).toBe('dark')
      await second.rotateKeys(PASSKEY)
      await second.lock()
      const third = await (await locked(name)).unlock(PASSKEY)
      expect(await third.preferences.get('theme')).toBe('dark')
      expect(await third.slots.list()).toMatchObject([{ kind: 'password' }, { id, kind: 'passkey', name: 'my phone' }])
      // The same authenticator has one already.
      await expect(third.slots.add(PASSKEY, { kind: 'passkey' })).rejects.toMatchObject({ code: 'conflict', details: { reason: 'known' } })
      // It is there, and somebody else holds it.
      await authenticator.verifies(false)
      await expect(third.slots.remove(PASSKEY, id)).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'declined' } })
      await third.slots.remove(PASSWORD, id)
      await third.lock()
      await expect((await locked(name)).unlock(PASSKEY)).rejects.toMatchObject({ code: 'not-found' })
      await (await (await locked(name)).unlock(PASSWORD)).lock()
    } finally {
      await authenticator.remove()
    }
  })

  it('of an authenticator that makes no secrets is refused, and nothing has changed', async () => {
    const authenticator = await virtualAuthenticator({ hasPrf: false })
    try {
      const open = await created(`passkey ${crypto.randomUUID()}`, PASSWORD)
      await expect(open.slots.add(PASSWORD, { kind: 'passkey' })).rejects.toMatchObject({ code: 'crypto-unavailable', details: { reason: 'prf' } })
      expect(await open.slots.list()).toMatchObject([{ kind: 'password' }])
    } finally {
      await authenticator.remove()
    }
  })

  it('that is asked for in vain ends with the signal, and with a lock', async () => {
    const authenticator = await virtualAuthenticator({ hasPrf: true })
    const name = `passkey ${crypto.randomUUID()}`
    const open = await created(name, PASSWORD)
    await open.slots.add(PASSWORD, { kind: 'passkey' })
    await open.lock()
    await authenticator.remove()
    const stop = new AbortController()
    const vault = await locked(name)
    const waiting = vault.unlock(PASSKEY, { signal: stop.signal })
    setTimeout(() => stop.abort(new Error('enough')), 200)
    await expect(waiting).rejects.toThrow(/enough|no passkey was given/)
  })
})
