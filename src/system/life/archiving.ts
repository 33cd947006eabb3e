// Archiving of old sessions by a rule: a preview of what it would do, the doing, and the undoing. Each commit looks at the sessions anew, archives the next few and says so in the
// journal: a run that is cut off anywhere is finished by the next one, and undo covers both.

import type { Records, Session, SessionState } from '../../index.js'
import { dropJournal, readJournal, writeJournal, type ArchivedSession } from './archive-journal.js'
import { checkFields, checkLimit, SESSIONS_A_COMMIT, type LifePorts, type LongRunning } from './life-ports.js'
import { readSpared, type Spared } from './spared.js'

/** A session is archived when every limit that is given says so. */
export interface ArchiveRule {
  /** Only sessions without activity for so long. */
  readonly inactiveForMs?: number | undefined
  /** So many sessions stay, those with the newest activity; pinned ones and those in use are counted among them. */
  readonly keepActive?: number | undefined
  /** Only sessions in these states; active and inactive ones when left out. */
  readonly states?: readonly Exclude<SessionState, 'archived'>[] | undefined
}

export interface Archivable {
  readonly id: string
  readonly title: string
  readonly lastActivityAt: number
  /** Which limits it met. */
  readonly reason: 'inactive' | 'not-among-newest' | 'inactive-and-not-among-newest'
}

export interface ArchiveReport {
  /** What this run archived, the longest without activity first. */
  readonly archived: readonly Archivable[]
  /** Whether it finished a run that was cut off. */
  readonly continued: boolean
  /** For `undo`; missing when there is nothing to undo. Covers what a run that was cut off had done before. */
  readonly undoToken?: string
}

export interface UndoReport {
  readonly restored: readonly string[]
  /** Left as they are: changed since (or archived no more), or deleted. */
  readonly left: readonly { readonly id: string; readonly why: 'changed' | 'gone' }[]
}

const STATES: readonly SessionState[] = ['active', 'inactive']

export class Archiving {
  readonly #ports: LifePorts

  constructor(ports: LifePorts) {
    this.#ports = ports
  }

