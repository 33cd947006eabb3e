// Reads pages of records: from the cache, else many at once from the store, opened together. Every page is held against
// what its head says of it, so an older copy or another page under its label is never taken for it.
// Implements docs/format.md, section 7; PROTOCOL rule 12.

import { VaultError } from '../../errors.js'
import type { Backend } from '../../stores/backend.js'
import type { Codec } from './codec.js'
import { readLabelled, type LabelledValue } from './labelled-rows.js'
import type { Body, Origin } from './log-row.js'
import { PageCache, type Ahead } from './page-cache.js'
import { roughLength } from './record-size.js'
import { Slices } from './slices.js'
import { BRAIN_STEM, PAGE_SHIFT, type Folded } from './state.js'

/** A record as a page holds it. */
export interface PageRecord {
  readonly number: number
  readonly rev: number
  readonly modifiedAt: number
  readonly body: Body
  /** Where this version was made, unless here. */
  readonly origin?: Origin | undefined
}

/** The records of a page by number, in order. */
export type Page = ReadonlyMap<number, PageRecord>

export interface WantedPage {
  readonly stem: string
  readonly folded: Folded | undefined
  readonly page: number
}

/** What one reader found in the cache and what not. */
export interface ReadTally {
  missed: number
}

/** A chat log is opened: its newest messages are read. */
export interface Opening extends ReadTally {
  /** That of its head. */
  number: number
  /** Messages asked for. */
  readonly limit: number
}

/** Told of what somebody looks at, once it was answered. */
export interface ReaderListener {
  opened(opened: Opening): void
  /** Whoever scrolls up from what was read comes to this page. */
  readUpTo(before: WantedPage): void
}

interface MissingPage {
  readonly stem: string
  readonly page: number
  readonly version: number
  /** Where it was asked for. */
  readonly at: number
}

/** A page that was just made, and as which version its head knows it. */
export interface MadePage {
  readonly stem: string
  readonly page: number
  readonly version: number
  readonly records: readonly StoredRecord[]
  readonly sealedBytes: number
}

export type KeepPage = (made: MadePage) => void

export type StoredRecord = readonly [number: number, rev: number, modifiedAt: number, body: Body, origin?: Origin]

/** Pages asked of the store in one transaction: asking for some hundreds is a long task by itself. */
const READ_AT_ONCE = 64
/** Pages opened together: enough to keep WebCrypto busy, few enough to give way in time. An engine may open short rows on the page's own thread, so that all of them would be one task. */
const OPEN_AT_ONCE = 8
/** What a record takes in memory besides its text, over the factor by which sealed bytes are counted. */
const RECORD_BYTES = 128

/**
 * A page was not what its head promised. Either another tab's checkpoint came in between (catch up, start again) or,
 * at an unchanged manifest, it is damage: then `damage` is what to throw.
 */
export class SuspectPage extends Error {
  readonly damage: VaultError

  constructor(damage: VaultError) {
    super('a page is not what its head says')
    this.damage = damage
  }
}

/** A row that does not open. What its envelope says of a newer release or newer keys, damage may have written: who looks again, and finds no newer header, knows. */
export function isUnopenable(error: unknown): error is VaultError {
  return error instanceof VaultError && (error.code === 'corrupt' || error.code === 'keys-changed' || error.code === 'unsupported-version')
}

export class Pages {
  readonly #backend: Backend
  readonly #codec: Codec
  readonly cache: PageCache<Page>
  /** What readers learned from whole runs of pages; forgotten together with them. */
  readonly derived = new Map<string, unknown>()
  /** Who fetches ahead, if anybody does. */
  reader: ReaderListener | undefined
  #reading = 0
  #era = 0

  constructor(backend: Backend, codec: Codec, maxCacheBytes: number) {
    this.#backend = backend
    this.#codec = codec
    this.cache = new PageCache(maxCacheBytes)
  }

  /** Forgets every decoded page. */
  clear(): void {
    // What is still being read then is given to who asked, and not kept.
    this.#era++
    this.cache.clear()
    this.derived.clear()
  }

  /** What keeps pages that were just made, as if they had been read: what is written is mostly read next. It keeps none after the next `clear`. */
  keeper(): KeepPage {
    const era = this.#era
    return ({ stem, page, version, records, sealedBytes }) => {
      if (era === this.#era) this.cache.set(cacheKey(stem, page, version), pageOfRecords(records), sealedBytes)
    }
  }

  /** Somebody waits for pages from the store. */
  get isReading(): boolean {
    return this.#reading > 0
  }

  noteOpened(opened: Opening): void {
    const { counts } = this.cache
    counts.opens++
    if (opened.missed > 0) counts.coldOpens++
    this.reader?.opened(opened)
  }

  /**
   * The pages of a stem, in the order asked for; what `folded` does not reach is empty.
   * @throws {SuspectPage}
   */
  read(stem: string, folded: Folded | undefined, wanted: readonly number[], tally?: ReadTally): Promise<Page[]> {
    return this.readMany(wanted.map((page) => ({ stem, folded, page })), tally)
  }

  /** Pages of any stems, in the order asked for. @throws {SuspectPage} */
  async readMany(wanted: readonly WantedPage[], tally?: ReadTally): Promise<Page[]> {
    const found = new Array<Page | undefined>(wanted.length)
    const missing: MissingPage[] = []
    for (const [at, { stem, folded, page }] of wanted.entries()) {
      const version = versionOf(folded, stem, page)
      const known = version === undefined ? EMPTY : this.cache.get(cacheKey(stem, page, version))
      if (known !== undefined) found[at] = known
      else missing.push({ stem, page, version: version!, at })
    }
    if (missing.length === 0) return found as Page[]
    if (tally !== undefined) tally.missed += missing.length
    const era = this.#era
    this.#reading++
    try {
      await this.#readStored(missing, (page, { at, ...place }, sealedBytes) => {
        found[at] = page
        if (era === this.#era) this.cache.set(cacheKey(place.stem, place.page, place.version), page, sealedBytes)
      })
    } finally {
      this.#reading--
    }
    return found as Page[]
  }

