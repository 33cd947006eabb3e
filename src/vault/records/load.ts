// Loads many whole conversations at once, faster than message by message: pages first, then one commit for many of them.
// A conversation is whole or absent, whatever happens on the way.

import { VaultError } from '../../errors.js'
import type { Access } from '../core/access.js'
import { BulkWriter, type StagedLog } from '../core/bulk.js'
import type { CommitLog } from '../core/commit-log.js'
import type { Draft } from '../core/commit-queue.js'
import { runJob, type Job, type JobPorts } from '../core/jobs.js'
import { Slices } from '../core/slices.js'
import { parseMessage, type MessageInput } from './messages.js'
import { parseSessionInput, sessionValue, type SessionInput } from './sessions.js'
import { randomId } from './values.js'

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

interface StagedConversation {
  readonly sessionId: string
  readonly chatLogId: string
  readonly input: SessionInput
  readonly createdAt: number
  readonly staged: StagedLog
}

/** Committed together: a fraction of a second of work, so progress is smooth and little is lost by an abort. */
const MESSAGES_AT_ONCE = 6000
const CONVERSATIONS_AT_ONCE = 500

/** @throws {VaultError} `locked`, `busy` when another long job holds the vault, `storage-full`; the signal's reason */
export async function loadConversations(parts: LoadParts, source: Iterable<ConversationInput> | AsyncIterable<ConversationInput>, options: LoadOptions = {}): Promise<LoadReport> {
  parts.log.assertAlive()
  options.signal?.throwIfAborted()
  const report = await runJob(parts.jobs, true, (job) => new Loader(parts, job, options).run(source), options.signal)
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
  readonly #seen = new Set<string>()
  #loaded = 0
  #messages = 0
  #skipped = 0
  readonly #refused: { readonly index: number; readonly error: VaultError }[] = []

  constructor(parts: LoadParts, job: Job, options: LoadOptions) {
    this.#parts = parts
    this.#job = job
    this.#options = options
    this.#slices = new Slices(options.signal)
    this.#writer = new BulkWriter(parts.log, job, this.#slices)
  }

  async run(source: Iterable<ConversationInput> | AsyncIterable<ConversationInput>): Promise<LoadReport> {
    let index = 0
    for await (const conversation of source) {
      await this.#slices.breathe()
      await this.#take(conversation, index++)
      if (this.#waitingMessages >= MESSAGES_AT_ONCE || this.#waiting.length >= CONVERSATIONS_AT_ONCE) await this.#commit()
    }
    await this.#commit()
    return { loaded: this.#loaded, messages: this.#messages, skipped: this.#skipped, refused: this.#refused }
  }

  async #take(conversation: ConversationInput, index: number): Promise<void> {
    try {
      const now = Date.now()
      const input = parseSessionInput(conversation.session)
      const sessionId = input.id ?? randomId()
      if (this.#seen.has(sessionId) || this.#parts.log.state.heads.sessions.has(sessionId)) {
        this.#skipped++
        return
      }
      const chatLogId = input.chatLogId === false ? randomId() : (input.chatLogId ?? randomId())
      if (this.#parts.log.state.heads.chatLogs.has(chatLogId)) throw new VaultError('conflict', 'a chat log with this id exists already', { where: 'chatLogs' })
      const messages = conversation.messages.map((message) => parseMessage(message, input.createdAt ?? now))
      if (new Set(messages.map(({ id }) => id)).size !== messages.length) throw new VaultError('conflict', 'the same message id is given twice', { where: 'messages', fields: ['id'] })
      const bodies = []
      for (const { fields } of messages) bodies.push((await this.#parts.access.stage(fields, 'message')).body)
      const staged = await this.#writer.stageLog(bodies)
      const createdAt = input.createdAt ?? messages.reduce((first, { fields }) => Math.min(first, fields['timestamp'] as number), now)
      this.#seen.add(sessionId)
      this.#waiting.push({ sessionId, chatLogId, input, createdAt, staged })
      this.#waitingMessages += messages.length
    } catch (error) {
      // What this conversation is to blame for concerns no other; trouble with the store or a lock stops the load.
      if (!(error instanceof VaultError) || (error.code !== 'invalid-value' && error.code !== 'conflict')) throw error
      this.#refused.push({ index, error })
    }
  }

  async #commit(): Promise<void> {
    if (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      this.#waitingMessages = 0
      await this.#writer.flush()
      const added = await this.#parts.access.commit((draft) => this.#adopt(draft, batch), { alone: true, strict: true, signal: this.#options.signal })
      this.#loaded += added.conversations
      this.#messages += added.messages
      this.#skipped += batch.length - added.conversations
    }
    const { onProgress, total } = this.#options
    onProgress?.({ phase: 'load', done: this.#loaded + this.#skipped + this.#refused.length, ...(total !== undefined && { total }) })
  }

  async #adopt(draft: Draft, batch: readonly StagedConversation[]): Promise<{ conversations: number; messages: number }> {
    draft.expect.push(this.#job.expectation)
    let conversations = 0
    let messages = 0
    for (const { sessionId, chatLogId, input, createdAt, staged } of batch) {
      // Another tab may have made it meanwhile: then its pages stay left-overs and are cleared.
      if (draft.state.heads.sessions.has(sessionId) || draft.state.heads.chatLogs.has(chatLogId)) continue
      draft.change(['put', 'sessions', sessionId, sessionValue({ ...input, createdAt }, chatLogId, draft.time)])
      draft.change(['adopt', chatLogId, { sessionId, stem: staged.stem, createdAt: draft.time }, staged.adopted])
      conversations++
      messages += staged.adopted[0]
    }
    return { conversations, messages }
  }
}
