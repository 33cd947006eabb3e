// Many messages deleted at once: what one after the other leaves, as one commit, found by ids or by the places they were read from.

import { describe, expect, it } from 'vitest'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { testBrowser } from '../kit/tabs.js'

const COUNT = 300

async function chat(open: UnlockedVault): Promise<void> {
  await open.sessions.create({ id: 's', chatLogId: 'c' })
  const messages = Array.from({ length: COUNT }, (_, i) => ({ id: `m${i}`, senderId: 'ada', type: 'user' as const, content: i % 90 === 7 ? 'long '.repeat(14_000) : `said ${i}`, timestamp: i }))
  await open.chatLogs.append('c', messages.slice(0, COUNT - 20))
  await open.checkpoint()
  // These are not in pages yet.
  await open.chatLogs.append('c', messages.slice(COUNT - 20))
}

const idsOf = async (open: UnlockedVault): Promise<string[]> => (await open.chatLogs.read('c', { limit: COUNT })).map(({ id }) => id)

describe('messages deleted at once', () => {
  it('leave what deleting one after the other leaves', async () => {
    const wanted = Array.from({ length: COUNT }, (_, i) => `m${i}`).filter((_, i) => i % 3 === 0 || i < 70)
    const [one, many] = [await testBrowser().tab(), await testBrowser().tab()]
    for (const open of [one, many]) await chat(open)
    for (const id of wanted) await one.chatLogs.deleteMessage('c', id)
    expect(await many.chatLogs.deleteMessages('c', wanted)).toBe(wanted.length)
    for (const open of [one, many]) {
      await open.checkpoint()
      expect(await open.check()).toMatchObject({ ok: true, problems: [], leftOvers: 0 })
    }
    expect(await idsOf(many)).toEqual(await idsOf(one))
    expect((await many.sessions.get('s'))?.messageCount).toBe(COUNT - wanted.length)
    const commits = { commits: expect.any(Number) as number }
    expect((await many.check()).counts).toEqual({ ...(await one.check()).counts, ...commits })
  })

  it('are one commit, and none when nothing of them is there', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    await chat(open)
    const commits = browser.disk.rows('test', 'log').size
    expect(await open.chatLogs.deleteMessages('c', ['m3', 'nothing', 'm3', 'm299'])).toBe(2)
    expect(browser.disk.rows('test', 'log').size).toBe(commits + 1)
    expect(await open.chatLogs.deleteMessages('c', ['m3', 'm299'])).toBe(0)
    expect(await open.chatLogs.deleteMessages('c', [])).toBe(0)
    expect(browser.disk.rows('test', 'log').size).toBe(commits + 1)
  })

  it('may be named as they were read, also where their number is another by now', async () => {
    const open = await testBrowser().tab()
    await chat(open)
    const read = await open.chatLogs.read('c', { limit: 40, longValues: 'defer' })
    expect(await open.chatLogs.deleteMessages('c', read)).toBe(40)
    expect(await open.chatLogs.deleteMessages('c', [{ id: 'm1', number: 200 }, { id: 'm2', number: -1 }, { id: 'm3', number: 1e9 }, { id: 'm4', number: 3.5 }])).toBe(4)
    expect((await idsOf(open)).slice(0, 2)).toEqual(['m0', 'm5'])
  })

  it('follow a transaction, and are back when it fails', async () => {
    const open = await testBrowser().tab()
    await chat(open)
    const failure = new Error('no')
    await expect(
      open.transact(async (tx) => {
        await tx.chatLogs.append('c', { id: 'new', senderId: 'ada', type: 'user', content: 'new' })
        expect(await tx.chatLogs.deleteMessages('c', ['new', 'm0'])).toBe(2)
        expect(await tx.chatLogs.count('c')).toBe(COUNT - 1)
        throw failure
      }),
    ).rejects.toBe(failure)
    expect(await idsOf(open)).toHaveLength(COUNT)
  })

  it('are refused when they are not named by ids', async () => {
    const open = await testBrowser().tab()
    await chat(open)
    for (const wrong of ['m1', [1], [{ number: 1 }], [''], undefined]) await expect(open.chatLogs.deleteMessages('c', wrong as never)).rejects.toMatchObject({ code: 'invalid-value' })
    await expect(open.chatLogs.deleteMessages('nowhere', ['m1'])).rejects.toMatchObject({ code: 'not-found' })
  })
})
