// In which messages a term stands, how often, and where: lists in chunks of 128 messages, each with its own Rice
// parameters. Implements docs/format.md, section 12, "Lists".

import { BitReader, ByteSink, riceParameter } from './bits.js'
import { mustBe } from './malformed.js'

/** Messages of one chunk. */
export const CHUNK = 128
/** Kept in one byte; a bound that says this much says "or more". */
export const MOST_COUNTED = 255
/** Pairs that bound a chunk, at most. */
export const MOST_PAIRS = 8

/** What of a term's list is where in its group. */
export interface ListPlace {
  /** How many messages hold the term. */
  readonly messages: number
  /** Some of its places take up more than one position. */
  readonly hasSpans: boolean
  /** The ordinal of the newest of them. */
  readonly first: number
  /** In bytes of the segment. */
  readonly docsAt: number
  readonly docsLength: number
  readonly placesAt: number
  readonly placesLength: number
}

/** All places of one term in order: the message's ordinal, the position in it, how many positions it takes up. */
export interface Places {
  readonly ordinals: Uint32Array
  readonly positions: Uint32Array
  readonly spans: Uint32Array
  /** Only `from` up to `to` (exclusive) are meant. */
  readonly from: number
  readonly to: number
}

export interface WrittenList {
  readonly messages: number
  readonly hasSpans: boolean
  readonly first: number
  readonly docsLength: number
  readonly placesLength: number
}

/**
 * Appends a list to the two streams of its group.
 * @param lengths length codes by ordinal, for the bounds that each chunk keeps
 * @param places undefined for terms that stand nowhere in a text: then every entry of `ordinals` is a message
 */
export function writeList({ ordinals, positions, spans, from, to }: Places, lengths: Uint8Array, docs: ByteSink, places: ByteSink | undefined): WrittenList {
  const docsFrom = docs.length
  const placesFrom = places?.length ?? 0
  const hasSpans = places !== undefined && anyLonger(spans, from, to)
  const first = ordinals[from]!
  let messages = 0
  let before = -1
  // A chunk says how long it is before it is there, so chunks that have a directory are kept aside until all are written.
  let directory: ByteSink | undefined
  let bodies: Uint8Array[] | undefined
  for (let at = from; at < to; ) {
    const count = startsOf(ordinals, at, to)
    const end = starts[count]!
    const last = ordinals[end - 1]!
    if (end < to && directory === undefined) {
      directory = new ByteSink()
      bodies = []
    }
    const docsAt = docs.length
    const placesAt = places?.length ?? 0
    writeChunkDocs(ordinals, count, before, docs, places !== undefined)
    if (places !== undefined) writeChunkPlaces(positions, spans, count, hasSpans, places)
    if (directory !== undefined) {
      directory.varint(last - before - 1)
      directory.varint(docs.length - docsAt)
      directory.varint((places?.length ?? 0) - placesAt)
      writeBounds(ordinals, count, lengths, directory)
      bodies!.push(docs.view().slice(docsAt))
      docs.truncate(docsAt)
    }
    messages += count
    before = last
    at = end
  }
  if (directory !== undefined) docs.bytes(directory.view())
  for (const body of bodies ?? []) docs.bytes(body)
  return { messages, hasSpans, first, docsLength: docs.length - docsFrom, placesLength: (places?.length ?? 0) - placesFrom }
}

/** Where the places of each message of the chunk that is being written begin, and where the last ones end. Used again for every chunk: most lists are tiny. */
const starts = new Uint32Array(CHUNK + 1)

/** @returns how many messages the chunk from this place on has */
function startsOf(ordinals: Uint32Array, from: number, to: number): number {
  let messages = 0
  let at = from
  for (let before = -1; at < to; at++) {
    if (ordinals[at] === before) continue
    if (messages === CHUNK) break
    before = ordinals[at]!
    starts[messages++] = at
  }
  starts[messages] = at
  return messages
}

