// Who can read what, and what leaves the browser: docs/specification.md, section 14.

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'
import { destroyVault, listVaults, openVault } from '../../../src/index.js'
import type { MemoryDisk } from '../../../src/stores/memory-disk.js'
import { STORE_IDS, type StoreName } from '../../../src/stores/backend.js'
import { bytesOf } from '../../kit/archive-json.js'
import { CODE } from '../../kit/devices.js'
import { contents, row, textOf } from '../../kit/specification-rows.js'
import { PASSWORD } from '../../kit/tabs.js'
import { message, outcomeOf } from '../../kit/vault-states.js'

const stores = Object.keys(STORE_IDS) as StoreName[]

/** All rows of a vault, with their keys, as bytes. */
function stored(disk: MemoryDisk): string {
  return stores.flatMap((store) => disk.rows('test', store).entries().flatMap(([key, value]) => [typeof key === 'object' ? new TextDecoder('latin1').decode(key) : String(key), new TextDecoder('latin1').decode(value)])).join('\n')
}

row('S-14', 'the password opens everything, and nothing else does', async ({ tab }) => {
  const open = await tab()
  await open.preferences.set('theme', 'dark')
  await open.lock()
  expect(await outcomeOf(open.preferences.get('theme'))).toBe('locked')
  const vault = await openVault({ name: 'test' })
  if (vault.state !== 'locked') throw new Error(vault.state)
  expect(Object.keys(vault)).not.toContain('preferences')
  expect(await outcomeOf(vault.unlock('another password'))).toBe('wrong-password')
  expect(await (await vault.unlock(PASSWORD)).preferences.get('theme')).toBe('dark')
})

