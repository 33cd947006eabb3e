// What is quick, and why: docs/specification.md, section 11. Times are for the benches; here it is held what is read and written.

import { expect, vi } from 'vitest'
import { createMemoryDisk } from '../../../src/stores/memory-disk.js'
import { memoryFactory } from '../../../src/stores/memory.js'
import type { BackendFactory } from '../../../src/stores/backend.js'
import { idleMoments, type IdleMoments } from '../../kit/idle.js'
import { all, contents, idsOf, row, type Stage } from '../../kit/specification-rows.js'
import { message, outcomeOf } from '../../kit/vault-states.js'

const PATIENCE = { timeout: 10_000, interval: 20 }

/** A browser that counts how often pages are read. */
function counting({ play }: Stage, idle?: IdleMoments): { readonly pages: () => number } {
  let pages = 0
  const factory = memoryFactory(createMemoryDisk())
  const open: BackendFactory['open'] = async (name) => {
    const backend = await factory.open(name)
    const read = ((requests) => {
      pages += requests.filter(({ kind, store }) => store === 'pages' && kind !== 'lastKey' && kind !== 'count').length
      return backend.read(requests)
    }) as typeof backend.read
    return { ...backend, read }
  }
  play({ backend: () => ({ ...factory, open }), idle: idle?.idle })
  return { pages: () => pages }
}

/** Sessions with 100 messages each, in pages, and nothing of them in memory. */
async function folded(stage: Stage, sessions = 3, idle?: IdleMoments) {
  const counted = counting(stage, idle)
  const open = await stage.tab()
  for (let i = 0; i < sessions; i++) {
    const { chatLogId } = await open.sessions.create({ id: `s${i}`, chatLogId: `log ${i}`, title: `chat ${i}`, participants: [i === 0 ? 'ada' : 'ben'], state: i === 1 ? 'archived' : 'active' })
    await open.chatLogs.append(chatLogId, Array.from({ length: 100 }, (_, n) => ({ ...message(`${n === 50 ? 'needle' : 'hay'} ${i} ${n}`), timestamp: 1000 * i + n })))
  }
  await open.checkpoint()
  await open.rebuildIndex()
  open.releaseMemory()
  return { open, pages: counted.pages }
}

row('S-11', 'a vault with many messages opens without reading them', async (stage) => {
  const { open, pages } = await folded(stage)
  await open.lock()
  const before = pages()
  const again = await stage.tab()
  expect([(await again.sessions.list()).length, await again.chatLogs.count('log 0'), pages() - before]).toEqual([3, 100, 0])
})

row('S-11.1', 'a search reads the pages of what it found, and no others', async (stage) => {
  const { open, pages } = await folded(stage)
  const before = pages()
  const found = await all(open.search('needle'))
  expect(found.length).toBe(3)
  // Of twelve pages.
  expect(pages() - before).toBeLessThanOrEqual(3)
})

row('S-11.1.1', 'several conditions are one question', async (stage) => {
  const { open, pages } = await folded(stage)
  const before = pages()
  expect(idsOf(await open.sessions.list({ participants: ['ben'], state: 'active', text: 'chat', createdFrom: 1, order: 'oldest' }))).toEqual(['s2'])
  expect(pages() - before).toBe(0)
  expect((await all(open.search('needle', { participants: ['ben'], from: 2000, types: ['user'] }))).map(({ session }) => session?.id)).toEqual(['s2'])
})

row('S-11.1.2', 'where matches are, and how many, is answered by the index without a message being opened', async (stage) => {
  const { open, pages } = await folded(stage)
  const before = pages()
  expect((await open.searchPlaces('needle')).map(({ chatLogId, number }) => [chatLogId, number])).toEqual([['log 2', 50], ['log 1', 50], ['log 0', 50]])
  expect((await open.suggest('need')).map(({ word, messages }) => [word, messages])).toEqual([['needle', 3]])
  expect(pages() - before).toBe(0)
})

row('S-11.1.3', 'a question about a part looks into that part only', async (stage) => {
  const { open, pages } = await folded(stage)
  const before = pages()
  expect((await all(open.search('needle', { sessionIds: ['s1'] }))).map(({ session }) => session?.id)).toEqual(['s1'])
  expect(pages() - before).toBeLessThanOrEqual(1)
  expect(idsOf(await open.sessions.list({ state: 'archived' }))).toEqual(['s1'])
})

row('S-11.1.4', 'the index follows changes, is checked, and made anew', async (stage) => {
  const { open } = await folded(stage)
  await open.chatLogs.update('log 0', (await open.chatLogs.read('log 0', { around: 50, limit: 1 }))[0]!.id, { content: 'straw' })
  expect((await open.searchPlaces('needle')).length).toBe(2)
  await open.checkpoint()
  expect(await open.check()).toMatchObject({ ok: true, problems: [] })
  await open.rebuildIndex()
  expect([(await open.searchPlaces('needle')).length, (await open.searchPlaces('straw')).length]).toEqual([2, 1])
})

