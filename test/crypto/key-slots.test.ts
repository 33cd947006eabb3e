import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Bytes, VaultId } from '../../src/brand.ts'
import { fromBase64Url, toBase64Url } from '../../src/crypto/bytes.ts'
import { encodePassword, type KdfPolicy, type Pbkdf2Kdf } from '../../src/crypto/kdf.ts'
import { createPasswordSlot, openPasswordSlot, type PasswordSlot } from '../../src/crypto/key-slots.ts'
import { createWrapPair, unwrapVaultKey, wrapVaultKey } from '../../src/crypto/key-wrap.ts'
import byEngine from '../vectors/slots-by-engine.json'
import { codeOf, vaultError } from './errors.ts'
import { counting, flipped } from './hex.ts'

const policy: KdfPolicy = { minimumIterations: 100, maximumWritten: 1000, maximumRead: 2000, targetMs: 1 }
const vaultId = counting<VaultId>(16)
const vaultKey = counting(32, 100)
const password = encodePassword('the night train')
const { slot: made, bindingKey } = await createPasswordSlot(password, vaultKey, vaultId, 200, policy)
const slot = made as PasswordSlot & { readonly kdf: Pbkdf2Kdf }

const failure = (changed: PasswordSlot, bytes: Bytes = password, id: VaultId = vaultId) =>
  codeOf(() => openPasswordSlot(changed, bytes, id, policy))

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a password slot', () => {
  test('gives the vault key back', async () => {
    expect(await openPasswordSlot(slot, password, vaultId, policy)).toEqual(vaultKey)
    expect([vaultKey, password]).toEqual([counting(32, 100), encodePassword('the night train')])
  })

  test('has the fields of the format', () => {
    const { wrappedPrivateKey, kdf, kind, ...fields } = slot
    expect(Object.fromEntries(Object.entries(fields).map(([name, bytes]) => [name, bytes.length]))).toEqual({
      id: 16,
      wrapSalt: 32,
      commitment: 32,
      publicKey: 65,
      ephemeralKey: 65,
      wrappedVaultKey: 48,
    })
    expect([kind, kdf.name, kdf.iterations, kdf.salt.length]).toEqual(['password', 'PBKDF2-HMAC-SHA-256', 200, 32])
    expect([slot.publicKey[0], slot.ephemeralKey[0]]).toEqual([4, 4])
    // Binding key, PKCS#8 with the public key in it, tag.
    expect(wrappedPrivateKey).toHaveLength(32 + 138 + 16)
    expect(bindingKey).toHaveLength(32)
  })

  test('always has the same size, and nothing in common with another', async () => {
    const { slot: other, bindingKey: otherKey } = await createPasswordSlot(password, vaultKey, vaultId, 200, policy)
    expect(otherKey).not.toEqual(bindingKey)
    for (const name of ['id', 'wrapSalt', 'commitment', 'publicKey', 'wrappedPrivateKey', 'ephemeralKey', 'wrappedVaultKey'] as const) {
      expect(other[name], name).toHaveLength(slot[name].length)
      expect(other[name], name).not.toEqual(slot[name])
    }
    expect(other.kdf.salt).not.toEqual(slot.kdf.salt)
  })

  test('opens with any spelling of the password that NFKC makes the same', async () => {
    const { slot: accented } = await createPasswordSlot(encodePassword('caf\u00e9 \u2460'), vaultKey, vaultId, 200, policy)
    for (const same of ['cafe\u0301 1', 'caf\u00e9 \uff11']) {
      expect(await openPasswordSlot(accented, encodePassword(same), vaultId, policy)).toEqual(vaultKey)
    }
  })

  test.each(Object.entries(byEngine.slots))('opens when %s made it', async (_, made) => {
    const { id, kdf, wrapSalt, commitment, publicKey, wrappedPrivateKey, ephemeralKey, wrappedVaultKey } = made
    const fields = { id, wrapSalt, commitment, publicKey, wrappedPrivateKey, ephemeralKey, wrappedVaultKey }
    const decoded = {
      ...Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, fromBase64Url(text)])),
      kind: 'password',
      kdf: { ...kdf, salt: fromBase64Url(kdf.salt) },
    } as PasswordSlot
    const opened = await openPasswordSlot(decoded, encodePassword(byEngine.password), fromBase64Url(byEngine.vaultId) as VaultId, policy)
    expect(toBase64Url(opened)).toBe(byEngine.vaultKey)
  })

  test('opens with no other password', async () => {
    for (const other of ['The night train', ' the night train', 'the night train ', 'the night', 'x']) {
      expect(await failure(slot, encodePassword(other)), other).toBe('wrong-password')
    }
  })

  test('opens in its own vault only', async () => {
    expect(await failure(slot, password, flipped(vaultId, 3))).toBe('wrong-password')
  })
})

