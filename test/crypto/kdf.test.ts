import { afterEach, describe, expect, test, vi } from 'vitest'
import type { VaultId } from '../../src/brand.ts'
import { hkdf, hkdfFromKey } from '../../src/crypto/hkdf.ts'
import {
  calibrateIterations,
  checkKdf,
  DEFAULT_KDF_POLICY,
  derivePasswordSecret,
  encodePassword,
  type KdfPolicy,
  type PasswordKdf,
  pbkdf2,
} from '../../src/crypto/kdf.ts'
import { concat, utf8 } from '../../src/crypto/bytes.ts'
import { vaultError } from './errors.ts'
import { counting } from './hex.ts'

const vaultId = counting<VaultId>(16)
const fastPolicy: KdfPolicy = { minimumIterations: 1000, maximumWritten: 2000, maximumRead: 4000, targetMs: 1 }
const kdf: PasswordKdf = { name: 'PBKDF2-HMAC-SHA-256', iterations: 1000, salt: counting(32) }

afterEach(() => {
  vi.restoreAllMocks()
})

describe('the bytes of a password', () => {
  const refusal = (reason: string) => vaultError('invalid-value', { fields: ['password'], reason }) as Error

  test('are the UTF-8 of its NFKC', () => {
    expect([...encodePassword('\u0041\u030a')]).toEqual([...utf8('\u00e5'.toUpperCase())])
    for (const same of ['\u212b', '\u00c5', 'A\u030a']) expect([...encodePassword(same)]).toEqual([...encodePassword('\u00c5')])
    expect([...encodePassword('\ufb01\u2460\uff21')]).toEqual([...utf8('fi1A')])
  })

  test('keep white space and case', () => {
    for (const [one, other] of [
      [' night', 'night'],
      ['night ', 'night'],
      ['night\n', 'night'],
      ['Night', 'night'],
    ] as const) {
      expect([...encodePassword(one)]).not.toEqual([...encodePassword(other)])
    }
    expect([...encodePassword(' ')]).toEqual([0x20])
  })

  test('no password is empty', () => {
    expect(() => encodePassword('')).toThrow(refusal('empty'))
  })

  test('1,024 code points are allowed, 1,025 are not, counted after NFKC', () => {
    expect(encodePassword('🚂'.repeat(1024))).toHaveLength(4096)
    expect(() => encodePassword('🚂'.repeat(1025))).toThrow(refusal('too-long'))
    expect(encodePassword('x'.repeat(1024))).toHaveLength(1024)
    expect(() => encodePassword('x'.repeat(1025))).toThrow(refusal('too-long'))
    // 2,048 before, 1,024 after.
    expect(encodePassword('e\u0301'.repeat(1024))).toHaveLength(2048)
    expect(() => encodePassword('e\u0301'.repeat(1025))).toThrow(refusal('too-long'))
    // One before, 18 after.
    expect(() => encodePassword('\ufdfa'.repeat(57))).toThrow(refusal('too-long'))
    // The most that composes into one: 4 before.
    expect(encodePassword('\u03b1\u0313\u0300\u0345'.repeat(1024))).toHaveLength(3072)
  })

  test('a huge text is refused without being normalised', () => {
    const normalize = vi.spyOn(String.prototype, 'normalize')
    expect(() => encodePassword('e'.repeat(10_000_000))).toThrow(refusal('too-long'))
    expect(normalize).not.toHaveBeenCalled()
  })

  test('lone surrogates are refused', () => {
    for (const text of ['\ud800', 'pass\udc00word', '\udc00\ud800']) expect(() => encodePassword(text)).toThrow(refusal('ill-formed'))
  })

  test('what is no string is a mistake of the program', () => {
    for (const value of [undefined, null, 1, {}, ['x'], utf8('x')]) {
      expect(() => encodePassword(value as unknown as string)).toThrow(TypeError)
    }
  })

  test('an error does not quote the password', () => {
    for (const text of ['secret'.repeat(200), 'secret\ud800']) {
      expect(() => encodePassword(text)).toThrow(expect.not.objectContaining({ message: expect.stringContaining('secret') }) as Error)
    }
  })
})

