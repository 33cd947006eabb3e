// How a world is used, in numbers: counted in this tab from what the vault holds, when somebody asks. Nothing of it is kept, and nothing is sent anywhere.

import type { Message, MessageType, Session, SessionState, UnlockedVault } from '../index.js'

/** What happened on one day, or in the week that begins with it: `2026-11-28`, by the clock of this device. */
export interface DayCount {
  readonly day: string
  readonly count: number
}

export interface SessionStatistics {
  readonly total: number
  readonly byState: Readonly<Record<SessionState, number>>
  /** Sessions begun on each day, and in each week by its Monday; days without any are left out. Oldest first. */
  readonly createdByDay: readonly DayCount[]
  readonly createdByWeek: readonly DayCount[]
  /** Sessions begun in each hour of the day, from 0 to 23. */
  readonly createdByHour: readonly number[]
  /** Messages of a session: of all of them, on average, of the one in the middle, and of the longest. */
  readonly messages: { readonly total: number; readonly mean: number; readonly median: number; readonly most: number }
  /** In how many sessions each takes part, the most frequent first. */
  readonly byParticipant: readonly { readonly id: string; readonly count: number }[]
}

export interface MessageStatistics {
  readonly total: number
  /** Of their contents: UTF-16 units, and of contents over 64 KiB bytes of UTF-8. */
  readonly characters: number
  readonly byType: Readonly<Record<MessageType, number>>
  /** Who wrote how many, the most first. */
  readonly bySender: readonly { readonly id: string; readonly count: number }[]
  readonly byDay: readonly DayCount[]
  readonly byHour: readonly number[]
}

export interface Statistics {
  readonly sessions: SessionStatistics
  /** Only where messages were asked for. */
  readonly messages?: MessageStatistics
}

export interface StatisticsOptions {
  /** Read every message too. Without it only what is in memory is counted, which costs next to nothing. */
  readonly messages?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * @param sessions those to be counted; messages of no other are
 * @throws {VaultError} `locked`, `corrupt`; the signal's reason
 */
export async function readStatistics(open: UnlockedVault, sessions: readonly Session[], { messages = false, signal }: StatisticsOptions = {}): Promise<Statistics> {
  if (!messages) return { sessions: sessionStatistics(sessions) }
  const counted = new Set<string>(sessions.map(({ id }) => id))
  const logs = new Set<string>((await open.chatLogs.list()).filter(({ sessionId }) => sessionId !== undefined && counted.has(sessionId)).map(({ id }) => id))
  const tally = new MessageTally()
  // Long values stay where they are: how long they are is told beside them.
  for await (const log of open.chatLogs.readAll({ longValues: 'defer' })) {
    signal?.throwIfAborted()
    if (logs.has(log.chatLogId)) for (const message of log.messages) tally.add(message)
  }
  return { sessions: sessionStatistics(sessions), messages: tally.statistics() }
}

export function sessionStatistics(sessions: readonly Session[]): SessionStatistics {
  const byState: Record<SessionState, number> = { active: 0, inactive: 0, archived: 0 }
  const [days, weeks, participants] = [new Tally(), new Tally(), new Tally()]
  const createdByHour = new Array<number>(24).fill(0)
  for (const { state, createdAt, participants: there } of sessions) {
    byState[state]++
    days.add(dayOf(createdAt))
    weeks.add(mondayOf(createdAt))
    createdByHour[new Date(createdAt).getHours()]!++
    for (const id of new Set(there)) participants.add(id)
  }
  const counts = sessions.map(({ messageCount }) => messageCount).sort((a, b) => a - b)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const half = counts.length >> 1
  const median = counts.length === 0 ? 0 : counts.length % 2 === 1 ? counts[half]! : (counts[half - 1]! + counts[half]!) / 2
  return {
    total: sessions.length,
    byState,
    createdByDay: days.inOrder(),
    createdByWeek: weeks.inOrder(),
    createdByHour,
    messages: { total, mean: counts.length === 0 ? 0 : total / counts.length, median, most: counts.at(-1) ?? 0 },
    byParticipant: participants.mostFirst(),
  }
}

class MessageTally {
  readonly #byType: Record<MessageType, number> = { user: 0, assistant: 0, system: 0 }
  readonly #byHour = new Array<number>(24).fill(0)
  readonly #days = new Tally()
  readonly #senders = new Tally()
  #total = 0
  #characters = 0

  add({ type, senderId, timestamp, content, deferred }: Message): void {
    this.#total++
    // Of a content that was left where it is, bytes are what is known.
    this.#characters += deferred?.find(({ path }) => path.length === 1 && path[0] === 'content')?.bytes ?? content.length
    this.#byType[type]++
    this.#byHour[new Date(timestamp).getHours()]!++
    this.#days.add(dayOf(timestamp))
    this.#senders.add(senderId)
  }

  statistics(): MessageStatistics {
    return { total: this.#total, characters: this.#characters, byType: this.#byType, bySender: this.#senders.mostFirst(), byDay: this.#days.inOrder(), byHour: this.#byHour }
  }
}

class Tally {
  readonly #counts = new Map<string, number>()

  add(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }

  inOrder(): DayCount[] {
    return [...this.#counts].map(([day, count]) => ({ day, count })).sort((a, b) => compare(a.day, b.day))
  }

  mostFirst(): { readonly id: string; readonly count: number }[] {
    return [...this.#counts].map(([id, count]) => ({ id, count })).sort((a, b) => b.count - a.count || compare(a.id, b.id))
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function dayOf(at: number): string {
  const date = new Date(at)
  const two = (part: number): string => String(part).padStart(2, '0')
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

function mondayOf(at: number): string {
  const date = new Date(at)
  // By the calendar: a day is not always 24 hours long.
  date.setDate(date.getDate() - ((date.getDay() + 6) % 7))
  return dayOf(date.getTime())
}
