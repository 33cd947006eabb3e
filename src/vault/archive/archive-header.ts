// The head of an archive, in clear: which slots open it. Implements docs/format.md, section "Archives".
// Nothing of the vault is in it: which vault it came from, when and how much is sealed.

import * as z from 'zod/mini'
import type { Bytes, VaultId } from '../../brand.js'
import { concat, equalBytes, fromUtf8, randomBytes, readU32, toBase64Url, u32, utf8, wipe } from '../../crypto/bytes.js'
import { checkKdf, encodePassword, type KdfPolicy } from '../../crypto/kdf.js'
import { createPasswordSlot, createRecoverySlot, openPasswordSlot, openRecoverySlot } from '../../crypto/key-slots.js'
import { decodeRecoveryCode } from '../../crypto/recovery-code.js'
import { VaultError } from '../../errors.js'
import { archiveSlotList, bytes, encodeSlot, isArchivePasswordSlot, isRecoverySlot, type Slot } from '../core/slot-json.js'

const MAGIC = utf8('SVARCHV1')
const MAX_LENGTH = 64 * 1024
/** Bytes before the JSON: magic and length. */
export const ARCHIVE_PREFIX = MAGIC.length + 4

/** What opens an archive: either of them, or both when one is made. */
export interface ArchiveSecrets {
  readonly password?: string | undefined
  /** As `createRecoveryCode` gives it, however it was typed. */
  readonly recoveryCode?: string | undefined
}

export interface ArchiveHeader {
  /** 16 random bytes; slots are bound to it as those of a vault are to its id. */
  readonly archiveId: VaultId
  readonly slots: readonly Slot[]
  /** As it lies in the file. */
  readonly bytes: Bytes
}

const body = z.object({ format: z.literal(1), archiveId: bytes(16), slots: archiveSlotList })

/** @throws {VaultError} `invalid-value` for a password or code that cannot be one; {TypeError} without any */
export function checkSecrets({ password, recoveryCode }: ArchiveSecrets): void {
  if (password === undefined && recoveryCode === undefined) throw new TypeError('an archive needs a password, a recovery code or both')
  if (password !== undefined) wipe(encodePassword(password))
  if (recoveryCode !== undefined) wipe(decodeRecoveryCode(recoveryCode))
}

/**
 * A header with a slot for each secret, and the key of the archive: 32 bytes, the caller's to zero. Takes a key derivation for a password.
 * @throws as `checkSecrets`
 */
export async function createArchiveHeader({ password, recoveryCode }: ArchiveSecrets, iterations: number, policy: KdfPolicy): Promise<{ header: ArchiveHeader; key: Bytes }> {
  const archiveId = randomBytes(16) as VaultId
  const key = randomBytes(32)
  const slots: Slot[] = []
  try {
    if (recoveryCode !== undefined) {
      const created = await usingSecret(decodeRecoveryCode(recoveryCode), (code) => createRecoverySlot(code, key, archiveId))
      wipe(created.bindingKey)
      slots.push(created.slot)
    }
    if (password !== undefined) {
      const created = await usingSecret(encodePassword(password), (secret) => createPasswordSlot(secret, key, archiveId, iterations, policy))
      wipe(created.bindingKey)
      slots.push(created.slot)
    }
    return { header: encodeArchiveHeader(archiveId, slots), key }
  } catch (error) {
    wipe(key)
    throw error
  }
}

export function encodeArchiveHeader(archiveId: VaultId, slots: readonly Slot[]): ArchiveHeader {
  const json = utf8(JSON.stringify({ format: 1, archiveId: toBase64Url(archiveId), slots: slots.map(encodeSlot) }))
  return { archiveId, slots, bytes: concat(MAGIC, u32(json.length), json) }
}

/**
 * How many bytes of JSON follow the prefix.
 * @throws {VaultError} `corrupt` for what is no archive, `unsupported-version`, `archive-too-large`
 */
