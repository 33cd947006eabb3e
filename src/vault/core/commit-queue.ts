// Gathers the changes of one tab into commits: what waits together is written together, a change that fails spoils no
// neighbour, and a change that lost a race runs again on what is true now. DESIGN section 5, PROTOCOL rules 4-6.

import { VaultError } from '../../errors.js'
import type { Expectation, Operation } from '../../stores/backend.js'
import type { CommitLog } from './commit-log.js'
import { CommitTurns, type TurnPorts } from './commit-turns.js'
import { Draft, type ChangeFunction } from './draft.js'
import type { Change } from './log-row.js'
import type { CommitStamp } from './reducer.js'
import type { State } from './state.js'

export interface Replaces {
  readonly record: string
  readonly fields: string
}

export interface CommitOptions {
  /** Waits for the disk, whatever the vault's option says. */
  readonly strict?: boolean
  /** Commits alone, because it brings expectations or rows of its own. */
  readonly alone?: boolean
  /** A change that still waits is replaced by a newer one of the same record and fields; all of them settle with its commit. */
  readonly replaces?: Replaces
  readonly signal?: AbortSignal | undefined
}

interface Settle {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

interface Waiting {
  run: ChangeFunction<unknown>
  readonly options: CommitOptions
  readonly settle: Settle[]
}

interface Attempted {
  readonly item: Waiting
  readonly result: unknown
}

/** Changes that become one commit. Keeps its operation id through races until it is settled. */
interface Gathered {
  readonly items: Waiting[]
  readonly operation: number
}

const MAX_BATCH = 256
/** A streamed answer is written at once, then at most this often, and when it settles. */
const REPLACE_EVERY_MS = 250
/** A change that keeps losing races gives up after this. */
const GIVE_UP_MS = 15_000
export interface QueuePorts extends TurnPorts {
  readonly durability: 'strict' | 'relaxed'
  readonly now: () => number
}

export class CommitQueue {
  readonly #log: CommitLog
  readonly #ports: QueuePorts
  readonly #turns: CommitTurns
  #waiting: Waiting[] = []
  /** By record: one of a kind at a time, or an older change would come after a newer one. */
  readonly #held = new Map<string, Waiting>()
  readonly #lastReplaced = new Map<string, number>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #flushing: Promise<void> | undefined

  constructor(log: CommitLog, ports: QueuePorts) {
    this.#log = log
    this.#ports = ports
    this.#turns = new CommitTurns(ports)
  }

  get turns(): Pick<CommitTurns, 'noteContention' | 'noteForeignCommit'> {
    return this.#turns
  }

  get isCommitting(): boolean {
    return this.#flushing !== undefined
  }

  /** Resolves with the change's result when its commit is complete. */
  commit<T>(run: ChangeFunction<T>, options: CommitOptions = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = { resolve: resolve as (value: unknown) => void, reject }
      const { replaces, signal } = options
      if (signal?.aborted) return reject(signal.reason as Error)
      const item: Waiting = { run, options, settle: [settle] }
      if (replaces === undefined) {
        this.releaseHeld()
        this.#enqueue(item)
        return
      }
      const waiting = this.#held.get(replaces.record) ?? this.#waiting.at(-1)
      if (isSame(waiting?.options.replaces, replaces)) {
        waiting!.run = run
        waiting!.settle.push(settle)
        return
      }
      this.#release(replaces.record)
      const since = performance.now() - (this.#lastReplaced.get(keyOf(replaces)) ?? -Infinity)
      if (since >= REPLACE_EVERY_MS) {
        this.#enqueue(item)
        return
      }
      this.#held.set(replaces.record, item)
      this.#timer ??= setTimeout(() => this.releaseHeld(), REPLACE_EVERY_MS - since)
    })
  }

  /** Lets waiting updates go ahead: before anything else is queued (their order is kept), at lock, when settled. */
  releaseHeld(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const held = [...this.#held.values()]
    this.#held.clear()
    for (const item of held) this.#enqueue(item)
  }

  #release(record: string): void {
    const item = this.#held.get(record)
    if (item === undefined) return
    this.#held.delete(record)
    this.#enqueue(item)
  }

