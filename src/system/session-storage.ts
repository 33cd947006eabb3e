// The component of the specification: the world's data in the vault, under the names the specification uses. A thin layer: what it does is what the vault does.

import { VaultError, type Brain, type BrainHead, type BrainInput, type ChatLog, type JsonValue, type Message, type MessageInput, type ReadOptions, type Records, type Session, type SessionInput, type SessionPatch, type SessionQuery, type SessionWithChatLog, type UnlockedVault } from '../index.js'

/** One step of a batch. */
export type StorageOperation =
  /** Creates the session, or changes the fields given. */
  | { readonly kind: 'save-session'; readonly session: SessionInput & { readonly id: string } }
  | { readonly kind: 'delete-session'; readonly sessionId: string }
  /** To the end of the session's chat log. */
  | { readonly kind: 'append-messages'; readonly sessionId: string; readonly messages: readonly MessageInput[] }
  | { readonly kind: 'delete-message'; readonly sessionId: string; readonly messageId: string }
  | { readonly kind: 'save-brain'; readonly brain: BrainInput }
  | { readonly kind: 'delete-brain'; readonly entityId: string }
  | { readonly kind: 'set-preference'; readonly key: string; readonly value: JsonValue }
  | { readonly kind: 'delete-preference'; readonly key: string }

export class SessionStorage {
  readonly #open: UnlockedVault
  readonly #isHidden: (sessionId: string) => boolean

  /** @param isHidden sessions that are about to be deleted: nobody is shown them any more */
  constructor(open: UnlockedVault, isHidden: (sessionId: string) => boolean = () => false) {
    this.#open = open
    this.#isHidden = isHidden
  }

  /** @throws {VaultError} as `Sessions.create` of the vault */
  createSession(input?: SessionInput & { readonly chatLogId?: string | undefined }): Promise<SessionWithChatLog> {
    return this.#open.sessions.create(input)
  }

  async session(sessionId: string): Promise<Session | undefined> {
    return this.#isHidden(sessionId) ? undefined : this.#open.sessions.get(sessionId)
  }

  updateSession(sessionId: string, patch: SessionPatch): Promise<Session> {
    return this.#open.sessions.update(sessionId, patch)
  }

  archiveSession(sessionId: string): Promise<Session> {
    return this.#open.sessions.archive(sessionId)
  }

  /** At once, with its chat logs; with a time to change one's mind: `life.deleteSessions`. */
  deleteSession(sessionId: string): Promise<boolean> {
    return this.#open.sessions.delete(sessionId)
  }

  /** By title, keyword, dates, participants, state: see `SessionQuery`. */
  async sessions({ limit = Infinity, offset = 0, ...query }: SessionQuery = {}): Promise<readonly Session[]> {
    const found = (await this.#open.sessions.list(query)).filter(({ id }) => !this.#isHidden(id))
    return found.slice(offset, limit === Infinity ? undefined : offset + limit)
  }

  /** Sessions with this in their title, without case and accents; part of a word counts. */
  searchByTitle(title: string): Promise<readonly Session[]> {
    return title.trim() === '' ? Promise.resolve([]) : this.sessions({ title: title.trim() })
  }

  /** Sessions that have one of these in a keyword, part of a word counts. Each once, the most recent activity first. */
  async searchSessions(keywords: readonly string[]): Promise<readonly Session[]> {
    const found = new Map<string, Session>()
    for (const keyword of keywords.filter((word) => word !== '')) for (const session of await this.sessions({ keyword })) found.set(session.id, session)
    return [...found.values()].sort((a, b) => b.lastActivityAt - a.lastActivityAt)
  }

  /** The chat logs of a session, its main one among them. */
  chatLogs(sessionId: string): Promise<readonly ChatLog[]> {
    return this.#open.chatLogs.list({ sessionId })
  }

  /** Messages of a session's main chat log, oldest first: the newest ones, or those next to a place. None where there is no session. */
  async messages(sessionId: string, options?: ReadOptions): Promise<readonly Message[]> {
    const chatLogId = (await this.session(sessionId))?.chatLogId
    return chatLogId === undefined ? [] : this.#open.chatLogs.read(chatLogId, options)
  }

  brain(entityId: string): Promise<Brain | undefined> {
    return this.#open.brains.get(entityId)
  }

  brains(query?: { readonly model?: string }): Promise<readonly BrainHead[]> {
    return this.#open.brains.list(query)
  }

  preference(key: string): Promise<JsonValue | undefined> {
    return this.#open.preferences.get(key)
  }

  /**
   * All of it, or nothing: one commit. Within a batch later steps see what earlier ones did.
   * @throws {VaultError} as the single calls, `not-found` for messages of no session; {TypeError} for what is no step
   */
  async saveBatch(operations: readonly StorageOperation[]): Promise<void> {
    if (operations.length === 0) return
    await this.#open.transact(async (tx) => {
      for (const operation of operations) await executeOperation(tx, operation)
    })
  }
}

async function executeOperation(tx: Records, operation: StorageOperation): Promise<void> {
  switch (operation.kind) {
    case 'save-session': {
      const { id, chatLogId, ...patch } = operation.session
      if ((await tx.sessions.get(id)) === undefined) await tx.sessions.create(operation.session)
      else await tx.sessions.update(id, { ...patch, ...(typeof chatLogId === 'string' && { chatLogId }) })
      return
    }
    case 'delete-session':
      return void (await tx.sessions.delete(operation.sessionId))
    case 'append-messages':
      return void (await tx.chatLogs.append(await mainLog(tx, operation.sessionId), operation.messages))
    case 'delete-message':
      return void (await tx.chatLogs.deleteMessage(await mainLog(tx, operation.sessionId), operation.messageId))
    case 'save-brain':
      return void (await tx.brains.put(operation.brain))
    case 'delete-brain':
      return void (await tx.brains.delete(operation.entityId))
    case 'set-preference':
      return tx.preferences.set(operation.key, operation.value)
    case 'delete-preference':
      return void (await tx.preferences.delete(operation.key))
    default:
      throw new TypeError(`${String((operation as { kind?: unknown }).kind)} is no step of a batch`)
  }
}

/** @throws {VaultError} `not-found` without that session */
async function mainLog(tx: Records, sessionId: string): Promise<string> {
  const session = await tx.sessions.get(sessionId)
  if (session === undefined) throw new VaultError('not-found', 'there is no session with this id', { where: 'sessions' })
  return mainChatLog(tx, session)
}

/** The id of a session's main chat log, which is made where there is none. */
export async function mainChatLog(tx: Records, { id: sessionId, chatLogId }: Session): Promise<string> {
  if (chatLogId !== undefined) return chatLogId
  const { id } = await tx.chatLogs.create({ sessionId })
  await tx.sessions.update(sessionId, { chatLogId: id })
  return id
}
