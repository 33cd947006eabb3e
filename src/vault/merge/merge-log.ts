// One chat log of an archive on its way into the vault.

import { setAt } from '../core/blobs.js'
import { fieldsOf, refsOf, type Adopted, type BlobRef, type Body, type Fields, type Made, type MergedMessage } from '../core/log-row.js'
import type { Access } from '../core/access.js'
import { SuspectPage } from '../core/pages.js'
import { PAGE_SHIFT, type Head, type State } from '../core/state.js'
import { readBodies, type FoundMessage } from '../records/message-pages.js'
import { isSameButLater, whoChanged } from './conflicts.js'
import { equalJson } from './equal-json.js'
import { madeOf, type Incoming, type IncomingLog, type IncomingMessage } from './incoming.js'
import { fateOfTheirs, Step, versionHere, type Fate, type MergeContext } from './merge-context.js'
import { ReportMaker, type MergeEntry } from './merge-report.js'
import { comes, idOfMessage, mergeMessages, type MergedMessages } from './merge-messages.js'

/** What became of the session of a chat log: one that comes brings its chat logs; one that stays away keeps them away, by a decision (`lost`) or because that was known. */
export type SessionFate = 'stays' | 'comes' | 'restored' | 'gone' | 'lost'

/** A long string of a message, whole. */
export interface LongText {
  readonly path: readonly (string | number)[]
  readonly text: string
}

/** Takes the messages of a chat log one after the other, then plans what becomes of them. */
export class LogMerge {
  readonly #context: MergeContext
  readonly #log: IncomingLog
  readonly #messages: IncomingMessage[] = []
  #here: ReadonlyMap<string, FoundMessage> | undefined
  #staged: { readonly stem: string; readonly adopted: Adopted } | undefined

  constructor(context: MergeContext, log: IncomingLog) {
    this.#context = context
    this.#log = log
  }

  get id(): string {
    return this.#log.id
  }

  get version(): IncomingLog['version'] {
    return this.#log.version
  }

  get count(): number {
    return this.#messages.length
  }

  /** @param fields without `long`, the strings whose first characters alone are in them */
  async take(incoming: Incoming, fields: Fields, long: readonly LongText[]): Promise<void> {
    const here = long.length === 0 ? 'another' : await this.#compare(incoming.id, fields, long)
    const body: Body = long.length === 0 || typeof here === 'object' ? fields : await this.#stage(fields, long)
    this.#messages.push({ ...incoming, body, here })
  }

