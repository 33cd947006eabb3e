// In which pages words with some letters may be: for parts of words, so that not all words have to be read. Implements docs/format.md, section 12, "parts".
//
// Every three letters in a row that a word has put it into one of some buckets; for each bucket there is a bit for each page. A page whose bits are set for
// all threes of a part may have it; one that lacks a bit has not (a Bloom filter with one hash: B. H. Bloom, 1970).

const BUCKETS = 2048
/** Letters in a row. */
const GRAM = 3

/** The bucket of the three units from a place on (FNV-1a over both bytes of each, folded). */
function bucketAt(text: string, at: number): number {
  let hash = 0x811c9dc5
  for (let i = at; i < at + GRAM; i++) {
    const unit = text.charCodeAt(i)
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193)
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193)
  }
  return ((hash >>> 12) ^ hash) & (BUCKETS - 1)
}

/** Bytes of a bucket's bits. */
export function bucketBytes(pages: number): number {
  return (pages + 7) >>> 3
}

/** Bytes of all buckets. */
export function partsLength(pages: number): number {
  return BUCKETS * bucketBytes(pages)
}

/** Takes in the words of one page after the other. */
export class WordParts {
  /** By page, the buckets it has. */
  readonly #pages: Uint16Array[] = []
  readonly #open = new Set<number>()

  add(word: string): void {
    for (let at = 0; at + GRAM <= word.length; at++) this.#open.add(bucketAt(word, at))
  }

  endPage(): void {
    this.#pages.push(Uint16Array.from(this.#open))
    this.#open.clear()
  }

  /** All buckets, one after the other. */
  encode(): Uint8Array {
    const width = bucketBytes(this.#pages.length)
    const bytes = new Uint8Array(partsLength(this.#pages.length))
    for (const [page, buckets] of this.#pages.entries()) for (const bucket of buckets) bytes[bucket * width + (page >>> 3)]! |= 0x80 >>> (page & 7)
    return bytes
  }
}

/** The buckets that a part of a word is in; none for one that is too short to say anything. */
export function bucketsOf(part: string): number[] {
  const buckets = new Set<number>()
  for (let at = 0; at + GRAM <= part.length; at++) buckets.add(bucketAt(part, at))
  return [...buckets]
}

/** Whether a page is in all of these. */
export function isInAll(buckets: readonly { readonly bytes: Uint8Array; readonly at: number }[], page: number): boolean {
  return buckets.every(({ bytes, at }) => (bytes[at + (page >>> 3)]! & (0x80 >>> (page & 7))) !== 0)
}
