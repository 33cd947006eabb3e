// The header row: slots, sealed key ring, checksum and MAC. Implements docs/format.md, section 3.

import * as z from 'zod/mini'
import type { HomeId, SealedBytes, Tag, VaultId } from '../../brand.js'
import { concat, equalBytes, fromUtf8, readU32, toBase64Url, u32, utf8 } from '../../crypto/bytes.js'
import { sha256 } from '../../crypto/blind.js'
import { headerMac, type VaultKeys } from '../../crypto/keyring.js'
import { VaultError } from '../../errors.js'
import type { Backend } from '../../stores/backend.js'
import { tagOfRow } from './codec.js'
import { bytes, encodeSlot, slotList, type Slot } from './slot-json.js'

const MAGIC = utf8('SVAULTH1')
const MAX_LENGTH = 64 * 1024
const DIGEST = 32

export interface Header {
  readonly vaultId: VaultId
  readonly homeId: HomeId
  readonly revision: number
  readonly slots: readonly Slot[]
  /** The sealed key ring, an envelope. */
  readonly keyRing: SealedBytes
}

/** A header as it was read: its MAC is not checked yet, for that needs the vault key. */
export interface UnprovenHeader {
  readonly header: Header
  readonly row: SealedBytes
  readonly tag: Tag
}

const body = z.object({
  format: z.number(),
  vaultId: bytes(16),
  homeId: bytes(16),
  revision: z.number().check(z.int(), z.positive()),
  slots: slotList,
  keyRing: bytes(),
})

export async function encodeHeader(header: Header, keys: VaultKeys): Promise<SealedBytes> {
  const text = utf8(JSON.stringify({
    format: 1,
    vaultId: toBase64Url(header.vaultId),
    homeId: toBase64Url(header.homeId),
    revision: header.revision,
    slots: header.slots.map(encodeSlot),
    keyRing: toBase64Url(header.keyRing),
  }))
  const content = concat(MAGIC, u32(text.length), text)
  const checked = concat(content, sha256(content))
  if (checked.length + DIGEST > MAX_LENGTH) throw new RangeError('the header would exceed 64 KiB')
  const row = concat(checked, await headerMac(keys, checked)) as SealedBytes
  // A header that nobody could read again would be the end of the vault: the copies follow it.
  decodeHeader(row)
  return row
}

/** @throws {VaultError} `corrupt` when the checksum or shape is wrong, `unsupported-version` for a newer format. */
export function decodeHeader(row: SealedBytes): UnprovenHeader {
  const damaged = (reason: string): VaultError => new VaultError('corrupt', 'the header of the vault is damaged; a copy of it may still open the vault', { where: 'header', reason })
  if (row.length > MAX_LENGTH || row.length < MAGIC.length + 4 + 2 * DIGEST) throw damaged('length')
  if (!equalBytes(row.subarray(0, MAGIC.length), MAGIC)) {
    if (equalBytes(row.subarray(0, 7), MAGIC.subarray(0, 7))) throw new VaultError('unsupported-version', 'this vault was made by a newer version; update the app', { where: 'header' })
    throw damaged('magic')
  }
  const start = MAGIC.length + 4
  const end = start + readU32(row, MAGIC.length)
  if (end + 2 * DIGEST !== row.length) throw damaged('length')
  if (!equalBytes(sha256(row.subarray(0, end)), row.subarray(end, end + DIGEST))) throw damaged('checksum')
  let value: unknown
  try {
    value = JSON.parse(fromUtf8(row.slice(start, end)))
  } catch {
    throw damaged('json')
  }
  if (typeof (value as { format?: unknown })?.format === 'number' && (value as { format: number }).format > 1) {
    throw new VaultError('unsupported-version', 'this vault was made by a newer version; update the app', { where: 'header', number: (value as { format: number }).format })
  }
  const parsed = body.safeParse(value)
  if (!parsed.success) throw damaged('shape')
  const { vaultId, homeId, revision, slots, keyRing } = parsed.data
  return {
    header: { vaultId: vaultId as VaultId, homeId: homeId as HomeId, revision, slots: slots as Header['slots'], keyRing: keyRing as SealedBytes },
    row,
    tag: tagOfRow(row).slice() as Tag,
  }
}

/** @throws {VaultError} `tampered` when the header was changed by who does not have the vault key. */
export async function proveHeader({ row }: UnprovenHeader, keys: VaultKeys): Promise<void> {
  const end = row.length - DIGEST
  if (!equalBytes(await headerMac(keys, row.slice(0, end)), row.subarray(end))) {
    throw new VaultError('tampered', 'the header of the vault was changed by something else than the vault', { where: 'header' })
  }
}

/** The header of another vault lies where this one's was. A damaged one is the business of the next unlock. */
export async function isForeign(backend: Backend, vaultId: VaultId): Promise<boolean> {
  const [row] = await backend.read([{ kind: 'get', store: 'header', key: 'header' }])
  if (row === undefined) return false
  try {
    return !equalBytes(decodeHeader(row).header.vaultId, vaultId)
  } catch {
    return false
  }
}
