// The key ring: the keys behind the vault key, as JSON and in use. docs/format.md, section 3 ("Vault key", `keyRing`),
// section 4 (keys of an epoch), section 7 (tombstone hash) and section 10 (MAC of the canary).

import type { Bytes, Epoch, Label, Seq, Tag, VaultId } from '../brand.js'
import { VaultError } from '../errors.js'
import { importAeadKey } from './aead.js'
import { hmac, KeyedHash, rowElement, rowLabel, tombstoneHash } from './blind.js'
import { fromBase64Url, fromUtf8, lengthPrefixed, randomBytes, toBase64Url, u64, utf8, wipe } from './bytes.js'
import { hkdf, hkdfFromKey, importHkdfKey } from './hkdf.js'
import { subtle } from './subtle.js'

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

/** Keys that come from the vault key itself; neither can be read back. */
export interface VaultKeys {
  /** HMAC-SHA-256, to sign and verify. */
  headerMacKey: CryptoKey
  /** AES-256-GCM, for the envelope of the key ring. */
  keyRingKey: CryptoKey
}

/** The keys of one epoch in use. Every method throws `locked` once the ring is wiped. */
export interface EpochKeys {
  readonly id: Epoch
  /** The key that seals rows of a store. @throws {RangeError} for a store the ring was not loaded for */
  sealKey(store: string): CryptoKey
  /** Name of a row of a run of pages: 16 bytes. */
  label(store: string, stem: string, page: number): Label
  /** What a row adds to the multiset hash of its store: 32 bytes. */
  element(store: string, label: Label, tag: Tag): Bytes
}

/** A loaded key ring. Every method throws `locked` after `wipe`. */
export interface KeyRing {
  readonly active: EpochKeys
  readonly epochs: readonly EpochKeys[]
  /** Undefined for an epoch the ring does not hold: a newer one, or one that has left. */
  epoch(id: Epoch): EpochKeys | undefined
  /** MAC of a canary, 32 bytes. */
  canaryMac(vaultId: VaultId, seq: Seq, tag: Tag): Bytes
  /** 16 bytes that stand for a deleted record. `parent` is undefined for records without one; ids may be ill-formed. */
  tombstoneHash(collection: string, parent: string | undefined, id: string): Bytes
  /** A copy of what was loaded, the caller's to zero. */
  content(): KeyRingContent
  /** Zeroes all key bytes and lets go of the keys. May be called twice. Best effort, as for all bytes in JavaScript. */
  wipe(): void
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

/** The keys that come straight from the vault key. The raw vault key stays the caller's, to zero. */
export async function deriveVaultKeys(vaultKey: Bytes, vaultId: VaultId): Promise<VaultKeys> {
  const macKey = await hkdf(vaultKey, vaultId, lengthPrefixed('sealed-vault/1/header-mac'), KEY_BYTES)
  const ringKey = await hkdf(vaultKey, vaultId, lengthPrefixed('sealed-vault/1/key-ring'), KEY_BYTES)
  try {
    const headerMacKey = await subtle().importKey('raw', macKey, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
    return { headerMacKey, keyRingKey: await importAeadKey(ringKey) }
  } finally {
    wipe(macKey)
    wipe(ringKey)
  }
}

/** The MAC of a header, 32 bytes, over all that stands before it. */
export async function headerMac(keys: VaultKeys, data: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle().sign('HMAC', keys.headerMacKey, data))
}

/**
 * Derives all keys of all epochs. The ring keeps copies: the bytes of `content` stay the caller's, to zero.
 * @param storeNames the stores that rows will be sealed for
 * @throws {RangeError} for a ring that `decodeKeyRing` would refuse
 */
export async function loadKeyRing(content: KeyRingContent, vaultId: VaultId, storeNames: readonly string[]): Promise<KeyRing> {
  if (!isSound(content)) throw new RangeError('a key ring needs one active epoch, distinct ids and keys of 32 bytes')
  const own = copyOf(content)
  const epochs = await Promise.all(own.epochs.map((epoch) => deriveEpochKeys(epoch, vaultId, storeNames)))
  return new LoadedKeyRing(own, epochs)
}

async function deriveEpochKeys({ id, key }: EpochKey, vaultId: VaultId, storeNames: readonly string[]): Promise<LoadedEpoch> {
  const root = await importHkdfKey(key)
  const derive = async <T>(info: Bytes, use: (raw: Bytes) => T): Promise<Awaited<T>> => {
    const raw = await hkdfFromKey(root, vaultId, info, KEY_BYTES)
    try {
      return await use(raw)
    } finally {
      wipe(raw)
    }
  }
  const sealKeys = storeNames.map(async (store) => {
    const sealKey = await derive(lengthPrefixed('sealed-vault/1/store', store), importAeadKey)
    return [store, sealKey] as const
  })
  const labelHash = await derive(lengthPrefixed('sealed-vault/1/label'), (raw) => new KeyedHash(raw))
  const multisetHash = await derive(lengthPrefixed('sealed-vault/1/multiset'), (raw) => new KeyedHash(raw))
  return new LoadedEpoch(id, new Map(await Promise.all(sealKeys)), labelHash, multisetHash)
}

class LoadedEpoch implements EpochKeys {
  readonly id: Epoch
  readonly #labelHash: KeyedHash
  readonly #multisetHash: KeyedHash
  #sealKeysByStore: ReadonlyMap<string, CryptoKey> | undefined

