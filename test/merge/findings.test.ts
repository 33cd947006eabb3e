// What a second pair of eyes found in merging: each lost, doubled or held something once.

import { describe, expect, it } from 'vitest'
import { memoryHome } from '../../src/stores/memory-home.js'
import { openArchive } from '../../src/vault/archive/read-archive.js'
import { vaultKey } from '../../src/vault/merge/causality.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { archiveMaker, fileOf, manifestLine, withEnd, type Line } from '../kit/archive-writer.js'
import { archiveOf, CODE, contentOf, take } from '../kit/devices.js'
import { insecureFastKdf, testBrowser } from '../kit/tabs.js'

const LONG = 'x'.repeat(80_000)
const say = (content: string, timestamp: number, id?: string) => ({ senderId: 'ada', type: 'user' as const, content, timestamp, ...(id !== undefined && { id }) })
const texts = async (open: UnlockedVault, log = 'l'): Promise<(string | number)[]> => (await open.chatLogs.read(log, { limit: 1000 })).map(({ content }) => (content.length > 50 ? content.length : content))

function clock(start: number): () => number {
  let time = start
  return () => (time += 1000)
}

const device = (start = 1_000_000) => testBrowser({ now: clock(start) }).tab()
const devices = async (count: number): Promise<UnlockedVault[]> => Promise.all(Array.from({ length: count }, (_, i) => device(1_000_000 + 2_000_000 * i)))

async function expectRestorable(open: UnlockedVault): Promise<void> {
  expect(await open.check()).toMatchObject({ ok: true })
  const other = await device(90_000_000)
  await take(other, await archiveOf(open))
  expect(await contentOf(other)).toEqual(await contentOf(open))
}

/** Two strangers that loaded the same chat, one long message in it. */
async function strangers(): Promise<[UnlockedVault, UnlockedVault]> {
  const both = (await devices(2)) as [UnlockedVault, UnlockedVault]
  for (const open of both) {
    await open.sessions.create({ id: 's', chatLogId: 'l', title: 't', createdAt: 1, lastActivityAt: 1 })
    await open.chatLogs.append('l', [say('one', 10, 'm1'), say(LONG, 20, 'm2')])
  }
  return both
}

describe('long messages that are the same but later', () => {
  it.each([
    ['pending', false, false],
    ['in a new generation, pending', true, false],
    ['in a new generation, folded', true, true],
  ])('stay whole: %s', async (_, comesBetween, isFolded) => {
    const [a, b] = await strangers()
    if (isFolded) await a.checkpoint()
    if (comesBetween) {
      await b.chatLogs.append('l', say('b', 30, 'm3'))
      await a.chatLogs.append('l', say('a', 40, 'm4'))
    }
    await take(a, await archiveOf(b))
    await a.checkpoint()
    expect(await texts(a)).toEqual(['one', LONG.length, ...(comesBetween ? ['b', 'a'] : [])])
    await expectRestorable(a)
  })

  it('that somebody edits or deletes meanwhile end the import, which can be done again', async () => {
    for (const change of [(open: UnlockedVault) => open.chatLogs.deleteMessage('l', 'm2'), (open: UnlockedVault) => open.chatLogs.update('l', 'm2', { content: 'edited' })]) {
      const [a, b] = await strangers()
      await b.chatLogs.update('l', 'm1', { content: 'one b' })
      await a.chatLogs.update('l', 'm1', { content: 'one a' })
      const archive = await archiveOf(b)
      let asked = 0
      const onConflict = async (): Promise<'theirs'> => {
        if (asked++ === 0) await change(a)
        return 'theirs'
      }
      await expect(take(a, archive, { onConflict })).rejects.toMatchObject({ code: 'busy', details: { reason: 'changed' } })
      await take(a, archive, { onConflict })
      expect(['one b', LONG.length]).toEqual((await texts(a)).slice(0, 2))
      await expectRestorable(a)
    }
  })
})

