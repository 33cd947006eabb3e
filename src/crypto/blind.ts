// Keyed hashes of small things, by noble: synchronous, and quicker than WebCrypto for a few dozen bytes. Row labels and
// the elements of the multiset hash are made here (docs/format.md, section 4); they say nothing to who lacks the key.

import { hmac as nobleHmac } from '@noble/hashes/hmac.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import type { Bytes, Label, Tag } from '../brand.js'
import { VaultError } from '../errors.js'
import { lengthPrefixed, u64 } from './bytes.js'

type HmacState = ReturnType<typeof nobleHmac.create>

const HASH_BYTES = 32
const LABEL_BYTES = 16

/**
 * HMAC-SHA-256 (RFC 2104) under one key. The two blocks that depend on the key alone are hashed once, here, and not for
 * every message. The key is copied into that state; the bytes given stay the caller's, to zero.
 */
export class KeyedHash {
  /** Has taken in the key and nothing else; never finished. */
  readonly #prepared: HmacState
  /** Takes a copy of it for each message, without allocating. */
  readonly #working: HmacState
  #wiped = false

  constructor(key: Uint8Array) {
    this.#prepared = nobleHmac.create(nobleSha256, key)
    this.#working = this.#prepared.clone() as HmacState
  }

  /**
   * The 32 bytes for this message, in a new buffer.
   * @throws {VaultError} `locked` after `wipe`
   */
  digest(message: Uint8Array): Bytes {
    if (this.#wiped) throw new VaultError('locked', 'the vault was locked')
    const out = new Uint8Array(HASH_BYTES)
    this.#prepared._cloneInto(this.#working).update(message).digestInto(out)
    return out
  }

  /** Zeroes the state. Best effort, as for all bytes in JavaScript. */
  wipe(): void {
    this.#wiped = true
    this.#prepared.destroy()
    this.#working.destroy()
  }
}

/** HMAC-SHA-256 of one message under a key used once. */
export function hmac(key: Uint8Array, data: Uint8Array): Bytes {
  const hash = new KeyedHash(key)
  try {
    return hash.digest(data)
  } finally {
    hash.wipe()
  }
}

/** SHA-256 (FIPS 180-4) without a key: a checksum, no protection against who can write. */
export function sha256(data: Uint8Array): Bytes {
  return nobleSha256(data)
}

/** SHA-256 of what comes in pieces. */
export function createSha256(): { update(data: Uint8Array): unknown; digest(): Bytes } {
  return nobleSha256.create() as { update(data: Uint8Array): unknown; digest(): Bytes }
}

/**
 * The label of a row, 16 bytes, under the label key of an epoch.
 * @throws {RangeError} when `page` is no unsigned safe integer
 */
export function rowLabel(labelHash: KeyedHash, store: string, stem: string, page: number): Label {
  return labelHash.digest(lengthPrefixed(store, stem, u64(page))).slice(0, LABEL_BYTES) as Label
}

/** What a row adds to the multiset hash of its store, 32 bytes, under the multiset key of its epoch. */
export function rowElement(multisetHash: KeyedHash, store: string, label: Label, tag: Tag): Bytes {
  return multisetHash.digest(lengthPrefixed(store, label, tag))
}

const TOMBSTONE_BYTES = 16

/** 16 bytes that stand for a deleted record, under a tombstone key. `parent` is undefined for records without one; ids may be ill-formed. */
export function tombstoneHash(keyed: KeyedHash, collection: string, parent: string | undefined, id: string): Bytes {
  // Ids may hold lone surrogates, which UTF-8 cannot and JSON can.
  return keyed.digest(lengthPrefixed(collection, parent === undefined ? '' : JSON.stringify(parent), JSON.stringify(id))).slice(0, TOMBSTONE_BYTES)
}
