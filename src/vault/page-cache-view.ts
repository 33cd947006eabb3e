// The cache of decoded pages as an app sees it: how much of it is used, and what it is worth.

import type { OpenedVault } from './opened-vault.js'

export interface CacheStatus {
  /** Counted since then: ms of the wall clock. */
  readonly since: number
  /** What the pages in memory take, and the most they may (`cacheBytes`): four times their sealed size, which is near what they take decoded. */
  readonly bytes: number
  readonly maxBytes: number
  readonly pages: number
  /** Pages that were asked for: found in memory, and read from the store. */
  readonly hits: number
  readonly misses: number
  /** Hits in all that was asked for, from 0 to 1; 0 when nothing was. */
  readonly hitRate: number
  /** Chat logs whose newest messages were read, and those of them for which the store was asked for pages. */
  readonly opens: number
  readonly coldOpens: number
  /** Pages fetched before anybody asked, and those of them that were asked for afterwards. */
  readonly prefetched: number
  readonly prefetchedUsed: number
}

export class PageCacheView {
  readonly #vault: OpenedVault
  #since: number

  /** @internal */
  constructor(vault: OpenedVault) {
    this.#vault = vault
    this.#since = vault.environment.now()
  }

  /** A snapshot in plain numbers, of this tab. Long values (over 64 KiB) and the search index are not counted. @throws {VaultError} `locked` */
  status(): CacheStatus {
    this.#vault.log.assertAlive()
    const { bytes, counts, maxBytes, size } = this.#vault.pages.cache
    const asked = counts.hits + counts.misses
    return { since: this.#since, bytes, maxBytes, pages: size, ...counts, hitRate: asked === 0 ? 0 : counts.hits / asked }
  }

  /** Counts from now on. What is cached stays. @throws {VaultError} `locked` */
  resetCounts(): void {
    this.#vault.log.assertAlive()
    this.#vault.pages.cache.resetCounts()
    this.#since = this.#vault.environment.now()
  }
}
