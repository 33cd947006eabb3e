// A rotation over rows that do not open: they are skipped, kept and reported, and their keys with them, until they are healed or given up.

import { describe, expect, it } from 'vitest'
import { envelopeEpoch } from '../../src/crypto/envelope.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import type { SealedBytes } from '../../src/brand.js'
import { archiveOf, contentOf, take } from '../kit/devices.js'
import { PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'
import { epochsOn } from './rotation-scene.js'

const say = (content: string, id: string) => ({ id, senderId: 'ada', type: 'user' as const, content, timestamp: 1 })

async function filled(): Promise<{ browser: TestBrowser; open: UnlockedVault }> {
  const browser = testBrowser()
  const open = await browser.tab()
  for (const id of ['sound', 'hurt']) {
    await open.sessions.create({ id, chatLogId: id })
    await open.chatLogs.append(id, Array.from({ length: 40 }, (_, i) => say(`${id} ${i}`, `${i}`)))
    await open.checkpoint()
  }
  await open.sessions.create({ id: 'long', chatLogId: 'long' })
  await open.chatLogs.append('long', [say('x'.repeat(70_000), 'x')])
  await open.checkpoint()
  return { browser, open }
}

/** Flips a bit in the ciphertext of the rows that a chat log came to. */
async function hurt({ browser, open }: { browser: TestBrowser; open: UnlockedVault }, store: 'pages' | 'blobs' | 'blocks', which: (rows: [unknown, SealedBytes][]) => [unknown, SealedBytes]): Promise<void> {
  const rows = browser.disk.rows('test', store)
  const [key, value] = which(rows.entries())
  const copy = value.slice()
  copy[100]! ^= 1
  rows.set(key as Uint8Array<ArrayBuffer>, copy)
  open.releaseMemory()
}

/** The page that makes a chat log unreadable when it is damaged. */
async function hurtPageOf(parts: { browser: TestBrowser; open: UnlockedVault }, chatLogId: string): Promise<void> {
  for (const [key, value] of parts.browser.disk.rows('test', 'pages').entries()) {
    await hurt(parts, 'pages', () => [key, value])
    const isIt = await parts.open.chatLogs.read(chatLogId, { limit: 100 }).then(() => false, () => true)
    if (isIt) return
    parts.browser.disk.rows('test', 'pages').set(key, value)
  }
  throw new Error('no page of it was found')
}

describe('a rotation over a damaged page', () => {
  it('skips and reports it, keeps its key, and everything else moves', async () => {
    const parts = await filled()
    const { browser, open } = parts
    await hurtPageOf(parts, 'hurt')
    const report = await open.rotateKeys(PASSWORD)
    expect(report).toMatchObject({ keepsOldKeys: true, skipped: [{ where: 'pages', chatLogId: 'hurt' }] })
    expect(open.rotation.status).toMatchObject({ state: 'none', keepsOldKeys: true })
    expect(await open.chatLogs.read('sound', { limit: 100 })).toHaveLength(40)
    await expect(open.chatLogs.read('hurt', { limit: 100 })).rejects.toMatchObject({ code: 'corrupt' })
    const old = browser.disk.rows('test', 'pages').entries().filter(([, row]) => envelopeEpoch(row) === 1)
    expect(old).toHaveLength(1)
    expect((await open.check()).problems).toMatchObject([{ code: 'corrupt', where: 'pages' }, { code: 'heads' }])
    expect((await open.audit()).epochs).toMatchObject([{ id: 1, state: 'quarantine-only', rows: 1 }, { id: 2, state: 'active' }])
    await open.lock()
    const again = await browser.tab()
    await expect(again.chatLogs.read('hurt', { limit: 100 })).rejects.toMatchObject({ code: 'corrupt' })
    // The next one looks at it again, and can go on being used.
    expect(await again.rotateKeys(PASSWORD)).toMatchObject({ keepsOldKeys: true, skipped: [{ where: 'pages' }] })
    expect((await again.audit()).epochs.map(({ id, state }) => `${id} ${state}`)).toEqual(['1 quarantine-only', '3 active'])
  })

  it('that an archive heals afterwards drops the old key with the next one', async () => {
    const parts = await filled()
    const { browser, open } = parts
    const archive = await archiveOf(open)
    const before = await contentOf(open)
    await hurtPageOf(parts, 'hurt')
    await open.rotateKeys(PASSWORD)
    await take(open, archive)
    await open.checkpoint()
    expect(await contentOf(open)).toEqual(before)
    expect(await open.rotateKeys(PASSWORD)).toMatchObject({ keepsOldKeys: false, skipped: [] })
    expect(epochsOn(browser.disk)).toEqual([3])
    expect(await open.check()).toMatchObject({ ok: true })
  })

  it('gives it up when told to, and goes on saying that it was there', async () => {
    const parts = await filled()
    const { browser, open } = parts
    await hurtPageOf(parts, 'hurt')
    await hurt(parts, 'blobs', (rows) => rows[0]!)
    expect((await open.rotateKeys(PASSWORD)).skipped).toHaveLength(2)
    const report = await open.rotateKeys(PASSWORD, { damaged: 'discard' })
    expect(report.keepsOldKeys).toBe(false)
    expect(epochsOn(browser.disk)).toEqual([3])
    await expect(open.chatLogs.read('hurt', { limit: 100 })).rejects.toMatchObject({ code: 'corrupt' })
    await expect(open.chatLogs.read('long', { limit: 100 })).rejects.toMatchObject({ code: 'corrupt' })
    expect(await open.chatLogs.read('sound', { limit: 100 })).toHaveLength(40)
    await open.lock()
    const again = await browser.tab()
    await expect(again.chatLogs.read('hurt', { limit: 100 })).rejects.toMatchObject({ code: 'corrupt' })
    expect((await again.audit()).epochs).toMatchObject([{ id: 3, state: 'active' }])
  })

  it('over a damaged block of the index makes the index anew', async () => {
    const parts = await filled()
    const { browser, open } = parts
    await hurt(parts, 'blocks', (rows) => rows[0]!)
    expect(await open.rotateKeys(PASSWORD)).toMatchObject({ keepsOldKeys: false, skipped: [] })
    expect(epochsOn(browser.disk)).toEqual([2])
    expect(await open.searchPlaces('sound', { limit: 100 })).toHaveLength(40)
    expect(await open.check()).toMatchObject({ ok: true })
  })
})
