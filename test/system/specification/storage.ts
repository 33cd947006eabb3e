// Where data lies and what lies there: docs/specification.md, sections 3.1, 3.2 and 6.

import 'fake-indexeddb/auto'
import { expect } from 'vitest'
import { openVault, VaultError } from '../../../src/index.js'
import { createMemoryDisk } from '../../../src/stores/memory-disk.js'
import { selectBackend } from '../../../src/stores/select-backend.js'
import { all, contents, idsOf, row } from '../../kit/specification-rows.js'
import { PASSWORD } from '../../kit/tabs.js'
import { intercepted, message, outcomeOf } from '../../kit/vault-states.js'

/** The database as a program sees it that knows nothing of vaults. */
function rawDatabase(name: string, version?: number): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(`sealed-vault:${name}`, version)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error as Error)
  })
}

/** Everything that is stored, as text. */
function rowsOf(database: IDBDatabase): Promise<string> {
  return new Promise((resolve) => {
    const texts: string[] = []
    const transaction = database.transaction([...database.objectStoreNames], 'readonly')
    for (const name of database.objectStoreNames) {
      const store = transaction.objectStore(name)
      const [keys, values] = [store.getAllKeys(), store.getAll()]
      values.onsuccess = () => [...(keys.result as unknown[]), ...(values.result as unknown[])].forEach((bytes) => texts.push(new TextDecoder('latin1').decode(bytes instanceof Uint8Array ? bytes : new Uint8Array())))
    }
    transaction.oncomplete = () => resolve(texts.join('\n'))
  })
}

row('S-3.1', 'a vault is a database of the browser, in which nothing is clear', async ({ play, tab }) => {
  play({ backend: () => selectBackend() })
  const vault = await openVault({ name: 'managed' })
  if (vault.state !== 'empty') throw new Error(vault.state)
  const open = await vault.create(PASSWORD)
  const { chatLogId } = await open.sessions.create({ id: 'kept-secret', title: 'Montserrat' })
  await open.chatLogs.append(chatLogId, message('Montserrat by night'))
  await open.checkpoint()
  await open.lock()
  const raw = await rawDatabase('managed')
  const stored = await rowsOf(raw)
  raw.close()
  expect(stored.length).toBeGreaterThan(1000)
  expect(stored).not.toMatch(/montserrat|kept-secret/i)
  expect(idsOf(await (await tab({ name: 'managed' })).sessions.list())).toEqual(['kept-secret'])
})

row('S-3.1.1', 'the schema is made with the vault; one of a newer version is left alone', async ({ play, tab }) => {
  play({ backend: () => selectBackend() })
  await (await tab({ name: 'schema' })).lock()
  const raw = await rawDatabase('schema')
  expect([raw.version, [...raw.objectStoreNames].length]).toEqual([1, 10])
  raw.close()
  ;(await rawDatabase('schema', 99)).close()
  const vault = await openVault({ name: 'schema' })
  expect(vault).toMatchObject({ state: 'newer', error: { code: 'unsupported-version' } })
})

row('S-3.1.2', 'stores are made with the vault; instead of native indexes a sealed one answers', async ({ play, tab }) => {
  play({ backend: () => selectBackend() })
  const open = await tab({ name: 'stores' })
  const { chatLogId } = await open.sessions.create()
  await open.chatLogs.append(chatLogId, [message('a night train'), message('a day ship')])
  await open.checkpoint()
  await open.rebuildIndex()
  expect((await all(open.search('train'))).map(({ message: found }) => found.content)).toEqual(['a night train'])
  expect(await open.check()).toMatchObject({ ok: true })
  await open.lock()
  const raw = await rawDatabase('stores')
  const transaction = raw.transaction([...raw.objectStoreNames])
  expect([...raw.objectStoreNames].flatMap((name) => [...transaction.objectStore(name).indexNames])).toEqual([])
  raw.close()
})

row('S-3.1.3', 'changes of several kinds are one transaction', async ({ tab }) => {
  const open = await tab()
  const broken = open.transact(async (tx) => {
    const { chatLogId } = await tx.sessions.create({ id: 'a' })
    await tx.chatLogs.append(chatLogId, message('hello'))
    await tx.preferences.set('theme', 'dark')
    throw new Error('changed my mind')
  })
  await expect(broken).rejects.toThrow('changed my mind')
  expect([await open.sessions.count(), await open.chatLogs.list(), await open.preferences.list()]).toEqual([0, [], []])
})

row('S-3.1.4', 'what goes wrong has a code, and the vault goes on when it is over', async ({ play, tab }) => {
  let full = false
  const disk = createMemoryDisk()
  play({ disk, backend: intercepted(disk, async (batch, send) => {
    if (full && batch.operations.some(({ store }) => store === 'log')) throw new VaultError('storage-full', 'the disk is full')
    return send()
  }) })
  const open = await tab()
  full = true
  expect(await outcomeOf(open.preferences.set('theme', 'dark'))).toBe('storage-full')
  full = false
  expect(await open.preferences.get('theme')).toBeUndefined()
  await open.preferences.set('theme', 'light')
  expect(await open.preferences.get('theme')).toBe('light')
})

