// Clean-up of old messages by a rule: a preview of what would go, and the deleting, in bounded commits. A session that came into use meanwhile is left, as each commit sees it.
// Cut off anywhere, what was deleted stays deleted, and the next run deletes the rest of what this one would have.

import type { Message, MessageName, Records } from '../../index.js'
import { keepingUndo } from './archive-journal.js'
import { comparePlaces, isSparedSession, placeOfMessage, planCleanUp, type CleanUpPlan, type LogPlan } from './clean-up-plan.js'
import { checkCleanUpRule, type CleanUpPreview, type CleanUpReport, type CleanUpRule } from './clean-up-rule.js'
import type { LifePorts, LongRunning } from './life-ports.js'
import { readSpared } from './spared.js'

/** Deleted in one commit: its row stays around a hundred kilobytes, and other tabs wait for milliseconds. */
const MESSAGES_A_COMMIT = 1000

interface Batch {
  readonly bySession: Map<string, Map<string, MessageName[]>>
  size: number
}

export class CleanUp {
  readonly #ports: LifePorts

  constructor(ports: LifePorts) {
    this.#ports = ports
  }

  /**
   * What `run` with the same rule would delete, by session. Reads every message, and writes nothing. Of each message 20 bytes are held meanwhile; long values are not loaded.
   * @throws {RangeError}, {TypeError} for a rule without a limit, with one that is none, or with one that nobody knows; {VaultError} `locked`, `corrupt`; the signal's reason
   */
  async preview(rule: CleanUpRule, { signal }: Pick<LongRunning, 'signal'> = {}): Promise<CleanUpPreview> {
    return (await this.#plan(rule, this.#ports.now(), signal)).preview
  }

  /**
   * Deletes what the rule says, up to a thousand messages a commit; never of a session in use, of a pinned one, or of one that is deleted and can be had back. It cannot be undone.
   * Run twice it changes nothing. Cut off anywhere, or aborted, the next run deletes the rest.
   * @throws as `preview`; {VaultError} `storage-full`
   */
  async run(rule: CleanUpRule, { signal, onProgress }: LongRunning = {}): Promise<CleanUpReport> {
    const now = this.#ports.now()
    const plan = await this.#plan(rule, now, signal)
    const deleted = new Map<string, number>()
    const left = new Set<string>()
    let done = 0
    for await (const batch of this.#batches(plan)) {
      signal?.throwIfAborted()
      const outcome = await this.#ports.open.transact((tx) => this.#delete(tx, batch, rule, now))
      for (const [id, messages] of outcome.deleted) deleted.set(id, (deleted.get(id) ?? 0) + messages)
      for (const id of outcome.left) left.add(id)
      done += batch.size
      onProgress?.({ phase: 'clean-up', done, total: plan.preview.messages })
    }
    const sessions = [...deleted].map(([id, messages]) => ({ id, messages })).filter(({ messages }) => messages > 0)
    return { sessions, messages: sessions.reduce((sum, { messages }) => sum + messages, 0), left: [...left] }
  }

  async #plan(rule: CleanUpRule, now: number, signal: AbortSignal | undefined): Promise<CleanUpPlan> {
    checkCleanUpRule(rule)
    signal?.throwIfAborted()
    return planCleanUp(this.#ports.open, rule, now, await readSpared(this.#ports.open, this.#ports), signal)
  }

  /** What goes, read once more, a commit's worth at a time. */
  async *#batches(plan: CleanUpPlan): AsyncGenerator<Batch, void, undefined> {
    let batch: Batch = { bySession: new Map(), size: 0 }
    let last: { readonly from: LogPlan; readonly message: Message } | undefined
    for await (const { chatLogId, messages } of this.#ports.open.chatLogs.readAll({ longValues: 'defer' })) {
      const from = plan.logs.get(chatLogId)
      if (from === undefined) continue
      for (const message of messages) {
        const place = placeOfMessage(message, from.log)
        if (comparePlaces(place, from.upTo) > 0) continue
        if (plan.last !== undefined && comparePlaces(place, plan.last) === 0) {
          last = { from, message }
          continue
        }
        add(batch, from.session, chatLogId, message)
        if (batch.size < MESSAGES_A_COMMIT) continue
        yield batch
        batch = { bySession: new Map(), size: 0 }
      }
    }
    if (last !== undefined) add(batch, last.from.session, last.message.chatLogId, last.message)
    if (batch.size > 0) yield batch
  }

  async #delete(tx: Records, batch: Batch, rule: CleanUpRule, now: number): Promise<{ deleted: ReadonlyMap<string, number>; left: readonly string[] }> {
    const spared = await readSpared(tx, this.#ports)
    const deleted = new Map<string, number>()
    const left: string[] = []
    await keepingUndo(tx, now, [...batch.bySession.keys()], async () => {
      for (const [id, logs] of batch.bySession) {
        const session = await tx.sessions.get(id)
        if (session === undefined) continue
        if (isSparedSession(session, spared, rule, now)) left.push(id)
        else for (const [log, names] of logs) if ((await tx.chatLogs.get(log)) !== undefined) deleted.set(id, (deleted.get(id) ?? 0) + (await tx.chatLogs.deleteMessages(log, names)))
      }
    })
    return { deleted, left }
  }
}

function add(batch: Batch, session: string, log: string, { id, number }: Message): void {
  const logs = batch.bySession.get(session) ?? new Map<string, MessageName[]>()
  const names = logs.get(log) ?? []
  names.push({ id, number })
  logs.set(log, names)
  batch.bySession.set(session, logs)
  batch.size++
}
