// Several changes as one commit, a streamed answer, and tabs that have no locks between them.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { memoryLocks, type FairLocks } from '../../src/stores/locks.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { testBrowser } from '../kit/tabs.js'
import { message, outcomeOf, settle } from '../kit/vault-states.js'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('a transaction', () => {
  it('saves all or nothing, over all kinds of records', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const result = await tab.transact(async (tx) => {
      const session = await tx.sessions.create({ id: 's', chatLogId: 'c' })
      await tx.chatLogs.append(session.chatLogId, { ...message('hello'), id: 'm' })
      await tx.brains.put({ entityId: 'e', model: 'm' })
      await tx.preferences.set('k', 1)
      // Reads inside see what was written inside.
      return [await tx.chatLogs.count('c'), (await tx.sessions.get('s'))?.title, await tx.preferences.get('k'), (await tx.brains.get('e'))?.model]
    })
    expect(result).toEqual([1, 'hello', 1, 'm'])
    const commits = browser.disk.rows('test', 'log').size
    const failure = new Error('thought better of it')
    await expect(
      tab.transact(async (tx) => {
        await tx.chatLogs.append('c', message('never'))
        await tx.brains.delete('e')
        await tx.sessions.delete('s')
        expect(await tx.sessions.count()).toBe(0)
        throw failure
      }),
    ).rejects.toBe(failure)
    expect(browser.disk.rows('test', 'log').size).toBe(commits)
    expect(await tab.chatLogs.count('c')).toBe(1)
    expect((await tab.brains.get('e'))?.model).toBe('m')
    await tab.lock()
    const again = await browser.tab()
    expect(await again.chatLogs.count('c')).toBe(1)
    expect(await again.check()).toMatchObject({ ok: true })
  })

  it('may catch a refusal inside and go on', async () => {
    const tab = await testBrowser().tab()
    await tab.sessions.create({ id: 's' })
    await tab.transact(async (tx) => {
      await expect(tx.sessions.create({ id: 's' })).rejects.toMatchObject({ code: 'conflict' })
      await expect(tx.chatLogs.append('nowhere', message('m'))).rejects.toMatchObject({ code: 'not-found' })
      await tx.preferences.set('went on', true)
    })
    expect(await tab.preferences.get('went on')).toBe(true)
    expect(await tab.sessions.count()).toBe(1)
  })

  it('without a change makes no commit', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const commits = browser.disk.rows('test', 'log').size
    expect(await tab.transact(async (tx) => tx.sessions.count())).toBe(0)
    expect(browser.disk.rows('test', 'log').size).toBe(commits)
  })

  it('runs again when another tab was faster, and sees what that one did', async () => {
    const browser = testBrowser()
    const a = await browser.tab()
    const b = await browser.tab()
    await a.preferences.set('sum', 0)
    await b.preferences.list()
    const add = (tab: UnlockedVault) => tab.transact(async (tx) => tx.preferences.set('sum', ((await tx.preferences.get('sum')) as number) + 1))
    await settle()
    await Promise.all([...Array.from({ length: 20 }, () => add(a)), ...Array.from({ length: 20 }, () => add(b))])
    await settle()
    expect(await a.preferences.get('sum')).toBe(40)
  })

  it('that waits for the vault itself is given up after 30 seconds, and the vault goes on', async () => {
    const tab = await testBrowser().tab()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let inner: Promise<unknown> | undefined
    const outer = outcomeOf(
      tab.transact(async (tx) => {
        await tx.preferences.set('outer', 1)
        inner = tab.preferences.set('inner', 1)
        await inner
      }),
    )
    await vi.advanceTimersByTimeAsync(29_000)
    let ended = false
    void outer.then(() => (ended = true))
    await vi.advanceTimersByTimeAsync(0)
    expect(ended).toBe(false)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await outer).toBe('busy')
    vi.useRealTimers()
    await inner
    expect([await tab.preferences.get('outer'), await tab.preferences.get('inner')]).toEqual([undefined, 1])
    await tab.lock()
  })

  it('refuses what is no function', async () => {
    const tab = await testBrowser().tab()
    await expect(tab.transact(undefined as never)).rejects.toThrow(TypeError)
    await tab.preferences.set('still', 'usable')
  })
})

