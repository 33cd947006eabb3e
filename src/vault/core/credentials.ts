// From a password to the key ring, and back into a header: creating, unlocking, changing a password.
// Implements docs/format.md, section 3. What is raw here is zeroed before the call ends.

import type { Bytes, HomeId, SealedBytes, Tag, VaultId } from '../../brand.js'
import { equalBytes, fromBase64Url, randomBytes, toBase64Url, wipe } from '../../crypto/bytes.js'
import { encodePassword, type KdfPolicy } from '../../crypto/kdf.js'
import { createPasswordSlot, createRecoverySlot, openPasswordSlot, openRecoverySlot, type SecretSlot } from '../../crypto/key-slots.js'
import { copyOf, createKeyRingContent, decodeKeyRing, encodeKeyRing, wipeKeyRingContent, withNewEpoch, type EpochKey, type KeyRingContent } from '../../crypto/key-ring-content.js'
import { deriveVaultKeys, loadKeyRing, type KeyRing, type VaultKeys } from '../../crypto/keyring.js'
import { wrapVaultKey } from '../../crypto/key-wrap.js'
import { createRecoveryCode, decodeRecoveryCode } from '../../crypto/recovery-code.js'
import { VaultError } from '../../errors.js'
import { STORE_IDS } from '../../stores/backend.js'
import { openKeyRing, sealKeyRing, tagOfRow } from './codec.js'
import { encodeHeader, proveHeader, type Header, type UnprovenHeader } from './header.js'
import { isPasswordSlot, isRecoverySlot, type Slot } from './slot-json.js'

/** Wipes what an opened header holds of keys. */
export function wipeOpened({ keys, ring }: OpenedHeader): void {
  ring.wipe()
  wipe(keys.vaultKey)
}

/** An opened header: everything that reading and writing the vault needs. */
export interface OpenedHeader {
  readonly header: Header
  readonly row: SealedBytes
  readonly tag: Tag
  readonly keys: VaultKeys
  readonly ring: KeyRing
}

/** What a user knows that opens a vault: its password, or the recovery code made for it. */
export type Secret = string | { readonly recoveryCode: string }

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
 * Opens a header with a password or a recovery code.
 * @throws {VaultError} `wrong-password`, `corrupt` (a wrapped key or the ring does not open), `tampered` (limits or MAC), `invalid-value`
 */
