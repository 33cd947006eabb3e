import { describe, expect, test } from 'vitest'
import type { Bytes, Epoch, HomeId, SealedBytes, VaultId } from '../../src/brand.ts'
import { importAeadKey, openBytes, sealBytes } from '../../src/crypto/aead.ts'
import { u64 } from '../../src/crypto/bytes.ts'
import { ENVELOPE_OVERHEAD, envelopeEpoch, openEnvelope, type RowContext, sealEnvelope } from '../../src/crypto/envelope.ts'
import { codeOf, vaultError } from './errors.ts'
import { counting, flipped, toHex } from './hex.ts'

const epoch = 7 as Epoch
const key = await importAeadKey(counting(32))
const context: RowContext = {
  homeId: counting<HomeId>(16, 1),
  vaultId: counting<VaultId>(16, 2),
  storeId: 3,
  rowKey: u64(12),
  previous: counting(16, 3),
}
const { previous: _, ...unchained } = context
const frame = counting(50)
const envelope = await sealEnvelope(key, epoch, context, frame)

const failure = (opened: Bytes, under: RowContext = context, by: CryptoKey = key) => codeOf(() => openEnvelope(by, under, opened))

describe('an envelope', () => {
  test('opens to its frame, whatever the size', async () => {
    for (const length of [0, 1, 1024, 70_000]) {
      const sealed = await sealEnvelope(key, epoch, unchained, new Uint8Array(length).fill(9))
      expect(sealed).toHaveLength(length + ENVELOPE_OVERHEAD)
      expect(await openEnvelope(key, unchained, sealed)).toEqual(new Uint8Array(length).fill(9))
    }
  })

  test('is 35 bytes longer and begins with version, suite, flags and epoch', async () => {
    expect(ENVELOPE_OVERHEAD).toBe(35)
    expect(toHex(envelope.subarray(0, 7))).toBe('01010000000007')
    expect(envelopeEpoch(envelope)).toBe(7)
    expect(envelopeEpoch(await sealEnvelope(key, (2 ** 32 - 1) as Epoch, context, frame))).toBe(2 ** 32 - 1)
  })

  test('opens when it is a view into a larger buffer, and leaves the frame alone', async () => {
    const larger = new Uint8Array(envelope.length + 10)
    larger.set(envelope, 4)
    expect(await openEnvelope(key, context, larger.subarray(4, 4 + envelope.length))).toEqual(frame)
    expect(frame).toEqual(counting(50))
  })

  test('never looks the same twice', async () => {
    const nonces = new Set<string>()
    for (let i = 0; i < 100; i++) nonces.add(toHex((await sealEnvelope(key, epoch, context, frame)).subarray(7, 19)))
    expect(nonces.size).toBe(100)
  })

  test('with any bit of it changed does not open', async () => {
    for (let i = 0; i < envelope.length; i++) {
      // Bits of version and suite may claim a newer release; nothing else is anything but damage.
      const expected = i < 2 ? /^corrupt$|^unsupported-version$/ : /^corrupt$/
      for (let bit = 0; bit < 8; bit++) {
        const changed = envelope.slice()
        changed[i] = (changed[i] as number) ^ (1 << bit)
        expect(await failure(changed), `byte ${i}, bit ${bit}`).toMatch(expected)
      }
    }
  })

  test('cut short or extended does not open', async () => {
    for (let length = 0; length < envelope.length; length++) expect(await failure(envelope.slice(0, length))).toBe('corrupt')
    expect(await failure(Uint8Array.of(...envelope, 0))).toBe('corrupt')
    expect(await failure(new Uint8Array(0))).toBe('corrupt')
  })

  test('opens in its own context and no other', async () => {
    const others: Record<string, RowContext> = {
      home: { ...context, homeId: flipped(context.homeId, 0) },
      vault: { ...context, vaultId: flipped(context.vaultId, 15) },
      store: { ...context, storeId: 4 },
      key: { ...context, rowKey: u64(13) },
      'shorter key': { ...context, rowKey: u64(12).subarray(1) },
      previous: { ...context, previous: flipped(counting(16, 3), 5) },
      'no previous': unchained,
      'fields run together': { ...context, rowKey: Uint8Array.of(...u64(12), 3), previous: counting(15, 4) },
      'swapped ids': { ...context, homeId: context.vaultId as Bytes as HomeId, vaultId: context.homeId as Bytes as VaultId },
    }
    for (const [name, other] of Object.entries(others)) expect(await failure(envelope, other), name).toBe('corrupt')
    expect(await failure(envelope, context, await importAeadKey(counting(32, 1)))).toBe('corrupt')
    expect(await openEnvelope(key, { ...context }, envelope)).toEqual(frame)
  })

  test('without a row before it equals one with an empty tag before it', async () => {
    const first = await sealEnvelope(key, epoch, unchained, frame)
    expect(await openEnvelope(key, { ...unchained, previous: new Uint8Array(0) }, first)).toEqual(frame)
  })

  test('tells a newer release from damage', () => {
    const withByte = (at: number, value: number) => envelope.with(at, value) as SealedBytes
    for (const at of [0, 1]) {
      expect(() => envelopeEpoch(withByte(at, 2))).toThrow(vaultError('unsupported-version') as Error)
      expect(() => envelopeEpoch(withByte(at, 0))).toThrow(vaultError('corrupt') as Error)
    }
    expect(() => envelopeEpoch(withByte(2, 1))).toThrow(vaultError('corrupt') as Error)
    expect(() => envelopeEpoch(envelope.slice(0, 34))).toThrow(vaultError('corrupt') as Error)
  })

  test('takes no epoch or store that does not fit its field', async () => {
    for (const bad of [-1, 0.5, 2 ** 32]) {
      await expect(sealEnvelope(key, bad as Epoch, context, frame)).rejects.toThrow(RangeError)
      await expect(sealEnvelope(key, epoch, { ...context, storeId: bad }, frame)).rejects.toThrow(RangeError)
    }
  })
})

describe('the cipher', () => {
  test('keys are not extractable and have 32 bytes', async () => {
    expect(key.extractable).toBe(false)
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
    for (const length of [0, 16, 24, 31, 33]) await expect(importAeadKey(new Uint8Array(length))).rejects.toThrow(RangeError)
  })

  test('what is shorter than a tag is damage', async () => {
    for (let length = 0; length < 16; length++) {
      expect(await codeOf(() => openBytes(key, new Uint8Array(12), new Uint8Array(length), frame)), `${length} bytes`).toBe('corrupt')
    }
  })

  test('nonces have 12 bytes', async () => {
    for (const length of [0, 11, 13, 16]) {
      await expect(sealBytes(key, new Uint8Array(length), frame, frame)).rejects.toThrow(RangeError)
      await expect(openBytes(key, new Uint8Array(length), envelope, frame)).rejects.toThrow(RangeError)
    }
  })

  test('a wrong call is not reported as damage', async () => {
    const hkdfKey = await crypto.subtle.importKey('raw', counting(32), 'HKDF', false, ['deriveBits'])
    const error = await codeOf(() => openBytes(hkdfKey, new Uint8Array(12), envelope, frame))
    expect(error).toBeInstanceOf(Error)
  })
})
