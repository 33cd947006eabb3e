// Seal and open: AES-256-GCM with a 96-bit nonce and a 128-bit tag (NIST SP 800-38D), by WebCrypto. Implements GCM of
// docs/format.md. Nonces come from the caller: who seals knows why they never repeat under one key.

import type { Bytes } from '../brand.js'
import { VaultError } from '../errors.js'
import { subtle } from './subtle.js'

/** Bytes of a key. */
const KEY_BYTES = 32
/** Bytes of a nonce. */
export const NONCE_BYTES = 12
/** Bytes that sealing adds at the end. */
export const TAG_BYTES = 16

const TAG_BITS = 8 * TAG_BYTES

/**
 * A key for `sealBytes` and `openBytes` that cannot be read back. The raw bytes stay the caller's, to zero.
 * @throws {RangeError} unless `raw` has 32 bytes
 */
export async function importAeadKey(raw: Bytes): Promise<CryptoKey> {
  if (raw.length !== KEY_BYTES) throw new RangeError(`an AES-256 key has ${KEY_BYTES} bytes, got ${raw.length}`)
  return subtle().importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

/** Ciphertext | tag: 16 bytes more than the plaintext. `nonce` MUST be new for this key. */
export async function sealBytes(key: CryptoKey, nonce: Bytes, plaintext: Bytes, aad: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle().encrypt(algorithm(nonce, aad), key, plaintext))
}

/**
 * The plaintext of what `sealBytes` gave, for the same key, nonce and associated data.
 * @throws {VaultError} `corrupt` when any of them differs, or a byte was changed, added or cut off
 */
export async function openBytes(key: CryptoKey, nonce: Bytes, sealed: Bytes, aad: Bytes): Promise<Bytes> {
  try {
    return new Uint8Array(await subtle().decrypt(algorithm(nonce, aad), key, sealed))
  } catch (cause) {
    // By name: errors of another realm are no instances of this one's DOMException. Others are mistakes in the call.
    if ((cause as { name?: unknown } | null)?.name !== 'OperationError') throw cause
    throw new VaultError('corrupt', 'sealed bytes do not authenticate', { reason: 'authentication' }, cause)
  }
}

function algorithm(nonce: Bytes, aad: Bytes): AesGcmParams {
  // WebCrypto takes nonces of any length and hashes the odd ones, which this format never wants.
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`a nonce has ${NONCE_BYTES} bytes, got ${nonce.length}`)
  return { name: 'AES-GCM', iv: nonce, additionalData: aad, tagLength: TAG_BITS }
}