  /** Whether a message with long strings is here just so: then nothing of it has to be written. */
  async #compare(id: string, fields: Fields, long: readonly LongText[]): Promise<IncomingMessage['here']> {
    const { access } = this.#context
    this.#here ??= new Map((await this.#readHere()).map((message) => [idOfMessage(message), message]))
    const here = this.#here.get(id)
    if (here === undefined || refsOf(here.body).length !== long.length) return 'another'
    if (!equalJson(fieldsOf(here.body), fields)) return 'another'
    for (const ref of refsOf(here.body)) {
      const text = long.find(({ path }) => equalJson(path, ref[0]))?.text
      if (text === undefined) return 'another'
      try {
        if ((await access.longText(ref)) !== text) return 'another'
      } catch (error) {
        if (!(error instanceof SuspectPage)) throw error
        return 'damaged'
      }
    }
    return { rev: here.rev, number: here.number }
  }

  async #stage(fields: Fields, long: readonly LongText[]): Promise<Body> {
    const { access, writing } = this.#context
    // In a dry run nobody reads them again; that they are there is enough.
    if (writing === undefined) return [fields, long.map(({ path, text }) => [path, '', 0, text.length, 8])]
    return (await access.stage(whole(fields, long), 'message', writing.job)).body
  }

  async #readHere(): Promise<readonly FoundMessage[]> {
    return this.#context.access.view(async (state) => {
      const head = state.heads.chatLogs.get(this.#log.id)
      return head === undefined ? [] : (await readDespiteDamage(this.#context.access, state, head)).messages
    })
  }

  /** Adds to a step what becomes of this chat log. */
  async plan(step: Step, session: SessionFate): Promise<void> {
    const { access, causality, restoresDeleted } = this.#context
    const { head, messages, isDamaged } = await access.view(async (state) => {
      const found = state.heads.chatLogs.get(this.#log.id)
      const { version } = this.#log
      // Everything in it was here already.
      const isKnown = found !== undefined && version !== undefined && !restoresDeleted && version.vault !== causality.me && causality.mineKnows(version)
      if (found === undefined || isKnown) return { head: found, messages: undefined, isDamaged: false }
      return { head: found, ...(await readDespiteDamage(access, state, found)) }
    })
    step.guard('chatLogs', this.#log.id, head)
    if (head === undefined) await this.#planNew(step, session)
    else if (messages === undefined) this.#skip(step)
    else if (isDamaged) await this.#planHealed(step, head, messages)
    else await this.#planInto(step, head, messages, this.#context)
  }

  async #planNew(step: Step, session: SessionFate): Promise<void> {
    const { id, sessionId, createdAt } = this.#log
    // Where an archive of changes leaves out the session because it did not change, it may not be here any more.
    const isOrphan = sessionId !== undefined && session === 'stays' && !(await this.#context.access.view(async (state) => state.heads.sessions.has(sessionId)))
    if (session === 'gone' || isOrphan) return this.#skip(step)
    if (sessionId !== undefined && session === 'stays') step.guardPresence('sessions', sessionId)
    if (session === 'lost') return this.#lose(step, {})
    const fate: Fate | undefined = session === 'comes' || session === 'restored' ? { isThere: true, isRestored: session === 'restored' } : await fateOfTheirs(this.#context, 'chatLogs', undefined, this.#log, (deletedAt) => ({ kind: 'chatLog', id, theirs: { modifiedAt: this.#log.modifiedAt, value: { messages: this.count } }, deletedAt }))
    if (fate !== undefined && !fate.isThere) {
      if (fate.kept === undefined) this.#skip(step)
      else this.#lose(step, { conflict: { kept: fate.kept } })
      return
    }
    step.report.add({ kind: 'chatLog', id, outcome: 'added', ...(fate?.kept && { conflict: { kept: fate.kept } }) })
    const isRestored = fate?.isRestored === true
    const messages = await this.#comingMessages(step)
    const { writing } = this.#context
    if (writing === undefined) return
    this.#staged ??= await writing.writer.stageLog(messages.map(({ body }) => body), messages.map((message) => this.#versionMade(message, isRestored)))
    step.changes.push(['adopt', id, { ...(sessionId !== undefined && { sessionId }), stem: this.#staged.stem, createdAt }, withoutHints(this.#staged.adopted), this.#versionMade(this.#log, isRestored)])
  }

  /** What somebody asked to come back is a version of its own, of now. */
  #versionMade(record: Pick<Incoming, 'version' | 'modifiedAt'>, isRestored: boolean): Made {
    return madeOf(isRestored ? { version: undefined, modifiedAt: this.#context.now() } : record)
  }

  /** Of a chat log that was here before, some messages may have been deleted before it was. */
  async #comingMessages(step: Step): Promise<readonly IncomingMessage[]> {
    const { deleted, slices } = this.#context
    const { id } = this.#log
    if (deleted.mine.of('chatLogs', undefined, id) === undefined) {
      step.report.addMany('message', 'added', this.count)
      return this.#messages
    }
    const coming: IncomingMessage[] = []
    for (const message of this.#messages) {
      await slices.breathe()
      // Those without a tombstone went with the chat log, and come with it.
      const isWanted = deleted.mine.of('messages', id, message.id) === undefined
      const come = isWanted ? message : await comes(this.#context, id, message, step.report)
      if (isWanted) step.report.addMany('message', 'added', 1)
      if (come !== undefined) coming.push(come)
    }
    return coming
  }

  #lose(step: Step, entry: Pick<MergeEntry, 'conflict'>): void {
    step.report.add({ kind: 'chatLog', id: this.#log.id, outcome: 'skipped', ...entry, lost: 'theirs' })
    step.report.addMany('message', 'skipped', this.count)
  }

  #skip(step: Step): void {
    step.report.addMany('chatLog', 'skipped', 1)
    step.report.addMany('message', 'skipped', this.count)
  }

  /** Pages of it do not open. If with what the archive has nothing is missing, it is written anew; else it stays as it is, for it may be mended yet. */
  async #planHealed(step: Step, head: Head, mine: readonly FoundMessage[]): Promise<void> {
    const trial = new Step()
    await this.#planInto(trial, head, mine, { ...this.#context, isDamaged: true })
    const { added } = trial.report.report().counts.messages
    if (mine.length + added < (head.value['count'] as number)) {
      this.#lose(step, {})
      return
    }
    step.changes.push(...trial.changes)
    step.report.addAll(trial.report)
  }

  async #planInto(step: Step, head: Head, mine: readonly FoundMessage[], context: MergeContext): Promise<void> {
    const { causality, writing } = context
    const messages = new ReportMaker()
    const merged = await mergeMessages(context, this.#log.id, mine, this.#messages, messages)
    const here = versionHere(head, causality)
    const isSame = merged.changed.length + merged.removed.length + merged.added.size === 0 && merged.isTail
    if (isSame) step.report.addMany('chatLog', 'skipped', 1)
    else step.report.add({ kind: 'chatLog', id: head.id, outcome: 'changed' })
    step.report.addAll(messages)
    if (writing === undefined || (isSame && !isSameButLater(causality, here, this.#log))) return
    const isTheirs = whoChanged(causality, here, this.#log.version) === 'theirs'
    const made: Made = isTheirs ? madeOf(this.#log) : [Math.max(head.modifiedAt, this.#log.modifiedAt)]
    if (merged.isTail && context.isDamaged !== true && isShort(merged)) await this.#planTail(step, head, merged, made)
    else await this.#planGeneration(step, head, mine, merged, made)
  }

  async #planTail(step: Step, head: Head, { changed, removed, added, order, copiedFromHere }: MergedMessages, made: Made): Promise<void> {
    let next = head.value['next'] as number
    const messages: MergedMessage[] = [
      ...changed.map(({ number, message, keepsBody }): MergedMessage => [number, madeOf(message), keepsBody ? withoutSums(message.body) : message.body]),
      ...removed.map(({ number, id, deletion }): MergedMessage => [number, deletion, null, id]),
    ]
    for (const message of order.flatMap((id) => added.get(id) ?? [])) messages.push([next++, madeOf(message), copiedFromHere.has(message.id) ? await this.#anew(message.body) : message.body])
    step.changes.push(['merge', head.id, messages, made])
  }

  /** Messages come in between: the chat log is written anew, with every message where it belongs. */
  async #planGeneration(step: Step, head: Head, mine: readonly FoundMessage[], { changed, removed, added, order, copiedFromHere }: MergedMessages, made: Made): Promise<void> {
    const { causality, slices } = this.#context
    const { writer } = this.#context.writing!
    const here = new Map(mine.map((message) => [idOfMessage(message), message]))
    const instead = new Map(changed.map((one) => [one.message.id, one]))
    const bodies: Body[] = []
    const versions: Made[] = []
    for (const id of order) {
      await slices.breathe()
      const change = instead.get(id)
      const incoming = added.get(id) ?? change?.message
      if (incoming !== undefined) {
        bodies.push(change?.keepsBody === true || copiedFromHere.has(id) ? await this.#anew(incoming.body) : incoming.body)
        versions.push(madeOf(incoming))
        continue
      }
      const message = here.get(id)!
      const { vault, rev } = versionHere(message, causality)
      bodies.push(await this.#anew(message.body))
      versions.push([message.modifiedAt, vault, rev])
    }
    const staged = await writer.stageLog(bodies, versions)
    const { sessionId, createdAt } = head.value
    if (removed.length > 0) step.changes.push(['merge', head.id, removed.map(({ number, id, deletion }): MergedMessage => [number, deletion, null, id]), made])
    step.changes.push(['adopt', head.id, { ...(sessionId !== undefined && { sessionId }), stem: staged.stem, createdAt }, withoutHints(staged.adopted), made])
  }

  /** The rows of long strings go with the generation before, so that the new one needs rows of its own. */
  async #anew(body: Body): Promise<Body> {
    if (refsOf(body).length === 0) return body
    const { access, writing } = this.#context
    try {
      return (await access.stage(await access.restore(body), 'message', writing!.job)).body
    } catch (error) {
      throw error instanceof SuspectPage ? error.damage : error
    }
  }
}

/** What can be read of a chat log, and whether that is all. */
async function readDespiteDamage(access: Access, state: State, log: Head): Promise<{ readonly messages: readonly FoundMessage[]; readonly isDamaged: boolean }> {
  const next = log.value['next'] as number
  try {
    return { messages: await readBodies(access, state, log, { to: next, limit: Infinity, newest: false }), isDamaged: false }
  } catch (error) {
    if (!(error instanceof SuspectPage)) throw error
  }
  const messages: FoundMessage[] = []
  const step = 1 << PAGE_SHIFT
  for (let from = 0; from < next; from += step) {
    try {
      messages.push(...(await readBodies(access, state, log, { from, to: Math.min(next, from + step), limit: step, newest: false })))
    } catch (error) {
      if (!(error instanceof SuspectPage)) throw error
    }
  }
  return { messages, isDamaged: true }
}

/** Of a chat log that stays although it went with its session, or by itself, on the other side: messages that had been deleted there before go. */
export async function planRemovedMessages(context: MergeContext, step: Step, head: Head): Promise<void> {
  if (context.deleted.theirs.isEmpty) return
  const { access } = context
  const mine = await access.view((state) => readBodies(access, state, head, { to: head.value['next'] as number, limit: Infinity, newest: false }))
  const { removed } = await mergeMessages({ ...context, isComplete: false }, head.id, mine, [], step.report)
  if (removed.length > 0 && context.writing !== undefined) step.changes.push(['merge', head.id, removed.map(({ number, id, deletion }): MergedMessage => [number, deletion, null, id]), [head.modifiedAt]])
}

/** What is appended goes into one row of the log, which is read at every unlock until it is folded. */
const MAX_TAIL_MESSAGES = 2048
const MAX_TAIL_UNITS = 2 * 1024 * 1024

function isShort({ changed, added }: MergedMessages): boolean {
  if (changed.length + added.size > MAX_TAIL_MESSAGES) return false
  let units = 0
  for (const { body } of [...changed.map(({ message }) => message), ...added.values()]) units += String(fieldsOf(body)['content']).length
  return units <= MAX_TAIL_UNITS
}

/** Rows that are counted already are not counted again. */
function withoutSums(body: Body): Body {
  const refs = refsOf(body)
  return refs.length === 0 ? body : [fieldsOf(body), refs.map((ref) => ref.slice(0, 5) as unknown as BlobRef)]
}

/** A merge says itself what a session's title and last activity are. */
function withoutHints([messages, pages, shards, , , blobs, ...epoch]: Adopted): Adopted {
  return [messages, pages, shards, null, null, blobs, ...epoch]
}

function whole(fields: Fields, long: readonly LongText[]): Fields {
  return long.reduce((made, { path, text }) => setAt(made, path, text) as Fields, fields)
}
