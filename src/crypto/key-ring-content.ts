// What a key ring holds, as JSON. docs/format.md, section 3 (`keyRing`).

import type { Bytes, Epoch } from '../brand.js'
import { VaultError } from '../errors.js'
import { fromBase64Url, fromUtf8, isWellFormed, randomBytes, toBase64Url, utf8, wipe } from './bytes.js'

const KEY_BYTES = 32
const MAX_EPOCH = 2 ** 32 - 1
const CONTENT_VERSION = 1
const STATES = ['active', 'retiring', 'quarantine-only'] as const
const CONTENT_FIELDS = ['v', 'epochs', 'slots', 'canaryKey', 'tombstoneKey', 'minimumIterations'] as const
const EPOCH_FIELDS = ['id', 'key', 'state'] as const
const EPOCH_EXTRAS = ['onDevice'] as const
const SLOT_FIELDS = ['id', 'bindingKey'] as const
const SLOT_EXTRAS = ['name', 'madeAt'] as const
const SLOT_ID_BYTES = 16
const MAX_NAME_UNITS = 128

/** The data key of one epoch: the root of everything sealed in it. */
export interface EpochKey {
  id: Epoch
  /** 32 random bytes. */
  key: Bytes
  state: (typeof STATES)[number]
  /** While it was in the ring, a key that the browser keeps in clear could open the vault. */
  onDevice?: boolean | undefined
}

/** What it takes, besides its public key, to wrap a vault key for a slot of the header, and what only who opened the vault shall know of it. */
export interface SlotBindingKey {
  /** Of the slot, 16 bytes. */
  id: Bytes
  /** 32 random bytes. */
  bindingKey: Bytes
  /** As the user calls it: 1 to 128 UTF-16 units. */
  name?: string | undefined
  /** Milliseconds. */
  madeAt?: number | undefined
}

/** What the sealed key ring holds. The byte arrays are the holder's, to zero. */
export interface KeyRingContent {
  /** Exactly one of them is active. */
  epochs: readonly EpochKey[]
  /** One for each slot this code knows, and those of others as they were. */
  slots: readonly SlotBindingKey[]
  /** 32 bytes. */
  canaryKey: Bytes
  /** 32 bytes. */
  tombstoneKey: Bytes
  /** No slot may cost less than this many iterations. */
  minimumIterations: number
}

/** Fresh keys for a new vault with these slots: epoch 1, active. The bytes of `slots` become the content's. */
export function createKeyRingContent(minimumIterations: number, slots: readonly SlotBindingKey[], onDevice = false): KeyRingContent {
  return {
    epochs: [{ id: 1 as Epoch, key: randomBytes(KEY_BYTES), state: 'active', ...(onDevice && { onDevice }) }],
    slots,
    canaryKey: randomBytes(KEY_BYTES),
    tombstoneKey: randomBytes(KEY_BYTES),
    minimumIterations,
  }
}

/** Zeroes all key bytes of a content that nobody needs any more. */
export function wipeKeyRingContent({ epochs, slots, canaryKey, tombstoneKey }: KeyRingContent): void {
  for (const bytes of [...epochs.map(({ key }) => key), ...slots.map(({ bindingKey }) => bindingKey), canaryKey, tombstoneKey]) wipe(bytes)
}

/**
 * The JSON of docs/format.md, section 3, as UTF-8.
 * @throws {RangeError} for a ring that `decodeKeyRing` would refuse
 */
export function encodeKeyRing(content: KeyRingContent): Bytes {
  if (!isSound(content)) throw new RangeError('a key ring needs one active epoch, distinct ids and keys of 32 bytes')
  const { epochs, slots, canaryKey, tombstoneKey, minimumIterations } = content
  const json = {
    v: CONTENT_VERSION,
    epochs: epochs.map(({ id, key, state, onDevice }) => ({ id, key: toBase64Url(key), state, ...(onDevice === true && { onDevice }) })),
    slots: slots.map(({ id, bindingKey, name, madeAt }) => ({ id: toBase64Url(id), bindingKey: toBase64Url(bindingKey), ...(name !== undefined && { name }), ...(madeAt !== undefined && { madeAt }) })),
    canaryKey: toBase64Url(canaryKey),
    tombstoneKey: toBase64Url(tombstoneKey),
    minimumIterations,
  }
  return utf8(JSON.stringify(json))
}

/**
 * The inverse of `encodeKeyRing`.
 * @throws {VaultError} `unsupported-version` when a newer release wrote it; `corrupt` for anything else that is no key ring
 */
