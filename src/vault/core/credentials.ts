// From a header to the key ring, and back: creating and unlocking. Implements docs/format.md, section 3. What is raw here is
// zeroed before the call ends.

import type { Bytes, HomeId, SealedBytes, Tag, VaultId } from '../../brand.js'
import { fromBase64Url, randomBytes, toBase64Url, wipe } from '../../crypto/bytes.js'
import type { KdfPolicy } from '../../crypto/kdf.js'
import { createKeyRingContent, decodeKeyRing, encodeKeyRing, wipeKeyRingContent, type KeyRingContent, type SlotBindingKey } from '../../crypto/key-ring-content.js'
import type { SecretSlot } from '../../crypto/key-slots.js'
import { deriveVaultKeys, loadKeyRing, wipeVaultKeys, type KeyRing, type VaultKeys } from '../../crypto/keyring.js'
import { STORE_IDS } from '../../stores/backend.js'
import { openKeyRing, sealKeyRing, tagOfRow } from './codec.js'
import { encodeHeader, proveHeader, type Header, type UnprovenHeader } from './header.js'
import type { Opener } from './slot-openers.js'

/** Wipes what an opened header holds of keys. */
export function wipeOpened({ keys, ring }: OpenedHeader): void {
  ring.wipe()
  wipeVaultKeys(keys)
}

/** An opened header: everything that reading and writing the vault needs. */
export interface OpenedHeader {
  readonly header: Header
  readonly row: SealedBytes
  readonly tag: Tag
  readonly keys: VaultKeys
  readonly ring: KeyRing
}

/** A slot just made, and what the key ring holds of it. The binding key is the caller's, to zero. */
export interface NewSlot extends Omit<SlotBindingKey, 'id'> {
  readonly slot: SecretSlot
}

/** A header to be written, its key ring sealed in it and nowhere else. */
export type BuiltHeader = Omit<OpenedHeader, 'ring'>

/** Makes a new vault's header: fresh keys, and the slot that is made for its vault key. @throws whatever `createSlot` does */
export async function createHeader(policy: KdfPolicy, createSlot: (vaultKey: Bytes, vaultId: VaultId) => Promise<NewSlot>): Promise<OpenedHeader> {
  const vaultId = randomBytes(16) as VaultId
  const homeId = randomBytes(16) as HomeId
  const vaultKey = randomBytes(32)
  try {
    // First: it may fail, and nothing would be left to be wiped.
    const { slot, ...entry } = await createSlot(vaultKey, vaultId)
    const keys = await deriveVaultKeys(vaultKey, vaultId)
    const content = createKeyRingContent(policy.minimumIterations, [{ id: slot.id, ...entry }], slot.kind === 'device')
    return await usingContent(content, async () => {
      const built = await buildHeader({ vaultId, homeId, revision: 1, slots: [slot] }, keys, content)
      return { ...built, ring: await loadKeyRing(content, vaultId, Object.keys(STORE_IDS)) }
    })
  } finally {
    wipe(vaultKey)
  }
}

/** Seals the key ring for a revision of the header and encodes both. */
export async function buildHeader(parts: Omit<Header, 'keyRing'>, keys: VaultKeys, content: KeyRingContent): Promise<BuiltHeader> {
  const plain = encodeKeyRing(content)
  const keyRing = await sealKeyRing(keys.keyRingKey, parts, plain)
  wipe(plain)
  const header: Header = { ...parts, keyRing }
  const row = await encodeHeader(header, keys)
  return { header, row, tag: tagOfRow(row).slice() as Tag, keys }
}

/** Works with a key ring's raw bytes, which are zeroed before the call ends. */
export async function usingContent<T>(content: KeyRingContent, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    wipeKeyRingContent(content)
  }
}

/**
 * Opens a header with what opens one of its slots.
 * @throws {VaultError} as `Opener.find`; `corrupt` (a wrapped key or the ring does not open), `tampered` (limits or MAC)
 */
export async function unlockHeader(unproven: UnprovenHeader, opener: Opener): Promise<OpenedHeader> {
  const { vaultKey } = await opener.find(unproven.header)
  const keys = await deriveVaultKeys(vaultKey, unproven.header.vaultId).finally(() => wipe(vaultKey))
  try {
    return await openWithVaultKey(unproven, keys)
  } catch (error) {
    wipeVaultKeys(keys)
    throw error
  }
}

/** Opens another copy of a header whose vault key is known. @throws {VaultError} `tampered`, `corrupt` */
export async function openWithVaultKey(unproven: UnprovenHeader, keys: VaultKeys): Promise<OpenedHeader> {
  const { header, row, tag } = unproven
  const content = await openContent(unproven, keys)
  const ring = await usingContent(content, () => loadKeyRing(content, header.vaultId, Object.keys(STORE_IDS)))
  return { header, row, tag, keys, ring }
}

/** Proves a header and opens its key ring, which is the caller's to zero. @throws {VaultError} `tampered`, `corrupt` */
export async function openContent(unproven: UnprovenHeader, keys: VaultKeys): Promise<KeyRingContent> {
  const { header } = unproven
  await proveHeader(unproven, keys)
  const plain = await openKeyRing(keys.keyRingKey, header, header.keyRing)
  try {
    return decodeKeyRing(plain)
  } finally {
    wipe(plain)
  }
}

/** The tag of a header as log and manifest name it. */
export function headerName(opened: Pick<OpenedHeader, 'header' | 'tag'>): { readonly revision: number; readonly tag: string } {
  return { revision: opened.header.revision, tag: toBase64Url(opened.tag) }
}

/** Bytes of the canary's MAC and what it covers: `docs/format.md`, section 10. */
export function canaryOf(opened: OpenedHeader, seq: number, tag: Tag): { v: number; vaultId: string; seq: number; tag: string; mac: string } {
  const { vaultId } = opened.header
  const mac = opened.ring.canaryMac(vaultId, seq as Parameters<KeyRing['canaryMac']>[1], tag)
  return { v: 1, vaultId: toBase64Url(vaultId), seq, tag: toBase64Url(tag), mac: toBase64Url(mac) }
}

/** Whether somebody who had this vault open wrote this canary. */
export function isGenuineCanary(opened: OpenedHeader, canary: { readonly vaultId: string; readonly seq: number; readonly tag: string; readonly mac: string }): boolean {
  if (canary.vaultId !== toBase64Url(opened.header.vaultId)) return false
  try {
    return canaryOf(opened, canary.seq, fromBase64Url(canary.tag) as unknown as Tag).mac === canary.mac
  } catch {
    // Not even base64url: whatever wrote it, it was not this vault.
    return false
  }
}