describe('the main chat log of a session', () => {
  it('is one of its own, or none', async () => {
    const [a, b, c] = (await devices(3)) as [UnlockedVault, UnlockedVault, UnlockedVault]
    await a.sessions.create({ id: 's1', chatLogId: 'l', title: 'x' })
    await b.sessions.create({ id: 's2', chatLogId: 'l', title: 'y' })
    await take(a, await archiveOf(b))
    await expectRestorable(a)
    await c.chatLogs.create({ id: 'l' })
    await take(c, await archiveOf(b))
    await expectRestorable(c)
  })

  it('stays deleted, and comes back as the main one when asked', async () => {
    const [a, b] = (await devices(2)) as [UnlockedVault, UnlockedVault]
    await a.sessions.create({ id: 's', chatLogId: 'l', title: 'x' })
    await a.chatLogs.append('l', say('one', 1))
    const archive = await archiveOf(a)
    await a.chatLogs.create({ id: 'l2', sessionId: 's' })
    await take(b, await archiveOf(a))
    await b.sessions.update('s', { chatLogId: 'l2' })
    await a.chatLogs.delete('l2')
    await take(a, await archiveOf(b))
    expect(await a.chatLogs.get('l2')).toBeUndefined()
    await expectRestorable(a)
    await a.chatLogs.delete('l')
    await take(a, archive, { restoreDeleted: true })
    expect(await a.sessions.get('s')).toMatchObject({ chatLogId: 'l', messageCount: 1 })
  })

  it('of a session that goes meanwhile does not stay alone', async () => {
    const [a, b] = (await devices(2)) as [UnlockedVault, UnlockedVault]
    await a.sessions.create({ id: 's', chatLogId: 'l', title: 't' })
    await a.preferences.set('p', 0)
    await take(b, await archiveOf(a))
    const whole = await archiveOf(b)
    await take(a, whole)
    await b.chatLogs.create({ id: 'l2', sessionId: 's' })
    await b.preferences.set('p', 'b')
    await a.preferences.set('p', 'a')
    let asked = 0
    const onConflict = async (): Promise<'mine'> => {
      if (asked++ === 0) await a.sessions.delete('s')
      return 'mine'
    }
    await take(a, await archiveOf(b, { since: whole.named! }), { onConflict })
    expect(asked).toBeGreaterThan(0)
    expect(await a.chatLogs.list()).toEqual([])
  })
})

describe('keeping both', () => {
  it('over and over, archives made at once, makes one copy', async () => {
    const [a, b] = (await devices(2)) as [UnlockedVault, UnlockedVault]
    await a.sessions.create({ id: 's', chatLogId: 'l', title: 't' })
    await a.chatLogs.append('l', [say('one', 1, 'm1'), say('two', 2, 'm2')])
    await take(b, await archiveOf(a))
    for (const [open, name] of [[a, 'a'], [b, 'b']] as const) {
      await open.chatLogs.update('l', 'm2', { content: `two ${name}` })
      await open.preferences.set('p', name)
    }
    for (let i = 0; i < 3; i++) {
      await a.chatLogs.append('l', say(`a${i}`, 100 * i + 50))
      await b.chatLogs.append('l', say(`b${i}`, 100 * i + 40))
      const [toB, toA] = [await archiveOf(a), await archiveOf(b)]
      await take(a, toA, { onConflict: 'keep-both' })
      await take(b, toB, { onConflict: 'keep-both' })
    }
    for (const open of [a, b]) {
      const twos = (await texts(open)).filter((text) => String(text).startsWith('two'))
      expect(new Set(twos)).toEqual(new Set(['two a', 'two b']))
      expect(twos.length).toBe(2)
      expect((await open.preferences.list()).length).toBe(2)
      await expectRestorable(open)
    }
  })

  it('of a message that others follow comes to the same order, archives made at once', async () => {
    const [a, b] = (await devices(2)) as [UnlockedVault, UnlockedVault]
    await a.sessions.create({ id: 's', chatLogId: 'l', title: 't' })
    await a.chatLogs.append('l', say('one', 100, 'm1'))
    await take(b, await archiveOf(a))
    for (const [open, name, time] of [[a, 'a', 50], [b, 'b', 40]] as const) {
      await open.chatLogs.update('l', 'm1', { content: `one ${name}` })
      await open.chatLogs.append('l', say(name, time))
    }
    const [toB, toA] = [await archiveOf(a), await archiveOf(b)]
    await take(a, toA, { onConflict: 'keep-both' })
    await take(b, toB, { onConflict: 'keep-both' })
    expect(await texts(a)).toEqual(['one b', 'one a', 'b', 'a'])
    expect(await contentOf(b)).toEqual(await contentOf(a))
  })

  it.each(['deleted', 'edited'])('makes the copy again that was %s since', async (since) => {
    const [a, b] = (await devices(2)) as [UnlockedVault, UnlockedVault]
    await a.sessions.create({ id: 's', chatLogId: 'l', title: 't' })
    await a.chatLogs.append('l', say('one', 1, 'm1'))
    await take(b, await archiveOf(a))
    await a.chatLogs.update('l', 'm1', { content: 'one a' })
    await b.chatLogs.update('l', 'm1', { content: 'one b' })
    await take(a, await archiveOf(b), { onConflict: 'keep-both' })
    await take(b, await archiveOf(a), { onConflict: 'keep-both' })
    // A goes back to what was copied, and needs no copy then; B, which is the newer one, goes on.
    const copy = (await a.chatLogs.read('l')).find(({ id }) => id !== 'm1')!
    await a.chatLogs.update('l', 'm1', { content: copy.content })
    if (since === 'deleted') await a.chatLogs.deleteMessage('l', copy.id)
    else await a.chatLogs.update('l', copy.id, { content: 'another' })
    await b.chatLogs.update('l', 'm1', { content: 'one more' })
    const [toB, toA] = [await archiveOf(a), await archiveOf(b)]
    await take(a, toA, { onConflict: 'keep-both' })
    await take(b, toB, { onConflict: 'keep-both' })
    for (const open of [a, b]) {
      expect(new Set(await texts(open))).toEqual(new Set(['one more', copy.content, ...(since === 'edited' ? ['another'] : [])]))
      await expectRestorable(open)
    }
  })
})

