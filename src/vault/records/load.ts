// Loads many whole conversations at once, faster than message by message: pages first, then one commit for many of them.
// A conversation is whole or absent, whatever happens on the way.

import * as z from 'zod/mini'
import { VaultError } from '../../errors.js'
import type { Access } from '../core/access.js'
import { BulkWriter, type StagedLog } from '../core/bulk.js'
import type { CommitLog } from '../core/commit-log.js'
import type { Draft } from '../core/draft.js'
import { runJob, type Job, type JobPorts } from '../core/jobs.js'
import { Slices } from '../core/slices.js'
import { parseMessage, type MessageInput } from './messages.js'
import { parseSessionInput, sessionValue, type SessionInput } from './sessions.js'
import { parseInput, randomId } from './values.js'

/** A session with its messages, oldest first. Give ids, so that loading the same conversations again finds them. */
export interface ConversationInput {
  readonly session: SessionInput
  readonly messages: readonly MessageInput[]
}

export interface Progress {
  readonly phase: string
  readonly done: number
  readonly total?: number
}

export interface LoadOptions {
  /** Stops between commits; what was committed stays. */
  readonly signal?: AbortSignal | undefined
  /** Called after each commit; `done` counts conversations, loaded or skipped. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** How many conversations there are, if known. */
  readonly total?: number | undefined
}

export interface LoadReport {
  /** Conversations and messages added. */
  readonly loaded: number
  readonly messages: number
  /** Conversations whose session is in the vault already. */
  readonly skipped: number
  /** Conversations that were refused, by their position from 0; nothing of them was saved. */
  readonly refused: readonly { readonly index: number; readonly error: VaultError }[]
}

export interface LoadParts {
  readonly access: Access
  readonly log: CommitLog
  readonly jobs: JobPorts
}

const conversationSchema = z.strictObject({ session: z.unknown(), messages: z.array(z.unknown()) })

interface StagedConversation {
  readonly index: number
  readonly sessionId: string
  readonly chatLogId: string
  readonly input: SessionInput
  readonly createdAt: number
  readonly staged: StagedLog
}

/** Committed together: a fraction of a second of work, so progress is smooth and little is lost by an abort. */
const MESSAGES_AT_ONCE = 6000
const CONVERSATIONS_AT_ONCE = 500
/** Conversations sealed side by side: most are one page, and engines seal several at once much faster than one by one. */
const STAGED_AT_ONCE = 16

/** @throws {VaultError} `locked`, `busy` when another long job holds the vault, `storage-full`; the signal's reason */
export async function loadConversations(parts: LoadParts, source: Iterable<ConversationInput> | AsyncIterable<ConversationInput>, options: LoadOptions = {}): Promise<LoadReport> {
  parts.log.assertAlive()
  options.signal?.throwIfAborted()
  const work = async (job: Job): Promise<LoadReport> => {
    // What is skipped because it is there already must be there now.
    await parts.log.catchUp()
    return new Loader(parts, job, options).run(source)
  }
  const report = await runJob(parts.jobs, true, work, options.signal)
  if (report === undefined) throw new VaultError('busy', 'another tab is doing long work on this vault; try again when it has ended', { where: 'jobs' })
  return report
}

class Loader {
  readonly #parts: LoadParts
  readonly #job: Job
  readonly #options: LoadOptions
  readonly #slices: Slices
  readonly #writer: BulkWriter
  #waiting: StagedConversation[] = []
  #waitingMessages = 0
  #committing: Promise<void> = Promise.resolve()
  readonly #seen = new Set<string>()
  readonly #seenLogs = new Set<string>()
  #loaded = 0
  #messages = 0
  #skipped = 0
  readonly #refused: { readonly index: number; readonly error: VaultError }[] = []

  constructor(parts: LoadParts, job: Job, options: LoadOptions) {
    this.#parts = parts
    this.#job = job
    this.#options = options
    this.#slices = new Slices(options.signal)
    this.#writer = new BulkWriter(parts.log, parts.access.pages, job, this.#slices)
  }

