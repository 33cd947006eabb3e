// All terms of a segment in order, with all of their places: for merging and for checking.

import type { Blocks } from '../../core/blocks.js'
import { SLACK } from './bits.js'
import { CHUNK, readChunkPlaces, readList } from './postings.js'
import { EXACT } from './segment-format.js'
import type { Segment, WordPage } from './segment.js'

/** One term: by place, in ascending order, the message, the position and how many positions it takes up. */
export interface StreamedTerm {
  readonly term: string
  readonly ordinals: Uint32Array
  readonly positions: Uint32Array
  readonly spans: Uint32Array
}

export class TermStream {
  readonly #segment: Segment
  readonly #blocks: Blocks
  #page: WordPage | undefined
  #pageNumber = -1
  #word = -1
  /** The page's lists, and where they begin in the segment. */
  #bytes: Uint8Array = new Uint8Array(0)
  #bytesAt = 0

  constructor(segment: Segment, blocks: Blocks) {
    this.#segment = segment
    this.#blocks = blocks
  }

  /** The term it stands at, or undefined behind the last one. */
  get term(): string | undefined {
    return this.#page?.words[this.#word]
  }

  /** Goes on to the next term. @throws {SuspectPage} */
  async next(): Promise<void> {
    if (this.#page !== undefined && ++this.#word < this.#page.words.length) return
    this.#word = 0
    if (++this.#pageNumber >= this.#segment.pageCount) {
      this.#page = undefined
      return
    }
    const [page] = await this.#segment.pages(this.#pageNumber, this.#pageNumber)
    this.#page = page!
    const last = page!.placeOf(page!.words.length - 1)
    this.#bytesAt = page!.placeOf(0).docsAt
    const [bytes] = await this.#blocks.read([{ stem: this.#segment.entry.stem, from: this.#bytesAt, length: last.placesAt + last.placesLength - this.#bytesAt }], SLACK)
    this.#bytes = bytes!
  }

  /** Everything about the term it stands at. */
  read(): StreamedTerm {
    const term = this.term!
    const place = this.#page!.placeOf(this.#word)
    const exact = term.startsWith(EXACT)
    const list = readList(place, this.#bytes.subarray(place.docsAt - this.#bytesAt), !exact)
    if (exact) return { term, ordinals: list.ordinals, positions: new Uint32Array(list.ordinals.length), spans: list.counts }
    let total = 0
    for (const count of list.counts) total += count
    const found = { term, ordinals: new Uint32Array(total), positions: new Uint32Array(total), spans: new Uint32Array(total).fill(1) }
    const placeBytes = this.#bytes.subarray(place.placesAt - this.#bytesAt)
    let at = 0
    for (let chunk = 0; chunk * CHUNK < place.messages; chunk++) {
      const { starts, positions, spans } = readChunkPlaces(list, placeBytes, chunk)
      found.positions.set(positions, at)
      if (spans !== undefined) found.spans.set(spans, at)
      for (let i = 0; i + 1 < starts.length; i++) found.ordinals.fill(list.ordinals[chunk * CHUNK + i]!, at + starts[i]!, at + starts[i + 1]!)
      at += positions.length
    }
    return found
  }
}
