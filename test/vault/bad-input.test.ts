// What careless and hostile apps pass in: refused by name without a trace, or kept exactly as it was given.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import type { Records } from '../../src/vault/vault-records.js'
import { SECRET, dump, populate, any, message, cycle, BAD, MISPLACED, refusal } from '../kit/bad-calls.js'
import { testBrowser } from '../kit/tabs.js'

describe('bad input', () => {
  let tab: UnlockedVault
  let before: string
  beforeAll(async () => {
    tab = await testBrowser().tab()
    await populate(tab)
    before = await dump(tab)
  })
  afterAll(async () => {
    expect(await tab.check()).toMatchObject({ ok: true })
    await tab.lock()
  })

  for (const { name, call, fields } of BAD) {
    it(`is refused by name: ${name}`, async () => {
      const refused = await refusal(call(tab))
      expect(refused.code).toBe('invalid-value')
      if (fields !== undefined) expect(refused.details.fields).toEqual(fields)
      expect(refused.text).not.toContain(SECRET)
      expect(await dump(tab)).toBe(before)
    })
  }

  for (const { name, call, code } of MISPLACED) {
    it(`is refused: ${name}`, async () => {
      const refused = await refusal(call(tab))
      expect(refused.code).toBe(code)
      expect(refused.text).not.toContain(SECRET)
      expect(await dump(tab)).toBe(before)
    })
  }

  it('inside a transaction takes the whole transaction with it', async () => {
    for (const { name, call } of [...BAD, ...MISPLACED]) {
      const refused = await refusal(
        tab.transact(async (tx) => {
          await tx.preferences.set('in vain', 1)
          await tx.chatLogs.append('c', { ...message, id: 'in vain' })
          await call(tx)
        }),
      )
      expect(refused.text, name).not.toContain(SECRET)
    }
    expect(await dump(tab)).toBe(before)
  })

  it('beside good calls spoils none of them', async () => {
    const own = await testBrowser().tab()
    await populate(own)
    const outcomes = await Promise.allSettled([
      own.chatLogs.append('c', { ...message, id: 'a' }),
      own.chatLogs.append('nowhere', message),
      own.chatLogs.append('c', any({ ...message, type: 'x' })),
      own.sessions.create({ id: 's' }),
      own.chatLogs.append('c', { ...message, id: 'a' }),
      own.chatLogs.append('c', { ...message, id: 'b' }),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected', 'rejected', 'fulfilled'])
    expect((await own.chatLogs.read('c')).map(({ id }) => id)).toEqual(['m', 'a', 'b'])
    await own.lock()
  })

  it('of reads is a mistake of the programmer', async () => {
    for (const limit of [-1, 1.5, Number.NaN, '3']) {
      await expect(tab.chatLogs.read('c', { limit: any(limit) })).rejects.toThrow(RangeError)
      if (limit !== '3') await expect(tab.sessions.list({ limit: any(limit) })).rejects.toThrow(RangeError)
    }
    await expect(tab.sessions.list({ offset: -1 })).rejects.toThrow(RangeError)
  })

  it('about ids that nothing has is no answer but undefined or false', async () => {
    for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '\u0000', '\ud800']) {
      expect([await tab.sessions.get(id), await tab.chatLogs.get(id), await tab.chatLogs.getMessage('c', id), await tab.brains.get(id), await tab.preferences.get(id)]).toEqual([undefined, undefined, undefined, undefined, undefined])
      expect([await tab.sessions.delete(id), await tab.chatLogs.delete(id), await tab.chatLogs.deleteMessage('c', id), await tab.brains.delete(id)]).toEqual([false, false, false, false])
    }
    expect(await dump(tab)).toBe(before)
  })

  it('of a load is reported by position, and saves the good ones', async () => {
    const own = await testBrowser().tab()
    const report = await own.load([
      { session: { id: 'good' }, messages: [{ ...message, id: 'x' }] },
      { session: any({ id: 'bad', titel: SECRET }), messages: [] },
      { session: { id: 'bad' }, messages: [message, any({ ...message, type: SECRET })] },
      { session: { id: 'bad' }, messages: [{ ...message, timestamp: Number.NaN }] },
      { session: { id: 'bad' }, messages: [{ ...message, metadata: any(cycle) }] },
      { session: { id: 'bad' }, messages: [{ ...message, id: 'x' }, { ...message, id: 'x' }] },
      { session: any(null), messages: [] },
      { session: { id: 'good too' }, messages: [] },
    ])
    expect(report).toMatchObject({ loaded: 2, messages: 1, skipped: 0 })
    expect(report.refused.map(({ index, error }) => [index, error.code])).toEqual([[1, 'invalid-value'], [2, 'invalid-value'], [3, 'invalid-value'], [4, 'invalid-value'], [5, 'conflict'], [6, 'invalid-value']])
    expect(JSON.stringify(report.refused.map(({ error }) => [error.message, error]))).not.toContain(SECRET)
    expect((await own.sessions.list()).map(({ id }) => id).sort()).toEqual(['good', 'good too'])
    await own.checkpoint()
    expect(await own.check()).toMatchObject({ ok: true })
    await own.lock()
  })

  it('of 17 MB in small pieces is refused as too large, and the vault goes on', async () => {
    const own = await testBrowser().tab()
    await populate(own)
    const was = await dump(own)
    const pieces = Array.from({ length: 340 }, () => SECRET.repeat(1500))
    const attempts: ((records: Records) => Promise<unknown>)[] = [
      (r) => r.chatLogs.append('c', { ...message, metadata: { pieces } }),
      (r) => r.chatLogs.update('c', 'm', { metadata: { pieces } }),
      (r) => r.brains.put({ entityId: 'e', model: 'm', memories: pieces }),
    ]
    for (const attempt of attempts) {
      const refused = await refusal(attempt(own))
      expect(refused).toMatchObject({ code: 'invalid-value', details: { reason: 'too-large' } })
      expect(refused.text).not.toContain(SECRET)
    }
    expect(await refusal(own.transact((tx) => attempts[0]!(tx)))).toMatchObject({ code: 'invalid-value' })
    expect(await dump(own)).toBe(was)
    await own.lock()
  })
})