describe('damage', () => {
  const first = { id: 'wrong-password', wrapSalt: 'wrong-password', commitment: 'wrong-password' }
  const behind = { publicKey: 'corrupt', wrappedPrivateKey: 'corrupt', ephemeralKey: 'corrupt', wrappedVaultKey: 'corrupt' }

  test.each(Object.entries({ ...first, ...behind }) as [keyof typeof first, string][])('any byte of %s flipped: %s', async (name, code) => {
    for (let i = 0; i < slot[name].length; i++) expect(await failure({ ...slot, [name]: flipped(slot[name], i) }), `byte ${i}`).toBe(code)
  })

  test.each(Object.keys({ ...first, ...behind }) as (keyof typeof first)[])('%s cut short, longer or gone', async (name) => {
    for (const bytes of [slot[name].slice(1), slot[name].slice(0, -1), Uint8Array.of(...slot[name], 0), new Uint8Array(0)]) {
      expect(await failure({ ...slot, [name]: bytes }), `${bytes.length} bytes`).toBe('corrupt')
    }
  })

  test('any byte of the salt flipped, or other iterations, is another password', async () => {
    for (let i = 0; i < 32; i++) {
      expect(await failure({ ...slot, kdf: { ...slot.kdf, salt: flipped(slot.kdf.salt, i) } })).toBe('wrong-password')
    }
    expect(await failure({ ...slot, kdf: { ...slot.kdf, iterations: 201 } })).toBe('wrong-password')
  })

  test('parts of another slot of the same password and vault key do not fit', async () => {
    const { slot: other } = await createPasswordSlot(password, vaultKey, vaultId, 200, policy)
    const { ephemeralKey, wrappedVaultKey, publicKey, wrappedPrivateKey, wrapSalt, commitment } = other
    expect(await failure({ ...slot, ephemeralKey, wrappedVaultKey })).toBe('corrupt')
    expect(await failure({ ...slot, publicKey, wrappedPrivateKey })).toBe('corrupt')
    expect(await failure({ ...slot, wrapSalt, commitment })).toBe('wrong-password')
  })

  test('public keys that are no points are refused', async () => {
    const zeros = new Uint8Array(65)
    for (const point of [zeros, zeros.with(0, 4), Uint8Array.of(0), slot.publicKey.with(64, 0), slot.publicKey.slice(0, 33).with(0, 2)]) {
      expect(await failure({ ...slot, ephemeralKey: point })).toBe('corrupt')
    }
  })
})

describe('limits', () => {
  test.each([99, 2001, 0, -1, 150.5, Number.NaN, 4_294_967_295])('%d iterations: refused before deriving', async (iterations) => {
    const deriveBits = vi.spyOn(crypto.subtle, 'deriveBits')
    const changed = { ...slot, kdf: { ...slot.kdf, iterations } }
    await expect(openPasswordSlot(changed, password, vaultId, policy)).rejects.toThrow(
      vaultError('tampered', { where: 'slot', reason: 'kdf-limits' }) as Error,
    )
    expect(deriveBits).not.toHaveBeenCalled()
  })

  test('of writing are a mistake of the program', async () => {
    for (const iterations of [99, 1001, 150.5, Number.NaN]) {
      await expect(createPasswordSlot(password, vaultKey, vaultId, iterations, policy)).rejects.toThrow(/./)
    }
    for (const length of [0, 16, 33]) {
      await expect(createPasswordSlot(password, new Uint8Array(length), vaultId, 200, policy)).rejects.toThrow(RangeError)
    }
  })
})

