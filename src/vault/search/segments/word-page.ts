// Words that lie together, and where their lists are. Implements docs/format.md, section 12, "word pages".

import type { BytesView } from '../../core/blocks.js'
import { compare, type ComparedTerm } from '../words/query.js'
import { ByteReader } from './bits.js'
import { mustBe, readWords } from './malformed.js'
import type { ListPlace } from './postings.js'
import { EXACT, type PageEntry } from './segment-format.js'

/** Comes after all exact terms, and before every word. */
const BEHIND_EXACT = '\u0002'

export class WordPage {
  readonly entry: PageEntry
  /** All words, each followed by a zero. */
  #text = ''
  #bytes: Uint8Array | undefined
  /** Where each word begins; one more at the end. */
  #starts: Uint32Array | undefined
  /** Messages (doubled, odd where places span), their newest one, and where the lists begin, from those of the page; one more at the end. */
  #numbers: { readonly messages: Uint32Array; readonly firsts: Uint32Array; readonly docs: Uint32Array; readonly places: Uint32Array } | undefined

  constructor(entry: PageEntry) {
    this.entry = entry
  }

  get count(): number {
    return this.entry.count
  }

  get hasWords(): boolean {
    return this.#text !== ''
  }

  get hasNumbers(): boolean {
    return this.#bytes !== undefined || this.#numbers !== undefined
  }

  /** @throws {SuspectPage} */
  takeWords({ bytes, at }: BytesView): void {
    this.#text = readWords(bytes.subarray(at, at + this.entry.wordsLength))
  }

  takeNumbers({ bytes, at }: BytesView): void {
    this.#bytes = bytes.subarray(at, at + this.entry.numbersLength)
  }

  #wordStarts(): Uint32Array {
    if (this.#starts !== undefined) return this.#starts
    const starts = new Uint32Array(this.count + 1)
    let at = 0
    for (let i = 1; i <= this.count; i++) {
      const end = this.#text.indexOf('\0', at)
      // Else it would begin again.
      mustBe(end !== -1)
      starts[i] = at = end + 1
    }
    mustBe(at === this.#text.length)
    this.#starts = starts
    return starts
  }

  word(index: number): string {
    const starts = this.#wordStarts()
    return this.#text.slice(starts[index], starts[index + 1]! - 1)
  }

  /** Where this very term is, or -1. */
  indexOf(term: string): number {
    const at = this.#firstFrom(term)
    return at < this.count && this.word(at) === term ? at : -1
  }

  /** The first word that does not come before a term. */
  #firstFrom(term: string): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.word(middle) < term) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Visits the words that a term of a query means. */
  forEachMeant(term: ComparedTerm, visit: (index: number) => void): void {
    switch (term.comparison) {
      case 'equal': {
        const at = this.indexOf(term.term)
        if (at !== -1) visit(at)
        return
      }
      case 'begins':
        for (let i = this.#firstFrom(term.term); i < this.count && this.word(i).startsWith(term.term); i++) visit(i)
        return
      case 'contains':
        return this.#forEachWith(term.term, visit)
      case 'ends':
        this.#forEachWith(term.term, (i) => {
          if (compare(this.word(i), term)) visit(i)
        })
        return
      case 'near':
      case 'begins-near':
        for (let i = this.#firstFrom(BEHIND_EXACT); i < this.count; i++) if (compare(this.word(i), term)) visit(i)
    }
  }

  /** Goes from one occurrence of the letters to the next, so that most words are never looked at. */
  #forEachWith(letters: string, visit: (index: number) => void): void {
    // Exact terms are no words; they come before all of them.
    let at = this.#text.indexOf(letters, this.#text.startsWith(EXACT) ? this.#wordStarts()[this.#firstFrom(BEHIND_EXACT)] : 0)
    if (at === -1) return
    const starts = this.#wordStarts()
    for (let i = 0; at !== -1; ) {
      i = wordAt(starts, i, at)
      visit(i)
      at = this.#text.indexOf(letters, starts[i + 1])
    }
  }

  /** In how many messages a word stands. */
  messagesOf(word: number): number {
    return (this.#numbers ??= this.#readNumbers()).messages[word]! >>> 1
  }

  /** The ordinal of the newest message that holds a word. */
  firstOf(word: number): number {
    return (this.#numbers ??= this.#readNumbers()).firsts[word]!
  }

  placeOf(word: number): ListPlace {
    this.#numbers ??= this.#readNumbers()
    const { messages, firsts, docs, places } = this.#numbers
    return {
      messages: messages[word]! >>> 1,
      hasSpans: (messages[word]! & 1) === 1,
      first: firsts[word]!,
      docsAt: this.entry.docsAt + docs[word]!,
      docsLength: docs[word + 1]! - docs[word]!,
      placesAt: this.entry.placesAt + places[word]!,
      placesLength: places[word + 1]! - places[word]!,
    }
  }

  #readNumbers(): { messages: Uint32Array; firsts: Uint32Array; docs: Uint32Array; places: Uint32Array } {
    const reader = new ByteReader(this.#bytes!)
    const messages = new Uint32Array(this.count)
    const firsts = new Uint32Array(this.count)
    const docs = new Uint32Array(this.count + 1)
    const places = new Uint32Array(this.count + 1)
    let docsEnd = 0
    let placesEnd = 0
    for (let i = 0; i < this.count; i++) {
      messages[i] = reader.varint()
      firsts[i] = reader.varint()
      docs[i + 1] = docsEnd += reader.varint()
      places[i + 1] = placesEnd += reader.varint()
    }
    mustBe(reader.at === this.entry.numbersLength && docsEnd === this.entry.docsLength && placesEnd === this.entry.placesLength)
    // It may be a view of a whole block.
    this.#bytes = undefined
    return { messages, firsts, docs, places }
  }
}

/** The word that a place in the text belongs to; words before `from` do not. */
function wordAt(starts: Uint32Array, from: number, at: number): number {
  let low = from
  let high = starts.length - 2
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (starts[middle]! <= at) low = middle
    else high = middle - 1
  }
  return low
}