export function readArchivePrefix(prefix: Bytes): number {
  if (!equalBytes(prefix.subarray(0, MAGIC.length), MAGIC)) {
    if (equalBytes(prefix.subarray(0, MAGIC.length - 1), MAGIC.subarray(0, -1))) throw newer()
    throw damaged('magic')
  }
  const length = readU32(prefix, MAGIC.length)
  if (length > MAX_LENGTH) throw new VaultError('archive-too-large', 'the header of this archive is longer than a header may be', { where: 'archive', number: length, reason: 'header' })
  return length
}

/** @throws {VaultError} `corrupt`, `unsupported-version` */
export function decodeArchiveHeader(prefix: Bytes, json: Bytes): ArchiveHeader {
  let value: unknown
  try {
    value = JSON.parse(fromUtf8(json))
  } catch {
    throw damaged('json')
  }
  const format = (value as { format?: unknown } | null)?.format
  if (typeof format === 'number' && format > 1) throw newer()
  const parsed = body.safeParse(value)
  if (!parsed.success) throw damaged('shape')
  const { archiveId, slots } = parsed.data
  return { archiveId: archiveId as VaultId, slots: slots as readonly Slot[], bytes: concat(prefix, json) }
}

/**
 * The key of an archive, 32 bytes, the caller's to zero. A derivation for every password slot that is tried.
 * @throws {VaultError} `wrong-password`; `tampered` before anything is derived when a slot asks for too little or too much work; `corrupt`;
 *   `invalid-value` for a password or code that cannot be one; `unsupported-version` without a slot for what was given
 */
export async function openArchiveKey({ archiveId, slots }: ArchiveHeader, { password, recoveryCode }: ArchiveSecrets, policy: KdfPolicy): Promise<Bytes> {
  if ((password === undefined) === (recoveryCode === undefined)) throw new TypeError('an archive is opened with a password or with a recovery code')
  // All of them before the first is tried, whatever was given: each within its limits, and all together, or a header could make opening hang for minutes.
  const own = slots.filter(isArchivePasswordSlot)
  for (const { kdf } of own) checkKdf(kdf, policy)
  const asked = own.reduce((sum, { kdf }) => sum + kdf.iterations, 0)
  if (asked > policy.maximumRead) throw new VaultError('tampered', 'opening this archive would take more work than any archive may ask for', { where: 'slot', reason: 'kdf-limits' })
  if (recoveryCode !== undefined) {
    return usingSecret(decodeRecoveryCode(recoveryCode), (code) => firstThatOpens(slots.filter(isRecoverySlot), (slot) => openRecoverySlot(slot, code, slot.owner ?? archiveId)))
  }
  return usingSecret(encodePassword(password!), (secret) => firstThatOpens(own, (slot) => openPasswordSlot(slot, secret, slot.owner ?? archiveId, policy)))
}

async function firstThatOpens<S>(slots: readonly S[], open: (slot: S) => Promise<Bytes>): Promise<Bytes> {
  let wrong: unknown = new VaultError('unsupported-version', 'this archive was not made for what was given: try its password or its recovery code', { where: 'archive', reason: 'no-slot' })
  for (const slot of slots) {
    try {
      return await open(slot)
    } catch (error) {
      if (!(error instanceof VaultError) || error.code !== 'wrong-password') throw error
      wrong = error
    }
  }
  throw wrong
}

async function usingSecret<T>(secret: Bytes, work: (secret: Bytes) => Promise<T>): Promise<T> {
  try {
    return await work(secret)
  } finally {
    wipe(secret)
  }
}

function damaged(reason: string): VaultError {
  return new VaultError('corrupt', reason === 'magic' ? 'this file is no archive of a vault' : 'the header of this archive is damaged; try another copy of the file', { where: 'archive', reason })
}

function newer(): VaultError {
  return new VaultError('unsupported-version', 'this archive was made by a newer version; update the app', { where: 'archive' })
}
