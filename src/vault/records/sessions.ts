// Sessions: what a chat session is, always in memory whole, so listing and filtering ask no index and leak nothing.

import * as z from 'zod/mini'
import type { ChatLogId, SessionId } from '../../brand.js'
import { VaultError } from '../../errors.js'
import type { Access } from '../core/access.js'
import { randomStem } from '../core/blobs.js'
import type { Draft } from '../core/draft.js'
import type { Fields } from '../core/log-row.js'
import type { Head } from '../core/state.js'
import { listSessions, type SessionQuery } from './session-query.js'
import { id, parseInput, randomId, refuseTooLong, text, textList, time } from './values.js'

export type SessionState = 'active' | 'inactive' | 'archived'

export interface SessionInput {
  /** A random one when left out. */
  readonly id?: string | undefined
  readonly connectionId?: string | undefined
  readonly participants?: readonly string[] | undefined
  readonly state?: SessionState | undefined
  /** When left out, the first line of the first user message becomes the title. */
  readonly title?: string | undefined
  /** Keywords given here are never replaced by generated ones; none leave the session to `generateKeywords`. */
  readonly keywords?: readonly string[] | undefined
  /** Milliseconds; now when left out. */
  readonly createdAt?: number | undefined
  readonly lastActivityAt?: number | undefined
  /** Id of the session's first chat log, or false for none. */
  readonly chatLogId?: string | false | undefined
}

export interface SessionPatch {
  readonly connectionId?: string | undefined
  readonly participants?: readonly string[] | undefined
  readonly state?: SessionState | undefined
  readonly title?: string | undefined
  /** Take the place of generated ones for good; an empty list gives the session back to `generateKeywords`. */
  readonly keywords?: readonly string[] | undefined
  readonly createdAt?: number | undefined
  readonly lastActivityAt?: number | undefined
  /** Which of the session's chat logs is its main one. */
  readonly chatLogId?: string | undefined
}

export interface Session {
  readonly id: SessionId
  readonly connectionId?: string
  readonly participants: readonly string[]
  readonly state: SessionState
  /** Empty until set or derived. */
  readonly title: string
  readonly keywords: readonly string[]
  readonly createdAt: number
  readonly lastActivityAt: number
  /** Messages in all chat logs of the session. */
  readonly messageCount: number
  /** The session's main chat log; missing when it was created without one, or that one was deleted. */
  readonly chatLogId?: ChatLogId
  /** Commit of the last change, and its time in ms. */
  readonly rev: number
  readonly modifiedAt: number
}

/** A session just created with its chat log. */
export interface SessionWithChatLog extends Session {
  readonly chatLogId: ChatLogId
}

const state = z.enum(['active', 'inactive', 'archived'])
const common = {
  connectionId: z.optional(text),
  participants: z.optional(textList),
  state: z.optional(state),
  title: z.optional(text),
  keywords: z.optional(textList),
  createdAt: z.optional(time),
  lastActivityAt: z.optional(time),
}
const inputSchema = z.strictObject({ ...common, id: z.optional(id), chatLogId: z.optional(z.union([id, z.literal(false)])) })
const patchSchema = z.strictObject({ ...common, chatLogId: z.optional(id) })

export class Sessions {
  readonly #access: Access

  constructor(access: Access) {
    this.#access = access
  }

