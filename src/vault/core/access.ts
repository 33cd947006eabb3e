// How records reach what is true and change it. One contract, two ways: over the open vault (each call its own commit)
// and inside a transaction (all calls one commit). Records are written once against it.

import { VaultError } from '../../errors.js'
import type { Expectation } from '../../stores/backend.js'
import { readLongText, restoreBody, stageBody, type StagedBody } from './blobs.js'
import type { CommitLog } from './commit-log.js'
import type { CommitOptions, CommitQueue } from './commit-queue.js'
import type { ChangeFunction, Draft } from './draft.js'
import type { Job } from './jobs.js'
import { Iterations } from './iterations.js'
import type { BlobRef, Body, Fields } from './log-row.js'
import { Mutex } from './mutex.js'
import { SuspectPage, type Pages } from './pages.js'
import { isTooLong } from './record-size.js'
import type { State } from './state.js'

/** A record's JSON without its long values may not be longer than this. */
const MAX_RECORD = 16 * 1024 * 1024
/** Reads start again when another tab's checkpoint came in between; so many in a row do not happen by themselves. */
const MAX_RESTARTS = 20

export interface Access {
  readonly pages: Pages
  /** Every iteration that is given to an app is one of these. */
  readonly iterations: Iterations
  /** Runs a read over what is true now, again if it was disturbed. */
  view<T>(read: (state: State) => Promise<T>): Promise<T>
  /** Changes what is true; the promise resolves when it is saved (inside a transaction: when it is drafted). */
  commit<T>(run: ChangeFunction<T>, options?: CommitOptions): Promise<T>
  /** The same for records that may hold long strings: these are written beforehand, and `run` gets what to store instead. */
  commitBodies<T>(records: readonly Fields[], what: string, run: (draft: Draft, bodies: readonly Body[]) => Promise<T>, options?: CommitOptions): Promise<T>
  /** Writes the long strings of one record, as part of a job, and gives what to store instead: for those that commit later. */
  stage(fields: Fields, what: string, job: Job): Promise<StagedBody>
  /** The record with its long values back in place. */
  restore(body: Body): Promise<Fields>
  /** One long value by itself. @throws {SuspectPage} */
  longText(ref: BlobRef): Promise<string>
}

export interface OpenParts {
  readonly log: CommitLog
  readonly queue: CommitQueue
  readonly pages: Pages
}

/** Access over the open vault. Calls take effect in the order they were made, however long their preparation takes. */
export function openAccess({ log, queue, pages }: OpenParts): Access {
  const intake = new Intake()
  const enqueue = <T>(run: ChangeFunction<T>, options?: CommitOptions): Promise<T> => {
    log.assertAlive()
    return queue.commit((draft) => throughDisturbance(log, () => run(draft)), options)
  }
  return {
    pages,
    iterations: new Iterations(() => log.assertAlive()),
    view: (read) => readUndisturbed(log, () => read(log.state)),
    commit: (run, options) => intake.inTurn(undefined, () => enqueue(run, options)),
    commitBodies: async <T>(records: readonly Fields[], what: string, run: (draft: Draft, bodies: readonly Body[]) => Promise<T>, options?: CommitOptions): Promise<T> => {
      log.assertAlive()
      const prepare = (): readonly StagedBody[] | Promise<readonly StagedBody[]> => stageAll(log, records, what)
      const attempt = (staged: readonly StagedBody[]): Promise<T> => {
        const expect = staged.flatMap((body) => body.expect)
        const bodies = staged.map(({ body }) => body)
        const change: ChangeFunction<T> = async (draft) => {
          draft.expect.push(...expect)
          draft.sealedIn = staged.find(({ epoch }) => epoch !== undefined)?.epoch
          return run(draft, bodies)
        }
        // A commit that brings expectations of its own stands or falls alone.
        return enqueue(change, expect.length > 0 ? { alone: true } : options)
      }
      try {
        return await intake.inTurn(prepare(), attempt)
      } catch (error) {
        // The rows were cleared as left-overs before the commit came: once more, with fresh ones.
        if (!(error instanceof VaultError) || error.details.reason !== 'refused') throw error
        return intake.inTurn(prepare(), attempt)
      }
    },
    stage: async (fields, what, job) => stage(log, fields, what, [job.expectation]),
    restore: (body) => restoreBody(log.backend, log.codec, body),
    longText: (ref) => readLongText(log.backend, log.codec, ref),
  }
}

/** Whether a transaction may still be used. */
export interface DraftLife {
  ended: boolean
}

