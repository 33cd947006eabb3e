// Collections of an app's own: what is put, what comes back, what is refused, who else may write, and that nothing else sees them.

import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import type { CollectionHit, StandardSchema } from '../../src/index.js'
import { createMemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import { createCrashingBackend } from '../../src/testing/crashing-backend.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import type { VaultEvent } from '../../src/vault/vault-events.js'
import type { Records } from '../../src/vault/vault-records.js'
import { any, NOT_JSON, refusal, SECRET } from '../kit/bad-calls.js'
import { testBrowser } from '../kit/tabs.js'

const Note = z.object({ title: z.string(), text: z._default(z.string(), ''), pinned: z.optional(z.boolean()), tags: z.optional(z.array(z.string())) })
const notesOf = (records: Records) => records.collection('notes', { schema: Note, head: ['title', 'pinned'], searchable: ['title', 'text', 'tags'] })
const LONG = 'a long text '.repeat(10_000)

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of source) found.push(item)
  return found
}
const places = (hits: readonly CollectionHit<object>[]) => hits.map(({ id, path }) => [id, path.join('.')])

let clock = 1000
const ticking = () => testBrowser({ now: () => clock++ })

describe('an item', () => {
  it('comes back as the schema made it, pending, folded and after unlocking, long strings too', async () => {
    const browser = testBrowser()
    let open = await browser.tab()
    const { id } = await notesOf(open).add({ title: 'Trip' })
    const long = await notesOf(open).put('a/b', { title: 'Long', text: LONG, pinned: undefined })
    expect(long).toMatchObject({ id: 'a/b', value: { title: 'Long', text: LONG } })
    expect('pinned' in long.value).toBe(false)
    for (const step of ['pending', 'folded', 'unlocked']) {
      expect((await notesOf(open).get(id))?.value, step).toEqual({ title: 'Trip', text: '' })
      expect((await notesOf(open).get('a/b'))?.value.text).toBe(LONG)
      expect((await notesOf(open).list({ sortBy: 'title' })).map((entry) => entry.head)).toEqual([{ title: 'Long' }, { title: 'Trip' }])
      expect(await open.check()).toMatchObject({ ok: true, counts: { items: 2, brains: 0 } })
      await open.checkpoint()
      open.releaseMemory()
      if (step === 'folded') {
        await open.lock()
        open = await browser.tab()
      }
    }
    expect(await notesOf(open).delete('a/b')).toBe(true)
    expect(await notesOf(open).delete('a/b')).toBe(false)
    await open.checkpoint()
    expect(await open.check()).toMatchObject({ ok: true, leftOvers: 0, counts: { items: 1, longValues: 0 } })
    await open.lock()
  })

  it('may be any JSON, under any id and any name', async () => {
    const open = await testBrowser().tab()
    for (const name of ['constructor', 'toString', 'a', 'A_b-c.9', 'x'.repeat(64)]) {
      const things = open.collection(name, { schema: z.unknown() })
      for (const id of ['__proto__', 'constructor', '/', 'a/b', '../notes/x', '\ud800', 'sealed-vault/app/x', 'x'.repeat(1024)]) {
        await things.put(id, id)
        expect((await things.get(id))?.value).toBe(id)
      }
      const odd = JSON.parse('{"__proto__": {"a": 1}, "": [null, "\\ud800"]}') as unknown
      await things.put('odd', odd)
      expect(JSON.stringify((await things.get('odd'))?.value)).toBe(JSON.stringify(odd))
      await things.put('null', null)
      expect((await things.get('null'))?.value).toBe(null)
      expect(await things.count()).toBe(10)
    }
    await open.lock()
  })

  it('is a copy, and its head is frozen', async () => {
    const open = await testBrowser().tab()
    const seen: unknown[] = []
    const lists = open.collection('lists', { schema: z.object({ of: z.array(z.string()) }), head: ({ of }) => ({ of }), searchable: (value) => (seen.push(value), value.of) })
    const given = { of: ['a'] }
    const put = await lists.put('l', given)
    given.of.push('b')
    put.value.of.push('c')
    ;(await lists.get('l'))!.value.of.push('d')
    expect((await lists.get('l'))?.value).toEqual({ of: ['a'] })
    const [entry] = await lists.list()
    expect(entry!.head).toEqual({ of: ['a'] })
    expect(() => entry!.head.of.push('e')).toThrow(TypeError)
    await all(lists.search('a'))
    expect(() => (seen[0] as { of: string[] }).of.push('f')).toThrow(TypeError)
    expect((await lists.get('l'))?.value).toEqual({ of: ['a'] })
    await open.lock()
  })

  it('of an older schema is returned as it was stored, unless it is to be held against the new one', async () => {
    const open = await testBrowser().tab()
    await open.collection('notes', { schema: z.object({ title: z.string() }) }).put('old', { title: 'Old' })
    const notes = open.collection('notes', { schema: z.object({ title: z.string(), text: z._default(z.string(), 'none') }), head: ['text'] })
    const strict = open.collection('notes', { schema: z.object({ text: z.string() }) })
    expect(await notes.get('old')).toMatchObject({ value: { title: 'Old' } })
    expect((await notes.get('old'))?.value).toEqual({ title: 'Old' })
    expect((await notes.get('old', { validate: true }))?.value).toEqual({ title: 'Old', text: 'none' })
    await expect(strict.get('old', { validate: true })).rejects.toMatchObject({ code: 'invalid-value', details: { where: 'app:notes', fields: ['text'] } })
    expect((await notes.list())[0]!.head).toEqual({})
    // The way over: whatever another tab changes meanwhile is left for the next round.
    for await (const { id, rev } of notes.items()) await notes.update(id, (note) => note, { expectRev: rev })
    expect((await notes.list())[0]!.head).toEqual({ text: 'none' })
    await open.lock()
  })
})

