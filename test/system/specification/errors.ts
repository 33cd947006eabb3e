// What goes wrong, and how it ends: docs/specification.md, section 12.

import { expect } from 'vitest'
import { isVaultError, openVault, restoreVault, VaultError } from '../../../src/index.js'
import { createMemoryDisk } from '../../../src/stores/memory-disk.js'
import type { SealedBytes } from '../../../src/brand.js'
import { archiveOf, CODE } from '../../kit/devices.js'
import { contents, idsOf, row, type Stage } from '../../kit/specification-rows.js'
import { damageHeader, PASSWORD } from '../../kit/tabs.js'
import { intercepted, message, outcomeOf } from '../../kit/vault-states.js'

/** A disk that is full when it is told so. */
function fillable({ play }: Stage): { full: boolean } {
  const state = { full: false }
  const disk = createMemoryDisk()
  play({ disk, backend: intercepted(disk, async (batch, send) => {
    if (state.full && batch.operations.some(({ store }) => store === 'log')) throw new VaultError('storage-full', 'the disk is full')
    return send()
  }) })
  return state
}

/** Flips a bit in every page that work added. */
async function damagedPages({ browser }: Stage, work: () => Promise<unknown>): Promise<void> {
  const pages = browser.disk.rows('test', 'pages')
  const before = new Set(pages.keys().map(String))
  await work()
  for (const key of pages.keys().filter((added) => !before.has(String(added)))) {
    const row = pages.get(key)!.slice() as SealedBytes
    row[row.length >> 1]! ^= 1
    pages.set(key, row)
  }
}

row('S-12', 'errors say what failed by a code, and carry nothing of what is stored', async ({ tab }) => {
  const open = await tab()
  const error: unknown = await open.sessions.create({ id: 'secret trip', keywords: ['secret word', 7 as never] }).catch((thrown: unknown) => thrown)
  expect(isVaultError(error)).toBe(true)
  expect(error).toMatchObject({ code: 'invalid-value', details: { fields: [expect.stringContaining('keywords')] } })
  const { message: said, details } = error as VaultError
  expect(said + JSON.stringify(details)).not.toMatch(/secret/)
})

row('S-12.1', 'the four kinds of trouble have codes of their own', async (stage) => {
  const disk = fillable(stage)
  const open = await stage.tab()
  disk.full = true
  expect(await outcomeOf(open.preferences.set('a', 1))).toBe('storage-full')
  disk.full = false
  await open.lock()
  expect(await outcomeOf(open.preferences.get('a'))).toBe('locked')
  stage.play({ backend: () => ({ kind: 'memory', open: () => Promise.reject(new VaultError('storage-blocked', 'another tab holds it')), list: async () => [], destroy: async () => {} }) as never })
  expect(await openVault({ name: 'test' })).toMatchObject({ state: 'unavailable', error: { code: 'storage-blocked' } })
})

