// Everything sealed anew with keys nobody has seen, while the vault is in use. What is true at any moment is in the ring and in the
// manifest; this only brings it on, so whoever is cut off begins where it was. DESIGN section 8; docs/format.md, section 17.

import { VaultError } from '../../errors.js'
import { runCheckpoint } from '../core/checkpoint.js'
import { isUnknown, type CommitLog } from '../core/commit-log.js'
import type { IndexPort } from '../core/index-port.js'
import { runJob, type Job, type JobPorts } from '../core/jobs.js'
import { Slices } from '../core/slices.js'
import { discardDamaged, isDiscardable } from './discard.js'
import { headsAreSound, labelsOf, prepareMoves, writeMoves, type DamagedRow, type PreparedMoves } from './moving.js'
import { allPlaces, inChunks, type Place } from './places.js'
import type { Mismatch, RotationProgress, RotationReport } from './rotation-status.js'
import { sweep, type LeftIn } from './sweep.js'

/** Rows moved in one transaction: a mebibyte or two. Engines take them much faster together than in small transactions. */
const ROWS_AT_ONCE = 256
/** Batches that are on their way beside the one that is written. */
const AHEAD = 1
/** The job is let go of so often: exports, loads and checkpoints have their turns. */
const HOLD_MS = 300
/** What of the log is folded before the next rows are moved, as checkpoints have it. */
const FOLD_ROWS = 256
const FOLD_BYTES = 512 * 1024
/** Walks, and ends, that came to nothing, one after the other, before it is left to another time. */
const MAX_VAIN = 30
const VAIN_MS = 100

export interface RotationPorts {
  readonly log: CommitLog
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

/** One walk over everything there is. */
interface Walk {
  /** It met every place, and moved what it met. */
  readonly isWhole: boolean
  readonly moved: number
  readonly damaged: readonly DamagedRow[]
  /** The epoch that rows were moved to. */
  readonly epoch: number
}

/** Brings a rotation that has begun to its end. */
export class Rotating {
  readonly #ports: RotationPorts
  readonly #slices: Slices
  #rows = 0
  /** Of the walk there is: asked before the first page of heads is moved, for afterwards they are on their way. */
  #headsAreSound: Promise<boolean> | undefined

  constructor(ports: RotationPorts) {
    this.#ports = ports
    this.#slices = new Slices(ports.signal)
  }

  /** @throws {VaultError} `storage-*`, `locked`, `busy`; the signal's reason */
  async run(): Promise<RotationReport> {
    const { signal } = this.#ports
    for (let vain = 0; vain < MAX_VAIN; ) {
      try {
        const walk = await this.#walk()
        const isDone = walk.isWhole && walk.moved === 0
        const report = isDone ? await this.#end(walk) : undefined
        if (report !== undefined) return report
        if (walk.moved > 0) vain = 0
        else if (!isDone || ++vain > 1) await new Promise((resolve) => setTimeout(resolve, VAIN_MS))
      } catch (error) {
        signal.throwIfAborted()
        // Another tab has the job, without locks between tabs; or the store did not answer. A walk that was cut off says nothing of what is left.
        if (!(error instanceof VaultError) || (error.code !== 'busy' && !isUnknown(error)) || ++vain === MAX_VAIN) throw error
        await new Promise((resolve) => setTimeout(resolve, VAIN_MS))
      }
    }
    throw new VaultError('busy', 'the vault changed all the time while its old keys were to be dropped; continue the rotation later', { where: 'rotation' })
  }

  /** Begins with a log that is folded beyond the row that began the rotation: what commits before it brought is in pages by then. */
  async #walk(): Promise<Walk> {
    const { log, index, signal, rowsAtOnce = ROWS_AT_ONCE } = this.#ports
    const damaged: DamagedRow[] = []
    let [moved, isWhole, isOver] = [0, true, false]
    await this.#hold(async (job) => void (await runCheckpoint(log, job, index, { signal })))
    const epoch = log.codec.activeEpoch
    this.#headsAreSound = undefined
    const chunks = inChunks(allPlaces(log, this.#slices), rowsAtOnce)
    while (!isOver && this.#left > 0) {
      await this.#hold(async (job) => {
        const until = performance.now() + HOLD_MS
        // The next rows are read, and those before them sealed, while these are written.
        const ahead: Promise<PreparedMoves | undefined>[] = []
        const goOn = (): void => {
          while (ahead.length < AHEAD && performance.now() < until && !signal.aborted && !this.#ports.wantsPause()) {
            const next = this.#prepare(chunks)
            next.catch(() => undefined)
            ahead.push(next)
          }
        }
        for (goOn(); ahead.length > 0; goOn()) {
          const prepared = await ahead.shift()!
          goOn()
          if (prepared === undefined) {
            isOver = true
            continue
          }
          damaged.push(...prepared.damaged)
          if (await writeMoves(log, job, prepared)) {
            moved += prepared.moves.length
            this.#rows += prepared.moves.length
          } else isWhole = false
          this.#tell('rekey')
        }
      })
    }
    if (damaged.some(({ place }) => place.store === 'blocks')) {
      // The index is made of what pages say: a damaged one is made anew.
      await this.#hold(async (job) => index.rebuild(job, { signal }))
      isWhole = false
    }
    return { isWhole, moved, damaged, epoch }
  }

