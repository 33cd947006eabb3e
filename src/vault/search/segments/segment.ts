// Reads a segment: its messages, its words, and the lists of terms. Implements docs/format.md, section 12, "Segment".

import { fromUtf8 } from '../../../crypto/bytes.js'
import { VaultError } from '../../../errors.js'
import { BLOCK_BYTES, type Blocks, type FileRange } from '../../core/blocks.js'
import type { Segment as SegmentEntry } from '../../core/index-segments.js'
import { SuspectPage } from '../../core/pages.js'
import { ByteReader, SLACK } from './bits.js'
import { findId } from './message-ids.js'
import { readList, type ListPlace, type ReadList } from './postings.js'
import { decodeFooter, decodeTable, decodeTimes, EXACT, FOOTER_BYTES, TIME_ENTRY, TIMES_CHUNK, type Footer, type GoneRun, type Runs } from './segment-format.js'

/** Pages of words kept read. */
const PAGES_KEPT = 1024

/** Words that lie together, and where their lists are. */
export class WordPage {
  /** All words, each followed by a zero. */
  readonly text: string
  readonly #bytes: Uint8Array
  readonly #entry: PageEntry
  readonly #count: number
  #words: readonly string[] | undefined
  /** Messages (doubled, odd where places span), and where the lists begin, from those of the page; one more at the end. */
  #numbers: { readonly messages: Uint32Array; readonly docs: Uint32Array; readonly places: Uint32Array } | undefined

  constructor(bytes: Uint8Array, entry: PageEntry) {
    const reader = new ByteReader(bytes)
    this.#count = reader.varint()
    const numbersLength = reader.varint()
    this.#bytes = bytes.subarray(reader.at, reader.at + numbersLength)
    this.#entry = entry
    this.text = fromUtf8(bytes.subarray(reader.at + numbersLength))
  }

