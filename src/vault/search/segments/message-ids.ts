// Finds a message by its whole id: hashes in order, with the ordinals of their messages. A hash may lie, the page tells.
// Implements docs/format.md, section 12, "Ids".

import type { Slices } from '../../core/slices.js'
import { BitReader, ByteSink } from './bits.js'
import { mustBe } from './malformed.js'

/** Hashes that share a bucket, on average at most. */
const PER_BUCKET = 32
/** Written before the page gets its turn. */
const BUCKETS_AT_ONCE = 256
/** Bits of a hash. Few enough to be cheap; among millions of messages a look finds one in three times a message that is not meant. */
const HASH_BITS = 24

/** 24 bits that depend on every unit of the id (Austin Appleby's MurmurHash3 finaliser over FNV-1a, both public domain). Not secret: it lies sealed. */
export function hashId(id: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < id.length; i++) {
    const unit = id.charCodeAt(i)
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193)
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> (32 - HASH_BITS)
}

export interface IdLayout {
  readonly bucketBits: number
  readonly ordinalBits: number
  readonly entryBits: number
}

export function idLayout(messages: number): IdLayout {
  let bucketBits = 0
  while (messages > PER_BUCKET * 2 ** bucketBits && bucketBits < HASH_BITS) bucketBits++
  const ordinalBits = messages <= 1 ? 0 : 32 - Math.clz32(messages - 1)
  return { bucketBits, ordinalBits, entryBits: HASH_BITS - bucketBits + ordinalBits }
}

/** Bytes of the whole section. */
export function idsLength(messages: number): number {
  const { bucketBits, entryBits } = idLayout(messages)
  return 4 * (2 ** bucketBits + 1) + Math.ceil((messages * entryBits) / 8)
}

/** Where each bucket begins, 32 bits each, and the end; then the entries, packed. */
export async function encodeIds(ids: Uint32Array, slices: Slices): Promise<Uint8Array> {
  const { bucketBits, ordinalBits } = idLayout(ids.length)
  const kept = HASH_BITS - bucketBits
  const starts = new Uint32Array(2 ** bucketBits + 1)
  for (const id of ids) starts[bucketOf(id, bucketBits) + 1]!++
  for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1]!
  const sink = new ByteSink()
  for (const start of starts) sink.bits(start, 32)
  // One number of hash and ordinal; buckets are small, so only these are sorted.
  const keys = new Float64Array(ids.length)
  const next = starts.slice()
  for (const [ordinal, id] of ids.entries()) keys[next[bucketOf(id, bucketBits)]!++] = (id & (2 ** kept - 1)) * 2 ** ordinalBits + ordinal
  for (let bucket = 0; bucket + 1 < starts.length; bucket++) {
    if (bucket % BUCKETS_AT_ONCE === 0) await slices.breathe()
    for (const key of keys.subarray(starts[bucket], starts[bucket + 1]).sort()) {
      sink.bits(Math.floor(key / 2 ** ordinalBits), kept)
      sink.bits(key % 2 ** ordinalBits, ordinalBits)
    }
  }
  sink.align()
  return sink.view().slice()
}

function bucketOf(id: number, bucketBits: number): number {
  return id >>> (HASH_BITS - bucketBits)
}

/** The hash of every message, by ordinal. @param bytes of the whole section, with SLACK bytes behind it @throws {SuspectPage} */
export function decodeIds(bytes: Uint8Array, messages: number): Uint32Array {
  const { bucketBits, ordinalBits } = idLayout(messages)
  const buckets = 2 ** bucketBits
  const starts = new BitReader(bytes, 0)
  const entries = new BitReader(bytes, 4 * (buckets + 1))
  const ids = new Uint32Array(messages)
  let start = starts.bits(32)
  for (let bucket = 0; bucket < buckets; bucket++) {
    const end = starts.bits(32)
    mustBe(start <= end && end <= messages)
    for (; start < end; start++) {
      const rest = entries.bits(HASH_BITS - bucketBits)
      ids[entries.bits(ordinalBits)] = bucket * 2 ** (HASH_BITS - bucketBits) + rest
    }
  }
  return ids
}

/** Reads a part of the ids section: bytes with SLACK behind them. */
export type ReadIds = (from: number, length: number) => Promise<Uint8Array>

/** Ordinals of messages that may have this id. @throws {SuspectPage} */
export async function findId(id: string, messages: number, read: ReadIds): Promise<number[]> {
  const { bucketBits, ordinalBits, entryBits } = idLayout(messages)
  const kept = HASH_BITS - bucketBits
  const hash = hashId(id)
  const bucket = bucketOf(hash, bucketBits)
  const bounds = new BitReader(await read(4 * bucket, 8), 0)
  const start = bounds.bits(32)
  const end = bounds.bits(32)
  mustBe(start <= end && end <= messages)
  if (start === end) return []
  const entriesAt = 8 * 4 * (2 ** bucketBits + 1) + start * entryBits
  const from = entriesAt >>> 3
  const reader = new BitReader(await read(from, ((entriesAt + (end - start) * entryBits + 7) >>> 3) - from), 0)
  reader.at = entriesAt & 7
  const rest = hash & (2 ** kept - 1)
  const found: number[] = []
  for (let i = start; i < end; i++) {
    const same = reader.bits(kept) === rest
    const ordinal = reader.bits(ordinalBits)
    if (!same) continue
    mustBe(ordinal < messages)
    found.push(ordinal)
  }
  return found
}

