// Holds what an archive says against what a vault may hold: every record as strictly as what an app hands in, ids that are there once,
// references that lead somewhere. Before anything of it is taken over.

import * as z from 'zod/mini'
import { VaultError } from '../../errors.js'
import { MAX_HEAD } from '../records/item-shape.js'
import { parseMessage } from '../records/messages.js'
import { isCollectionName, isOwn, itemIdOf } from '../records/reserved-ids.js'
import { id, json, jsonObject, parseInput, text, textList, time } from '../records/values.js'
import type { ArchiveLine, ArchiveManifest } from './archive-lines.js'

/** Fields of records with long strings that these may stand in. */
const LONG_FIELDS = { message: ['content', 'metadata'], brain: ['model', 'configuration', 'memories'], item: ['value'] } as const
/** UTF-16 units of the long strings of one record; engines end at about twice as many in one. */
const MAX_TEXT = 2 ** 28

const sessionSchema = z.strictObject({
  connectionId: z.optional(text),
  participants: textList,
  state: z.enum(['active', 'inactive', 'archived']),
  title: text,
  titled: z.boolean(),
  keywords: textList,
  keywordsGenerated: z.optional(z.literal(true)),
  createdAt: time,
  lastActivityAt: time,
  messageCount: z.number().check(z.int(), z.nonnegative()),
  chatLogId: z.optional(id),
})
const chatLogSchema = z.strictObject({ sessionId: z.optional(id), createdAt: time })
const brainSchema = z.strictObject({ model: text, configuration: jsonObject, memories: z.array(json) })
const itemSchema = z.strictObject({ head: jsonObject.check(z.refine((head) => JSON.stringify(head).length <= MAX_HEAD)), value: json })
const idSchema = z.strictObject({ id })

/** What the schema says of a message without metadata: nearly all of them, for a fraction of the time. */
function isPlainMessage(value: Readonly<Record<string, unknown>>): boolean {
  const { id: messageId, senderId, type, content, timestamp } = value
  if (Object.keys(value).length !== 5 || !isId(messageId) || !isId(senderId) || typeof content !== 'string' || !Number.isFinite(timestamp)) return false
  return type === 'user' || type === 'assistant' || type === 'system'
}

function isId(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0 && value.length <= 1024
}

/** What a session names as its main chat log, until that one comes. */
interface OpenReference {
  readonly number: number
  readonly chatLogId: string
}

/** Where records come from, and whether all that belong together are there. */
export interface CheckedSource {
  readonly isWhole: boolean
  readonly where: 'archive' | 'json'
}

export class RecordCheck {
  readonly #isWhole: boolean
  readonly #where: CheckedSource['where']
  readonly #ids = { session: new Set<string>(), chatLog: new Set<string>(), brain: new Set<string>(), preference: new Set<string>(), item: new Set<string>() }
  #messageIds = new Set<string>()
  #number = 1
  #session: string | undefined
  #reference: OpenReference | undefined

  constructor({ isWhole, where }: CheckedSource) {
    this.#isWhole = isWhole
    this.#where = where
  }

  /** @throws {VaultError} `corrupt` for a manifest that no vault writes */
  checkManifest({ tombstoneKey }: ArchiveManifest): void {
    if (!/^[\w-]{43}$/.test(tombstoneKey)) throw this.#refuse('tombstone-key')
  }

  /** @throws {VaultError} `corrupt` with the number of the line and the reason; `archive-too-large` */
  check(line: ArchiveLine): void {
    this.#number++
    switch (line.kind) {
      case 'session':
        this.#closeSession()
        this.#takeId('session', line.id!)
        this.#parse(sessionSchema, line.value)
        this.#session = line.id
        this.#refer((line.value as { readonly chatLogId?: string }).chatLogId)
        return
      case 'chatLog':
        this.#takeId('chatLog', line.id!)
        this.#parse(chatLogSchema, line.value)
        this.#messageIds = new Set()
        this.#checkPlace((line.value as { readonly sessionId?: string }).sessionId, line.id!)
        return
      case 'message':
        this.#checkMessage(line.value as Readonly<Record<string, unknown>>)
        break
      case 'brain':
        this.#closeSession()
        this.#takeId('brain', line.id!)
        if (isOwn(line.id!)) throw this.#refuse('reserved')
        this.#parse(brainSchema, line.value)
        break
      case 'preference':
        this.#closeSession()
        this.#takeId('preference', line.id!)
        if (isOwn(line.id!)) throw this.#refuse('reserved')
        this.#parse(json, line.value)
        return
      case 'item':
        this.#closeSession()
        this.#parse(idSchema, { id: line.id! })
        if (!isCollectionName(line.collection)) throw this.#refuse('collection')
        this.#takeOnce('item', itemIdOf({ collection: line.collection, id: line.id! }))
        this.#parse(itemSchema, line.value)
        break
      case 'tombstones':
        for (const [hash] of line.list) if (!/^[\w-]{22}$/.test(hash)) throw this.#refuse('tombstone')
        return
      case 'archive':
      case 'text':
      case 'missing':
      case 'end':
        return
    }
    this.#checkLong(LONG_FIELDS[line.kind], line.long ?? [])
  }

