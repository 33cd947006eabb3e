// Which messages a rule lets go: one pass over all messages, of which only columns of numbers are kept. What goes of a session are always its oldest messages, so that a plan is one
// place for each session: whatever is not newer goes.

import type { Message, Records, Session } from '../../index.js'
import type { CleanUpPreview, CleanUpRule, SessionCleanUp } from './clean-up-rule.js'
import { MessageColumns, oldestOf, sizeOf } from './message-columns.js'
import type { Spared } from './spared.js'

/** A place in the order of all messages: by time, then as chat logs and their messages are read. */
export interface Place {
  readonly at: number
  /** Which chat log, counted from the oldest. */
  readonly log: number
  readonly number: number
}

export interface LogPlan {
  readonly session: string
  /** Its own place in the order. */
  readonly log: number
  /** The newest message of the session that goes. */
  readonly upTo: Place
}

export interface CleanUpPlan {
  readonly preview: CleanUpPreview
  /** Chat logs of sessions of which something goes, by their ids. */
  readonly logs: ReadonlyMap<string, LogPlan>
  /** The newest message that goes because of all of them together. It has to go last: as long as it is there, whoever plans anew finds what is left of this plan. */
  readonly last?: Place
}

export function comparePlaces(a: Place, b: Place): number {
  return a.at - b.at || a.log - b.log || a.number - b.number
}

export function isSparedSession(session: Session, { kept, hidden }: Spared, rule: CleanUpRule, now: number): boolean {
  return kept.has(session.id) || hidden.has(session.id) || (rule.spareActiveWithinMs !== undefined && now - session.lastActivityAt < rule.spareActiveWithinMs)
}

interface Log {
  readonly id: string
  /** Of the session whose messages may go; undefined for what is spared, and for a chat log of no session: those are for the app to tidy. */
  readonly session: number | undefined
}

export async function planCleanUp(records: Records, rule: CleanUpRule, now: number, spared: Spared, signal?: AbortSignal): Promise<CleanUpPlan> {
  const sessions = (await records.sessions.list()).filter((session) => !isSparedSession(session, spared, rule, now))
  const places = new Map(sessions.map(({ id }, i) => [id as string, i]))
  const logs = (await records.chatLogs.list()).map(({ id, sessionId }): Log => ({ id, session: sessionId === undefined ? undefined : places.get(sessionId) }))
  const columns = await readColumns(records, logs, signal)
  const rowsOf = groupRows(columns, logs, sessions.length)
  const goes = new Uint8Array(columns.count)
  const mark = (rows: Uint32Array): Uint32Array => {
    for (const row of rows) goes[row] = 1
    return rows
  }
  for (const rows of rowsOf) {
    if (rule.olderThanMs !== undefined) mark(rows.filter((row) => now - columns.at[row]! > rule.olderThanMs!))
    if (rule.keepPerSession !== undefined) mark(oldestOf(columns, rows, { messages: rows.length - rule.keepPerSession, bytes: 0 }))
  }
  const { total, rest } = count(columns, goes)
  const need = { messages: rest.messages - (rule.keepTotal ?? Infinity), bytes: rest.bytes - (rule.keepBytes ?? Infinity) }
  const isLeft = (row: number): boolean => goes[row] === 0 && logs[columns.log[row]!]!.session !== undefined
  const overall = need.messages > 0 || need.bytes > 0 ? mark(oldestOf(columns, Uint32Array.from(goes, (_, row) => row).filter(isLeft), need)) : new Uint32Array(0)
  return {
    ...summarize(columns, goes, rowsOf, sessions, logs, total),
    ...(overall.length > 0 && { last: placeOf(columns, newestOf(columns, overall)) }),
  }
}

async function readColumns(records: Records, logs: readonly Log[], signal: AbortSignal | undefined): Promise<MessageColumns> {
  const numbers = new Map(logs.map(({ id }, i) => [id, i]))
  const columns = new MessageColumns()
  for await (const { chatLogId, messages } of records.chatLogs.readAll({ longValues: 'defer' })) {
    signal?.throwIfAborted()
    const log = numbers.get(chatLogId)
    if (log !== undefined) for (const message of messages) columns.add(message.timestamp, sizeOf(message), log, message.number)
  }
  return columns
}

/** Rows of each session, in the order of reading. */
function groupRows(columns: MessageColumns, logs: readonly Log[], sessions: number): Uint32Array[] {
  const counts = new Uint32Array(sessions)
  const sessionOf = (row: number): number | undefined => logs[columns.log[row]!]!.session
  for (let row = 0; row < columns.count; row++) if (sessionOf(row) !== undefined) counts[sessionOf(row)!]!++
  const groups = [...counts].map((size) => new Uint32Array(size))
  const filled = new Uint32Array(sessions)
  for (let row = 0; row < columns.count; row++) {
    const session = sessionOf(row)
    if (session !== undefined) groups[session]![filled[session]!++] = row
  }
  return groups
}

function count(columns: MessageColumns, goes: Uint8Array): { total: { messages: number; bytes: number }; rest: { messages: number; bytes: number } } {
  const total = { messages: columns.count, bytes: 0 }
  const rest = { messages: 0, bytes: 0 }
  for (let row = 0; row < columns.count; row++) {
    total.bytes += columns.bytes[row]!
    if (goes[row] === 1) continue
    rest.messages++
    rest.bytes += columns.bytes[row]!
  }
  return { total, rest }
}

function summarize(columns: MessageColumns, goes: Uint8Array, rowsOf: readonly Uint32Array[], sessions: readonly Session[], logs: readonly Log[], total: CleanUpPreview['total']): Pick<CleanUpPlan, 'preview' | 'logs'> {
  const seen: SessionCleanUp[] = []
  const upTo = new Map<number, Place>()
  for (const [i, rows] of rowsOf.entries()) {
    const going = rows.filter((row) => goes[row] === 1)
    if (going.length === 0) continue
    const { id, title } = sessions[i]!
    const newest = placeOf(columns, newestOf(columns, going))
    const oldest = going.reduce((first, row) => Math.min(first, columns.at[row]!), Infinity)
    const bytes = going.reduce((sum, row) => sum + columns.bytes[row]!, 0)
    upTo.set(i, newest)
    seen.push({ id, title, messages: going.length, bytes, oldest, newest: newest.at })
  }
  const planned = logs.flatMap(({ id, session }, log): [string, LogPlan][] => (session !== undefined && upTo.has(session) ? [[id, { session: sessions[session]!.id, log, upTo: upTo.get(session)! }]] : []))
  const sum = (field: 'messages' | 'bytes'): number => seen.reduce((all, session) => all + session[field], 0)
  return { logs: new Map(planned), preview: { sessions: seen.sort((a, b) => a.oldest - b.oldest), messages: sum('messages'), bytes: sum('bytes'), total } }
}

function newestOf(columns: MessageColumns, rows: Uint32Array): number {
  return rows.reduce((newest, row) => (columns.at[row]! > columns.at[newest]! || (columns.at[row] === columns.at[newest] && row > newest) ? row : newest), rows[0]!)
}

function placeOf(columns: MessageColumns, row: number): Place {
  return { at: columns.at[row]!, log: columns.log[row]!, number: columns.number[row]! }
}

/** Where a message is in the order of all. */
export function placeOfMessage(message: Message, log: number): Place {
  return { at: message.timestamp, log, number: message.number }
}