describe('a streamed answer', () => {
  it('of fifty updates is a few commits, and its end is saved', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    const { id } = await tab.chatLogs.append(chatLogId, { senderId: 'ai', type: 'assistant', content: '' })
    const before = browser.disk.rows('test', 'log').size
    let content = ''
    const updates: Promise<unknown>[] = []
    for (let i = 0; i < 50; i++) {
      content += ` word${i}`
      updates.push(tab.chatLogs.update(chatLogId, id, { content }))
      if (i % 5 === 0) await settle(1)
    }
    await Promise.all(updates)
    expect(browser.disk.rows('test', 'log').size - before).toBeLessThanOrEqual(5)
    expect((await tab.chatLogs.getMessage(chatLogId, id))?.content).toBe(content)
    await tab.lock()
    expect((await (await browser.tab()).chatLogs.getMessage(chatLogId, id))?.content).toBe(content)
  })

  it('keeps its place among other changes', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    const { id } = await tab.chatLogs.append(chatLogId, { senderId: 'ai', type: 'assistant', content: '' })
    await tab.chatLogs.update(chatLogId, id, { content: 'a' })
    const held = tab.chatLogs.update(chatLogId, id, { content: 'b' })
    await settle(1)
    const gone = tab.chatLogs.deleteMessage(chatLogId, id)
    await expect(held).resolves.toMatchObject({ content: 'b' })
    await expect(gone).resolves.toBe(true)
    await expect(tab.chatLogs.update(chatLogId, id, { content: 'c' })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('is saved by lock() without waiting for its turn', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    const { id } = await tab.chatLogs.append(chatLogId, { senderId: 'ai', type: 'assistant', content: '' })
    const updates = ['a', 'ab', 'abc'].map((content) => tab.chatLogs.update(chatLogId, id, { content }))
    await settle(5)
    updates.push(tab.chatLogs.update(chatLogId, id, { content: 'abcd' }))
    await settle(1)
    await tab.lock()
    await Promise.all(updates)
    expect((await (await browser.tab()).chatLogs.getMessage(chatLogId, id))?.content).toBe('abcd')
  })

  it('of two messages at once loses neither', async () => {
    const tab = await testBrowser().tab()
    const { chatLogId } = await tab.sessions.create()
    const ids = await Promise.all([1, 2].map(async () => (await tab.chatLogs.append(chatLogId, { senderId: 'ai', type: 'assistant', content: '' })).id))
    await Promise.all(Array.from({ length: 40 }, (_, i) => tab.chatLogs.update(chatLogId, ids[i % 2]!, i % 4 < 2 ? { content: `${i}` } : { timestamp: i })))
    const [a, b] = await tab.chatLogs.read(chatLogId)
    expect([a!.content, a!.timestamp, b!.content, b!.timestamp]).toEqual(['36', 38, '37', 39])
  })
})

describe('without locks between tabs', () => {
  it('two tabs still write one vault', async () => {
    const none: FairLocks = { ...memoryLocks(), available: false, request: async (_name, _options, run) => run(true), heldNames: async () => undefined }
    const browser = testBrowser({ locks: none })
    const a = await browser.tab()
    const b = await browser.tab()
    await Promise.all([...Array.from({ length: 20 }, (_, i) => a.preferences.set(`a${i}`, i)), ...Array.from({ length: 20 }, (_, i) => b.preferences.set(`b${i}`, i))])
    await settle()
    expect(await a.preferences.list()).toHaveLength(40)
    expect(await b.check()).toMatchObject({ ok: true })
  })
})