/** @param before the last ordinal of the chunk before; -1 for the first chunk, whose first ordinal is told elsewhere */
function writeChunkDocs(ordinals: Uint32Array, count: number, before: number, docs: ByteSink, counted: boolean): void {
  const told = before === -1 ? 1 : 0
  let previous = told === 1 ? ordinals[starts[0]!]! : before
  const last = ordinals[starts[count]! - 1]!
  const coded = count - told
  const parameter = coded === 0 ? 0 : riceParameter(last - previous - coded, coded)
  docs.bits(parameter, 5)
  for (let i = 0; i < count; i++) {
    const ordinal = ordinals[starts[i]!]!
    if (i >= told) docs.rice(ordinal - previous - 1, parameter)
    if (counted) docs.gamma(starts[i + 1]! - starts[i]!)
    previous = ordinal
  }
  docs.align()
}

/** The least length code of the messages that hold the term so often, for every count up to the greatest kept. */
const leastLengths = new Uint8Array(MOST_COUNTED + 1)

/**
 * Pairs of a count and a length code: each message of the chunk has a pair with no smaller count and no greater length, so what one of the pairs would be
 * worth at most bounds what the messages are (the impacts of Lucene's block-max index). The last pair stands for all that there is no room for.
 */
function writeBounds(ordinals: Uint32Array, count: number, lengths: Uint8Array, directory: ByteSink): void {
  let most = 0
  for (let i = 0; i < count; i++) {
    const times = Math.min(MOST_COUNTED, starts[i + 1]! - starts[i]!)
    if (times > most) {
      leastLengths.fill(255, most + 1, times + 1)
      most = times
    }
    const length = lengths[ordinals[starts[i]!]!]!
    if (length < leastLengths[times]!) leastLengths[times] = length
  }
  // From the greatest count down: a smaller count matters only with a smaller length.
  const pairs: number[] = []
  let least = 256
  for (let times = most; times > 0; times--) {
    if (leastLengths[times]! >= least) continue
    least = leastLengths[times]!
    pairs.push(times, least)
  }
  const kept = Math.min(MOST_PAIRS, pairs.length / 2)
  directory.byte(kept)
  for (let i = 1; i <= kept; i++) {
    const at = pairs.length - 2 * i
    directory.byte(i === MOST_PAIRS ? most : pairs[at]!)
    directory.byte(pairs[at + 1]!)
  }
}

function writeChunkPlaces(positions: Uint32Array, spans: Uint32Array, count: number, hasSpans: boolean, places: ByteSink): void {
  let sum = 0
  for (let i = 1; i <= count; i++) sum += positions[starts[i]! - 1]!
  const parameter = riceParameter(sum, starts[count]! - starts[0]!)
  places.bits(parameter, 5)
  for (let i = 0; i < count; i++) {
    let previous = 0
    for (let at = starts[i]!; at < starts[i + 1]!; at++) {
      places.rice(positions[at]! - previous, parameter)
      if (hasSpans) places.gamma(spans[at]!)
      previous = positions[at]!
    }
  }
  places.align()
}

function anyLonger(spans: Uint32Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (spans[at]! > 1) return true
  return false
}

/** Reads the docs of a chunk into arrays, from `to` on. @param bytes with SLACK bytes behind the chunk; @param before as for writing; @param counted false for terms that stand nowhere in a text */
export function readChunkDocs(bytes: Uint8Array, at: number, count: number, before: number, first: number, counted: boolean, ordinals: Uint32Array, counts: Uint32Array, to: number): void {
  const reader = new BitReader(bytes, at)
  const parameter = reader.bits(5)
  let previous = before
  let i = 0
  if (before === -1) {
    ordinals[to] = previous = first
    counts[to] = counted ? reader.gamma() : 1
    i = 1
  }
  if (!counted) {
    for (; i < count; i++) {
      previous += reader.rice(parameter) + 1
      ordinals[to + i] = previous
      counts[to + i] = 1
    }
    return
  }
  readPairs(reader, bytes, parameter, previous + 1, 1, ordinals, counts, to + i, to + count)
}

