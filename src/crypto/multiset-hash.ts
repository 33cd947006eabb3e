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

  /**
   * The sums that are not zero: `mask u16` with bit s for shard s, then 32 bytes for each bit set, shard 0 first. What a few rows
   * add up to takes a few sums.
   */
  toSparseBytes(): Bytes {
    const all = this.toBytes()
    const used: number[] = []
    for (let shard = 0; shard < SHARDS; shard++) if (this.#sum(shard).some((word) => word !== 0)) used.push(shard)
    const bytes = new Uint8Array(2 + used.length * SUM_BYTES)
    new DataView(bytes.buffer).setUint16(0, used.reduce((mask, shard) => mask | (1 << shard), 0))
    for (const [i, shard] of used.entries()) bytes.set(all.subarray(shard * SUM_BYTES, (shard + 1) * SUM_BYTES), 2 + i * SUM_BYTES)
    return bytes
  }

  /** The inverse of `toSparseBytes`. @throws {VaultError} `corrupt` unless mask and length agree */
  static fromSparseBytes(bytes: Uint8Array): Multiset {
    const mask = bytes.length < 2 ? -1 : new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(0)
    const multiset = new Multiset()
    let at = 2
    for (let shard = 0; shard < SHARDS && mask !== -1; shard++) {
      if ((mask & (1 << shard)) === 0) continue
      if (at + SUM_BYTES <= bytes.length) multiset.#sum(shard).set(wordsOf(bytes.subarray(at, at + SUM_BYTES)))
      at += SUM_BYTES
    }
    if (mask === -1 || at !== bytes.length) throw new VaultError('corrupt', 'a multiset hash has the wrong length', { reason: 'multiset-length' })
    return multiset
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
  const words = new Uint32Array(SUM_WORDS)
  for (let i = 0; i < SUM_WORDS; i++) words[i] = view.getUint32(SUM_BYTES - 4 * (i + 1))
  return words
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
