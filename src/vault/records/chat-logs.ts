// Chat logs: messages in the order of their commits. Heads are in memory, messages in pages that are read when asked for.

import * as z from 'zod/mini'
import type { ChatLogId, SessionId } from '../../brand.js'
import { VaultError } from '../../errors.js'
import type { Access } from '../core/access.js'
import { randomStem } from '../core/blobs.js'
import type { Draft } from '../core/draft.js'
import { fieldsOf, refsOf, type Body } from '../core/log-row.js'
import type { Opening, ReadTally, WantedPage } from '../core/pages.js'
import type { Head, State } from '../core/state.js'
import { findMessage, findMessages, holdsAny, inGroups, pageBefore, placeOf, readBodies, readWholeLogs, type FoundMessage, type MessageName } from './message-pages.js'
import { parseMessage, parsePatch, toDeferredMessage, toMessage, type Message, type MessageInput, type MessagePatch } from './messages.js'
import { id, parseInput, randomId } from './values.js'

export interface ChatLog {
  readonly id: ChatLogId
  readonly sessionId?: SessionId
  /** Messages it holds. */
  readonly count: number
  readonly createdAt: number
  readonly rev: number
  readonly modifiedAt: number
}

export interface ReadOptions {
  /** How many messages at most; 50 when left out. */
  readonly limit?: number
  /** Only messages before this one (its number or id), the nearest ones. */
  readonly before?: number | string
  /** Only messages after this one, the nearest ones. */
  readonly after?: number | string
  /** This message with its neighbours, half of the limit on each side. */
  readonly around?: number | string
  /** `load` (the default) puts strings over 64 KiB back in place; `defer` leaves their first 256 characters and says so. */
  readonly longValues?: 'load' | 'defer'
}

/** Whatever else a message holds is not looked at. */
const namesSchema = z.array(z.union([id, z.object({ id, number: z.optional(z.number()) })]))

/** Messages made whole side by side: of each picture its rows, sealed and opened, are in memory beside its text. */
const WHOLE_AT_ONCE = 2

/** What reading a stretch found out on the way. */
interface Reading extends Opening {
  before: WantedPage | undefined
}

const createSchema = z.strictObject({ id: z.optional(id), sessionId: z.optional(id) })

export class ChatLogs {
  readonly #access: Access

  constructor(access: Access) {
    this.#access = access
  }

