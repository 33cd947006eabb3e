// Takes records one after the other, plans what becomes of them, and makes it true by commits, each of which holds only over what it was
// planned on. Whatever is done twice is done once: who was cut off begins again. DESIGN section 9; PROTOCOL rules 8 to 10.

import { VaultError } from '../../errors.js'
import type { CommitLog } from '../core/commit-log.js'
import type { Draft } from '../core/draft.js'
import { HEAD_COLLECTIONS, type HeadCollectionName } from '../core/log-row.js'
import type { IncomingRecord } from './incoming.js'
import { Step, type MergeContext } from './merge-context.js'
import { planGroup, type GroupMerge } from './merge-group.js'
import { planRemovedMessages } from './merge-log.js'
import { planDeletion, planRecord, type WholeKind } from './merge-records.js'
import { ReportMaker, type MergeReport } from './merge-report.js'

/** Committed together: drafting, sealing and sending a commit is one task, however long it takes. */
const MESSAGES_AT_ONCE = 2000
const STEPS_AT_ONCE = 100
/** Planned side by side: most are one page, and engines seal several at once much faster than one by one. */
const PLANNED_AT_ONCE = 16
/** Somebody who changes the same records all the time is left to it after so many attempts. */
const MAX_ATTEMPTS = 20

type Plan = () => Promise<Step | undefined>

interface Planned {
  readonly plan: Plan
  readonly step: Step
}

export interface MergerEvents {
  /** After each commit: messages that were dealt with. */
  readonly onProgress: (messages: number) => void
  /** Somebody is asked about conflicts: one thing at a time, in the order of the archive. */
  readonly asks: boolean
  /** Ends it between two commits. */
  readonly signal: AbortSignal | undefined
}

export class Merger {
  readonly #context: MergeContext
  readonly #log: CommitLog
  readonly #events: MergerEvents
  readonly #report = new ReportMaker()
  readonly #seen: Readonly<Record<HeadCollectionName, Set<string>>> = { sessions: new Set(), chatLogs: new Set(), brains: new Set(), preferences: new Set() }
  readonly #planning: { readonly plan: Plan; readonly step: Promise<Step | undefined> }[] = []
  #waiting: Planned[] = []
  #waitingMessages = 0
  #committing: Promise<void> = Promise.resolve()

  constructor(context: MergeContext, log: CommitLog, events: MergerEvents) {
    this.#context = context
    this.#log = log
    this.#events = events
  }

  /** A session with its chat logs, all of their messages taken. */
  async addGroup(group: GroupMerge): Promise<void> {
    if (group.session !== undefined) this.#seen.sessions.add(group.session.id)
    for (const { id } of group.logs) this.#seen.chatLogs.add(id)
    await this.#add(() => planGroup(this.#context, group))
  }

  /** @param record an item under the id of the brain that it is stored as */
  async addRecord(kind: WholeKind, record: IncomingRecord): Promise<void> {
    this.#seen[kind === 'preference' ? 'preferences' : 'brains'].add(record.id)
    await this.#add(() => planRecord(this.#context, kind, record))
  }

  /**
   * Deals with what was deleted on the other side, and brings everything to its end.
   * @param last what the last commit does besides
   */
  async finish(last: (draft: Draft) => void): Promise<MergeReport> {
    // Chat logs that go with their session have gone by the time they are looked at.
    if (this.#context.isComplete || !this.#context.deleted.theirs.isEmpty) {
      await this.#settlePlans()
      for (const collection of HEAD_COLLECTIONS) {
        for (const { id, number } of this.#log.state.heads[collection].values()) {
          await this.#context.slices.breathe()
          if (!this.#seen[collection].has(id)) await this.#add(() => this.#planDeletion(collection, id, number))
        }
        await this.#settlePlans()
      }
    }
    await this.#settlePlans()
    if (this.#context.writing !== undefined) {
      const { job } = this.#context.writing
      await this.#context.access.commit(
        async (draft) => {
          draft.expect.push(job.expectation)
          last(draft)
        },
        { alone: true, strict: true },
      )
    }
    return this.#report.report()
  }

