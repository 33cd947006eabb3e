// Messages of a chat log, wherever they are: in pages, and pending ones laid over them.

import { VaultError } from '../../errors.js'
import type { Access } from '../core/access.js'
import { fieldsOf, type Body, type Origin } from '../core/log-row.js'
import { pagesBetween, type Page, type ReadTally, type WantedPage } from '../core/pages.js'
import { PAGE_SHIFT, type Head, type PendingBody, type State } from '../core/state.js'
import type { MessagePlace } from './messages.js'

/** What is not in pages yet: of the state, or of a snapshot of it. */
export interface PendingBodies {
  pendingOf(stem: string): { get(number: number): PendingBody | undefined } | undefined
}

export interface FoundMessage {
  readonly number: number
  readonly rev: number
  readonly modifiedAt: number
  readonly body: Body
  readonly origin?: Origin | undefined
}

export interface Stretch {
  /** Numbers from..to, `to` not included. */
  readonly from?: number
  readonly to: number
  readonly limit: number
  /** Take from the end of the stretch, else from its beginning. */
  readonly newest: boolean
  /** Told what was not in the cache. */
  readonly tally?: ReadTally
}

/** Pages asked for at once when looking for more messages. */
const PAGES_AT_ONCE = 64

/** Messages of a stretch in order of their numbers. @throws {SuspectPage} */
export async function readBodies(access: Access, state: PendingBodies, log: Head, { from = 0, to, limit, newest, tally }: Stretch): Promise<FoundMessage[]> {
  let high = Math.min(to, log.value['next'] as number)
  let low = Math.max(0, Math.ceil(from))
  const found: FoundMessage[] = []
  // low..high is what was not looked at yet. Without gaps the pages of the numbers wanted hold enough; with gaps more follow.
  while (found.length < limit && low < high) {
    const missing = limit - found.length
    const all = newest ? pagesBetween(Math.max(low, high - missing), high) : pagesBetween(low, Math.min(high, low + missing))
    const pages = newest ? all.slice(-PAGES_AT_ONCE) : all.slice(0, PAGES_AT_ONCE)
    const records = (await readLog(access, state, log, pages, tally)).filter(({ number }) => number >= low && number < high)
    if (newest) {
      found.unshift(...records)
      high = pages[0]! << PAGE_SHIFT
    } else {
      found.push(...records)
      low = (pages.at(-1)! + 1) << PAGE_SHIFT
    }
  }
  return newest ? found.slice(Math.max(0, found.length - limit)) : found.slice(0, limit)
}

/** Everything in some pages of a chat log, pending laid over folded, in order. */
async function readLog(access: Access, state: PendingBodies, log: Head, pages: readonly number[], tally?: ReadTally): Promise<FoundMessage[]> {
  const folded = await access.pages.read(log.value['stem'] as string, log.folded, pages, tally)
  return layPending(state, log, pages, folded)
}

/** The pages that opening a chat log at its newest messages reads. */
export function newestPages(log: Head, limit: number): WantedPage[] {
  const next = log.value['next'] as number
  const stem = log.value['stem'] as string
  return pagesBetween(Math.max(0, next - limit), next).map((page) => ({ stem, folded: log.folded, page }))
}

/** The page before a number, where there is one. */
export function pageBefore(log: Head, number: number): WantedPage | undefined {
  const page = (number >> PAGE_SHIFT) - 1
  return page < 0 ? undefined : { stem: log.value['stem'] as string, folded: log.folded, page }
}

/** All messages of several chat logs, their pages read together. @throws {SuspectPage} */
export async function readWholeLogs(access: Access, state: PendingBodies, logs: readonly Head[]): Promise<FoundMessage[][]> {
  const pages = logs.map((log) => pagesBetween(0, log.value['next'] as number))
  const wanted = logs.flatMap((log, i) => pages[i]!.map((page) => ({ stem: log.value['stem'] as string, folded: log.folded, page })))
  const read = await access.pages.readMany(wanted)
  let at = 0
  return logs.map((log, i) => layPending(state, log, pages[i]!, read.slice(at, (at += pages[i]!.length))))
}

/** What the pages of several chat logs hold, whatever is pending over them. @throws {SuspectPage} */
export async function readFoldedLogs(access: Access, logs: readonly Head[]): Promise<FoundMessage[][]> {
  const pages = logs.map((log) => pagesBetween(0, log.folded?.next ?? 0))
  const wanted = logs.flatMap((log, i) => pages[i]!.map((page) => ({ stem: log.value['stem'] as string, folded: log.folded, page })))
  const read = await access.pages.readMany(wanted)
  let at = 0
  return logs.map((log, i) => read.slice(at, (at += pages[i]!.length)).flatMap((page) => [...page.values()].map((record) => withAdoption(log, record))))
}

/** What some pages of a chat log hold, whatever is pending over them. @throws {SuspectPage} */
export async function readFoldedPages(access: Access, log: Head, pages: readonly number[]): Promise<FoundMessage[]> {
  const read = await access.pages.read(log.value['stem'] as string, log.folded, pages)
  return read.flatMap((page) => [...page.values()].map((record) => withAdoption(log, record)))
}

function layPending(state: PendingBodies, log: Head, pages: readonly number[], folded: readonly Page[]): FoundMessage[] {
  const pending = state.pendingOf(log.value['stem'] as string)
  const next = log.value['next'] as number
  const found: FoundMessage[] = []
  for (const [i, page] of pages.entries()) {
    const records = folded[i]!
    if (pending === undefined) {
      for (const record of records.values()) found.push(withAdoption(log, record))
      continue
    }
    const end = Math.min((page + 1) << PAGE_SHIFT, next)
    for (let number = page << PAGE_SHIFT; number < end; number++) {
      const over = pending.get(number)
      if (over !== undefined) {
        if (over.body !== null) found.push({ number, rev: over.rev, modifiedAt: over.modifiedAt, body: over.body, origin: over.origin })
        continue
      }
      const record = records.get(number)
      if (record !== undefined) found.push(withAdoption(log, record))
    }
  }
  return found
}