describe('what cannot be an item', () => {
  it('is refused by the paths in it, never by what it says', async () => {
    const open = await testBrowser().tab()
    const notes = notesOf(open)
    const free = open.collection('free', { schema: z.unknown() })
    await notes.put('n', { title: 'T' })
    const before = await notes.list()
    const talkative: StandardSchema = { '~standard': { version: 1, vendor: 'test', validate: async (value) => ({ issues: [{ message: String(value), path: ['a', { key: 0 }] }, { message: SECRET }] }) } }
    const refused: [() => Promise<unknown>, readonly string[] | undefined][] = [
      [() => notes.add(any({ title: 7, text: SECRET })), ['title']],
      [() => notes.put('n', any({ title: SECRET, tags: ['a', 7] })), ['tags.1']],
      [() => notes.put('n', any(SECRET)), []],
      [() => notes.put('', { title: SECRET }), ['id']],
      [() => notes.put('x'.repeat(1025), { title: SECRET }), ['id']],
      [() => notes.put(any(7), { title: SECRET }), ['id']],
      [() => notes.update('n', any({ title: null, text: SECRET })), ['title']],
      [() => notes.update('n', () => any({ text: SECRET })), ['title']],
      [() => open.collection('talkative', { schema: talkative }).add(SECRET), ['a.0']],
      [() => open.collection('heads', { schema: z.unknown(), head: () => ({ at: new Date(0), secret: SECRET }) }).add(1), ['head.at']],
      [() => open.collection('heads', { schema: z.unknown(), head: () => ({ text: SECRET.repeat(1000) }) }).add(1), ['head']],
      ...NOT_JSON.map(([, value, at]): [() => Promise<unknown>, readonly string[]] => [() => free.put('x', { [SECRET.slice(0, 3)]: value, x: SECRET }), [`the${at}`]]),
      [() => free.put('x', undefined), []],
    ]
    for (const [call, fields] of refused) {
      const { code, details, text } = await refusal(call())
      expect([code, details.fields]).toEqual(['invalid-value', fields])
      expect(text).not.toContain(SECRET)
    }
    await refusal(open.transact(async (tx) => void (await notesOf(tx).put('in vain', { title: 'x' }), await notesOf(tx).update('n', any({ title: 7 })))))
    expect(await notes.list()).toEqual(before)
    expect((await open.check()).counts.items).toBe(1)
    await expect(notes.put('big', { title: 'x', text: '', tags: Array.from({ length: 300 }, () => 'y'.repeat(60_000)) })).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'too-large' } })
    await expect(notes.update('nobody', { title: 'x' })).rejects.toMatchObject({ code: 'not-found', details: { where: 'app:notes' } })
    for (const id of ['', '__proto__', 7, null]) expect([await notes.get(any(id)), await notes.delete(any(id))]).toEqual([undefined, false])
    await open.lock()
  })

  it('is a mistake of the programmer where no user had a part in it', async () => {
    const open = await testBrowser().tab()
    for (const name of ['', '__proto__', '_a', '9a', 'a/b', 'a b', 'é', 'x'.repeat(65), 'a\n', any(undefined), any(7)]) expect(() => open.collection(name, { schema: Note })).toThrow(RangeError)
    for (const options of [undefined, {}, { schema: {} }, { schema: { '~standard': { version: 2, validate: () => 1 } } }, { schema: Note, head: 'title' }, { schema: Note, head: [7] }, { schema: Note, searchable: true }]) {
      expect(() => open.collection('notes', any(options))).toThrow(TypeError)
    }
    const notes = notesOf(open)
    await notes.put('n', { title: 'T' })
    for (const expectRev of [-1, 0.5, Number.NaN, '1']) await expect(notes.put('n', { title: 'x' }, { expectRev: any(expectRev) })).rejects.toThrow(RangeError)
    await expect(notes.list({ limit: -1 })).rejects.toThrow(RangeError)
    await expect(notes.list({ where: any('pinned') })).rejects.toThrow(TypeError)
    await expect(notes.list({ sortBy: any(7) })).rejects.toThrow(TypeError)
    await expect(open.collection('bare', { schema: Note }).search('x').next()).rejects.toThrow(TypeError)
    await expect(notes.search('x', any({ senders: ['a'] })).next()).rejects.toThrow(RangeError)
    await expect(notes.search('').next()).rejects.toMatchObject({ code: 'invalid-value' })
    await expect(open.collection('strings', { schema: z.string() }).put('s', 'x').then(() => open.collection('strings', { schema: z.string() }).update('s', any({ a: 1 })))).rejects.toThrow(TypeError)
    await expect(open.collection('heads', { schema: Note, head: () => any('x') }).add({ title: 'x' })).rejects.toThrow(TypeError)
    expect((await notes.list()).map(({ head }) => head)).toEqual([{ title: 'T' }])
    await open.lock()
  })
})

