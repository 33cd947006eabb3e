// What an archive holds, record by record, as a snapshot has it: read some thousand messages at a time, never all.

import { VaultError } from '../../errors.js'
import type { Access } from '../core/access.js'
import { fieldsOf, refsOf, type Body, type Edits, type Fields, type Origin } from '../core/log-row.js'
import { SuspectPage } from '../core/pages.js'
import type { Slices } from '../core/slices.js'
import { PAGE_SHIFT, type Head } from '../core/state.js'
import { readBrainBodies } from '../records/brains.js'
import { readBodies, readWholeLogs, type FoundMessage } from '../records/message-pages.js'
import { isOwn, itemNameOf, type ItemName } from '../records/reserved-ids.js'
import type { Selection } from './selection.js'
import { HEADS_A_LOOK, type Snapshot } from './snapshot.js'

export type RecordKind = 'session' | 'chatLog' | 'message' | 'brain' | 'preference' | 'item'

/** One record. A message belongs to the chat log that came last; its id is in its value. */
export interface ArchiveRecord {
  readonly kind: RecordKind
  /** Of an item: the collection of the app's own that it is in. */
  readonly collection?: string
  readonly id?: string
  /** Of a message: its place in the chat log. */
  readonly number?: number
  readonly rev: number
  readonly modifiedAt: number
  /** Where this version was made, unless in the vault that made the archive. */
  readonly origin?: Origin | undefined
  /** Of a session: who edited which field last. */
  readonly edits?: Edits | undefined
  readonly value: unknown
  /** Where in the value strings stand whose first characters alone are there. */
  readonly long?: readonly { readonly path: readonly (string | number)[]; readonly text: string }[]
}

/** What could not be read, where somebody asked to go on without it. */
export interface MissingRecords {
  readonly kind: 'message' | 'brain' | 'item' | 'deletions'
  /** Of an item: the collection of the app's own that it is in. */
  readonly collection?: string
  /** The chat log, the entity or the item; `tombstones` where it is deletions. */
  readonly id: string
  /** Numbers of the messages or deletions: from the first to the one behind the last. */
  readonly from?: number
  readonly to?: number
  /** What the damage is: `page`, `missing-page`, `chunk` and others, as errors name it. */
  readonly reason: string
}

/** What takes the place of records that could not be read. */
export interface Gap {
  readonly kind: 'missing'
  readonly missing: MissingRecords
}

export type ArchiveItem = ArchiveRecord | Gap

export interface Walk {
  readonly access: Access
  readonly snapshot: Snapshot
  readonly selection: Selection
  /** Only what changed after this commit. */
  readonly since: number
  readonly slices: Slices
  /** Whether to go on behind what cannot be read, and to say so, or to fail there. */
  readonly skipsDamage: boolean
  /** Whether long strings of messages are not read. */
  readonly leavesLong?: boolean
}

/** Messages read together. */
const MESSAGES_AT_ONCE = 2048
const BRAINS_AT_ONCE = 32
/** UTF-16 units of a brain's model that stand in the brain itself. */
const MODEL_UNITS = 256
/** Given out together: a promise for each record would cost more than the record. */
const ITEMS_AT_ONCE = 128

/** A session with its chat logs, or one chat log of none. */
interface Group {
  readonly session: Head | undefined
  readonly logs: readonly Head[]
}

/** Some records at a time, in the order of the archive. @throws {VaultError} `corrupt` for what cannot be read and may not be skipped; the signal's reason */
export async function* archiveRecords(walk: Walk): AsyncGenerator<readonly ArchiveItem[], void, undefined> {
  for await (const batch of readAhead(batchesOf(await groupsOf(walk)), (groups) => readBatch(walk, groups))) yield* recordsOf(walk, batch)
  if (walk.selection.brains) yield* brainsOf(walk)
  if (walk.selection.preferences) {
    const changed = walk.snapshot.heads.preferences.filter(({ id, rev }) => rev > walk.since && !isOwn(id))
    yield changed.map((head) => headRecord('preference', head, head.value['value']))
  }
  if (walk.selection.collections) yield* itemsOf(walk)
}

/** What `read` makes of each item, in order; the next is begun before anybody asks for it, so that the store and the page work side by side. */
async function* readAhead<S, T>(items: Iterable<S>, read: (item: S) => Promise<T>): AsyncGenerator<T, void, undefined> {
  const begin = (item: S): Promise<T> => {
    const result = read(item)
    // It may never be asked for.
    result.catch(() => undefined)
    return result
  }
  let begun: Promise<T> | undefined
  for (const item of items) {
    const before = begun
    begun = begin(item)
    if (before !== undefined) yield await before
  }
  if (begun !== undefined) yield await begun
}

