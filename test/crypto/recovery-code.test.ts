import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Bytes } from '../../src/brand.ts'
import { randomBytes } from '../../src/crypto/bytes.ts'
import { createRecoveryCode, decodeRecoveryCode, encodeRecoveryCode } from '../../src/crypto/recovery-code.ts'
import type { VaultErrorDetails } from '../../src/errors.ts'
import document from '../../docs/format.md?raw'
import { seededRandom } from '../kit/random.ts'
import { vaultError } from './errors.ts'
import { counting, fromHex, toHex } from './hex.ts'

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const SHAPE = /^([0-9A-HJKMNP-TV-Z]{4}-){8}[0-9A-HJKMNP-TV-Z]{4}$/

/** Why a text is refused; undefined when it is not. Fails on any other error, and on one that quotes the text. */
function refusal(text: string): string | undefined {
  try {
    decodeRecoveryCode(text)
    return undefined
  } catch (error) {
    expect(error).toEqual(vaultError('invalid-value', { fields: ['recoveryCode'] }))
    const { details, message } = error as { details: VaultErrorDetails; message: string }
    for (const part of text.split('-')) if (part.length >= 4 && part !== 'code') expect(message + JSON.stringify(details)).not.toContain(part)
    return details.reason
  }
}

const plainCode = (bytes: Bytes) => encodeRecoveryCode(bytes).replaceAll('-', '')

describe('the example of docs/format.md, section 14', () => {
  const example = document.slice(document.indexOf('## 14.'))
  const line = (name: string) => new RegExp(`^${name} {2,}(.+)$`, 'm').exec(example)?.[1] ?? ''

  test('is what is written and read here', () => {
    expect(line('code')).toMatch(SHAPE)
    expect(encodeRecoveryCode(fromHex(line('bytes')))).toBe(line('code'))
    expect(toHex(decodeRecoveryCode(line('code')))).toBe(line('bytes'))
  })

  test('has the check symbols that division on paper gives', () => {
    const symbols = [...line('code').replaceAll('-', '')].map((digit) => DIGITS.indexOf(digit))
    expect(symbols.slice(-4).join(' ')).toBe(line('check symbols'))
    expect(restOf([1, ...symbols])).toEqual([0, 0, 0, 0])
  })
})

/** GF(32) of the document, by the definition. */
function times(left: number, right: number): number {
  let product = 0
  for (let i = 0; i < 5; i++) if ((right >> i) & 1) product ^= left << i
  for (let i = 9; i >= 5; i--) if ((product >> i) & 1) product ^= 0b100101 << (i - 5)
  return product
}

/** x^4 + x^3 + 3x^2 + x + 1, highest power first. */
const generator = [1, 1, 3, 1, 1]

/** Long division: the four last coefficients of what is left. */
function restOf(coefficients: readonly number[]): number[] {
  const rest = [...coefficients]
  for (let i = 0; i + 4 < rest.length; i++) {
    const factor = rest[i] as number
    generator.forEach((coefficient, j) => {
      rest[i + j] = (rest[i + j] as number) ^ times(factor, coefficient)
    })
  }
  return rest.slice(-4)
}

describe('the check symbols', () => {
  test('are those of the document, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
        const symbols = [...plainCode(new Uint8Array(bytes))].map((digit) => DIGITS.indexOf(digit))
        expect(restOf([1, ...symbols])).toEqual([0, 0, 0, 0])
      }),
    )
  })

  test('notice every mistake in up to three symbols: no three places together can give a remainder of zero', () => {
    // The code is linear, so this holds for all codes at once. Remainders of x^0 to x^35, as 20 bits.
    const packed = (rest: readonly number[]) => rest.reduce((bits, symbol) => (bits << 5) | symbol, 0)
    const multiples = Array.from({ length: 36 }, (_, power) => {
      const rest = restOf([0, 0, 0, 0, 1, ...new Array<number>(power).fill(0)])
      return Array.from({ length: 31 }, (_each, factor) => packed(rest.map((symbol) => times(symbol, factor + 1))))
    })
    const all = multiples.flat()
    expect(all).not.toContain(0)
    const places = new Map(all.map((rest, i) => [rest, Math.floor(i / 31)]))
    // No two places agree, and no two add up to a third.
    expect(places.size).toBe(36 * 31)
    let undetected = 0
    for (let first = 0; first < 36; first++) {
      for (let second = first + 1; second < 36; second++) {
        for (const left of multiples[first] as number[]) for (const right of multiples[second] as number[]) if (places.has(left ^ right)) undetected++
      }
    }
    expect(undetected).toBe(0)
  })

  test('belong to a polynomial whose zeros have order 1,025', () => {
    let power = [0, 0, 0, 1]
    let order = 0
    do {
      power = restOf([...power, 0])
      order++
    } while (power.join() !== '0,0,0,1')
    expect(order).toBe(1025)
  })
})

