// The head of a FLOE ciphertext and the keys behind it: docs/format.md, section 13, "parameters", "header" and `derive`
// (c2sp.org/FLOE, GCM256_IV256). Nothing here sees a segment.

import type { Bytes } from '../brand.js'
import { VaultError } from '../errors.js'
import { importAeadKey } from './aead.js'
import { concat, equalBytes, readU32, u32, u64, u8, utf8, wipe } from './bytes.js'
import { subtle } from './subtle.js'

const AEAD_ID = 0
const KDF_ID = 0
const KEY_BYTES = 32
export const FLOE_IV_BYTES = 32
const HEADER_TAG_BYTES = 32
const MESSAGE_KEY_BYTES = 48
const SEGMENT_KEY_BYTES = 32

/** AEAD id u8 | KDF id u8 | segment length u32 | IV length u32 */
const PARAMETERS_BYTES = 10
const SEGMENT_LENGTH_OFFSET = 2
const IV_LENGTH_OFFSET = 6

/** parameters | iv | header tag */
export const FLOE_HEADER_BYTES = PARAMETERS_BYTES + FLOE_IV_BYTES + HEADER_TAG_BYTES

const HEADER_TAG = utf8('HEADER_TAG:')
const MESSAGE_KEY = utf8('MESSAGE_KEY:')
const SEGMENT_KEY = utf8('DEK:')

/** AEAD_MAX_SEGMENTS of the specification. */
const MAX_SEGMENTS = 2 ** 40
/** AEAD_ROTATION_MASK of the specification: 2^20 random nonces under one key, far below the 2^32 of NIST SP 800-38D, section 8.3. */
const ROTATION_BITS = 20

/** What both sides know of a ciphertext before they see it. */
export interface FloeSecret {
  /** Can only derive, and cannot be read back. */
  readonly key: CryptoKey
  readonly associatedData: Bytes
  /** Segments take a new key every 2^n. */
  readonly rotationBits: number
}

/** The same until its key is imported. */
export interface RawFloeSecret {
  readonly rawKey: Bytes
  readonly associatedData: Bytes
  readonly rotationBits: number
}

/**
 * Copies of what the caller gave, so that the bytes are the caller's again.
 * @throws {RangeError} unless the key has 32 bytes
 */
export function copyFloeSecret(key: Bytes, associatedData: Bytes, rotationBits = ROTATION_BITS): RawFloeSecret {
  if (key.length !== KEY_BYTES) throw new RangeError(`a FLOE key has ${KEY_BYTES} bytes, got ${key.length}`)
  return { rawKey: key.slice(), associatedData: associatedData.slice(), rotationBits }
}

/** Imports the key and zeroes the copy of it. */
export async function importFloeSecret({ rawKey, associatedData, rotationBits }: RawFloeSecret): Promise<FloeSecret> {
  try {
    return { key: await importExpandKey(rawKey), associatedData, rotationBits }
  } finally {
    wipe(rawKey)
  }
}

/**
 * The segment length that a header of 74 bytes claims.
 * @throws {VaultError} `corrupt` with reason `parameters` when it is none of `accepted`, or another parameter is not ours
 */
export function floeSegmentLength(header: Bytes, accepted: readonly number[]): number {
  const segmentLength = readU32(header, SEGMENT_LENGTH_OFFSET)
  const ours = header[0] === AEAD_ID && header[1] === KDF_ID && readU32(header, IV_LENGTH_OFFSET) === FLOE_IV_BYTES
  if (ours && accepted.includes(segmentLength)) return segmentLength
  throw new VaultError('corrupt', 'the sealed part of an archive does not begin as one', { where: 'archive', reason: 'parameters' })
}

/** The segment keys of one FLOE ciphertext. */
export class FloeKeys {
  readonly #secret: FloeSecret
  /** parameters | iv */
  readonly #prefix: Bytes
  /** Of the latest segments: only every 2^20th needs another one. */
  #latest: { readonly first: number; readonly key: Promise<CryptoKey> } | undefined

  /** `secret.key` is the message key here. */
  private constructor(secret: FloeSecret, prefix: Bytes) {
    this.#secret = secret
    this.#prefix = prefix
  }

  /** A header for a new ciphertext, and its keys. `iv` is 32 random bytes. */
  static async create(secret: FloeSecret, segmentLength: number, iv: Bytes): Promise<{ header: Bytes; keys: FloeKeys }> {
    const prefix = concat(u8(AEAD_ID), u8(KDF_ID), u32(segmentLength), u32(FLOE_IV_BYTES), iv)
    const tag = await derive(secret, prefix, HEADER_TAG, HEADER_TAG_BYTES)
    return { header: concat(prefix, tag), keys: await FloeKeys.#behind(secret, prefix) }
  }

  /**
   * The keys behind a header of 74 bytes whose `floeSegmentLength` was accepted.
   * @throws {VaultError} `corrupt` with reason `header-tag` when key or associated data are others, or the header is damaged
   */
  static async open(secret: FloeSecret, header: Bytes): Promise<FloeKeys> {
    const prefix = header.slice(0, PARAMETERS_BYTES + FLOE_IV_BYTES)
    const tag = await derive(secret, prefix, HEADER_TAG, HEADER_TAG_BYTES)
    if (!equalBytes(tag, header.subarray(prefix.length))) {
      throw new VaultError('corrupt', 'the head of an archive is damaged, or the key is another one', { where: 'archive', reason: 'header-tag' })
    }
    return FloeKeys.#behind(secret, prefix)
  }

  static async #behind(secret: FloeSecret, prefix: Bytes): Promise<FloeKeys> {
    const raw = await derive(secret, prefix, MESSAGE_KEY, MESSAGE_KEY_BYTES)
    try {
      return new FloeKeys({ ...secret, key: await importExpandKey(raw) }, prefix)
    } finally {
      wipe(raw)
    }
  }

  /**
   * The key of the segment at this position.
   * @throws {VaultError} `archive-too-large` from 2^40 on, where no FLOE ciphertext goes
   */
  async at(position: number): Promise<CryptoKey> {
    if (position >= MAX_SEGMENTS) throw new VaultError('archive-too-large', 'an archive has too many segments', { where: 'archive', number: position })
    const first = position - (position % 2 ** this.#secret.rotationBits)
    if (this.#latest?.first !== first) this.#latest = { first, key: this.#segmentKey(first) }
    return this.#latest.key
  }

  async #segmentKey(first: number): Promise<CryptoKey> {
    const raw = await derive(this.#secret, this.#prefix, concat(SEGMENT_KEY, u64(first)), SEGMENT_KEY_BYTES)
    try {
      return await importAeadKey(raw)
    } finally {
      wipe(raw)
    }
  }
}

async function importExpandKey(raw: Bytes): Promise<CryptoKey> {
  return subtle().importKey('raw', raw, { name: 'HMAC', hash: 'SHA-384' }, false, ['sign'])
}

/**
 * `derive` of docs/format.md: HKDF-Expand with SHA-384 (RFC 5869, section 2.3), of which 48 bytes are the first block. WebCrypto's
 * own HKDF always extracts first. The bytes are the caller's, to zero.
 */
async function derive({ key, associatedData }: FloeSecret, prefix: Bytes, purpose: Bytes, length: number): Promise<Bytes> {
  const block = new Uint8Array(await subtle().sign('HMAC', key, concat(prefix, purpose, associatedData, u8(1))))
  const out = block.slice(0, length)
  wipe(block)
  return out
}