  /**
   * Creates an empty chat log: of a session (a session may have several) or of none.
   * @throws {VaultError} `conflict` when the id is taken, `not-found` without that session, `invalid-value`, `locked`
   */
  async create(input: { readonly id?: string | undefined; readonly sessionId?: string | undefined } = {}): Promise<ChatLog> {
    const { id: chatLogId = randomId(), sessionId } = parseInput(createSchema, input, 'chat log')
    return this.#access.commit(async (draft) => {
      if (draft.state.heads.chatLogs.has(chatLogId)) throw new VaultError('conflict', 'a chat log with this id exists already', { where: 'chatLogs' })
      if (sessionId !== undefined && !draft.state.heads.sessions.has(sessionId)) throw new VaultError('not-found', 'there is no session with this id', { where: 'sessions' })
      draft.change(['chatLog', chatLogId, { ...(sessionId !== undefined && { sessionId }), stem: randomStem(), createdAt: draft.time }])
      return toChatLog(requireLog(draft.state, chatLogId))
    })
  }

  /** The chat log with this id, or undefined. */
  async get(chatLogId: string): Promise<ChatLog | undefined> {
    return this.#access.view(async (state) => {
      const head = state.heads.chatLogs.get(chatLogId)
      return head && toChatLog(head)
    })
  }

  /** The chat logs of a session, oldest first; of all when no session is named. */
  async list(query: { readonly sessionId?: string } = {}): Promise<readonly ChatLog[]> {
    return this.#access.view(async (state) => {
      const heads = query.sessionId === undefined ? [...state.heads.chatLogs.entries()].map(([, head]) => head) : (state.logsOfSession.get(query.sessionId) ?? []).map((chatLogId) => requireLog(state, chatLogId))
      return heads.sort((a, b) => a.number - b.number).map(toChatLog)
    })
  }

  /** Deletes a chat log with its messages; resolves to false when there was none. */
  async delete(chatLogId: string): Promise<boolean> {
    return this.#access.commit(async (draft) => {
      if (!draft.state.heads.chatLogs.has(chatLogId)) return false
      draft.change(['delete', 'chatLogs', chatLogId])
      return true
    })
  }

  /**
   * Adds one message, or many in one commit, at the end. Resolves when they are saved.
   * @throws {VaultError} `not-found` without that chat log, `conflict` when a message id is taken, `invalid-value`, `locked`, `storage-full`
   */
  async append(chatLogId: string, input: MessageInput): Promise<Message>
  async append(chatLogId: string, input: readonly MessageInput[]): Promise<readonly Message[]>
  async append(chatLogId: string, input: MessageInput | readonly MessageInput[]): Promise<Message | readonly Message[]> {
    const many = Array.isArray(input) ? (input as readonly MessageInput[]) : [input as MessageInput]
    const now = Date.now()
    const parsed = many.map((message, index) => parseMessage(message, now, Array.isArray(input) ? [index] : []))
    // Ids given by the app are looked for; random ones cannot be taken.
    const given = parsed.filter((_, index) => many[index]!.id !== undefined).map((message) => message.id)
    if (new Set(given).size !== given.length) throw new VaultError('conflict', 'the same message id is given twice', { where: 'messages', fields: ['id'] })
    const saved = await this.#access.commitBodies(
      parsed.map(({ fields }) => fields),
      'message',
      async (draft, bodies) => {
        const log = requireLog(draft.state, chatLogId)
        if (given.length > 0 && (await holdsAny(this.#access, draft.state, log, given))) {
          throw new VaultError('conflict', 'a message with this id is in the chat log already', { where: 'messages', fields: ['id'] })
        }
        if (parsed.length === 0) return []
        const first = log.value['next'] as number
        draft.change(['append', chatLogId, bodies])
        return parsed.map((message, index) => toMessage({ chatLogId, number: first + index, rev: draft.seq, modifiedAt: draft.time }, message.fields))
      },
    )
    return Array.isArray(input) ? saved : saved[0]!
  }

  /**
   * Changes the fields given. Many updates of one message in quick succession (a streamed answer) are written at once, then
   * at most every 250 ms; each promise resolves when its content, or a newer one, is saved.
   * @throws {VaultError} `not-found`, `invalid-value`, `locked`, `storage-full`
   */
  async update(chatLogId: string, messageId: string, patch: MessagePatch): Promise<Message> {
    const given = parsePatch(patch)
    const replaces = { record: JSON.stringify([chatLogId, messageId]), fields: Object.keys(given).sort().join() }
    return this.#access.commitBodies(
      [given],
      'message',
      async (draft, [patched]) => {
        const { found } = await this.#find(draft, chatLogId, messageId)
        const body = mergeBodies(found.body, patched!)
        draft.change(['set', chatLogId, found.number, body])
        return toDeferredMessage({ chatLogId, number: found.number, rev: draft.seq, modifiedAt: draft.time }, body)
      },
      { replaces },
    )
  }

  /** Deletes one message; resolves to false when it was not there. Its number is not used again. */
  async deleteMessage(chatLogId: string, messageId: string): Promise<boolean> {
    return this.#access.commit(async (draft) => {
      const log = requireLog(draft.state, chatLogId)
      const found = await findMessage(this.#access, draft.state, log, messageId)
      if (found === undefined) return false
      draft.change(['unset', chatLogId, found.number, messageId])
      return true
    })
  }

  /**
   * Deletes many messages of a chat log as one commit; resolves to how many of them were there. Takes ids, or messages as they were read: these say by their number
   * where to look, so that a long chat log is not read from its end for each call. An id counts once; numbers are not used again.
   * @throws {VaultError} `not-found` without that chat log, `invalid-value`, `corrupt`, `locked`, `storage-full`
   */
  async deleteMessages(chatLogId: string, messages: readonly (string | MessageName)[]): Promise<number> {
    const names = parseInput(namesSchema, messages, 'messages').map((name) => (typeof name === 'string' ? { id: name } : name))
    return this.#access.commit(async (draft) => {
      const found = await findMessages(this.#access, draft.state, requireLog(draft.state, chatLogId), names)
      for (const { number, body } of found) draft.change(['unset', chatLogId, number, fieldsOf(body)['id'] as string])
      return found.length
    })
  }

  /** One message by its id, or undefined. @throws {VaultError} `not-found` without that chat log, `corrupt`, `locked` */
  async getMessage(chatLogId: string, messageId: string): Promise<Message | undefined> {
    return this.#access.view(async (state) => {
      const log = requireLog(state, chatLogId)
      const found = await findMessage(this.#access, state, log, messageId)
      return found && this.#toMessage(log, found, 'load')
    })
  }

  /** How many messages a chat log holds. @throws {VaultError} `not-found` */
  async count(chatLogId: string): Promise<number> {
    return this.#access.view(async (state) => requireLog(state, chatLogId).value['count'] as number)
  }

  /**
   * A stretch of messages, oldest first: the newest ones, or those next to a place.
   * @throws {VaultError} `not-found` without that chat log or message, `corrupt`, `locked`
   */
  async read(chatLogId: string, options: ReadOptions = {}): Promise<readonly Message[]> {
    const { limit = 50, longValues = 'load' } = options
    if (!Number.isInteger(limit) || limit < 0) throw new RangeError('limit must be a whole number from 0')
    const opening: Reading = { number: 0, limit, missed: 0, before: undefined }
    const messages = await this.#read(chatLogId, { ...options, limit, longValues }, opening)
    const { pages } = this.#access
    if (options.before === undefined && options.after === undefined && options.around === undefined && limit > 0) pages.noteOpened(opening)
    // Whoever looks at the newest messages scrolls up next.
    if (opening.before !== undefined && options.after === undefined && options.around === undefined) pages.reader?.readUpTo(opening.before)
    return messages
  }

  async #read(chatLogId: string, options: ReadOptions & { readonly limit: number; readonly longValues: 'load' | 'defer' }, opening: Reading): Promise<readonly Message[]> {
    return this.#access.view(async (state) => {
      const log = requireLog(state, chatLogId)
      opening.number = log.number
      const found = await this.#stretch(state, log, options, opening)
      opening.before = found.length === 0 ? undefined : pageBefore(log, found[0]!.number)
      return this.#toMessages(log, found, options.longValues)
    })
  }

  /** All messages, page by page: newest first, or oldest first. Messages added meanwhile at the end may be missed. Long values are loaded when the turn of their message comes. */
  messages(chatLogId: string, options: { readonly order?: 'newest' | 'oldest'; readonly longValues?: 'load' | 'defer' } = {}): AsyncGenerator<Message, void, undefined> {
    return this.#access.iterations.over(this.#messages(chatLogId, options))
  }

  async *#messages(chatLogId: string, options: { readonly order?: 'newest' | 'oldest'; readonly longValues?: 'load' | 'defer' }): AsyncGenerator<Message, void, undefined> {
    const { order = 'newest', longValues = 'load' } = options
    let place: number | undefined
    for (;;) {
      const from = order === 'newest' ? (place === undefined ? {} : { before: place }) : { after: place ?? -1 }
      // Whoever goes through a whole chat log is not somebody who opened it.
      const stretch = await this.#read(chatLogId, { limit: 256, longValues: 'defer', ...from }, { number: 0, limit: 256, missed: 0, before: undefined })
      if (stretch.length === 0) return
      for (const message of order === 'newest' ? [...stretch].reverse() : stretch) {
        // A stretch of pictures would be hundreds of megabytes at once.
        const whole = longValues === 'load' && message.deferred !== undefined ? await this.#wholeMessage(chatLogId, message.number) : message
        if (whole !== undefined) yield whole
      }
      place = (order === 'newest' ? stretch[0]! : stretch.at(-1)!).number
    }
  }

  /**
   * Every message of the vault, chat log by chat log, oldest chat log first: what an export or an index reads. Many pages are read at
   * once; memory stays bounded, but for long values that are loaded: of a chat log all are in memory together. Chat logs created or changed meanwhile may or may not show it.
   */
  readAll(options: { readonly longValues?: 'load' | 'defer' } = {}): AsyncGenerator<{ readonly chatLogId: ChatLogId; readonly messages: readonly Message[] }, void, undefined> {
    return this.#access.iterations.over(this.#readAll(options))
  }

  async *#readAll({ longValues = 'load' }: { readonly longValues?: 'load' | 'defer' }): AsyncGenerator<{ readonly chatLogId: ChatLogId; readonly messages: readonly Message[] }, void, undefined> {
    const ids = await this.#access.view(async (state) => [...state.heads.chatLogs.entries()].sort(([, a], [, b]) => a.number - b.number).map(([chatLogId, head]) => ({ chatLogId, messages: head.value['next'] as number })))
    const groups = inGroups(ids)
    let reading = this.#readGroup(groups[0] ?? [], longValues)
    for (let i = 0; i < groups.length; i++) {
      const group = await reading
      // The next pages are on their way while the caller looks at these.
      reading = this.#readGroup(groups[i + 1] ?? [], longValues)
      reading.catch(() => undefined)
      yield* group
    }
  }

  /** Read anew: it may have been changed, or deleted, since its stretch was read. */
  async #wholeMessage(chatLogId: string, number: number): Promise<Message | undefined> {
    const [message] = await this.read(chatLogId, { after: number - 1, limit: 1 })
    return message?.number === number ? message : undefined
  }

  async #readGroup(ids: readonly string[], longValues: 'load' | 'defer'): Promise<{ chatLogId: ChatLogId; messages: readonly Message[] }[]> {
    if (ids.length === 0) return []
    return this.#access.view(async (state) => {
      const logs = ids.map((chatLogId) => state.heads.chatLogs.get(chatLogId)).filter((log): log is Head => log !== undefined)
      const found = await readWholeLogs(this.#access, state, logs)
      return Promise.all(
        logs.map(async (log, i) => {
          const messages: Message[] = []
          for (const record of found[i]!) messages.push(longValues === 'load' && refsOf(record.body).length > 0 ? await this.#toMessage(log, record, 'load') : toDeferredMessage(placeOf(log, record), record.body))
          return { chatLogId: log.id as ChatLogId, messages }
        }),
      )
    })
  }

  async #stretch(state: State, log: Head, { before, after, around, limit }: ReadOptions & { readonly limit: number }, tally: ReadTally): Promise<FoundMessage[]> {
    const next = log.value['next'] as number
    if (around !== undefined) {
      const middle = await this.#numberOf(state, log, around)
      const older = await readBodies(this.#access, state, log, { to: middle, limit: Math.floor(limit / 2), newest: true, tally })
      const newer = await readBodies(this.#access, state, log, { from: middle, to: next, limit: limit - older.length, newest: false, tally })
      return [...older, ...newer]
    }
    if (after !== undefined) return readBodies(this.#access, state, log, { from: (await this.#numberOf(state, log, after)) + 1, to: next, limit, newest: false, tally })
    return readBodies(this.#access, state, log, { to: before === undefined ? next : await this.#numberOf(state, log, before), limit, newest: true, tally })
  }

  async #numberOf(state: State, log: Head, place: number | string): Promise<number> {
    if (typeof place === 'number') {
      if (Number.isNaN(place)) throw new RangeError('a place must be a number or the id of a message')
      return place
    }
    const found = await findMessage(this.#access, state, log, place)
    if (found === undefined) throw new VaultError('not-found', 'there is no message with this id in the chat log', { where: 'messages' })
    return found.number
  }

  async #find(draft: Draft, chatLogId: string, messageId: string): Promise<{ found: FoundMessage }> {
    const log = requireLog(draft.state, chatLogId)
    const found = await findMessage(this.#access, draft.state, log, messageId)
    if (found === undefined) throw new VaultError('not-found', 'there is no message with this id in the chat log', { where: 'messages' })
    return { found }
  }

  async #toMessages(log: Head, found: readonly FoundMessage[], longValues: 'load' | 'defer'): Promise<Message[]> {
    const messages: Message[] = []
    for (let start = 0; start < found.length; start += WHOLE_AT_ONCE) {
      messages.push(...(await Promise.all(found.slice(start, start + WHOLE_AT_ONCE).map((record) => this.#toMessage(log, record, longValues)))))
    }
    return messages
  }

  async #toMessage(log: Head, found: FoundMessage, longValues: 'load' | 'defer'): Promise<Message> {
    const place = placeOf(log, found)
    if (longValues === 'defer') return toDeferredMessage(place, found.body)
    return toMessage(place, refsOf(found.body).length === 0 ? fieldsOf(found.body) : await this.#access.restore(found.body))
  }
}

function requireLog(state: State, chatLogId: string): Head {
  const head = state.heads.chatLogs.get(chatLogId)
  if (head === undefined) throw new VaultError('not-found', 'there is no chat log with this id', { where: 'chatLogs' })
  return head
}

function toChatLog(head: Head): ChatLog {
  const { sessionId, count, createdAt } = head.value as { sessionId?: SessionId; count: number; createdAt: number }
  return { id: head.id as ChatLogId, ...(sessionId !== undefined && { sessionId }), count, createdAt, rev: head.rev, modifiedAt: head.modifiedAt }
}

/** Lays a patch over a message; long values of fields that the patch replaces go with them. */
function mergeBodies(before: Body, patch: Body): Body {
  const fields = { ...fieldsOf(before), ...fieldsOf(patch) }
  const kept = refsOf(before).filter(([path]) => !(path[0]! in fieldsOf(patch)))
  const refs = [...kept.map((ref) => ref.slice(0, 5) as unknown as typeof ref), ...refsOf(patch)]
  return refs.length === 0 ? fields : [fields, refs]
}
