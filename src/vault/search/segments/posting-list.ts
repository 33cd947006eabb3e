// The list of one term, read chunk by chunk as far as it is asked for. Implements docs/format.md, section 12, "docs part".

import type { BytesView, FileRange } from '../../core/blocks.js'
import { ByteReader } from './bits.js'
import { malformed, mustBe } from './malformed.js'
import { CHUNK, MOST_PAIRS, readChunkDocs, readChunkPlaces, type ChunkPlaces, type ListPlace } from './postings.js'

/** Messages in ascending order of their ordinals, and how often each has what was asked for. */
export interface Matches {
  readonly ordinals: Uint32Array
  readonly counts: Uint32Array
}

/** What an entry of the directory takes at most: three numbers below 2^32, and its bounds. */
const LONGEST_ENTRY = 15 + 1 + 2 * MOST_PAIRS

interface Directory {
  /** By chunk: its last ordinal. */
  readonly lasts: Uint32Array
  /** By chunk: where it begins, in bytes from the beginning of the part; one more at the end. */
  readonly docs: Uint32Array
  readonly places: Uint32Array
  /** By chunk: where its pairs begin in `pairs`; one more at the end. */
  readonly bounds: Uint32Array
  /** Count and length code, in turns. */
  readonly pairs: Uint8Array
}

export class PostingList {
  readonly place: ListPlace
  readonly chunks: number
  readonly #counted: boolean
  /** No ordinal is as great. */
  readonly #end: number
  #directory: Directory | undefined
  // Loaded parts by chunk.
  readonly #docs: (BytesView | undefined)[] = []
  readonly #places: (BytesView | undefined)[] = []
  /** The chunk that is decoded. */
  #chunk = -1
  #ordinals: Uint32Array | undefined
  #counts: Uint32Array | undefined
  #length = 0

  /**
   * @param counted false for terms that stand nowhere in a text
   * @param end how many messages the segment has
   * @throws {SuspectPage}
   */
  constructor(place: ListPlace, counted: boolean, end: number) {
    mustBe(place.messages > 0 && place.messages <= end && place.first < end)
    this.place = place
    this.#counted = counted
    this.#end = end
    this.chunks = Math.ceil(place.messages / CHUNK)
  }

  /** Bytes of the docs part that its directory is in; 0 when there is none to be read. */
  get directoryLength(): number {
    return this.chunks < 2 || this.#directory !== undefined ? 0 : Math.min(this.place.docsLength, this.chunks * LONGEST_ENTRY)
  }

