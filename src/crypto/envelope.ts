// The envelope around every sealed row and around the key ring: docs/format.md, section 2. What a row is, where it lives
// and what came before it are authenticated with it, so a row moved, renamed or put out of order does not open.

import type { Bytes, Epoch, HomeId, SealedBytes, VaultId } from '../brand.js'
import { VaultError } from '../errors.js'
import { NONCE_BYTES, openBytes, sealBytes, TAG_BYTES } from './aead.js'
import { concat, lengthPrefixed, randomBytes, readU32, u32, u8 } from './bytes.js'

const VERSION = 1
/** AES-256-GCM with a fresh random nonce for every seal: at most 2^32 seals under one key (NIST SP 800-38D, section 8.3). */
const SUITE = 1
const FLAGS = 0
const CONTEXT = 'sealed-vault/1/row'

/** version u8 | suite u8 | flags u8 | epoch u32 */
const HEAD_BYTES = 7
const EPOCH_OFFSET = 3
const CIPHERTEXT_OFFSET = HEAD_BYTES + NONCE_BYTES

/** Bytes an envelope has more than its frame. */
export const ENVELOPE_OVERHEAD = CIPHERTEXT_OFFSET + TAG_BYTES

/** What a row is bound to. All of it must be the same again to open the row. */
export interface RowContext {
  /** 16 bytes: the place the rows live in. */
  homeId: HomeId
  /** 16 bytes. */
  vaultId: VaultId
  /** Number of the store in the table of docs/format.md, section 1. */
  storeId: number
  /** Label, seq as u64, clear part or name: what the row is stored under. */
  rowKey: Bytes
  /** Of a log row: the tag of the row before. Absent elsewhere. */
  previous?: Bytes
}

/**
 * Seals a frame (already padded) with the key of `epoch`: a new buffer of 35 bytes more.
 * @throws {RangeError} when epoch or store id do not fit their fields
 */
export async function sealEnvelope(key: CryptoKey, epoch: Epoch, context: RowContext, frame: Bytes): Promise<SealedBytes> {
  const head = concat(Uint8Array.of(VERSION, SUITE, FLAGS), u32(epoch))
  const nonce = randomBytes(NONCE_BYTES)
  const sealed = await sealBytes(key, nonce, frame, associatedData(context, head))
  return concat(head, nonce, sealed) as SealedBytes
}

/**
 * The frame inside, for the key of `envelopeEpoch(envelope)`.
 * @throws {VaultError} `corrupt` when it does not authenticate under this key and context, or is no envelope;
 *   `unsupported-version` when a newer release wrote it
 */
export async function openEnvelope(key: CryptoKey, context: RowContext, envelope: Bytes): Promise<Bytes> {
  checkHead(envelope)
  const head = envelope.subarray(0, HEAD_BYTES)
  const nonce = envelope.subarray(HEAD_BYTES, CIPHERTEXT_OFFSET)
  return openBytes(key, nonce, envelope.subarray(CIPHERTEXT_OFFSET), associatedData(context, head))
}

/**
 * The epoch whose key opens the envelope. A claim until `openEnvelope` has authenticated it.
 * @throws {VaultError} `corrupt` when it is no envelope; `unsupported-version` when version or suite are newer than 1
 */
export function envelopeEpoch(envelope: Uint8Array): Epoch {
  checkHead(envelope)
  return readU32(envelope, EPOCH_OFFSET) as Epoch
}

function associatedData(context: RowContext, head: Bytes): Bytes {
  const { homeId, vaultId, storeId, rowKey, previous = new Uint8Array(0) } = context
  return lengthPrefixed(CONTEXT, homeId, vaultId, u8(storeId), rowKey, previous, head)
}

function checkHead(envelope: Uint8Array): void {
  if (envelope.length < ENVELOPE_OVERHEAD) throw new VaultError('corrupt', 'an envelope is cut short', { reason: 'envelope-length' })
  const [version = 0, suite = 0, flags] = envelope
  if (version > VERSION || (version === VERSION && suite > SUITE)) {
    throw new VaultError('unsupported-version', 'an envelope was sealed by a newer release; update the app', { reason: 'envelope-suite' })
  }
  if (version !== VERSION || suite !== SUITE || flags !== FLAGS) {
    throw new VaultError('corrupt', 'bytes are no envelope', { reason: 'envelope-suite' })
  }
}