  /**
   * What `run` with the same rule would archive, the longest without activity first. Writes nothing.
   * @throws {RangeError}, {TypeError} for a rule without a limit, with one that is none, or with one that nobody knows; {VaultError} `locked`
   */
  async preview(rule: ArchiveRule, now: number = this.#ports.now()): Promise<readonly Archivable[]> {
    checkArchiveRule(rule)
    return planArchiving(await this.#ports.open.sessions.list(), rule, now, await readSpared(this.#ports.open, this.#ports))
  }

  /**
   * Archives what the rule says, 250 sessions a commit; never a session in use, a pinned one, or one that is deleted and can be had back. Run twice it changes nothing. Cut off anywhere,
   * what was archived stays so, and the next run does the rest. It can be undone for 30 days, until the next run archives something.
   * @throws as `preview`; {VaultError} `storage-full`; the signal's reason
   */
  async run(rule: ArchiveRule, { signal, onProgress }: LongRunning = {}): Promise<ArchiveReport> {
    checkArchiveRule(rule)
    const now = this.#ports.now()
    // Made once: a commit that lost a race runs again, and is still the same run.
    const fresh = crypto.randomUUID()
    const archived: Archivable[] = []
    for (let first: boolean | undefined; ; ) {
      signal?.throwIfAborted()
      const step = await this.#ports.open.transact((tx) => this.#archiveSome(tx, rule, now, fresh))
      first ??= step.continued
      archived.push(...step.archived)
      if (step.archived.length > 0) onProgress?.({ phase: 'archive', done: archived.length, total: archived.length + step.left })
      if (step.left === 0) return { archived, continued: first, ...(step.token !== undefined && { undoToken: step.token }) }
    }
  }

  /**
   * Gives the sessions of the last run their states back, in bounded commits: those that are still archived and were not changed since, by this tab or another.
   * What was taken back is forgotten as it is done, so that an undo that is cut off is finished by the next one. Nothing to undo is an empty report.
   * @param token of the run that is meant; the last one when left out
   */
  async undo(token?: string): Promise<UndoReport> {
    const restored: string[] = []
    const left: { id: string; why: 'changed' | 'gone' }[] = []
    for (;;) {
      const step = await this.#ports.open.transact((tx) => this.#restoreSome(tx, token))
      restored.push(...step.restored)
      left.push(...step.left)
      if (step.isDone) return { restored, left }
    }
  }

  async #archiveSome(tx: Records, rule: ArchiveRule, now: number, fresh: string): Promise<{ archived: readonly Archivable[]; left: number; continued: boolean; token?: string }> {
    const plan = planArchiving(await tx.sessions.list(), rule, now, await readSpared(tx, this.#ports))
    const journal = await readJournal(tx, now)
    const open = journal?.isFinished === false ? journal : undefined
    // The second run of two: what the first one did can still be undone.
    if (plan.length === 0 && open === undefined) return { archived: [], left: 0, continued: false, ...(journal && { token: journal.token }) }
    const batch = plan.slice(0, SESSIONS_A_COMMIT)
    const sessions: ArchivedSession[] = [...(open?.sessions ?? [])]
    for (const { id } of batch) {
      const { state } = (await tx.sessions.get(id))!
      sessions.push({ id, state, rev: (await tx.sessions.update(id, { state: 'archived' })).rev })
    }
    const token = open?.token ?? fresh
    await writeJournal(tx, { token, at: now, isFinished: plan.length === batch.length, sessions })
    return { archived: batch, left: plan.length - batch.length, continued: open !== undefined, token }
  }

  async #restoreSome(tx: Records, token: string | undefined): Promise<{ restored: string[]; left: { id: string; why: 'changed' | 'gone' }[]; isDone: boolean }> {
    const journal = await readJournal(tx, this.#ports.now())
    const restored: string[] = []
    const left: { id: string; why: 'changed' | 'gone' }[] = []
    if (journal === undefined || (token !== undefined && token !== journal.token)) return { restored, left, isDone: true }
    for (const { id, state, rev } of journal.sessions.slice(0, SESSIONS_A_COMMIT)) {
      const session = await tx.sessions.get(id)
      if (session === undefined) left.push({ id, why: 'gone' })
      else if (session.state !== 'archived' || session.rev !== rev) left.push({ id, why: 'changed' })
      else {
        await tx.sessions.update(id, { state })
        restored.push(id)
      }
    }
    const rest = journal.sessions.slice(SESSIONS_A_COMMIT)
    if (rest.length === 0) await dropJournal(tx)
    else await writeJournal(tx, { ...journal, sessions: rest })
    return { restored, left, isDone: rest.length === 0 }
  }
}

/** @throws {RangeError}, {TypeError}: without a limit it would archive everything */
export function checkArchiveRule(rule: ArchiveRule): void {
  checkFields(rule, ['inactiveForMs', 'keepActive', 'states'])
  checkLimit('inactiveForMs', rule.inactiveForMs, false)
  checkLimit('keepActive', rule.keepActive, true)
  if (rule.states !== undefined && !Array.isArray(rule.states)) throw new TypeError('states must be a list')
  if (rule.states?.some((state) => !STATES.includes(state)) === true) throw new RangeError('states may be active and inactive')
  if (rule.inactiveForMs === undefined && rule.keepActive === undefined) throw new RangeError('a rule must say inactiveForMs or keepActive: without a limit it would archive every session')
}

/** @param sessions newest activity first */
function planArchiving(sessions: readonly Session[], rule: ArchiveRule, now: number, { kept, hidden }: Spared): Archivable[] {
  const { inactiveForMs, keepActive, states = STATES } = rule
  const pool = sessions.filter(({ id, state }) => states.includes(state as never) && !hidden.has(id))
  const reason = inactiveForMs === undefined ? 'not-among-newest' : keepActive === undefined ? 'inactive' : 'inactive-and-not-among-newest'
  return pool
    .filter(({ id, lastActivityAt }, place) => place >= (keepActive ?? 0) && now - lastActivityAt >= (inactiveForMs ?? -Infinity) && !kept.has(id))
    .map(({ id, title, lastActivityAt }) => ({ id, title, lastActivityAt, reason }) as const)
    .reverse()
}
