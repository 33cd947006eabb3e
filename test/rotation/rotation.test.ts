// New keys for everything, while the vault is in use. In every engine: test/browser/rotation.test.ts.

import { describe, expect, it } from 'vitest'
import { envelopeEpoch } from '../../src/crypto/envelope.js'
import type { MemoryDisk } from '../../src/stores/memory-disk.js'
import type { RotationProgress } from '../../src/index.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { contentOf } from '../kit/devices.js'
import { PASSWORD, testBrowser } from '../kit/tabs.js'

const STORES = ['heads', 'pages', 'blobs', 'blocks'] as const

/** How many rows of the stores are sealed in which epoch. */
function epochsOf(disk: MemoryDisk): Record<number, number> {
  const found: Record<number, number> = {}
  for (const store of STORES) {
    for (const [, value] of disk.rows('test', store).entries()) {
      const epoch = envelopeEpoch(value)
      found[epoch] = (found[epoch] ?? 0) + 1
    }
  }
  return found
}

async function fill(open: UnlockedVault, sessions = 6, messages = 80): Promise<void> {
  await open.load(
    Array.from({ length: sessions }, (_, s) => ({
      session: { id: `s${s}`, title: `session ${s}` },
      messages: Array.from({ length: messages }, (_, m) => ({ id: `m${m}`, senderId: 'ada', type: 'user' as const, content: `word${s} number${m} everywhere`, timestamp: m })),
    })),
  )
  const first = await open.sessions.get('s0')
  await open.chatLogs.append(first!.chatLogId!, [{ senderId: 'ada', type: 'user', content: 'long '.repeat(40_000) }])
  await open.brains.put({ entityId: 'guide', model: 'm', memories: ['tea'] })
  await open.preferences.set('theme', 'dark')
  await open.sessions.delete('s1')
  await open.checkpoint()
  await open.chatLogs.append(first!.chatLogId!, [{ senderId: 'ada', type: 'user', content: 'pending everywhere' }])
}

async function expectSound(open: UnlockedVault): Promise<void> {
  expect(await open.check()).toMatchObject({ ok: true, problems: [] })
}

async function found(open: UnlockedVault, query: string): Promise<number> {
  let hits = 0
  for await (const _ of open.search(query, { limit: 10_000 })) hits++
  return hits
}

describe('a rotation', () => {
  it('leaves no row under the old keys, and everything as it was', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    await fill(open)
    const before = await contentOf(open)
    const hits = await found(open, 'everywhere')
    expect(Object.keys(epochsOf(browser.disk))).toEqual(['1'])
    const progress: RotationProgress[] = []
    const report = await open.rotateKeys(PASSWORD, { onProgress: (step) => progress.push(step) })
    expect(report).toMatchObject({ skipped: [], keepsOldKeys: false })
    expect(report.rows).toBeGreaterThan(10)
    expect(Object.keys(epochsOf(browser.disk))).toEqual(['2'])
    expect(open.rotation.status).toMatchObject({ state: 'none', keepsOldKeys: false })
    expect(progress.filter(({ phase }) => phase === 'rekey').map(({ done }) => done)).toEqual(progress.filter(({ phase }) => phase === 'rekey').map(({ done }) => done).toSorted((a, b) => a - b))
    expect(await contentOf(open)).toEqual(before)
    expect(await found(open, 'everywhere')).toBe(hits)
    await expectSound(open)
    await open.lock()
    const again = await browser.tab()
    expect(await contentOf(again)).toEqual(before)
    expect(await found(again, 'everywhere')).toBe(hits)
    await expectSound(again)
    // And once more.
    await again.rotateKeys(PASSWORD)
    expect(Object.keys(epochsOf(browser.disk))).toEqual(['3'])
    expect(await contentOf(again)).toEqual(before)
  })

  it('is refused for a wrong password, and changes nothing', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    await fill(open, 2, 10)
    await open.checkpoint()
    await expect(open.rotateKeys('wrong')).rejects.toMatchObject({ code: 'wrong-password' })
    expect(Object.keys(epochsOf(browser.disk))).toEqual(['1'])
    expect(open.rotation.state).toBe('none')
    await expectSound(open)
  })

  it('goes on beside a tab that writes, which is handed the keys', async () => {
    const browser = testBrowser()
    const [a, b] = [await browser.tab(), await browser.tab()]
    await fill(a)
    await b.sessions.create({ id: 'mine', chatLogId: 'mine' })
    const rotation = a.rotateKeys(PASSWORD)
    for (let i = 0; i < 100; i++) await b.chatLogs.append('mine', { senderId: 'b', type: 'user', content: `during ${i}` })
    await rotation
    expect(await b.chatLogs.read('mine', { limit: 1000 })).toHaveLength(100)
    await a.checkpoint()
    expect(await a.chatLogs.read('mine', { limit: 1000 })).toHaveLength(100)
    expect(Object.keys(epochsOf(browser.disk))).toEqual(['2'])
    await expectSound(a)
    await expectSound(b)
    expect(await found(b, 'during')).toBe(100)
  })
})