describe('a list', () => {
  it('is filtered, sorted and cut by heads alone', async () => {
    const open = await ticking().tab()
    const notes = notesOf(open)
    for (const [id, title, pinned] of [['1', 'b', true], ['2', 'a', undefined], ['3', 'c', false], ['4', 'B', true]] as const) await notes.put(id, { title, ...(pinned !== undefined && { pinned }) })
    const ids = async (query?: Parameters<typeof notes.list>[0]) => (await notes.list(query)).map(({ id }) => id).join('')
    expect(await ids()).toBe('4321')
    expect(await ids({ descending: true })).toBe('1234')
    expect(await ids({ sortBy: 'title' })).toBe('4213')
    expect(await ids({ sortBy: 'title', descending: true })).toBe('3124')
    expect(await ids({ sortBy: 'pinned' })).toBe('3412')
    expect(await ids({ sortBy: 'pinned', descending: true })).toBe('4132')
    expect(await ids({ sortBy: (a, b) => Number(a.id) - Number(b.id), offset: 1, limit: 2 })).toBe('23')
    expect(await ids({ where: ({ pinned }) => pinned === true })).toBe('41')
    expect([await notes.count(), await notes.count(({ pinned }) => pinned === true)]).toEqual([4, 2])
    await notes.update('2', { pinned: true })
    expect(await ids({ limit: 1 })).toBe('2')
    expect((await all(notes.items({ sortBy: 'title' }))).map(({ id, value }) => id + value.title)).toEqual(['4B', '2a', '1b', '3c'])
    await open.lock()
  })

  it('of items whole goes on while they change', async () => {
    const open = await testBrowser().tab()
    const notes = notesOf(open)
    await Promise.all(Array.from({ length: 100 }, (_, i) => notes.put(String(i), { title: String(i).padStart(3, '0'), text: i % 40 === 3 ? LONG : '' })))
    await open.checkpoint()
    const seen: string[] = []
    for await (const { id, value } of notes.items({ sortBy: 'title' })) {
      seen.push(id)
      expect(value.title).toBe(id.padStart(3, '0'))
      if (id === '10') await Promise.all([notes.delete('50'), notes.delete('83'), notes.put('new', { title: '055' })])
    }
    expect(seen).toHaveLength(98)
    await open.lock()
  })
})

