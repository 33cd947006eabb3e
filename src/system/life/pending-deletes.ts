// Deleting sessions so that it can be undone for a while: a list in the vault says which are to go and when. Until then they are hidden, and nothing of them is lost;
// then they go, with their chat logs, in the commit that takes them off the list. So a crash at any moment deletes each once, or not yet.

import { distinctIds, type LifePorts, type SessionOutcome } from './life-ports.js'
import { readPendingDeletes, writePendingDeletes, type PendingDelete } from './pending-list.js'

export interface DeleteOptions {
  /** How long it can be undone; ten seconds when left out, what a message with an undo button is shown for. */
  readonly undoMs?: number | undefined
}

export interface PurgeReport {
  readonly deleted: readonly string[]
  /** Got messages, or activity, after they were to go: somebody went on with them, in another tab perhaps. They are kept and hidden no more. */
  readonly kept: readonly string[]
}

const DEFAULT_UNDO_MS = 10_000

export class PendingDeletes {
  readonly #ports: LifePorts

  constructor(ports: LifePorts) {
    this.#ports = ports
  }

  /**
   * Marks sessions as deleted, in one commit: hidden at once, in every tab and after a restart, gone when `purgeDue` is called after `undoMs`.
   * Those that are marked already stay as they are.
   * @throws {VaultError} `invalid-value` when more than 5,000 would wait, `locked`, `storage-full`; {TypeError}, {RangeError} for what is no list of ids and no time
   */
  async deleteSessions(ids: readonly string[], { undoMs = DEFAULT_UNDO_MS }: DeleteOptions = {}): Promise<readonly SessionOutcome[]> {
    const wanted = distinctIds(ids)
    if (typeof undoMs !== 'number') throw new TypeError('undoMs must be a number')
    if (!Number.isFinite(undoMs) || undoMs < 0) throw new RangeError('undoMs must be a number of milliseconds from 0')
    return this.#ports.open.transact(async (tx) => {
      const pending = new Map((await readPendingDeletes(tx)).map((entry) => [entry.id, entry]))
      const at = this.#ports.now()
      const outcomes: SessionOutcome[] = []
      for (const id of wanted) {
        const session = await tx.sessions.get(id)
        outcomes.push({ id, outcome: session === undefined ? 'not-found' : pending.has(id) ? 'unchanged' : 'done' })
        if (session === undefined || pending.has(id)) continue
        pending.set(id, { id, at, until: at + undoMs, messageCount: session.messageCount, lastActivityAt: session.lastActivityAt })
      }
      if (outcomes.some(({ outcome }) => outcome === 'done')) await writePendingDeletes(tx, [...pending.values()])
      return outcomes
    })
  }

  /** Has sessions back, in one commit: also after their time, as long as they were not purged. Those that were not marked are `unchanged`. */
  async undo(ids: readonly string[]): Promise<readonly SessionOutcome[]> {
    const wanted = distinctIds(ids)
    return this.#ports.open.transact(async (tx) => {
      const pending = new Map((await readPendingDeletes(tx)).map((entry) => [entry.id, entry]))
      const outcomes: SessionOutcome[] = []
      for (const id of wanted) {
        const isThere = (await tx.sessions.get(id)) !== undefined
        const wasMarked = pending.delete(id)
        outcomes.push({ id, outcome: !isThere ? 'not-found' : wasMarked ? 'done' : 'unchanged' })
      }
      if (outcomes.some(({ outcome }) => outcome === 'done')) await writePendingDeletes(tx, [...pending.values()])
      return outcomes
    })
  }

  /**
   * Deletes what is due, in the commit that takes it off the list: call it at `nextDue`, and when the vault was opened, for what came due meanwhile. Of tabs that do so at
   * once, one deletes and the others find nothing to do.
   * @throws {VaultError} `locked`, `storage-full`
   */
  async purgeDue(now: number = this.#ports.now()): Promise<PurgeReport> {
    return this.#ports.open.transact(async (tx) => {
      const pending = await readPendingDeletes(tx)
      const due = pending.filter(({ until }) => until <= now)
      const deleted: string[] = []
      const kept: string[] = []
      for (const entry of due) {
        const session = await tx.sessions.get(entry.id)
        if (session === undefined) continue
        if (wentOn(entry, session)) kept.push(entry.id)
        else if (await tx.sessions.delete(entry.id)) deleted.push(entry.id)
      }
      if (due.length > 0) await writePendingDeletes(tx, pending.filter(({ until }) => until > now))
      return { deleted, kept }
    })
  }

  /** When the next session is due, in ms; undefined when none waits. */
  async nextDue(): Promise<number | undefined> {
    const pending = await readPendingDeletes(this.#ports.open)
    return pending.length === 0 ? undefined : pending.reduce((first, { until }) => Math.min(first, until), Infinity)
  }

  /** Ids of the sessions that lists and searches leave out. */
  async hidden(): Promise<ReadonlySet<string>> {
    return new Set((await readPendingDeletes(this.#ports.open)).map(({ id }) => id))
  }

  async isHidden(id: string): Promise<boolean> {
    return (await this.hidden()).has(id)
  }
}

/** An edited title or message is no reason to keep what its user deleted; new messages are. */
function wentOn(entry: PendingDelete, { messageCount, lastActivityAt }: { readonly messageCount: number; readonly lastActivityAt: number }): boolean {
  return messageCount > entry.messageCount || lastActivityAt > entry.lastActivityAt
}
