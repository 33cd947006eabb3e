// Whether the vault knows its last archive, and suggests the next at the right time.

import { describe, expect, it } from 'vitest'
import { createRecoveryCode } from '../../src/crypto/recovery-code.js'
import { bytesOf, jsonOf } from '../kit/archives.js'
import { testBrowser } from '../kit/tabs.js'

const recoveryCode = createRecoveryCode()
const DAY = 24 * 60 * 60 * 1000
const say = (content: string) => ({ senderId: 'ada', type: 'user' as const, content })

describe('the status of backups', () => {
  it('follows exports, changes and time', async () => {
    let now = 1_000_000
    const browser = testBrowser({ now: () => now })
    const open = await browser.tab()
    expect(await open.backup.status()).toEqual({ changes: { sessions: 0, chatLogs: 0, brains: 0, preferences: 0, items: 0 }, suggestion: 'none' })
    const { chatLogId } = await open.sessions.create({ id: 'one' })
    await open.preferences.set('theme', 'dark')
    expect(await open.backup.status()).toEqual({ changes: { sessions: 1, chatLogs: 1, brains: 0, preferences: 1, items: 0 }, suggestion: 'first' })

    // A part is no backup, nor is one that nobody took.
    await bytesOf((await open.exportArchive({ recoveryCode, sessionIds: ['one'] })).stream)
    await (await open.exportArchive({ recoveryCode })).stream.cancel()
    expect((await open.backup.status()).last).toBeUndefined()

    now += 5
    const { stream, report } = await open.exportArchive({ recoveryCode })
    const { length } = await bytesOf(stream)
    const { archiveId, seq } = await report
    const last = { archiveId, seq, at: now, bytes: length, automatic: false }
    expect(await open.backup.status()).toEqual({ last, changes: { sessions: 0, chatLogs: 0, brains: 0, preferences: 0, items: 0 }, suggestion: 'none' })

    await open.chatLogs.append(chatLogId, say('more'))
    expect(await open.backup.status()).toEqual({ last, changes: { sessions: 1, chatLogs: 1, brains: 0, preferences: 0, items: 0 }, suggestion: 'none' })
    now += 7 * DAY
    expect((await open.backup.status()).suggestion).toBe('due')
    now -= 7 * DAY
    await open.transact(async (tx) => {
      for (let i = 0; i < 20; i++) await tx.preferences.set(`key ${i}`, i)
    })
    expect((await open.backup.status()).suggestion).toBe('due')
    await open.lock()
    expect((await (await browser.tab()).backup.status()).last).toEqual(last)
  })

  it('is kept where no app and no archive sees it', async () => {
    const open = await testBrowser().tab()
    await open.preferences.set('theme', 'dark')
    await bytesOf((await open.exportArchive({ recoveryCode })).stream)
    expect(await open.preferences.list()).toHaveLength(1)
    expect(await open.preferences.get('sealed-vault/last archive')).toBeUndefined()
    await expect(open.preferences.set('sealed-vault/last archive', 1)).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'reserved' } })
    await expect(open.preferences.delete('sealed-vault/last archive')).rejects.toMatchObject({ code: 'invalid-value' })
    expect((await jsonOf(await open.exportJson({ unprotected: true }))).preferences.map(({ key }) => key)).toEqual(['theme'])
    const { stream, report } = await open.exportArchive({ recoveryCode })
    await bytesOf(stream)
    expect((await report).counts.preferences).toBe(1)
  })
})