describe('a search', () => {
  it('finds in the texts that are searchable, and follows what changes', async () => {
    const open = await ticking().tab()
    const notes = notesOf(open)
    await notes.put('trip', { title: 'Trip to Zürich', text: 'Book the night train', tags: ['travel', '東京'], pinned: true })
    await notes.put('soup', { title: 'Soup', text: `${LONG} Trains make hungry` })
    for (let folded = 0; folded < 2; folded++) {
      expect(places(await all(notes.search('night tra', { typing: true })))).toEqual([['trip', 'text']])
      expect(places(await all(notes.search('zurich')))).toEqual([['trip', 'title']])
      expect(places(await all(notes.search('東京')))).toEqual([['trip', 'tags.1']])
      expect(places(await all(notes.search('hungry')))).toEqual([['soup', 'text']])
      expect(places(await all(notes.search('train*')))).toEqual([['soup', 'text'], ['trip', 'text']])
      expect(places(await all(notes.search('train*', { order: 'relevance', limit: 1 })))).toEqual([['trip', 'text']])
      expect(places(await all(notes.search('train*', { where: ({ pinned }) => pinned === true })))).toEqual([['trip', 'text']])
      expect(places(await all(notes.search('nihgt', { typos: true })))).toEqual([['trip', 'text']])
      for (const query of ['"trip train"', 'true', 'pinned', 'trip -book']) expect(await all(notes.search(query)), query).toEqual([])
      await open.checkpoint()
      open.releaseMemory()
    }
    const [hit] = await all(notes.search('night'))
    expect(hit).toEqual({ id: 'trip', head: { title: 'Trip to Zürich', pinned: true }, rev: hit!.rev, modifiedAt: hit!.modifiedAt, path: ['text'], snippet: { text: 'Book the night train', highlights: [{ start: 9, end: 14 }] }, highlights: [{ start: 9, end: 14 }] })
    const made = open.collection('notes', { schema: Note, searchable: ({ text, title }) => [text, undefined, title] })
    expect(places(await all(made.search('soup')))).toEqual([['soup', '2']])
    const walk = notes.search('train*')
    expect((await walk.next()).value).toMatchObject({ id: 'soup' })
    await notes.update('trip', { text: 'nothing' })
    expect(await walk.next()).toEqual({ done: true, value: undefined })
    expect(await open.transact(async (tx) => all(tx.collection(notes).search('nothing')))).toHaveLength(1)
    const aborted = new Error('enough')
    await expect(notes.search('soup', { signal: AbortSignal.abort(aborted) }).next()).rejects.toBe(aborted)
    await open.lock()
  })
})

describe('many short items', () => {
  it('stay in memory once they were read: padding does not count', async () => {
    const crashing = createCrashingBackend(memoryFactory(createMemoryDisk()), { mode: 'none' })
    const open = await testBrowser({ backend: () => crashing.factory }).tab()
    const notes = notesOf(open)
    await Promise.all(Array.from({ length: 3000 }, (_, i) => notes.put(String(i), { title: `note ${i}`, text: `word${i % 7} and a text that is as long as a short note may be` })))
    await open.checkpoint()
    const pageReads = () => crashing.calls.filter(({ kind, stores }) => kind === 'read' && stores.includes('pages')).length
    open.releaseMemory()
    const before = pageReads()
    expect(await all(notes.search('word3'))).toHaveLength(429)
    const cold = pageReads()
    expect(cold).toBeGreaterThan(before)
    expect(await all(notes.search('word4'))).toHaveLength(428)
    expect(pageReads()).toBe(cold)
    await open.lock()
  })
})