/** Records written before their commit was known take its number from the head, and its time unless they have one of their own. */
function withAdoption(log: Head, record: FoundMessage): FoundMessage {
  if (record.rev !== 0) return record
  const [rev, modifiedAt] = log.value['adopted'] as [number, number]
  return { ...record, rev, modifiedAt: record.modifiedAt === 0 ? modifiedAt : record.modifiedAt }
}

/** The message with this id, newest pages first. @throws {SuspectPage} */
export async function findMessage(access: Access, state: State, log: Head, messageId: string): Promise<FoundMessage | undefined> {
  return search(access, state, log, (id) => id === messageId)
}

/** A message by its id; the number it had, where that is known, says in which page to look first. */
export interface MessageName {
  readonly id: string
  readonly number?: number | undefined
}

/** Those of many messages that are there, in no particular order: pages that their numbers name first, then the others, newest first, until all are found. @throws {SuspectPage} */
export async function findMessages(access: Access, state: State, log: Head, names: readonly MessageName[]): Promise<FoundMessage[]> {
  const missing = new Set(names.map(({ id }) => id))
  const found: FoundMessage[] = []
  const take = (records: readonly FoundMessage[]): void => {
    for (const record of records) if (missing.delete(idOf(record))) found.push(record)
  }
  const last = (log.value['next'] as number) - 1
  const named = new Set(names.flatMap(({ number }) => (number !== undefined && number >= 0 && number <= last ? [Math.floor(number) >> PAGE_SHIFT] : [])))
  const rest = pagesBetween(0, last + 1).filter((page) => !named.has(page)).reverse()
  for (const pages of [[...named], rest]) {
    for (let start = 0; start < pages.length && missing.size > 0; start += PAGES_AT_ONCE) take(await readLog(access, state, log, pages.slice(start, start + PAGES_AT_ONCE)))
  }
  return found
}

async function search(access: Access, state: State, log: Head, matches: (id: string) => boolean): Promise<FoundMessage | undefined> {
  const pages = pagesBetween(0, log.value['next'] as number).reverse()
  // What is looked for is mostly new: a streamed answer, the message just sent.
  for (let start = 0, many = 2; start < pages.length; start += many, many = Math.min(PAGES_AT_ONCE, many * 4)) {
    for (const record of (await readLog(access, state, log, pages.slice(start, start + many).reverse())).reverse()) {
      if (matches(idOf(record))) return record
    }
  }
  return undefined
}

function idOf(record: FoundMessage): string {
  const { id } = fieldsOf(record.body)
  if (typeof id !== 'string') throw new VaultError('corrupt', 'a message has no id', { where: 'pages', number: record.number, reason: 'record' })
  return id
}

interface KnownIds {
  /** Every id of a folded message with a number below this is in the set; ids of deleted messages may be, too. */
  upTo: number
  readonly ids: Set<string>
}

/** Chat logs whose ids are remembered. */
const MAX_KNOWN = 32

/**
 * True when the chat log holds a message with one of these ids. Ids in pages are read once and remembered with the decoded pages, so that
 * appending with ids of one's own does not read the whole chat log each time; pending ones are in memory anyway.
 * @throws {SuspectPage}
 */
export async function holdsAny(access: Access, state: State, log: Head, ids: readonly string[]): Promise<boolean> {
  const folded = log.folded?.next ?? 0
  const known = await knowIds(access, log, folded)
  const pending = await readLog(access, state, log, pagesBetween(folded, log.value['next'] as number))
  const among = new Set(pending.map(idOf))
  const maybe = new Set(ids.filter((id) => among.has(id) || known.has(id)))
  return maybe.size > 0 && (await search(access, state, log, (id) => maybe.has(id))) !== undefined
}

async function knowIds(access: Access, log: Head, folded: number): Promise<ReadonlySet<string>> {
  const { derived } = access.pages
  const key = `ids/${log.value['stem'] as string}`
  const known = (derived.get(key) as KnownIds | undefined) ?? { upTo: 0, ids: new Set<string>() }
  const unread = pagesBetween(known.upTo, folded)
  for (let start = 0; start < unread.length; start += PAGES_AT_ONCE) {
    // From the pages alone: what a draft lays over them may never come true, and these are remembered for everybody.
    const pages = await access.pages.read(log.value['stem'] as string, log.folded, unread.slice(start, start + PAGES_AT_ONCE))
    for (const page of pages) for (const record of page.values()) known.ids.add(idOf(record))
  }
  known.upTo = Math.max(known.upTo, folded)
  derived.delete(key)
  derived.set(key, known)
  if (derived.size > MAX_KNOWN) derived.delete(derived.keys().next().value!)
  return known.ids
}

/** Where a message found in a chat log is. */
export function placeOf(log: Head, { number, rev, modifiedAt }: FoundMessage): MessagePlace {
  return { chatLogId: log.id, number, rev, modifiedAt }
}

/** Chat logs read together: some thousand messages. */
export function inGroups(logs: readonly { readonly chatLogId: string; readonly messages: number }[]): string[][] {
  const groups: string[][] = []
  let room = 0
  for (const { chatLogId, messages } of logs) {
    if (room <= 0) {
      groups.push([])
      room = 10_000
    }
    groups.at(-1)!.push(chatLogId)
    room -= Math.max(32, messages)
  }
  return groups
}
