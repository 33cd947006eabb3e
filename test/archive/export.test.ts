// What an export chooses, how it goes on from another one, and what it does while the vault lives on.

import { describe, expect, it } from 'vitest'
import type { ExportOptions } from '../../src/index.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { verify } from '../../src/vault/archive/verify-archive.js'
import { createRecoveryCode } from '../../src/crypto/recovery-code.js'
import { asJson, bytesOf, jsonOf, readWithTool, timeless, type JsonExport } from '../kit/archives.js'
import { testBrowser } from '../kit/tabs.js'
import { outcomeOf } from '../kit/vault-states.js'

const recoveryCode = createRecoveryCode()
const say = (content: string, timestamp: number) => ({ senderId: 'ada', type: 'user' as const, content, timestamp })

async function archived(open: UnlockedVault, options: Omit<ExportOptions, 'password' | 'recoveryCode'> = {}) {
  const { stream, report } = await open.exportArchive({ ...options, recoveryCode })
  const bytes = await bytesOf(stream)
  const records = await readWithTool(bytes, recoveryCode, { recoveryCode: true })
  return { bytes, records, json: asJson(records), report: await report }
}

const contentsOf = ({ chatLogs }: JsonExport): unknown[] => chatLogs.flatMap(({ messages }) => messages.map(({ content }) => content))
const idsOf = (records: readonly { readonly id?: unknown }[]): unknown[] => records.map(({ id }) => id)

async function threeSessions(): Promise<UnlockedVault> {
  const open = await testBrowser().tab()
  for (const [i, name] of ['one', 'two', 'three'].entries()) {
    await open.sessions.create({ id: name, chatLogId: `log ${name}`, participants: [name, i > 0 ? 'bob' : 'eve'] })
    await open.chatLogs.append(`log ${name}`, Array.from({ length: 3 }, (_, j) => say(`${name} ${j}`, 100 * i + j)))
  }
  await open.chatLogs.create({ id: 'of none' })
  await open.chatLogs.append('of none', say('none 0', 101))
  await open.brains.put({ entityId: 'guide', model: 'small' })
  await open.preferences.set('theme', 'dark')
  await open.sessions.create({ id: 'gone' })
  await open.sessions.delete('gone')
  return open
}