describe('writing from many places', () => {
  it('loses no update of two tabs, whatever the schema takes its time for', async () => {
    const browser = testBrowser()
    const slow: StandardSchema<{ n: number; text: string }> = { '~standard': { version: 1, vendor: 'test', validate: (value) => new Promise((resolve) => setTimeout(() => resolve({ value: value as never }), 1)) } }
    const counters = [await browser.tab(), await browser.tab()].map((tab) => tab.collection('counters', { schema: slow, head: ['n'] }))
    await counters[0]!.put('c', { n: 0, text: '' })
    await Promise.all(Array.from({ length: 40 }, (_, i) => counters[i % 2]!.update('c', ({ n, text }) => ({ n: n + 1, text: i === 20 ? LONG : text }))))
    for (const counter of counters) {
      // A tab may be a moment behind the other one.
      await expect.poll(async () => (await counter.get('c'))?.value).toEqual({ n: 40, text: LONG })
      expect((await counter.list())[0]!.head).toEqual({ n: 40 })
    }
  })

  it('takes effect in the order of the calls, each with a commit of its own', async () => {
    const open = await testBrowser().tab()
    const notes = notesOf(open)
    const saved = await Promise.all([notes.put('n', { title: '1', text: LONG }), notes.put('n', { title: '2' }), notes.update('n', ({ title }) => ({ title: `${title}3` })), notesOf(open).put('n', { title: '4' }), notes.update('n', { pinned: true })])
    expect(saved.map(({ value }) => value.title)).toEqual(['1', '2', '23', '4', '4'])
    expect(new Set(saved.map(({ rev }) => rev)).size).toBe(5)
    expect((await notes.get('n'))?.value).toEqual({ title: '4', text: '', pinned: true })
    // What was asked for is saved before the vault is locked.
    const last = [notes.put('n', { title: '5' }), notes.put('n', { title: '6' }), notes.update('n', { text: 'end' })]
    await open.lock()
    await Promise.all(last)
  })

  it('tells by expectRev that somebody was first', async () => {
    const browser = testBrowser()
    const [a, b] = [notesOf(await browser.tab()), notesOf(await browser.tab())]
    const { rev } = await a.put('n', { title: 'a' }, { expectRev: 0 })
    await expect(b.put('n', { title: 'b' }, { expectRev: 0 })).rejects.toMatchObject({ code: 'conflict', details: { where: 'app:notes', reason: 'rev' } })
    const second = await b.put('n', { title: 'b' }, { expectRev: rev })
    for (const call of [() => a.put('n', { title: 'c' }, { expectRev: rev }), () => a.update('n', { title: 'c' }, { expectRev: rev }), () => a.delete('n', { expectRev: rev })]) await expect(call()).rejects.toMatchObject({ code: 'conflict' })
    const outcomes = await Promise.allSettled([a.put('n', { title: 'x' }, { expectRev: second.rev }), b.put('n', { title: 'y' }, { expectRev: second.rev }), a.update('n', { title: 'z', text: LONG }, { expectRev: second.rev })])
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const { rev: last } = (await b.get('n'))!
    expect(await a.delete('n', { expectRev: last })).toBe(true)
    await expect(b.delete('n', { expectRev: last })).rejects.toMatchObject({ code: 'conflict' })
  })

  it('is one commit with other changes in a transaction, or nothing', async () => {
    const open = await testBrowser().tab()
    const notes = notesOf(open)
    const planned = new Error('planned')
    const both = async (tx: Records, fails: boolean): Promise<void> => {
      const inside = tx.collection(notes)
      await inside.put('n', { title: 'T', text: LONG })
      await inside.update('n', { pinned: true })
      expect((await inside.get('n'))?.value.pinned).toBe(true)
      expect(await inside.count()).toBe(1)
      await tx.preferences.set('last note', 'n')
      if (fails) throw planned
    }
    await expect(open.transact((tx) => both(tx, true))).rejects.toBe(planned)
    expect([await notes.count(), await open.preferences.get('last note')]).toEqual([0, undefined])
    const heard: VaultEvent[] = []
    open.subscribe((event) => heard.push(event))
    await open.transact((tx) => both(tx, false))
    expect(heard.filter(({ kind }) => kind === 'changed')).toMatchObject([{ collections: ['app:notes', 'preferences'] }])
    expect((await notes.get('n'))?.value).toEqual({ title: 'T', text: LONG, pinned: true })
    let late: ReturnType<typeof notesOf> | undefined
    await open.transact(async (tx) => void (late = notesOf(tx)))
    await expect(late!.put('m', { title: 'x' })).rejects.toThrow(TypeError)
    await open.lock()
  })

  it('names the collection in the event of every tab', async () => {
    const browser = testBrowser()
    const [a, b] = [await browser.tab(), await browser.tab()]
    const heard: unknown[] = []
    b.subscribe((event) => event.kind === 'changed' && heard.push(event.collections))
    await notesOf(a).put('n', { title: 'x' })
    await notesOf(a).delete('n')
    await a.brains.put({ entityId: 'e', model: 'm' })
    await expect.poll(() => heard.flat()).toContain('brains')
    expect(new Set(heard.flat())).toEqual(new Set(['app:notes', 'brains']))
  })
})

