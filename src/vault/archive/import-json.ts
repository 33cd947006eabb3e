// The plain form of the specification, on its way back: `{ version: 1, exportedAt?, sessions, chatLogs, brains?, preferences?, collections? }`. Nothing in it says which vault it
// comes from, so that whatever differs is a conflict.

import * as z from 'zod/mini'
import { VaultError } from '../../errors.js'
import { takeOutLongValues } from '../core/blobs.js'
import type { Fields } from '../core/log-row.js'
import type { MergeReport } from '../merge/merge-report.js'
import { settler } from '../merge/conflicts.js'
import { id, parseInput, refuseTooLong, time } from '../records/values.js'
import type { ArchiveLine } from './archive-lines.js'
import type { ArchiveSource } from './archive-source.js'
import { RecordCheck } from './check-records.js'
import type { IncomingItem } from './incoming-records.js'
import { lookAt, takeOver, untilLocked, type Gathered, type ImportPorts, type MergeOptions } from './take-over.js'

const object = z.record(z.string(), z.unknown())
const schema = z.object({
  version: z.literal(1),
  sessions: z.array(object),
  chatLogs: z.array(z.looseObject({ id, messages: z.array(object) })),
  brains: z.optional(z.array(object)),
  preferences: z.optional(z.array(object)),
  // No record of zod's: it passes over `__proto__`, and what nobody looks at is lost.
  collections: z.optional(z.custom<Readonly<Record<string, unknown>>>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))),
})
/** There is no tombstone in it, hence no hash under this key. */
const NO_KEY = 'A'.repeat(43)

/** See `UnlockedVault.importJson`. @param isLook whether nothing is to be changed */
export function importJson(ports: ImportPorts, source: ArchiveSource | string, options: MergeOptions, isLook = false): Promise<MergeReport> {
  settler(options.onConflict ?? 'keep-newer')
  return untilLocked(ports, options.signal, async (signal) => {
    const items = itemsOf(await parsed(source))
    const check = new RecordCheck({ isWhole: true, where: 'json' })
    for (const item of items) check.check(lineOf(item))
    check.finish()
    return (isLook ? lookAt : takeOver)(ports, gatheredFrom(items), options, signal)
  })
}

async function parsed(source: ArchiveSource | string): Promise<z.infer<typeof schema>> {
  const text = typeof source === 'string' ? source : await new Response(source as BodyInit).text()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Not kept as a cause: the engine's message quotes the text.
    throw new VaultError('invalid-value', 'this is no JSON', { where: 'json', reason: 'json' })
  }
  const version = (value as { readonly version?: unknown } | null)?.version
  if (typeof version === 'number' && version > 1) throw new VaultError('unsupported-version', 'a newer version wrote this JSON; update the app', { where: 'json', number: version })
  return parseInput(schema, value, 'json')
}

/** In the order of an archive. What an app's own JSON may lack is added. */
function itemsOf({ sessions, chatLogs, brains = [], preferences = [], collections = {} }: z.infer<typeof schema>): IncomingItem[] {
  const items: IncomingItem[] = []
  const logsOf = new Map<unknown, (typeof chatLogs)[number][]>()
  for (const log of chatLogs) logsOf.set(log['sessionId'], [...(logsOf.get(log['sessionId']) ?? []), log])
  const addLogs = (sessionId: unknown, createdAt: number): void => {
    for (const { messages, id: logId, modifiedAt, rev: _, ...value } of logsOf.get(sessionId) ?? []) {
      items.push(item('chatLog', logId, modifiedAt, { createdAt, ...value }, createdAt))
      for (const { rev: __, number: ___, modifiedAt: at, ...message } of messages) items.push(item('message', message['id'], at, message, message['timestamp']))
    }
    logsOf.delete(sessionId)
  }
  for (const { id: sessionId, rev: _, modifiedAt, timestamp, ...session } of sessions) {
    const createdAt = (session['createdAt'] ?? timestamp ?? session['lastActivityAt'] ?? 0) as number
    const title = session['title'] ?? ''
    const value = { participants: [], state: 'active', title, titled: title !== '', keywords: [], createdAt, lastActivityAt: createdAt, messageCount: 0, ...session }
    items.push(item('session', sessionId, modifiedAt, value, value.lastActivityAt))
    addLogs(sessionId, createdAt)
  }
  // Of none, or of one that is not there: the check says so.
  for (const sessionId of [...logsOf.keys()]) addLogs(sessionId, 0)
  for (const { entityId, rev: _, modifiedAt, ...value } of brains) items.push(item('brain', entityId, modifiedAt, { configuration: {}, memories: [], ...value }, 0))
  for (const { key, modifiedAt, value } of preferences) items.push(item('preference', key, modifiedAt, value, 0))
  for (const [collection, listed] of Object.entries(collections)) {
    for (const { id: itemId, modifiedAt, head = {}, value } of parseInput(z.array(object), listed, 'json', ['collections', collection])) items.push({ ...item('item', itemId, modifiedAt, { head, value }, 0), collection })
  }
  return items
}

function item(kind: IncomingItem['kind'], recordId: unknown, modifiedAt: unknown, value: unknown, otherwise: unknown): IncomingItem {
  const at = typeof modifiedAt === 'number' ? modifiedAt : otherwise
  const long = kind === 'message' ? takeOutLongValues(value as Fields) : undefined
  return { kind, incoming: { id: recordId as string, version: undefined, modifiedAt: at as number }, value: long?.fields ?? value, edits: undefined, long: long?.values ?? [] }
}

/** As the check of archives wants it. @throws {VaultError} `invalid-value` */
function lineOf({ kind, collection, incoming, value }: IncomingItem): ArchiveLine {
  const { id: recordId, modifiedAt } = parseInput(z.object({ id, modifiedAt: time }), incoming, kind)
  const short = kind === 'brain' || kind === 'item' ? (takeOutLongValues(value as Fields)?.fields ?? value) : value
  refuseTooLong(short, kind)
  return { kind, ...(collection !== undefined && { collection }), id: recordId, rev: 0, modifiedAt, value } as ArchiveLine
}

function gatheredFrom(items: readonly IncomingItem[]): Gathered {
  return {
    name: 'json',
    isComplete: false,
    isEverything: false,
    at: 0,
    deleted: { key: NO_KEY, list: [] },
    messages: items.filter(({ kind }) => kind === 'message').length,
    async *items() {
      yield* items
    },
  }
}
