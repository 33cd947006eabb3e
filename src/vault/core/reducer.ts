// What follows from a change: numbers, counts, last activity, titles, cascades. Pure and deterministic, the same at
// commit and at replay, in every tab. Implements docs/format.md, section 5.

import { VaultError } from '../../errors.js'
import { epochOf, refsOf, fieldsOf, type Body, type Change, type Edits, type Fields, type HeadCollectionName, type Made, type MergedMessage, type Origin } from './log-row.js'
import { editsAfter } from './session-edits.js'
import { BRAIN_STEM, pageOf, type Head, type State } from './state.js'

/** The commit a change belongs to; of what a merge takes over, when and where that version was made. */
export interface CommitStamp {
  readonly seq: number
  readonly time: number
  readonly origin?: Origin | undefined
}

const MAX_DERIVED_TITLE = 80

export function applyChange(state: State, change: Change, stamp: CommitStamp): void {
  switch (change[0]) {
    case 'put':
      putHead(state, change[1], change[2], change[3], stampOf(stamp, change[4]), change[5])
      return
    case 'chatLog':
      createChatLog(state, change[1], { ...change[2], generation: 1, next: 0, count: 0, blobs: 0 }, stamp)
      return
    case 'adopt':
      adoptChatLog(state, change, stamp)
      return
    case 'append':
      append(state, change[1], change[2], stamp)
      return
    case 'set':
      setMessage(state, change[1], change[2], change[3], stamp)
      return
    case 'unset':
      unsetMessage(state, change[1], change[2], change[3], stamp)
      return
    case 'merge':
      mergeMessages(state, change[1], change[2], stamp, stampOf(stamp, change[3]))
      return
    case 'brain':
      putBrain(state, change[1], change[2], change[3], stampOf(stamp, change[4]))
      return
    case 'delete':
      deleteHead(state, change[1], change[2], stampOf(stamp, change[3]), change[3] !== undefined)
      return
    case 'segment':
      state.segments.push({ seq: stamp.seq, change })
      return
    case 'header':
      return
  }
}

/** @param edits of a session, where a merge says who made which */
function putHead(state: State, collection: HeadCollectionName, id: string, value: Fields, stamp: CommitStamp, edits?: Edits): Head {
  const before = state.heads[collection].get(id)
  const number = before?.number ?? state.next[collection]++
  const edited = edits ?? (collection === 'sessions' && before !== undefined ? editsAfter(before.edits, before.value, value, stamp) : undefined)
  const head: Head = { id, number, rev: stamp.seq, modifiedAt: stamp.time, value, ...(before?.folded && { folded: before.folded }), ...(stamp.origin && { origin: stamp.origin }), ...(edited && { edits: edited }) }
  state.setHead(collection, head)
  return head
}

function createChatLog(state: State, id: string, value: Fields, stamp: CommitStamp): Head {
  const sessionId = value['sessionId'] as string | undefined
  const known = sessionId === undefined ? undefined : (state.logsOfSession.get(sessionId) ?? [])
  if (known !== undefined && !known.includes(id)) state.logsOfSession.set(sessionId!, [...known, id])
  return putHead(state, 'chatLogs', id, value, stamp)
}

function adoptChatLog(state: State, change: Change & readonly ['adopt', ...unknown[]], stamp: CommitStamp): void {
  const [, id, value, [messages, pages, shards, firstContent, lastAt, blobs, epoch], made] = change
  const before = state.heads.chatLogs.get(id)
  if (before !== undefined) replaceGeneration(state, before, stamp)
  const generation = before === undefined ? 1 : (before.value['generation'] as number) + 1
  const head = createChatLog(state, id, { ...value, generation, next: messages, count: messages, blobs: blobs.length, adopted: [stamp.seq, stamp.time] }, stampOf(stamp, made))
  state.setHead('chatLogs', { ...head, folded: { next: messages, versions: new Array<number>(pages).fill(0) } })
  state.adoptions.push({ seq: stamp.seq, stem: value['stem'] as string, pages, shards, epoch: epochOf(epoch) })
  for (const ref of blobs) state.blobs.push({ seq: stamp.seq, ref, adopted: true })
  if (made === undefined) touchSession(state, value['sessionId'], stamp, messages, lastAt ?? undefined, firstContent ?? undefined)
  else countMessages(state, value['sessionId'], stamp, messages - ((before?.value['count'] as number | undefined) ?? 0))
}

/** The pages of the generation before go with the next checkpoint. The new one has another number, so that nobody takes one for the other. */
function replaceGeneration(state: State, before: Head, stamp: CommitStamp): void {
  removePagesOf(state, before, stamp)
  state.removeHead('chatLogs', before, stamp.seq)
}

