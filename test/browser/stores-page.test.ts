// What a page lives through: it is frozen, hidden, put into the back/forward cache, and comes back.

import { afterEach, expect, test, vi } from 'vitest'
import type { BackendEvent } from '../../src/stores/backend.ts'
import { type IndexedDbBackend, indexedDbFactory } from '../../src/stores/indexeddb.ts'
import { add, batch, get, put, row, tagOf } from '../../src/testing/contract-rows.ts'

const timings = { blockedMs: 300, retryMs: 500, stallMs: 2_000 }
const opened: { name: string; backend: IndexedDbBackend }[] = []

async function open() {
  const name = `page-${crypto.randomUUID()}`
  const backend = await indexedDbFactory({ timings }).open(name)
  opened.push({ name, backend })
  const events: BackendEvent[] = []
  backend.subscribe((event) => events.push(event))
  await backend.apply(batch([put('log', 1, row(1))]))
  return { name, backend, events }
}

afterEach(async () => {
  vi.restoreAllMocks()
  for (const { name, backend } of opened.splice(0)) {
    await backend.close()
    await indexedDbFactory().destroy(name)
  }
})

/** How many connections to the database somebody who upgrades it meets. */
async function connectionsInTheWay(name: string): Promise<number> {
  let blocked = 0
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(`sealed-vault:${name}`, 2)
    request.onblocked = () => (blocked += 1)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  database.close()
  return blocked
}

const transition = (type: 'pagehide' | 'pageshow', persisted: boolean): void => void window.dispatchEvent(new PageTransitionEvent(type, { persisted }))
const on = (target: EventTarget, type: string) => (): void => void target.dispatchEvent(new Event(type))

test.each([
  ['freeze', on(document, 'freeze')],
  ['the back/forward cache', () => transition('pagehide', true)],
])('%s closes the connection, so that nobody waits for a page that stands still', async (_what, suspend) => {
  const { name, backend, events } = await open()
  suspend()
  expect(await connectionsInTheWay(name)).toBe(0)
  expect(events, 'nobody had to ask').toEqual([])
  await expect(get(backend, 'log', 1)).rejects.toMatchObject({ code: 'unsupported-version' })
})

test('the next call after a freeze opens again', async () => {
  const { backend, events } = await open()
  document.dispatchEvent(new Event('freeze'))
  expect(await get(backend, 'log', 1)).toEqual(row(1))
  document.dispatchEvent(new Event('resume'))
  await backend.apply(batch([put('log', 2, row(2))]))
  expect(events).toEqual([])
})

test('a page that goes for good keeps its connection for what is still under way', async () => {
  const { backend } = await open()
  const begun = vi.spyOn(IDBFactory.prototype, 'open')
  transition('pagehide', false)
  await backend.apply(batch([put('log', 2, row(2))]))
  expect(begun).not.toHaveBeenCalled()
})

test('a write a freeze cuts off is undone as a whole, and sent again when it is fenced', async () => {
  const { backend } = await open()
  const operations = [put('pages', 'a', row(1)), add('log', 2, row(2))]
  const fenced = backend.apply(batch(operations, [{ kind: 'tag', store: 'log', key: 1, tag: tagOf(row(1)) }]))
  const unfenced = backend.apply(batch([put('pages', 'b', row(1)), put('pages', 'c', row(1))]))
  document.dispatchEvent(new Event('freeze'))
  const [first, second] = await Promise.allSettled([fenced, unfenced])
  expect(first).toEqual({ status: 'fulfilled', value: { applied: true } })
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'storage-unavailable', details: { reason: 'transient' } } })
  const [pages, log] = await backend.read([
    { kind: 'keys', store: 'pages' },
    { kind: 'keys', store: 'log' },
  ])
  expect([pages, log]).toEqual([['a'], [1, 2]])
})

test('what is under way when another tab upgrades is finished', async () => {
  const { name, backend, events } = await open()
  const writes = [2, 3, 4].map((seq) => backend.apply(batch([add('log', seq, row(seq)), put('pages', `${seq}`, row(seq, 100_000))])))
  const reading = backend.read([{ kind: 'count', store: 'log' }])
  await connectionsInTheWay(name)
  expect(await Promise.all(writes)).toEqual([{ applied: true }, { applied: true }, { applied: true }])
  expect([await reading, events]).toEqual([[4], ['superseded']])
})

