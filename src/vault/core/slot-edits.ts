// The next revision of a header: another way in, one less, another name of one; new keys for all of them, and the end of old ones.
// Whoever asks has to open a slot first. docs/format.md, sections 3 and 17.

import type { Bytes, VaultId } from '../../brand.js'
import { equalBytes, fromBase64Url, randomBytes, toBase64Url, wipe } from '../../crypto/bytes.js'
import { copyOf, wipeKeyRingContent, withNewEpoch, type EpochKey, type KeyRingContent } from '../../crypto/key-ring-content.js'
import { deriveVaultKeys, wipeVaultKeys, type VaultKeys } from '../../crypto/keyring.js'
import { wrapVaultKey } from '../../crypto/key-wrap.js'
import { VaultError } from '../../errors.js'
import { buildHeader, openContent, usingContent, type BuiltHeader } from './credentials.js'
import type { Header, UnprovenHeader } from './header.js'
import type { PreparedSlot } from './new-slot.js'
import { isDeviceSlot, isKnownSlot, isOfDevice, isPasswordSlot, isRecoverySlot, type Slot } from './slot-json.js'
import type { FoundKey, Opener } from './slot-openers.js'

const MAX_SLOTS = 16

/** What is to become of the ways in. Ids are those of slots, as base64url. */
export type SlotEdit =
  | { readonly kind: 'add'; readonly slot: PreparedSlot }
  | { readonly kind: 'replace'; readonly id: string; readonly slot: PreparedSlot }
  /** @param usableHere whether a device slot has its key in this browser */
  | { readonly kind: 'remove'; readonly id: string; readonly usableHere: ReadonlySet<string> }
  | { readonly kind: 'rename'; readonly id: string; readonly name: string | undefined }

/**
 * The next revision of a header with other ways in; data keys and vault key stay as they are.
 * @param newest the header as it is stored now: slots and binding keys are its own, whatever this tab has opened before
 * @throws {VaultError} as `Opener.find`; `not-found` for an id there is no more; `invalid-value` with reason `last-way-in`, `too-many-ways-in`, `device-is-no-proof`, `protect`;
 *   `tampered`, `corrupt` when the vault key does not fit the header
 */
export function editSlots(newest: UnprovenHeader, keys: VaultKeys, opener: Opener, edit: SlotEdit): Promise<BuiltHeader & { readonly slotId: string }> {
  return edited(newest, keys, opener, async ({ content, found: { vaultKey } }) => {
    const { slots, vaultId } = newest.header
    const target = edit.kind === 'add' ? undefined : slotNamed(slots, edit.id)
    if (edit.kind === 'remove') refuseLast(slots, target!, edit.usableHere)
    if (edit.kind === 'rename') {
      const entries = content.slots.map(({ name, ...entry }) => (equalBytes(entry.id, idOf(target!)) ? { ...entry, name: edit.name } : { ...entry, name }))
      return { slots, content: { ...content, slots: entries }, slotId: edit.id }
    }
    const kept = content.slots.filter(({ id }) => target === undefined || !equalBytes(id, idOf(target)))
    if (edit.kind === 'remove') return { slots: slots.filter((slot) => slot !== target), content: { ...content, slots: kept }, slotId: edit.id }
    if (edit.slot.kind === 'password') refusePasswordOnDevice(slots)
    return withNewSlot(edit.slot, vaultKey, vaultId, slots, target, { ...content, slots: kept })
  })
}

/**
 * The next revision of a header, its password slot replaced; the one that was opened where there are several. With another secret in place of the old
 * password for those who forgot it.
 * @throws as `editSlots`
 */
export function replacePassword(newest: UnprovenHeader, keys: VaultKeys, opener: Opener, way: PreparedSlot): Promise<BuiltHeader> {
  return replaceOwn(newest, keys, opener, way, ({ slots }, { slot }) => (isPasswordSlot(slot) ? slots.find((each) => each === slot) : slots.find(isPasswordSlot)))
}

/** The next revision of a header, with a slot for a new recovery code in the place of that of the one before. @throws as `editSlots` */
export function replaceRecoveryCode(newest: UnprovenHeader, keys: VaultKeys, opener: Opener, way: PreparedSlot): Promise<BuiltHeader> {
  return replaceOwn(newest, keys, opener, way, ({ slots }, { slot }) => (isRecoverySlot(slot) ? slots.find((each) => each === slot) : slots.find(isRecoverySlot)))
}

