// The store takes a commit and never says what became of it: it may be there, come later, or never. PROTOCOL rule 6.

import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ApplyResult, Batch } from '../../src/stores/backend.js'
import { memoryLocks } from '../../src/stores/locks.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { createMemoryDisk } from '../../src/stores/memory-disk.js'
import { storageError } from '../../src/stores/storage-failure.js'
import type { OpenTabChannel } from '../../src/stores/tab-channel.js'
import { testBrowser } from '../kit/tabs.js'
import { intercepted, message, outcomeOf } from '../kit/vault-states.js'

afterEach(() => vi.useRealTimers())

const silence: OpenTabChannel = () => ({ post: () => {}, subscribe: () => () => {}, close: () => {} })
const noAnswer = () => storageError('storage-unavailable', 'no answer came in time', 'outcome-unknown')
const isCommit = (batch: Batch): boolean => batch.operations.some(({ kind, store }) => kind === 'add' && store === 'log')

/** A tab whose next commits meet `fates`, in turn, and a second one that nothing happens to. */
async function twoTabs(options: { readonly now?: () => number } = {}) {
  const disk = createMemoryDisk()
  const shared = { disk, locks: memoryLocks(), homes: [memoryHome()], openChannel: silence, ...options }
  const fates: ((send: () => Promise<ApplyResult>, batch: Batch) => Promise<ApplyResult>)[] = []
  const backend = intercepted(disk, (batch, send) => (isCommit(batch) ? (fates.shift() ?? ((now) => now()))(send, batch) : send()))
  const tab = await testBrowser({ ...shared, backend }).tab()
  /** One more tab, which sees the store as it is now. */
  const another = () => testBrowser(shared).tab()
  return { tab, another, fates }
}

const never = async (): Promise<ApplyResult> => {
  throw noAnswer()
}

/** Lands when it is told to. */
function late() {
  let land!: () => Promise<ApplyResult>
  const fate = async (send: () => Promise<ApplyResult>): Promise<ApplyResult> => {
    land = send
    throw noAnswer()
  }
  return { fate, land: () => land() }
}

const full = async (): Promise<ApplyResult> => {
  throw storageError('storage-full', 'the storage is full, free some space', 'full')
}

