// From a password to the key ring, and back into a header: creating, unlocking, changing a password.
// Implements docs/format.md, section 3. What is raw here is zeroed before the call ends.

import type { Bytes, HomeId, SealedBytes, Tag, VaultId } from '../../brand.js'
import { equalBytes, fromBase64Url, randomBytes, toBase64Url, wipe } from '../../crypto/bytes.js'
import { encodePassword, type KdfPolicy } from '../../crypto/kdf.js'
import { createPasswordSlot, openPasswordSlot, type PasswordSlot } from '../../crypto/key-slots.js'
import {
  createKeyRingContent,
  decodeKeyRing,
  deriveVaultKeys,
  encodeKeyRing,
  loadKeyRing,
  wipeKeyRingContent,
  type KeyRing,
  type KeyRingContent,
  type VaultKeys,
} from '../../crypto/keyring.js'
import { VaultError } from '../../errors.js'
import { STORE_IDS } from '../../stores/backend.js'
import { openKeyRing, sealKeyRing, tagOfRow } from './codec.js'
import { encodeHeader, isPasswordSlot, proveHeader, type Header, type UnprovenHeader } from './header.js'

/** An opened header: everything that reading and writing the vault needs. */
export interface OpenedHeader {
  readonly header: Header
  readonly row: SealedBytes
  readonly tag: Tag
  readonly keys: VaultKeys
  readonly ring: KeyRing
}

/** A header to be written, its key ring sealed in it and nowhere else. */
export type BuiltHeader = Omit<OpenedHeader, 'ring'>

/** Makes a new vault's header: one password slot, fresh keys. @throws {VaultError} `invalid-value`, `crypto-unavailable` */
export async function createHeader(password: string, iterations: number, policy: KdfPolicy): Promise<OpenedHeader> {
  const passwordBytes = encodePassword(password)
  const vaultId = randomBytes(16) as VaultId
  const homeId = randomBytes(16) as HomeId
  const vaultKey = randomBytes(32)
  try {
    const keys = await deriveVaultKeys(vaultKey, vaultId)
    const { slot, bindingKey } = await createPasswordSlot(passwordBytes, vaultKey, vaultId, iterations, policy)
    const content = createKeyRingContent(policy.minimumIterations, [{ id: slot.id, bindingKey }])
    return await usingContent(content, async () => {
      const built = await buildHeader({ vaultId, homeId, revision: 1, slots: [slot] }, keys, content)
      return { ...built, ring: await loadKeyRing(content, vaultId, Object.keys(STORE_IDS)) }
    })
  } finally {
    wipe(vaultKey)
    wipe(passwordBytes)
  }
}

/** Seals the key ring for a revision of the header and encodes both. */
async function buildHeader(parts: Omit<Header, 'keyRing'>, keys: VaultKeys, content: KeyRingContent): Promise<BuiltHeader> {
  const plain = encodeKeyRing(content)
  const keyRing = await sealKeyRing(keys.keyRingKey, parts, plain)
  wipe(plain)
  const header: Header = { ...parts, keyRing }
  const row = await encodeHeader(header, keys)
  return { header, row, tag: tagOfRow(row).slice() as Tag, keys }
}

/** Works with a key ring's raw bytes, which are zeroed before the call ends. */
async function usingContent<T>(content: KeyRingContent, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    wipeKeyRingContent(content)
  }
}

/**
 * Opens a header with a password.
 * @throws {VaultError} `wrong-password`, `corrupt` (a wrapped key or the ring does not open), `tampered` (limits or MAC), `invalid-value`
 */
export async function unlockHeader(unproven: UnprovenHeader, password: string, policy: KdfPolicy): Promise<OpenedHeader> {
  const { vaultKey } = await findVaultKey(unproven.header, password, policy)
  try {
    return await openWithVaultKey(unproven, await deriveVaultKeys(vaultKey, unproven.header.vaultId))
  } finally {
    wipe(vaultKey)
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
async function openContent(unproven: UnprovenHeader, keys: VaultKeys): Promise<KeyRingContent> {
  const { header } = unproven
  await proveHeader(unproven, keys)
  const plain = await openKeyRing(keys.keyRingKey, header, header.keyRing)
  try {
    return decodeKeyRing(plain)
  } finally {
    wipe(plain)
  }
}

async function findVaultKey(header: Header, password: string, policy: KdfPolicy): Promise<{ vaultKey: Bytes; slot: PasswordSlot }> {
  const slots = header.slots.filter(isPasswordSlot)
  if (slots.length === 0) throw new VaultError('unsupported-version', 'this vault has no password this version could ask for; update the app', { where: 'header' })
  const passwordBytes = encodePassword(password)
  try {
    let wrong: unknown
    for (const slot of slots) {
      try {
        return { vaultKey: await openPasswordSlot(slot, passwordBytes, header.vaultId, policy), slot }
      } catch (error) {
        if (!(error instanceof VaultError) || error.code !== 'wrong-password') throw error
        wrong = error
      }
    }
    throw wrong
  } finally {
    wipe(passwordBytes)
  }
}

/**
 * The next revision of a header, its password slot replaced: one KDF for the old password, one for the new one.
 * Data keys stay as they are.
 * @param newest the header as it is stored now: slots and binding keys are its own, whatever this tab has opened before
 * @throws {VaultError} `wrong-password`, `invalid-value`; `tampered`, `corrupt` when the vault key does not fit the header
 */
export async function replacePassword(newest: UnprovenHeader, keys: VaultKeys, current: string, next: string, policy: KdfPolicy): Promise<BuiltHeader> {
  const { vaultId, homeId, revision, slots } = newest.header
  const nextBytes = encodePassword(next)
  try {
    const content = await openContent(newest, keys)
    return await usingContent(content, async () => {
      const { vaultKey, slot } = await findVaultKey(newest.header, current, policy)
      try {
        // Never weaker than before, whatever this device thinks of its own speed.
        const iterations = Math.min(policy.maximumWritten, Math.max(slot.kdf.iterations, policy.minimumIterations))
        const fresh = await createPasswordSlot(nextBytes, vaultKey, vaultId, iterations, policy)
        const kept = content.slots.filter(({ id }) => !equalBytes(id, slot.id))
        const nextContent = { ...content, slots: [...kept, { id: fresh.slot.id, bindingKey: fresh.bindingKey }] }
        const nextSlots = slots.map((old) => (old === slot ? fresh.slot : old))
        return await usingContent(nextContent, () => buildHeader({ vaultId, homeId, revision: revision + 1, slots: nextSlots }, keys, nextContent))
      } finally {
        wipe(vaultKey)
      }
    })
  } finally {
    wipe(nextBytes)
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