  /** Where pages lie that may be wanted; undefined for one that holds nothing yet. */
  placeOf({ stem, folded, page }: WantedPage): 'used' | 'ahead' | 'store' | undefined {
    const version = versionOf(folded, stem, page)
    return version === undefined ? undefined : (this.cache.placeOf(cacheKey(stem, page, version)) ?? 'store')
  }

  /** Of the pages fetched ahead these are kept longest, the first of them longest of all. */
  prefer(wanted: readonly WantedPage[]): void {
    this.cache.preferAhead(wanted.map(({ stem, folded, page }) => cacheKey(stem, page, versionOf(folded, stem, page) ?? 0)))
  }

  /** Fetches pages that nobody asked for, apart from those that are used. @returns how many. @throws {SuspectPage} */
  async readAhead(wanted: readonly WantedPage[], why: Ahead): Promise<number> {
    const era = this.#era
    const missing = wanted.filter((place) => this.placeOf(place) === 'store').map(({ stem, folded, page }, at) => ({ stem, page, version: versionOf(folded, stem, page)!, at }))
    await this.#readStored(missing, (found, { stem, page, version }, sealedBytes) => {
      if (era === this.#era) this.cache.setAhead(cacheKey(stem, page, version), found, sealedBytes, why)
    })
    return missing.length
  }

  async #readStored(missing: readonly MissingPage[], keep: (page: Page, place: MissingPage, sealedBytes: number) => void): Promise<void> {
    const read = (start: number): Promise<(LabelledValue | undefined)[]> => {
      const rows = readLabelled(this.#backend, this.#codec, 'pages', missing.slice(start, start + READ_AT_ONCE))
      // Nobody waits for it any more when a page before is not what it should be.
      rows.catch(() => undefined)
      return rows
    }
    const slices = new Slices()
    let coming = missing.length > 0 ? read(0) : undefined
    for (let start = 0; coming !== undefined; start += READ_AT_ONCE) {
      const rows = await coming
      // While these are opened.
      coming = start + READ_AT_ONCE < missing.length ? read(start + READ_AT_ONCE) : undefined
      for (let first = 0; first < rows.length; first += OPEN_AT_ONCE) {
        if (slices.isDue) await slices.breathe()
        await Promise.all(
          rows.slice(first, first + OPEN_AT_ONCE).map(async (row, i) => {
            const place = missing[start + first + i]!
            const page = await this.#openPage(place, row)
            keep(page, place, place.stem === BRAIN_STEM ? bytesOfOne(page, row!.value.length) : row!.value.length)
          }),
        )
      }
    }
  }

  async #openPage({ stem, page, version }: MissingPage, row: LabelledValue | undefined): Promise<Page> {
    if (row === undefined) throw suspect('a page of records is missing', page, 'missing-page')
    let body
    try {
      body = (await this.#codec.openPage('pages', row.label, row.value)) as StoredPage
    } catch (error) {
      if (isUnopenable(error)) throw new SuspectPage(new VaultError('corrupt', 'a page of records is damaged', { where: 'pages', number: page, reason: 'page' }, error))
      throw error
    }
    if (body.s !== stem || body.p !== page) throw suspect('a page of records lies under the label of another', page, 'page-swapped')
    if (body.n !== version) throw suspect('a page of records was replaced by an older one', page, 'page-replayed')
    // What is gone must not look as if it had never been there.
    if (body.l !== undefined) throw suspect('records of a page were lost with a damaged row', page, 'records-lost')
    return pageOfRecords(body.r)
  }
}

export interface StoredPage {
  readonly s: string
  readonly p: number
  readonly n: number
  readonly r: readonly StoredRecord[]
  /** Numbers whose records were lost with a damaged row before; left out when there are none. */
  readonly l?: readonly number[]
}

/** The JSON value of a page. */
export function encodePage(stem: string, page: number, version: number, records: readonly StoredRecord[], lost: readonly number[] = []): StoredPage {
  return { s: stem, p: page, n: version, r: records, ...(lost.length > 0 && { l: lost }) }
}

function versionOf(folded: Folded | undefined, stem: string, page: number): number | undefined {
  // The one page of a brain is named by its number, and its head knows just that page.
  return stem === BRAIN_STEM ? folded?.versions[0] : folded?.versions[page]
}

function suspect(message: string, page: number, reason: string): SuspectPage {
  return new SuspectPage(new VaultError('corrupt', `${message}; restore it from an archive`, { where: 'pages', number: page, reason }))
}

const EMPTY: Page = new Map()

function pageOfRecords(records: readonly StoredRecord[]): Page {
  return new Map(records.map(([number, rev, modifiedAt, body, origin]) => [number, { number, rev, modifiedAt, body, ...(origin !== undefined && { origin }) }]))
}

/** A page with one record is mostly padding: counted as that, two thousand short notes would fill a cache that holds ten thousand, and searches would read all of them each time. */
function bytesOfOne(page: Page, sealedBytes: number): number {
  return Math.min(sealedBytes, RECORD_BYTES + roughLength([...page.values()]))
}

function cacheKey(stem: string, page: number, version: number): string {
  return `${stem}/${page}/${version}`
}

/** Which pages hold the numbers from..to (exclusive) of a chat log. */
export function pagesBetween(from: number, to: number): number[] {
  const pages: number[] = []
  for (let page = from >> PAGE_SHIFT; page << PAGE_SHIFT < to; page++) pages.push(page)
  return pages
}