/**
 * Rice codes, each added to the sum so far, and a gamma code behind each: what a search of common words spends its time in. Both mostly lie in 32 bits.
 * @param first what the first code is added to; every further one is added to the sum before and `step`
 */
function readPairs(reader: BitReader, bytes: Uint8Array, parameter: number, first: number, step: number, sums: Uint32Array, gammas: Uint32Array, from: number, to: number): void {
  let bit = reader.at
  let sum = first
  for (let i = from; i < to; i++) {
    const at = bit >>> 3
    const shift = bit & 7
    let word = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
    if (shift !== 0) word = (word << shift) | (bytes[at + 4]! >>> (8 - shift))
    const ones = Math.clz32(~word)
    const used = ones + 1 + parameter
    const zeros = used < 32 ? Math.clz32(word << used) : 32
    if (used + 2 * zeros < 32) {
      sum += (ones << parameter) | (parameter === 0 ? 0 : (word << (ones + 1)) >>> (32 - parameter))
      gammas[i] = (word << (used + zeros)) >>> (31 - zeros)
      bit += used + 2 * zeros + 1
    } else {
      reader.at = bit
      sum += reader.rice(parameter)
      gammas[i] = reader.gamma()
      bit = reader.at
    }
    sums[i] = sum
    sum += step
  }
}

/** Places of one chunk: those of its message i are from `starts[i]` up to `starts[i + 1]`. */
export interface ChunkPlaces {
  readonly starts: Uint32Array
  readonly positions: Uint32Array
  /** Undefined where every place takes up one position. */
  readonly spans: Uint32Array | undefined
}

/** @param bytes with SLACK bytes behind the chunk; @param counts of its messages @throws {SuspectPage} */
export function readChunkPlaces(bytes: Uint8Array, at: number, counts: Uint32Array, messages: number, hasSpans: boolean): ChunkPlaces {
  const starts = new Uint32Array(messages + 1)
  let total = 0
  for (let i = 0; i < messages; i++) starts[i + 1] = total += counts[i]!
  // Each takes a bit at least.
  mustBe(total <= 8 * (bytes.length - at))
  const positions = new Uint32Array(total)
  const spans = hasSpans ? new Uint32Array(total) : undefined
  const reader = new BitReader(bytes, at)
  const parameter = reader.bits(5)
  if (spans === undefined) readPlainPlaces(reader, bytes, parameter, starts, positions)
  else {
    readPairs(reader, bytes, parameter, 0, 0, positions, spans, 0, total)
    // Summed up over the whole chunk; in a message they begin anew.
    for (let i = messages - 1; i > 0; i--) {
      const base = positions[starts[i]! - 1]!
      for (let place = starts[i]!; place < starts[i + 1]!; place++) positions[place]! -= base
    }
  }
  return { starts, positions, spans }
}

/** What a phrase of common words spends its time in. */
function readPlainPlaces(reader: BitReader, bytes: Uint8Array, parameter: number, starts: Uint32Array, positions: Uint32Array): void {
  let bit = reader.at
  for (let i = 0, place = 0; i + 1 < starts.length; i++) {
    const end = starts[i + 1]!
    for (let position = 0; place < end; place++) {
      const from = bit >>> 3
      const shift = bit & 7
      let word = (bytes[from]! << 24) | (bytes[from + 1]! << 16) | (bytes[from + 2]! << 8) | bytes[from + 3]!
      if (shift !== 0) word = (word << shift) | (bytes[from + 4]! >>> (8 - shift))
      const ones = Math.clz32(~word)
      const used = ones + 1 + parameter
      if (used <= 32) {
        position += (ones << parameter) | (parameter === 0 ? 0 : (word << (ones + 1)) >>> (32 - parameter))
        bit += used
      } else {
        reader.at = bit
        position += reader.rice(parameter)
        bit = reader.at
      }
      positions[place] = position
    }
  }
}
