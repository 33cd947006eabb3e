// Reads a segment: its messages, its words, and the lists of terms. Implements docs/format.md, section 12, "Segment".

import { BLOCK_BYTES, type Blocks, type FileRange } from '../../core/blocks.js'
import type { Segment as SegmentEntry } from '../../core/index-segments.js'
import { Slices } from '../../core/slices.js'
import { SLACK } from './bits.js'
import { mustBe } from './malformed.js'
import { findId, idsLength } from './message-ids.js'
import { PostingList } from './posting-list.js'
import type { ListPlace } from './postings.js'
import { decodeDirectory, decodeFooter, decodeTable, decodeTimes, FOOTER_BYTES, TIME_ENTRY, TIMES_CHUNK, newMessages, type DecodedTable, type Footer, type GoneRun, type Runs } from './segment-format.js'
import { Vocabulary } from './vocabulary.js'
import { partsLength } from './word-parts.js'

/** Chunks that nobody asked for are read along where there are no more than so many between two. */
const CHUNKS_BETWEEN = 4

export class Segment {
  readonly entry: SegmentEntry
  readonly stems: readonly string[]
  readonly runs: Runs
  readonly gone: readonly GoneRun[]
  readonly footer: Footer
  readonly vocabulary: Vocabulary
  readonly #blocks: Blocks
  /** Their section, as it lies in the segment: what is found is told with its time, so that every search would have to read of it. */
  readonly #timesSection: Uint8Array
  /** By chunk of times: that of its first message. */
  readonly #firstTimes: Float64Array
  /** By chunk: its times. */
  readonly #times = new Map<number, Float64Array>()
  #lengths: Uint8Array | undefined

  private constructor(blocks: Blocks, entry: SegmentEntry, footer: Footer, table: DecodedTable, directory: Uint8Array, times: Uint8Array) {
    this.#blocks = blocks
    this.entry = entry
    this.footer = footer
    this.stems = table.stems
    this.runs = table.runs
    this.gone = table.gone
    const pages = decodeDirectory(directory, footer)
    const boundary = newMessages(footer.messages)
    mustBe(footer.idsAt - footer.partsAt === (boundary === 0 ? 0 : partsLength(pages.filter(({ tier }) => tier === 1).length)))
    this.vocabulary = new Vocabulary(blocks, entry.stem, pages, boundary, footer.partsAt)
    this.#timesSection = times
    const view = new DataView(times.buffer)
    this.#firstTimes = Float64Array.from({ length: Math.ceil(footer.messages / TIMES_CHUNK) }, (_, chunk) => view.getFloat64(chunk * TIME_ENTRY))
  }

  /** @throws {SuspectPage} when a block is missing or damaged, or authenticates and is not a segment */
  static async open(blocks: Blocks, entry: SegmentEntry): Promise<Segment> {
    const { stem } = entry
    const bytes = entry.blocks * BLOCK_BYTES
    const [end] = await blocks.read([{ stem, from: bytes - FOOTER_BYTES, length: FOOTER_BYTES }], 0)
    const footer = decodeFooter(end!)
    mustBe(footer.messages === entry.messages && footer.units === entry.units && isInOrder(footer, bytes - FOOTER_BYTES))
    const [table, directory, times] = await blocks.read(
      [
        { stem, from: 0, length: footer.tableLength },
        { stem, from: footer.directoryAt, length: footer.directoryLength },
        { stem, from: footer.timesAt, length: footer.groupsAt - footer.timesAt },
      ],
      SLACK,
    )
    return new Segment(blocks, entry, footer, await decodeTable(table!, footer, new Slices()), directory!, times!)
  }

  get messages(): number {
    return this.footer.messages
  }

  /** Forgets what can be read again; which messages there are it keeps, their times, of which two or three bytes each are kept, and their lengths, a byte each. */
  release(): void {
    this.vocabulary.release()
    this.#times.clear()
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

  #timesIn(chunk: number): Float64Array {
    let times = this.#times.get(chunk)
    if (times === undefined) this.#times.set(chunk, (times = this.#decodeTimes(chunk)))
    return times
  }