row('S-11.2.2', 'of a long chat only the pages that are shown are read', async (stage) => {
  const { open, pages } = await folded(stage, 1)
  const before = pages()
  const newest = await open.chatLogs.read('log 0', { limit: 10 })
  expect(newest.map(({ number }) => number)).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99])
  // A chat of a hundred messages is four pages; a page before what is shown may be fetched ahead.
  expect(pages() - before).toBeLessThan(4)
  const { chatLogId } = await open.sessions.create()
  await open.chatLogs.append(chatLogId, message('x'.repeat(100_000)))
  const [long] = await open.chatLogs.read(chatLogId, { longValues: 'defer' })
  expect([long!.content.length, long!.deferred]).toEqual([256, [{ path: ['content'], bytes: 100_000 }]])
})

row('S-11.2.4', 'what another tab changes is what is read next', async ({ tab }) => {
  const [here, there] = [await tab(), await tab()]
  const { chatLogId } = await here.sessions.create({ id: 'a' })
  const { id } = await here.chatLogs.append(chatLogId, message('before'))
  await here.checkpoint()
  await vi.waitFor(async () => expect(contents(await there.chatLogs.read(chatLogId))).toEqual(['before']), PATIENCE)
  const heard: string[] = []
  there.subscribe((event) => event.kind === 'changed' && heard.push(...event.collections))
  const { version } = there
  await here.chatLogs.update(chatLogId, id, { content: 'after' })
  await vi.waitFor(async () => expect(contents(await there.chatLogs.read(chatLogId))).toEqual(['after']), PATIENCE)
  expect(there.version).toBeGreaterThan(version)
  expect(heard).toContain('chatLogs')
})

row('S-11.3', 'a batch over several stores is saved whole, or not at all', async ({ world: start }) => {
  const { system } = await start()
  await system.saveBatch([
    { kind: 'save-session', session: { id: 'a', title: 'Night train' } },
    { kind: 'append-messages', sessionId: 'a', messages: [{ ...message('one'), id: 'm1' }, message('two')] },
    { kind: 'delete-message', sessionId: 'a', messageId: 'm1' },
    { kind: 'save-brain', brain: { entityId: 'guide', model: 'small' } },
    { kind: 'set-preference', key: 'theme', value: 'dark' },
  ])
  const batch = system.storage.saveBatch([{ kind: 'delete-session', sessionId: 'a' }, { kind: 'append-messages', sessionId: 'nobody', messages: [message('lost')] }])
  expect(await outcomeOf(batch)).toBe('not-found')
  expect([contents(await system.storage.messages('a')), await system.storage.preference('theme'), (await system.storage.brains()).length]).toEqual([['two'], 'dark', 1])
})

row('S-11.2', 'what was read is kept, as much as is allowed, and can be let go', async (stage) => {
  const { open, pages } = await folded(stage, 1)
  const readings: number[] = []
  for (const forget of [false, false, true]) {
    if (forget) open.releaseMemory()
    const before = pages()
    await open.chatLogs.read('log 0', { after: -1, limit: 5 })
    readings.push(pages() - before)
  }
  expect(readings).toEqual([1, 0, 1])
})

row('S-11.2.1', 'what is asked for often is in memory', async (stage) => {
  const { open, pages } = await folded(stage)
  await open.chatLogs.read('log 0', { after: -1, limit: 5 })
  const before = pages()
  for (let i = 0; i < 20; i++) {
    await open.chatLogs.read('log 0', { after: -1, limit: 5 })
    expect((await open.sessions.list({ title: 'chat' })).length).toBe(3)
  }
  expect(pages() - before).toBe(0)
  const { hits, hitRate, bytes, maxBytes } = open.cache.status()
  expect(hits).toBeGreaterThanOrEqual(20)
  expect(hitRate).toBeGreaterThan(0.5)
  expect(bytes).toBeLessThanOrEqual(maxBytes)
})

row('S-11.2.3', 'whoever reads the newest messages finds those before them fetched, and what mostly follows', async (stage) => {
  const idle = idleMoments()
  const { open, pages } = await folded(stage, 3, idle)
  // All of these lie on the last page.
  const [first] = await open.chatLogs.read('log 0', { limit: 4 })
  await idle.pass()
  const before = pages()
  expect((await open.chatLogs.read('log 0', { before: first!.number, limit: 5 })).map(({ number }) => number)).toEqual([91, 92, 93, 94, 95])
  expect(pages() - before).toBe(0)
  // Habits: after one chat the other.
  for (let round = 0; round < 3; round++) for (const id of ['log 1', 'log 2']) await open.chatLogs.read(id, { limit: 10 })
  open.releaseMemory()
  await open.chatLogs.read('log 1', { limit: 10 })
  await idle.pass()
  const guessed = pages()
  expect((await open.chatLogs.read('log 2', { limit: 10 })).length).toBe(10)
  expect([pages() - guessed, open.cache.status().prefetchedUsed > 0]).toEqual([0, true])
})
