// Which rows a store holds, whatever their order, in 512 bytes: docs/format.md, section 4, "Multiset". MSet-Add-Hash
// (Clarke, Devadas, van Dijk, Gassend, Suh, "Incremental Multiset Hash Functions and Their Application to Memory Integrity
// Checking", ASIACRYPT 2003, section 5): the sum of keyed hashes modulo 2^256. The sums are kept sealed, so none is blinded.

import type { Bytes, Label } from '../brand.js'
import { VaultError } from '../errors.js'

const SHARDS = 16
const SUM_BYTES = 32
/** 32-bit words of one sum. Within a sum the least significant word comes first: carries then run upwards. */
const SUM_WORDS = SUM_BYTES / 4
const TWO_TO_32 = 2 ** 32

/** Sixteen sums, told apart by the high 4 bits of a label, so that a mismatch names a sixteenth of the store. */
export class Multiset {
  readonly #words = new Uint32Array(SHARDS * SUM_WORDS)

  /** The inverse of `toBytes`. @throws {VaultError} `corrupt` unless there are 512 bytes */
  static fromBytes(bytes: Uint8Array): Multiset {
    if (bytes.length !== SHARDS * SUM_BYTES) {
      throw new VaultError('corrupt', 'a multiset hash has the wrong length', { reason: 'multiset-length' })
    }
    const multiset = new Multiset()
    for (let shard = 0; shard < SHARDS; shard++) {
      multiset.#words.set(wordsOf(bytes.subarray(shard * SUM_BYTES, (shard + 1) * SUM_BYTES)), shard * SUM_WORDS)
    }
    return multiset
  }

  /** Counts a row in. @throws {RangeError} unless the element has 32 bytes */
  add(label: Label, element: Bytes): void {
    addTo(this.#shardOf(label), wordsOf(element))
  }

  /** Counts a row out: undoes one `add` of the same row. @throws {RangeError} unless the element has 32 bytes */
  remove(label: Label, element: Bytes): void {
    subtractFrom(this.#shardOf(label), wordsOf(element))
  }

  /** Counts in everything that `other` counts. */
  merge(other: Multiset): void {
    for (let shard = 0; shard < SHARDS; shard++) addTo(this.#sum(shard), other.#sum(shard))
  }

  /** Counts out everything that `other` counts. */
  subtract(other: Multiset): void {
    for (let shard = 0; shard < SHARDS; shard++) subtractFrom(this.#sum(shard), other.#sum(shard))
  }

  /** True when both count the same rows equally often: who lacks the key cannot bring about a false match. */
  equals(other: Multiset): boolean {
    return this.#words.every((word, i) => word === other.#words[i])
  }

  /** True when as much was counted out as in. */
  isZero(): boolean {
    return this.#words.every((word) => word === 0)
  }

  clone(): Multiset {
    const copy = new Multiset()
    copy.#words.set(this.#words)
    return copy
  }

  /** The sixteen sums in order of their shards, each 32 bytes big-endian. */
  toBytes(): Bytes {
    const bytes = new Uint8Array(SHARDS * SUM_BYTES)
    const view = new DataView(bytes.buffer)
    for (let shard = 0; shard < SHARDS; shard++) {
      const end = (shard + 1) * SUM_BYTES
      this.#sum(shard).forEach((word, i) => view.setUint32(end - 4 * (i + 1), word))
    }
    return bytes
  }

  #shardOf(label: Label): Uint32Array {
    return this.#sum((label[0] ?? 0) >> 4)
  }

  #sum(shard: number): Uint32Array {
    return this.#words.subarray(shard * SUM_WORDS, (shard + 1) * SUM_WORDS)
  }
}

/** A big-endian 256-bit integer as words, the least significant first. */
function wordsOf(element: Uint8Array): Uint32Array {
  if (element.length !== SUM_BYTES) throw new RangeError(`an element has ${SUM_BYTES} bytes, got ${element.length}`)
  const view = new DataView(element.buffer, element.byteOffset, SUM_BYTES)
  return Uint32Array.from({ length: SUM_WORDS }, (_, i) => view.getUint32(SUM_BYTES - 4 * (i + 1)))
}

/** sum += words. What is carried out of the top is dropped: that is the modulus. */
function addTo(sum: Uint32Array, words: Uint32Array): void {
  let carry = 0
  for (let i = 0; i < SUM_WORDS; i++) {
    const total = (sum[i] as number) + (words[i] as number) + carry
    sum[i] = total
    carry = total >= TWO_TO_32 ? 1 : 0
  }
}

/** sum -= words, borrowing past the top likewise. */
function subtractFrom(sum: Uint32Array, words: Uint32Array): void {
  let borrow = 0
  for (let i = 0; i < SUM_WORDS; i++) {
    const total = (sum[i] as number) - (words[i] as number) - borrow
    sum[i] = total
    borrow = total < 0 ? 1 : 0
  }
}