describe('a session that was deleted there', () => {
  it('is no loss without a word when somebody wrote into it whom they did not know', async () => {
    const [a, b, c] = (await devices(3)) as [UnlockedVault, UnlockedVault, UnlockedVault]
    await b.sessions.create({ id: 's', chatLogId: 'l', title: 'x' })
    await b.chatLogs.append('l', say('one', 1, 'm1'))
    const base = await archiveOf(b)
    await take(a, base)
    await take(c, base)
    await b.sessions.update('s', { title: 'renamed' })
    await take(a, await archiveOf(b))
    await c.chatLogs.append('l', say('only at c', 2, 'c1'))
    await take(a, await archiveOf(c))
    const fromA = await archiveOf(a)
    await b.sessions.delete('s')
    const report = await take(a, await archiveOf(b), { onConflict: 'keep-mine' })
    expect(report.entries).toMatchObject([{ kind: 'session', conflict: { kept: 'mine' } }])
    expect(await texts(a)).toEqual(['one', 'only at c'])
    const mirrored = await take(b, fromA, { onConflict: 'keep-mine' })
    expect(mirrored.entries.filter(({ lost }) => lost === 'theirs').map(({ kind }) => kind)).toEqual(['session', 'chatLog'])
  })
})

describe('what was brought back', () => {
  it('stays, and what was made again in knowledge of a deletion does', async () => {
    const [a, b] = (await devices(2)) as [UnlockedVault, UnlockedVault]
    await a.sessions.create({ id: 's', chatLogId: 'l', title: 't' })
    await a.chatLogs.append('l', [say('one', 1, 'm1'), say('two', 2, 'm2')])
    await a.preferences.set('p', 1)
    await a.preferences.set('q', 1)
    const old = await archiveOf(a)
    await take(b, old)
    await a.chatLogs.deleteMessage('l', 'm1')
    await a.preferences.delete('p')
    await a.preferences.delete('q')
    await take(b, await archiveOf(a))
    await take(a, old, { restoreDeleted: true })
    await a.preferences.set('q', 'again')
    const [toB, toA] = [await archiveOf(a), await archiveOf(b)]
    await take(a, toA, { onConflict: 'keep-theirs' })
    await take(b, toB)
    for (const open of [a, b]) expect([await texts(open), await open.preferences.get('p'), await open.preferences.get('q')]).toEqual([['one', 'two'], 1, 'again'])
  })
})

describe('two timelines of one vault', () => {
  it('conflict, whichever has the higher numbers', async () => {
    const browser = testBrowser({ now: clock(1_000_000) })
    const first = await browser.tab()
    await first.preferences.set('p', 'base')
    await first.checkpoint()
    await first.lock()
    const disk = browser.disk.snapshot()
    const one = await browser.tab()
    for (let i = 0; i < 10; i++) await one.preferences.set('q', i)
    await one.preferences.set('p', 'one')
    const two = await testBrowser({ disk, now: clock(9_000_000), homes: [memoryHome()] }).tab()
    await two.preferences.set('p', 'two')
    const report = await take(two, await archiveOf(one), { onConflict: 'keep-mine' })
    expect(await two.preferences.get('p')).toBe('two')
    expect(report.entries.find(({ id }) => id === 'p')).toMatchObject({ conflict: { kept: 'mine' }, lost: 'theirs' })
  })
})

