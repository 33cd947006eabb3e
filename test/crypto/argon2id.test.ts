import { argon2id as nobleArgon2id } from '@noble/hashes/argon2.js'
import { describe, expect, test } from 'vitest'
import type { VaultId } from '../../src/brand.ts'
import { argon2id, calibrateArgon2id, DEFAULT_ARGON2ID_LIMITS, isWithinArgon2id } from '../../src/crypto/argon2id.ts'
import { utf8 } from '../../src/crypto/bytes.ts'
import { costOfPassword, dearerCost, DEFAULT_KDF_POLICY, encodePassword, type KdfPolicy } from '../../src/crypto/kdf.ts'
import { createPasswordSlot, openPasswordSlot, type PasswordSlot } from '../../src/crypto/key-slots.ts'
import vectors from '../vectors/argon2id.json'
import { codeOf } from './errors.ts'
import { counting, toHex } from './hex.ts'

const limits = { memoryKiB: 64, minimumMemoryKiB: 32, maximumMemoryKiB: 256, minimumPasses: 2, maximumWritten: 640, maximumRead: 1280 }
const policy: KdfPolicy = { minimumIterations: 100, maximumWritten: 1000, maximumRead: 2000, targetMs: 1, argon2id: limits }
const vaultId = counting<VaultId>(16)
const vaultKey = counting(32, 100)
const password = encodePassword('the night train')

describe('Argon2id', () => {
  test.each(vectors.published)('gives what its reference implementation publishes: $memoryKiB KiB, $passes passes, $lanes lanes', async ({ password: text, salt, hash, ...cost }) => {
    expect(toHex(await argon2id(utf8(text), utf8(salt), cost, hash.length / 2))).toBe(hash)
  })

  test('gives what another implementation gives, which gives what RFC 9106 says', async () => {
    const { memoryKiB: m, passes: t, lanes: p, hash } = vectors.rfc9106
    const of = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte)
    expect(toHex(nobleArgon2id(of(32, 1), of(16, 2), { m, t, p, key: of(8, 3), personalization: of(12, 4), dkLen: 32 }))).toBe(hash)
    for (const [memoryKiB, passes, lanes, length] of [[8, 1, 1, 32], [64, 3, 1, 32], [96, 2, 3, 32], [256, 2, 4, 64], [73, 5, 2, 33]] as const) {
      const salt = counting(72, length)
      const expected = nobleArgon2id(password, salt, { m: memoryKiB, t: passes, p: lanes, dkLen: length })
      expect(await argon2id(password, salt, { memoryKiB, passes, lanes }, length)).toEqual(expected)
    }
  })

  test('says so where it cannot be computed', async () => {
    // More than WebAssembly can address.
    expect(await codeOf(() => argon2id(password, counting(32), { memoryKiB: 5 * 2 ** 20, passes: 1, lanes: 1 }, 32))).toBe('crypto-unavailable')
  })
})