function replaceOwn(newest: UnprovenHeader, keys: VaultKeys, opener: Opener, way: PreparedSlot, find: (header: Header, found: FoundKey) => Slot | undefined): Promise<BuiltHeader> {
  const { header } = newest
  return edited(newest, keys, opener, async ({ content, found }) => {
    const old = find(header, found)
    if (way.kind === 'password') refusePasswordOnDevice(header.slots)
    if (way.inPlaceOf !== undefined) refuseOther(old, way.inPlaceOf)
    const kept = content.slots.filter(({ id }) => old === undefined || !equalBytes(id, idOf(old)))
    const edit = await withNewSlot(way, found.vaultKey, header.vaultId, header.slots, old, { ...content, slots: kept })
    const before = old === undefined ? undefined : content.slots.find(({ id }) => equalBytes(id, idOf(old)))
    const entry = edit.content.slots.at(-1)!
    if (before?.name !== undefined) entry.name ??= before.name
    // The same way in, at another price.
    if (way.inPlaceOf !== undefined) entry.madeAt = before?.madeAt
    return edit
  })
}

/** Somebody else made it dearer, or another one, meanwhile: what was chosen for the one before may be less. */
function refuseOther(slot: Slot | undefined, salt: Bytes): void {
  if (slot !== undefined && isPasswordSlot(slot) && equalBytes(slot.kdf.salt, salt)) return
  throw new VaultError('conflict', 'this password was changed meanwhile', { where: 'slot', reason: 'changed-meanwhile' })
}

interface Edited {
  readonly slots: readonly Slot[]
  readonly content: KeyRingContent
  readonly slotId: string
}

async function withNewSlot(way: PreparedSlot, vaultKey: Bytes, vaultId: VaultId, slots: readonly Slot[], old: Slot | undefined, content: KeyRingContent): Promise<Edited> {
  if (old === undefined) refuseMore(slots)
  const { slot, ...entry } = await way.create(vaultKey, vaultId, slots)
  const epochs = slot.kind === 'device' ? content.epochs.map((epoch) => ({ ...epoch, onDevice: true })) : content.epochs
  return {
    slots: old === undefined ? [...slots, slot] : slots.map((each) => (each === old ? slot : each)),
    content: { ...content, epochs, slots: [...content.slots, { id: slot.id, ...entry }] },
    slotId: toBase64Url(slot.id),
  }
}

/**
 * Whether the edit could be made, before anybody is asked for an authenticator, which keeps its key for ever.
 * @param id of the slot that is to be replaced, if one is
 * @throws as `editSlots`
 */
export async function checkMayAdd(header: Header, opener: Opener, id: string | undefined): Promise<void> {
  if (id === undefined) refuseMore(header.slots)
  else slotNamed(header.slots, id)
  wipe((await reauthenticate(header, opener)).vaultKey)
}

/** Opens the header, and has whoever asks open a slot; builds what comes of it. */
async function edited(newest: UnprovenHeader, keys: VaultKeys, opener: Opener, edit: (parts: { readonly content: KeyRingContent; readonly found: FoundKey }) => Promise<Edited>): Promise<BuiltHeader & { readonly slotId: string }> {
  const { vaultId, homeId, revision } = newest.header
  const content = await openContent(newest, keys)
  return usingContent(content, async () => {
    const found = await reauthenticate(newest.header, opener)
    try {
      const { slots, content: next, slotId } = await edit({ content, found })
      return { ...(await usingContent(next, () => buildHeader({ vaultId, homeId, revision: revision + 1, slots }, keys, next))), slotId }
    } finally {
      wipe(found.vaultKey)
    }
  })
}

/** A key that the browser keeps says nothing of who sits before it, where somebody has anything better. */
async function reauthenticate(header: Header, opener: Opener): Promise<FoundKey> {
  const found = await opener.find(header)
  if (!isDeviceSlot(found.slot) || header.slots.every(isOfDevice)) return found
  wipe(found.vaultKey)
  throw new VaultError('invalid-value', 'the key of this browser does not show who asks; give the password, the recovery code or the passkey', { where: 'slot', reason: 'device-is-no-proof' })
}

function refuseMore(slots: readonly Slot[]): void {
  if (slots.length >= MAX_SLOTS) throw new VaultError('invalid-value', `a vault has at most ${MAX_SLOTS} ways in; remove one first`, { where: 'slot', reason: 'too-many-ways-in' })
}

