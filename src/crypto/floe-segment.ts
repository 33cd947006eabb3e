// One segment of a FLOE ciphertext, sealed and opened: docs/format.md, section 13, "segment" and "last segment".

import type { Bytes } from '../brand.js'
import { isVaultError, VaultError } from '../errors.js'
import { NONCE_BYTES, openBytes, sealBytes, TAG_BYTES } from './aead.js'
import { concat, readU32, u32, u64, u8 } from './bytes.js'

/** Of the length word that a segment begins with. */
export const WORD_BYTES = 4
/** The length word of every segment but the last. */
const NOT_LAST = 0xffffffff
const CIPHERTEXT_OFFSET = WORD_BYTES + NONCE_BYTES
/** Bytes that a segment has more than its plaintext. */
export const SEGMENT_OVERHEAD = CIPHERTEXT_OFFSET + TAG_BYTES

/** @throws {RangeError} unless segments of this length would hold something and have a length word of their own */
export function checkSegmentLength(segmentLength: number): void {
  if (Number.isInteger(segmentLength) && segmentLength > SEGMENT_OVERHEAD && segmentLength < NOT_LAST) return
  throw new RangeError(`a segment has more than ${SEGMENT_OVERHEAD} bytes, got ${segmentLength}`)
}

/** A new buffer. The plaintext is copied before this returns, so its own may be used again while the segment is sealed. `nonce` MUST be new for this key. */
export async function sealSegment(key: CryptoKey, nonce: Bytes, plaintext: Bytes, position: number, last: boolean): Promise<Bytes> {
  const word = u32(last ? SEGMENT_OVERHEAD + plaintext.length : NOT_LAST)
  return concat(word, nonce, await sealBytes(key, nonce, plaintext, segmentContext(position, last)))
}

/** What the length word at the beginning of `segment` says; undefined when it cannot be one. */
export function readWord(segment: Bytes, segmentLength: number): { readonly length: number; readonly last: boolean } | undefined {
  const word = readU32(segment, 0)
  if (word === NOT_LAST) return { length: segmentLength, last: false }
  return word >= SEGMENT_OVERHEAD && word <= segmentLength ? { length: word, last: true } : undefined
}

/**
 * The plaintext of a whole segment, which is copied before this returns.
 * @throws {VaultError} `corrupt` with reason `segment` when it does not authenticate under this key in this place
 */
export async function openSegment(key: CryptoKey, segment: Bytes, position: number, last: boolean): Promise<Bytes> {
  const nonce = segment.subarray(WORD_BYTES, CIPHERTEXT_OFFSET)
  try {
    return await openBytes(key, nonce, segment.subarray(CIPHERTEXT_OFFSET), segmentContext(position, last))
  } catch (cause) {
    if (!isVaultError(cause) || cause.code !== 'corrupt') throw cause
    throw corrupt('a segment of an archive is damaged', 'segment', position, cause)
  }
}

/** The associated data of a segment: a segment that was moved does not open. */
function segmentContext(position: number, last: boolean): Bytes {
  return concat(u64(position), u8(last ? 1 : 0))
}

/** What is wrong with an archive, and at which segment. */
export function corrupt(message: string, reason: string, number: number, cause?: unknown): VaultError {
  return new VaultError('corrupt', message, { where: 'archive', number, reason }, cause)
}