  /** @param view of `directoryLength` bytes from the beginning of the docs part, with SLACK bytes behind them @throws {SuspectPage} */
  open({ bytes, at }: BytesView): void {
    const { chunks } = this
    const directory = { lasts: new Uint32Array(chunks), docs: new Uint32Array(chunks + 1), places: new Uint32Array(chunks + 1), bounds: new Uint32Array(chunks + 1) }
    const pairs: number[] = []
    const reader = new ByteReader(bytes, at)
    let last = -1
    let docs = 0
    let places = 0
    for (let chunk = 0; chunk < chunks; chunk++) {
      directory.lasts[chunk] = last += reader.varint() + 1
      directory.docs[chunk + 1] = docs += reader.varint()
      directory.places[chunk + 1] = places += reader.varint()
      for (let left = bytes[reader.at++]!; left > 0; left--) pairs.push(bytes[reader.at++]!, bytes[reader.at++]!)
      directory.bounds[chunk + 1] = pairs.length
    }
    const length = reader.at - at
    mustBe(last < this.#end && length + docs === this.place.docsLength && places === this.place.placesLength)
    for (let chunk = 0; chunk <= chunks; chunk++) directory.docs[chunk]! += length
    this.#directory = { ...directory, pairs: Uint8Array.from(pairs) }
  }

  /** The chunk that would hold an ordinal: the first that does not end before it, looked for from `from` on; `chunks` behind all of them. */
  chunkFor(ordinal: number, from = 0): number {
    if (this.#directory === undefined) return this.chunks === 0 ? 0 : from
    const { lasts } = this.#directory
    return seek(lasts, from, ordinal)
  }

  /** Chunks that may hold ordinals from `low` up to `high` (exclusive): from the first up to the second (exclusive). */
  chunksBetween(low: number, high: number): readonly [from: number, to: number] {
    if (high <= low || high <= this.place.first) return [0, 0]
    const from = this.chunkFor(low)
    return [from, Math.min(this.chunks, this.chunkFor(high - 1, from) + 1)]
  }

  /** Chunks that may hold some of these ordinals, ascending. */
  chunksOf(ordinals: Uint32Array): number[] {
    const chunks: number[] = []
    const lasts = this.#directory?.lasts
    if (ordinals.length === 0 || ordinals[ordinals.length - 1]! < this.place.first) return chunks
    if (lasts === undefined) return this.chunks === 0 ? chunks : [0]
    for (let i = seek(ordinals, 0, this.place.first), chunk = 0; i < ordinals.length; ) {
      chunk = seek(lasts, chunk, ordinals[i]!)
      if (chunk === this.chunks) break
      chunks.push(chunk)
      i = seek(ordinals, i, lasts[chunk]! + 1)
    }
    return chunks
  }

  /** The last ordinal of one of several chunks. */
  lastOf(chunk: number): number {
    return this.#directory!.lasts[chunk]!
  }

  /** What one chunk's messages have at most, as pairs of a count and a length code. */
  forEachBound(chunk: number, visit: (count: number, lengthCode: number) => void): void {
    const { bounds, pairs } = this.#directory!
    for (let i = bounds[chunk]!; i < bounds[chunk + 1]!; i += 2) visit(pairs[i]!, pairs[i + 1]!)
  }

  /** Whether a chunk still has to be loaded. */
  lacks(chunk: number, part: 'docs' | 'places'): boolean {
    return (part === 'docs' ? this.#docs : this.#places)[chunk] === undefined
  }

  /** Where chunks lie that follow each other, as a stretch of the segment. */
  rangeOf(stem: string, part: 'docs' | 'places', from: number, to: number): FileRange {
    const { docsAt, docsLength, placesAt, placesLength } = this.place
    const [at, length, offsets] = part === 'docs' ? [docsAt, docsLength, this.#directory?.docs] : [placesAt, placesLength, this.#directory?.places]
    const start = offsets?.[from] ?? 0
    return { stem, from: at + start, length: (offsets?.[to] ?? length) - start }
  }

  /** Takes what lies at `rangeOf`. */
  load(part: 'docs' | 'places', from: number, to: number, { bytes, at }: BytesView): void {
    const [views, offsets] = part === 'docs' ? [this.#docs, this.#directory?.docs] : [this.#places, this.#directory?.places]
    for (let chunk = from; chunk < to; chunk++) views[chunk] = { bytes, at: offsets === undefined ? at : at + offsets[chunk]! - offsets[from]! }
  }

  #sizeOf(chunk: number): number {
    return Math.min(CHUNK, this.place.messages - chunk * CHUNK)
  }

  #decodeInto(chunk: number, ordinals: Uint32Array, counts: Uint32Array, to: number): void {
    const { bytes, at } = this.#docs[chunk]!
    const size = this.#sizeOf(chunk)
    readChunkDocs(bytes, at, size, chunk === 0 ? -1 : this.#directory!.lasts[chunk - 1]!, this.place.first, this.#counted, ordinals, counts, to)
    // They rise, so none is greater.
    const last = ordinals[to + size - 1]!
    if (this.#directory === undefined ? last >= this.#end : last !== this.#directory.lasts[chunk]) throw malformed()
  }

  #decode(chunk: number): void {
    if (chunk === this.#chunk) return
    this.#length = this.#sizeOf(chunk)
    this.#ordinals ??= new Uint32Array(Math.min(CHUNK, this.place.messages))
    this.#counts ??= new Uint32Array(this.#ordinals.length)
    this.#decodeInto(chunk, this.#ordinals, this.#counts, 0)
    this.#chunk = chunk
  }

  /** All messages with ordinals from `low` up to `high` (exclusive); their chunks are loaded. @throws {SuspectPage} */
  between(low: number, high: number): Matches {
    const [from, to] = this.chunksBetween(low, high)
    const room = Math.min(this.place.messages - from * CHUNK, (to - from) * CHUNK)
    const ordinals = new Uint32Array(Math.max(0, room))
    const counts = new Uint32Array(ordinals.length)
    for (let chunk = from; chunk < to; chunk++) this.#decodeInto(chunk, ordinals, counts, (chunk - from) * CHUNK)
    const start = seek(ordinals, 0, low)
    const end = seek(ordinals, start, high)
    return { ordinals: ordinals.subarray(start, end), counts: counts.subarray(start, end) }
  }

  /** Those of these messages that are in the list; their chunks are loaded. @throws {SuspectPage} */
  among(wanted: Uint32Array): Matches {
    const ordinals = new Uint32Array(Math.min(wanted.length, this.place.messages))
    const counts = new Uint32Array(ordinals.length)
    let length = 0
    for (let i = seek(wanted, 0, this.place.first), chunk = 0; i < wanted.length; ) {
      chunk = this.chunkFor(wanted[i]!, chunk)
      if (chunk >= this.chunks) break
      this.#decode(chunk)
      const own = this.#ordinals!.subarray(0, this.#length)
      const last = own[own.length - 1]!
      // From one to the other and back: neither is walked through where the other has nothing.
      for (let at = 0; i < wanted.length && wanted[i]! <= last; ) {
        at = seek(own, at, wanted[i]!)
        if (own[at] === wanted[i]) {
          ordinals[length] = wanted[i]!
          counts[length++] = this.#counts![at]!
          i++
        } else i = seek(wanted, i, own[at]!)
      }
      // What is left lies behind the only chunk.
      if (this.#directory === undefined) break
    }
    return { ordinals: ordinals.subarray(0, length), counts: counts.subarray(0, length) }
  }

  /** Adds the counts of messages from `low` on to an array that begins there; their chunks are loaded. @throws {SuspectPage} */
  addTo(sums: Uint32Array, low: number): void {
    const high = low + sums.length
    const [from, to] = this.chunksBetween(low, high)
    for (let chunk = from; chunk < to; chunk++) {
      this.#decode(chunk)
      const [ordinals, counts] = [this.#ordinals!, this.#counts!]
      for (let i = 0; i < this.#length; i++) {
        const ordinal = ordinals[i]!
        if (ordinal >= low && ordinal < high) sums[ordinal - low]! += counts[i]!
      }
    }
  }

  /** Messages and places of a chunk; both are loaded. @throws {SuspectPage} */
  placesOf(chunk: number): ChunkPlaces & { readonly ordinals: Uint32Array } {
    this.#decode(chunk)
    const { bytes, at } = this.#places[chunk]!
    return { ...readChunkPlaces(bytes, at, this.#counts!, this.#length, this.place.hasSpans), ordinals: this.#ordinals!.slice(0, this.#length) }
  }
}

/** The first place from `at` on that is not below the value: steps that double, then halves. */
export function seek(sorted: Uint32Array, at: number, value: number): number {
  if (at >= sorted.length || sorted[at]! >= value) return at
  let step = 1
  let low = at
  while (low + step < sorted.length && sorted[low + step]! < value) {
    low += step
    step *= 2
  }
  let high = Math.min(sorted.length, low + step)
  while (low + 1 < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle
    else high = middle
  }
  return high
}
