// The design card: docs/specification.md, its last table.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { openVault, verifyArchive } from '../../../src/index.js'
import * as system from '../../../src/system/index.js'
import { bytesOf } from '../../kit/archive-json.js'
import { all, contents, row } from '../../kit/specification-rows.js'
import { PASSWORD } from '../../kit/tabs.js'
import { message } from '../../kit/vault-states.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { dependencies: Record<string, string>; devDependencies: Record<string, string>; exports: Record<string, { types: string }> }

function sourcesBelow(folder: string): string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => readFileSync(`${root}${folder}/${name}`, 'utf8'))
}

row('D-0', 'a vault is looked up, made, and found again', async () => {
  const vault = await openVault({ name: 'card' })
  if (vault.state !== 'empty') throw new Error(vault.state)
  await (await vault.create(PASSWORD)).lock()
  expect((await openVault({ name: 'card' })).state).toBe('locked')
})

row('D-1', 'the system of the specification, in TypeScript', async ({ world: start }) => {
  const kept = await start()
  expect(kept.system).toBeInstanceOf(system.PersistenceSystem)
  expect(manifest.exports['./system']!.types).toMatch(/\.d\.ts$/)
  expect(readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).filter((name) => /\.[cm]?jsx?$/.test(name))).toEqual([])
})

row('D-2', 'a module that stores, and what it stores is encrypted', async ({ browser }) => {
  const vault = await openVault({ name: 'card' })
  if (vault.state !== 'empty') throw new Error(vault.state)
  const open = await vault.create(PASSWORD)
  await open.preferences.set('theme', 'secretly dark')
  const rows = browser.disk.rows('card', 'log').entries().map(([, bytes]) => new TextDecoder('latin1').decode(bytes)).join('')
  expect([rows.length > 0, rows.includes('secretly')]).toEqual([true, false])
})

row('D-3', 'the packages of the card, each used for what it is for', async ({ tab }) => {
  for (const [name, folder] of [['idb', 'src/stores'], ['@noble/hashes', 'src/crypto'], ['zod', 'src/vault'], ['fflate', 'src/vault']] as const) {
    expect(Object.keys(manifest.dependencies)).toContain(name)
    expect(sourcesBelow(folder).some((text) => text.includes(`from '${name}`)), name).toBe(true)
  }
  for (const name of ['vitest', 'fake-indexeddb']) expect(Object.keys(manifest.devDependencies)).toContain(name)
  // zod says which field it was.
  await expect((await tab()).sessions.create({ keywords: [7 as never] })).rejects.toMatchObject({ details: { fields: ['keywords.0'] } })
  expect((await openVault({ name: 'card' })).state).toBe('empty')
})

row('D-4', 'folders and files where the card wants them', async () => {
  for (const path of ['package.json', 'tsconfig.json', 'src/crypto', 'src/vault', 'src/stores', 'test', 'SECURITY.md']) expect(existsSync(root + path), path).toBe(true)
  expect(readFileSync(`${root}src/index.ts`, 'utf8')).toContain(openVault.name)
})

row('D-5', 'password to keys, sealed records, a search over a sealed index, packed archives, new keys', async ({ browser, tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create()
  await open.chatLogs.append(chatLogId, Array.from({ length: 300 }, (_, i) => message(`the same words over and over ${i === 7 ? 'needle' : ''}`)))
  await open.checkpoint()
  await open.rebuildIndex()
  expect((await all(open.search('needle'))).map(({ message: { number } }) => number)).toEqual([7])
  const blocks = browser.disk.rows('test', 'blocks')
  expect(blocks.size).toBeGreaterThan(0)
  expect(blocks.entries().some(([key, bytes]) => new TextDecoder('latin1').decode(bytes).includes('needle') || String(key).includes('needle'))).toBe(false)
  const recoveryCode = await open.createRecoveryCode(PASSWORD)
  const archive = await bytesOf((await open.exportArchive({ recoveryCode })).stream)
  const plain = await bytesOf(await open.exportJson({ unprotected: true }))
  expect(archive.length).toBeLessThan(plain.length / 2)
  expect((await verifyArchive(archive, { recoveryCode })).counts.messages).toBe(300)
  expect(await open.rotateKeys(PASSWORD)).toMatchObject({ skipped: [] })
})

row('D-6', 'unlocked at the start of an app, backed up, and given new keys from its settings', async ({ tab }) => {
  const first = await tab()
  const { chatLogId } = await first.sessions.create()
  await first.chatLogs.append(chatLogId, message('hello'))
  await first.lock()
  const vault = await openVault({ name: 'test' })
  if (vault.state !== 'locked') throw new Error(vault.state)
  const open = await vault.unlock(PASSWORD)
  expect((await open.backup.status()).suggestion).toBe('first')
  const { stream, report } = await open.exportArchive({ recoveryCode: await open.createRecoveryCode(PASSWORD) })
  await bytesOf(stream)
  expect((await report).counts.messages).toBe(1)
  const heard: number[] = []
  await open.rotateKeys(PASSWORD, { onProgress: ({ done }) => heard.push(done) })
  expect([heard.length > 0, contents(await open.chatLogs.read(chatLogId))]).toEqual([true, ['hello']])
})