  get words(): readonly string[] {
    if (this.#words === undefined) {
      this.#words = this.text.split('\0').slice(0, -1)
      if (this.#words.length !== this.#count) throw malformed()
    }
    return this.#words
  }

  placeOf(word: number): ListPlace {
    this.#numbers ??= this.#readNumbers()
    const { messages, docs, places } = this.#numbers
    return {
      messages: messages[word]! >>> 1,
      hasSpans: (messages[word]! & 1) === 1,
      docsAt: this.#entry.docsAt + docs[word]!,
      docsLength: docs[word + 1]! - docs[word]!,
      placesAt: this.#entry.placesAt + places[word]!,
      placesLength: places[word + 1]! - places[word]!,
    }
  }

  #readNumbers(): { messages: Uint32Array; docs: Uint32Array; places: Uint32Array } {
    const reader = new ByteReader(this.#bytes)
    const messages = new Uint32Array(this.#count)
    const docs = new Uint32Array(this.#count + 1)
    const places = new Uint32Array(this.#count + 1)
    for (let i = 0; i < this.#count; i++) {
      messages[i] = reader.varint()
      docs[i + 1] = docs[i]! + reader.varint()
      places[i + 1] = places[i]! + reader.varint()
    }
    return { messages, docs, places }
  }
}

interface PageEntry {
  readonly first: string
  readonly at: number
  readonly length: number
  readonly docsAt: number
  readonly placesAt: number
}

export class Segment {
  readonly entry: SegmentEntry
  readonly stems: readonly string[]
  readonly runs: Runs
  readonly gone: readonly GoneRun[]
  readonly footer: Footer
  readonly #blocks: Blocks
  readonly #directory: readonly PageEntry[]
  readonly #pages = new Map<number, WordPage>()
  readonly #times = new Map<number, Float64Array>()
  #chunks: { readonly first: Float64Array; readonly at: Uint32Array } | undefined
  #lengths: Uint8Array | undefined

  private constructor(blocks: Blocks, entry: SegmentEntry, footer: Footer, table: Uint8Array, directory: Uint8Array) {
    this.#blocks = blocks
    this.entry = entry
    this.footer = footer
    const { stems, runs, gone } = decodeTable(table)
    this.stems = stems
    this.runs = runs
    this.gone = gone
    this.#directory = decodeDirectory(directory, footer)
  }

  /** @throws {SuspectPage} when a block is missing or damaged, or authenticates and is not a segment */
  static async open(blocks: Blocks, entry: SegmentEntry): Promise<Segment> {
    const { stem } = entry
    const bytes = entry.blocks * BLOCK_BYTES
    const [end] = await blocks.read([{ stem, from: bytes - FOOTER_BYTES, length: FOOTER_BYTES }], 0)
    const footer = decodeFooter(end!)
    if (footer.messages !== entry.messages || footer.directoryAt + footer.directoryLength > bytes - FOOTER_BYTES || footer.tableLength > bytes) throw malformed()
    const [table, directory] = await blocks.read(
      [
        { stem, from: 0, length: footer.tableLength },
        { stem, from: footer.directoryAt, length: footer.directoryLength },
      ],
      SLACK,
    )
    return new Segment(blocks, entry, footer, table!, directory!)
  }

  get messages(): number {
    return this.footer.messages
  }

  #range(from: number, length: number): FileRange {
    return { stem: this.entry.stem, from, length }
  }

  async #read(from: number, length: number): Promise<Uint8Array> {
    const [bytes] = await this.#blocks.read([this.#range(from, length)], SLACK)
    return bytes!
  }

  /** The run that an ordinal belongs to. */
  runOf(ordinal: number): number {
    const { ordinals } = this.runs
    let low = 0
    let high = ordinals.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (ordinals[middle]! <= ordinal) low = middle
      else high = middle - 1
    }
    return low
  }

  /** The chat log and number of a message. */
  placeOf(ordinal: number): { readonly stem: string; readonly number: number } {
    const run = this.runOf(ordinal)
    return { stem: this.stems[this.runs.logs[run]!]!, number: this.runs.numbers[run]! - (ordinal - this.runs.ordinals[run]!) }
  }

  /** Length codes by ordinal. */
  async lengths(): Promise<Uint8Array> {
    this.#lengths ??= (await this.#read(this.footer.tableLength, this.messages)).subarray(0, this.messages)
    return this.#lengths
  }

  /** First times of all chunks, and where the steps to the others begin; one more at the end. */
  async #chunkTimes(): Promise<{ readonly first: Float64Array; readonly at: Uint32Array }> {
    if (this.#chunks !== undefined) return this.#chunks
    const count = Math.ceil(this.messages / TIMES_CHUNK)
    const bytes = await this.#read(this.footer.timesAt, count * TIME_ENTRY)
    const view = new DataView(bytes.buffer)
    const first = Float64Array.from({ length: count }, (_, i) => view.getFloat64(i * TIME_ENTRY))
    const stepsAt = this.footer.timesAt + count * TIME_ENTRY
    const at = Uint32Array.from({ length: count + 1 }, (_, i) => (i < count ? stepsAt + view.getUint32(i * TIME_ENTRY + 8) : this.footer.groupsAt))
    this.#chunks = { first, at }
    return this.#chunks
  }

  /** Times of messages, in the order asked for. */
  async timesOf(ordinals: Uint32Array): Promise<Float64Array> {
    const { first, at } = await this.#chunkTimes()
    const missing = [...new Set(Array.from(ordinals, (ordinal) => Math.floor(ordinal / TIMES_CHUNK)))].filter((chunk) => !this.#times.has(chunk))
    const read = await this.#blocks.read(missing.map((chunk) => this.#range(at[chunk]!, at[chunk + 1]! - at[chunk]!)), SLACK)
    for (const [i, chunk] of missing.entries()) this.#times.set(chunk, decodeTimes(read[i]!, first[chunk]!, Math.min(TIMES_CHUNK, this.messages - chunk * TIMES_CHUNK)))
    return Float64Array.from(ordinals, (ordinal) => this.#times.get(Math.floor(ordinal / TIMES_CHUNK))![ordinal % TIMES_CHUNK]!)
  }

  /** The times of all messages; not kept. */
  async allTimes(): Promise<Float64Array> {
    const { first, at } = await this.#chunkTimes()
    const times = new Float64Array(this.messages)
    if (first.length === 0) return times
    const steps = await this.#read(at[0]!, at[first.length]! - at[0]!)
    for (let chunk = 0; chunk < first.length; chunk++) {
      const from = chunk * TIMES_CHUNK
      times.set(decodeTimes(steps.subarray(at[chunk]! - at[0]!), first[chunk]!, Math.min(TIMES_CHUNK, this.messages - from)), from)
    }
    return times
  }

  /** Ordinals of the messages from one time to another, both included: from `first` up to `end` (exclusive). */
  async ordinalsBetween(from: number, to: number): Promise<{ readonly first: number; readonly end: number }> {
    const first = to === Infinity ? 0 : await this.#firstWhere((time) => time <= to)
    const end = from === -Infinity ? this.messages : await this.#firstWhere((time) => time < from)
    return { first, end }
  }

  /** The first ordinal whose time passes; all after it do, for times fall. */
  async #firstWhere(passes: (time: number) => boolean): Promise<number> {
    if (this.messages === 0) return 0
    const { first } = await this.#chunkTimes()
    let low = 0
    let high = first.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (passes(first[middle]!)) high = middle
      else low = middle + 1
    }
    if (low === 0) return 0
    // The chunk before begins with one that does not pass, but may hold some that do.
    const from = (low - 1) * TIMES_CHUNK
    const times = await this.timesOf(Uint32Array.from({ length: Math.min(TIMES_CHUNK, this.messages - from) }, (_, i) => from + i))
    const inside = times.findIndex(passes)
    return from + (inside === -1 ? times.length : inside)
  }

  /** How many pages of words there are. */
  get pageCount(): number {
    return this.#directory.length
  }

  /** The page that would hold a word: the last one that does not begin behind it. */
  pageFor(word: string): number {
    let low = 0
    let high = this.#directory.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#directory[middle]!.first <= word) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Pages that may hold words beginning so. */
  pagesFor(prefix: string): { readonly from: number; readonly to: number } {
    const from = this.pageFor(prefix)
    let to = from
    while (to + 1 < this.#directory.length && (this.#directory[to + 1]!.first.startsWith(prefix) || this.#directory[to + 1]!.first < prefix)) to++
    return { from, to }
  }

  /** Reads pages of words, `to` included. */
  async pages(from: number, to: number): Promise<readonly WordPage[]> {
    const wanted: number[] = []
    for (let page = from; page <= to && page < this.#directory.length; page++) wanted.push(page)
    const missing = wanted.filter((page) => !this.#pages.has(page))
    const found = new Map(wanted.filter((page) => this.#pages.has(page)).map((page) => [page, this.#pages.get(page)!]))
    if (missing.length > 0) {
      const bytes = await this.#blocks.read(missing.map((page) => this.#range(this.#directory[page]!.at, this.#directory[page]!.length)), 0)
      for (const [i, page] of missing.entries()) {
        const read = new WordPage(bytes[i]!, this.#directory[page]!)
        found.set(page, read)
        this.#pages.set(page, read)
      }
      for (const oldest of this.#pages.keys()) {
        if (this.#pages.size <= PAGES_KEPT) break
        this.#pages.delete(oldest)
      }
    }
    return wanted.map((page) => found.get(page)!)
  }

  /** Where the list of this very term is. */
  async find(term: string): Promise<ListPlace | undefined> {
    if (this.#directory.length === 0) return undefined
    const page = this.pageFor(term)
    const [read] = await this.pages(page, page)
    const at = indexOf(read!.words, term)
    return at === -1 ? undefined : read!.placeOf(at)
  }

  /** Lists read, many at once. @param exact whether they are those of exact terms */
  async lists(places: readonly ListPlace[], exact = false): Promise<ReadList[]> {
    const bytes = await this.#blocks.read(places.map(({ docsAt, docsLength }) => this.#range(docsAt, docsLength)), SLACK)
    return places.map((place, i) => readList(place, bytes[i]!, !exact))
  }

  /** The bytes of the places of lists, for `readChunkPlaces`. */
  placeBytes(places: readonly ListPlace[]): Promise<Uint8Array[]> {
    return this.#blocks.read(places.map(({ placesAt, placesLength }) => this.#range(placesAt, placesLength)), SLACK)
  }

  /** Ordinals of messages that may have this id. */
  findId(id: string): Promise<number[]> {
    if (this.messages === 0) return Promise.resolve([])
    return findId(id, this.messages, (from, length) => this.#read(this.footer.idsAt + from, length))
  }

  /** All hashes of ids as they lie in the segment. */
  idBytes(): Promise<Uint8Array> {
    return this.#read(this.footer.idsAt, this.footer.directoryAt - this.footer.idsAt)
  }
}

function decodeDirectory(bytes: Uint8Array, footer: Footer): PageEntry[] {
  const reader = new ByteReader(bytes)
  const entries: PageEntry[] = []
  let at = footer.wordsAt
  let groupAt = footer.groupsAt
  for (let left = footer.pages; left > 0; left--) {
    const firstLength = reader.varint()
    const first = fromUtf8(bytes.subarray(reader.at, reader.at + firstLength))
    reader.at += firstLength
    const length = reader.varint()
    const docsLength = reader.varint()
    const placesLength = reader.varint()
    entries.push({ first, at, length, docsAt: groupAt, placesAt: groupAt + docsLength })
    at += length
    groupAt += docsLength + placesLength
  }
  return entries
}

function indexOf(sorted: readonly string[], term: string): number {
  let low = 0
  let high = sorted.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const word = sorted[middle]!
    if (word === term) return middle
    if (word < term) low = middle + 1
    else high = middle - 1
  }
  return -1
}

/** Whether a term of a page is a word of a text. */
export function isWord(term: string): boolean {
  return !term.startsWith(EXACT)
}

function malformed(): SuspectPage {
  return new SuspectPage(new VaultError('corrupt', 'a segment of the search index is malformed; rebuildIndex() makes it anew', { where: 'blocks', reason: 'segment' }))
}