function refusePasswordOnDevice(slots: readonly Slot[]): void {
  if (!slots.every(isOfDevice)) return
  throw new VaultError('invalid-value', 'everything of this vault was readable without a password so far; protect() gives it one, and new keys', { where: 'slot', reason: 'protect' })
}

function refuseLast(slots: readonly Slot[], target: Slot, usableHere: ReadonlySet<string>): void {
  const others = slots.filter((slot) => slot !== target && isKnownSlot(slot) && (!isDeviceSlot(slot) || usableHere.has(toBase64Url(slot.id))))
  if (others.length > 0) return
  throw new VaultError('invalid-value', 'this is the last way into the vault; add another one first', { where: 'slot', reason: 'last-way-in' })
}

function slotNamed(slots: readonly Slot[], id: string): Slot {
  const slot = slots.find((each) => nameOf(each) === id)
  if (slot === undefined) throw new VaultError('not-found', 'this way in is not there any more', { where: 'slot' })
  return slot
}

/** The id of a slot, of whatever kind, as base64url. */
export function nameOf({ id }: Slot): string {
  return id instanceof Uint8Array ? toBase64Url(id) : String(id)
}

function idOf(slot: Slot): Bytes {
  if (slot.id instanceof Uint8Array) return slot.id as Bytes
  try {
    return fromBase64Url(String(slot.id))
  } catch {
    // Of an unknown kind, with an id of another form: the key ring has no entry for it.
    return new Uint8Array(0)
  }
}

/** Why a rotation cannot begin: another one has, and has not ended. */
export const ROTATION_PENDING = 'pending'

/** A header with keys that are not in use yet. The bytes of `content` and the vault key are the caller's, to zero. */
export interface Rekeyed extends BuiltHeader {
  readonly content: KeyRingContent
}

/**
 * The next revision of a header: another vault key, wrapped for every slot without its secret, and a new active epoch. One key derivation, to know who asks.
 * @param protect a way in that takes the place of all keys that browsers keep: from here on, who copies a folder finds no key in it
 * @throws {VaultError} as `editSlots`; `unsupported-version` when a slot is of a kind that nothing can be wrapped for
 */
export async function rekeyHeader(newest: UnprovenHeader, keys: VaultKeys, opener: Opener, protect?: PreparedSlot): Promise<Rekeyed> {
  const { vaultId, homeId, revision, slots } = newest.header
  const content = await openContent(newest, keys)
  return usingContent(content, async () => {
    if (content.epochs.some(({ state }) => state === 'retiring')) throw new VaultError('conflict', 'a rotation of this vault has begun already; it is ended first', { where: 'rotation', reason: ROTATION_PENDING })
    wipe((await reauthenticate(newest.header, opener)).vaultKey)
    const vaultKey = randomBytes(32)
    try {
      const staying = protect === undefined ? slots : slots.filter((slot) => !isDeviceSlot(slot))
      const rewrapped: Slot[] = await Promise.all(staying.map((slot) => rewrap(slot, content, vaultKey, vaultId)))
      const entries = content.slots.filter(({ id }) => !slots.some((slot) => !staying.includes(slot) && equalBytes(idOf(slot), id)))
      if (protect !== undefined) {
        refuseMore(staying)
        const { slot, ...entry } = await protect.create(vaultKey, vaultId, staying)
        rewrapped.push(slot)
        entries.push({ id: slot.id, ...entry })
      }
      const nextKeys = await deriveVaultKeys(vaultKey, vaultId)
      const grown = withNewEpoch({ ...content, slots: entries }, rewrapped.some(isDeviceSlot))
      const next = copyOf(grown)
      // All other bytes of it are those of `content`.
      wipe(grown.epochs.at(-1)!.key)
      if (protect !== undefined) wipe(grown.slots.at(-1)!.bindingKey)
      try {
        return { ...(await buildHeader({ vaultId, homeId, revision: revision + 1, slots: rewrapped }, nextKeys, next)), content: next }
      } catch (error) {
        wipeKeyRingContent(next)
        wipeVaultKeys(nextKeys)
        throw error
      }
    } finally {
      wipe(vaultKey)
    }
  })
}

async function rewrap(slot: Slot, content: KeyRingContent, vaultKey: Bytes, vaultId: VaultId): Promise<Slot> {
  if (!isKnownSlot(slot)) throw new VaultError('unsupported-version', 'this vault opens in a way this version does not know, and that would be lost; update the app', { where: 'slot' })
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
