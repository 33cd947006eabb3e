// Archives in: a restore that merges, and never loses or doubles anything.

import { describe, expect, it } from 'vitest'
import type { Conflict, ConflictChoice, ConflictPolicy, ImportReport } from '../../src/index.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { archiveOf, CODE, contentOf, sayingsOf, take } from '../kit/devices.js'
import { fillOddly, ODD_COUNTS } from '../kit/odd-vault.js'
import { testBrowser } from '../kit/tabs.js'
import { outcomeOf } from '../kit/vault-states.js'

const say = (content: string, timestamp: number, id?: string) => ({ senderId: 'ada', type: 'user' as const, content, timestamp, ...(id !== undefined && { id }) })
const contents = async (open: UnlockedVault, log: string): Promise<string[]> => (await open.chatLogs.read(log, { limit: 1000 })).map(({ content }) => content)
const named = (report: ImportReport, outcome: string): string[] => report.entries.filter((entry) => entry.outcome === outcome).map(({ kind, id }) => `${kind} ${id}`)
const lost = (report: ImportReport): string[] => report.entries.filter((entry) => entry.lost !== undefined).map(({ kind, id, lost: whose }) => `${kind} ${id} ${whose}`)

/** A clock that moves a second with each look, so that every change has a time of its own. */
function clock(start: number): () => number {
  let time = start
  return () => (time += 1000)
}

const device = (start = 1_000_000) => testBrowser({ now: clock(start) }).tab()

/** One vault with a chat, and another one restored from its archive. */
async function twoDevices(): Promise<{ a: UnlockedVault; b: UnlockedVault }> {
  const a = await device()
  await a.sessions.create({ id: 's', chatLogId: 'l', title: 'First', participants: ['ada'] })
  await a.chatLogs.append('l', [say('one', 1, 'm1'), say('two', 2, 'm2'), say('three', 3, 'm3')])
  await a.brains.put({ entityId: 'guide', model: 'small', configuration: { tone: 'calm' } })
  await a.preferences.set('theme', 'dark')
  const b = await device(2_000_000)
  await take(b, await archiveOf(a))
  return { a, b }
}

describe('a restore', () => {
  it('into an empty vault has everything, and twice changes nothing', async () => {
    const a = await device()
    await fillOddly(a)
    const archive = await archiveOf(a)
    const b = await device(5_000_000)
    const report = await take(b, archive)
    expect(report.archive.counts).toEqual(ODD_COUNTS)
    expect(report.counts).toMatchObject({ sessions: { added: 4 }, chatLogs: { added: 4 }, messages: { added: 105 }, brains: { added: 1 }, preferences: { added: 2 } })
    expect(await contentOf(b)).toEqual(await contentOf(a))
    expect(await b.check()).toMatchObject({ ok: true })
    const before = await b.chatLogs.list()
    const again = await take(b, archive)
    expect(again.counts).toMatchObject({ sessions: { added: 0, changed: 0, skipped: 4 }, messages: { added: 0, changed: 0, deleted: 0, skipped: 105 }, brains: { skipped: 1 } })
    expect(again.entries).toEqual([])
    expect(await b.chatLogs.list()).toEqual(before)
    expect(await contentOf(b)).toEqual(await contentOf(a))
    await b.checkpoint()
    expect(await b.check()).toMatchObject({ ok: true })
    expect(await contentOf(b)).toEqual(await contentOf(a))
  })

  it('of a vault’s own archive into itself changes nothing, brings back what was deleted only when asked', async () => {
    const { a } = await twoDevices()
    const archive = await archiveOf(a)
    await a.sessions.update('s', { title: 'Second' })
    await a.chatLogs.deleteMessage('l', 'm2')
    await a.brains.delete('guide')
    const before = await contentOf(a)
    expect((await take(a, archive)).entries).toEqual([])
    expect(await contentOf(a)).toEqual(before)
    const report = await take(a, archive, { restoreDeleted: true })
    expect(report.counts).toMatchObject({ messages: { added: 1 }, brains: { added: 1 } })
    expect(await contents(a, 'l')).toEqual(['one', 'two', 'three'])
    expect((await a.sessions.get('s'))?.title).toBe('Second')
    expect(await a.brains.get('guide')).toMatchObject({ configuration: { tone: 'calm' } })
    expect(await a.check()).toMatchObject({ ok: true })
  })

  it('brings back a deleted session with its chat', async () => {
    const { a } = await twoDevices()
    const archive = await archiveOf(a)
    await a.sessions.delete('s')
    expect((await take(a, archive)).counts.sessions).toMatchObject({ skipped: 1, added: 0 })
    expect(await a.sessions.count()).toBe(0)
    await take(a, archive, { restoreDeleted: true })
    expect(await contents(a, 'l')).toEqual(['one', 'two', 'three'])
    expect(await a.sessions.get('s')).toMatchObject({ title: 'First', messageCount: 3, chatLogId: 'l' })
  })
})

