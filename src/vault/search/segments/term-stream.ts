// All terms of a segment in order, with all of their places: for merging and for checking.

import type { Blocks, BytesView } from '../../core/blocks.js'
import { SLACK } from './bits.js'
import { PostingList } from './posting-list.js'
import { EXACT } from './segment-format.js'
import type { Segment } from './segment.js'
import type { WordPage } from './word-page.js'

/** One term: by place, in ascending order, the message, the position and how many positions it takes up. */
export interface StreamedTerm {
  readonly term: string
  readonly ordinals: Uint32Array
  readonly positions: Uint32Array
  readonly spans: Uint32Array
}

export class TermStream {
  /** One for each tier of the vocabulary; a term is in one of them. */
  readonly #tiers: readonly TierStream[]
  #at: TierStream

  constructor(segment: Segment, blocks: Blocks) {
    this.#tiers = [new TierStream(segment, blocks, 0), new TierStream(segment, blocks, 1)]
    this.#at = this.#tiers[0]!
  }

  /** The term it stands at, or undefined behind the last one. */
  get term(): string | undefined {
    return this.#at.term
  }

  /** Goes on to the next term. @throws {SuspectPage} */
  async next(): Promise<void> {
    for (const tier of this.#tiers) if (tier === this.#at || !tier.hasBegun) await tier.next()
    const [first, second] = this.#tiers as readonly [TierStream, TierStream]
    this.#at = first.term === undefined || (second.term !== undefined && second.term < first.term) ? second : first
  }

  /** Everything about the term it stands at. @throws {SuspectPage} */
  read(): StreamedTerm {
    return this.#at.read()
  }
}

class TierStream {
  term: string | undefined
  hasBegun = false
  readonly #pages: AsyncGenerator<WordPage, void, undefined>
  readonly #segment: Segment
  readonly #blocks: Blocks
  #page: WordPage | undefined
  #word = 0
  /** The page's lists, and where they begin in the segment. */
  #bytes: Uint8Array = new Uint8Array(0)
  #bytesAt = 0

  constructor(segment: Segment, blocks: Blocks, tier: 0 | 1) {
    this.#pages = segment.vocabulary.pages(tier)
    this.#segment = segment
    this.#blocks = blocks
  }

  async next(): Promise<void> {
    this.hasBegun = true
    if (this.#page !== undefined && ++this.#word < this.#page.count) {
      this.term = this.#page.word(this.#word)
      return
    }
    const { value: page } = await this.#pages.next()
    this.#page = page ?? undefined
    this.#word = 0
    this.term = this.#page?.word(0)
    if (this.#page === undefined) return
    const last = this.#page.placeOf(this.#page.count - 1)
    this.#bytesAt = this.#page.placeOf(0).docsAt
    const [bytes] = await this.#blocks.read([{ stem: this.#segment.entry.stem, from: this.#bytesAt, length: last.placesAt + last.placesLength - this.#bytesAt }], SLACK)
    this.#bytes = bytes!
  }

  #view(at: number): BytesView {
    return { bytes: this.#bytes, at: at - this.#bytesAt }
  }

  read(): StreamedTerm {
    const term = this.term!
    const place = this.#page!.placeOf(this.#word)
    const exact = term.startsWith(EXACT)
    const list = new PostingList(place, !exact, this.#segment.messages)
    if (list.directoryLength > 0) list.open(this.#view(place.docsAt))
    list.load('docs', 0, list.chunks, this.#view(list.rangeOf('', 'docs', 0, list.chunks).from))
    const { ordinals, counts } = list.between(0, 0xffffffff)
    if (exact) return { term, ordinals, positions: new Uint32Array(ordinals.length), spans: counts }
    let total = 0
    for (const count of counts) total += count
    const found = { term, ordinals: new Uint32Array(total), positions: new Uint32Array(total), spans: new Uint32Array(total).fill(1) }
    list.load('places', 0, list.chunks, this.#view(place.placesAt))
    for (let chunk = 0, at = 0, message = 0; chunk < list.chunks; chunk++) {
      const { starts, positions, spans } = list.placesOf(chunk)
      found.positions.set(positions, at)
      if (spans !== undefined) found.spans.set(spans, at)
      for (let i = 0; i + 1 < starts.length; i++) found.ordinals.fill(ordinals[message++]!, at + starts[i]!, at + starts[i + 1]!)
      at += positions.length
    }
    return found
  }
}
