import * as fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { decodeByTable, encodeByTable } from '../../src/crypto/base64-table.ts'
import {
  concat,
  equalBytes,
  fromBase64Url,
  fromUtf8,
  isWellFormed,
  lengthPrefixed,
  randomBytes,
  readU16,
  readU32,
  readU64,
  tagOf,
  toBase64Url,
  u16,
  u32,
  u64,
  u8,
  utf8,
  wipe,
} from '../../src/crypto/bytes.ts'
import { subtle } from '../../src/crypto/subtle.ts'
import { vaultError } from './errors.ts'
import { counting, toHex } from './hex.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('text', () => {
  test('well-formed text comes back, a byte order mark included', () => {
    const around = ['x'.repeat(64), '車'.repeat(64), 'x'.repeat(65), '車'.repeat(65)]
    for (const text of ['', 'the night train', '\u{feff}marked', 'zażółć 夜汽車 🚂', ...around]) {
      expect(fromUtf8(utf8(text))).toBe(text)
      expect([...utf8(text)]).toEqual([...new TextEncoder().encode(text)])
    }
  })

  test('each text gets bytes of its own', () => {
    const first = utf8('first')
    utf8('other')
    expect(fromUtf8(first)).toBe('first')
  })

  test('short text, which may be a password, is left in no buffer but its own', () => {
    const encodeInto = vi.spyOn(TextEncoder.prototype, 'encodeInto')
    const bytes = utf8('secret')
    for (const [, buffer] of encodeInto.mock.calls) {
      expect(buffer).not.toBe(bytes)
      expect(buffer.every((byte) => byte === 0)).toBe(true)
    }
    encodeInto.mockRestore()
  })

  test('lone surrogates are refused, not replaced', () => {
    for (const text of ['\ud800', 'a\udc00b', '\udc00\ud800']) {
      expect(isWellFormed(text)).toBe(false)
      expect(() => utf8(text)).toThrow(TypeError)
    }
    expect(isWellFormed('🚂')).toBe(true)
  })

  test('bytes that are not UTF-8 are damage', () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
      expect(() => fromUtf8(Uint8Array.from(bytes))).toThrow(vaultError('corrupt') as Error)
    }
  })
})

describe('integers', () => {
  test('are written big-endian and read back', () => {
    expect(toHex(concat(u8(0x12), u16(0x1234), u32(0xfedcba98), u64(2 ** 53 - 1)))).toBe('121234fedcba98001fffffffffffff')
    const bytes = concat(Uint8Array.of(0), u16(65_535), u32(4_294_967_295), u64(4_294_967_296))
    expect([readU16(bytes, 1), readU32(bytes, 3), readU64(bytes, 7)]).toEqual([65_535, 4_294_967_295, 4_294_967_296])
    expect(readU16(bytes.subarray(1), 0)).toBe(65_535)
  })

  test('u64 inverts readU64', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (n) => readU64(u64(n), 0) === n))
  })

  test('that do not fit are refused', () => {
    for (const write of [u8, u16, u32, u64]) {
      for (const n of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) expect(() => write(n)).toThrow(RangeError)
    }
    expect(() => u8(256)).toThrow(RangeError)
    expect(() => u16(65_536)).toThrow(RangeError)
    expect(() => u32(2 ** 32)).toThrow(RangeError)
    expect(() => readU64(Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0), 0)).toThrow(RangeError)
    expect(() => readU32(new Uint8Array(3), 0)).toThrow(RangeError)
  })
})

describe('joins', () => {
  test('length prefixes keep apart what plain joining mixes', () => {
    expect(toHex(lengthPrefixed('ab', Uint8Array.of(1), ''))).toBe('0000000261620000000101' + '00000000')
    expect(lengthPrefixed()).toEqual(new Uint8Array(0))
    expect(equalBytes(concat(utf8('ab'), utf8('c')), concat(utf8('a'), utf8('bc')))).toBe(true)
    expect(equalBytes(lengthPrefixed('ab', 'c'), lengthPrefixed('a', 'bc'))).toBe(false)
  })

  test('comparison sees every byte and the length', () => {
    const bytes = counting(33)
    expect(equalBytes(bytes, bytes.slice())).toBe(true)
    for (let i = 0; i < bytes.length; i++) expect(equalBytes(bytes, bytes.with(i, 0xff))).toBe(false)
    expect(equalBytes(bytes, bytes.subarray(0, 32))).toBe(false)
    expect(equalBytes(new Uint8Array(0), new Uint8Array(0))).toBe(true)
  })

  test('the tag of a row is a copy of its last 16 bytes', () => {
    const row = counting(20)
    const tag = tagOf(row)
    wipe(row)
    expect([...tag]).toEqual([...counting(16, 4)])
    expect(() => tagOf(new Uint8Array(15))).toThrow(vaultError('corrupt') as Error)
  })
})

describe('base64url', () => {
  test('is RFC 4648 without padding, by engine and by table', () => {
    const texts = ['', 'Zg', 'Zm8', 'Zm9v', 'Zm9vYg', 'Zm9vYmE', 'Zm9vYmFy']
    texts.forEach((text, length) => {
      const bytes = utf8('foobar').subarray(0, length)
      expect([toBase64Url(bytes), encodeByTable(bytes, 'base64url')]).toEqual([text, text])
      expect([...fromBase64Url(text)]).toEqual([...bytes])
    })
    expect(toBase64Url(Uint8Array.of(0xfb, 0xff, 0xbf))).toBe('-_-_')
  })

  test('comes back for any bytes, by engine and by table', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = toBase64Url(bytes)
        expect(encodeByTable(bytes, 'base64url')).toBe(text)
        expect([...fromBase64Url(text)]).toEqual([...bytes])
        expect([...(decodeByTable(text, 'base64url') ?? [])]).toEqual([...bytes])
      }),
    )
  })

  const notCanonical = ['A', 'Zg==', 'Zm8=', 'Zh', 'Zm9', 'Zm 8', ' Zm8', 'Zm8\n', '+/+/', 'Zm9v=', 'Zm8*', 'é'.repeat(4), 'Zm9vA']

  test.each(notCanonical)('refuses %j', (text) => {
    expect(() => fromBase64Url(text)).toThrow(vaultError('corrupt') as Error)
  })

  test('refuses the same without help of the engine', () => {
    vi.stubGlobal('Uint8Array', class extends Uint8Array {})
    Object.assign(Uint8Array, { fromBase64: undefined })
    for (const text of notCanonical) expect(() => fromBase64Url(text)).toThrow(vaultError('corrupt') as Error)
    expect(fromBase64Url('Zm9v')).toHaveLength(3)
  })

  test('an error does not quote the text', () => {
    for (const text of notCanonical.slice(6)) {
      try {
        fromBase64Url(text)
      } catch (error) {
        expect(String(error)).not.toContain(text)
        expect((error as Error).cause).toBeUndefined()
      }
    }
  })
})

describe('the platform', () => {
  test('randomness comes in any length', () => {
    for (const length of [0, 1, 65_536, 65_537, 200_000]) {
      const bytes = randomBytes(length)
      expect(bytes).toHaveLength(length)
      // A chunk that was forgotten would end in zeros: 2^-128 by chance.
      if (length > 16) expect(tagOf(bytes).some((byte) => byte !== 0)).toBe(true)
    }
  })

  test.each([undefined, {}])('without WebCrypto (%j) says so', (crypto) => {
    vi.stubGlobal('crypto', crypto)
    expect(() => randomBytes(1)).toThrow(vaultError('crypto-unavailable') as Error)
    expect(() => subtle()).toThrow(vaultError('crypto-unavailable') as Error)
  })
})