describe('two devices', () => {
  it('take over each other’s changes without a conflict, in either order', async () => {
    const { a, b } = await twoDevices()
    await a.chatLogs.append('l', say('from a', 10, 'a1'))
    await a.sessions.update('s', { title: 'By a' })
    await b.sessions.update('s', { state: 'archived' })
    await b.preferences.set('theme', 'light')
    await b.brains.put({ entityId: 'guide', model: 'large' })
    await b.sessions.create({ id: 'new', chatLogId: 'n' })
    const toB = await archiveOf(a)
    const toA = await archiveOf(b)
    const reports = [await take(b, toB), await take(a, toA)]
    for (const report of reports) expect(report.entries.filter(({ conflict }) => conflict !== undefined)).toEqual([])
    expect(await sayingsOf(a)).toEqual(await sayingsOf(b))
    expect(await a.sessions.get('s')).toMatchObject({ title: 'By a', state: 'archived', messageCount: 4 })
    expect(await a.preferences.get('theme')).toBe('light')
    expect((await a.brains.get('guide'))?.model).toBe('large')
    expect(await contents(b, 'l')).toEqual(['one', 'two', 'three', 'from a'])
  })

  it('that both wrote into one chat come to the same order', async () => {
    const { a, b } = await twoDevices()
    await a.chatLogs.append('l', [say('a late', 30, 'a1'), say('a later', 50, 'a2')])
    await b.chatLogs.append('l', [say('b early', 20, 'b1'), say('b middle', 40, 'b2')])
    const toB = await archiveOf(a)
    await take(a, await archiveOf(b))
    await take(b, toB)
    const order = ['one', 'two', 'three', 'b early', 'a late', 'b middle', 'a later']
    expect(await contents(a, 'l')).toEqual(order)
    expect(await contents(b, 'l')).toEqual(order)
    for (const open of [a, b]) {
      await open.checkpoint()
      expect(await open.check()).toMatchObject({ ok: true })
      expect(await contents(open, 'l')).toEqual(order)
      expect(await open.sessions.get('s')).toMatchObject({ messageCount: 7 })
    }
  })

  it('go on from what they exchanged: only what changed since counts', async () => {
    const { a, b } = await twoDevices()
    await take(a, await archiveOf(b))
    await a.preferences.set('theme', 'a')
    await take(b, await archiveOf(a), { onConflict: 'keep-mine' })
    expect(await b.preferences.get('theme')).toBe('a')
    await b.preferences.set('theme', 'b')
    await take(a, await archiveOf(b), { onConflict: 'keep-mine' })
    expect(await a.preferences.get('theme')).toBe('b')
    await a.preferences.set('theme', 'c')
    const report = await take(a, await archiveOf(b), { onConflict: 'keep-theirs' })
    expect(report.counts.preferences).toMatchObject({ skipped: 1, conflicted: 0 })
    expect(await a.preferences.get('theme')).toBe('c')
  })

  it('tell each other through a third', async () => {
    const { a, b } = await twoDevices()
    const c = await device(3_000_000)
    await take(c, await archiveOf(b))
    await c.preferences.set('theme', 'by c')
    const report = await take(a, await archiveOf(c), { onConflict: 'keep-mine' })
    expect(report.counts.preferences).toMatchObject({ changed: 1, conflicted: 0 })
    expect(await a.preferences.get('theme')).toBe('by c')
  })

  it('delete what the other did not change, and keep what it did', async () => {
    const { a, b } = await twoDevices()
    await b.chatLogs.deleteMessage('l', 'm1')
    await b.preferences.delete('theme')
    await b.brains.delete('guide')
    await a.brains.put({ entityId: 'guide', model: 'changed later' })
    const report = await take(a, await archiveOf(b))
    // The clock of b is ahead, so its deletion is newer than what a made of the brain. That was a conflict, and the report says so.
    expect(named(report, 'deleted')).toEqual(['message m1', 'brain guide', 'preference theme'])
    expect(lost(report)).toEqual(['brain guide mine'])
    expect(await contents(a, 'l')).toEqual(['two', 'three'])
    expect(await a.preferences.get('theme')).toBeUndefined()
  })

  it('leave a session that both deleted, or that one deleted with its chat, as one wants', async () => {
    const { a, b } = await twoDevices()
    await b.sessions.delete('s')
    await a.chatLogs.append('l', say('still here', 99, 'late'))
    const kept = await take(a, await archiveOf(b), { onConflict: 'keep-mine' })
    expect(kept.entries).toMatchObject([{ kind: 'session', id: 's', conflict: { kept: 'mine' } }])
    expect(await contents(a, 'l')).toEqual(['one', 'two', 'three', 'still here'])
    const back = await take(b, await archiveOf(a))
    expect(back.counts.sessions).toMatchObject({ added: 1 })
    expect(await contents(b, 'l')).toEqual(['one', 'two', 'three', 'still here'])
  })
})