row('S-3.2', 'all four kinds are there after the vault was closed and opened', async ({ tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create({ id: 'a' })
  await open.chatLogs.append(chatLogId, message('hello'))
  await open.brains.put({ entityId: 'guide', model: 'small' })
  await open.preferences.set('theme', 'dark')
  await open.lock()
  const again = await tab()
  expect([idsOf(await again.sessions.list()), contents(await again.chatLogs.read(chatLogId)), (await again.brains.list()).length, await again.preferences.get('theme')]).toEqual([['a'], ['hello'], 1, 'dark'])
})

row('S-3.2.1', 'metadata and state of sessions are kept', async ({ tab }) => {
  const open = await tab()
  await open.sessions.create({ id: 'a', connectionId: 'c1', title: 'Night train', state: 'inactive' })
  await open.lock()
  expect(await (await tab()).sessions.get('a')).toMatchObject({ connectionId: 'c1', title: 'Night train', state: 'inactive' })
})

row('S-3.2.2', 'histories are kept whole, in their order', async ({ tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create()
  const said = Array.from({ length: 150 }, (_, i) => `message ${i}`)
  await open.chatLogs.append(chatLogId, said.map(message))
  await open.checkpoint()
  await open.lock()
  expect(contents(await all((await tab()).chatLogs.messages(chatLogId, { order: 'oldest' })))).toEqual(said)
})

row('S-3.2.3', 'configuration and memories of a brain are kept', async ({ tab }) => {
  const open = await tab()
  const brain = { entityId: 'guide', model: 'small', configuration: { mood: 'calm', depth: { of: [1, 2] } }, memories: ['likes trains', { on: 3 }] }
  await open.brains.put(brain)
  await open.lock()
  expect(await (await tab()).brains.get('guide')).toMatchObject(brain)
})

row('S-3.2.4', 'settings are kept', async ({ tab }) => {
  const open = await tab()
  await open.preferences.set('theme', { name: 'dark', contrast: 2 })
  await open.preferences.set('gone', 1)
  await open.preferences.delete('gone')
  await open.lock()
  expect((await (await tab()).preferences.list()).map(({ key, value }) => [key, value])).toEqual([['theme', { name: 'dark', contrast: 2 }]])
})

row('S-6', 'the stores of the specification are kinds of records, each asked as its index would be', async ({ tab }) => {
  const open = await tab()
  await open.sessions.create({ id: 'a', participants: ['ada'], chatLogId: 'log' })
  await open.brains.put({ entityId: 'guide', model: 'small' })
  expect([await open.sessions.list({ participants: ['ada'] }), await open.chatLogs.list({ sessionId: 'a' })].map(idsOf)).toEqual([['a'], ['log']])
  expect((await open.brains.list({ model: 'small' })).map(({ entityId }) => entityId)).toEqual(['guide'])
})

row('S-6.1', 'sessions by id, by time, by each of their participants', async ({ tab }) => {
  const open = await tab()
  await open.sessions.create({ id: 'old', participants: ['ada', 'guide'], createdAt: 1000 })
  await open.sessions.create({ id: 'new', participants: ['ben', 'guide'], createdAt: 2000 })
  expect(await open.sessions.get('old')).toMatchObject({ id: 'old' })
  // The key is one of a kind, as a key path would have it.
  expect(await outcomeOf(open.sessions.create({ id: 'old' }))).toBe('conflict')
  expect(idsOf(await open.sessions.list({ createdFrom: 1500 }))).toEqual(['new'])
  expect([idsOf(await open.sessions.list({ participants: ['ben'] })), idsOf(await open.sessions.list({ participants: ['guide'] }))]).toEqual([['new'], ['new', 'old']])
})

row('S-6.2', 'chat logs by id and by session', async ({ tab }) => {
  const open = await tab()
  await open.sessions.create({ id: 'a', chatLogId: 'first' })
  await open.chatLogs.create({ id: 'second', sessionId: 'a' })
  await open.sessions.create({ id: 'b' })
  expect(await open.chatLogs.get('second')).toMatchObject({ id: 'second', sessionId: 'a', count: 0 })
  expect(idsOf(await open.chatLogs.list({ sessionId: 'a' }))).toEqual(['first', 'second'])
})

row('S-6.3', 'brains by entity and by model', async ({ tab }) => {
  const open = await tab()
  for (const [entityId, model] of [['guide', 'small'], ['oracle', 'large'], ['clerk', 'small']]) await open.brains.put({ entityId: entityId!, model: model! })
  expect(await open.brains.get('oracle')).toMatchObject({ model: 'large' })
  expect((await open.brains.list({ model: 'small' })).map(({ entityId }) => entityId).sort()).toEqual(['clerk', 'guide'])
})
