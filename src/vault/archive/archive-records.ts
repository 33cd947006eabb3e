// What an archive holds, record by record, as a snapshot has it: read some thousand messages at a time, never all.

import { VaultError } from '../../errors.js'
import type { Access } from '../core/access.js'
import { fieldsOf, refsOf, type Body, type Fields } from '../core/log-row.js'
import { SuspectPage } from '../core/pages.js'
import type { Slices } from '../core/slices.js'
import { PAGE_SHIFT, type Head } from '../core/state.js'
import { readBrainBodies } from '../records/brains.js'
import { readBodies, readWholeLogs, type FoundMessage } from '../records/message-pages.js'
import { isOwn } from '../records/preferences.js'
import type { Selection } from './selection.js'
import type { Snapshot } from './snapshot.js'

export type RecordKind = 'session' | 'chatLog' | 'message' | 'brain' | 'preference'

/** One record. A message belongs to the chat log that came last; its id is in its value. */
export interface ArchiveRecord {
  readonly kind: RecordKind
  readonly id?: string
  /** Of a message: its place in the chat log. */
  readonly number?: number
  readonly rev: number
  readonly modifiedAt: number
  readonly value: unknown
  /** Where in the value strings stand whose first characters alone are there. */
  readonly long?: readonly { readonly path: readonly (string | number)[]; readonly text: string }[]
}

/** What could not be read, where somebody asked to go on without it. */
export interface MissingRecords {
  readonly kind: 'message' | 'brain' | 'deletions'
  /** The chat log, or the entity; `tombstones` where it is deletions. */
  readonly id: string
  /** Numbers of the messages or deletions: from the first to the one behind the last. */
  readonly from?: number
  readonly to?: number
  /** What the damage is: `page`, `missing-page`, `chunk` and others, as errors name it. */
  readonly reason: string
}

export interface Walk {
  readonly access: Access
  readonly snapshot: Snapshot
  readonly selection: Selection
  /** Only what changed after this commit. */
  readonly since: number
  readonly slices: Slices
  /** Undefined to fail at the first record that cannot be read. */
  readonly onMissing: ((missing: MissingRecords) => void) | undefined
}

/** Messages read together. */
const MESSAGES_AT_ONCE = 2048
const BRAINS_AT_ONCE = 32
/** UTF-16 units of a brain's model that stand in the brain itself. */
const MODEL_UNITS = 256

/** A session with its chat logs, or one chat log of none. */
interface Group {
  readonly session: Head | undefined
  readonly logs: readonly Head[]
}

/** @throws {VaultError} `corrupt` for what cannot be read, unless somebody wants to know of it and go on; the signal's reason */
export async function* archiveRecords(walk: Walk): AsyncGenerator<ArchiveRecord, void, undefined> {
  for (const groups of batchesOf(groupsOf(walk))) yield* recordsOf(walk, groups)
  if (walk.selection.brains) yield* brainsOf(walk)
  if (walk.selection.preferences) {
    for (const { id, rev, modifiedAt, value } of walk.snapshot.heads.preferences) if (rev > walk.since && !isOwn(id)) yield { kind: 'preference', id, rev, modifiedAt, value: value['value'] }
  }
}

function groupsOf({ snapshot, selection }: Walk): Group[] {
  const logsOf = new Map<string | undefined, Head[]>()
  for (const log of snapshot.heads.chatLogs) {
    const sessionId = log.value['sessionId'] as string | undefined
    const known = logsOf.get(sessionId)
    if (known === undefined) logsOf.set(sessionId, [log])
    else known.push(log)
  }
  const groups: Group[] = snapshot.heads.sessions.filter((session) => selection.admitsSession(session)).map((session) => ({ session, logs: logsOf.get(session.id) ?? [] }))
  if (selection.admitsLogsOfNone) for (const log of logsOf.get(undefined) ?? []) groups.push({ session: undefined, logs: [log] })
  return groups
}

function* batchesOf(groups: readonly Group[]): Generator<Group[]> {
  let batch: Group[] = []
  let room = MESSAGES_AT_ONCE
  for (const group of groups) {
    batch.push(group)
    for (const { value } of group.logs) room -= Math.max(1, value['next'] as number)
    if (room > 0) continue
    yield batch
    batch = []
    room = MESSAGES_AT_ONCE
  }
  if (batch.length > 0) yield batch
}

async function* recordsOf(walk: Walk, groups: readonly Group[]): AsyncGenerator<ArchiveRecord, void, undefined> {
  const { selection, since } = walk
  const changed = groups.flatMap(({ logs }) => logs.filter(({ rev }) => rev > since))
  const short = changed.filter(({ value }) => (value['next'] as number) <= MESSAGES_AT_ONCE)
  const read = await readShort(walk, short)
  for (const { session, logs } of groups) {
    let waiting: ArchiveRecord | undefined = session && session.rev > since ? headRecord('session', session, session.value) : undefined
    // Where messages are chosen by time, a session is wanted when one of them is.
    const isWanted = !selection.hasTimes
    if (waiting !== undefined && isWanted) {
      yield waiting
      waiting = undefined
    }
    for (const log of logs) {
      if (log.rev <= since) continue
      const { sessionId, createdAt } = log.value
      let head: ArchiveRecord | undefined = headRecord('chatLog', log, { ...(sessionId !== undefined && { sessionId }), createdAt })
      if (isWanted) {
        yield head
        head = undefined
      }
      for await (const messages of read.has(log) ? [read.get(log)!] : stretchesOf(walk, log)) {
        for (const found of messages) {
          await walk.slices.breathe()
          if (found.rev <= since || !selection.admitsMessage(fieldsOf(found.body))) continue
          const record = await withLong(walk, { kind: 'message', number: found.number, rev: found.rev, modifiedAt: found.modifiedAt }, found.body, { kind: 'message', id: log.id, from: found.number, to: found.number + 1 })
          if (record === undefined) continue
          if (waiting !== undefined) yield waiting
          if (head !== undefined) yield head
          waiting = head = undefined
          yield record
        }
      }
    }
  }
}