  async #prepare(chunks: AsyncIterator<readonly Place[]>): Promise<PreparedMoves | undefined> {
    const { log } = this.#ports
    const { value, done } = await chunks.next()
    if (done === true) return undefined
    const hasHeads = value.some(({ store }) => store === 'heads')
    const places = hasHeads && !(await (this.#headsAreSound ??= headsAreSound(log, this.#slices))) ? value.filter(({ store }) => store !== 'heads') : value
    return prepareMoves(log, places, this.#slices)
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

  /** Runs work as the job, over everything that was committed, with a log that is not too long. */
  async #hold<T>(work: (job: Job) => Promise<T>): Promise<T> {
    const { log, jobs, index, gate, signal } = this.#ports
    await gate()
    // Waits for its turn, or throws.
    const result = await runJob(
      jobs,
      true,
      async (job) => {
        await log.catchUp()
        if (log.backlog.rows >= FOLD_ROWS || log.backlog.bytes >= FOLD_BYTES) await runCheckpoint(log, job, index, { signal })
        return { value: await work(job) }
      },
      signal,
    )
    return result!.value
  }

  /** After a walk that met everything and had nothing to move: what is left is damaged, or belongs to what is. @returns undefined when it has to be looked at again */
  async #end(walk: Walk): Promise<RotationReport | undefined> {
    const { log, index, signal, end, discards } = this.#ports
    return this.#hold(async (job) => {
      await runCheckpoint(log, job, index, { signal })
      // Another tab has begun another one, where tabs cannot keep each other out.
      if (log.codec.activeEpoch !== walk.epoch) return undefined
      const look = (): Promise<readonly LeftIn[] | undefined> => sweep(log, job, labelsOf(log, walk.damaged), this.#slices, (rows) => this.#tell('verify', rows))
      let left = await look()
      if (left === undefined) return undefined
      if (discards && left.length > 0) {
        if (!(await discardDamaged(log, job, walk.damaged))) return undefined
        left = await look()
        if (left === undefined) return undefined
      }
      const stays = discards ? left.filter((part) => !isGivenUp(part, walk)) : left
      // In rings: what nobody has keys of keeps none.
      const kept = new Set(stays.map(({ epoch }) => epoch).filter((epoch) => log.codec.ring.epochs.some(({ id }) => id === epoch)))
      try {
        await end(job, kept)
      } catch (error) {
        if (error instanceof VaultError && error.code === 'conflict') return undefined
        throw error
      }
      const skipped = walk.damaged.map(({ place: { store, stem, page } }) => {
        const chatLogId = this.#chatLogOf(stem)
        return { where: store, page, ...(chatLogId !== undefined && { chatLogId }) }
      })
      return { rows: this.#rows, skipped, mismatches: mismatchesIn(left, walk), keepsOldKeys: kept.size > 0 }
    })
  }

  #chatLogOf(stem: string): string | undefined {
    for (const { id, value } of this.#ports.log.state.heads.chatLogs.values()) if (value['stem'] === stem) return id
    return undefined
  }
}

/** Chunks that belonged to pages that were given up, and counts of rows that are not there any more: nothing can be read with their keys. Pages of heads are not given up. */
function isGivenUp({ store, rows }: LeftIn, { damaged }: Walk): boolean {
  if (store === 'heads') return false
  return rows === 0 || (store === 'blobs' && damaged.some((row) => row.place.store === 'pages' && isDiscardable(row)))
}

/** Where what is counted and what is there differ, beyond rows that are named as damaged. */
function mismatchesIn(left: readonly LeftIn[], { damaged }: Walk): Mismatch[] {
  const named = (epoch: number, store: string): number => damaged.filter((row) => row.epoch === epoch && row.place.store === store).length
  return left.filter(({ epoch, store, rows, counted }) => store !== 'quarantine' && (rows !== counted || rows > named(epoch, store) || rows === 0)).map(({ store, rows, counted }) => ({ where: store, counted, found: rows }))
}
