// The words of a segment, and where their lists are. Implements docs/format.md, section 12, "words" and "numbers".
//
// Words of new messages lie apart from all others: who looks for part of a word mostly finds enough among them, without reading the rest.

import type { Blocks, BytesView, FileRange } from '../../core/blocks.js'
import type { Slices } from '../../core/slices.js'
import type { ComparedTerm } from '../words/query.js'
import type { ListPlace } from './postings.js'
import type { PageEntry } from './segment-format.js'
import { WordPage } from './word-page.js'
import { bucketBytes, bucketsOf, isInAll } from './word-parts.js'

/** Pages kept read. */
const PAGES_KEPT = 2048

export interface MeantWord {
  /** With its numbers. */
  readonly page: WordPage
  readonly word: number
}

export class Vocabulary {
  /** Words with a message below this ordinal are in the first tier, others in the second. */
  readonly boundary: number
  readonly #blocks: Blocks
  readonly #stem: string
  readonly #partsAt: number
  /** By tier, in the order of their words. */
  readonly #tiers: readonly (readonly PageEntry[])[]
  readonly #pages = new Map<PageEntry, WordPage>()

  /** @param partsAt where the parts of the second tier's words lie */
  constructor(blocks: Blocks, stem: string, entries: readonly PageEntry[], boundary: number, partsAt: number) {
    this.#blocks = blocks
    this.#stem = stem
    this.boundary = boundary
    this.#partsAt = partsAt
    this.#tiers = [0, 1].map((tier) => entries.filter((entry) => entry.tier === tier))
  }

  get pageCount(): number {
    return this.#tiers.reduce((sum, { length }) => sum + length, 0)
  }

  release(): void {
    this.#pages.clear()
  }

  /** Where the list of this very term is. */
  async find(term: string): Promise<ListPlace | undefined> {
    const pages = await this.#read(this.#tiers.flatMap((tier) => pagesFor(tier, { term, comparison: 'equal' })), 'words and numbers')
    for (const page of pages) {
      const at = page.indexOf(term)
      if (at !== -1) return page.placeOf(at)
    }
    return undefined
  }

  /** Words that a term of a query means, of both tiers or of one. */
  async meant(term: ComparedTerm, slices: Slices, only?: 0 | 1): Promise<MeantWord[]> {
    const entries = this.#tiers.flatMap((tier, i) => (only === undefined || only === i ? pagesFor(tier, term) : []))
    if (only === 1) return this.#meantIn(await this.#withParts(entries, term), term, slices)
    // Who looks among words of new messages mostly goes on to the others.
    if (only === 0) void this.#parts(this.#tiers[1]!, term).catch(() => undefined)
    return this.#meantIn(entries, term, slices)
  }

  /** Those pages of the second tier that may have words with these letters in them. */
  async #withParts(entries: readonly PageEntry[], term: ComparedTerm): Promise<readonly PageEntry[]> {
    const views = await this.#parts(entries, term)
    return entries.filter((_, page) => isInAll(views, page))
  }

  async #parts(entries: readonly PageEntry[], { term, comparison }: ComparedTerm): Promise<BytesView[]> {
    const buckets = (comparison === 'contains' || comparison === 'ends') && entries.length > 0 ? bucketsOf(term) : []
    const width = bucketBytes(entries.length)
    return this.#blocks.views(buckets.map((bucket) => ({ stem: this.#stem, from: this.#partsAt + bucket * width, length: width })), 0)
  }

  async #meantIn(entries: readonly PageEntry[], term: ComparedTerm, slices: Slices): Promise<MeantWord[]> {
    const found: MeantWord[] = []
    for (const page of await this.#read(entries, isNarrow(term) ? 'words and numbers' : 'words')) {
      page.forEachMeant(term, (word) => found.push({ page, word }))
      await slices.breathe()
    }
    await this.#load([...new Set(found.map(({ page }) => page))], 'words and numbers')
    return found
  }

  /** The pages of a tier with their numbers, one after the other. */
  async *pages(tier: 0 | 1): AsyncGenerator<WordPage, void, undefined> {
    for (const entry of this.#tiers[tier]!) yield (await this.#read([entry], 'words and numbers'))[0]!
  }

  async #read(entries: readonly PageEntry[], parts: 'words' | 'words and numbers'): Promise<WordPage[]> {
    const pages = entries.map((entry) => this.#pages.get(entry) ?? new WordPage(entry))
    for (const page of pages) this.#pages.set(page.entry, page)
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= PAGES_KEPT) break
      this.#pages.delete(oldest)
    }
    await this.#load(pages, parts)
    return pages
  }

  async #load(pages: readonly WordPage[], parts: 'words' | 'words and numbers'): Promise<void> {
    const wordless = pages.filter((page) => !page.hasWords)
    const numberless = parts === 'words' ? [] : pages.filter((page) => !page.hasNumbers)
    if (wordless.length + numberless.length === 0) return
    const ranges: FileRange[] = [
      ...wordless.map(({ entry }) => ({ stem: this.#stem, from: entry.wordsAt, length: entry.wordsLength })),
      ...numberless.map(({ entry }) => ({ stem: this.#stem, from: entry.numbersAt, length: entry.numbersLength })),
    ]
    const views = await this.#blocks.views(ranges, 0)
    for (const [i, page] of wordless.entries()) page.takeWords(views[i]!)
    for (const [i, page] of numberless.entries()) page.takeNumbers(views[wordless.length + i]!)
  }
}

/** Whether the words that a term means lie together. */
export function isNarrow({ comparison }: ComparedTerm): boolean {
  return comparison === 'equal' || comparison === 'begins'
}

/** Pages that may hold words that a term means. */
function pagesFor(tier: readonly PageEntry[], term: ComparedTerm): readonly PageEntry[] {
  if (tier.length === 0 || !isNarrow(term)) return tier
  const letters = term.term
  // The last page that does not begin behind it.
  let low = 0
  let high = tier.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (tier[middle]!.first <= letters) low = middle
    else high = middle - 1
  }
  let to = low
  while (term.comparison === 'begins' && to + 1 < tier.length && (tier[to + 1]!.first.startsWith(letters) || tier[to + 1]!.first < letters)) to++
  return tier.slice(low, to + 1)
}