  async run(source: Iterable<ConversationInput> | AsyncIterable<ConversationInput>): Promise<LoadReport> {
    const staging: Promise<StagedConversation | undefined>[] = []
    try {
      let index = 0
      for await (const conversation of source) {
        await this.#slices.breathe()
        staging.push(this.#stage(conversation, index++))
        // Settled in order, so sessions keep the order of the source; failures surface where they are awaited.
        staging.at(-1)!.catch(() => undefined)
        if (staging.length >= STAGED_AT_ONCE) await this.#take(await staging.shift())
      }
      while (staging.length > 0) await this.#take(await staging.shift())
      await this.#launch()
      await this.#committing
    } finally {
      // The job is held until nothing of this load is under way any more.
      await Promise.allSettled([...staging, this.#committing])
    }
    return { loaded: this.#loaded, messages: this.#messages, skipped: this.#skipped, refused: this.#refused }
  }

  /** Checks a conversation and makes its pages; undefined when it is there already or was refused. */
  async #stage(conversation: ConversationInput, index: number): Promise<StagedConversation | undefined> {
    try {
      const now = Date.now()
      const { session, messages: given } = parseInput(conversationSchema, conversation, 'conversation')
      const input = parseSessionInput(session)
      const sessionId = input.id ?? randomId()
      if (this.#seen.has(sessionId) || this.#parts.log.state.heads.sessions.has(sessionId)) {
        this.#skipped++
        return undefined
      }
      const chatLogId = input.chatLogId === false ? randomId() : (input.chatLogId ?? randomId())
      if (this.#seenLogs.has(chatLogId) || this.#parts.log.state.heads.chatLogs.has(chatLogId)) throw takenLog()
      const messages = given.map((message, at) => parseMessage(message, input.createdAt ?? now, ['messages', at]))
      if (new Set(messages.map(({ id }) => id)).size !== messages.length) throw new VaultError('conflict', 'the same message id is given twice', { where: 'messages', fields: ['id'] })
      this.#seen.add(sessionId)
      this.#seenLogs.add(chatLogId)
      const bodies = []
      for (const { fields } of messages) bodies.push((await this.#parts.access.stage(fields, 'message', this.#job)).body)
      const staged = await this.#writer.stageLog(bodies)
      const createdAt = input.createdAt ?? messages.reduce((first, { fields }) => Math.min(first, fields['timestamp'] as number), now)
      return { index, sessionId, chatLogId, input, createdAt, staged }
    } catch (error) {
      // What this conversation is to blame for concerns no other; trouble with the store or a lock stops the load.
      if (!(error instanceof VaultError) || (error.code !== 'invalid-value' && error.code !== 'conflict')) throw error
      this.#refused.push({ index, error })
      return undefined
    }
  }

  async #take(staged: StagedConversation | undefined): Promise<void> {
    if (staged === undefined) return
    this.#waiting.push(staged)
    this.#waitingMessages += staged.staged.adopted[0]
    if (this.#waitingMessages >= MESSAGES_AT_ONCE || this.#waiting.length >= CONVERSATIONS_AT_ONCE) await this.#launch()
  }

  /** Commits what waits, while the next conversations are made ready: one commit under way at a time. */
  async #launch(): Promise<void> {
    const batch = this.#waiting
    this.#waiting = []
    this.#waitingMessages = 0
    await this.#committing
    this.#committing = this.#commit(batch)
    this.#committing.catch(() => undefined)
  }

  async #commit(batch: readonly StagedConversation[]): Promise<void> {
    if (batch.length > 0) {
      await this.#writer.flush()
      const added = await this.#parts.access.commit((draft) => this.#adopt(draft, batch), { alone: true, strict: true, signal: this.#options.signal })
      this.#loaded += added.conversations
      this.#messages += added.messages
      this.#skipped += batch.length - added.conversations - added.refused.length
      for (const index of added.refused) this.#refused.push({ index, error: takenLog() })
    }
    const { onProgress, total } = this.#options
    onProgress?.({ phase: 'load', done: this.#loaded + this.#skipped + this.#refused.length, ...(total !== undefined && { total }) })
  }

  async #adopt(draft: Draft, batch: readonly StagedConversation[]): Promise<{ conversations: number; messages: number; refused: readonly number[] }> {
    draft.expect.push(this.#job.expectation)
    let conversations = 0
    let messages = 0
    const refused: number[] = []
    for (const { index, sessionId, chatLogId, input, createdAt, staged } of batch) {
      // Another tab may have made it meanwhile: then its pages stay left-overs and are cleared.
      if (draft.state.heads.sessions.has(sessionId)) continue
      if (draft.state.heads.chatLogs.has(chatLogId)) {
        refused.push(index)
        continue
      }
      draft.change(['put', 'sessions', sessionId, sessionValue({ ...input, createdAt }, chatLogId, draft.time)])
      draft.change(['adopt', chatLogId, { sessionId, stem: staged.stem, createdAt: draft.time }, staged.adopted])
      conversations++
      messages += staged.adopted[0]
    }
    return { conversations, messages, refused }
  }
}

function takenLog(): VaultError {
  return new VaultError('conflict', 'a chat log with this id exists already', { where: 'chatLogs' })
}