describe('a question that nobody answers', () => {
  it('ends with the signal or the lock, and holds nothing', async () => {
    const browser = testBrowser({ now: clock(1_000_000) })
    const [a, b] = [await browser.tab(), await device(5_000_000)]
    await a.preferences.set('p', 1)
    await b.preferences.set('p', 2)
    const archive = await archiveOf(b)
    const stop = new AbortController()
    const never = (then: () => void) => () => {
      setTimeout(then, 0)
      return new Promise<never>(() => undefined)
    }
    await expect(take(a, archive, { onConflict: never(() => stop.abort(new Error('stop'))), signal: stop.signal })).rejects.toThrow('stop')
    await expect(take(a, archive, { onConflict: never(() => void a.lock()) })).rejects.toMatchObject({ code: 'locked' })
    expect((await take(await browser.tab(), archive)).counts.preferences.conflicted).toBe(1)
  }, 20_000)
})

describe('a writer who lies', () => {
  const stamp = { rev: 1, modifiedAt: 1 }
  const session = (more: object = {}): Line => ({ kind: 'session', id: 's', ...stamp, ...more, value: { participants: [], state: 'active', title: 'theirs', titled: true, keywords: [], createdAt: 1, lastActivityAt: 1, messageCount: 0 } })

  async function keyOf(open: UnlockedVault): Promise<string> {
    const { manifest, batches } = await openArchive(await archiveOf(open), { recoveryCode: CODE }, insecureFastKdf)
    await batches.return(undefined as never)
    return vaultKey(manifest.vaultId)
  }

  it('that this vault made it, at a commit to come, changes nothing against a policy', async () => {
    const maker = await archiveMaker({ recoveryCode: CODE })
    const a = await device()
    await a.preferences.set('p', 'mine')
    await a.sessions.create({ id: 's', title: 'mine', createdAt: 1 })
    await a.sessions.update('s', { title: 'mine still' })
    const key = await keyOf(a)
    const lines = [session({ edits: { title: [Number.MAX_SAFE_INTEGER, 1, key] } }), { kind: 'preference', id: 'p', ...stamp, origin: [key, Number.MAX_SAFE_INTEGER], value: 'theirs' }]
    await a.importArchive(await fileOf(maker, withEnd([manifestLine(maker), ...lines])), { recoveryCode: CODE, onConflict: 'keep-mine' })
    expect([await a.preferences.get('p'), (await a.sessions.get('s'))?.title]).toEqual(['mine', 'mine still'])
  })

  it('with long strings in other places, or more of them than fit, is refused', async () => {
    const maker = await archiveMaker({ recoveryCode: CODE })
    const a = await device()
    const log = { kind: 'chatLog', id: 'l', ...stamp, value: { sessionId: 's', createdAt: 1 } }
    const message = (long: unknown): Line => ({ kind: 'message', number: 0, ...stamp, value: { id: 'm', senderId: 'a', type: 'user', content: 'text', timestamp: 1 }, long })
    const text = (value: string): Line => ({ kind: 'text', text: value })
    const cases: [Line[], string][] = [
      [[message([[['type'], 4]]), text('root')], 'long'],
      [[message([[['id'], 3]]), text('dup')], 'long'],
      [[message([[['content'], 2], [['content'], 2]]), text('ab'), text('cd')], 'long'],
    ]
    for (const [lines, reason] of cases) await expect(a.importArchive(await fileOf(maker, withEnd([manifestLine(maker), session(), log, ...lines])), { recoveryCode: CODE })).rejects.toMatchObject({ code: 'corrupt', details: { reason } })
    for (const more of [{ knows: [['12345678', 1, 'y'.repeat(1000)]] }, { made: Array.from({ length: 300 }, () => ['y'.repeat(22), 1]) }]) {
      await expect(a.importArchive(await fileOf(maker, withEnd([manifestLine(maker, more)])), { recoveryCode: CODE })).rejects.toMatchObject({ code: 'corrupt', details: { reason: 'manifest' } })
    }
    expect(await a.sessions.count()).toBe(0)
  })
})

describe('plain JSON', () => {
  it('says the same in whatever order its fields come, and no record is longer than any may be', async () => {
    const a = await device()
    await a.sessions.create({ id: 's', chatLogId: 'l', title: 't' })
    await a.chatLogs.append('l', say(LONG, 5, 'm'))
    const json = { version: 1, sessions: [{ id: 's', title: 't' }], chatLogs: [{ id: 'l', sessionId: 's', messages: [{ content: LONG, id: 'm', timestamp: 5, type: 'user', senderId: 'ada' }] }] }
    expect((await a.importJson(JSON.stringify(json), { onConflict: 'keep-both' })).counts.messages).toMatchObject({ conflicted: 0, skipped: 1 })
    const huge = { version: 1, sessions: [], chatLogs: [], preferences: [{ key: 'p', value: Array.from({ length: 300 }, () => 'z'.repeat(60_000)) }] }
    await expect(a.importJson(JSON.stringify(huge))).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'too-large' } })
  })
})
