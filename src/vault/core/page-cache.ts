// Decoded pages within a bound of bytes, and what becomes of them in figures. Pages that were asked for leave in the order of their last use; pages
// that were only fetched ahead lie apart, so that guesses never push out more than their share of what is used.

/** What the cache was asked and answered since `since`. */
export interface CacheCounts {
  hits: number
  misses: number
  opens: number
  coldOpens: number
  prefetched: number
  prefetchedUsed: number
}

/** Why a page was fetched ahead. */
export type Ahead = 'previous' | 'likely'

interface Entry<P> {
  readonly page: P
  readonly bytes: number
}

interface AheadEntry<P> extends Entry<P> {
  readonly why: Ahead
}

/** A decoded page is taken for four times its sealed size. */
const DECODED = 4
/** Of the bound, what pages fetched ahead may hold against pages in use: at first, and at the least and most when it turns out what they are worth. */
const FIRST_SHARE = 1 / 4
const LEAST_SHARE = 1 / 16
const LARGEST_SHARE = 3 / 4
/** Pages before what somebody looks at: nobody scrolls up in more chats than a few at a time, and most people in none. */
const MAX_PREVIOUS = 4

export class PageCache<P> {
  readonly maxBytes: number
  readonly #used = new Map<string, Entry<P>>()
  /** What goes first when there is no room lies first. */
  readonly #ahead = new Map<string, AheadEntry<P>>()
  /** Those of them that lie before what was read, the oldest first. */
  readonly #previous = new Set<string>()
  /** Names of pages that would still be here if nothing likely had been fetched, and their bytes. */
  readonly #lost = new Map<string, number>()
  #usedBytes = 0
  #aheadBytes = 0
  /** Of these, what is there because it is likely. */
  #likelyBytes = 0
  #lostBytes = 0
  #share: number
  #counts: CacheCounts = noCounts()
  /** Pages fetched as likely that were used: what the guesses earned, ever. */
  likelyUsed = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
    this.#share = maxBytes * FIRST_SHARE
  }

  get counts(): CacheCounts {
    return this.#counts
  }

  resetCounts(): void {
    this.#counts = noCounts()
  }

  get bytes(): number {
    return this.#usedBytes + this.#aheadBytes
  }

  get size(): number {
    return this.#used.size + this.#ahead.size
  }

  /** Bytes that pages fetched ahead may fill: their share, and what nobody else needs. */
  get roomAhead(): number {
    return Math.max(this.#share, this.maxBytes - this.#usedBytes)
  }

  /** Whether a page is here, without using it. */
  placeOf(key: string): 'used' | 'ahead' | undefined {
    return this.#used.has(key) ? 'used' : this.#ahead.has(key) ? 'ahead' : undefined
  }

  /** A page that somebody wants now. */
  get(key: string): P | undefined {
    const entry = this.#used.get(key)
    if (entry !== undefined) {
      this.#counts.hits++
      this.#used.delete(key)
      this.#used.set(key, entry)
      return entry.page
    }
    const ahead = this.#ahead.get(key)
    if (ahead === undefined) {
      this.#counts.misses++
      return undefined
    }
    this.#counts.hits++
    this.#counts.prefetchedUsed++
    const wasLost = this.#forgetLost(key)
    if (ahead.why === 'likely') {
      this.likelyUsed++
      // It was worth its place, unless it had been pushed out by guesses in the first place.
      if (!wasLost) this.#changeShare(ahead.bytes)
    }
    this.#dropAhead(key, ahead)
    this.#used.set(key, ahead)
    this.#usedBytes += ahead.bytes
    return ahead.page
  }

  /** Keeps a page that was just read or made. */
  set(key: string, page: P, sealedBytes: number): void {
    if (this.#used.has(key)) return
    const bytes = sealedBytes * DECODED
    // Guesses pushed it out, and it was wanted: they take too much.
    if (this.#forgetLost(key)) this.#changeShare(-bytes)
    const ahead = this.#ahead.get(key)
    if (ahead !== undefined) this.#dropAhead(key, ahead)
    this.#used.set(key, { page, bytes })
    this.#usedBytes += bytes
    this.#makeRoom()
  }

  /** Keeps a page that nobody asked for yet. */
  setAhead(key: string, page: P, sealedBytes: number, why: Ahead): void {
    if (this.placeOf(key) !== undefined) return
    const bytes = sealedBytes * DECODED
    this.#counts.prefetched++
    this.#ahead.set(key, { page, bytes, why })
    this.#aheadBytes += bytes
    if (why === 'previous') this.#previous.add(key)
    else this.#likelyBytes += bytes
    for (const oldest of this.#previous) {
      if (this.#previous.size <= MAX_PREVIOUS) break
      this.#dropAhead(oldest, this.#ahead.get(oldest)!)
    }
    this.#makeRoom()
  }

  /** Of the pages fetched ahead these go last, the first of them last of all. */
  preferAhead(keys: readonly string[]): void {
    for (const key of [...keys].reverse()) {
      const entry = this.#ahead.get(key)
      if (entry === undefined) continue
      this.#ahead.delete(key)
      this.#ahead.set(key, entry)
    }
  }

  clear(): void {
    this.#used.clear()
    this.#ahead.clear()
    this.#previous.clear()
    this.#lost.clear()
    this.#usedBytes = this.#aheadBytes = this.#likelyBytes = this.#lostBytes = 0
  }

  #changeShare(bytes: number): void {
    this.#share = Math.min(this.maxBytes * LARGEST_SHARE, Math.max(this.maxBytes * LEAST_SHARE, this.#share + bytes))
  }

  #makeRoom(): void {
    while (this.bytes > this.maxBytes) {
      if (this.#aheadBytes > this.#share || this.#used.size === 0) {
        const [key, entry] = this.#ahead.entries().next().value!
        this.#dropAhead(key, entry)
      } else {
        const [key, entry] = this.#used.entries().next().value!
        this.#used.delete(key)
        this.#usedBytes -= entry.bytes
        this.#lost.set(key, entry.bytes)
        this.#lostBytes += entry.bytes
      }
    }
    for (const [key, bytes] of this.#lost) {
      if (this.#lostBytes <= this.#likelyBytes) break
      this.#lost.delete(key)
      this.#lostBytes -= bytes
    }
  }

  #dropAhead(key: string, { bytes, why }: AheadEntry<P>): void {
    this.#ahead.delete(key)
    if (why === 'likely') this.#likelyBytes -= bytes
    else this.#previous.delete(key)
    this.#aheadBytes -= bytes
  }

  #forgetLost(key: string): boolean {
    const bytes = this.#lost.get(key)
    if (bytes === undefined) return false
    this.#lost.delete(key)
    this.#lostBytes -= bytes
    return true
  }
}

function noCounts(): CacheCounts {
  return { hits: 0, misses: 0, opens: 0, coldOpens: 0, prefetched: 0, prefetchedUsed: 0 }
}