describe('beside brains', () => {
  const withNote = async (): Promise<UnlockedVault> => {
    const open = await testBrowser().tab()
    await notesOf(open).put('n', { title: 'train' })
    await open.brains.put({ entityId: 'e', model: 'train' })
    return open
  }

  it('items are no brains, and brains no items', async () => {
    const open = await withNote()
    const stored = 'sealed-vault/app/notes/n'
    expect((await open.brains.list()).map(({ entityId }) => entityId)).toEqual(['e'])
    expect(await open.brains.get(stored)).toBeUndefined()
    expect((await all(open.search('train', { in: 'brains' }))).map(({ brain }) => brain.entityId)).toEqual(['e'])
    expect(await all(open.search('notes', { in: 'brains' }))).toEqual([])
    for (const entityId of [stored, 'sealed-vault/', 'sealed-vault/x']) {
      await expect(open.brains.put({ entityId, model: 'm' })).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'reserved', fields: ['entityId'] } })
      await expect(open.brains.delete(entityId)).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'reserved' } })
    }
    expect(await notesOf(open).count()).toBe(1)
    expect(places(await all(notesOf(open).search('train')))).toEqual([['n', 'title']])
    expect((await open.check()).counts).toMatchObject({ brains: 1, items: 1 })
    expect((await open.backup.status()).changes).toMatchObject({ brains: 1, items: 1 })
    // One collection is not another one whose name begins the same.
    expect(await open.collection('note', { schema: Note }).count()).toBe(0)
    expect(await open.collection('notes2', { schema: Note }).get('n')).toBeUndefined()
    await open.lock()
  })

  it('they get new keys', async () => {
    const browser = testBrowser({ rotationRows: 3 })
    const open = await browser.tab()
    await Promise.all(Array.from({ length: 20 }, (_, i) => notesOf(open).put(String(i), { title: String(i), ...(i === 3 && { text: LONG }) })))
    await open.checkpoint()
    await notesOf(open).put('pending', { title: 'p' })
    expect(await open.rotateKeys('correct horse battery staple')).toMatchObject({ skipped: [], keepsOldKeys: false })
    await open.lock()
    const again = await browser.tab()
    expect((await all(notesOf(again).items())).map(({ value }) => value.text.length + value.title).sort()).toEqual([...Array.from({ length: 20 }, (_, i) => `${i === 3 ? LONG.length : 0}${i}`), '0p'].sort())
    expect(await again.check()).toMatchObject({ ok: true, counts: { items: 21 } })
    await again.lock()
  })
})