export async function unlockHeader(unproven: UnprovenHeader, secret: Secret, policy: KdfPolicy): Promise<OpenedHeader> {
  const { vaultKey } = await findVaultKey(unproven.header, secret, policy)
  const keys = await deriveVaultKeys(vaultKey, unproven.header.vaultId).finally(() => wipe(vaultKey))
  try {
    return await openWithVaultKey(unproven, keys)
  } catch (error) {
    wipe(keys.vaultKey)
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

async function findVaultKey(header: Header, secret: Secret, policy: KdfPolicy): Promise<{ vaultKey: Bytes; slot: SecretSlot }> {
  const { vaultId } = header
  if (typeof secret !== 'object' || secret === null) {
    const without = new VaultError('unsupported-version', 'this vault has no password this version could ask for; update the app', { where: 'header' })
    return usingBytes(encodePassword(secret), (bytes) => firstThatOpens(header.slots.filter(isPasswordSlot), without, (slot) => openPasswordSlot(slot, bytes, vaultId, policy)))
  }
  const without = new VaultError('not-found', 'this vault has no recovery code; unlock it with the password', { where: 'slot' })
  return usingBytes(decodeRecoveryCode(secret.recoveryCode), (bytes) => firstThatOpens(header.slots.filter(isRecoverySlot), without, (slot) => openRecoverySlot(slot, bytes, vaultId)))
}

async function firstThatOpens<S extends SecretSlot>(slots: readonly S[], without: VaultError, open: (slot: S) => Promise<Bytes>): Promise<{ vaultKey: Bytes; slot: S }> {
  let wrong: unknown = without
  for (const slot of slots) {
    try {
      return { vaultKey: await open(slot), slot }
    } catch (error) {
      if (!(error instanceof VaultError) || error.code !== 'wrong-password') throw error
      wrong = error
    }
  }
  throw wrong
}

async function usingBytes<T>(bytes: Bytes, work: (bytes: Bytes) => Promise<T>): Promise<T> {
  try {
    return await work(bytes)
  } finally {
    wipe(bytes)
  }
}

/**
 * The next revision of a header, its password slot replaced: one KDF for the old password, one for the new one. With a recovery code in place of the old
 * password for those who forgot it. Data keys stay as they are.
 * @param newest the header as it is stored now: slots and binding keys are its own, whatever this tab has opened before
 * @throws {VaultError} `wrong-password`, `invalid-value`; `tampered`, `corrupt` when the vault key does not fit the header
 */
export async function replacePassword(newest: UnprovenHeader, keys: VaultKeys, current: Secret, next: string, policy: KdfPolicy): Promise<BuiltHeader> {
  return usingBytes(encodePassword(next), (nextBytes) =>
    withSlot(newest, keys, current, policy, async (vaultKey, opener) => {
      const { slots, vaultId } = newest.header
      const old = isPasswordSlot(opener) ? opener : slots.find(isPasswordSlot)
      // Never weaker than before, whatever this device thinks of its own speed.
      const iterations = Math.min(policy.maximumWritten, Math.max(old?.kdf.iterations ?? 0, policy.minimumIterations))
      return { ...(await createPasswordSlot(nextBytes, vaultKey, vaultId, iterations, policy)), old }
    }),
  )
}

/**
 * The next revision of a header, with a slot for a new recovery code in the place of that of the one before.
 * @throws {VaultError} as `replacePassword`
 */
export async function replaceRecoveryCode(newest: UnprovenHeader, keys: VaultKeys, current: Secret, policy: KdfPolicy): Promise<BuiltHeader & { readonly recoveryCode: string }> {
  const recoveryCode = createRecoveryCode()
  const built = await withSlot(newest, keys, current, policy, async (vaultKey) => {
    const { slots, vaultId } = newest.header
    const created = await usingBytes(decodeRecoveryCode(recoveryCode), (code) => createRecoverySlot(code, vaultKey, vaultId))
    return { ...created, old: slots.find(isRecoverySlot) }
  })
  return { ...built, recoveryCode }
}

/** The next revision of a header with a slot in the place of an old one, or as one more. */
async function withSlot(
  newest: UnprovenHeader,
  keys: VaultKeys,
  current: Secret,
  policy: KdfPolicy,
  create: (vaultKey: Bytes, opener: SecretSlot) => Promise<{ readonly slot: SecretSlot; readonly bindingKey: Bytes; readonly old: SecretSlot | undefined }>,
): Promise<BuiltHeader> {
  const { vaultId, homeId, revision, slots } = newest.header
  const content = await openContent(newest, keys)
  return usingContent(content, async () => {
    const { vaultKey, slot: opener } = await findVaultKey(newest.header, current, policy)
    return usingBytes(vaultKey, async () => {
      const { slot, bindingKey, old } = await create(vaultKey, opener)
      const kept = content.slots.filter(({ id }) => old === undefined || !equalBytes(id, old.id))
      const nextContent = { ...content, slots: [...kept, { id: slot.id, bindingKey }] }
      const nextSlots: readonly Slot[] = old === undefined ? [...slots, slot] : slots.map((each) => (each === old ? slot : each))
      return usingContent(nextContent, () => buildHeader({ vaultId, homeId, revision: revision + 1, slots: nextSlots }, keys, nextContent))
    })
  })
}

/** Why a rotation cannot begin: another one has, and has not ended. */
export const ROTATION_PENDING = 'pending'

/** A header with keys that are not in use yet. The bytes of `content` and the vault key are the caller's, to zero. */
export interface Rekeyed extends BuiltHeader {
  readonly content: KeyRingContent
}

/**
 * The next revision of a header: another vault key, wrapped for every slot without its secret, and a new active epoch. One key derivation, to know who asks.
 * @throws {VaultError} `wrong-password`; `unsupported-version` when a slot is of a kind that nothing can be wrapped for; `tampered`, `corrupt` as `replacePassword`
 */
export async function rekeyHeader(newest: UnprovenHeader, keys: VaultKeys, current: Secret, policy: KdfPolicy): Promise<Rekeyed> {
  const { vaultId, homeId, revision, slots } = newest.header
  const content = await openContent(newest, keys)
  return usingContent(content, async () => {
    if (content.epochs.some(({ state }) => state === 'retiring')) throw new VaultError('conflict', 'a rotation of this vault has begun already; it is ended first', { where: 'rotation', reason: ROTATION_PENDING })
    wipe((await findVaultKey(newest.header, current, policy)).vaultKey)
    const vaultKey = randomBytes(32)
    return usingBytes(vaultKey, async () => {
      const rewrapped = await Promise.all(slots.map((slot) => rewrap(slot, content, vaultKey, vaultId)))
      const nextKeys = await deriveVaultKeys(vaultKey, vaultId)
      const grown = withNewEpoch(content)
      const next = copyOf(grown)
      // All other bytes of it are those of `content`.
      wipe(grown.epochs.at(-1)!.key)
      try {
        return { ...(await buildHeader({ vaultId, homeId, revision: revision + 1, slots: rewrapped }, nextKeys, next)), content: next }
      } catch (error) {
        wipeKeyRingContent(next)
        wipe(nextKeys.vaultKey)
        throw error
      }
    })
  })
}

async function rewrap(slot: Slot, content: KeyRingContent, vaultKey: Bytes, vaultId: VaultId): Promise<Slot> {
  if (!isPasswordSlot(slot) && !isRecoverySlot(slot)) throw new VaultError('unsupported-version', 'this vault opens in a way this version does not know, and that would be lost; update the app', { where: 'slot' })
  const bindingKey = content.slots.find(({ id }) => equalBytes(id, slot.id))?.bindingKey
  if (bindingKey === undefined) throw new VaultError('corrupt', 'the key ring does not know one of the slots', { where: 'slot', reason: 'binding-key' })
  return { ...slot, ...(await wrapVaultKey(vaultKey, { vaultId, slotId: slot.id, publicKey: slot.publicKey, bindingKey })) }
}

/**
 * The next revision of a header whose ring has no retiring epochs: those in `kept` stay for what is left in them, the others are gone.
 * @throws {VaultError} `tampered`, `corrupt`
 */
export async function retireEpochs(newest: UnprovenHeader, keys: VaultKeys, kept: ReadonlySet<number>): Promise<Rekeyed> {
  const { vaultId, homeId, revision, slots } = newest.header
  const content = await openContent(newest, keys)
  return usingContent(content, async () => {
    const epochs = content.epochs.filter(({ id, state }) => state === 'active' || kept.has(id)).map((epoch): EpochKey => (epoch.state === 'active' ? epoch : { ...epoch, state: 'quarantine-only' }))
    const next = copyOf({ ...content, epochs })
    return { ...(await buildHeader({ vaultId, homeId, revision: revision + 1, slots }, keys, next)), content: next }
  })
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
