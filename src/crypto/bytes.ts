// Plain bytes: text, integers, joins, comparison, base64url, randomness. No keys and no formats live here.
// Implements the notation at the head of docs/format.md (u8 u16 u32 u64, `|`, LP, b64).

import type { Bytes, Tag } from '../brand.js'
import { VaultError } from '../errors.js'
import { decodeBase64, encodeBase64 } from './base64.js'

const encoder = new TextEncoder()
// A leading U+FEFF is content here, not a byte order mark: what was encoded must come back.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Names and stems take this way: encodeInto and a copy are several times quicker than encode, measured in Node. */
const SHORT_TEXT = 64
/** UTF-8 has at most 3 bytes for each UTF-16 unit. */
const scratch = new Uint8Array(3 * SHORT_TEXT)

const TWO_TO_32 = 2 ** 32
/** The most that one call of getRandomValues gives (W3C Web Cryptography, section 10.1.1). */
const RANDOM_CHUNK = 65_536
const TAG_BYTES = 16

/** False for text with a lone surrogate: UTF-8 cannot hold it, and TextEncoder would replace it without a word. */
export function isWellFormed(text: string): boolean {
  const native = (text as { isWellFormed?: () => boolean }).isWellFormed
  return native === undefined ? !/\p{Surrogate}/u.test(text) : native.call(text)
}

/**
 * UTF-8 of well-formed text.
 * @throws {TypeError} on a lone surrogate, so that two different strings never become the same bytes
 */
export function utf8(text: string): Bytes {
  if (!isWellFormed(text)) throw new TypeError('text to encode as UTF-8 has a lone surrogate')
  if (text.length > SHORT_TEXT) return encoder.encode(text)
  const { written } = encoder.encodeInto(text, scratch)
  const bytes = scratch.slice(0, written)
  // The text may be a password.
  scratch.fill(0, 0, written)
  return bytes
}

/**
 * The inverse of `utf8`.
 * @throws {VaultError} `corrupt` when the bytes are not UTF-8
 */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new VaultError('corrupt', 'bytes are not UTF-8', { reason: 'utf-8' }, cause)
  }
}

/** All parts one after the other, in a new buffer. */
export function concat(...parts: Uint8Array[]): Bytes {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

/** Fills `target` from `offset` on with as much of `source` as fits; how many bytes that were. */
export function copyInto(target: Uint8Array, offset: number, source: Uint8Array): number {
  const taken = Math.min(target.length - offset, source.length)
  target.set(source.subarray(0, taken), offset)
  return taken
}

/** `LP(first) | LP(second) | ...`: each part as u32 length and bytes, so that no two lists of parts give the same bytes. */
export function lengthPrefixed(...parts: (Uint8Array | string)[]): Bytes {
  // Runs for every row and label, so: one buffer, no pieces in between.
  const encoded = parts.map((part) => (typeof part === 'string' ? utf8(part) : part))
  let length = 4 * encoded.length
  for (const bytes of encoded) length += bytes.length
  const out = new Uint8Array(length)
  const view = viewOf(out)
  let offset = 0
  for (const bytes of encoded) {
    view.setUint32(offset, bytes.length)
    out.set(bytes, offset + 4)
    offset += 4 + bytes.length
  }
  return out
}

/** One byte. @throws {RangeError} unless `n` is an integer from 0 to 255 */
export function u8(n: number): Bytes {
  checkUnsigned(n, 0xff)
  return Uint8Array.of(n)
}

/** Two bytes, big-endian. @throws {RangeError} unless `n` is an unsigned 16-bit integer */
export function u16(n: number): Bytes {
  checkUnsigned(n, 0xffff)
  return Uint8Array.of(n >>> 8, n)
}

/** Four bytes, big-endian. @throws {RangeError} unless `n` is an unsigned 32-bit integer */
export function u32(n: number): Bytes {
  checkUnsigned(n, TWO_TO_32 - 1)
  return Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n)
}

/** Eight bytes, big-endian. @throws {RangeError} unless `n` is a safe integer and not negative */
export function u64(n: number): Bytes {
  checkUnsigned(n, Number.MAX_SAFE_INTEGER)
  const high = Math.floor(n / TWO_TO_32)
  return Uint8Array.of(high >>> 24, high >>> 16, high >>> 8, high, n >>> 24, n >>> 16, n >>> 8, n)
}

/** @throws {RangeError} when fewer than 2 bytes follow `offset` */
export function readU16(bytes: Uint8Array, offset: number): number {
  return viewOf(bytes).getUint16(offset)
}

/** @throws {RangeError} when fewer than 4 bytes follow `offset` */
export function readU32(bytes: Uint8Array, offset: number): number {
  return viewOf(bytes).getUint32(offset)
}

/** @throws {RangeError} when fewer than 8 bytes follow `offset`, or the number is above Number.MAX_SAFE_INTEGER */
export function readU64(bytes: Uint8Array, offset: number): number {
  const view = viewOf(bytes)
  const n = view.getUint32(offset) * TWO_TO_32 + view.getUint32(offset + 4)
  checkUnsigned(n, Number.MAX_SAFE_INTEGER)
  return n
}

/** Compares without stopping at the first difference: the time depends on the lengths alone, as far as JavaScript allows. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}

/** base64url without padding: the one text for these bytes. */
export function toBase64Url(bytes: Uint8Array): string {
  return encodeBase64(bytes, 'base64url')
}

/**
 * The inverse of `toBase64Url`, and of nothing else: padding, white space, the other alphabet and stray bits are refused.
 * @throws {VaultError} `corrupt` when the text is not what `toBase64Url` writes
 */
export function fromBase64Url(text: string): Bytes {
  const bytes = decodeBase64(text, 'base64url')
  if (bytes === undefined) throw new VaultError('corrupt', 'text is not base64url', { reason: 'base64' })
  return bytes
}

/**
 * `length` bytes of the platform's secure randomness.
 * @throws {VaultError} `crypto-unavailable` where there is none
 */
export function randomBytes(length: number): Bytes {
  const source = globalThis.crypto as Crypto | undefined
  if (typeof source?.getRandomValues !== 'function') {
    throw new VaultError('crypto-unavailable', 'this environment has no secure random numbers')
  }
  const out = new Uint8Array(length)
  for (let start = 0; start < length; start += RANDOM_CHUNK) source.getRandomValues(out.subarray(start, start + RANDOM_CHUNK))
  return out
}

/** Zeroes the bytes. Best effort: engines may have copied them before. */
export function wipe(bytes: Uint8Array): void {
  bytes.fill(0)
}

/**
 * The tag of a row: a copy of its last 16 bytes.
 * @throws {VaultError} `corrupt` when the row is shorter than that
 */
export function tagOf(row: Uint8Array): Tag {
  if (row.length < TAG_BYTES) throw new VaultError('corrupt', 'a row is too short to have a tag', { reason: 'row-length' })
  return new Uint8Array(row.subarray(row.length - TAG_BYTES)) as Tag
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function checkUnsigned(n: number, maximum: number): void {
  if (!Number.isSafeInteger(n) || n < 0 || n > maximum) throw new RangeError(`expected an integer from 0 to ${maximum}, got ${n}`)
}