describe('what a guess costs', () => {
  test('lies within OWASP’s floor and what hangs nobody', () => {
    const fits = (memoryKiB: number, passes: number, lanes = 1): boolean => isWithinArgon2id({ memoryKiB, passes, lanes }, DEFAULT_ARGON2ID_LIMITS)
    expect([fits(19_456, 2), fits(65_536, 3), fits(65_536, 3, 4), fits(65_536, 32), fits(262_144, 8)]).toEqual([true, true, true, true, true])
    expect([fits(19_455, 2), fits(19_456, 1), fits(65_536, 33), fits(262_145, 2), fits(65_536, 3, 5), fits(65_536, 3, 0), fits(65_536.5, 3), fits(Number.NaN, 3)]).toEqual(Array(8).fill(false))
  })

  test('is three passes at least and as many as take the time there is', async () => {
    const clock = (passMs: number) => {
      let calls = 0
      return () => (calls++ % 2) * passMs * limits.minimumPasses
    }
    expect(await calibrateArgon2id(limits, 500, clock(1000))).toEqual({ memoryKiB: 64, passes: 3, lanes: 1 })
    expect(await calibrateArgon2id(limits, 500, clock(100))).toEqual({ memoryKiB: 64, passes: 5, lanes: 1 })
    expect(await calibrateArgon2id(limits, 500, clock(1))).toEqual({ memoryKiB: 64, passes: 10, lanes: 1 })
    expect(await calibrateArgon2id(limits, 500, () => 7)).toEqual({ memoryKiB: 64, passes: 10, lanes: 1 })
  })

  test('of one more password is never less than of those there are', async () => {
    const salt = counting(32)
    const pbkdf2 = { name: 'PBKDF2-HMAC-SHA-256', iterations: 700, salt } as const
    const argon = { name: 'Argon2id', memoryKiB: 128, passes: 4, lanes: 2, salt } as const
    expect(await costOfPassword([pbkdf2], 'pbkdf2', policy)).toBe(700)
    expect(await costOfPassword([pbkdf2, argon], 'pbkdf2', policy)).toEqual({ memoryKiB: 128, passes: 4, lanes: 1 })
    // Neither less memory nor fewer passes than any of them, as far as may be written.
    expect(await costOfPassword([argon, { ...argon, memoryKiB: 32, passes: 5 }], 'pbkdf2', policy)).toEqual({ memoryKiB: 128, passes: 5, lanes: 1 })
    expect(await costOfPassword([argon, { ...argon, memoryKiB: 32, passes: 20 }], 'pbkdf2', policy)).toEqual({ memoryKiB: 128, passes: 5, lanes: 1 })
    expect(await costOfPassword([pbkdf2], 'argon2id', policy)).toMatchObject({ memoryKiB: 64 })
  })

  test('rises where a derivation was far too quick, and only there', async () => {
    const salt = counting(32)
    const after = (iterations: number, ms: number) => dearerCost({ kdf: { name: 'PBKDF2-HMAC-SHA-256', iterations, salt }, ms }, [], 'pbkdf2', DEFAULT_KDF_POLICY)
    expect([await after(600_000, 126), await after(600_000, 5000), await after(5_000_000, 1)]).toEqual([undefined, undefined, undefined])
    expect([await after(600_000, 120), await after(600_000, 1)]).toEqual([2_500_000, 5_000_000])
    const argon = (passes: number, ms: number) => dearerCost({ kdf: { name: 'Argon2id', memoryKiB: 65_536, passes, lanes: 1, salt }, ms }, [], 'pbkdf2', DEFAULT_KDF_POLICY)
    expect([await argon(3, 126), await argon(16, 1)]).toEqual([undefined, undefined])
    expect(await argon(3, 100)).toEqual({ memoryKiB: 65_536, passes: 15, lanes: 1 })
    // From the floor: more memory first.
    expect(await dearerCost({ kdf: { name: 'Argon2id', memoryKiB: 19_456, passes: 2, lanes: 1, salt }, ms: 50 }, [], 'pbkdf2', DEFAULT_KDF_POLICY)).toEqual({ memoryKiB: 65_536, passes: 5, lanes: 1 })
    const other = { name: 'Argon2id', memoryKiB: 256, passes: 2, lanes: 1, salt } as const
    expect(await dearerCost({ kdf: { name: 'PBKDF2-HMAC-SHA-256', iterations: 200, salt }, ms: 1 }, [other], 'argon2id', policy)).toEqual({ memoryKiB: 256, passes: 2, lanes: 1 })
  })
})

describe('a password slot with Argon2id', () => {
  test('gives the vault key back, to this password in this vault', async () => {
    const { slot } = await createPasswordSlot(password, vaultKey, vaultId, { memoryKiB: 64, passes: 3, lanes: 1 }, policy)
    expect(slot.kdf).toMatchObject({ name: 'Argon2id', memoryKiB: 64, passes: 3, lanes: 1 })
    expect(await openPasswordSlot(slot, password, vaultId, policy)).toEqual(vaultKey)
    expect(await codeOf(() => openPasswordSlot(slot, encodePassword('another'), vaultId, policy))).toBe('wrong-password')
    expect(await codeOf(() => openPasswordSlot(slot, password, counting<VaultId>(16, 9), policy))).toBe('wrong-password')
    for (const change of [{ memoryKiB: 65 }, { passes: 4 }, { lanes: 2 }]) {
      expect(await codeOf(() => openPasswordSlot({ ...slot, kdf: { ...slot.kdf, ...change } } as PasswordSlot, password, vaultId, policy))).toBe('wrong-password')
    }
  })

  test('is not written outside of its limits', async () => {
    for (const cost of [{ memoryKiB: 31, passes: 2, lanes: 1 }, { memoryKiB: 64, passes: 11, lanes: 1 }, { memoryKiB: 64, passes: 21, lanes: 1 }, { memoryKiB: 64, passes: 1, lanes: 1 }]) {
      await expect(createPasswordSlot(password, vaultKey, vaultId, cost, policy)).rejects.toThrow(RangeError)
    }
  })
})
