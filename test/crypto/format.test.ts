// docs/format.md read a second time, with node:crypto and nothing of src/crypto between input and answer: what one side
// writes the other must read, byte for byte. Runs in Node only.

import { createCipheriv, createDecipheriv, createHmac, createPrivateKey, createPublicKey, diffieHellman, hkdfSync, pbkdf2Sync } from 'node:crypto'
import { argon2id as nobleArgon2id } from '@noble/hashes/argon2.js'
import { describe, expect, test } from 'vitest'
import type { Bytes, Epoch, HomeId, SealedBytes, Seq, Tag, VaultId } from '../../src/brand.ts'
import { importAeadKey } from '../../src/crypto/aead.ts'
import { openEnvelope, sealEnvelope } from '../../src/crypto/envelope.ts'
import { encodePassword, type KdfPolicy } from '../../src/crypto/kdf.ts'
import { createPasswordSlot, openPasswordSlot } from '../../src/crypto/key-slots.ts'
import { type KeyRingContent } from '../../src/crypto/key-ring-content.ts'
import { deriveVaultKeys, headerMac, loadKeyRing } from '../../src/crypto/keyring.ts'
import { counting, toHex } from './hex.ts'

const vaultId = counting<VaultId>(16, 1)
const homeId = counting<HomeId>(16, 2)
const policy: KdfPolicy = { minimumIterations: 100, maximumWritten: 1000, maximumRead: 2000, targetMs: 1 }

function integer(n: number, bytes: number): Buffer {
  return Buffer.from(n.toString(16).padStart(2 * bytes, '0'), 'hex')
}

const u32 = (n: number) => integer(n, 4)
const u64 = (n: number) => integer(n, 8)

/** `LP(x) | LP(y) | ...` */
function lp(...parts: (Uint8Array | string)[]): Buffer {
  const buffers = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : Buffer.from(part)))
  return Buffer.concat(buffers.flatMap((buffer) => [u32(buffer.length), buffer]))
}

const hmac = (key: Uint8Array, ...data: Uint8Array[]) => createHmac('sha256', key).update(Buffer.concat(data)).digest()
const hkdf = (key: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number) =>
  Buffer.from(hkdfSync('sha256', key, salt, info, length))

function gcmOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer {
  const cipher = createDecipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  cipher.setAuthTag(sealed.subarray(-16))
  return Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()])
}

function gcmSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

describe('section 2', () => {
  const key = counting(32, 9)
  const rowKey = u64(77)
  const previous = counting(16, 3)
  const aadFor = (head: Uint8Array) => lp('sealed-vault/1/row', homeId, vaultId, Uint8Array.of(3), rowKey, previous, head)
  const context = { homeId, vaultId, storeId: 3, rowKey: new Uint8Array(rowKey), previous }

  test('an envelope of ours opens', async () => {
    const envelope = await sealEnvelope(await importAeadKey(key), 513 as Epoch, context, counting(100))
    const head = envelope.subarray(0, 7)
    expect(toHex(head)).toBe('01010000000201')
    expect(toHex(gcmOpen(key, envelope.subarray(7, 19), envelope.subarray(19), aadFor(head)))).toBe(toHex(counting(100)))
  })

  test('an envelope of theirs opens', async () => {
    const head = Uint8Array.of(1, 1, 0, 0, 0, 2, 1)
    const nonce = counting(12, 50)
    const envelope = Uint8Array.from(Buffer.concat([head, nonce, gcmSeal(key, nonce, counting(100), aadFor(head))]))
    expect(toHex(await openEnvelope(await importAeadKey(key), context, envelope as Bytes as SealedBytes))).toBe(toHex(counting(100)))
  })
})