  /** Lets go of what is under way; call it whatever happened. */
  async settle(): Promise<void> {
    await Promise.allSettled([...this.#planning.map(({ step }) => step), this.#committing])
  }

  /** Looked up again: what it was may have gone with something else. */
  async #planDeletion(collection: HeadCollectionName, id: string, number: number): Promise<Step | undefined> {
    const head = this.#log.state.heads[collection].get(id)
    if (head?.number !== number) return undefined
    // A chat log whose session the archive does not name stays with it, or went with it.
    const sessionId = collection === 'chatLogs' ? head.value['sessionId'] : undefined
    if (typeof sessionId !== 'string' || this.#seen.sessions.has(sessionId)) return planDeletion(this.#context, collection, head)
    if (this.#context.deleted.theirs.of('sessions', undefined, sessionId) === undefined) return undefined
    const step = new Step()
    step.guard('chatLogs', id, head)
    await planRemovedMessages(this.#context, step, head)
    return step
  }

  async #add(plan: Plan): Promise<void> {
    const step = plan()
    // Settled in order, so records keep the order of the archive; failures surface where they are awaited.
    step.catch(() => undefined)
    this.#planning.push({ plan, step })
    if (this.#planning.length >= (this.#events.asks ? 1 : PLANNED_AT_ONCE)) await this.#take()
  }

  async #take(): Promise<void> {
    const { plan, step: planned } = this.#planning.shift()!
    const step = await planned
    if (step === undefined) return
    this.#waiting.push({ plan, step })
    this.#waitingMessages += step.report.messages
    if (this.#waitingMessages >= MESSAGES_AT_ONCE || this.#waiting.length >= STEPS_AT_ONCE) await this.#launch()
  }

  async #settlePlans(): Promise<void> {
    while (this.#planning.length > 0) await this.#take()
    await this.#launch()
    await this.#committing
  }

  /** Commits what waits, while what comes next is planned: one commit under way at a time. */
  async #launch(): Promise<void> {
    const batch = this.#waiting
    this.#waiting = []
    this.#waitingMessages = 0
    await this.#committing
    this.#committing = this.#commit(batch)
    this.#committing.catch(() => undefined)
  }

  async #commit(batch: readonly Planned[]): Promise<void> {
    const { writing, access } = this.#context
    let left = batch
    for (let attempt = 0; writing !== undefined && left.some(({ step }) => step.changes.length > 0); attempt++) {
      if (attempt === MAX_ATTEMPTS) throw new VaultError('busy', 'the vault changed all the time while it was merged with; try again', { where: 'import' })
      await writing.writer.flush()
      const now = left
      const stale = await access.commit(
        async (draft) => {
          draft.expect.push(writing.job.expectation)
          return now.filter(({ step }) => !applies(draft, step))
        },
        { alone: true, strict: true, signal: this.#events.signal },
      )
      const later = new Set(stale)
      for (const planned of now) if (!later.has(planned)) this.#report.addAll(planned.step.report)
      // Somebody changed these meanwhile. One after the other, for somebody may be asked.
      const again: Planned[] = []
      for (const { plan } of stale) again.push({ plan, step: (await plan()) ?? new Step() })
      left = again
    }
    for (const { step } of left) this.#report.addAll(step.report)
    this.#events.signal?.throwIfAborted()
    if (batch.length > 0) this.#events.onProgress(this.#report.messages)
  }
}

/** Makes a step's changes part of the draft, if everything is still as it was when it was planned. */
function applies(draft: Draft, { guards, changes }: Step): boolean {
  const holds = (head: { readonly rev: number } | undefined, rev: Step['guards'][number]['rev']): boolean => (rev === 'any' ? head !== undefined : head?.rev === rev)
  if (guards.some(({ collection, id, rev }) => !holds(draft.state.heads[collection].get(id), rev))) return false
  for (const change of changes) draft.change(change)
  return true
}