describe('a conflict', () => {
  async function inConflict(): Promise<{ a: UnlockedVault; b: UnlockedVault; archive: Uint8Array }> {
    const { a, b } = await twoDevices()
    await a.sessions.update('s', { title: 'By a' })
    await a.chatLogs.update('l', 'm2', { content: 'two by a' })
    await a.brains.put({ entityId: 'guide', model: 'a' })
    await a.preferences.set('theme', 'a')
    await b.sessions.update('s', { title: 'By b' })
    await b.chatLogs.update('l', 'm2', { content: 'two by b' })
    await b.brains.put({ entityId: 'guide', model: 'b' })
    await b.preferences.set('theme', 'b')
    return { a, b, archive: await archiveOf(b) }
  }

  const shown = async (open: UnlockedVault) => [(await open.sessions.get('s'))!.title, ...(await contents(open, 'l')), (await open.brains.get('guide'))!.model, await open.preferences.get('theme')]
  const MINE = ['By a', 'one', 'two by a', 'three', 'a', 'a']
  const THEIRS = ['By b', 'one', 'two by b', 'three', 'b', 'b']

  it.each<[ConflictPolicy, unknown[], 'mine' | 'theirs']>([
    ['keep-newer', THEIRS, 'mine'],
    ['keep-mine', MINE, 'theirs'],
    ['keep-theirs', THEIRS, 'mine'],
  ])('%s', async (onConflict, expected, whose) => {
    const { a, archive } = await inConflict()
    const report = await take(a, archive, { onConflict })
    expect(await shown(a)).toEqual(expected)
    expect(lost(report)).toEqual([`session s ${whose}`, `message m2 ${whose}`, `brain guide ${whose}`, `preference theme ${whose}`])
    expect(report.counts).toMatchObject({ sessions: { conflicted: 1 }, messages: { conflicted: 1 }, brains: { conflicted: 1 }, preferences: { conflicted: 1 } })
    expect((await take(a, archive, { onConflict: 'keep-theirs' })).entries).toEqual([])
    expect(await shown(a)).toEqual(expected)
  })

  it('keep-both', async () => {
    const { a, archive } = await inConflict()
    const report = await take(a, archive, { onConflict: 'keep-both' })
    expect(lost(report)).toEqual([])
    expect(await contents(a, 'l')).toEqual(['one', 'two by b', 'two by a', 'three'])
    const titles = (await a.sessions.list()).map(({ title }) => title).sort()
    expect(titles).toEqual(['By a', 'By b'])
    expect((await a.brains.list()).map(({ model }) => model).sort()).toEqual(['a', 'b'])
    expect(new Set((await a.preferences.list()).map(({ value }) => value))).toEqual(new Set(['a', 'b']))
    const before = await contentOf(a)
    await take(a, archive, { onConflict: 'keep-both' })
    expect(await contentOf(a)).toEqual(before)
    expect(await a.check()).toMatchObject({ ok: true })
  })

  it('asks, one at a time, with both versions', async () => {
    const { a, archive } = await inConflict()
    const asked: Conflict[] = []
    let open = 0
    const answers: ConflictChoice[] = ['theirs', 'mine', 'theirs', 'both']
    await take(a, archive, {
      onConflict: async (conflict) => {
        expect(++open).toBe(1)
        asked.push(conflict)
        await Promise.resolve()
        open--
        return answers[asked.length - 1]!
      },
    })
    expect(asked.map(({ kind, id, field, mine, theirs }) => [kind, id, field, mine?.value, theirs?.value])).toMatchObject([
      ['session', 's', 'title', 'By a', 'By b'],
      ['message', 'm2', undefined, { content: 'two by a' }, { content: 'two by b' }],
      ['brain', 'guide', undefined, { model: 'a' }, { model: 'b' }],
      ['preference', 'theme', undefined, 'a', 'b'],
    ])
    expect((await shown(a)).slice(0, -1)).toEqual(['By b', 'one', 'two by a', 'three', 'b'])
  })

  it('ends the import when the question fails, and a look changes nothing', async () => {
    const { a, archive } = await inConflict()
    const before = await contentOf(a)
    const fails = () => Promise.reject(new Error('closed'))
    expect(await outcomeOf(take(a, archive, { onConflict: fails }))).toBe('Error: closed')
    expect(await contentOf(a)).toEqual(before)
    expect((await a.backup.status()).unfinishedImport).toBeDefined()
    const looked = await a.inspectArchive(archive, { recoveryCode: CODE })
    expect(looked.counts).toMatchObject({ sessions: { conflicted: 1, changed: 1 }, messages: { conflicted: 1 } })
    expect(await contentOf(a)).toEqual(before)
    const done = await take(a, archive)
    expect({ counts: done.counts, entries: done.entries }).toEqual({ counts: looked.counts, entries: looked.entries })
    expect((await a.backup.status()).unfinishedImport).toBeUndefined()
  })
})

