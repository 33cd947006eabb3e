// Finds messages by their words: every message the filters leave is held against the query, as the truth has it. What is
// found is read once more when its turn comes, so that nothing is shown that was changed or deleted meanwhile.

import type { Access } from '../core/access.js'
import { fieldsOf, refsOf, type Body, type Fields } from '../core/log-row.js'
import { Slices } from '../core/slices.js'
import type { Head, State } from '../core/state.js'
import { inGroups, placeOf, readBodies, readWholeLogs, type FoundMessage } from '../records/message-pages.js'
import { toDeferredMessage, toMessage } from '../records/messages.js'
import { headToSession } from '../records/sessions.js'
import { matchText } from './match.js'
import { readOptions, type Filters, type SearchHit, type SearchOptions } from './options.js'
import { parseQuery, type Query } from './query.js'
import { Statistics, type Counted } from './rank.js'
import { snippetOf } from './snippet.js'

interface Candidate extends Counted {
  readonly chatLogId: string
  readonly logNumber: number
  readonly number: number
  readonly timestamp: number
}

/** @throws {VaultError} `invalid-value` (the query), `locked`, `corrupt`; {RangeError}, {TypeError}; the signal's reason when aborted */
export async function* searchMessages(access: Access, text: string, options: SearchOptions): AsyncGenerator<SearchHit, void, undefined> {
  const query = parseQuery(text)
  const filters = readOptions(options)
  filters.signal?.throwIfAborted()
  let left = filters.limit
  if (left === 0) return
  for (const candidate of await findCandidates(access, query, filters)) {
    filters.signal?.throwIfAborted()
    const hit = await readHit(access, query, filters, candidate)
    if (hit === undefined) continue
    yield hit
    if (--left === 0) return
  }
}

async function findCandidates(access: Access, query: Query, filters: Filters): Promise<readonly Candidate[]> {
  const slices = new Slices(filters.signal)
  const ranked = filters.order === 'relevance'
  const statistics = new Statistics()
  const found: Candidate[] = []
  const weigh = (content: string): Weighed => {
    const { met, counts } = matchText(query, content, filters.match, ranked)
    return { met, counts, length: content.length }
  }
  const logs = await access.view(async (state) =>
    [...state.heads.chatLogs.entries()].filter(([, log]) => admitsLog(state, filters, log)).map(([chatLogId, log]) => ({ chatLogId, messages: log.value['next'] as number })),
  )
  for (const group of inGroups(logs)) {
    for (const { log, record, weighed } of await readGroup(access, group, filters, weigh)) {
      await slices.breathe()
      const { met, ...counted } = weighed ?? weigh(fieldsOf(record.body)['content'] as string)
      if (ranked) statistics.add(counted)
      if (met) found.push({ ...counted, chatLogId: log.id, logNumber: log.number, number: record.number, timestamp: fieldsOf(record.body)['timestamp'] as number })
    }
  }
  if (!ranked) return found.sort(byTime)
  const scores = new Map(found.map((candidate) => [candidate, statistics.score(candidate)]))
  return found.sort((a, b) => scores.get(b)! - scores.get(a)! || byTime(a, b))
}

/** Newest first; at the same time, what was added last. */
function byTime(a: Candidate, b: Candidate): number {
  return b.timestamp - a.timestamp || b.logNumber - a.logNumber || b.number - a.number
}

interface Weighed extends Counted {
  readonly met: boolean
}

interface ReadMessage {
  readonly log: Head
  readonly record: FoundMessage
  /** Of a message whose content is long. */
  readonly weighed: Weighed | undefined
}

/**
 * The messages of some chat logs that the filters leave. Long contents are weighed at once: a moment later their rows may be gone,
 * and all of them together may be more than memory holds.
 */
async function readGroup(access: Access, chatLogIds: readonly string[], filters: Filters, weigh: (content: string) => Weighed): Promise<ReadMessage[]> {
  return access.view(async (state) => {
    const logs = chatLogIds.map((chatLogId) => state.heads.chatLogs.get(chatLogId)).filter((log): log is Head => log !== undefined)
    const read = await readWholeLogs(access, state, logs)
    const admitted: ReadMessage[] = []
    for (const [i, log] of logs.entries()) {
      for (const record of read[i]!) {
        if (!admits(filters, fieldsOf(record.body))) continue
        const weighed = hasLongContent(record.body) ? weigh((await access.restore(record.body))['content'] as string) : undefined
        admitted.push({ log, record, weighed })
      }
    }
    return admitted
  })
}

async function readHit(access: Access, query: Query, filters: Filters, { chatLogId, number }: Candidate): Promise<SearchHit | undefined> {
  return access.view(async (state) => {
    const log = state.heads.chatLogs.get(chatLogId)
    if (log === undefined || !admitsLog(state, filters, log)) return undefined
    const [record] = await readBodies(access, state, log, { from: number, to: number + 1, limit: 1, newest: false })
    if (record === undefined || !admits(filters, fieldsOf(record.body))) return undefined
    const message = hasLongContent(record.body) ? toMessage(placeOf(log, record), await access.restore(record.body)) : toDeferredMessage(placeOf(log, record), record.body)
    const { met, highlights } = matchText(query, message.content, filters.match)
    if (!met) return undefined
    const session = sessionOf(state, log)
    return { message, ...(session !== undefined && { session: headToSession(session) }), snippet: snippetOf(message.content, highlights), highlights }
  })
}

function sessionOf(state: State, log: Head): Head | undefined {
  const sessionId = log.value['sessionId'] as string | undefined
  return sessionId === undefined ? undefined : state.heads.sessions.get(sessionId)
}

function admitsLog(state: State, { sessionIds, participants }: Filters, log: Head): boolean {
  if (sessionIds === undefined && participants === undefined) return true
  const session = sessionOf(state, log)
  if (session === undefined || sessionIds?.has(session.id) === false) return false
  const there = session.value['participants'] as readonly string[]
  return participants?.every((participant) => there.includes(participant)) !== false
}

function admits({ senders, types, from, to }: Filters, fields: Fields): boolean {
  const timestamp = fields['timestamp'] as number
  return timestamp >= from && timestamp <= to && senders?.has(fields['senderId'] as string) !== false && types?.has(fields['type'] as string) !== false
}

function hasLongContent(body: Body): boolean {
  return refsOf(body).some(([path]) => path.length === 1 && path[0] === 'content')
}