/** Access inside a transaction: reads see its own writes; once it has ended, every call is refused. */
export function draftAccess({ log, pages, iterations }: Pick<OpenParts, 'log'> & Pick<Access, 'pages' | 'iterations'>, draft: Draft, life: DraftLife): Access {
  const alive = (): void => {
    if (life.ended) throw new TypeError('this transaction has ended; await everything inside of it')
    log.assertAlive()
  }
  // Calls made at once look and change one after the other, as their order was.
  const mutex = new Mutex()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> =>
    mutex.run(() => {
      alive()
      return throughDisturbance(log, work)
    })
  return {
    pages,
    iterations,
    view: async (read) => {
      alive()
      return throughDisturbance(log, () => read(draft.state))
    },
    commit: async (run) => {
      alive()
      return inTurn(() => run(draft))
    },
    commitBodies: async (records, what, run) => {
      alive()
      return inTurn(async () => {
        const staged = await stageAll(log, records, what)
        alive()
        draft.expect.push(...staged.flatMap((body) => body.expect))
        draft.sealedIn ??= staged.find(({ epoch }) => epoch !== undefined)?.epoch
        return run(draft, staged.map(({ body }) => body))
      })
    },
    stage: async (fields, what, job) => stage(log, fields, what, [job.expectation]),
    restore: (body) => restoreBody(log.backend, log.codec, body),
    longText: (ref) => readLongText(log.backend, log.codec, ref),
  }
}

/** Hands changes on in the order of the calls: one that has to write long strings first keeps its place. */
class Intake {
  #last: Promise<unknown> | undefined

  inTurn<P, T>(prepared: P | Promise<P>, enqueue: (prepared: P) => Promise<T>): Promise<T> {
    const before = this.#last
    if (before === undefined && !(prepared instanceof Promise)) return enqueue(prepared)
    const result = Promise.allSettled([prepared, before]).then(async () => ({ done: enqueue(await prepared) }))
    const settled = result.then(
      () => undefined,
      () => undefined,
    )
    this.#last = settled
    void settled.then(() => {
      if (this.#last === settled) this.#last = undefined
    })
    // Its turn ends when it is queued, not when it is saved.
    return result.then(({ done }) => done)
  }
}

function stageAll(log: CommitLog, records: readonly Fields[], what: string): readonly StagedBody[] | Promise<readonly StagedBody[]> {
  const staged = records.map((fields) => stage(log, fields, what))
  return staged.some((body) => body instanceof Promise) ? Promise.all(staged.map(async (body) => body)) : (staged as readonly StagedBody[])
}

/** At once for the usual record, a promise for one with long strings. */
function stage(log: CommitLog, fields: Fields, what: string, fence: readonly Expectation[] = []): StagedBody | Promise<StagedBody> {
  const staged = stageBody(log.backend, log.codec, fields, fence)
  const check = (body: StagedBody): StagedBody => {
    if (isTooLong(body.body, MAX_RECORD)) throw new VaultError('invalid-value', `${what} is longer than 16 MiB even without its long strings; split it`, { where: what, reason: 'too-large' })
    return body
  }
  return staged instanceof Promise ? staged.then(check) : check(staged)
}

async function readUndisturbed<T>(log: CommitLog, read: () => Promise<T>): Promise<T> {
  log.assertAlive()
  await log.refresh()
  for (let restarts = 0; ; restarts++) {
    const { generation, ground, state } = log
    try {
      const found = await read()
      // Locked meanwhile: what was read may be what is left when everything has been forgotten.
      log.assertAlive()
      // Pages and what is pending over them belong together. A checkpoint of this tab moves one to the other in place, and a
      // deleted chat loses the second first: whoever waited in between has half of each. One of another tab puts a new state in place of
      // the whole: who looked at the search index in between has messages of one and segments of the other.
      if (ground === log.ground && state === log.state) return found
      if (restarts >= MAX_RESTARTS) throw new VaultError('busy', 'the vault changed all the time while it was read; try again')
    } catch (error) {
      // Nor is what cannot be found then not there.
      log.assertAlive()
      if (!(error instanceof SuspectPage)) throw error
      if (generation === log.generation) await log.catchUp()
      if (generation === log.generation || restarts >= MAX_RESTARTS) throw error.damage
    }
  }
}

/** Inside a change: learns whether the ground moved (then the queue runs the change again) or the page is damaged. */
async function throughDisturbance<T>(log: CommitLog, run: () => Promise<T>): Promise<T> {
  const generation = log.generation
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof SuspectPage)) throw error
    if (generation === log.generation) await log.catchUp()
    throw error.damage
  }
}