describe('increments', () => {
  it('come one after the other, equal one whole archive, and refuse to come without those before', async () => {
    const a = await device()
    await a.sessions.create({ id: 's', chatLogId: 'l' })
    const chain = [await archiveOf(a)]
    for (let i = 0; i < 10; i++) {
      await a.chatLogs.append('l', [say(`${i} first`, 10 * i), say(`${i} second`, 10 * i - 50)])
      const [first] = await a.chatLogs.read('l', { limit: 1000 })
      if (i === 2) await a.chatLogs.update('l', first!.id, { content: 'changed' })
      if (i === 3) await a.chatLogs.deleteMessage('l', first!.id)
      await a.sessions.create({ id: `s${i}` })
      chain.push(await archiveOf(a, { since: chain.at(-1)!.named! }))
    }
    const b = await device(3_000_000)
    await expect(take(b, chain[1]!)).rejects.toMatchObject({ code: 'conflict', details: { reason: 'parent', fields: [chain[0]!.named!.archiveId] } })
    for (const archive of chain) await take(b, archive)
    expect(await contentOf(b)).toEqual(await contentOf(a))
    expect(await b.check()).toMatchObject({ ok: true })
    const c = await device(4_000_000)
    await take(c, await archiveOf(a))
    expect(await contentOf(c)).toEqual(await contentOf(b))
  })
})