  /**
   * Creates a session with one empty chat log (unless `chatLogId: false`).
   * @throws {VaultError} `conflict` when the id is taken, `invalid-value`, `locked`, `storage-full`
   */
  async create(input?: SessionInput & { readonly chatLogId?: string | undefined }): Promise<SessionWithChatLog>
  async create(input: SessionInput): Promise<Session>
  async create(input: SessionInput = {}): Promise<Session> {
    const parsed = parseInput(inputSchema, input, 'session')
    refuseTooLong(parsed, 'session')
    const sessionId = parsed.id ?? randomId()
    const chatLogId = parsed.chatLogId === false ? undefined : (parsed.chatLogId ?? randomId())
    return this.#access.commit(async (draft) => {
      if (draft.state.heads.sessions.has(sessionId)) throw new VaultError('conflict', 'a session with this id exists already', { where: 'sessions' })
      if (chatLogId !== undefined && draft.state.heads.chatLogs.has(chatLogId)) throw new VaultError('conflict', 'a chat log with this id exists already', { where: 'chatLogs' })
      draft.change(['put', 'sessions', sessionId, sessionValue(parsed, chatLogId, draft.time)])
      if (chatLogId !== undefined) draft.change(['chatLog', chatLogId, { sessionId, stem: randomStem(), createdAt: draft.time }])
      return headToSession(draft.state.heads.sessions.get(sessionId)!)
    })
  }

  /** The session with this id, or undefined. @throws {VaultError} `locked` */
  async get(sessionId: string): Promise<Session | undefined> {
    return this.#access.view(async (now) => {
      const head = now.heads.sessions.get(sessionId)
      return head && headToSession(head)
    })
  }

  /**
   * Changes the fields given; others stay.
   * @throws {VaultError} `not-found`, `invalid-value`, `locked`, `storage-full`
   */
  async update(sessionId: string, patch: SessionPatch): Promise<Session> {
    const parsed = parseInput(patchSchema, patch, 'session')
    refuseTooLong(parsed, 'session')
    return this.#access.commit(async (draft) => {
      const { chatLogId } = parsed
      if (chatLogId !== undefined && draft.state.heads.chatLogs.get(chatLogId)?.value['sessionId'] !== sessionId) {
        throw new VaultError('not-found', 'the session has no chat log with this id', { where: 'chatLogs', fields: ['chatLogId'] })
      }
      const given = Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined))
      return changeSession(draft, sessionId, (value) => {
        const { keywordsGenerated, ...rest } = value
        const before = parsed.keywords === undefined && keywordsGenerated === true ? value : rest
        return { ...before, ...given, ...(parsed.title !== undefined && { titled: true }) }
      })
    })
  }

  /** Notes activity: sets `lastActivityAt` (now when left out), never back. @throws {VaultError} `not-found`, `locked` */
  async touch(sessionId: string, at?: number): Promise<Session> {
    if (at !== undefined) parseInput(patchSchema, { lastActivityAt: at }, 'session')
    return this.#access.commit(async (draft) => changeSession(draft, sessionId, (value) => ({ ...value, lastActivityAt: Math.max(value['lastActivityAt'] as number, at ?? draft.time) })))
  }

  /** Sets the state to `archived`. @throws {VaultError} `not-found`, `locked` */
  async archive(sessionId: string): Promise<Session> {
    return this.update(sessionId, { state: 'archived' })
  }

  /** Deletes a session with its chat logs and their messages; resolves to false when there was none. */
  async delete(sessionId: string): Promise<boolean> {
    return this.#access.commit(async (draft) => {
      if (!draft.state.heads.sessions.has(sessionId)) return false
      draft.change(['delete', 'sessions', sessionId])
      return true
    })
  }

  /** Sessions that match everything the query says, newest activity first unless it says otherwise. */
  async list(query: SessionQuery = {}): Promise<readonly Session[]> {
    return this.#access.view(async (now) => listSessions(now.heads.sessions, query).map(headToSession))
  }

  /** How many sessions there are. */
  async count(): Promise<number> {
    return this.#access.view(async (now) => now.heads.sessions.size)
  }
}

/** The stored value of a new session. */
export function sessionValue(input: SessionInput, chatLogId: string | undefined, now: number): Fields {
  const createdAt = input.createdAt ?? now
  return {
    ...(input.connectionId !== undefined && { connectionId: input.connectionId }),
    participants: input.participants ?? [],
    state: input.state ?? 'active',
    title: input.title ?? '',
    titled: input.title !== undefined,
    keywords: input.keywords ?? [],
    createdAt,
    lastActivityAt: input.lastActivityAt ?? createdAt,
    messageCount: 0,
    ...(chatLogId !== undefined && { chatLogId }),
  }
}

/** @throws {VaultError} `invalid-value` */
export function parseSessionInput(input: unknown): SessionInput {
  const parsed = parseInput(inputSchema, input, 'session', ['session'])
  refuseTooLong(parsed, 'session')
  return parsed
}

function changeSession(draft: Draft, sessionId: string, change: (value: Fields) => Fields): Session {
  const head = draft.state.heads.sessions.get(sessionId)
  if (head === undefined) throw new VaultError('not-found', 'there is no session with this id', { where: 'sessions' })
  draft.change(['put', 'sessions', sessionId, change(head.value)])
  return headToSession(draft.state.heads.sessions.get(sessionId)!)
}

/** Whether an app set the keywords; then they stay as they are. */
export function hasOwnKeywords({ keywords, keywordsGenerated }: Fields): boolean {
  return keywordsGenerated !== true && (keywords as readonly string[]).length > 0
}

/** Puts generated keywords in place of those before. False when there is nothing to change: the same ones, an app's own, no session. */
export function putGeneratedKeywords(draft: Draft, sessionId: string, keywords: readonly string[]): boolean {
  const value = draft.state.heads.sessions.get(sessionId)?.value
  if (value === undefined || hasOwnKeywords(value)) return false
  const before = value['keywords'] as readonly string[]
  if (before.length === keywords.length && before.every((keyword, i) => keyword === keywords[i])) return false
  const { keywordsGenerated: _, ...rest } = value
  changeSession(draft, sessionId, () => ({ ...rest, keywords, ...(keywords.length > 0 && { keywordsGenerated: true }) }))
  return true
}

/** A session as an app sees it. */
export function headToSession(head: Head): Session {
  // These two are ours: whether the title may still be derived, and whether the keywords may be replaced.
  const { titled: _, keywordsGenerated: __, ...value } = head.value
  return { id: head.id, ...value, participants: [...(value['participants'] as string[])], keywords: [...(value['keywords'] as string[])], rev: head.rev, modifiedAt: head.modifiedAt } as unknown as Session
}