describe('limits', () => {
  const refusal = vaultError('tampered', { where: 'slot', reason: 'kdf-limits' }) as Error

  test('of the default policy', () => {
    expect(DEFAULT_KDF_POLICY).toEqual({ minimumIterations: 600_000, maximumWritten: 5_000_000, maximumRead: 10_000_000, targetMs: 500 })
    for (const iterations of [600_000, 10_000_000]) expect(() => checkKdf({ ...kdf, iterations }, DEFAULT_KDF_POLICY)).not.toThrow()
  })

  test.each<[string, Partial<PasswordKdf> | { name: string }]>([
    ['too cheap', { iterations: 599_999 }],
    ['too dear', { iterations: 10_000_001 }],
    ['none', { iterations: 0 }],
    ['below zero', { iterations: -600_000 }],
    ['not whole', { iterations: 600_000.5 }],
    ['not a number', { iterations: Number.NaN }],
    ['without end', { iterations: Number.POSITIVE_INFINITY }],
    ['text', { iterations: '700000' as unknown as number }],
    ['a short salt', { salt: new Uint8Array(31) }],
    ['a long salt', { salt: new Uint8Array(33) }],
    ['no salt', { salt: new Uint8Array(0) }],
    ['another function', { name: 'PBKDF2-HMAC-SHA-1' }],
  ])('%s: refused before anything is derived', async (_, change) => {
    const deriveBits = vi.spyOn(crypto.subtle, 'deriveBits')
    const importKey = vi.spyOn(crypto.subtle, 'importKey')
    const changed = { ...kdf, iterations: 600_000, ...change } as PasswordKdf
    expect(() => checkKdf(changed, DEFAULT_KDF_POLICY)).toThrow(refusal)
    await expect(derivePasswordSecret(utf8('x'), changed, vaultId, DEFAULT_KDF_POLICY)).rejects.toThrow(refusal)
    expect(deriveBits).not.toHaveBeenCalled()
    expect(importKey).not.toHaveBeenCalled()
  })
})

describe('the secret of a password', () => {
  test('is PBKDF2 over prefix, vault and salt, as a key that only derives', async () => {
    const secret = await derivePasswordSecret(utf8('x'), kdf, vaultId, fastPolicy)
    expect([secret.extractable, secret.algorithm.name, secret.usages]).toEqual([false, 'HKDF', ['deriveBits']])
    const raw = await pbkdf2(utf8('x'), concat(utf8('sealed-vault/1/password'), vaultId, kdf.salt), 1000, 32)
    const derived = await hkdfFromKey(secret, counting(5), counting(7), 40)
    expect(derived).toEqual(await hkdf(raw, counting(5), counting(7), 40))
  })

  test('leaves no bytes behind', async () => {
    const given: Uint8Array[] = []
    const deriveBits = crypto.subtle.deriveBits.bind(crypto.subtle)
    vi.spyOn(crypto.subtle, 'deriveBits').mockImplementation(async (...args) => {
      const bits = await deriveBits(...args)
      given.push(new Uint8Array(bits))
      return bits
    })
    const password = utf8('x')
    await derivePasswordSecret(password, kdf, vaultId, fastPolicy)
    expect(given).toEqual([new Uint8Array(32)])
    expect(password).toEqual(utf8('x'))
  })
})

describe('calibration', () => {
  const policy: KdfPolicy = { minimumIterations: 100_000, maximumWritten: 400_000, maximumRead: 500_000, targetMs: 50 }

  /** A clock on which 1,000 iterations take `ms`, seen in ticks of `tickMs`. */
  function machine(ms: number, tickMs = 0) {
    let time = 5000
    const calls: number[] = []
    vi.spyOn(crypto.subtle, 'deriveBits').mockImplementation(async (algorithm) => {
      const { iterations } = algorithm as Pbkdf2Params
      calls.push(iterations)
      time += (iterations / 1000) * ms
      return new ArrayBuffer(32)
    })
    return { calls, now: () => (tickMs === 0 ? time : Math.floor(time / tickMs) * tickMs) }
  }

  test('aims at the target, in steps of 50,000, rounded up', async () => {
    const { calls, now } = machine(0.2)
    expect(await calibrateIterations(policy, now)).toBe(250_000)
    expect(calls).toEqual([100_000])
    expect(await calibrateIterations({ ...policy, targetMs: 51 }, now)).toBe(300_000)
  })

  test('never leaves the policy', async () => {
    expect(await calibrateIterations(policy, machine(100).now)).toBe(100_000)
    expect(await calibrateIterations(policy, machine(0.001).now)).toBe(400_000)
    expect(await calibrateIterations({ ...policy, minimumIterations: 170_000 }, machine(100).now)).toBe(170_000)
    expect(await calibrateIterations({ ...policy, maximumWritten: 220_000 }, machine(0.2).now)).toBe(220_000)
  })

  test('works longer where the clock is coarse, but not for ever', async () => {
    const wide = { ...policy, maximumWritten: 5_000_000, targetMs: 500 }
    const coarse = machine(0.2, 100)
    const chosen = await calibrateIterations(wide, coarse.now)
    expect(coarse.calls.length).toBeGreaterThan(1)
    expect(chosen).toBeGreaterThanOrEqual(1_000_000)
    const stopped = machine(0.2)
    expect(await calibrateIterations(wide, () => 7)).toBe(5_000_000)
    expect(Math.max(...stopped.calls)).toBe(5_000_000)
    expect(stopped.calls.length).toBeLessThan(10)
  })

  test('does nothing where there is no choice', async () => {
    const { calls, now } = machine(0.2)
    expect(await calibrateIterations({ ...policy, minimumIterations: 1000, maximumWritten: 1000 }, now)).toBe(1000)
    expect(calls).toEqual([])
  })

  test('works with the real clock', async () => {
    const chosen = await calibrateIterations({ ...policy, targetMs: 10 }, () => performance.now())
    expect(chosen % 50_000).toBe(0)
    expect(chosen).toBeGreaterThanOrEqual(100_000)
    expect(chosen).toBeLessThanOrEqual(400_000)
  })
})
