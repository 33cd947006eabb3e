// Writes a segment, term by term in order, so that one of any size passes through little memory.
// Implements docs/format.md, section 12, "Segment".

import { utf8 } from '../../../crypto/bytes.js'
import type { BlockWriter } from '../../core/blocks.js'
import type { Slices } from '../../core/slices.js'
import { ByteSink } from './bits.js'
import { encodeIds } from './message-ids.js'
import { writeList, type Places } from './postings.js'
import { encodeFooter, encodeTable, encodeTimes, EXACT, newMessages, WORDS_PAGE, type GoneRun, type MessageTable } from './segment-format.js'
import { decodeLength } from './length-code.js'
import { WordParts } from './word-parts.js'

/** What a manifest says of a segment. */
export interface WrittenSegment {
  readonly stem: string
  readonly blocks: number
  readonly messages: number
  readonly units: number
}

/**
 * More than a segment takes for most text in languages with spaces: a curve over twelve corpora of real dialogues (from 3 bytes a word in large
 * segments to 9 in small ones) and made-up text that is richer in words. It depends on how many messages and words there are, never on which: below 64 blocks the size of
 * a segment is this, rounded up, and says nothing about words.
 */
function usualBytes(messages: number, places: number): number {
  return 400 + 8 * messages + places * (2 + 50 * Math.max(1, places) ** -0.27)
}

/** Words that will lie together. */
class OpenPage {
  readonly docs = new ByteSink()
  readonly places = new ByteSink()
  readonly numbers = new ByteSink()
  readonly words = new ByteSink()
  first = ''
  count = 0

  empty(): void {
    for (const sink of [this.docs, this.places, this.numbers, this.words]) sink.truncate(0)
    this.count = 0
  }
}

export class SegmentWriter {
  readonly #file: BlockWriter
  readonly #table: MessageTable
  readonly #tableLength: number
  readonly #timesAt: number
  readonly #groupsAt: number
  /** By tier, the page that is being filled. */
  readonly #open = [new OpenPage(), new OpenPage()] as const
  // Of all pages; by tier, so that one can be read without the other.
  readonly #words = [new ByteSink(), new ByteSink()] as const
  readonly #numbers = [new ByteSink(), new ByteSink()] as const
  readonly #directory = new ByteSink()
  /** Of the second tier, which is long. */
  readonly #parts = new WordParts()
  #pageCount = 0
  #wordCount = 0
  #placeCount = 0

  private constructor(file: BlockWriter, table: MessageTable, tableLength: number, timesAt: number) {
    this.#file = file
    this.#table = table
    this.#tableLength = tableLength
    this.#timesAt = timesAt
    this.#groupsAt = file.length
  }

  /** Begins a segment with what is known of its messages. */
  static async open(file: BlockWriter, table: MessageTable, gone: readonly GoneRun[], slices: Slices): Promise<SegmentWriter> {
    file.write(encodeTable(table, gone))
    const tableLength = file.length
    file.write(table.lengths)
    const timesAt = file.length
    file.write(await encodeTimes(table.times, slices))
    return new SegmentWriter(file, table, tableLength, timesAt)
  }

  /** Adds a term; they must come in the order of their UTF-16 units. */
  add(term: string, places: Places): void {
    const tier = places.ordinals[places.from]! < newMessages(this.#table.logs.length) ? 0 : 1
    const page = this.#open[tier]
    if (page.count === 0) page.first = term
    const exact = term.startsWith(EXACT)
    if (!exact) this.#placeCount += places.to - places.from
    const { messages, hasSpans, first, docsLength, placesLength } = writeList(places, this.#table.lengths, page.docs, exact ? undefined : page.places)
    page.numbers.varint(messages * 2 + (hasSpans ? 1 : 0))
    page.numbers.varint(first)
    page.numbers.varint(docsLength)
    page.numbers.varint(placesLength)
    if (tier === 1 && !exact) this.#parts.add(term)
    page.words.bytes(utf8(term))
    page.words.byte(0)
    page.count++
    this.#wordCount++
    if (page.numbers.length + page.words.length >= WORDS_PAGE) this.#endPage(tier)
  }

  #endPage(tier: 0 | 1): void {
    const page = this.#open[tier]
    if (page.count === 0) return
    this.#file.write(page.docs.view())
    this.#file.write(page.places.view())
    this.#words[tier].bytes(page.words.view())
    this.#numbers[tier].bytes(page.numbers.view())
    const first = utf8(page.first)
    this.#directory.varint(2 * first.length + tier)
    this.#directory.bytes(first)
    for (const number of [page.count, page.words.length, page.numbers.length, page.docs.length, page.places.length]) this.#directory.varint(number)
    page.empty()
    if (tier === 1) this.#parts.endPage()
    this.#pageCount++
  }

  /** Ends the file; its blocks can be taken. */
  async finish(slices: Slices): Promise<WrittenSegment> {
    this.#endPage(0)
    this.#endPage(1)
    const file = this.#file
    const wordsAt = file.length
    for (const words of this.#words) file.write(words.view())
    const numbersAt = file.length
    for (const numbers of this.#numbers) file.write(numbers.view())
    const partsAt = file.length
    // Few pages are soon read.
    if (newMessages(this.#table.logs.length) > 0) file.write(this.#parts.encode())
    const idsAt = file.length
    file.write(await encodeIds(this.#table.ids, slices))
    const directoryAt = file.length
    file.write(this.#directory.view())
    let units = 0
    for (const code of this.#table.lengths) units += decodeLength(code)
    const messages = this.#table.logs.length
    const directoryLength = file.length - directoryAt
    if (file.length > 0xffffffff) throw new RangeError('a segment is longer than its footer can say')
    const footer = encodeFooter({ messages, tableLength: this.#tableLength, timesAt: this.#timesAt, groupsAt: this.#groupsAt, wordsAt, numbersAt, partsAt, idsAt, directoryAt, directoryLength, pages: this.#pageCount, words: this.#wordCount, units })
    return { stem: file.stem, blocks: file.finish(footer, usualBytes(messages, this.#placeCount)), messages, units }
  }
}