describe('a code that is mistyped', () => {
  // The same ones in every run: of what is not promised, one in 2^20 would go unseen.
  const random = seededRandom(160)
  const drawn = Array.from({ length: 6 }, () => Uint8Array.from({ length: 20 }, () => random.below(256)))
  const codes = [new Uint8Array(20), new Uint8Array(20).fill(0xff), ...drawn].map(plainCode)

  test.each(codes)('in any one character is refused: %s', (code) => {
    for (let i = 0; i < code.length; i++) {
      for (const digit of DIGITS) {
        const typed = code.slice(0, i) + digit + code.slice(i + 1)
        if (refusalIsWrong(typed, digit === code[i] ? undefined : 'checksum')) throw new Error(`character ${i} as ${digit}`)
      }
    }
  })

  test.each(codes)('with any two characters swapped, neighbours or not, is refused: %s', (code) => {
    for (let i = 0; i < code.length; i++) {
      for (let j = i + 1; j < code.length; j++) {
        const typed = [...code]
        ;[typed[i], typed[j]] = [typed[j] as string, typed[i] as string]
        if (refusalIsWrong(typed.join(''), code[i] === code[j] ? undefined : 'checksum')) throw new Error(`characters ${i} and ${j}`)
      }
    }
  })

  test.each(codes)('with a character left out or put in twice is refused: %s', (code) => {
    for (let i = 0; i < code.length; i++) {
      expect(refusal(code.slice(0, i) + code.slice(i + 1))).toBe('length')
      expect(refusal(code.slice(0, i) + code[i] + code.slice(i))).toBe('length')
    }
  })

  test.each(codes)('with two groups swapped is refused: %s', (code) => {
    const groups = code.match(/.{4}/g) as string[]
    for (let i = 1; i < groups.length; i++) {
      const typed = groups.toSpliced(i - 1, 2, groups[i] as string, groups[i - 1] as string).join('')
      if (typed !== code) expect(refusal(typed)).toBe('checksum')
    }
  })

  /** As `expect`, for tens of thousands. */
  function refusalIsWrong(typed: string, expected: string | undefined): boolean {
    try {
      decodeRecoveryCode(typed)
      return expected !== undefined
    } catch (error) {
      return (error as { details?: VaultErrorDetails }).details?.reason !== expected
    }
  }
})

describe('a code as people type it', () => {
  const bytes = counting(20, 200)
  const code = encodeRecoveryCode(bytes)
  const fullWidth = (text: string) => [...text].map((character) => String.fromCodePoint((character.codePointAt(0) as number) + 0xfee0)).join('')

  const ways: [name: string, typed: string][] = [
    ['as it is shown', code],
    ['in small letters', code.toLowerCase()],
    ['without hyphens', code.replaceAll('-', '')],
    ['with spaces', ` ${code.replaceAll('-', '  ')}\n`],
    ['on several lines', code.replaceAll('-', '\r\n')],
    ['with other hyphens', code.replaceAll('-', () => '\u2010')],
    ['with dashes', code.replaceAll('-', ' – ')],
    ['with long dashes', code.replaceAll('-', '—')],
    ['with hyphens that do not break', code.replaceAll('-', '\u2011')],
    ['with soft hyphens', code.replaceAll('-', '\u00ad')],
    ['with minus signs', code.replaceAll('-', '−')],
    ['with spaces that do not break', code.replaceAll('-', '\u00a0')],
    ['in full width', fullWidth(code)],
    ['in full width and small', fullWidth(code.toLowerCase())],
    ['grouped otherwise', (code.replaceAll('-', '').match(/.{1,5}/g) as string[]).join('-')],
  ]

  test.each(ways)('%s is the same', (_name, typed) => {
    expect(decodeRecoveryCode(typed)).toEqual(bytes)
  })

  test('O is 0, and I and L are 1, small or not', () => {
    const withBoth = Array.from({ length: 50 }, () => randomBytes(20)).find((each) => /0/.test(encodeRecoveryCode(each)) && /1/.test(encodeRecoveryCode(each))) as Bytes
    for (const [zero, one] of [['O', 'I'], ['o', 'l'], ['O', 'L'], ['o', 'i']] as const) {
      expect(decodeRecoveryCode(encodeRecoveryCode(withBoth).replaceAll('0', zero).replaceAll('1', one))).toEqual(withBoth)
    }
  })

  test('any bytes come back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (each) => {
        const text = encodeRecoveryCode(each)
        expect(text).toMatch(SHAPE)
        expect([...decodeRecoveryCode(text)]).toEqual([...each])
      }),
    )
  })
})