describe('section 3', () => {
  const vaultKey = counting(32, 100)

  test('a slot opens from the password to the vault key', async () => {
    const { slot, bindingKey } = await createPasswordSlot(encodePassword('cafe\u0301 🚂'), vaultKey, vaultId, 150, policy)
    const password = Buffer.from('caf\u00e9 🚂', 'utf8')
    const salt = Buffer.concat([Buffer.from('sealed-vault/1/password'), vaultId, slot.kdf.salt])
    const secret = pbkdf2Sync(password, salt, 150, 32, 'sha256')
    const info = lp('sealed-vault/1/slot', vaultId, slot.id, 'password', 'PBKDF2-HMAC-SHA-256', u32(150), slot.kdf.salt)
    const both = hkdf(secret, slot.wrapSalt, info, 64)
    expect(toHex(both.subarray(0, 32))).toBe(toHex(slot.commitment))

    const zeros = Buffer.alloc(12)
    const privateKeyAad = lp('sealed-vault/1/slot-private-key', vaultId, slot.id, slot.publicKey)
    const secrets = gcmOpen(both.subarray(32), zeros, slot.wrappedPrivateKey, privateKeyAad)
    expect(toHex(secrets.subarray(0, 32))).toBe(toHex(bindingKey))
    const privateKey = createPrivateKey({ key: secrets.subarray(32), format: 'der', type: 'pkcs8' })
    const point = (x: Uint8Array) => ({
      key: { kty: 'EC', crv: 'P-256', x: Buffer.from(x.subarray(1, 33)).toString('base64url'), y: Buffer.from(x.subarray(33)).toString('base64url') },
      format: 'jwk' as const,
    })
    expect(createPublicKey(privateKey).export({ format: 'jwk' })).toEqual(point(slot.publicKey).key)

    const shared = diffieHellman({ privateKey, publicKey: createPublicKey(point(slot.ephemeralKey)) })
    const vaultInfo = lp('sealed-vault/1/vault-key', vaultId, slot.id, slot.ephemeralKey, slot.publicKey)
    const wrappingKey = hkdf(Buffer.concat([shared, bindingKey]), slot.ephemeralKey, vaultInfo, 32)
    expect(toHex(gcmOpen(wrappingKey, zeros, slot.wrappedVaultKey, vaultInfo))).toBe(toHex(vaultKey))
    expect(toHex(await openPasswordSlot(slot, encodePassword('caf\u00e9 🚂'), vaultId, policy))).toBe(toHex(vaultKey))
  })

  test('a slot with Argon2id has a secret of its own, and its cost in the info', async () => {
    const cost = { memoryKiB: 64, passes: 3, lanes: 2 }
    const argon2id = { memoryKiB: 64, minimumMemoryKiB: 64, maximumMemoryKiB: 64, minimumPasses: 3, maximumWritten: 192, maximumRead: 192 }
    const { slot } = await createPasswordSlot(encodePassword('cafe\u0301 🚂'), vaultKey, vaultId, cost, { ...policy, argon2id })
    const salt = Buffer.concat([Buffer.from('sealed-vault/1/password'), vaultId, slot.kdf.salt])
    const secret = nobleArgon2id(Buffer.from('caf\u00e9 🚂', 'utf8'), salt, { m: 64, t: 3, p: 2, dkLen: 32 })
    const info = lp('sealed-vault/1/slot', vaultId, slot.id, 'password', 'Argon2id', Buffer.concat([u32(64), u32(3), u32(2)]), slot.kdf.salt)
    expect(toHex(hkdf(secret, slot.wrapSalt, info, 64).subarray(0, 32))).toBe(toHex(slot.commitment))
  })

  test('header MAC key and key-ring key come from the vault key', async () => {
    const keys = await deriveVaultKeys(vaultKey, vaultId)
    const macKey = hkdf(vaultKey, vaultId, lp('sealed-vault/1/header-mac'), 32)
    expect(toHex(await headerMac(keys, counting(90)))).toBe(toHex(hmac(macKey, counting(90))))

    const ringKey = hkdf(vaultKey, vaultId, lp('sealed-vault/1/key-ring'), 32)
    const context = { homeId, vaultId, storeId: 1, rowKey: new Uint8Array(u32(5)) }
    const envelope = await sealEnvelope(keys.keyRingKey, 0 as Epoch, context, counting(40))
    const aad = lp('sealed-vault/1/row', homeId, vaultId, Uint8Array.of(1), u32(5), '', envelope.subarray(0, 7))
    expect(toHex(gcmOpen(ringKey, envelope.subarray(7, 19), envelope.subarray(19), aad))).toBe(toHex(counting(40)))
  })
})

describe('sections 4, 7 and 10', async () => {
  const dataKey = counting(32, 11)
  const content: KeyRingContent = {
    epochs: [{ id: 1 as Epoch, key: dataKey, state: 'active' }],
    slots: [],
    canaryKey: counting(32, 22),
    tombstoneKey: counting(32, 33),
    minimumIterations: 1,
  }
  const ring = await loadKeyRing(content, vaultId, ['pages'])
  const label = ring.active.label('pages', 'app:notes', 2 ** 40 + 1)
  const tag = counting<Tag>(16, 5)

  test('store key', async () => {
    const storeKey = hkdf(dataKey, vaultId, lp('sealed-vault/1/store', 'pages'), 32)
    const context = { homeId, vaultId, storeId: 5, rowKey: label }
    const envelope = await sealEnvelope(ring.active.sealKey('pages'), ring.active.id, context, counting(10))
    const aad = lp('sealed-vault/1/row', homeId, vaultId, Uint8Array.of(5), label, '', envelope.subarray(0, 7))
    expect(toHex(gcmOpen(storeKey, envelope.subarray(7, 19), envelope.subarray(19), aad))).toBe(toHex(counting(10)))
  })

  test('label and element', () => {
    const labelKey = hkdf(dataKey, vaultId, lp('sealed-vault/1/label'), 32)
    expect(toHex(label)).toBe(toHex(hmac(labelKey, lp('pages', 'app:notes', u64(2 ** 40 + 1))).subarray(0, 16)))
    const multisetKey = hkdf(dataKey, vaultId, lp('sealed-vault/1/multiset'), 32)
    expect(toHex(ring.active.element('pages', label, tag))).toBe(toHex(hmac(multisetKey, lp('pages', label, tag))))
  })

  test('tombstone hash', () => {
    const hash = (...fields: string[]) => toHex(hmac(content.tombstoneKey, lp(...fields)).subarray(0, 16))
    expect(toHex(ring.tombstoneHash('sessions', undefined, 'a"b'))).toBe(hash('sessions', '', '"a\\"b"'))
    expect(toHex(ring.tombstoneHash('messages', '', '\ud800'))).toBe(hash('messages', '""', '"\\ud800"'))
    expect(toHex(ring.tombstoneHash('messages', 'żółw', '\n\u0001\u2028/'))).toBe(hash('messages', '"żółw"', '"\\n\\u0001\u2028/"'))
  })

  test('MAC of a canary', () => {
    const mac = hmac(content.canaryKey, lp('sealed-vault/1/canary', vaultId, u64(2 ** 33), tag))
    expect(toHex(ring.canaryMac(vaultId, (2 ** 33) as Seq, tag))).toBe(toHex(mac))
  })
})
