// 160 random bits as text that a person can write down and type: docs/format.md, section 14. Base32 in Crockford's digits
// with 4 check symbols of a cyclic code over GF(32), so that a mistake is noticed before anything is derived from it.

import type { Bytes } from '../brand.js'
import { VaultError } from '../errors.js'
import { randomBytes, wipe } from './bytes.js'

const CODE_BYTES = 20
const SYMBOL_BITS = 5
const DATA_SYMBOLS = (8 * CODE_BYTES) / SYMBOL_BITS
const CHECK_SYMBOLS = 4
const GROUP_SYMBOLS = 4

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const ALIKE: Readonly<Record<string, string>> = { 0: 'Oo', 1: 'IiLl' }
/** All that may be typed. A table, since to change the case of the whole text makes digits of letters of other alphabets too. */
const symbolsByCharacter: ReadonlyMap<string, number> = new Map(
  [...DIGITS].flatMap((digit, symbol) => [digit, digit.toLowerCase(), ...(ALIKE[digit] ?? '')].map((character) => [character, symbol] as const)),
)

const SEPARATORS = /[\s\p{Dash}\u00ad]/gu
/** Far more than a code with spaces around every character; megabytes from the clipboard are not normalised first. */
const MAX_UNITS = 1024

/** Of GF(32): a^5 + a^2 + 1, as bits. */
const FIELD_MODULUS = 0b100101
/** All coefficients of a remainder but the one of x^3. */
const LOW_BITS = 2 ** (SYMBOL_BITS * (CHECK_SYMBOLS - 1)) - 1

/**
 * A new recovery code: 160 bits of the platform's secure randomness in nine groups of four characters.
 * @throws {VaultError} `crypto-unavailable` where there is none
 */
export function createRecoveryCode(): string {
  const bytes = randomBytes(CODE_BYTES)
  try {
    return encodeRecoveryCode(bytes)
  } finally {
    wipe(bytes)
  }
}

/**
 * The one text of these bytes, which stay the caller's, to zero.
 * @throws {RangeError} unless there are 20 bytes
 */
export function encodeRecoveryCode(bytes: Uint8Array): string {
  if (bytes.length !== CODE_BYTES) throw new RangeError(`a recovery code has ${CODE_BYTES} bytes, got ${bytes.length}`)
  const symbols = symbolsOf(bytes)
  const rest = remainder([...symbols, ...new Array<number>(CHECK_SYMBOLS).fill(0)])
  for (let power = CHECK_SYMBOLS - 1; power >= 0; power--) symbols.push((rest >>> (SYMBOL_BITS * power)) & 31)
  let text = ''
  for (const [i, symbol] of symbols.entries()) text += (i > 0 && i % GROUP_SYMBOLS === 0 ? '-' : '') + DIGITS[symbol]
  return text
}

/**
 * The 20 bytes of a code as somebody typed it, the caller's to zero: small letters, other hyphens or none, white space, full-width
 * characters, O for 0 and I or L for 1 are all taken. A mistake in up to three characters, and two characters swapped, are
 * always noticed; of others one in 2^20 is not, and gives other bytes.
 * @throws {TypeError} when it is no string
 * @throws {VaultError} `invalid-value` with field `recoveryCode` and reason `character` (one that is in no code), `length` or
 *   `checksum` (a mistake was made); never with the text
 */
export function decodeRecoveryCode(text: string): Bytes {
  if (typeof text !== 'string') throw new TypeError('a recovery code must be a string')
  if (text.length > MAX_UNITS) throw refused('length')
  const symbols: number[] = []
  for (const character of text.normalize('NFKC').replace(SEPARATORS, '')) {
    const symbol = symbolsByCharacter.get(character)
    if (symbol === undefined) throw refused('character')
    symbols.push(symbol)
  }
  if (symbols.length !== DATA_SYMBOLS + CHECK_SYMBOLS) throw refused('length')
  if (remainder(symbols) !== 0) throw refused('checksum')
  return bytesOf(symbols)
}

/**
 * What is left of the polynomial 1, symbol, symbol, ... (highest power first) after division by x^4 + x^3 + 3x^2 + x + 1, as four
 * coefficients of 5 bits. Why this polynomial: docs/format.md, section 14.
 */
function remainder(symbols: readonly number[]): number {
  let rest = 1
  for (const symbol of symbols) {
    // Times x, plus the symbol; the x^4 that then stands at the top is x^3 + 3x^2 + x + 1.
    const top = rest >>> (SYMBOL_BITS * (CHECK_SYMBOLS - 1))
    rest = (((rest & LOW_BITS) << SYMBOL_BITS) | symbol) ^ ((top << 15) | (triple(top) << 10) | (top << 5) | top)
  }
  return rest
}

/** Three times an element of GF(32): itself, and a times itself. */
function triple(element: number): number {
  const shifted = element << 1
  return element ^ (shifted > 31 ? shifted ^ FIELD_MODULUS : shifted)
}

function symbolsOf(bytes: Uint8Array): number[] {
  return Array.from({ length: DATA_SYMBOLS }, (_, i) => {
    const bit = i * SYMBOL_BITS
    const at = bit >>> 3
    const pair = ((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0)
    return (pair >>> (16 - SYMBOL_BITS - (bit & 7))) & 31
  })
}

function bytesOf(symbols: readonly number[]): Bytes {
  const bytes = new Uint8Array(CODE_BYTES)
  for (let bit = 0; bit < 8 * CODE_BYTES; bit++) {
    const symbol = symbols[Math.floor(bit / SYMBOL_BITS)] as number
    const value = (symbol >>> (SYMBOL_BITS - 1 - (bit % SYMBOL_BITS))) & 1
    bytes[bit >>> 3] = (bytes[bit >>> 3] as number) | (value << (7 - (bit & 7)))
  }
  return bytes
}

function refused(reason: 'length' | 'character' | 'checksum'): VaultError {
  return new VaultError('invalid-value', `the recovery code is mistyped (${reason}); compare it with what was written down`, { fields: ['recoveryCode'], reason })
}