describe('passwords', () => {
  it('that are none create nothing', async () => {
    const browser = testBrowser()
    const vault = await browser.open()
    if (vault.state !== 'empty') throw new Error(vault.state)
    const bad: [string, string][] = [
      ['', 'empty'],
      ['x'.repeat(1025), 'too-long'],
      ['😀'.repeat(1025), 'too-long'],
      ['x'.repeat(10_000_000), 'too-long'],
      ['ﷺ'.repeat(60), 'too-long'],
      [`${SECRET}\ud800`, 'ill-formed'],
      ['\udc00', 'ill-formed'],
    ]
    for (const [password, reason] of bad) {
      const refused = await refusal(vault.create(password))
      expect(refused).toMatchObject({ code: 'invalid-value', details: { fields: ['password'], reason } })
      expect(refused.text).not.toContain(SECRET)
    }
    for (const password of [undefined, null, 7, {}, ['x']]) await expect(vault.create(any(password))).rejects.toThrow(TypeError)
    expect((await browser.open()).state).toBe('empty')
    expect(browser.disk.rows('test', 'header').size).toBe(0)
  })

  it('at the border, of one sign, of spaces and of all scripts open what they made', async () => {
    for (const password of ['x', ' ', 'x'.repeat(1024), '😀'.repeat(1024), '\u0000', '\ufeff', 'שלום', ' padded ']) {
      const browser = testBrowser()
      const vault = await browser.open()
      if (vault.state !== 'empty') throw new Error(vault.state)
      await (await vault.create(password)).lock()
      const locked = await browser.open()
      if (locked.state !== 'locked') throw new Error(locked.state)
      await expect(locked.unlock(password === 'x' ? 'y' : 'x')).rejects.toMatchObject({ code: 'wrong-password' })
      await (await locked.unlock(password)).lock()
    }
  })

  it('are the same in every composition of their signs', async () => {
    const browser = testBrowser()
    const vault = await browser.open()
    if (vault.state !== 'empty') throw new Error(vault.state)
    await (await vault.create('caf\u00e9 \u2126 \ufb01')).lock()
    const locked = await browser.open()
    if (locked.state !== 'locked') throw new Error(locked.state)
    expect((await locked.unlock('cafe\u0301 \u03a9 fi')).state).toBe('unlocked')
  })

  it('that are none unlock nothing, and the next try may', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const locked = await browser.open()
    if (locked.state !== 'locked') throw new Error(locked.state)
    for (const password of ['', 'x'.repeat(1025), '\ud800']) await expect(locked.unlock(password)).rejects.toMatchObject({ code: 'invalid-value' })
    await expect(locked.unlock(any(undefined))).rejects.toThrow(TypeError)
    await expect(locked.unlock('wrong')).rejects.toMatchObject({ code: 'wrong-password' })
  })
})
