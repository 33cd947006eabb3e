// What does not authenticate is in no archive, unless somebody asks to go on without it; then archive and report name it.

import { describe, expect, it } from 'vitest'
import type { Bytes, SealedBytes } from '../../src/brand.js'
import { createRecoveryCode } from '../../src/crypto/recovery-code.js'
import type { StoreName } from '../../src/stores/backend.js'
import type { MemoryDisk } from '../../src/stores/memory-disk.js'
import { verify } from '../../src/vault/archive/verify-archive.js'
import { asJson, bytesOf, readWithTool } from '../kit/archives.js'
import { testBrowser } from '../kit/tabs.js'

const recoveryCode = createRecoveryCode()
const say = (content: string) => ({ senderId: 'ada', type: 'user' as const, content })

/** Damages the rows that the work adds to a store. */
async function damaging(disk: MemoryDisk, store: StoreName, work: () => Promise<unknown>): Promise<void> {
  const rows = disk.rows('test', store)
  const before = new Set(rows.keys().map(String))
  await work()
  const added = rows.keys().filter((key) => !before.has(String(key))) as Bytes[]
  expect(added.length).toBeGreaterThan(0)
  for (const key of added) {
    const row = rows.get(key)!.slice() as SealedBytes
    row[row.length >> 1]! ^= 1
    rows.set(key, row)
  }
}

async function damagedVault() {
  const browser = testBrowser()
  const tab = await browser.tab()
  const whole = await tab.sessions.create({ id: 'whole', chatLogId: 'whole log' })
  await tab.chatLogs.append(whole.chatLogId, Array.from({ length: 40 }, (_, i) => say(`whole ${i}`)))
  await tab.sessions.create({ id: 'torn', chatLogId: 'torn log' })
  await tab.chatLogs.append('torn log', Array.from({ length: 64 }, (_, i) => say(`torn ${i}`)))
  await tab.brains.put({ entityId: 'whole', model: 'm' })
  await tab.checkpoint()
  return { browser, tab }
}

/** @param inJson whether what is damaged would be in the plain JSON, too */
async function outcomes(tab: Awaited<ReturnType<typeof damagedVault>>['tab'], inJson = true) {
  tab.releaseMemory()
  await expect(bytesOf((await tab.exportArchive({ recoveryCode })).stream)).rejects.toMatchObject({ code: 'corrupt' })
  if (inJson) expect(await bytesOf(await tab.exportJson({ unprotected: true })).then(() => 'written', ({ code }: { code: string }) => code)).toBe('corrupt')
  const { stream, report } = await tab.exportArchive({ recoveryCode, damaged: 'skip' })
  const bytes = await bytesOf(stream)
  const records = await readWithTool(bytes, recoveryCode, { recoveryCode: true })
  const { missing } = await report
  expect((await verify(bytes, { recoveryCode })).missing).toEqual(missing)
  expect(records.filter(({ kind }) => kind === 'missing')).toHaveLength(missing.length)
  return { json: asJson(records), missing }
}

describe('an export of a damaged vault', () => {
  it('leaves out the page that does not open, and names it', async () => {
    const { browser, tab } = await damagedVault()
    await damaging(browser.disk, 'pages', async () => {
      await tab.chatLogs.append('torn log', Array.from({ length: 32 }, (_, i) => say(`torn ${64 + i}`)))
      await tab.checkpoint()
    })
    await tab.chatLogs.append('torn log', say('pending'))
    const { json, missing } = await outcomes(tab)
    expect(missing).toEqual([{ kind: 'message', id: 'torn log', from: 64, to: 96, reason: 'page' }])
    const torn = json.chatLogs.find(({ id }) => id === 'torn log')!
    expect(torn.messages.map(({ content }) => content)).toEqual([...Array.from({ length: 64 }, (_, i) => `torn ${i}`), 'pending'])
    expect(json.chatLogs.find(({ id }) => id === 'whole log')!.messages).toHaveLength(40)
  })

  it('leaves out a message whose long text does not open, and a brain', async () => {
    const { browser, tab } = await damagedVault()
    await damaging(browser.disk, 'blobs', () => tab.chatLogs.append('torn log', say('x'.repeat(100_000))))
    await tab.checkpoint()
    await damaging(browser.disk, 'pages', async () => {
      await tab.brains.put({ entityId: 'torn', model: 'm', memories: ['gone'] })
      await tab.checkpoint()
    })
    const { json, missing } = await outcomes(tab)
    expect(missing).toContainEqual({ kind: 'message', id: 'torn log', from: 64, to: 65, reason: 'chunk' })
    expect(missing).toContainEqual({ kind: 'brain', id: 'torn', reason: 'page' })
    expect(json.brains.map(({ entityId }) => entityId)).toEqual(['whole'])
  })

  it('names deletions that are gone', async () => {
    const { browser, tab } = await damagedVault()
    await damaging(browser.disk, 'pages', async () => {
      await tab.brains.delete('whole')
      await tab.checkpoint()
    })
    const { json, missing } = await outcomes(tab, false)
    expect(missing).toEqual([{ kind: 'deletions', id: 'tombstones', from: 0, to: 1, reason: 'page' }])
    expect(json.chatLogs.flatMap(({ messages }) => messages)).toHaveLength(104)
  })
})