/** All messages of several chat logs, in one read where nothing is damaged. */
async function readShort(walk: Walk, logs: readonly Head[]): Promise<ReadonlyMap<Head, readonly FoundMessage[]>> {
  try {
    const found = await readWholeLogs(walk.access, walk.snapshot, logs)
    return new Map(logs.map((log, i) => [log, found[i]!] as const))
  } catch (error) {
    if (!(error instanceof SuspectPage) || walk.onMissing === undefined) throw damageOf(error)
    return new Map()
  }
}

/** The messages of one chat log, some at a time. */
async function* stretchesOf(walk: Walk, log: Head): AsyncGenerator<readonly FoundMessage[], void, undefined> {
  const next = log.value['next'] as number
  const step = walk.onMissing === undefined ? MESSAGES_AT_ONCE : 1 << PAGE_SHIFT
  for (let from = 0; from < next; from += step) {
    const to = Math.min(next, from + step)
    try {
      yield await readBodies(walk.access, walk.snapshot, log, { from, to, limit: step, newest: false })
    } catch (error) {
      if (!(error instanceof SuspectPage) || walk.onMissing === undefined) throw damageOf(error)
      walk.onMissing({ kind: 'message', id: log.id, from, to, reason: error.damage.details.reason ?? 'page' })
    }
  }
}

async function* brainsOf(walk: Walk): AsyncGenerator<ArchiveRecord, void, undefined> {
  const heads = walk.snapshot.heads.brains.filter(({ rev }) => rev > walk.since)
  for (let start = 0; start < heads.length; start += BRAINS_AT_ONCE) {
    const some = heads.slice(start, start + BRAINS_AT_ONCE)
    for (const [i, body] of (await readBrains(walk, some)).entries()) {
      const head = some[i]!
      await walk.slices.breathe()
      const record = body && (await withLong(walk, headRecord('brain', head, head.value), body, { kind: 'brain', id: head.id }))
      if (record !== undefined) yield withModel(record, head)
    }
  }
}

/** A brain with what its head knows. Model and body may each be as long as a record, so that a long model stands beside the record as long strings do. */
function withModel(record: ArchiveRecord, head: Head): ArchiveRecord {
  const { long = [], value } = record
  const model = head.value['model'] as string
  if (model.length <= MODEL_UNITS) return { ...record, value: { ...head.value, ...(value as Fields) } }
  return { ...record, value: { ...head.value, model: model.slice(0, MODEL_UNITS), ...(value as Fields) }, long: [{ path: ['model'], text: model }, ...long] }
}

/** Undefined where one cannot be read and somebody wants to go on without it. */
async function readBrains(walk: Walk, heads: readonly Head[]): Promise<(Body | undefined)[]> {
  const read = async (some: readonly Head[]): Promise<Body[]> => readBrainBodies(walk.access, walk.snapshot, some)
  try {
    return await read(heads)
  } catch (error) {
    if (walk.onMissing === undefined || !isDamage(error)) throw damageOf(error)
  }
  const found: (Body | undefined)[] = []
  for (const head of heads) {
    try {
      found.push(...(await read([head])))
    } catch (error) {
      if (!isDamage(error)) throw error
      walk.onMissing({ kind: 'brain', id: head.id, reason: reasonOf(error) })
      found.push(undefined)
    }
  }
  return found
}

/** The record with its long strings beside it; undefined when one cannot be read and somebody wants to go on without it. */
async function withLong(walk: Walk, record: Omit<ArchiveRecord, 'value'>, body: Body, what: Omit<MissingRecords, 'reason'>): Promise<ArchiveRecord | undefined> {
  const value = fieldsOf(body)
  const refs = refsOf(body)
  if (refs.length === 0) return { ...record, value }
  try {
    const long = []
    for (const ref of refs) long.push({ path: ref[0], text: await walk.access.longText(ref) })
    return { ...record, value, long }
  } catch (error) {
    if (walk.onMissing === undefined || !isDamage(error)) throw damageOf(error)
    walk.onMissing({ ...what, reason: reasonOf(error) })
    return undefined
  }
}

function headRecord(kind: RecordKind, { id, rev, modifiedAt }: Head, value: unknown): ArchiveRecord {
  return { kind, id, rev, modifiedAt, value }
}

function isDamage(error: unknown): boolean {
  return error instanceof SuspectPage || (error instanceof VaultError && error.code === 'corrupt')
}

function damageOf(error: unknown): unknown {
  return error instanceof SuspectPage ? error.damage : error
}

function reasonOf(error: unknown): string {
  return (damageOf(error) as VaultError).details.reason ?? 'damaged'
}
