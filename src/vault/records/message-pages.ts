// Messages of a chat log, wherever they are: in pages, and pending ones laid over them.

import { VaultError } from '../../errors.js'
import type { Access } from '../core/access.js'
import { fieldsOf, type Body } from '../core/log-row.js'
import { pagesBetween, type Page } from '../core/pages.js'
import { PAGE_SHIFT, type Head, type State } from '../core/state.js'

export interface FoundMessage {
  readonly number: number
  readonly rev: number
  readonly modifiedAt: number
  readonly body: Body
}

export interface Stretch {
  /** Numbers from..to, `to` not included. */
  readonly from?: number
  readonly to: number
  readonly limit: number
  /** Take from the end of the stretch, else from its beginning. */
  readonly newest: boolean
}

/** Pages asked for at once when looking for more messages. */
const PAGES_AT_ONCE = 64

/** Messages of a stretch in order of their numbers. @throws {SuspectPage} */
export async function readBodies(access: Access, state: State, log: Head, { from = 0, to, limit, newest }: Stretch): Promise<FoundMessage[]> {
  const last = Math.min(to, log.value['next'] as number)
  const first = Math.max(0, Math.ceil(from))
  if (limit === 0 || first >= last) return []
  const all = pagesBetween(first, last)
  const found: FoundMessage[] = []
  // Numbers may have gaps, so the pages that must hold enough are read first and more when they do not.
  for (let done = 0; done < all.length && found.length < limit; ) {
    const wish = Math.min(PAGES_AT_ONCE, (Math.ceil((limit - found.length) / (1 << PAGE_SHIFT)) || 1) + 1)
    const pages = newest ? all.slice(Math.max(0, all.length - done - wish), all.length - done) : all.slice(done, done + wish)
    done += pages.length
    const records = (await readLog(access, state, log, pages)).filter(({ number }) => number >= first && number < last)
    if (newest) found.unshift(...records)
    else found.push(...records)
  }
  return newest ? found.slice(-limit) : found.slice(0, limit)
}

/** Everything in some pages of a chat log, pending laid over folded, in order. */
async function readLog(access: Access, state: State, log: Head, pages: readonly number[]): Promise<FoundMessage[]> {
  const folded = await access.pages.read(log.value['stem'] as string, log.folded, pages)
  return layPending(state, log, pages, folded)
}

/** All messages of several chat logs, their pages read together. @throws {SuspectPage} */
export async function readWholeLogs(access: Access, state: State, logs: readonly Head[]): Promise<FoundMessage[][]> {
  const pages = logs.map((log) => pagesBetween(0, log.value['next'] as number))
  const wanted = logs.flatMap((log, i) => pages[i]!.map((page) => ({ stem: log.value['stem'] as string, folded: log.folded, page })))
  const read = await access.pages.readMany(wanted)
  let at = 0
  return logs.map((log, i) => layPending(state, log, pages[i]!, read.slice(at, (at += pages[i]!.length))))
}

function layPending(state: State, log: Head, pages: readonly number[], folded: readonly Page[]): FoundMessage[] {
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
        if (over.body !== null) found.push({ number, rev: over.rev, modifiedAt: over.modifiedAt, body: over.body })
        continue
      }
      const record = records.get(number)
      if (record !== undefined) found.push(withAdoption(log, record))
    }
  }
  return found
}

/** Records written before their commit was known take its number and time from the head. */
function withAdoption(log: Head, record: FoundMessage): FoundMessage {
  if (record.rev !== 0) return record
  const [rev, modifiedAt] = log.value['adopted'] as [number, number]
  return { ...record, rev, modifiedAt }
}

/** The message with this id, newest pages first. @throws {SuspectPage} */
export async function findMessage(access: Access, state: State, log: Head, messageId: string): Promise<FoundMessage | undefined> {
  return search(access, state, log, (id) => id === messageId)
}

/** True when the chat log holds a message with one of these ids. @throws {SuspectPage} */
export async function holdsAny(access: Access, state: State, log: Head, ids: readonly string[]): Promise<boolean> {
  const wanted = new Set(ids)
  return (await search(access, state, log, (id) => wanted.has(id))) !== undefined
}

async function search(access: Access, state: State, log: Head, matches: (id: string) => boolean): Promise<FoundMessage | undefined> {
  const pages = pagesBetween(0, log.value['next'] as number).reverse()
  for (let start = 0; start < pages.length; start += PAGES_AT_ONCE) {
    for (const record of (await readLog(access, state, log, pages.slice(start, start + PAGES_AT_ONCE))).reverse()) {
      const { id } = fieldsOf(record.body)
      if (typeof id !== 'string') throw new VaultError('corrupt', 'a message has no id', { where: 'pages', number: record.number, reason: 'record' })
      if (matches(id)) return record
    }
  }
  return undefined
}