row('S-12.1.1', 'a connection that is dropped is made again by the next call', async ({ browser, tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create()
  await open.chatLogs.append(chatLogId, message('before'))
  browser.disk.disconnect()
  await open.chatLogs.append(chatLogId, message('after'))
  expect(contents(await open.chatLogs.read(chatLogId))).toEqual(['before', 'after'])
})

row('S-12.1.2', 'a transaction that fails leaves nothing behind', async (stage) => {
  const disk = fillable(stage)
  const open = await stage.tab()
  await open.sessions.create({ id: 'a', title: 'before' })
  disk.full = true
  const change = open.transact(async (tx) => {
    await tx.sessions.update('a', { title: 'after' })
    await tx.preferences.set('theme', 'dark')
  })
  expect(await outcomeOf(change)).toBe('storage-full')
  disk.full = false
  expect([(await open.sessions.get('a'))!.title, await open.preferences.list()]).toEqual(['before', []])
  await open.lock()
  expect((await (await stage.tab()).sessions.get('a'))!.title).toBe('before')
})

row('S-12.1.3', 'while the disk is full everything waits, and is saved when there is room', async (stage) => {
  const disk = fillable(stage)
  let clock = 0
  const { world, system, frames } = await stage.world({ now: () => clock })
  world.chats.open('a', 'ada')
  world.chats.say('a', 'said while it was full')
  disk.full = true
  await frames()
  expect(world.troubles()).toMatchObject([{ task: 'save', willRetry: true, error: { code: 'storage-full' } }])
  expect(await outcomeOf(system.flush())).toBe('storage-full')
  disk.full = false
  clock += 60_000
  await frames()
  expect([contents(await system.storage.messages('a')), system.isSaved]).toEqual([['said while it was full'], true])
  expect(world.events.map(({ kind }) => kind)).toContain('recovered')
})

row('S-12.1.4', 'damage is found, named, and mended from a backup', async (stage) => {
  const open = await stage.tab()
  await open.sessions.create({ id: 'a', chatLogId: 'torn' })
  await open.chatLogs.append('torn', [message('one'), message('two')])
  const backup = await archiveOf(open)
  await damagedPages(stage, () => open.checkpoint())
  open.releaseMemory()
  expect(await outcomeOf(open.chatLogs.read('torn'))).toBe('corrupt')
  expect((await open.check()).problems).toContainEqual(expect.objectContaining({ code: 'corrupt', where: 'pages' }))
  const { open: whole } = await restoreVault({ name: 'test' }, backup, { recoveryCode: CODE, newPassword: PASSWORD, replace: true })
  expect([contents(await whole.chatLogs.read('torn')), (await whole.check()).ok]).toEqual([['one', 'two'], true])
})

row('S-12.2', 'where one thing does not work the others do', async (stage) => {
  const open = await stage.tab({ index: false })
  const { chatLogId } = await open.sessions.create()
  await open.chatLogs.append(chatLogId, message('needle'))
  // No index: every message is read instead.
  const found: string[] = []
  for await (const { message: hit } of open.search('needle')) found.push(hit.content)
  expect(found).toEqual(['needle'])
})

row('S-12.2.1', 'what opens the vault lies a second time outside of the database', async ({ browser, tab }) => {
  const open = await tab()
  await open.preferences.set('theme', 'dark')
  await open.lock()
  damageHeader(browser.disk)
  const vault = await openVault({ name: 'test' })
  if (vault.state !== 'locked') throw new Error(vault.state)
  expect(await (await vault.unlock(PASSWORD)).preferences.get('theme')).toBe('dark')
})

row('S-12.2.2', 'without a database nothing is made up: the state says so, and tries again', async ({ play, browser }) => {
  let broken = true
  const factory = browser.environment.backend()
  play({ backend: () => ({ ...factory, open: (name) => (broken ? Promise.reject(new VaultError('storage-unavailable', 'private window')) : factory.open(name)) }) })
  const vault = await openVault({ name: 'test' })
  if (vault.state !== 'unavailable') throw new Error(vault.state)
  expect(vault.error.code).toBe('storage-unavailable')
  broken = false
  expect((await vault.retry()).state).toBe('empty')
})

row('S-12.2.3', 'what is whole stays readable beside what is damaged', async (stage) => {
  const open = await stage.tab()
  await open.sessions.create({ id: 'a', chatLogId: 'whole' })
  await open.chatLogs.append('whole', Array.from({ length: 40 }, (_, i) => message(`needle ${i}`)))
  await open.checkpoint()
  await open.sessions.create({ id: 'b', chatLogId: 'torn' })
  await open.chatLogs.append('torn', Array.from({ length: 40 }, (_, i) => message(`needle ${i}`)))
  await damagedPages(stage, () => open.checkpoint())
  open.releaseMemory()
  expect([(await open.chatLogs.read('whole', { limit: 100 })).length, idsOf(await open.sessions.list({ order: 'oldest' }))]).toEqual([40, ['a', 'b']])
  const { stream, report } = await open.exportArchive({ recoveryCode: CODE, damaged: 'skip' })
  await new Response(stream).arrayBuffer()
  expect((await report).counts).toMatchObject({ messages: 40, sessions: 2 })
  expect((await report).missing.length).toBeGreaterThan(0)
})

row('S-12.2.4', 'the user can be told: of trouble by the system, of warnings by the vault', async (stage) => {
  const { world, system } = await stage.world()
  const heard: string[] = []
  system.subscribe((event) => heard.push(event.kind))
  world.chats.open('a', 'ada')
  world.chats.say('a', 'two', { metadata: { context: { call: () => 1 } } as never })
  await system.flush()
  expect(world.troubles()).toMatchObject([{ task: 'save', willRetry: false, sessionId: 'a', messageId: 'a-0', error: { code: 'invalid-value' } }])
  expect(heard).toContain('trouble')
  await system.destroy()
  stage.browser.disk.wipe('world')
  expect((await stage.world()).system.state).toBe('wiped')
})