test.each([
  ['visibilitychange', on(document, 'visibilitychange')],
  ['resume', on(document, 'resume')],
  ['pageshow', () => transition('pageshow', true)],
])('%s looks whether the connection still works', async (_what, wake) => {
  const { backend, events } = await open()
  wake()
  await get(backend, 'log', 1)
  expect(events, 'it does').toEqual([])
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementationOnce(() => {
    throw Object.assign(new Error('The database connection is closing.'), { name: 'InvalidStateError' })
  })
  wake()
  await vi.waitFor(() => expect(events).toEqual(['lost']))
  expect(await get(backend, 'log', 1)).toEqual(row(1))
})

test('waking without a connection opens none', async () => {
  await open()
  document.dispatchEvent(new Event('freeze'))
  const begun = vi.spyOn(IDBFactory.prototype, 'open')
  document.dispatchEvent(new Event('resume'))
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(begun).not.toHaveBeenCalled()
})

test('closing takes every listener away again', async () => {
  const listening = new Set<string>()
  for (const target of [document, window]) {
    vi.spyOn(target, 'addEventListener').mockImplementation((type: string) => void listening.add(type))
    vi.spyOn(target, 'removeEventListener').mockImplementation((type: string) => void listening.delete(type))
  }
  const name = `page-${crypto.randomUUID()}`
  const backend = await indexedDbFactory().open(name)
  expect([...listening].sort()).toEqual(['freeze', 'pagehide', 'pageshow', 'resume', 'visibilitychange'])
  await backend.close()
  expect(listening.size).toBe(0)
  await indexedDbFactory().destroy(name)
})

test('an open that the engine never answers is given up', async () => {
  const real = indexedDB.open.bind(indexedDB)
  vi.spyOn(IDBFactory.prototype, 'open').mockImplementation((name) => {
    const request = real(`${name}-elsewhere`)
    for (const type of ['success', 'error', 'upgradeneeded']) request.addEventListener(type, (event) => event.stopImmediatePropagation(), { capture: true })
    request.addEventListener('success', () => request.result.close())
    return request
  })
  const name = `page-${crypto.randomUUID()}`
  const opening = indexedDbFactory({ timings: { openMs: 100 } }).open(name)
  await expect(opening).rejects.toMatchObject({ code: 'storage-unavailable', details: { reason: 'open-timeout' } })
  indexedDB.deleteDatabase(`sealed-vault:${name}-elsewhere`)
})

test('a newer database is left alone', async () => {
  const { name, backend } = await open()
  await backend.close()
  await connectionsInTheWay(name)
  await expect(indexedDbFactory().open(name)).rejects.toMatchObject({ code: 'unsupported-version', details: { reason: 'newer' } })
})

test('a tab that does not let go is named within the time for it', async () => {
  const { name, backend } = await open()
  await backend.close()
  const holder = await new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open(`sealed-vault:${name}`)
    request.onsuccess = () => resolve(request.result)
  })
  await expect(indexedDbFactory({ timings }).destroy(name)).rejects.toMatchObject({ code: 'storage-blocked' })
  holder.close()
  await vi.waitFor(async () => expect(await indexedDbFactory().list()).not.toContain(name), { timeout: 5_000 })
})

test('a lost race is no error of the window', async () => {
  const { backend } = await open()
  const seen: unknown[] = []
  const report = (event: Event): void => void seen.push(event)
  window.addEventListener('error', report)
  window.addEventListener('unhandledrejection', report)
  expect(await backend.apply(batch([add('log', 1, row(2)), put('log', 3, row(3))]))).toEqual({ applied: false, missed: -1 })
  expect(await backend.apply(batch([put('log', 3, row(3))], [{ kind: 'present', store: 'log', key: 7 }]))).toEqual({ applied: false, missed: 0 })
  await new Promise((resolve) => setTimeout(resolve, 100))
  window.removeEventListener('error', report)
  window.removeEventListener('unhandledrejection', report)
  expect(seen).toEqual([])
  expect(await get(backend, 'log', 3)).toBeUndefined()
})
