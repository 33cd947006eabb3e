// Everything sealed anew with keys nobody has seen, while the vault is in use. What is true at any moment is in the ring and in the
// manifest; this only brings it on, so whoever is cut off begins where it was. DESIGN section 8; docs/format.md, section 17.

import { VaultError } from '../../errors.js'
import { runCheckpoint } from '../core/checkpoint.js'
import { isUnknown, type CommitLog } from '../core/commit-log.js'
import type { IndexPort } from '../core/index-port.js'
import { runJob, type Job, type JobPorts } from '../core/jobs.js'
import type { Pages } from '../core/pages.js'
import { Slices } from '../core/slices.js'
import { discardDamaged } from './discard.js'
import { prepareMoves, writeMoves, type PreparedMoves } from './moving.js'
import { allPlaces, inChunks, type Place } from './places.js'
import type { RotationProgress, RotationReport } from './rotation-status.js'
import { sweep } from './sweep.js'

/** Rows moved in one transaction: a mebibyte or so. */
const ROWS_AT_ONCE = 128
/** The job is let go of so often: exports, loads and checkpoints have their turns. */
const HOLD_MS = 300
/** Log rows that are folded before the next rows are moved. */
const FOLD_ROWS = 256
/** Looks at what is left. What one of them moves nothing of is damaged. */
const MAX_PASSES = 10
/** The end gives way to whoever commits at the same moment. */
const MAX_ENDS = 50
/** Between two tries, without locks, for a job that another tab has. */
const BUSY_MS = 500

export interface RotationPorts {
  readonly log: CommitLog
  /** Keeps nothing of what is read. */
  readonly pages: Pages
  readonly index: IndexPort
  readonly jobs: JobPorts
  /** Writes the header that ends it: epochs that are not named here leave the ring. @throws {VaultError} `conflict` when somebody was faster */
  readonly end: (job: Job, kept: ReadonlySet<number>) => Promise<void>
  /** Resolves when it may go on. @throws the reason to stop */
  readonly gate: () => Promise<void>
  /** Whether somebody waits for a pause. */
  readonly wantsPause: () => boolean
  readonly signal: AbortSignal
  readonly onProgress: (progress: RotationProgress) => void
  /** Whether rows that do not open are given up, so that no old key is kept. */
  readonly discards: boolean
  readonly rowsAtOnce?: number | undefined
}

/** Brings a rotation that has begun to its end. */
export class Rotating {
  readonly #ports: RotationPorts
  #rows = 0
  #damaged = new Map<string, Place>()

  constructor(ports: RotationPorts) {
    this.#ports = ports
  }

