// The vault as it is at one commit, for as long as the job is held: heads are values that are never changed in place, only a job rewrites
// or removes pages and blobs, and what commits add meanwhile lies over both, not in here.

import { VaultError } from '../../errors.js'
import type { CommitLog } from '../core/commit-log.js'
import { lostLease, runJob, type JobPorts } from '../core/jobs.js'
import { HEAD_COLLECTIONS, type HeadCollectionName } from '../core/log-row.js'
import { Slices } from '../core/slices.js'
import type { Head, PendingBody, Tombstone } from '../core/state.js'

export interface Snapshot {
  /** The newest commit in it. */
  readonly seq: number
  /** By collection, in the order in which the records were made. */
  readonly heads: { readonly [C in HeadCollectionName]: readonly Head[] }
  /** What is not in pages yet. */
  readonly pendingOf: (stem: string) => ReadonlyMap<number, PendingBody> | undefined
  /** Deletions that are not in pages yet. */
  readonly tombstones: readonly Tombstone[]
}

/** Heads that are looked at before anybody else may have a turn. */
export const HEADS_A_LOOK = 1024

export interface SnapshotPorts {
  readonly log: CommitLog
  readonly jobs: JobPorts
  /** Calls back when the vault begins to lock. */
  readonly onLocking: (listener: () => void) => () => void
}

/** Everything is copied before the first wait, so that it is the state at one commit. */
async function takeSnapshot({ state, head: { seq } }: CommitLog, slices: Slices): Promise<Snapshot> {
  const copies = HEAD_COLLECTIONS.map((collection) => [collection, state.heads[collection].values()] as const)
  const pending = new Map([...state.pendingStems()].map(([stem, bodies]) => [stem, new Map(bodies.entries())] as const))
  const tombstones = [...state.tombstones]
  const heads: Partial<Record<HeadCollectionName, Head[]>> = {}
  for (const [collection, copy] of copies) heads[collection] = await byNumber(copy, slices)
  return { seq, heads: heads as Snapshot['heads'], pendingOf: (stem) => pending.get(stem), tombstones }
}

/** Some numbers at a time, for sorting a hundred thousand at once would be one long task. */
async function byNumber(heads: readonly Head[], slices: Slices): Promise<Head[]> {
  const parts = new Map<number, Head[]>()
  for (const [i, head] of heads.entries()) {
    if (i % HEADS_A_LOOK === 0) await slices.breathe()
    const part = Math.floor(head.number / HEADS_A_LOOK)
    const known = parts.get(part)
    if (known === undefined) parts.set(part, [head])
    else known.push(head)
  }
  const sorted: Head[] = []
  for (const part of [...parts.keys()].sort((a, b) => a - b)) {
    await slices.breathe()
    sorted.push(...parts.get(part)!.sort((a, b) => a.number - b.number))
  }
  return sorted
}

/**
 * What `read` makes of a snapshot, piece by piece. Commits go on meanwhile; checkpoints, loads and whatever else rewrites rows wait until the
 * last piece was taken, or nobody wants more, or the vault is locked.
 * @throws {VaultError} `locked`, `busy`; the signal's reason
 */
export async function* overSnapshot<T>({ log, jobs, onLocking }: SnapshotPorts, signal: AbortSignal | undefined, read: (snapshot: Snapshot, stop: AbortSignal) => AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  const locking = new AbortController()
  // Whoever stopped taking pieces must not keep a locked vault from being opened again.
  const unsubscribe = onLocking(() => locking.abort(new VaultError('locked', 'the vault was locked while it was exported')))
  const stop = signal === undefined ? locking.signal : AbortSignal.any([locking.signal, signal])
  const held = holdJob(jobs, stop)
  try {
    await held.begun
    await log.catchUp()
    stop.throwIfAborted()
    const { manifest } = log
    const pieces = read(await takeSnapshot(log, new Slices(stop)), stop)
    try {
      yield* pieces
    } catch (error) {
      // Without Web Locks another tab may have taken this one for dead, and may have folded under it.
      if (error instanceof VaultError && error.code === 'corrupt') await log.catchUp()
      throw manifest === log.manifest ? error : lostLease()
    }
  } finally {
    unsubscribe()
    held.release()
  }
}

/** The job, held until it is released or the signal says so. */
function holdJob(jobs: JobPorts, signal: AbortSignal): { readonly begun: Promise<void>; readonly release: () => void } {
  let release!: () => void
  const released = new Promise<void>((resolve) => {
    release = resolve
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const begun = new Promise<void>((resolve, reject) => {
    const work = async (): Promise<void> => {
      resolve()
      await released
    }
    runJob(jobs, true, work, signal).catch(reject)
  })
  return { begun, release }
}
