// What an open vault does by itself when there is enough of it to do: fold the log, clear what interrupted work left behind.

import { VaultError } from '../../errors.js'
import { runCheckpoint, type CheckpointOutcome } from './checkpoint.js'
import { mayBeSeen } from './idle.js'
import type { CommitLog } from './commit-log.js'
import type { IndexPort, RebuildOptions } from './index-port.js'
import { runJob, type Job, type JobPorts } from './jobs.js'
import { clearLeftovers } from './leftovers.js'
import type { Pages } from './pages.js'
import { Slices, type Pace } from './slices.js'

const CHECKPOINT_ROWS = 256
const CHECKPOINT_BYTES = 512 * 1024
/** Longer than this nobody else waits for the job on account of frames: other tabs cannot say that they do. */
const UNHURRIED_MS = 4000
/** Of what makes a checkpoint due: with more it is behind, and hurries. */
const BEHIND = 4
/** After a merge or a making anew that failed. */
const INDEX_AGAIN_MS = 60_000
/** After a checkpoint that failed. */
const CHECKPOINT_AGAIN_MS = 60_000
/** After a merge that another job kept from beginning. */
const MERGE_AGAIN_MS = 500
/** So that whoever waits for the commit goes first. */
const CHECKPOINT_DELAY_MS = 20

/** What maintenance has to do with the rest of its tab. */
export interface MaintenancePorts {
  /** Whether this tab is just writing a commit. */
  isCommitting(): boolean
  warn(error: unknown): void
  /** This tab has folded the log. */
  folded(): void
}

export class Maintenance {
  readonly #log: CommitLog
  readonly #pages: Pages
  readonly #index: IndexPort
  readonly #jobs: JobPorts
  readonly #ports: MaintenancePorts
  readonly #stopped = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined
  #mergeTimer: ReturnType<typeof setTimeout> | undefined
  #checkpointing: Promise<unknown> | undefined
  /** A checkpoint was considered while one was about to begin or ran. */
  #wantedAgain = false
  #indexing: Promise<unknown> | undefined
  #rebuilding: Promise<unknown> | undefined
  #indexNotBefore = -Infinity
  #notBefore = -Infinity

  constructor(log: CommitLog, pages: Pages, index: IndexPort, jobs: JobPorts, ports: MaintenancePorts) {
    this.#log = log
    this.#index = index
    this.#pages = pages
    this.#jobs = jobs
    this.#ports = ports
  }

  /** What begins now by itself takes a small part of each frame, unless somebody waits for it, nobody looks, it falls behind, or it takes too long. */
  #pace(): Pace {
    const [log, jobs, ports, started] = [this.#log, this.#jobs, this.#ports, performance.now()]
    return {
      get isBusy() {
        return ports.isCommitting()
      },
      get isUnhurried() {
        const { rows, bytes } = log.backlog
        // Without Web Locks whoever wants the job is refused as long as it is held.
        const hasTime = jobs.locks.available && jobs.running.awaited === 0 && performance.now() - started < UNHURRIED_MS
        return hasTime && rows < BEHIND * CHECKPOINT_ROWS && bytes < BEHIND * CHECKPOINT_BYTES && log.state.adoptions.length === 0 && mayBeSeen()
      },
    }
  }

