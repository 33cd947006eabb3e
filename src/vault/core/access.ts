// How records reach what is true and change it. One contract, two ways: over the open vault (each call its own commit)
// and inside a transaction (all calls one commit). Records are written once against it.

import { VaultError } from '../../errors.js'
import { restoreBody, stageBody, type StagedBody } from './blobs.js'
import type { CommitLog } from './commit-log.js'
import type { CommitOptions, CommitQueue, ChangeFunction, Draft } from './commit-queue.js'
import type { Body, Fields } from './log-row.js'
import { SuspectPage, type Pages } from './pages.js'
import type { State } from './state.js'

/** A record's JSON without its long values may not be longer than this. */
const MAX_RECORD = 16 * 1024 * 1024
/** Reads start again when another tab's checkpoint came in between; so many in a row do not happen by themselves. */
const MAX_RESTARTS = 20

export interface Access {
  readonly pages: Pages
  /** Runs a read over what is true now, again if it was disturbed. */
  view<T>(read: (state: State) => Promise<T>): Promise<T>
  /** Changes what is true; the promise resolves when it is saved (inside a transaction: when it is drafted). */
  commit<T>(run: ChangeFunction<T>, options?: CommitOptions): Promise<T>
  /** Moves long values of a record out of it; must happen before the change that stores it. */
  stage(fields: Fields, what: string): Promise<StagedBody>
  /** The record with its long values back in place. */
  restore(body: Body): Promise<Fields>
}

export interface OpenParts {
  readonly log: CommitLog
  readonly queue: CommitQueue
  readonly pages: Pages
}

/** Access over the open vault. */
export function openAccess({ log, queue, pages }: OpenParts): Access {
  return {
    pages,
    view: (read) => readUndisturbed(log, () => read(log.state)),
    commit: (run, options) => {
      log.assertAlive()
      return queue.commit((draft) => throughDisturbance(log, () => run(draft)), options)
    },
    stage: (fields, what) => stage(log, fields, what),
    restore: (body) => restoreBody(log.backend, log.codec, body),
  }
}

/** Access inside a transaction: reads see its own writes. */
export function draftAccess({ log, pages }: Pick<OpenParts, 'log' | 'pages'>, draft: Draft): Access {
  return {
    pages,
    view: (read) => read(draft.state),
    commit: (run) => run(draft),
    stage: (fields, what) => stage(log, fields, what),
    restore: (body) => restoreBody(log.backend, log.codec, body),
  }
}

async function stage(log: CommitLog, fields: Fields, what: string): Promise<StagedBody> {
  log.assertAlive()
  const staged = await stageBody(log.backend, log.codec, fields)
  // Cheap for the usual record: only what could be too long is measured.
  if (roughLength(staged.body) > MAX_RECORD / 6 && JSON.stringify(staged.body).length > MAX_RECORD) {
    throw new VaultError('invalid-value', `${what} is longer than 16 MiB even without its long strings; split it`, { where: what, reason: 'too-large' })
  }
  return staged
}

/** At least a sixth of the JSON's length: an escaped unit takes six characters at most. */
function roughLength(value: unknown): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 4
  let length = 2
  if (Array.isArray(value)) for (const item of value) length += roughLength(item) + 1
  else for (const key of Object.keys(value)) length += key.length + 4 + roughLength((value as Fields)[key])
  return length
}

async function readUndisturbed<T>(log: CommitLog, read: () => Promise<T>): Promise<T> {
  log.assertAlive()
  await log.refresh()
  for (let restarts = 0; ; restarts++) {
    const generation = log.generation
    try {
      return await read()
    } catch (error) {
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
