// base64 and base64url (RFC 4648, sections 4 and 5) digit by digit, for engines without Uint8Array.prototype.toBase64.
// Lenient about what it reads: base64.ts holds the result against the one canonical text.

import type { Bytes } from '../brand.js'

/** `base64` is written with padding, `base64url` without. */
export type Alphabet = 'base64' | 'base64url'

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const NO_DIGIT = 0x80

interface Table {
  /** The character of each value. */
  readonly codes: Uint8Array
  /** The value of each ASCII character. */
  readonly values: Uint8Array
}

function tableOf(digits: string): Table {
  const codes = Uint8Array.from(digits, (digit) => digit.charCodeAt(0))
  const values = new Uint8Array(128).fill(NO_DIGIT)
  for (const [value, code] of codes.entries()) values[code] = value
  return { codes, values }
}

const tables: Record<Alphabet, Table> = { base64: tableOf(`${DIGITS}+/`), base64url: tableOf(`${DIGITS}-_`) }
const PAD = '='.charCodeAt(0)
// The text is built as bytes: added character by character, a megabyte of it would take twenty times as long.
const ascii = new TextDecoder()

export function encodeByTable(bytes: Uint8Array, alphabet: Alphabet): string {
  const { codes } = tables[alphabet]
  const rest = bytes.length % 3
  const whole = bytes.length - rest
  const out = new Uint8Array(alphabet === 'base64' ? 4 * Math.ceil(bytes.length / 3) : Math.ceil((4 * bytes.length) / 3))
  let at = 0
  for (let i = 0; i < whole; i += 3) {
    const three = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!
    out[at++] = codes[three >>> 18]!
    out[at++] = codes[(three >>> 12) & 63]!
    out[at++] = codes[(three >>> 6) & 63]!
    out[at++] = codes[three & 63]!
  }
  if (rest > 0) {
    const three = (bytes[whole]! << 16) | (rest === 2 ? bytes[whole + 1]! << 8 : 0)
    out[at++] = codes[three >>> 18]!
    out[at++] = codes[(three >>> 12) & 63]!
    if (rest === 2) out[at++] = codes[(three >>> 6) & 63]!
    out.fill(PAD, at)
  }
  return ascii.decode(out)
}

/** The bytes, without the bits that fill no whole byte; undefined when a character is no digit. */
export function decodeByTable(text: string, alphabet: Alphabet): Bytes | undefined {
  const { values } = tables[alphabet]
  const digits = alphabet === 'base64' ? text.length - paddingOf(text) : text.length
  const bytes = new Uint8Array(Math.floor((digits * 6) / 8))
  let at = 0
  for (let i = 0; i < digits; i += 4) {
    let four = 0
    let seen = 0
    const end = Math.min(i + 4, digits)
    for (let j = i; j < end; j++) {
      const code = text.charCodeAt(j)
      // What lies outside of ASCII is above every value by itself.
      const value = values[code & 127]! | (code & ~127)
      seen |= value
      four |= value << (18 - 6 * (j - i))
    }
    // Most texts that are not base64 show it early.
    if (seen > 63) return undefined
    // The array ends before the bytes that are not there.
    bytes[at++] = four >>> 16
    bytes[at++] = four >>> 8
    bytes[at++] = four
  }
  return bytes
}

function paddingOf(text: string): number {
  if (!text.endsWith('=')) return 0
  return text.endsWith('==') ? 2 : 1
}