describe('what is no code', () => {
  const code = encodeRecoveryCode(counting(20))
  const notes: [text: string, reason: string][] = [
    ['', 'length'],
    ['----', 'length'],
    [code.slice(0, -1), 'length'],
    [`${code}0`, 'length'],
    [`${code}-${code}`, 'length'],
    ['0'.repeat(1_000_000), 'length'],
    [code + ' '.repeat(1_000_000), 'length'],
    ['!'.repeat(1_000_000), 'length'],
    ['0'.repeat(36), 'checksum'],
    ['0'.repeat(32), 'length'],
    ['Z'.repeat(36), 'checksum'],
    [code.replace(/.$/, 'U'), 'character'],
    [code.replace(/.$/, 'u'), 'character'],
    [`${code}!`, 'character'],
    [`${code}.`, 'character'],
    [code.replaceAll('-', '_'), 'character'],
    [code.replaceAll('-', '/'), 'character'],
    // Letters of other alphabets that look the same, or become the same when their case is changed.
    [code.replace(/.$/, 'А'), 'character'],
    [code.replace(/.$/, 'ı'), 'character'],
    [code.replace(/..$/, 'ß'), 'character'],
    [code.replace(/.$/, '٣'), 'character'],
    [code.replace(/.$/, '\ud800'), 'character'],
    [code.replace(/.$/, '\u0000'), 'character'],
    [code.replace(/.$/, '\u200b'), 'character'],
  ]

  test.each(notes.map(([text, reason]) => [text.slice(0, 60), reason, text] as const))('%j is refused: %s', (_begin, reason, text) => {
    expect(refusal(text)).toBe(reason)
  })

  test('nor is what is no text, or has not 20 bytes', () => {
    for (const value of [undefined, null, 5, counting(20)]) expect(() => decodeRecoveryCode(value as never)).toThrow(TypeError)
    for (const length of [0, 16, 19, 21, 32]) expect(() => encodeRecoveryCode(new Uint8Array(length))).toThrow(RangeError)
  })
})

describe('a new code', () => {
  test('is another one every time', () => {
    const codes = Array.from({ length: 200 }, createRecoveryCode)
    expect(new Set(codes).size).toBe(200)
    for (const each of codes) {
      expect(each).toMatch(SHAPE)
      expect(decodeRecoveryCode(each)).toHaveLength(20)
    }
    // In 200 codes each bit is once 0 and once 1 at least.
    const [or, and] = [new Uint8Array(20), new Uint8Array(20).fill(255)]
    for (const each of codes) decodeRecoveryCode(each).forEach((byte, i) => ((or[i] = (or[i] as number) | byte), (and[i] = (and[i] as number) & byte)))
    expect([...or]).toEqual([...new Uint8Array(20).fill(255)])
    expect([...and]).toEqual([...new Uint8Array(20)])
  })

  test('leaves its bytes nowhere', () => {
    const given: Uint8Array[] = []
    const original = crypto.getRandomValues.bind(crypto)
    const spy = vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
      given.push(array as Uint8Array)
      return original(array)
    })
    createRecoveryCode()
    spy.mockRestore()
    expect(given).toHaveLength(1)
    for (const bytes of given) expect([...new Uint8Array(bytes.buffer)]).toEqual([...new Uint8Array(20)])
  })
})
