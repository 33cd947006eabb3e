// The IndexedDB backend on fake-indexeddb: what a foreign hand, another version and a forced close can do to it.

import 'fake-indexeddb/auto'
import { forceCloseDatabase, IDBFactory } from 'fake-indexeddb'
import { beforeEach, expect, test, vi } from 'vitest'
import type { BackendEvent, StoreName } from '../../src/stores/backend.ts'
import { indexedDbFactory } from '../../src/stores/indexeddb.ts'
import { createStores } from '../../src/stores/migrations/v1.ts'
import { selectBackend } from '../../src/stores/select-backend.ts'
import { batch, get, label, put, row } from '../../src/testing/contract-rows.ts'

const timings = { openMs: 300, blockedMs: 50, stallMs: 400, retryMs: 200 }

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory())
})

/** Opens a database as a program that knows nothing of vaults. */
function openRaw(name: string, version?: number): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** Writes a value no vault would write. */
async function putRaw(name: string, store: StoreName, key: IDBValidKey, value: unknown): Promise<void> {
  const database = await openRaw(`sealed-vault:${name}`)
  await new Promise((resolve) => {
    const transaction = database.transaction(store, 'readwrite')
    transaction.objectStore(store).put(value, key)
    transaction.oncomplete = resolve
  })
  database.close()
}

test('opening tells whether it made the database', async () => {
  const factory = indexedDbFactory()
  const first = await factory.open('aurora')
  const second = await factory.open('aurora')
  expect([first.opened, second.opened]).toEqual([
    { fresh: true, dataLoss: undefined },
    { fresh: false, dataLoss: undefined },
  ])
})

test('a forced close is told, and the next call finds everything again', async () => {
  const handles: IDBDatabase[] = []
  const open = indexedDB.open.bind(indexedDB)
  vi.spyOn(indexedDB, 'open').mockImplementation((...args) => {
    const request = open(...args)
    request.addEventListener('success', () => handles.push(request.result))
    return request
  })
  const backend = await indexedDbFactory().open('aurora')
  const events: BackendEvent[] = []
  backend.subscribe((event) => events.push(event))
  await backend.apply(batch([put('log', 1, row(1))]))
  forceCloseDatabase(handles[0] as never)
  await vi.waitFor(() => expect(events).toEqual(['lost']))
  expect(await get(backend, 'log', 1)).toEqual(row(1))
  expect([events, handles.length]).toEqual([['lost'], 2])
})

test('a value that is no bytes reads as an empty row', async () => {
  const backend = await indexedDbFactory().open('aurora')
  for (const [i, value] of ['text', 7, { a: 1 }, new Date(), new Uint16Array([1]), new ArrayBuffer(4), null, true].entries()) {
    await putRaw('aurora', 'log', 1, value)
    const [found, rows] = await backend.read([
      { kind: 'get', store: 'log', key: 1 },
      { kind: 'rows', store: 'log' },
    ])
    expect([found?.length, rows[0]?.value.length], `value ${i}`).toEqual([0, 0])
    const tag = row(1).slice(-16) as never
    expect(await backend.apply(batch([put('log', 2, row(2))], [{ kind: 'tag', store: 'log', key: 1, tag }]))).toEqual({ applied: false, missed: 0 })
  }
})

test('a key no vault writes is reported, and the connection stays good', async () => {
  const backend = await indexedDbFactory({ timings }).open('aurora')
  await putRaw('aurora', 'log', new Date(), row(1))
  const events: BackendEvent[] = []
  backend.subscribe((event) => events.push(event))
  const corrupt = { code: 'storage-unavailable', details: { reason: 'corrupt' } }
  await expect(backend.read([{ kind: 'lastKey', store: 'log' }])).rejects.toMatchObject(corrupt)
  await expect(backend.read([{ kind: 'keys', store: 'log' }])).rejects.toMatchObject(corrupt)
  await expect(backend.apply(batch([put('log', 2, row(2))], [{ kind: 'last', store: 'log', key: 1 }]))).rejects.toMatchObject(corrupt)
  expect(await get(backend, 'log', 2)).toBeUndefined()
  expect(events).toEqual([])
})

test('a key or value the engine refuses is an error of the batch, with nothing written', async () => {
  const backend = await indexedDbFactory().open('aurora')
  const bad = batch([put('log', 1, row(1)), put('log', Number.NaN, row(2))])
  await expect(backend.apply(bad)).rejects.toMatchObject({ code: 'storage-unavailable', details: { reason: 'refused' } })
  await expect(get(backend, 'log', Number.NaN)).rejects.toMatchObject({ details: { reason: 'refused' } })
  expect(await get(backend, 'log', 1)).toBeUndefined()
})

test('a database of a newer version is left alone', async () => {
  ;(await openRaw('sealed-vault:aurora', 9)).close()
  await expect(indexedDbFactory().open('aurora')).rejects.toMatchObject({ code: 'unsupported-version' })
  expect(await indexedDB.databases()).toEqual([{ name: 'sealed-vault:aurora', version: 9 }])
})