async function groupsOf({ snapshot, selection, slices }: Walk): Promise<Group[]> {
  const logsOf = new Map<string | undefined, Head[]>()
  for (const [i, log] of snapshot.heads.chatLogs.entries()) {
    if (i % HEADS_A_LOOK === 0) await slices.breathe()
    const sessionId = log.value['sessionId'] as string | undefined
    const known = logsOf.get(sessionId)
    if (known === undefined) logsOf.set(sessionId, [log])
    else known.push(log)
  }
  const groups: Group[] = []
  for (const [i, session] of snapshot.heads.sessions.entries()) {
    if (i % HEADS_A_LOOK === 0) await slices.breathe()
    if (selection.admitsSession(session)) groups.push({ session, logs: logsOf.get(session.id) ?? [] })
  }
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

interface Batch {
  readonly groups: readonly Group[]
  /** Chat logs whose messages are all there. */
  readonly read: ReadonlyMap<Head, readonly FoundMessage[]>
}

async function readBatch(walk: Walk, groups: readonly Group[]): Promise<Batch> {
  const changed = groups.flatMap(({ logs }) => logs.filter(({ rev }) => rev > walk.since))
  return { groups, read: await readShort(walk, changed.filter(({ value }) => (value['next'] as number) <= MESSAGES_AT_ONCE)) }
}

async function* recordsOf(walk: Walk, { groups, read }: Batch): AsyncGenerator<readonly ArchiveItem[], void, undefined> {
  const { selection, since } = walk
  let items: ArchiveItem[] = []
  for (const { session, logs } of groups) {
    // Where messages are chosen by time, a session and a chat log are wanted when one of them is.
    let heads: ArchiveRecord[] = session !== undefined && session.rev > since ? [headRecord('session', session, withOwnLog(session.value, logs))] : []
    for (const log of logs) {
      if (log.rev <= since) continue
      const { sessionId, createdAt } = log.value
      heads.push(headRecord('chatLog', log, { ...(sessionId !== undefined && { sessionId }), createdAt }))
      if (!selection.hasTimes) {
        items.push(...heads)
        heads = []
      }
      for await (const messages of read.has(log) ? [read.get(log)!] : stretchesOf(walk, log)) {
        if ('missing' in messages) {
          items.push(messages)
          continue
        }
        for (const found of messages) {
          if (items.length >= ITEMS_AT_ONCE) {
            await walk.slices.breathe()
            yield items
            items = []
          }
          if (found.rev <= since || !selection.admitsMessage(fieldsOf(found.body))) continue
          const record = messageRecord(found)
          const whole = walk.leavesLong === true || refsOf(found.body).length === 0 ? record : await withLong(walk, record, found.body, { kind: 'message', id: log.id, from: found.number, to: found.number + 1 })
          if (whole.kind !== 'missing' && heads.length > 0) {
            items.push(...heads)
            heads = []
          }
          items.push(whole)
        }
      }
      // A chat log none of whose messages is wanted is not; its session may be.
      if (heads.length > 0) heads = heads.filter(({ kind }) => kind === 'session')
    }
    if (!selection.hasTimes) items.push(...heads)
  }
  await walk.slices.breathe()
  yield items
}

/** What is no chat log of the session is not its main one. */
function withOwnLog(value: Fields, logs: readonly Head[]): Fields {
  const { chatLogId, ...rest } = value
  return chatLogId === undefined || logs.some(({ id }) => id === chatLogId) ? value : rest
}

/** All messages of several chat logs, in one read where nothing is damaged. */
async function readShort(walk: Walk, logs: readonly Head[]): Promise<ReadonlyMap<Head, readonly FoundMessage[]>> {
  try {
    const found = await readWholeLogs(walk.access, walk.snapshot, logs)
    return new Map(logs.map((log, i) => [log, found[i]!] as const))
  } catch (error) {
    if (!(error instanceof SuspectPage) || !walk.skipsDamage) throw damageOf(error)
    return new Map()
  }
}

/** The messages of one chat log, some at a time. */
async function* stretchesOf(walk: Walk, log: Head): AsyncGenerator<readonly FoundMessage[] | Gap, void, undefined> {
  const next = log.value['next'] as number
  const step = walk.skipsDamage ? 1 << PAGE_SHIFT : MESSAGES_AT_ONCE
  for (let from = 0; from < next; from += step) {
    const to = Math.min(next, from + step)
    try {
      yield await readBodies(walk.access, walk.snapshot, log, { from, to, limit: step, newest: false })
    } catch (error) {
      if (!(error instanceof SuspectPage) || !walk.skipsDamage) throw damageOf(error)
      yield gap({ kind: 'message', id: log.id, from, to }, error)
    }
  }
}

async function* brainsOf(walk: Walk): AsyncGenerator<readonly ArchiveItem[], void, undefined> {
  const heads = walk.snapshot.heads.brains.filter(({ id, rev }) => rev > walk.since && !isOwn(id))
  for await (const read of withBodies(walk, heads)) yield ['missing' in read ? read : await brainItem(walk, read)]
}

/** One collection after the other, so that whoever writes them in groups need not hold any. */
async function* itemsOf(walk: Walk): AsyncGenerator<readonly ArchiveItem[], void, undefined> {
  const byCollection = new Map<string, Head[]>()
  for (const head of walk.snapshot.heads.brains) {
    const name = head.rev > walk.since ? itemNameOf(head.id) : undefined
    if (name === undefined) continue
    const known = byCollection.get(name.collection)
    if (known === undefined) byCollection.set(name.collection, [head])
    else known.push(head)
  }
  let items: ArchiveItem[] = []
  for (const collection of [...byCollection.keys()].sort()) {
    for await (const read of withBodies(walk, byCollection.get(collection)!)) {
      items.push('missing' in read ? read : await itemRecord(walk, read))
      if (items.length < BRAINS_AT_ONCE) continue
      yield items
      items = []
    }
  }
  yield items
}

async function itemRecord(walk: Walk, { head, body }: ReadBrain): Promise<ArchiveItem> {
  const name = itemNameOf(head.id)!
  const record = { ...headRecord('item', head, { ...head.value, ...fieldsOf(body) }), ...name }
  return withLong(walk, record, body, { kind: 'item', ...name })
}

async function* withBodies(walk: Walk, heads: readonly Head[]): AsyncGenerator<ReadBrain | Gap, void, undefined> {
  for (let start = 0; start < heads.length; start += BRAINS_AT_ONCE) {
    for (const read of await readBrains(walk, heads.slice(start, start + BRAINS_AT_ONCE))) {
      await walk.slices.breathe()
      yield read
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

interface ReadBrain {
  readonly head: Head
  readonly body: Body
}

async function brainItem(walk: Walk, { head, body }: ReadBrain): Promise<ArchiveItem> {
  const item = await withLong(walk, headRecord('brain', head, fieldsOf(body)), body, { kind: 'brain', id: head.id })
  return item.kind === 'missing' ? item : withModel(item, head)
}

async function readBrains(walk: Walk, heads: readonly Head[]): Promise<(ReadBrain | Gap)[]> {
  const read = async (some: readonly Head[]): Promise<ReadBrain[]> => (await readBrainBodies(walk.access, walk.snapshot, some)).map((body, i) => ({ head: some[i]!, body }))
  try {
    return await read(heads)
  } catch (error) {
    if (!walk.skipsDamage || !isDamage(error)) throw damageOf(error)
  }
  const found: (ReadBrain | Gap)[] = []
  for (const head of heads) {
    try {
      found.push(...(await read([head])))
    } catch (error) {
      if (!isDamage(error)) throw error
      const name: ItemName | undefined = itemNameOf(head.id)
      found.push(gap(name === undefined ? { kind: 'brain', id: head.id } : { kind: 'item', ...name }, error))
    }
  }
  return found
}

/** The record with its long strings beside it. */
async function withLong(walk: Walk, record: ArchiveRecord, body: Body, what: Omit<MissingRecords, 'reason'>): Promise<ArchiveItem> {
  const refs = refsOf(body)
  if (refs.length === 0) return record
  try {
    const long = []
    for (const ref of refs) long.push({ path: ref[0], text: await walk.access.longText(ref) })
    return { ...record, long }
  } catch (error) {
    if (!walk.skipsDamage || !isDamage(error)) throw damageOf(error)
    return gap(what, error)
  }
}

function messageRecord({ number, rev, modifiedAt, body, origin }: FoundMessage): ArchiveRecord {
  return { kind: 'message', number, rev, modifiedAt, origin, value: fieldsOf(body) }
}

function headRecord(kind: RecordKind, { id, rev, modifiedAt, origin, edits }: Head, value: unknown): ArchiveRecord {
  return { kind, id, rev, modifiedAt, origin, edits, value }
}

function isDamage(error: unknown): boolean {
  return error instanceof SuspectPage || (error instanceof VaultError && error.code === 'corrupt')
}

function damageOf(error: unknown): unknown {
  return error instanceof SuspectPage ? error.damage : error
}

function gap(what: Omit<MissingRecords, 'reason'>, error: unknown): Gap {
  return { kind: 'missing', missing: { ...what, reason: (damageOf(error) as VaultError).details.reason ?? 'damaged' } }
}