  /** Folds the log soon if it has grown enough. */
  considerCheckpoint(): void {
    const { rows, bytes } = this.#log.backlog
    if (performance.now() < this.#notBefore || this.#stopped.signal.aborted) return
    // What a load brought is not in the search index before a checkpoint.
    const unindexed = this.#log.manifest.content.index !== null && this.#log.state.adoptions.length > 0
    const little = rows < CHECKPOINT_ROWS && bytes < CHECKPOINT_BYTES && !unindexed
    if (little) return
    if (this.#timer !== undefined || this.#checkpointing !== undefined) {
      this.#wantedAgain = true
      return
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#wantedAgain = false
      this.checkpoint(false).then(
        () => {
          // What came meanwhile, from here or by a load that held the job, would else wait for the next change.
          if (this.#wantedAgain) void Promise.resolve(this.#checkpointing).then(() => this.considerCheckpoint())
        },
        (error: unknown) => {
          this.#notBefore = performance.now() + CHECKPOINT_AGAIN_MS
          this.#ports.warn(error)
        },
      )
    }, CHECKPOINT_DELAY_MS)
    ;(this.#timer as { unref?: () => void }).unref?.()
  }

  /** Folds the log; with `wait` false only when no other job runs. */
  async checkpoint(wait: boolean): Promise<CheckpointOutcome | undefined> {
    const { signal } = this.#stopped
    const run = runJob(this.#jobs, wait, (job) => runCheckpoint(this.#log, job, this.#index, { signal, pace: this.#pace(), keep: this.#pages.keeper() }), signal)
    this.#checkpointing = run.catch(() => undefined).finally(() => (this.#checkpointing = undefined))
    const outcome = await run
    if (outcome === 'folded') this.#ports.folded()
    // Also when there was nothing to fold: whoever waited for the job kept the merge after the last fold from having it.
    this.considerMerge()
    return outcome
  }

  /** Merges segments of the search index when there are enough of them; while another job runs, soon. */
  considerMerge(): void {
    clearTimeout(this.#mergeTimer)
    this.#mergeTimer = undefined
    if (this.#isIndexBusy || !this.#index.wantsMerge) return
    this.#inBackground((job, signal) => this.#index.merge(job, new Slices(signal, this.#pace())))
  }

  /** Whoever had the job when there was something to merge may be the last one for a long time to come by here. */
  #mergeSoon(): void {
    if (this.#mergeTimer !== undefined || this.#stopped.signal.aborted || !this.#index.wantsMerge) return
    this.#mergeTimer = setTimeout(() => this.considerMerge(), MERGE_AGAIN_MS)
    ;(this.#mergeTimer as { unref?: () => void }).unref?.()
  }

  /** Makes the search index anew, when no other job runs: for a vault that has none. */
  considerRebuild(): void {
    if (this.#isIndexBusy) return
    this.#inBackground((job, signal) => this.#index.rebuild(job, { signal }))
  }

  get #isIndexBusy(): boolean {
    return this.#indexing !== undefined || this.#stopped.signal.aborted || performance.now() < this.#indexNotBefore
  }

  /** Makes the search index anew, after whatever job runs. Ends with the vault. */
  async rebuildIndex(options: RebuildOptions): Promise<void> {
    const ends = new AbortController()
    const end = (source: AbortSignal | undefined) => (): void => ends.abort(source?.reason)
    const sources = [options.signal, this.#stopped.signal].map((signal) => ({ signal, listener: end(signal) }))
    for (const { signal, listener } of sources) {
      if (signal?.aborted === true) listener()
      signal?.addEventListener('abort', listener)
    }
    try {
      const run = runJob(this.#jobs, true, (job) => this.#index.rebuild(job, { ...options, signal: ends.signal }), ends.signal)
      // The lock waits for it; what it waits for before it began ends at once.
      this.#rebuilding = run.catch(() => undefined)
      await run
    } finally {
      for (const { signal, listener } of sources) signal?.removeEventListener('abort', listener)
    }
  }

  #inBackground(work: (job: Job, signal: AbortSignal) => Promise<void>): void {
    const { signal } = this.#stopped
    this.#indexing = runJob(this.#jobs, false, (job) => work(job, signal), signal)
      .catch((error: unknown) => {
        if (signal.aborted) return
        this.#indexNotBefore = performance.now() + INDEX_AGAIN_MS
        this.#ports.warn(error)
      })
      .finally(() => {
        this.#indexing = undefined
        this.#mergeSoon()
      })
  }

  /** Clears rows that nothing refers to; warns when rows are missing. */
  considerSurplus(): void {
    const { surplus } = this.#log
    const missing = (['pages', 'blobs', 'blocks'] as const).find((store) => surplus[store] < 0)
    if (missing !== undefined) {
      this.#ports.warn(new VaultError('corrupt', 'rows of this vault are missing; check() says which, an archive has them', { where: missing, number: surplus[missing], reason: 'rows-missing' }))
      return
    }
    if (surplus.pages + surplus.blobs + surplus.blocks === 0) return
    const { signal } = this.#stopped
    const clear = runJob(this.#jobs, false, (job) => clearLeftovers(this.#log, this.#pages, job, signal), signal)
    clear.catch((error: unknown) => this.#ports.warn(error))
  }

  /** Begins nothing any more; a checkpoint that has not written yet ends with this reason. */
  stop(reason: VaultError): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#mergeTimer)
    this.#timer = undefined
    this.#mergeTimer = undefined
    this.#stopped.abort(reason)
  }

  /** Resolves when nothing of it runs or is about to: whoever reads the whole vault would have to begin again. @throws the signal's reason when aborted */
  async quiet(signal?: AbortSignal): Promise<void> {
    for (;;) {
      signal?.throwIfAborted()
      if (this.#timer !== undefined) await new Promise((resolve) => setTimeout(resolve, CHECKPOINT_DELAY_MS))
      else if (this.#mergeTimer !== undefined) await new Promise((resolve) => setTimeout(resolve, MERGE_AGAIN_MS))
      else if (this.#checkpointing !== undefined || this.#indexing !== undefined) await this.idle()
      else return
    }
  }

  /** Resolves when nothing of it runs. */
  async idle(): Promise<void> {
    const { running } = this.#jobs
    running.awaited++
    try {
      await Promise.all([this.#checkpointing, this.#indexing, this.#rebuilding])
    } finally {
      running.awaited--
    }
  }
}
