// One change to many sessions: one commit for as many as fit, and for each session what became of it.

import type { Records, Session, SessionPatch, SessionState } from '../../index.js'
import { distinctIds, SESSIONS_A_COMMIT, type LifePorts, type LongRunning, type SessionOutcome } from './life-ports.js'
import type { DeleteOptions, PendingDeletes } from './pending-deletes.js'
import type { Pins } from './pins.js'
import { sameJson } from './three-way.js'

/** The whole list, or what to put to it and take from it. */
export type ListChange = readonly string[] | { readonly add?: readonly string[]; readonly remove?: readonly string[] }

export interface SessionsChange {
  readonly state?: SessionState | undefined
  readonly keywords?: ListChange | undefined
  readonly participants?: ListChange | undefined
}

export class BulkChanges {
  readonly #ports: LifePorts
  readonly #pins: Pins
  readonly #deletes: PendingDeletes

  constructor(ports: LifePorts, pins: Pins, deletes: PendingDeletes) {
    this.#ports = ports
    this.#pins = pins
    this.#deletes = deletes
  }

  /**
   * Changes state, keywords or participants of many sessions. Up to 250 are one commit; of more, each 250. A session that is so already is not written.
   * @throws {VaultError} `invalid-value` for values a session cannot have, `locked`, `storage-full`; {TypeError} for what is no list of ids or no change; the signal's reason
   */
  async update(ids: readonly string[], change: SessionsChange, { signal, onProgress }: LongRunning = {}): Promise<readonly SessionOutcome[]> {
    const wanted = distinctIds(ids)
    if (change.state === undefined && change.keywords === undefined && change.participants === undefined) throw new TypeError('say which state, keywords or participants the sessions get')
    const outcomes: SessionOutcome[] = []
    for (let start = 0; start < wanted.length; start += SESSIONS_A_COMMIT) {
      signal?.throwIfAborted()
      const batch = wanted.slice(start, start + SESSIONS_A_COMMIT)
      outcomes.push(...(await this.#ports.open.transact((tx) => changeAll(tx, batch, change))))
      onProgress?.({ phase: 'update', done: outcomes.length, total: wanted.length })
    }
    return outcomes
  }

  /** Archives sessions because somebody asked for it: pinned ones and those in use too. @throws as `update` */
  archive(ids: readonly string[], options?: LongRunning): Promise<readonly SessionOutcome[]> {
    return this.update(ids, { state: 'archived' }, options)
  }

  /** @throws as `Pins.pin` */
  pin(ids: readonly string[]): Promise<readonly SessionOutcome[]> {
    return this.#pins.pin(ids)
  }

  /** @throws as `Pins.unpin` */
  unpin(ids: readonly string[]): Promise<readonly SessionOutcome[]> {
    return this.#pins.unpin(ids)
  }

  /** Deletes sessions, to be undone for a while. @throws as `PendingDeletes.deleteSessions` */
  delete(ids: readonly string[], options?: DeleteOptions): Promise<readonly SessionOutcome[]> {
    return this.#deletes.deleteSessions(ids, options)
  }
}

async function changeAll(tx: Records, ids: readonly string[], change: SessionsChange): Promise<SessionOutcome[]> {
  const outcomes: SessionOutcome[] = []
  for (const id of ids) {
    const session = await tx.sessions.get(id)
    const patch = session && patchFor(session, change)
    if (patch !== undefined) await tx.sessions.update(id, patch)
    outcomes.push({ id, outcome: session === undefined ? 'not-found' : patch === undefined ? 'unchanged' : 'done' })
  }
  return outcomes
}

/** What differs; undefined when nothing does. */
function patchFor(session: Session, change: SessionsChange): SessionPatch | undefined {
  const wanted: SessionPatch = {
    state: change.state,
    keywords: change.keywords && changed(session.keywords, change.keywords),
    participants: change.participants && changed(session.participants, change.participants),
  }
  const differing = Object.entries(wanted).filter(([field, value]) => value !== undefined && !sameJson(value, session[field as keyof Session]))
  return differing.length === 0 ? undefined : Object.fromEntries(differing)
}

function changed(list: readonly string[], change: ListChange): readonly string[] {
  if (isList(change)) return change
  const { add = [], remove = [] } = change
  const kept = list.filter((item) => !remove.includes(item))
  return [...kept, ...add.filter((item, i) => !kept.includes(item) && add.indexOf(item) === i)]
}

function isList(change: ListChange): change is readonly string[] {
  return Array.isArray(change)
}
