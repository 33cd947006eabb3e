// In which messages a term stands, how often, and where: lists in chunks of 128 messages, each with its own Rice
// parameters. Implements docs/format.md, section 12, "Lists".

import { BitReader, ByteReader, riceParameter, type ByteSink } from './bits.js'

/** Messages of one chunk. */
export const CHUNK = 128
const MOST_COUNTED = 255

/** What of a term's list is where in its group. */
export interface ListPlace {
  /** How many messages hold the term. */
  readonly messages: number
  /** Some of its places take up more than one position. */
  readonly hasSpans: boolean
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
  readonly docsLength: number
  readonly placesLength: number
}

/**
 * Appends a list to the two streams of its group.
 * @param lengths length codes by ordinal, for the bound that each chunk keeps
 * @param places undefined for terms that stand nowhere in a text: then every entry of `ordinals` is a message
 */
export function writeList({ ordinals, positions, spans, from, to }: Places, lengths: Uint8Array, docs: ByteSink, places: ByteSink | undefined): WrittenList {
  const docsFrom = docs.length
  const placesFrom = places?.length ?? 0
  const hasSpans = places !== undefined && anyLonger(spans, from, to)
  let messages = 0
  let before = -1
  // A chunk says how long it is before it is there, so chunks that have a directory are kept aside until all are written.
  let directory: number[] | undefined
  let bodies: Uint8Array[] | undefined
  for (let at = from; at < to; ) {
    const count = startsOf(ordinals, at, to)
    const end = starts[count]!
    const last = ordinals[end - 1]!
    if (end < to && directory === undefined) {
      directory = []
      bodies = []
    }
    const docsAt = docs.length
    const placesAt = places?.length ?? 0
    const { most, shortest } = writeChunkDocs(ordinals, count, before, lengths, docs, places !== undefined)
    if (places !== undefined) writeChunkPlaces(positions, spans, count, hasSpans, places)
    if (directory !== undefined) {
      directory.push(last - before - 1, docs.length - docsAt, (places?.length ?? 0) - placesAt, Math.min(most, MOST_COUNTED), shortest)
      bodies!.push(docs.view().slice(docsAt))
      docs.truncate(docsAt)
    }
    messages += count
    before = last
    at = end
  }
  for (let i = 0; directory !== undefined && i < directory.length; i += 5) {
    docs.varint(directory[i]!)
    docs.varint(directory[i + 1]!)
    docs.varint(directory[i + 2]!)
    docs.byte(directory[i + 3]!)
    docs.byte(directory[i + 4]!)
  }
  for (const body of bodies ?? []) docs.bytes(body)
  return { messages, hasSpans, docsLength: docs.length - docsFrom, placesLength: (places?.length ?? 0) - placesFrom }
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

function writeChunkDocs(ordinals: Uint32Array, count: number, before: number, lengths: Uint8Array, docs: ByteSink, counted: boolean): { readonly most: number; readonly shortest: number } {
  const last = ordinals[starts[count]! - 1]!
  const parameter = riceParameter(last - before - count, count)
  docs.bits(parameter, 5)
  let previous = before
  let most = 0
  let shortest = 255
  for (let i = 0; i < count; i++) {
    const ordinal = ordinals[starts[i]!]!
    const times = starts[i + 1]! - starts[i]!
    docs.rice(ordinal - previous - 1, parameter)
    if (counted) docs.gamma(times)
    previous = ordinal
    if (times > most) most = times
    if (lengths[ordinal]! < shortest) shortest = lengths[ordinal]!
  }
  docs.align()
  return { most, shortest }
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

/** The messages of a list, read. */
export interface ReadList {
  readonly place: ListPlace
  /** Ascending. */
  readonly ordinals: Uint32Array
  /** How often each holds the term. */
  readonly counts: Uint32Array
  /** Where the places of each chunk begin, in bytes from those of the list. */
  readonly chunkPlaces: Uint32Array
}

/** @param bytes of the list's docs part, with SLACK bytes behind it; @param counted false for terms that stand nowhere in a text */
export function readList(place: ListPlace, bytes: Uint8Array, counted = true): ReadList {
  const { messages } = place
  const chunks = Math.ceil(messages / CHUNK)
  const ordinals = new Uint32Array(messages)
  const counts = new Uint32Array(messages)
  const chunkPlaces = new Uint32Array(chunks)
  const chunkDocs = new Uint32Array(chunks)
  let at = 0
  if (chunks > 1) {
    const directory = new ByteReader(bytes)
    let docs = 0
    let places = 0
    for (let chunk = 0; chunk < chunks; chunk++) {
      directory.varint()
      chunkDocs[chunk] = docs
      docs += directory.varint()
      chunkPlaces[chunk] = places
      places += directory.varint()
      directory.at += 2
    }
    at = directory.at
  }
  let previous = -1
  for (let chunk = 0; chunk < chunks; chunk++) {
    const reader = new BitReader(bytes, at + chunkDocs[chunk]!)
    const parameter = reader.bits(5)
    const end = Math.min(messages, (chunk + 1) * CHUNK)
    for (let i = chunk * CHUNK; i < end; i++) {
      previous += reader.rice(parameter) + 1
      ordinals[i] = previous
      counts[i] = counted ? reader.gamma() : 1
    }
  }
  return { place, ordinals, counts, chunkPlaces }
}

/** Places of one chunk: those of its message i are from `starts[i]` up to `starts[i + 1]`. */
export interface ChunkPlaces {
  readonly starts: Uint32Array
  readonly positions: Uint32Array
  /** Undefined where every place takes up one position. */
  readonly spans: Uint32Array | undefined
}

/** @param bytes of the list's places part, with SLACK bytes behind it */
export function readChunkPlaces({ place, counts, chunkPlaces }: ReadList, bytes: Uint8Array, chunk: number): ChunkPlaces {
  const first = chunk * CHUNK
  const end = Math.min(place.messages, first + CHUNK)
  const starts = new Uint32Array(end - first + 1)
  for (let i = first; i < end; i++) starts[i - first + 1] = starts[i - first]! + counts[i]!
  const total = starts[end - first]!
  const positions = new Uint32Array(total)
  const spans = place.hasSpans ? new Uint32Array(total) : undefined
  const reader = new BitReader(bytes, chunkPlaces[chunk]!)
  const parameter = reader.bits(5)
  for (let i = 0; i < end - first; i++) {
    let previous = 0
    for (let at = starts[i]!; at < starts[i + 1]!; at++) {
      previous += reader.rice(parameter)
      positions[at] = previous
      if (spans !== undefined) spans[at] = reader.gamma()
    }
  }
  return { starts, positions, spans }
}
