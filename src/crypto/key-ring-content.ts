// What a key ring holds, as JSON. docs/format.md, section 3 (`keyRing`).

import type { Bytes, Epoch } from '../brand.js'
import { VaultError } from '../errors.js'
import { fromBase64Url, fromUtf8, randomBytes, toBase64Url, utf8, wipe } from './bytes.js'

const KEY_BYTES = 32
const MAX_EPOCH = 2 ** 32 - 1
const CONTENT_VERSION = 1
const STATES = ['active', 'retiring', 'quarantine-only'] as const
const CONTENT_FIELDS = ['v', 'epochs', 'slots', 'canaryKey', 'tombstoneKey', 'minimumIterations'] as const
const EPOCH_FIELDS = ['id', 'key', 'state'] as const
const SLOT_FIELDS = ['id', 'bindingKey'] as const
const SLOT_ID_BYTES = 16

/** The data key of one epoch: the root of everything sealed in it. */
export interface EpochKey {
  id: Epoch
  /** 32 random bytes. */
  key: Bytes
  state: (typeof STATES)[number]
}

/** What it takes, besides its public key, to wrap a vault key for a slot of the header. */
export interface SlotBindingKey {
  /** Of the slot, 16 bytes. */
  id: Bytes
  /** 32 random bytes. */
  bindingKey: Bytes
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
export function createKeyRingContent(minimumIterations: number, slots: readonly SlotBindingKey[]): KeyRingContent {
  return {
    epochs: [{ id: 1 as Epoch, key: randomBytes(KEY_BYTES), state: 'active' }],
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
    epochs: epochs.map(({ id, key, state }) => ({ id, key: toBase64Url(key), state })),
    slots: slots.map(({ id, bindingKey }) => ({ id: toBase64Url(id), bindingKey: toBase64Url(bindingKey) })),
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
      const { id, key, state } = fieldsOf(epoch, EPOCH_FIELDS)
      return { id: id as Epoch, key: bytesOf(key), state: state as EpochKey['state'] }
    }),
    slots: slots.map((slot: unknown) => {
      const { id, bindingKey } = fieldsOf(slot, SLOT_FIELDS)
      return { id: bytesOf(id), bindingKey: bytesOf(bindingKey) }
    }),
    canaryKey: bytesOf(canaryKey),
    tombstoneKey: bytesOf(tombstoneKey),
    minimumIterations: minimumIterations as number,
  }
  if (!isSound(content)) throw malformed()
  return content
}

/** A content with a new active epoch; those that were active retire. The bytes of the other epochs stay those of `content`. */
export function withNewEpoch(content: KeyRingContent): KeyRingContent {
  const id = (1 + Math.max(...content.epochs.map((epoch) => epoch.id))) as Epoch
  const before = content.epochs.map((epoch): EpochKey => (epoch.state === 'active' ? { ...epoch, state: 'retiring' } : epoch))
  return { ...content, epochs: [...before, { id, key: randomBytes(KEY_BYTES), state: 'active' }] }
}

/** The bytes of the copy are the caller's, to zero. */
export function copyOf(content: KeyRingContent): KeyRingContent {
  return {
    epochs: content.epochs.map((epoch) => ({ ...epoch, key: epoch.key.slice() })),
    slots: content.slots.map(({ id, bindingKey }) => ({ id: id.slice(), bindingKey: bindingKey.slice() })),
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
    epochs.every(({ id, state }) => Number.isInteger(id) && id >= 1 && id <= MAX_EPOCH && STATES.includes(state)) &&
    epochs.filter(({ state }) => state === 'active').length === 1 &&
    slotIds.size === slots.length &&
    slots.every(({ id }) => id.length === SLOT_ID_BYTES) &&
    keys.every((key) => key.length === KEY_BYTES) &&
    Number.isSafeInteger(minimumIterations) &&
    minimumIterations >= 1
  )
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

/** The object's fields, which must be these and no others: what is not understood must not be lost by writing again. */
function fieldsOf<Name extends string>(value: unknown, names: readonly Name[]): Record<Name, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed()
  if (Object.keys(value).length !== names.length || !names.every((name) => Object.hasOwn(value, name))) throw malformed()
  return value as Record<Name, unknown>
}

function bytesOf(value: unknown): Bytes {
  if (typeof value !== 'string') throw malformed()
  return fromBase64Url(value)
}

function malformed(): VaultError {
  return new VaultError('corrupt', 'the key ring authenticates but is malformed', { where: 'key ring' })
}