export function decodeKeyRing(bytes: Bytes): KeyRingContent {
  const json = parse(bytes)
  const version = (json as { v?: unknown } | null)?.v
  if (typeof version === 'number' && version > CONTENT_VERSION) {
    throw new VaultError('unsupported-version', 'the key ring was written by a newer release; update the app', { where: 'key ring' })
  }
  const { v, epochs, slots, canaryKey, tombstoneKey, minimumIterations } = fieldsOf(json, CONTENT_FIELDS)
  if (v !== CONTENT_VERSION || !Array.isArray(epochs) || !Array.isArray(slots)) throw malformed()
  // Casts of what isSound is about to check.
  const content = {
    epochs: epochs.map((epoch: unknown) => {
      const { id, key, state, onDevice } = fieldsOf(epoch, EPOCH_FIELDS, EPOCH_EXTRAS)
      return { id: id as Epoch, key: bytesOf(key), state: state as EpochKey['state'], ...(onDevice !== undefined && { onDevice: onDevice as boolean }) }
    }),
    slots: slots.map((slot: unknown) => {
      const { id, bindingKey, name, madeAt } = fieldsOf(slot, SLOT_FIELDS, SLOT_EXTRAS)
      return { id: bytesOf(id), bindingKey: bytesOf(bindingKey), ...(name !== undefined && { name: name as string }), ...(madeAt !== undefined && { madeAt: madeAt as number }) }
    }),
    canaryKey: bytesOf(canaryKey),
    tombstoneKey: bytesOf(tombstoneKey),
    minimumIterations: minimumIterations as number,
  }
  if (!isSound(content)) throw malformed()
  return content
}

/** A content with a new active epoch; those that were active retire. The bytes of the other epochs stay those of `content`. @param onDevice of the new one */
export function withNewEpoch(content: KeyRingContent, onDevice: boolean): KeyRingContent {
  const id = (1 + Math.max(...content.epochs.map((epoch) => epoch.id))) as Epoch
  const before = content.epochs.map((epoch): EpochKey => (epoch.state === 'active' ? { ...epoch, state: 'retiring' } : epoch))
  return { ...content, epochs: [...before, { id, key: randomBytes(KEY_BYTES), state: 'active', ...(onDevice && { onDevice }) }] }
}

/** The bytes of the copy are the caller's, to zero. */
export function copyOf(content: KeyRingContent): KeyRingContent {
  return {
    epochs: content.epochs.map((epoch) => ({ ...epoch, key: epoch.key.slice() })),
    slots: content.slots.map((slot) => ({ ...slot, id: slot.id.slice(), bindingKey: slot.bindingKey.slice() })),
    canaryKey: content.canaryKey.slice(),
    tombstoneKey: content.tombstoneKey.slice(),
    minimumIterations: content.minimumIterations,
  }
}

/** The rules of docs/format.md that types do not express. */
export function isSound({ epochs, slots, canaryKey, tombstoneKey, minimumIterations }: KeyRingContent): boolean {
  const epochIds = new Set(epochs.map(({ id }) => id))
  const slotIds = new Set(slots.map(({ id }) => toBase64Url(id)))
  const keys = [canaryKey, tombstoneKey, ...epochs.map(({ key }) => key), ...slots.map(({ bindingKey }) => bindingKey)]
  return (
    epochIds.size === epochs.length &&
    epochs.every(({ id, state, onDevice = false }) => Number.isInteger(id) && id >= 1 && id <= MAX_EPOCH && STATES.includes(state) && typeof onDevice === 'boolean') &&
    epochs.filter(({ state }) => state === 'active').length === 1 &&
    slotIds.size === slots.length &&
    slots.every(({ id, name, madeAt }) => id.length === SLOT_ID_BYTES && (name === undefined || isSlotName(name)) && (madeAt === undefined || Number.isFinite(madeAt))) &&
    keys.every((key) => key.length === KEY_BYTES) &&
    Number.isSafeInteger(minimumIterations) &&
    minimumIterations >= 1
  )
}

/** What a way in may be called. */
export function isSlotName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && name.length <= MAX_NAME_UNITS && isWellFormed(name)
}

function parse(bytes: Bytes): unknown {
  const text = fromUtf8(bytes)
  try {
    return JSON.parse(text)
  } catch {
    // Not kept as a cause: the engine's message may quote the keys.
    throw malformed()
  }
}

/** The object's fields, which must be these, some of which may be left out, and no others: what is not understood must not be lost by writing again. */
function fieldsOf<Name extends string, Extra extends string = never>(value: unknown, names: readonly Name[], extras: readonly Extra[] = []): Record<Name | Extra, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed()
  if (!names.every((name) => Object.hasOwn(value, name)) || !Object.keys(value).every((name) => (names as readonly string[]).includes(name) || (extras as readonly string[]).includes(name))) throw malformed()
  return value as Record<Name | Extra, unknown>
}

function bytesOf(value: unknown): Bytes {
  if (typeof value !== 'string') throw malformed()
  return fromBase64Url(value)
}

function malformed(): VaultError {
  return new VaultError('corrupt', 'the key ring authenticates but is malformed', { where: 'key ring' })
}