  #decodeTimes(chunk: number): Float64Array {
    const entries = timesEntries(this.footer)
    const at = entries + new DataView(this.#timesSection.buffer).getUint32(chunk * TIME_ENTRY + 8)
    mustBe(at < this.#timesSection.length - SLACK)
    return decodeTimes(this.#timesSection.subarray(at), this.#firstTimes[chunk]!, Math.min(TIMES_CHUNK, this.messages - chunk * TIMES_CHUNK))
  }

  /** Times of messages, in the order asked for. */
  timesOf(ordinals: Uint32Array): Float64Array {
    return Float64Array.from(ordinals, (ordinal) => this.#timesIn(Math.floor(ordinal / TIMES_CHUNK))[ordinal % TIMES_CHUNK]!)
  }

  /** The times of messages that stand so many apart, from the newest on. @param step a multiple of 128 */
  newestTimes(step: number): Float64Array {
    return this.#firstTimes.filter((_, chunk) => (chunk * TIMES_CHUNK) % step === 0)
  }

  /** The times of all messages; not kept. */
  allTimes(): Float64Array {
    const times = new Float64Array(this.messages)
    for (let chunk = 0; chunk < this.#firstTimes.length; chunk++) times.set(this.#decodeTimes(chunk), chunk * TIMES_CHUNK)
    return times
  }

  /** Ordinals of the messages from one time to another, both included: from `first` up to `end` (exclusive). */
  ordinalsBetween(from: number, to: number): { readonly first: number; readonly end: number } {
    const first = to === Infinity ? 0 : this.#firstWhere((time) => time <= to)
    const end = from === -Infinity ? this.messages : this.#firstWhere((time) => time < from)
    return { first, end }
  }

  /** The first ordinal whose time passes; all after it do, for times fall. */
  #firstWhere(passes: (time: number) => boolean): number {
    if (this.messages === 0) return 0
    const first = this.#firstTimes
    let low = 0
    let high = first.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (passes(first[middle]!)) high = middle
      else low = middle + 1
    }
    if (low === 0) return 0
    // The chunk before begins with one that does not pass, but may hold some that do.
    const times = this.#timesIn(low - 1)
    const inside = times.findIndex(passes)
    return (low - 1) * TIMES_CHUNK + (inside === -1 ? times.length : inside)
  }

  /** Lists that can say which of their chunks are needed. @param exact whether they are those of exact terms */
  async lists(places: readonly ListPlace[], exact = false): Promise<PostingList[]> {
    const lists = places.map((place) => new PostingList(place, !exact, this.messages))
    const long = lists.filter(({ directoryLength }) => directoryLength > 0)
    const views = await this.#blocks.views(long.map(({ place, directoryLength }) => this.#range(place.docsAt, directoryLength)), SLACK)
    for (const [i, list] of long.entries()) list.open(views[i]!)
    return lists
  }

  /** Has the blocks with these lists opened. */
  async readAhead(lists: readonly PostingList[]): Promise<void> {
    await this.#blocks.views(lists.map(({ place }) => this.#range(place.docsAt, place.docsLength)), 0)
  }

  /** Loads chunks of lists; ascending numbers for each. */
  async loadChunks(part: 'docs' | 'places', wanted: readonly { readonly list: PostingList; readonly chunks: Iterable<number> }[]): Promise<void> {
    const runs: { readonly list: PostingList; readonly from: number; to: number }[] = []
    for (const { list, chunks } of wanted) {
      let run: { readonly list: PostingList; readonly from: number; to: number } | undefined
      for (const chunk of chunks) {
        if (!list.lacks(chunk, part)) continue
        // A short way between two is read along: it mostly lies in the same block.
        if (run !== undefined && chunk - run.to <= CHUNKS_BETWEEN) run.to = chunk + 1
        else runs.push((run = { list, from: chunk, to: chunk + 1 }))
      }
    }
    if (runs.length === 0) return
    const views = await this.#blocks.views(runs.map(({ list, from, to }) => list.rangeOf(this.entry.stem, part, from, to)), SLACK)
    for (const [i, { list, from, to }] of runs.entries()) list.load(part, from, to, views[i]!)
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

/** Length of what comes before the steps of the times. */
function timesEntries({ messages }: Footer): number {
  return Math.ceil(messages / TIMES_CHUNK) * TIME_ENTRY
}

/** Whether everything lies where the format says, one after the other, as far as the footer tells. @param end of all of it at most */
function isInOrder(footer: Footer, end: number): boolean {
  const { messages, tableLength, timesAt, groupsAt, wordsAt, numbersAt, partsAt, idsAt, directoryAt, directoryLength } = footer
  const rises = timesAt + timesEntries(footer) <= groupsAt && groupsAt <= wordsAt && wordsAt <= numbersAt && numbersAt <= partsAt && partsAt <= idsAt
  return rises && tableLength + messages === timesAt && idsAt + idsLength(messages) === directoryAt && directoryAt + directoryLength <= end
}
