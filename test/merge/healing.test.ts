// What does not open any more comes back from an archive; what cannot be made whole again stays as it is.

import { describe, expect, it } from 'vitest'
import type { Bytes, SealedBytes } from '../../src/brand.js'
import type { StoreName } from '../../src/stores/backend.js'
import type { MemoryDisk } from '../../src/stores/memory-disk.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { archiveOf, contentOf, take } from '../kit/devices.js'
import { testBrowser } from '../kit/tabs.js'

const say = (content: string, id: string) => ({ id, senderId: 'ada', type: 'user' as const, content, timestamp: 1 })
const contents = async (open: UnlockedVault): Promise<string[]> => (await open.chatLogs.read('l', { limit: 1000 })).map(({ content }) => content)

function damage(disk: MemoryDisk, store: StoreName, isWanted: (at: number) => boolean = () => true): void {
  const rows = disk.rows('test', store)
  for (const [at, key] of ([...rows.keys()] as Bytes[]).entries()) {
    if (!isWanted(at)) continue
    const row = rows.get(key)!.slice() as SealedBytes
    row[row.length >> 1]! ^= 1
    rows.set(key, row)
  }
}

async function filled(): Promise<{ disk: MemoryDisk; open: UnlockedVault }> {
  const browser = testBrowser()
  const open = await browser.tab({ cacheBytes: 0, index: false })
  await open.sessions.create({ id: 's', chatLogId: 'l' })
  await open.chatLogs.append('l', Array.from({ length: 100 }, (_, i) => say(`message ${i}`, `m${i}`)))
  return { disk: browser.disk, open }
}

describe('an archive', () => {
  it('heals a chat whose pages are damaged', async () => {
    const { disk, open } = await filled()
    const archive = await archiveOf(open)
    const before = await contentOf(open)
    await open.checkpoint()
    damage(disk, 'pages', (at) => at % 2 === 0)
    open.releaseMemory()
    await expect(contents(open)).rejects.toMatchObject({ code: 'corrupt' })
    const report = await take(open, archive)
    expect(report.entries).toMatchObject([{ kind: 'chatLog', id: 'l', outcome: 'changed' }])
    expect(await contentOf(open)).toEqual(before)
    await open.checkpoint()
    expect(await contentOf(open)).toEqual(before)
  })

  it('that has not all of it leaves the chat as it is, and says so', async () => {
    const { disk, open } = await filled()
    const archive = await archiveOf(open)
    await open.chatLogs.append('l', Array.from({ length: 100 }, (_, i) => say(`later ${i}`, `n${i}`)))
    await open.checkpoint()
    damage(disk, 'pages')
    open.releaseMemory()
    const report = await take(open, archive)
    expect(report.entries).toMatchObject([{ kind: 'chatLog', id: 'l', outcome: 'skipped', lost: 'theirs' }])
    await expect(contents(open)).rejects.toMatchObject({ code: 'corrupt' })
  })

  it('heals long texts and brains', async () => {
    const { disk, open } = await filled()
    await open.chatLogs.append('l', say('x'.repeat(100_000), 'long'))
    await open.brains.put({ entityId: 'guide', model: 'm', memories: ['y'.repeat(100_000)] })
    const archive = await archiveOf(open)
    const before = await contentOf(open)
    await open.checkpoint()
    damage(disk, 'blobs')
    open.releaseMemory()
    await expect(contentOf(open)).rejects.toMatchObject({ code: 'corrupt' })
    await take(open, archive)
    expect(await contentOf(open)).toEqual(before)
  })
})
