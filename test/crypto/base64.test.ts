// base64 in both alphabets, by the engine where it can and by the table.

import * as fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { decodeByTable, encodeByTable } from '../../src/crypto/base64-table.ts'
import { decodeBase64, encodeBase64 } from '../../src/crypto/base64.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

const encoder = new TextEncoder()
/** RFC 4648, section 10. */
const VECTORS = ['', 'Zg==', 'Zm8=', 'Zm9v', 'Zm9vYg==', 'Zm9vYmE=', 'Zm9vYmFy']
/** Beside what Node calls base64: padding that lacks, is too much or stands elsewhere; stray bits; white space; the other alphabet; no digits. */
const NOT_CANONICAL = ['A', 'AA', 'AAA', 'Zg=', 'Zg', 'Zg===', 'Z===', '====', 'Zm8==', 'Zm9v=', '=Zm9', 'Zg==Zg==', 'Zh==', 'Zm9=', 'Zm 8', ' Zm8', 'Zm8\n', 'Zm8=\n', '-_-_', 'Zm8*', 'é'.repeat(4), '\u0141\u0141\u0141\u0141', '\ud800'.repeat(4)]

describe('base64', () => {
  test('is RFC 4648, section 10, by engine and by table', () => {
    for (const [length, text] of VECTORS.entries()) {
      const bytes = encoder.encode('foobar').subarray(0, length)
      expect([encodeBase64(bytes, 'base64'), encodeByTable(bytes, 'base64')]).toEqual([text, text])
      expect([decodeBase64(text, 'base64'), decodeByTable(text, 'base64')].map((found) => [...found!])).toEqual([[...bytes], [...bytes]])
    }
    expect(encodeBase64(Uint8Array.of(0xfb, 0xff, 0xbf), 'base64')).toBe('+/+/')
  })

  test('of any bytes is what the platform writes, and comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom('base64' as const, 'base64url' as const), (bytes, alphabet) => {
        const padded = btoa(String.fromCharCode(...bytes))
        const text = alphabet === 'base64' ? padded : padded.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
        expect([encodeBase64(bytes, alphabet), encodeByTable(bytes, alphabet)]).toEqual([text, text])
        expect([decodeBase64(text, alphabet), decodeByTable(text, alphabet)].map((found) => [...found!])).toEqual([[...bytes], [...bytes]])
      }),
    )
  })

  const refuses = (): void => {
    for (const text of NOT_CANONICAL) expect(decodeBase64(text, 'base64'), JSON.stringify(text)).toBeUndefined()
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'AZaz09+/=-_ \n\u0141'), maxLength: 12 }), (text) => {
        const bytes = decodeBase64(text, 'base64')
        if (bytes !== undefined) expect(encodeByTable(bytes, 'base64')).toBe(text)
      }),
    )
  }

  test('that is not the one text of its bytes is refused', refuses)

  test('is refused just so without help of the engine', () => {
    vi.stubGlobal('Uint8Array', class extends Uint8Array {})
    Object.assign(Uint8Array, { fromBase64: undefined })
    refuses()
  })
})
