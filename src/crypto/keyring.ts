// The key ring in use: the keys behind the vault key. docs/format.md, section 3 ("Vault key"), section 4 (keys of an epoch),
// section 7 (tombstone hash) and section 10 (MAC of the canary).

import type { Bytes, Epoch, Label, Seq, Tag, VaultId } from '../brand.js'
import { VaultError } from '../errors.js'
import { importAeadKey } from './aead.js'
import { hmac, KeyedHash, rowElement, rowLabel, tombstoneHash } from './blind.js'
import { equalBytes, lengthPrefixed, u64, wipe } from './bytes.js'
import { hkdf, hkdfFromKey, importHkdfKey } from './hkdf.js'
import { copyOf, isSound, wipeKeyRingContent, type EpochKey, type KeyRingContent } from './key-ring-content.js'
import { subtle } from './subtle.js'

const KEY_BYTES = 32

/** The vault key and what comes from it. */
export interface VaultKeys {
  /** HMAC-SHA-256, to sign and verify; cannot be read back. */
  headerMacKey: CryptoKey
  /** AES-256-GCM, for the envelope of the key ring; cannot be read back. */
  keyRingKey: CryptoKey
  /** 32 bytes: what is handed to another open tab when it changes. The holder's, to zero. Missing in a tab that another one opened. */
  vaultKey?: Bytes | undefined
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
  /** The epochs and what is to become of them, in the order of `epochs`. */
  readonly states: readonly { readonly id: Epoch; readonly state: EpochKey['state']; readonly onDevice?: boolean | undefined }[]
  /** Undefined for an epoch the ring does not hold: a newer one, or one that has left. */
  epoch(id: Epoch): EpochKeys | undefined
  /** MAC of a canary, 32 bytes. */
  canaryMac(vaultId: VaultId, seq: Seq, tag: Tag): Bytes
  /** 16 bytes that stand for a deleted record. `parent` is undefined for records without one; ids may be ill-formed. */
  tombstoneHash(collection: string, parent: string | undefined, id: string): Bytes
  /** 32 bytes that only who has this ring, or one of its vault before or after it, can know: what a vault key is handed over under. */
  handOverKey(vaultId: VaultId, requestId: Bytes): Bytes
  /** A copy of what was loaded, the caller's to zero. */
  content(): KeyRingContent
  /**
   * A ring of another content of the same vault, which shares the keys in use of the epochs that both have. It is used by `become`, or let go of by `wipeNew`.
   * @throws {RangeError} for a content that `decodeKeyRing` would refuse
   */
  successor(content: KeyRingContent, vaultId: VaultId, storeNames: readonly string[]): Promise<RingSuccessor>
  /** Zeroes all key bytes and lets go of the keys. May be called twice. Best effort, as for all bytes in JavaScript. */
  wipe(): void
}

/** What a ring can become. */
export interface RingSuccessor {
  /** The ring to come: what is sealed with it opens once it has come. */
  readonly ring: KeyRing
  /** Makes the ring it was made from hold these keys, at once; the keys of epochs that are gone are wiped. @throws {VaultError} `locked` */
  become(): void
  /** Wipes what only the ring to come had. */
  wipeNew(): void
}

/** The vault key, copied, and the keys that come straight from it. The bytes given stay the caller's, to zero. */
export async function deriveVaultKeys(vaultKey: Bytes, vaultId: VaultId): Promise<VaultKeys> {
  const macKey = await hkdf(vaultKey, vaultId, lengthPrefixed('sealed-vault/1/header-mac'), KEY_BYTES)
  const ringKey = await hkdf(vaultKey, vaultId, lengthPrefixed('sealed-vault/1/key-ring'), KEY_BYTES)
  try {
    const headerMacKey = await subtle().importKey('raw', macKey, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
    return { headerMacKey, keyRingKey: await importAeadKey(ringKey), vaultKey: vaultKey.slice() }
  } finally {
    wipe(macKey)
    wipe(ringKey)
  }
}

/** Zeroes what can be zeroed of keys that nobody needs any more. */
export function wipeVaultKeys({ vaultKey }: VaultKeys): void {
  if (vaultKey !== undefined) wipe(vaultKey)
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
  #content: KeyRingContent | undefined
  #epochs: readonly LoadedEpoch[]

  /** `epochs` in the order of the content's. */
  constructor(content: KeyRingContent, epochs: readonly LoadedEpoch[]) {
    this.#content = content
    this.#epochs = epochs
  }

  get active(): EpochKeys {
    // A wiped ring still has epochs, each of which refuses what it is asked for.
    return this.#epochs[this.#content?.epochs.findIndex(({ state }) => state === 'active') ?? 0] as LoadedEpoch
  }

  get epochs(): readonly EpochKeys[] {
    return this.#epochs
  }

  get states(): KeyRing['states'] {
    return this.#unlocked().epochs.map(({ id, state, onDevice }) => ({ id, state, ...(onDevice === true && { onDevice }) }))
  }

  epoch(id: Epoch): EpochKeys | undefined {
    this.#unlocked()
    return this.#epochs.find((epoch) => epoch.id === id)
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

  handOverKey(vaultId: VaultId, requestId: Bytes): Bytes {
    // The one key of a ring that outlives every rotation, beside that of tombstones, which archives carry.
    return hmac(this.#unlocked().canaryKey, lengthPrefixed('sealed-vault/1/hand-over', vaultId, requestId))
  }

  content(): KeyRingContent {
    return copyOf(this.#unlocked())
  }

  async successor(content: KeyRingContent, vaultId: VaultId, storeNames: readonly string[]): Promise<RingSuccessor> {
    if (!isSound(content)) throw new RangeError('a key ring needs one active epoch, distinct ids and keys of 32 bytes')
    const known = this.#unlocked().epochs
    const shared = this.#epochs
    const own = copyOf(content)
    const epochs = await Promise.all(
      own.epochs.map(async (epoch) => {
        const at = known.findIndex(({ id, key }) => id === epoch.id && equalBytes(key, epoch.key))
        return at === -1 ? deriveEpochKeys(epoch, vaultId, storeNames) : shared[at]!
      }),
    )
    return {
      ring: new LoadedKeyRing(own, epochs),
      become: () => {
        const before = this.#unlocked()
        // Its own copy: the successor may be wiped by whoever made it.
        const mine = copyOf(own)
        for (const epoch of this.#epochs) if (!epochs.includes(epoch)) epoch.wipe()
        this.#epochs = epochs
        this.#content = mine
        wipeKeyRingContent(before)
      },
      wipeNew: () => {
        for (const epoch of epochs) if (!this.#epochs.includes(epoch)) epoch.wipe()
        wipeKeyRingContent(own)
      },
    }
  }

  wipe(): void {
    for (const epoch of this.#epochs) epoch.wipe()
    if (this.#content === undefined) return
    wipeKeyRingContent(this.#content)
    this.#content = undefined
  }

  #unlocked(): KeyRingContent {
    if (this.#content === undefined) throw locked()
    return this.#content
  }
}

function locked(): VaultError {
  return new VaultError('locked', 'the vault was locked')
}