/** Messages as a merge wants them: in their places, as they were made, with nothing derived from them but counts. */
function mergeMessages(state: State, chatLogId: string, messages: readonly MergedMessage[], stamp: CommitStamp, made: CommitStamp): void {
  const log = requireHead(state, 'chatLogs', chatLogId)
  const stem = log.value['stem'] as string
  let next = log.value['next'] as number
  let withBlobs = log.value['blobs'] as number
  let added = 0
  for (const [number, madeAt, body, messageId] of messages) {
    const { time, origin } = stampOf(stamp, madeAt)
    state.setPending(stem, number, { rev: stamp.seq, modifiedAt: time, body, ...(origin && { origin }) })
    if (body === null) {
      state.tombstones.push({ collection: 'messages', parent: chatLogId, id: messageId, rev: stamp.seq, modifiedAt: time, ...(origin && { origin }) })
      added--
      continue
    }
    for (const ref of refsOf(body)) if (ref[5] !== undefined) state.blobs.push({ seq: stamp.seq, ref, adopted: false })
    if (refsOf(body).length > 0) withBlobs++
    if (number < next) continue
    next = number + 1
    added++
  }
  putHead(state, 'chatLogs', chatLogId, { ...log.value, next, count: (log.value['count'] as number) + added, blobs: withBlobs }, made)
  countMessages(state, log.value['sessionId'], stamp, added)
}

/** A merge says itself what becomes of a session; what its chat logs hold is counted. */
function countMessages(state: State, sessionId: unknown, stamp: CommitStamp, added: number): void {
  const session = typeof sessionId === 'string' ? state.heads.sessions.get(sessionId) : undefined
  if (session === undefined) return
  state.setHead('sessions', { ...session, rev: stamp.seq, value: { ...session.value, messageCount: (session.value['messageCount'] as number) + added } })
}

function append(state: State, chatLogId: string, messages: readonly Body[], stamp: CommitStamp): void {
  const log = requireHead(state, 'chatLogs', chatLogId)
  const stem = log.value['stem'] as string
  let next = log.value['next'] as number
  let withBlobs = log.value['blobs'] as number
  let lastAt: number | undefined
  let firstContent: string | undefined
  const untitled = isUntitled(state, log.value['sessionId'])
  for (const body of messages) {
    state.setPending(stem, next++, { rev: stamp.seq, modifiedAt: stamp.time, body })
    for (const ref of refsOf(body)) state.blobs.push({ seq: stamp.seq, ref, adopted: false })
    if (refsOf(body).length > 0) withBlobs++
    const fields = fieldsOf(body)
    const timestamp = fields['timestamp'] as number
    if (lastAt === undefined || timestamp > lastAt) lastAt = timestamp
    if (untitled) firstContent ??= titleSource(fields)
  }
  putHead(state, 'chatLogs', chatLogId, { ...log.value, next, count: (log.value['count'] as number) + messages.length, blobs: withBlobs }, stamp)
  touchSession(state, log.value['sessionId'], stamp, messages.length, lastAt, firstContent)
}

function setMessage(state: State, chatLogId: string, number: number, body: Body, stamp: CommitStamp): void {
  const log = requireHead(state, 'chatLogs', chatLogId)
  const stem = log.value['stem'] as string
  state.setPending(stem, number, { rev: stamp.seq, modifiedAt: stamp.time, body })
  for (const ref of refsOf(body)) if (ref[5] !== undefined) state.blobs.push({ seq: stamp.seq, ref, adopted: false })
  const blobs = (log.value['blobs'] as number) + (refsOf(body).length > 0 ? 1 : 0)
  putHead(state, 'chatLogs', chatLogId, { ...log.value, blobs }, stamp)
  const title = isUntitled(state, log.value['sessionId']) ? titleSource(fieldsOf(body)) : undefined
  touchSession(state, log.value['sessionId'], stamp, 0, fieldsOf(body)['timestamp'] as number, title)
}

function unsetMessage(state: State, chatLogId: string, number: number, messageId: string, stamp: CommitStamp): void {
  const log = requireHead(state, 'chatLogs', chatLogId)
  state.setPending(log.value['stem'] as string, number, { rev: stamp.seq, modifiedAt: stamp.time, body: null })
  putHead(state, 'chatLogs', chatLogId, { ...log.value, count: (log.value['count'] as number) - 1 }, stamp)
  touchSession(state, log.value['sessionId'], stamp, -1)
  state.tombstones.push({ collection: 'messages', parent: chatLogId, id: messageId, rev: stamp.seq, modifiedAt: stamp.time })
}

function putBrain(state: State, id: string, fields: Fields, body: Body, stamp: CommitStamp): void {
  const head = putHead(state, 'brains', id, fields, stamp)
  state.setPending(BRAIN_STEM, head.number, { rev: stamp.seq, modifiedAt: stamp.time, body, ...(stamp.origin && { origin: stamp.origin }) })
  for (const ref of refsOf(body)) if (ref[5] !== undefined) state.blobs.push({ seq: stamp.seq, ref, adopted: false })
}

