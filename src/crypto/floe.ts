// FLOE, as streams: docs/format.md, section 13 (c2sp.org/FLOE, GCM256_IV256). What is written through one end is sealed
// in segments of one length, so that a stream of any size takes little memory, and no segment can be changed, moved,
// left out or put in without notice.

import type { Bytes } from '../brand.js'
import { randomBytes } from './bytes.js'
import { copyFloeSecret } from './floe-keys.js'
import { FloeOpener } from './floe-opener.js'
import { FloeSealer } from './floe-sealer.js'
import { checkSegmentLength } from './floe-segment.js'
import { orderedStream } from './ordered-stream.js'

/** What published vectors and tests set. */
export interface FloeTestOptions {
  /** A new segment key every 2^n segments; 20 otherwise. */
  readonly rotationBits?: number
  /** Where iv and nonces come from, in this order; the platform's randomness otherwise. */
  readonly entropy?: (length: number) => Bytes
}

/**
 * Seals what is written: out come the header (74 bytes) and then one chunk for each segment. Up to 8 segments are sealed at
 * once, and no more are held, however large the chunks written are and however slowly somebody reads.
 * @param key 32 bytes that seal nothing else; copied, so the caller may zero them at once
 * @param associatedData what `openFloe` must be given too; copied
 * @param segmentLength of a sealed segment, in bytes: 32 more than the plaintext in it
 * @throws {RangeError} when the key has another length, or a segment would hold nothing
 */
export function sealFloe(key: Bytes, associatedData: Bytes, segmentLength: number, options: FloeTestOptions = {}): TransformStream<Uint8Array, Bytes> {
  checkSegmentLength(segmentLength)
  return orderedStream(new FloeSealer(copyFloeSecret(key, associatedData, options.rotationBits), segmentLength, options.entropy ?? randomBytes))
}

/**
 * Opens what `sealFloe` sealed with the same key and associated data: one chunk for each segment, the last may be empty.
 * What comes out is authentic and in its place; that it was all is known when the stream closes without an error. Memory is
 * bounded as in `sealFloe`. It fails with a VaultError whose `details.where` is `archive` and whose `details.number` is the
 * segment, counted from 0: `corrupt` with reason `parameters` (no FLOE, or a segment length that is not accepted), `header-tag`
 * (another key or associated data, or a damaged header), `segment-length`, `segment` (it does not authenticate) or
 * `trailing` (bytes after the last segment); `archive-truncated` when it ends before the last segment does.
 * @param key 32 bytes; copied, so the caller may zero them at once
 * @param acceptedSegmentLengths others are refused before anything is derived or allocated
 * @throws {RangeError} when the key has another length, or a segment of an accepted length would hold nothing
 */
export function openFloe(key: Bytes, associatedData: Bytes, acceptedSegmentLengths: readonly number[], options: FloeTestOptions = {}): TransformStream<Uint8Array, Bytes> {
  acceptedSegmentLengths.forEach(checkSegmentLength)
  return orderedStream(new FloeOpener(copyFloeSecret(key, associatedData, options.rotationBits), acceptedSegmentLengths))
}