row('S-14.1', 'whatever was written, nothing of it lies in the store in clear', async ({ browser, tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create({ id: 'secret-id', title: 'Secretitle', keywords: ['secretword'], participants: ['secretwho'] })
  await open.chatLogs.append(chatLogId, [message('secretly said'), message('secret '.repeat(20_000))])
  await open.brains.put({ entityId: 'secretity', model: 'secretmodel' })
  await open.preferences.set('secretkey', 'secretvalue')
  await open.checkpoint()
  expect(stored(browser.disk)).not.toMatch(/secret/i)
  const report = await open.audit()
  expect([report.isUnprotected, report.unsealed.every(({ isExpected }) => isExpected)]).toEqual([false, true])
})

row('S-14.1.1', 'a password is optional, encryption is not: without one the browser keeps the key, and it is said', async ({ browser, tab }) => {
  const vault = await openVault({ name: 'test' })
  if (vault.state !== 'empty') throw new Error(vault.state)
  const open = await vault.create({ device: true })
  await open.preferences.set('theme', 'secretly dark')
  expect([await open.slots.isUnprotected(), stored(browser.disk).includes('secretly')]).toEqual([true, false])
  await open.protect({ device: true }, PASSWORD)
  expect(await open.slots.isUnprotected()).toBe(false)
  await open.lock()
  expect(await (await tab()).preferences.get('theme')).toBe('secretly dark')
})

row('S-14.1.2', 'keys come from the password by many rounds with a salt, or by Argon2id', async ({ tab }) => {
  const open = await tab()
  const [slot] = await open.slots.list()
  expect(slot).toMatchObject({ kind: 'password', iterations: expect.any(Number) })
  await open.changePassword(PASSWORD, 'another one')
  await open.lock()
  const vault = await openVault({ name: 'test', passwordKdf: 'argon2id' })
  if (vault.state !== 'locked') throw new Error(vault.state)
  expect(await outcomeOf(vault.unlock(PASSWORD))).toBe('wrong-password')
  const again = await vault.unlock('another one')
  await again.changePassword('another one', PASSWORD)
  expect((await again.slots.list())[0]).toMatchObject({ argon2id: { memoryKiB: expect.any(Number) } })
})

row('S-14.1.3', 'data keys lie wrapped under each way in, and are gone with the lock', async ({ tab }) => {
  const open = await tab()
  await open.preferences.set('theme', 'dark')
  const code = await open.createRecoveryCode(PASSWORD)
  expect((await open.slots.list()).map(({ kind }) => kind).sort()).toEqual(['password', 'recovery'])
  await open.lock()
  const vault = await openVault({ name: 'test' })
  if (vault.state !== 'locked') throw new Error(vault.state)
  const again = await vault.unlock({ recoveryCode: code })
  expect(await again.preferences.get('theme')).toBe('dark')
  const recovery = (await again.slots.list()).find(({ kind }) => kind === 'recovery')!
  await again.slots.remove(PASSWORD, recovery.id)
  expect((await again.audit()).slots.map(({ kind }) => kind)).toEqual(['password'])
})

row('S-14.1.4', 'everything gets new keys while it is in use, and the old ones open nothing', async ({ tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create()
  await open.chatLogs.append(chatLogId, message('before'))
  await open.checkpoint()
  const rotating = open.rotateKeys(PASSWORD)
  await open.chatLogs.append(chatLogId, message('meanwhile'))
  expect(await rotating).toMatchObject({ skipped: [], keepsOldKeys: false })
  expect((await open.audit()).epochs.map(({ id, state }) => [id, state])).toEqual([[2, 'active']])
  expect([contents(await open.chatLogs.read(chatLogId)), open.rotation.status.state, (await open.check()).ok]).toEqual([['before', 'meanwhile'], 'none', true])
})

row('S-14.2', 'what an app needs for the wishes of a user: to see, to take along, to erase', async ({ browser, tab }) => {
  const open = await tab()
  await open.sessions.create({ id: 'a', title: 'mine' })
  expect(await textOf(await open.exportJson({ unprotected: true }))).toContain('"title":"mine"')
  await open.sessions.delete('a')
  expect(await textOf(await open.exportJson({ unprotected: true }))).not.toContain('"title":"mine"')
  await destroyVault('test')
  expect([await listVaults(), browser.disk.names()]).toEqual([[], []])
})

row('S-14.2.1', 'a vault is a database of this origin, and what lies beside it is named', async ({ browser, tab }) => {
  const open = await tab()
  await open.preferences.set('theme', 'dark')
  expect(browser.disk.names()).toEqual(['test'])
  const { unsealed, sealed } = await open.audit()
  expect(sealed.find(({ where }) => where === 'log')!.rows).toBeGreaterThan(0)
  expect(unsealed.every(({ what, why }) => what !== '' && why !== '')).toBe(true)
  expect((await open.storage()).kind).toBe('memory')
})

row('S-14.2.2', 'nothing is sent: no code that could, and no call while everything is done', async ({ tab }) => {
  const ways = ['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource', 'RTCPeerConnection', 'WebTransport'] as const
  const calls: string[] = []
  for (const way of ways) {
    vi.stubGlobal(way, function sent() {
      calls.push(way)
      throw new Error(`${way} was called`)
    })
  }
  try {
    const open = await tab()
    const { chatLogId } = await open.sessions.create()
    await open.chatLogs.append(chatLogId, message('needle'))
    await open.checkpoint()
    for await (const hit of open.search('needle')) expect(hit.message.content).toBe('needle')
    await bytesOf((await open.exportArchive({ recoveryCode: CODE })).stream)
    await open.rotateKeys(PASSWORD)
    await open.lock()
  } finally {
    vi.unstubAllGlobals()
  }
  expect(calls).toEqual([])
  const root = fileURLToPath(new URL('../../../src/', import.meta.url))
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  // Methods of our own may be called fetch: of that name only the global one is looked for.
  const sending = /(?:globalThis|window|self)\.fetch\b|\bnew (?:XMLHttpRequest|WebSocket|EventSource|RTCPeerConnection|WebTransport)\b|sendBeacon|importScripts/
  expect(files.length).toBeGreaterThan(100)
  expect(files.filter((name) => sending.test(readFileSync(root + name, 'utf8')))).toEqual([])
})

row('S-14.2.3', 'a copy can tell what was said and not who said it', async ({ tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create({ participants: ['ada'], title: 'With Ada' })
  await open.chatLogs.append(chatLogId, { ...message('Ada will meet Grace in Vienna'), senderId: 'grace' })
  const copy = await textOf(await open.exportJson({ unprotected: true, anonymise: { words: ['Vienna'], times: 'day' } }))
  expect(copy).toContain('person-1 will meet person-2 in [word-1]')
  expect(copy).not.toMatch(/ada|grace|vienna/i)
  expect(await textOf(await open.exportJson({ unprotected: true, anonymise: { texts: 'mask' } }))).toContain('xxx xxxx xxxx xxxxx xx xxxxxx')
})

row('S-14.2.4', 'access, correction, a copy to take along, erasure of a part and of everything', async ({ browser, tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create({ id: 'a', participants: ['ada'], title: 'hers' })
  await open.chatLogs.append(chatLogId, { ...message('wrong'), id: 'm1' })
  await open.sessions.create({ id: 'b', participants: ['ben'], title: 'his' })
  await open.chatLogs.update(chatLogId, 'm1', { content: 'right' })
  const copy = JSON.parse(await textOf(await open.exportJson({ unprotected: true, participants: ['ada'] }))) as { sessions: unknown[]; chatLogs: unknown[] }
  expect(copy).toMatchObject({ sessions: [{ id: 'a', title: 'hers' }], chatLogs: [{ messages: [{ content: 'right' }] }] })
  for (const { id } of await open.sessions.list({ participants: ['ada'] })) await open.sessions.delete(id)
  // What the engine has not yet cleared away opens with no key that is left.
  await open.checkpoint()
  await open.rotateKeys(PASSWORD)
  expect((await open.audit()).epochs).toHaveLength(1)
  expect(await textOf(await open.exportJson({ unprotected: true }))).not.toMatch(/hers|right/)
  await open.lock()
  await destroyVault('test')
  expect([await listVaults(), browser.disk.names(), (await openVault({ name: 'test' })).state]).toEqual([[], [], 'empty'])
})