  constructor(id: Epoch, sealKeysByStore: ReadonlyMap<string, CryptoKey>, labelHash: KeyedHash, multisetHash: KeyedHash) {
    this.id = id
    this.#sealKeysByStore = sealKeysByStore
    this.#labelHash = labelHash
    this.#multisetHash = multisetHash
  }

  sealKey(store: string): CryptoKey {
    if (this.#sealKeysByStore === undefined) throw locked()
    const key = this.#sealKeysByStore.get(store)
    if (key === undefined) throw new RangeError(`the key ring has no key for a store ${store}`)
    return key
  }

  label(store: string, stem: string, page: number): Label {
    return rowLabel(this.#labelHash, store, stem, page)
  }

  element(store: string, label: Label, tag: Tag): Bytes {
    return rowElement(this.#multisetHash, store, label, tag)
  }

  wipe(): void {
    this.#sealKeysByStore = undefined
    this.#labelHash.wipe()
    this.#multisetHash.wipe()
  }
}

class LoadedKeyRing implements KeyRing {
  readonly active: EpochKeys
  readonly epochs: readonly LoadedEpoch[]
  #content: KeyRingContent | undefined

  /** `epochs` in the order of the content's. */
  constructor(content: KeyRingContent, epochs: readonly LoadedEpoch[]) {
    this.#content = content
    this.epochs = epochs
    this.active = epochs[content.epochs.findIndex(({ state }) => state === 'active')] as LoadedEpoch
  }

  epoch(id: Epoch): EpochKeys | undefined {
    this.#unlocked()
    return this.epochs.find((epoch) => epoch.id === id)
  }

  canaryMac(vaultId: VaultId, seq: Seq, tag: Tag): Bytes {
    return hmac(this.#unlocked().canaryKey, lengthPrefixed('sealed-vault/1/canary', vaultId, u64(seq), tag))
  }

  tombstoneHash(collection: string, parent: string | undefined, id: string): Bytes {
    const keyed = new KeyedHash(this.#unlocked().tombstoneKey)
    try {
      return tombstoneHash(keyed, collection, parent, id)
    } finally {
      keyed.wipe()
    }
  }

  content(): KeyRingContent {
    return copyOf(this.#unlocked())
  }

  wipe(): void {
    for (const epoch of this.epochs) epoch.wipe()
    if (this.#content === undefined) return
    wipeKeyRingContent(this.#content)
    this.#content = undefined
  }

  #unlocked(): KeyRingContent {
    if (this.#content === undefined) throw locked()
    return this.#content
  }
}

function copyOf(content: KeyRingContent): KeyRingContent {
  return {
    epochs: content.epochs.map((epoch) => ({ ...epoch, key: epoch.key.slice() })),
    slots: content.slots.map(({ id, bindingKey }) => ({ id: id.slice(), bindingKey: bindingKey.slice() })),
    canaryKey: content.canaryKey.slice(),
    tombstoneKey: content.tombstoneKey.slice(),
    minimumIterations: content.minimumIterations,
  }
}

/** The rules of docs/format.md that types do not express. */
function isSound({ epochs, slots, canaryKey, tombstoneKey, minimumIterations }: KeyRingContent): boolean {
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

function locked(): VaultError {
  return new VaultError('locked', 'the vault was locked')
}