/** @param isMerged whether a merge takes the deletion over: it says itself what a session is then */
function deleteHead(state: State, collection: HeadCollectionName, id: string, stamp: CommitStamp, isMerged: boolean): void {
  const head = requireHead(state, collection, id)
  if (collection === 'sessions') {
    for (const chatLogId of state.logsOfSession.get(id) ?? []) deleteHead(state, 'chatLogs', chatLogId, stamp, isMerged)
    state.logsOfSession.delete(id)
  }
  if (collection === 'chatLogs') detachChatLog(state, head, stamp, isMerged)
  if (collection === 'brains') {
    state.dropPending(BRAIN_STEM, head.number)
    const from = pageOf(BRAIN_STEM, head.number)
    state.removals.push({ seq: stamp.seq, stem: BRAIN_STEM, from, to: from + (head.folded?.versions.length ?? 0), blobs: true })
  }
  state.removeHead(collection, head, stamp.seq)
  state.tombstones.push({ collection, parent: '', id, rev: stamp.seq, modifiedAt: stamp.time, ...(stamp.origin && { origin: stamp.origin }) })
}

function detachChatLog(state: State, log: Head, stamp: CommitStamp, isMerged: boolean): void {
  removePagesOf(state, log, stamp)
  const sessionId = log.value['sessionId'] as string | undefined
  if (sessionId === undefined) return
  state.logsOfSession.set(sessionId, (state.logsOfSession.get(sessionId) ?? []).filter((id) => id !== log.id))
  const session = state.heads.sessions.get(sessionId)
  if (session === undefined) return
  const { chatLogId, ...rest } = session.value
  const messageCount = (session.value['messageCount'] as number) - (log.value['count'] as number)
  if (isMerged) {
    state.setHead('sessions', { ...session, rev: stamp.seq, value: { ...rest, ...(chatLogId !== log.id && chatLogId !== undefined && { chatLogId }), messageCount } })
    return
  }
  putHead(state, 'sessions', sessionId, { ...rest, ...(chatLogId !== log.id && chatLogId !== undefined && { chatLogId }), messageCount }, stamp)
}

function removePagesOf(state: State, log: Head, stamp: CommitStamp): void {
  const stem = log.value['stem'] as string
  state.dropStem(stem)
  state.removals.push({ seq: stamp.seq, stem, from: 0, to: log.folded?.versions.length ?? 0, blobs: (log.value['blobs'] as number) > 0 })
}

/** The commit, as one that takes over a version made at another time, or elsewhere. */
function stampOf({ seq, time }: CommitStamp, made: Made | undefined): CommitStamp {
  if (made === undefined) return { seq, time }
  return { seq, time: made[0], origin: made[1] === undefined ? undefined : [made[1], made[2]!] }
}

function isUntitled(state: State, sessionId: unknown): boolean {
  const session = typeof sessionId === 'string' ? state.heads.sessions.get(sessionId) : undefined
  return session !== undefined && session.value['titled'] !== true
}

/** Carries what happened in a chat log over to its session. */
function touchSession(state: State, sessionId: unknown, stamp: CommitStamp, added: number, lastAt?: number, firstContent?: string): void {
  if (typeof sessionId !== 'string') return
  const session = state.heads.sessions.get(sessionId)
  if (session === undefined) return
  const value = session.value
  const derived = value['titled'] !== true && firstContent !== undefined
  const touched: Fields = {
    ...value,
    messageCount: (value['messageCount'] as number) + added,
    lastActivityAt: Math.max(value['lastActivityAt'] as number, lastAt ?? 0),
    ...(derived && { title: firstContent, titled: true }),
  }
  // What follows from messages is nobody's edit.
  const { origin: _, ...head } = session
  state.setHead('sessions', { ...head, rev: stamp.seq, modifiedAt: stamp.time, value: touched })
}

/** The title a message gives its session: the first line of what a user said, cut between code points. */
export function titleSource(fields: Fields): string | undefined {
  if (fields['type'] !== 'user') return undefined
  const content = fields['content'] as string
  // A message may be megabytes long, its first line may not: look at no more than could matter.
  const line = content.slice(0, 4096).trimStart().split(/\r?\n/, 1)[0]?.replace(/\s+/g, ' ').trim() ?? ''
  if (line === '') return undefined
  const points = Array.from(line.slice(0, 2 * MAX_DERIVED_TITLE + 2))
  return points.length <= MAX_DERIVED_TITLE && line.length <= 2 * MAX_DERIVED_TITLE ? line : `${points.slice(0, MAX_DERIVED_TITLE).join('')}…`
}

function requireHead(state: State, collection: HeadCollectionName, id: string): Head {
  const head = state.heads[collection].get(id)
  if (head === undefined) throw new VaultError('corrupt', 'a commit changes a record that is not there', { where: collection })
  return head
}