test('older code lets newer code upgrade, and then says that it is too old', async () => {
  const old = await indexedDbFactory().open('aurora')
  await old.apply(batch([put('header', 'header', row(1))]))
  const events: BackendEvent[] = []
  old.subscribe((event) => events.push(event))
  const migrations = [createStores, (database: IDBDatabase) => void database.createObjectStore('later')]
  const newer = await indexedDbFactory({ migrations }).open('aurora')
  expect([events, newer.opened.fresh]).toEqual([['superseded'], false])
  expect(await get(newer, 'header', 'header')).toEqual(row(1))
  await expect(old.read([{ kind: 'count', store: 'log' }])).rejects.toMatchObject({ code: 'unsupported-version' })
})

test('an upgrade that throws leaves the old version intact', async () => {
  const old = await indexedDbFactory().open('aurora')
  await old.apply(batch([put('header', 'header', row(1))]))
  await old.close()
  const broken = [
    createStores,
    (database: IDBDatabase) => {
      database.deleteObjectStore('header')
      throw new Error('a mistake in a migration')
    },
  ]
  await expect(indexedDbFactory({ migrations: broken, timings }).open('aurora')).rejects.toMatchObject({ code: 'storage-unavailable' })
  expect(await get(await indexedDbFactory().open('aurora'), 'header', 'header')).toEqual(row(1))
})

test('a tab that does not let go blocks upgrade and deletion, which go on when it does', async () => {
  await (await indexedDbFactory().open('aurora')).close()
  const holder = await openRaw('sealed-vault:aurora')
  const migrations = [createStores, () => {}]
  await expect(indexedDbFactory({ timings, migrations }).open('aurora')).rejects.toMatchObject({ code: 'storage-blocked' })
  await expect(indexedDbFactory({ timings }).destroy('aurora')).rejects.toMatchObject({ code: expect.stringMatching(/^storage-/) })
  holder.close()
  await vi.waitFor(async () => expect(await indexedDbFactory().list()).toEqual([]))
})

test('lists vaults only', async () => {
  ;(await openRaw('another app')).close()
  await (await indexedDbFactory().open('b')).close()
  await (await indexedDbFactory().open('a/ü')).close()
  expect(await indexedDbFactory().list()).toEqual(['a/ü', 'b'])
})

test('an engine that cannot list answers nothing', async () => {
  Object.defineProperty(indexedDB, 'databases', { value: undefined })
  expect(await indexedDbFactory().list()).toEqual([])
})

test('the kind of failure is told where there is no IndexedDB at all', async () => {
  vi.stubGlobal('indexedDB', undefined)
  const missing = { code: 'storage-unavailable', details: { reason: 'no-indexeddb' } }
  expect(() => selectBackend()).toThrow(expect.objectContaining(missing))
  await expect(indexedDbFactory().open('aurora')).rejects.toMatchObject(missing)
  Object.defineProperty(globalThis, 'indexedDB', {
    configurable: true,
    get: () => {
      throw Object.assign(new Error('denied'), { name: 'SecurityError' })
    },
  })
  expect(() => selectBackend()).toThrow(expect.objectContaining({ code: 'storage-unavailable', details: { reason: 'denied' } }))
  vi.unstubAllGlobals()
})

test('a lone write is committed at once, for the page may be about to go; what could still miss is not', async () => {
  const backend = await indexedDbFactory().open('aurora')
  const committed = vi.spyOn(IDBTransaction.prototype, 'commit')
  await backend.apply(batch([put('marks', 'tab', row(1))]))
  await backend.apply(batch([{ kind: 'delete', store: 'marks', key: 'tab' }]))
  expect(committed).toHaveBeenCalledTimes(2)
  await backend.apply(batch([{ kind: 'add', store: 'log', key: 1, value: row(1) }]))
  await backend.apply(batch([put('log', 2, row(2))], [{ kind: 'present', store: 'log', key: 1 }]))
  await backend.apply(batch([put('log', 3, row(3)), put('log', 4, row(4))]))
  expect(committed).toHaveBeenCalledTimes(2)
  committed.mockRestore()
})

test('the durability that was asked for reaches the engine, and only the named stores are held, with one that all writers share', async () => {
  const backend = await indexedDbFactory().open('aurora')
  const begun = vi.spyOn(IDBDatabase.prototype, 'transaction')
  await backend.apply({ expect: [], operations: [put('log', 1, row(1))], durability: 'strict' })
  await backend.apply(batch([put('pages', label(1), row(1))], [{ kind: 'present', store: 'log', key: 1 }]))
  expect(begun.mock.calls).toEqual([
    [['log', 'jobs'], 'readwrite', { durability: 'strict' }],
    [['log', 'pages', 'jobs'], 'readwrite', { durability: 'relaxed' }],
  ])
  begun.mockRestore()
})
