// Everything about the search index of one opened vault: made for checkpoints and loads, asked by searches, merged in the
// background, made anew and checked. Fetched when it is first needed.

import { Blocks } from '../core/blocks.js'
import type { Access } from '../core/access.js'
import type { CommitLog } from '../core/commit-log.js'
import type { FoldedMessages, IndexPort, MadeSegment, RebuildOptions } from '../core/index-port.js'
import { runCheckpoint } from '../core/checkpoint.js'
import type { Job } from '../core/jobs.js'
import { Slices } from '../core/slices.js'
import { VaultError } from '../../errors.js'
import { countDifferences } from './index/check-index.js'
import { coverAdopted, mergeOnce, rebuild, wantsMerge, type IndexJobPorts } from './index/index-jobs.js'
import { generateKeywords, type KeywordOptions, type KeywordReport } from './records/generate-keywords.js'
import { indexTermFrequencies } from './records/index-frequencies.js'
import { searchInItems } from './records/search-items.js'
import { foldSegment, isDamage, type IndexMakerPorts } from './index/index-maker.js'
import { LiveIndex } from './index/live-index.js'
import { searchBySession, searchPlaces } from './messages/search-messages.js'
import type { BySessionOptions, MatchPlace, SearchOptions, SessionHits } from './options.js'
import { suggestWords, type SuggestOptions, type Suggestion } from './messages/suggest.js'
import { search, type AnyHit, type AnySearchOptions } from './search.js'
import { TOKENIZER } from './words/tokenizer-version.js'

export interface SearchPartPorts {
  readonly log: CommitLog
  readonly access: Access
  /** Opened blocks kept in memory, in bytes. */
  readonly cacheBytes: number
  /** Whether there is to be an index at all. */
  readonly kept: boolean
  /** Told of damage that a search met: it goes on without the index. */
  readonly damaged: (error: VaultError) => void
}

/** No index is of this kind. */
const NONE = 'none'
/** A rebuild that another tab disturbed starts again this often. */
const MAX_STARTS = 5

export class SearchPart implements IndexPort {
  readonly #ports: SearchPartPorts
  readonly #maker: IndexMakerPorts
  readonly #jobs: IndexJobPorts
  readonly blocks: Blocks
  readonly live: LiveIndex

  constructor(ports: SearchPartPorts) {
    this.#ports = ports
    this.#maker = { codec: ports.log.codec, access: ports.access }
    this.blocks = new Blocks(ports.log.backend, ports.log.codec, ports.cacheBytes)
    this.live = new LiveIndex(ports.log, this.blocks, ports.kept ? TOKENIZER : NONE)
    this.#jobs = { log: ports.log, access: ports.access, blocks: this.blocks, live: this.live }
  }

  async tokenizer(): Promise<string> {
    return this.#ports.kept ? TOKENIZER : NONE
  }

  fold(changed: readonly FoldedMessages[], order: number, slices: Slices): Promise<MadeSegment | undefined> {
    return foldSegment(this.#maker, changed, order, slices)
  }

  cover(job: Job, slices: Slices): Promise<void> {
    return this.#ports.kept ? coverAdopted(this.#jobs, job, slices) : Promise.resolve()
  }

  /** In items of an app's collection, as this access has them: there is no index over them. */
  readonly searchItems = searchInItems

  search(query: string, options: AnySearchOptions): AsyncGenerator<AnyHit, void, undefined> {
    return search(this.#ports, this.live, query, options)
  }

  /** See `UnlockedVault.searchBySession`. */
  searchBySession(query: string, options: BySessionOptions): AsyncGenerator<SessionHits, void, undefined> {
    return searchBySession({ ...this.#ports, live: this.live }, query, options)
  }

  /** See `UnlockedVault.searchPlaces`. */
  searchPlaces(query: string, options: SearchOptions): Promise<readonly MatchPlace[]> {
    return searchPlaces({ ...this.#ports, live: this.live }, query, options)
  }

  /** See `UnlockedVault.suggest`. */
  suggest(typed: string, options: SuggestOptions): Promise<readonly Suggestion[]> {
    return suggestWords({ ...this.#ports, live: this.live }, typed, options)
  }

  /** See `UnlockedVault.generateKeywords`. */
  generateKeywords(options: KeywordOptions): Promise<KeywordReport> {
    const { access } = this.#ports
    return generateKeywords(access, options, indexTermFrequencies(access, this.live, options.signal))
  }

  get hasIndex(): boolean {
    return this.live.current() !== undefined
  }

  /** Whether segments should be merged. */
  get wantsMerge(): boolean {
    return wantsMerge(this.#jobs)
  }

  /** Merges segments until there is nothing to merge. */
  async merge(job: Job, slices: Slices): Promise<void> {
    try {
      await this.#mergeAll(job, slices)
    } catch (error) {
      if (!isDamage(error)) throw error
      // Blocks that cannot be read at the manifest as it is now; or a stale holder of the job, whom the lease stops.
      await this.rebuild(job, { signal: slices.signal })
    }
  }

  async #mergeAll(job: Job, slices: Slices): Promise<void> {
    while (await mergeOnce(this.#jobs, job, slices)) await slices.breathe()
  }

  /** Makes the index anew, and one segment of those it was gathered in. @throws {VaultError} `busy` when other tabs keep folding the log */
  async rebuild(job: Job, options: RebuildOptions): Promise<void> {
    const slices = new Slices(options.signal)
    for (let start = 0; start < MAX_STARTS; start++) {
      await runCheckpoint(this.#ports.log, job, this, { signal: options.signal })
      if (await rebuild(this.#jobs, job, slices, options.onProgress)) return this.#mergeAll(job, slices)
    }
    throw new VaultError('busy', 'the vault changed all the time while its index was made; try again', { where: 'blocks' })
  }

  /** How many messages the index tells otherwise than the pages; undefined when there is no index. */
  async differences(signal?: AbortSignal): Promise<number | undefined> {
    const { access } = this.#ports
    return access.view(async (state) => {
      const view = await this.live.view({ folded: true })
      if (view === undefined) return undefined
      const unread = new Set(view.unread)
      const logs = [...state.heads.chatLogs.entries()].map(([, head]) => head).filter((head) => !unread.has(head))
      return countDifferences(access, this.blocks, view.segments, logs, new Slices(signal))
    })
  }

  /** Lets go of opened blocks and what was made of them. */
  release(): void {
    this.blocks.clear()
    this.live.release()
  }

  /** Forgets everything that was opened. */
  clear(): void {
    this.blocks.clear()
    this.live.forget()
  }
}