describe('a commit whose outcome is unknown', () => {
  it('is sent again as it was, and what it gave is what is stored', async () => {
    let clock = 1_000_000
    const { tab, another, fates } = await twoTabs({ now: () => (clock += 1000) })
    const first = late()
    fates.push(first.fate)
    // The same commit again meets the first one, which lands before it.
    fates.push(async (send) => {
      await first.land()
      return send()
    })
    const { chatLogId, id, createdAt } = await tab.sessions.create({ title: 'once' })
    expect(await (await another()).sessions.list()).toMatchObject([{ id, chatLogId, createdAt }])
    expect(await tab.sessions.list()).toMatchObject([{ id, chatLogId, createdAt }])
  })

  it('is there once when both of its sendings are taken for lost and one lands', async () => {
    const { tab, another, fates } = await twoTabs()
    const { chatLogId } = await tab.sessions.create()
    const [first, second] = [late(), late()]
    fates.push(first.fate, second.fate, async (send) => {
      await second.land()
      expect(await first.land()).toMatchObject({ applied: false })
      return send()
    })
    await tab.chatLogs.append(chatLogId, message('once'))
    expect((await (await another()).chatLogs.read(chatLogId)).map(({ content }) => content)).toEqual(['once'])
    expect((await tab.chatLogs.read(chatLogId)).map(({ content }) => content)).toEqual(['once'])
  })

  it('runs again only when another commit has taken its number', async () => {
    const { tab, another, fates } = await twoTabs()
    const { chatLogId } = await tab.sessions.create()
    const first = late()
    fates.push(async (send) => {
      await (await another()).chatLogs.append(chatLogId, message('faster'))
      return first.fate(send)
    })
    await tab.chatLogs.append(chatLogId, message('mine'))
    expect(await first.land()).toMatchObject({ applied: false })
    expect((await tab.chatLogs.read(chatLogId)).map(({ content }) => content)).toEqual(['faster', 'mine'])
    expect((await (await another()).chatLogs.read(chatLogId)).map(({ content }) => content)).toEqual(['faster', 'mine'])
  })

  it.each([
    ['of two changes, when the second sending finds the disk full', full],
    ['of two changes, when the second sending fails', async () => Promise.reject(storageError('storage-unavailable', 'failed', 'transient'))],
    ['of two changes, when nothing ever answers', never],
  ])('is never told as not saved: %s', async (_, fate) => {
    const { tab, another, fates } = await twoTabs()
    const { chatLogId } = await tab.sessions.create()
    const first = late()
    fates.push(first.fate, ...Array.from({ length: 20 }, () => fate))
    const told = await Promise.all([tab.chatLogs.append(chatLogId, message('a')), tab.chatLogs.append(chatLogId, message('b'))].map(outcomeOf))
    expect(told).toEqual(['outcome-unknown', 'outcome-unknown'])
    fates.length = 0
    await first.land()
    await tab.preferences.set('theme', 'dark')
    expect((await (await another()).chatLogs.read(chatLogId)).map(({ content }) => content)).toEqual(['a', 'b'])
    expect((await tab.chatLogs.read(chatLogId)).map(({ content }) => content)).toEqual(['a', 'b'])
  })

  it('is not given up for a signal that is aborted meanwhile', async () => {
    const { tab, another, fates } = await twoTabs()
    const first = late()
    const stop = new AbortController()
    fates.push(async (send) => {
      stop.abort(new Error('stopped'))
      return first.fate(send)
    })
    const conversation = { session: { id: 's', title: 'kept' }, messages: [message('hello')] }
    expect(await tab.load([conversation], { signal: stop.signal }).then(({ loaded }) => loaded, outcomeOfError)).toBe(1)
    expect((await (await another()).sessions.list()).map(({ title }) => title)).toEqual(['kept'])
  })

  it('on a full disk is told as such once the transaction has ended and the log is without it', async () => {
    const { tab, fates } = await twoTabs()
    const { chatLogId } = await tab.sessions.create()
    fates.push(async () => Promise.reject(storageError('storage-full', 'the storage is full, free some space', 'outcome-unknown')))
    expect(await outcomeOf(tab.chatLogs.append(chatLogId, message('too much')))).toBe('storage-full')
    await tab.chatLogs.append(chatLogId, message('fits'))
    expect((await tab.chatLogs.read(chatLogId)).map(({ content }) => content)).toEqual(['fits'])
  })
})

describe('an index made anew, of which it is unknown whether it took its place', () => {
  it.each([
    ['it did', async (send: () => Promise<ApplyResult>) => send().then(never)],
    ['it did not', never],
  ])('is whole: %s', async (_, fate) => {
    const disk = createMemoryDisk()
    let meet: typeof fate | undefined
    const isSwitch = ({ operations }: Batch): boolean => operations.some(({ store }) => store === 'manifest') && !operations.some(({ store }) => store === 'log')
    const browser = testBrowser({ disk, backend: intercepted(disk, (batch, send) => (meet !== undefined && isSwitch(batch) ? meet(send) : send())) })
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    await tab.chatLogs.append(chatLogId, message('a zeppelin'))
    await tab.checkpoint()
    meet = fate
    await expect(tab.rebuildIndex()).rejects.toMatchObject({ details: { reason: 'outcome-unknown' } })
    meet = undefined
    expect(await tab.check()).toMatchObject({ ok: true, problems: [] })
    await tab.lock()
    expect(await (await browser.tab()).check()).toMatchObject({ ok: true, problems: [] })
  })
})

const outcomeOfError = (error: unknown): string => String(error)