  /** Writes everything that waits. */
  async drain(): Promise<void> {
    this.releaseHeld()
    while (this.#flushing !== undefined) await this.#flushing
  }

  /** Rejects what still waits; what waits for the lock goes on, and meets a dead log. */
  abandon(error: unknown): void {
    clearTimeout(this.#timer)
    this.#turns.callOff()
    const rest = [...this.#waiting, ...this.#held.values()]
    this.#waiting = []
    this.#held.clear()
    for (const item of rest) for (const { reject } of item.settle) reject(error)
  }

  #enqueue(item: Waiting): void {
    this.#waiting.push(item)
    // A microtask later everything queued in the same turn is one commit.
    this.#flushing ??= Promise.resolve().then(() => this.#flush())
  }

  async #flush(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const alone = this.#waiting.findIndex((item) => item.options.alone === true)
        const batch = this.#waiting.splice(0, alone === 0 ? 1 : Math.min(MAX_BATCH, alone === -1 ? MAX_BATCH : alone))
        for (const item of batch) if (item.options.replaces !== undefined) this.#noteReplaced(keyOf(item.options.replaces))
        // Locks that the browser refuses must not leave anybody waiting for ever.
        await this.#commitFairly({ items: batch, operation: this.#log.nextOperation() }).catch((error: unknown) => rejectAll(batch, toRefusedLock(error)))
      }
    } finally {
      this.#flushing = undefined
    }
  }

  #noteReplaced(key: string): void {
    this.#lastReplaced.delete(key)
    this.#lastReplaced.set(key, performance.now())
    // Only the newest few can still be streaming.
    if (this.#lastReplaced.size > 64) this.#lastReplaced.delete(this.#lastReplaced.keys().next().value!)
  }

  /** Alone in the log, the compare-and-swap is all that is needed; in company the lock keeps one tab from starving another. */
  async #commitFairly(batch: Gathered): Promise<void> {
    const turns = this.#turns
    if (!turns.wanted) {
      if (await this.#attempt(batch, turns.available)) return
      turns.tellContended()
    }
    const inTurn = async (): Promise<void> => {
      // Somebody else most likely wrote since: to look first is cheaper than to lose first.
      if (turns.available) await this.#log.catchUp().catch(() => undefined)
      await this.#attempt(batch, false)
    }
    // The compare-and-swap needs no lock.
    if (!(await turns.wait(inTurn))) await this.#attempt(batch, false)
  }

  /** Commits a batch; false when it lost a race and the caller asked to be told (`yieldOnRace`). */
  async #attempt(batch: Gathered, yieldOnRace: boolean): Promise<boolean> {
    const started = performance.now()
    for (let races = 0; performance.now() - started < GIVE_UP_MS; races++) {
      try {
        const outcome = await this.#tryOnce(batch)
        if (outcome !== 'raced') return true
        if (yieldOnRace) return false
        this.#turns.tellContended()
      } catch (error) {
        await this.#giveBack(batch, error)
        return true
      }
      await this.#backOff(races)
    }
    rejectAll(batch.items, new VaultError('busy', 'other tabs keep writing; try again'))
    return true
  }

  async #tryOnce(batch: Gathered): Promise<'settled' | 'raced'> {
    const log = this.#log
    const generation = log.generation
    const stamp: CommitStamp = { seq: log.head.seq + 1, time: this.#ports.now() }
    const draft = log.state.draft()
    const run = await this.#run(batch.items, draft, stamp)
    // What failed, or found nothing to do, may have looked at what another tab has changed since: nothing in the log would tell,
    // so the log is asked. Then it runs again like everybody else.
    if (run.failed.length > 0 || run.changes.length === 0) await log.confirmFresh()
    if (generation !== log.generation) return 'raced'
    for (const { item, error } of run.failed) {
      rejectAll([item], error)
      batch.items.splice(batch.items.indexOf(item), 1)
    }
    if (run.changes.length === 0) {
      resolveAll(run.attempted)
      return 'settled'
    }
    const strict = batch.items.some((item) => item.options.strict === true)
    const { changes, expect, operations, sealedIn, keys } = run
    const outcome = await log.append({
      draft,
      generation,
      time: stamp.time,
      operation: batch.operation,
      changes,
      expect,
      operations,
      durability: strict ? 'strict' : this.#ports.durability,
      sealedIn,
      keys,
    })
    if (outcome.kind === 'raced') return 'raced'
    if (outcome.kind === 'refused') rejectAll(batch.items, new VaultError('conflict', 'what this change was prepared with is gone; try again', { reason: 'refused' }))
    else resolveAll(run.attempted)
    this.#turns.noteCommit()
    return 'settled'
  }

  async #run(batch: readonly Waiting[], batchDraft: State, stamp: CommitStamp) {
    const attempted: Attempted[] = []
    const failed: { readonly item: Waiting; readonly error: unknown }[] = []
    const changes: Change[] = []
    const expect: Expectation[] = []
    const operations: Operation[] = []
    let sealedIn: Draft['sealedIn']
    let keys: Draft['keys']
    for (const item of batch) {
      if (item.options.signal?.aborted) {
        failed.push({ item, error: item.options.signal.reason })
        continue
      }
      // Alone, a change needs no layer of its own: if it fails, nothing of the batch is left to spoil.
      const layer = batch.length === 1 ? batchDraft : batchDraft.draft()
      const draft = new Draft(layer, stamp)
      try {
        const result = await item.run(draft).finally(() => draft.close())
        if (layer !== batchDraft) layer.pour()
        changes.push(...draft.changes)
        expect.push(...draft.expect)
        operations.push(...draft.operations)
        // Who brings either commits alone.
        sealedIn = draft.sealedIn
        keys = draft.keys
        attempted.push({ item, result })
      } catch (error) {
        failed.push({ item, error })
      }
    }
    return { attempted, failed, changes, expect, operations, sealedIn, keys }
  }

  async #giveBack(batch: Gathered, error: unknown): Promise<void> {
    const mayBeOne = error instanceof VaultError && (error.code === 'invalid-value' || error.code === 'storage-full')
    if (!mayBeOne || batch.items.length === 1) {
      rejectAll(batch.items, error)
      return
    }
    for (const item of batch.items) await this.#attempt({ items: [item], operation: this.#log.nextOperation() }, false)
  }

  async #backOff(races: number): Promise<void> {
    // Under the lock only tabs that have not heard of the contention yet can win; without locks everybody backs off at random.
    const ceiling = this.#turns.available ? 4 : Math.min(64, 2 << Math.min(races, 5))
    await new Promise((resolve) => setTimeout(resolve, Math.random() * ceiling))
  }
}

function isSame(a: Replaces | undefined, b: Replaces): boolean {
  return a?.record === b.record && a.fields === b.fields
}

function keyOf({ record, fields }: Replaces): string {
  return `${record}/${fields}`
}

function toRefusedLock(error: unknown): unknown {
  if (error instanceof VaultError) return error
  return new VaultError('storage-unavailable', 'the browser refuses its locks here; nothing was saved', { where: 'locks' }, error)
}

function resolveAll(attempted: readonly Attempted[]): void {
  for (const { item, result } of attempted) for (const { resolve } of item.settle) resolve(result)
}

function rejectAll(items: readonly Waiting[], error: unknown): void {
  for (const item of items) for (const { reject } of item.settle) reject(error)
}