describe('wrapping to a public key', () => {
  test('needs public key and binding key alone, and each wrap is new', async () => {
    const { publicKey, privateKey } = await createWrapPair()
    const target = { vaultId, slotId: slot.id, publicKey, bindingKey }
    const [one, other] = [await wrapVaultKey(vaultKey, target), await wrapVaultKey(vaultKey, target)]
    expect(one.ephemeralKey).not.toEqual(other.ephemeralKey)
    expect(await unwrapVaultKey(one, target, privateKey)).toEqual(vaultKey)
    expect(await unwrapVaultKey(other, target, privateKey)).toEqual(vaultKey)
    expect(await codeOf(() => unwrapVaultKey(one, { ...target, slotId: flipped(slot.id, 0) }, privateKey))).toBe('corrupt')
    expect(await codeOf(() => unwrapVaultKey(one, target, new Uint8Array(138)))).toBeDefined()
    for (let i = 0; i < 32; i++) {
      expect(await codeOf(() => unwrapVaultKey(one, { ...target, bindingKey: flipped(bindingKey, i) }, privateKey))).toBe('corrupt')
    }
  })

  test('takes no binding key of another length', async () => {
    const target = { vaultId, slotId: slot.id, publicKey: slot.publicKey }
    for (const length of [0, 31, 33]) {
      await expect(wrapVaultKey(vaultKey, { ...target, bindingKey: new Uint8Array(length) })).rejects.toThrow(RangeError)
    }
  })

  test('is how the vault key is renewed without the password', async () => {
    const newVaultKey = counting(32, 7)
    const renewed = { ...slot, ...(await wrapVaultKey(newVaultKey, { vaultId, slotId: slot.id, publicKey: slot.publicKey, bindingKey })) }
    expect(await openPasswordSlot(renewed, password, vaultId, policy)).toEqual(newVaultKey)
  })

  test('is of no use to who knows only what lies in clear', async () => {
    // Everything else an attacker needs is in the header: with the right password their vault key must not come out.
    const attackersKey = counting(32, 7)
    const target = { vaultId, slotId: slot.id, publicKey: slot.publicKey }
    for (const guess of [new Uint8Array(32), counting(32), slot.wrapSalt, slot.commitment, flipped(bindingKey, 31)]) {
      const forged = { ...slot, ...(await wrapVaultKey(attackersKey, { ...target, bindingKey: guess })) }
      expect(await failure(forged)).toBe('corrupt')
    }
    // The binding key of another slot is no help either, even of the same vault.
    const other = await createPasswordSlot(password, vaultKey, vaultId, 200, policy)
    expect(await failure({ ...slot, ...(await wrapVaultKey(attackersKey, { ...target, bindingKey: other.bindingKey })) })).toBe('corrupt')
  })

  test('zeroes what it derived, opened and exported', async () => {
    const seen: Uint8Array[] = []
    for (const name of ['deriveBits', 'decrypt', 'exportKey'] as const) {
      const original = crypto.subtle[name].bind(crypto.subtle) as (...args: unknown[]) => Promise<ArrayBuffer>
      vi.spyOn(crypto.subtle, name).mockImplementation((async (...args: unknown[]) => {
        const bytes = await original(...args)
        seen.push(new Uint8Array(bytes))
        return bytes
      }) as never)
    }
    const left = () => seen.filter((bytes) => bytes.some((byte) => byte !== 0)).map(toBase64Url)
    const { slot: made } = await createPasswordSlot(password, vaultKey, vaultId, 200, policy)
    // Two derivations for the slot, two for the wrap, the private key; the two public keys may stay.
    expect(seen).toHaveLength(7)
    expect(left()).toEqual([made.publicKey, made.ephemeralKey].map(toBase64Url))
    seen.length = 0
    await openPasswordSlot(made, password, vaultId, policy)
    expect(seen).toHaveLength(6)
    expect(left()).toEqual([toBase64Url(vaultKey)])
  })

  test('zeroes what it gave to the engine', async () => {
    const seen: Bytes[] = []
    for (const [name, at] of [['importKey', 1], ['encrypt', 2]] as const) {
      const original = crypto.subtle[name].bind(crypto.subtle) as (...args: unknown[]) => Promise<unknown>
      vi.spyOn(crypto.subtle, name).mockImplementation((async (...args: unknown[]) => {
        seen.push(args[at] as Bytes)
        return original(...args)
      }) as never)
    }
    const left = () => new Set(seen.filter((bytes) => bytes.some((byte) => byte !== 0)).map(toBase64Url))
    // The caller's own bytes, and public keys.
    const { slot: made } = await createPasswordSlot(password, vaultKey, vaultId, 200, policy)
    expect(left()).toEqual(new Set([password, made.publicKey, vaultKey].map(toBase64Url)))
    seen.length = 0
    await openPasswordSlot(made, password, vaultId, policy)
    expect(left()).toEqual(new Set([password, made.ephemeralKey].map(toBase64Url)))
  })
})