describe('an export', () => {
  it('of some sessions, participants, times or any mix holds these and nothing else, as the plain JSON does', async () => {
    const open = await threeSessions()
    const cases: readonly [Omit<ExportOptions, 'password' | 'recoveryCode'>, unknown[], unknown[], number][] = [
      [{ sessionIds: ['two', 'unknown'] }, ['two'], ['two 0', 'two 1', 'two 2'], 0],
      [{ participants: ['bob'] }, ['two', 'three'], ['two 0', 'two 1', 'two 2', 'three 0', 'three 1', 'three 2'], 0],
      [{ participants: ['eve', 'three'] }, ['one', 'three'], ['one 0', 'one 1', 'one 2', 'three 0', 'three 1', 'three 2'], 0],
      [{ from: 2, to: 101 }, ['one', 'two'], ['one 2', 'two 0', 'two 1', 'none 0'], 0],
      [{ participants: ['bob'], from: 102, to: 200 }, ['two', 'three'], ['two 2', 'three 0'], 0],
      [{ sessionIds: ['one'], from: 50 }, [], [], 0],
      [{ sessionIds: [], brains: true, preferences: true }, [], [], 2],
      [{ brains: false }, ['one', 'two', 'three'], ['one 0', 'one 1', 'one 2', 'two 0', 'two 1', 'two 2', 'three 0', 'three 1', 'three 2', 'none 0'], 1],
    ]
    for (const [selection, sessions, contents, others] of cases) {
      const { json, report, bytes, records } = await archived(open, selection)
      expect(idsOf(json.sessions)).toEqual(sessions)
      expect(contentsOf(json)).toEqual(contents)
      expect(json.brains.length + json.preferences.length).toBe(others)
      expect(report.counts.tombstones).toBe(0)
      expect(records[0]).toMatchObject({ kind: 'archive', selection })
      expect(json).toEqual(timeless(await jsonOf(await open.exportJson({ unprotected: true, ...selection }))))
      expect(await verify(bytes, { recoveryCode })).toMatchObject({ selection, counts: report.counts })
    }
  })

  it('since another one holds what changed and what was deleted', async () => {
    const open = await threeSessions()
    const whole = await archived(open)
    const nothing = await archived(open, { since: whole.report })
    expect(nothing.json).toMatchObject({ sessions: [], chatLogs: [], brains: [], preferences: [] })
    const [first] = await open.chatLogs.read('log two')
    await open.chatLogs.update('log two', first!.id, { content: 'edited' })
    await open.chatLogs.append('log one', say('more', 3))
    await open.checkpoint()
    await open.chatLogs.append('log one', say('pending', 4))
    await open.sessions.update('three', { title: 'Renamed' })
    await open.preferences.delete('theme')
    await open.brains.put({ entityId: 'other', model: 'large' })
    const next = await archived(open, { since: whole.report })
    expect(idsOf(next.json.sessions)).toEqual(['one', 'two', 'three'])
    expect(contentsOf(next.json)).toEqual(['more', 'pending', 'edited'])
    expect(next.json.brains.map(({ entityId }) => entityId)).toEqual(['other'])
    expect(next.report.counts).toMatchObject({ preferences: 0, tombstones: 1, chatLogs: 2 })
    expect(next.records[0]).toMatchObject({ parent: { archiveId: whole.report.archiveId, seq: whole.report.seq } })
    await expect(open.exportArchive({ recoveryCode, since: { archiveId: 'x', seq: -1 } })).rejects.toThrow(TypeError)
    await expect(bytesOf((await open.exportArchive({ recoveryCode, since: { archiveId: 'x', seq: 1e6 } })).stream)).rejects.toMatchObject({ code: 'invalid-value' })
  })

  it('is the state at one commit, whatever is written, deleted, folded or loaded while it is read', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    const other = await browser.tab()
    await open.load(Array.from({ length: 40 }, (_, i) => ({ session: { id: `s${i}` }, messages: Array.from({ length: 80 }, (_, j) => ({ id: `${i}/${j}`, ...say(`text ${i} ${j} ${'lorem ipsum '.repeat(j)}`, j) })) })))
    const { stream, report } = await open.exportArchive({ recoveryCode })
    const reader = stream.getReader()
    const parts = [(await reader.read()).value!]
    // From here on the archive is of the commit there is now.
    const before = await stateOf(open)
    const late = Promise.all([open.checkpoint(), other.load([{ session: { id: 'late' }, messages: [say('late', 1)] }])])
    for (let i = 0, done = false; !done; i++) {
      const vault = i % 2 === 0 ? open : other
      await vault.chatLogs.append(`${(await vault.sessions.get(`s${(i + 20) % 40}`))!.chatLogId!}`, say(`meanwhile ${i}`, i))
      if (i < 8) await vault.sessions.delete(`s${i}`)
      const read = await reader.read()
      done = read.done
      if (!read.done) parts.push(read.value)
    }
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer())
    expect(asJson(await readWithTool(bytes, recoveryCode, { recoveryCode: true }))).toEqual(before)
    expect((await report).counts.messages).toBe(3200)
    await late
    expect(await open.sessions.get('late')).toBeDefined()
    expect(await open.check()).toMatchObject({ ok: true })
  })

  it('ends with the signal’s reason, with a cancelled stream, and with the lock, and leaves the vault free', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    await open.load(Array.from({ length: 30 }, (_, i) => ({ session: { id: `s${i}` }, messages: Array.from({ length: 100 }, (_, j) => say(`${Math.sin(i * 100 + j)}`.repeat(20), j)) })))
    const stop = new AbortController()
    const aborted = await open.exportArchive({ recoveryCode, signal: stop.signal })
    const reader = aborted.stream.getReader()
    await reader.read()
    await reader.read()
    stop.abort(new Error('enough'))
    await expect((async () => { for (;;) if ((await reader.read()).done) return })()).rejects.toThrow('enough')
    await expect(aborted.report).rejects.toThrow('enough')

    const cancelled = await open.exportArchive({ recoveryCode })
    const second = cancelled.stream.getReader()
    await second.read()
    await second.read()
    await second.cancel(new Error('not wanted'))
    await expect(cancelled.report).rejects.toThrow('not wanted')

    const unread = await open.exportArchive({ recoveryCode })
    await unread.stream.cancel()
    await expect(unread.report).rejects.toMatchObject({ name: 'AbortError' })
    await open.sessions.create({ id: 'more' })
    expect(await open.checkpoint()).toBe(true)

    const stalled = await open.exportArchive({ recoveryCode })
    const third = stalled.stream.getReader()
    await third.read()
    await third.read()
    await open.lock()
    expect(await outcomeOf((async () => { for (;;) if ((await third.read()).done) return })())).toBe('locked')
    expect(await outcomeOf(stalled.report)).toBe('locked')
    const again = await browser.tab()
    await again.sessions.create({ id: 'after' })
    expect(await again.checkpoint()).toBe(true)
    await expect(open.exportArchive({ recoveryCode })).rejects.toMatchObject({ code: 'locked' })
    const gone = new AbortController()
    gone.abort(new Error('before'))
    await expect(again.exportArchive({ recoveryCode, signal: gone.signal })).rejects.toThrow('before')
  })

  it('is told how far it is', async () => {
    const open = await threeSessions()
    const told: { readonly done: number; readonly total: number }[] = []
    await bytesOf((await open.exportArchive({ recoveryCode, onProgress: (progress) => told.push(progress) })).stream)
    expect(told.at(-1)).toEqual({ phase: 'export', done: 10, total: 10 })
    expect(told.map(({ done }) => done)).toEqual(told.map(({ done }) => done).toSorted((a, b) => a - b))
  })

  it('refuses what cannot be a secret or a choice', async () => {
    const open = await threeSessions()
    await expect(open.exportArchive({})).rejects.toThrow(TypeError)
    await expect(open.exportArchive({ password: '' })).rejects.toMatchObject({ code: 'invalid-value', details: { fields: ['password'] } })
    await expect(open.exportArchive({ recoveryCode: 'AAAA' })).rejects.toMatchObject({ code: 'invalid-value', details: { fields: ['recoveryCode'] } })
    await expect(open.exportArchive({ recoveryCode, sessionIds: 'all' as never })).rejects.toMatchObject({ code: 'invalid-value', details: { fields: ['sessionIds'] } })
    await expect(open.exportJson({} as never)).rejects.toThrow('unprotected')
  })
})

async function stateOf(open: UnlockedVault): Promise<JsonExport> {
  // Put together from what reading gives, for the plain export waits for the job that the archive holds.
  const sessions = (await open.sessions.list({ order: 'oldest' })).map((session) => Object.fromEntries(Object.entries(session).filter(([field]) => field !== 'rev')))
  const chatLogs = []
  for (const log of await open.chatLogs.list()) {
    const messages = await open.chatLogs.read(log.id, { limit: 1000 })
    chatLogs.push({ id: log.id, sessionId: log.sessionId, createdAt: log.createdAt, modifiedAt: log.modifiedAt, messages: messages.map((message) => Object.fromEntries(Object.entries(message).filter(([field]) => !['chatLogId', 'number', 'rev'].includes(field)))) })
  }
  return { version: 1, sessions: sessions.map((session) => ({ ...session, titled: true })), chatLogs, brains: [], preferences: [], collections: {} }
}
