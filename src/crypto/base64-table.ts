// base64url (RFC 4648, section 5) digit by digit, for engines without Uint8Array.prototype.toBase64. Lenient about what
// it reads: bytes.ts holds the result against the one canonical text.

import type { Bytes } from '../brand.js'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const DIGIT_BITS = 6
const valuesByCode = new Map([...ALPHABET].map((digit, value) => [digit.charCodeAt(0), value]))

/** Text without padding. */
export function encodeByTable(bytes: Uint8Array): string {
  let text = ''
  let pending = 0
  let bits = 0
  for (const byte of bytes) {
    pending = (pending << 8) | byte
    bits += 8
    while (bits >= DIGIT_BITS) {
      bits -= DIGIT_BITS
      text += ALPHABET[pending >>> bits]
      pending &= (1 << bits) - 1
    }
  }
  return bits === 0 ? text : text + ALPHABET[pending << (DIGIT_BITS - bits)]
}

/** The bytes, without the bits that fill no whole byte; undefined when a character is no digit. */
export function decodeByTable(text: string): Bytes | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * DIGIT_BITS) / 8))
  let length = 0
  let pending = 0
  let bits = 0
  for (let i = 0; i < text.length; i++) {
    const value = valuesByCode.get(text.charCodeAt(i))
    if (value === undefined) return undefined
    pending = (pending << DIGIT_BITS) | value
    bits += DIGIT_BITS
    if (bits >= 8) {
      bits -= 8
      bytes[length++] = pending >>> bits
      pending &= (1 << bits) - 1
    }
  }
  return bytes
}