  /** Long strings stand in fields that may hold any text, each in its own place. */
  #checkLong(allowed: readonly string[], long: readonly (readonly [path: readonly (string | number)[], units: number])[]): void {
    if (long.some(([[field]]) => !allowed.includes(field as string)) || new Set(long.map(([path]) => JSON.stringify(path))).size !== long.length) throw this.#refuse('long')
    let all = 0
    for (const [, units] of long) {
      all += units
      if (all > MAX_TEXT) throw new VaultError('archive-too-large', 'a text in this archive is longer than this browser can hold', { where: 'archive', number: this.#number })
    }
  }

  /** At the end. @throws {VaultError} `corrupt` */
  finish(): void {
    this.#closeSession()
  }

  #checkMessage(value: Readonly<Record<string, unknown>>): void {
    const { id: messageId, timestamp } = value
    // Both may be left out of what an app hands in, but not of what was stored.
    if (typeof messageId !== 'string' || typeof timestamp !== 'number') throw this.#refuse('record')
    if (this.#messageIds.has(messageId)) throw this.#refuse('duplicate-id')
    this.#messageIds.add(messageId)
    if (isPlainMessage(value)) return
    try {
      parseMessage(value, 0)
    } catch (error) {
      throw this.#asRefusal(error)
    }
  }

  #takeId(kind: 'session' | 'chatLog' | 'brain' | 'preference', recordId: string): void {
    this.#parse(idSchema, { id: recordId })
    this.#takeOnce(kind, recordId)
  }

  #takeOnce(kind: 'session' | 'chatLog' | 'brain' | 'preference' | 'item', recordId: string): void {
    const ids = this.#ids[kind]
    if (ids.has(recordId)) throw this.#refuse('duplicate-id')
    ids.add(recordId)
  }

  /** A chat log follows its session, or every session. An archive of changes may leave out the session. */
  #checkPlace(sessionId: string | undefined, chatLogId: string): void {
    if (sessionId === undefined) this.#closeSession()
    else if (sessionId !== this.#session && (this.#isWhole || this.#ids.session.has(sessionId))) throw this.#refuse('dangling')
    if (this.#reference?.chatLogId === chatLogId) this.#reference = undefined
  }

  #refer(chatLogId: string | undefined): void {
    if (chatLogId === undefined || !this.#isWhole) return
    if (this.#ids.chatLog.has(chatLogId)) throw this.#refuse('dangling')
    this.#reference = { number: this.#number, chatLogId }
  }

  #closeSession(): void {
    if (this.#reference !== undefined) throw this.#refuse('dangling', undefined, this.#reference.number)
    this.#session = undefined
  }

  #parse<T>(schema: z.ZodMiniType<T>, value: unknown): void {
    try {
      parseInput(schema, value, 'record')
    } catch (error) {
      throw this.#asRefusal(error)
    }
  }

  #asRefusal(error: unknown): unknown {
    if (!(error instanceof VaultError)) return error
    const { fields } = error.details
    return this.#refuse('record', fields)
  }

  #refuse(reason: string, fields?: readonly string[], number = this.#number): VaultError {
    const details = { where: this.#where, number, reason, ...(fields !== undefined && { fields }) }
    if (this.#where === 'json') return new VaultError('invalid-value', 'this JSON holds what no vault can hold; nothing of it was taken over', details)
    return new VaultError('corrupt', 'the archive authenticates, but holds what no vault can hold; nothing of it was taken over', details)
  }
}
