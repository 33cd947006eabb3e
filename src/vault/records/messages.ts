// One message: what an app gives, what it gets back, and how it is stored.

import * as z from 'zod/mini'
import type { ChatLogId, MessageId } from '../../brand.js'
import type { Body, Fields } from '../core/log-row.js'
import { fieldsOf, refsOf } from '../core/log-row.js'
import { copyJson } from '../core/json-copy.js'
import { id, jsonObject, parseInput, randomId, text, textList, time, type JsonObject } from './values.js'

export type MessageType = 'user' | 'assistant' | 'system'

/** Free JSON beside a message; these three fields have a type, others may be added. */
export interface MessageMetadata extends JsonObject {
  /** Base64, alone or as data URLs; long ones are stored as blobs, of the bytes and not of the text where that gives back the text exactly. */
  readonly images?: readonly string[] | undefined
  readonly commands?: readonly string[] | undefined
  readonly context?: JsonObject | undefined
}

export interface MessageInput {
  /** A random one when left out. Unique within its chat log. */
  readonly id?: string | undefined
  readonly senderId: string
  readonly type: MessageType
  readonly content: string
  /** Milliseconds; now when left out. Data, not order: order is the order of commits. */
  readonly timestamp?: number | undefined
  readonly metadata?: MessageMetadata | undefined
}

export interface MessagePatch {
  readonly senderId?: string | undefined
  readonly type?: MessageType | undefined
  readonly content?: string | undefined
  readonly timestamp?: number | undefined
  /** Replaces the metadata whole. */
  readonly metadata?: MessageMetadata | undefined
}

export interface Message {
  readonly id: MessageId
  readonly chatLogId: ChatLogId
  /** Position in its chat log, from 0; kept for ever, gaps are where messages were deleted. */
  readonly number: number
  readonly senderId: string
  readonly type: MessageType
  readonly content: string
  readonly timestamp: number
  readonly metadata?: MessageMetadata
  /** Commit of the last change, and its time in ms. */
  readonly rev: number
  readonly modifiedAt: number
  /** Only with `longValues: 'defer'`: paths of strings of which only the first 256 characters are here, because they are stored as blobs; with the size of the string in bytes of UTF-8 (of UTF-16 where it is ill-formed), of base64 as many as it has characters. */
  readonly deferred?: readonly { readonly path: readonly (string | number)[]; readonly bytes: number }[]
}

const type = z.enum(['user', 'assistant', 'system'])
const metadataShape = z.looseObject({ images: z.optional(textList), commands: z.optional(textList), context: z.optional(jsonObject) })
/** Free JSON with three typed fields. */
const metadata = z.pipe(
  jsonObject,
  z.transform((value, context) => {
    // Looked at, not parsed: a parsed copy would lose an own `__proto__` key.
    const result = metadataShape.safeParse(value)
    if (!result.success) for (const issue of result.error.issues) context.issues.push({ code: 'custom', input: undefined, path: issue.path, message: issue.code })
    return value
  }),
)
const fields = { senderId: id, type, content: text, metadata: z.optional(metadata) }
const inputSchema = z.strictObject({ ...fields, id: z.optional(id), timestamp: z.optional(time) })
const patchSchema = z.strictObject({ senderId: z.optional(id), type: z.optional(type), content: z.optional(text), timestamp: z.optional(time), metadata: z.optional(metadata) })

/** A checked message, ready to be stored but for what its commit gives it. */
export interface NewMessage {
  readonly id: string
  readonly fields: Fields
}

/** @throws {VaultError} `invalid-value` naming the field (`3.metadata.context.x` in a list) */
export function parseMessage(input: unknown, now: number, prefix: readonly (string | number)[] = []): NewMessage {
  const parsed = parseInput(inputSchema, input, 'message', prefix)
  const messageId = parsed.id ?? randomId()
  return {
    id: messageId,
    fields: {
      id: messageId,
      senderId: parsed.senderId,
      type: parsed.type,
      content: parsed.content,
      timestamp: parsed.timestamp ?? now,
      ...(parsed.metadata !== undefined && { metadata: parsed.metadata }),
    },
  }
}

/** The fields a patch gives. @throws {VaultError} `invalid-value` */
export function parsePatch(patch: unknown): Fields {
  const parsed = parseInput(patchSchema, patch, 'message')
  return Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined))
}

/** What is known of a stored message beside its fields. */
export interface MessagePlace {
  readonly chatLogId: string
  readonly number: number
  readonly rev: number
  readonly modifiedAt: number
}

export function toMessage(place: MessagePlace, stored: Fields): Message {
  const free = stored['metadata']
  return { ...stored, ...(free !== undefined && { metadata: copyJson(free) }), ...place } as unknown as Message
}

/** The message without its long strings, saying where they were. */
export function toDeferredMessage(place: MessagePlace, body: Body): Message {
  const refs = refsOf(body)
  const message = toMessage(place, fieldsOf(body))
  return refs.length === 0 ? message : { ...message, deferred: refs.map(([path, , , bytes]) => ({ path: [...path], bytes })) }
}