  /** @throws {VaultError} `storage-*`, `locked`, `busy`; the signal's reason */
  async run(): Promise<RotationReport> {
    for (let pass = 0; pass < MAX_PASSES && (await this.#pass()) > 0; pass++);
    const kept = await this.#end()
    const skipped = [...this.#damaged.values()].map(({ store, stem, page }) => {
      const chatLogId = this.#chatLogOf(stem)
      return { where: store, page, ...(chatLogId !== undefined && { chatLogId }) }
    })
    return { rows: this.#rows, skipped, keepsOldKeys: kept }
  }

  #chatLogOf(stem: string): string | undefined {
    for (const { id, value } of this.#ports.log.state.heads.chatLogs.values()) if (value['stem'] === stem) return id
    return undefined
  }

  /** One walk over everything there is. @returns how many rows it moved */
  async #pass(): Promise<number> {
    const { log, pages, signal, rowsAtOnce = ROWS_AT_ONCE } = this.#ports
    const before = this.#rows
    this.#damaged.clear()
    const chunks = inChunks(allPlaces(log, pages, new Slices(signal)), rowsAtOnce)
    let isOver = false
    while (!isOver && this.#left > 0) {
      await this.#hold(async (job) => {
        const until = performance.now() + HOLD_MS
        // The next rows are read and sealed while these are written.
        let next: Promise<PreparedMoves | undefined> | undefined = this.#prepare(chunks)
        while (next !== undefined) {
          const prepared: PreparedMoves | undefined = await next
          isOver = prepared === undefined
          if (prepared === undefined) return
          next = performance.now() < until && !signal.aborted && !this.#ports.wantsPause() ? this.#prepare(chunks) : undefined
          next?.catch(() => undefined)
          for (const place of prepared.damaged) this.#damaged.set(`${place.store}/${place.stem}/${place.page}`, place)
          this.#rows += await writeMoves(log, job, prepared)
          this.#tell('rekey')
        }
      })
    }
    if ([...this.#damaged.values()].some(({ store }) => store === 'blocks')) await this.#remakeIndex()
    return this.#rows - before
  }

  async #prepare(chunks: AsyncIterator<readonly Place[]>): Promise<PreparedMoves | undefined> {
    const { value, done } = await chunks.next()
    return done === true ? undefined : prepareMoves(this.#ports.log, value)
  }

  /** Rows in other epochs than the active one, as the manifest counts them. */
  get #left(): number {
    const { manifest, codec } = this.#ports.log
    return manifest.content.counts.reduce((rows, count) => (count.epoch === codec.activeEpoch ? rows : rows + Math.max(0, count.rows)), 0)
  }

  #tell(phase: RotationProgress['phase'], seen?: number): void {
    const total = this.#ports.log.manifest.content.counts.reduce((rows, count) => rows + Math.max(0, count.rows), 0)
    this.#ports.onProgress({ phase, done: seen === undefined ? total - this.#left : Math.min(seen, total), total })
  }

  /** The index is made of what pages say: a damaged one is made anew. */
  async #remakeIndex(): Promise<void> {
    const { index, signal } = this.#ports
    await this.#hold(async (job) => index.rebuild(job, { signal }))
    for (const [key, { store }] of this.#damaged) if (store === 'blocks') this.#damaged.delete(key)
  }

  /** Runs work as the job, over everything that was committed, with a log that is not too long. */
  async #hold<T>(work: (job: Job) => Promise<T>): Promise<T> {
    const { log, jobs, index, gate, signal } = this.#ports
    for (;;) {
      await gate()
      try {
        // A job that waits gets its turn or throws.
        return (await runJob(
          jobs,
          true,
          async (job) => {
            await log.catchUp()
            if (log.backlog.rows >= FOLD_ROWS) await runCheckpoint(log, job, index, signal)
            return work(job)
          },
          signal,
        )) as T
      } catch (error) {
        signal.throwIfAborted()
        // Without locks between tabs, another one's lease; or what a store that did not answer has left open.
        if (!(error instanceof VaultError) || (error.code !== 'busy' && !isUnknown(error))) throw error
        await new Promise((resolve) => setTimeout(resolve, BUSY_MS))
      }
    }
  }

  /** @returns whether old keys are kept */
  async #end(): Promise<boolean> {
    const { log, index, signal, end, discards } = this.#ports
    for (let attempt = 1; ; attempt++) {
      const kept = await this.#hold(async (job) => {
        await runCheckpoint(log, job, index, signal)
        const left = await sweep(log, job, new Slices(signal), (rows) => this.#tell('verify', rows))
        if (left === undefined) return undefined
        if (discards && left.size > 0 && !(await discardDamaged(log, job, [...this.#damaged.values()]))) return undefined
        try {
          const kept = discards ? new Set<number>() : left
          await end(job, kept)
          return kept.size > 0
        } catch (error) {
          if (!(error instanceof VaultError) || error.code !== 'conflict') throw error
          return undefined
        }
      })
      if (kept !== undefined) return kept
      if (attempt === MAX_ENDS) throw new VaultError('busy', 'the vault changed all the time while its old keys were to be dropped; continue the rotation later', { where: 'rotation' })
    }
  }
}
