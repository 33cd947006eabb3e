// HKDF-SHA-256 (RFC 5869) by WebCrypto: every key of the vault comes from another one through here, each with its own
// purpose in `info`. Bits are derived and imported rather than keys derived, since engines differ in what deriveKey takes.

import type { Bytes } from '../brand.js'
import { subtle } from './subtle.js'

/** The most that one expansion gives (RFC 5869, section 2.3). */
const MAX_BYTES = 255 * 32

/** A key that can only derive, and cannot be read back. The raw bytes stay the caller's, to zero. */
export async function importHkdfKey(raw: Bytes): Promise<CryptoKey> {
  return subtle().importKey('raw', raw, 'HKDF', false, ['deriveBits'])
}

/**
 * `length` bytes from an imported key. They are the caller's, to zero.
 * @throws {RangeError} unless `length` is 1 to 8,160
 */
export async function hkdfFromKey(key: CryptoKey, salt: Bytes, info: Bytes, length: number): Promise<Bytes> {
  if (!Number.isInteger(length) || length < 1 || length > MAX_BYTES) {
    throw new RangeError(`HKDF-SHA-256 gives 1 to ${MAX_BYTES} bytes, not ${length}`)
  }
  return new Uint8Array(await subtle().deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, key, length * 8))
}

/** `HKDF(key, salt, info, length)` of docs/format.md, in one step. */
export async function hkdf(key: Bytes, salt: Bytes, info: Bytes, length: number): Promise<Bytes> {
  return hkdfFromKey(await importHkdfKey(key), salt, info, length)
}
