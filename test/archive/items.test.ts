// Items of apps' collections in archives, merges and plain JSON: whole, counted and named by the app's own names.

import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import type { SealedBytes } from '../../src/brand.js'
import type { Conflict } from '../../src/index.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import type { Records } from '../../src/vault/vault-records.js'
import { asJson, jsonOf, readWithTool, timeless } from '../kit/archives.js'
import { archiveOf, CODE, contentOf, take } from '../kit/devices.js'
import { testBrowser } from '../kit/tabs.js'

const notesOf = (records: Records) => records.collection('notes', { schema: z.object({ title: z.string(), text: z._default(z.string(), '') }), head: ['title'], searchable: ['title', 'text'] })
const anyOf = (records: Records, name: string) => records.collection(name, { schema: z.unknown() })
const LONG = 'a long text '.repeat(20_000)

let clock = 1000
const device = (): Promise<UnlockedVault> => testBrowser({ now: () => clock++ }).tab()

async function filled(): Promise<UnlockedVault> {
  const open = await device()
  await notesOf(open).put('n', { title: 'Trip', text: LONG })
  await anyOf(open, 'constructor').put('a/b', { deep: [LONG, { __proto__: null, x: '\ud800' }] })
  await open.checkpoint()
  await notesOf(open).put('__proto__', { title: 'pending' })
  await anyOf(open, 'a').put('x'.repeat(1024), null)
  await open.brains.put({ entityId: 'e', model: 'm' })
  return open
}

describe('items in an archive', () => {
  it('come back whole, and the stand-alone reader and the plain JSON say the same', async () => {
    const open = await filled()
    const archive = await archiveOf(open)
    const plain = timeless(await jsonOf(await open.exportJson({ unprotected: true })))
    expect(Object.entries(plain.collections).map(([name, items]) => [name, items.map(({ id }) => id)])).toEqual([
      ['a', ['x'.repeat(1024)]],
      ['constructor', ['a/b']],
      ['notes', ['n', '__proto__']],
    ])
    expect(asJson(await readWithTool(archive, CODE, { recoveryCode: true }))).toEqual(plain)
    const other = await device()
    const report = await take(other, archive)
    expect(report.archive.counts).toMatchObject({ brains: 1, items: 4 })
    expect(report.counts).toMatchObject({ brains: { added: 1 }, items: { added: 4 } })
    expect(report.entries.filter(({ kind }) => kind === 'item').map(({ collection, id, outcome }) => [collection, id.slice(0, 9), outcome])).toEqual([['a', 'xxxxxxxxx', 'added'], ['constructor', 'a/b', 'added'], ['notes', 'n', 'added'], ['notes', '__proto__', 'added']])
    expect(await contentOf(other)).toEqual(await contentOf(open))
    expect((await notesOf(other).get('n'))?.value).toEqual({ title: 'Trip', text: LONG })
    expect((await notesOf(other).list({ sortBy: 'title' })).map(({ head }) => head)).toEqual([{ title: 'Trip' }, { title: 'pending' }])
    expect((await take(other, archive)).entries).toEqual([])
    expect(await other.check()).toMatchObject({ ok: true, counts: { items: 4, brains: 1 } })
    const third = await device()
    expect((await third.importJson(await open.exportJson({ unprotected: true }))).counts.items.added).toBe(4)
    expect(await contentOf(third)).toEqual(await contentOf(open))
  })

  it('are in a part only when asked for, and in what changed since', async () => {
    const open = await filled()
    const whole = await archiveOf(open)
    expect((await archiveOf(open, { sessionIds: [] })).named).toMatchObject({ counts: { items: 0 } })
    expect((await archiveOf(open, { sessionIds: [], collections: true })).named).toMatchObject({ counts: { items: 4, brains: 0 } })
    expect((await archiveOf(open, { collections: false })).named).toMatchObject({ counts: { items: 0, brains: 1 } })
    await notesOf(open).update('n', { text: 'short' })
    await notesOf(open).delete('__proto__')
    const since = await archiveOf(open, { since: whole.named! })
    expect(since.named).toMatchObject({ counts: { items: 1, tombstones: 1 } })
    const other = await device()
    await take(other, whole)
    expect((await take(other, since)).entries).toMatchObject([{ kind: 'item', collection: 'notes', id: 'n', outcome: 'changed' }, { kind: 'item', collection: 'notes', id: '__proto__', outcome: 'deleted' }])
    expect(await contentOf(other)).toEqual(await contentOf(open))
    // One that leaves them out says nothing of them.
    await take(other, await archiveOf(open, { collections: false }))
    expect(await notesOf(other).count()).toBe(1)
  })

  it('are written as before where there are none', async () => {
    const open = await device()
    await open.preferences.set('a', 1)
    const end = (await readWithTool(await archiveOf(open), CODE, { recoveryCode: true })).at(-1) as unknown as { readonly counts: object }
    expect(Object.keys(end.counts)).not.toContain('items')
  })

  it('that do not open are named, where the rest is wanted all the same', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    await notesOf(open).put('whole', { title: 'whole' })
    await open.checkpoint()
    const rows = browser.disk.rows('test', 'pages')
    const before = new Set(rows.keys().map(String))
    await notesOf(open).put('torn', { title: 'torn' })
    await open.checkpoint()
    for (const key of [...rows.keys()].filter((one) => !before.has(String(one)))) {
      const row = rows.get(key)!.slice() as SealedBytes
      row[row.length >> 1]! ^= 1
      rows.set(key, row)
    }
    open.releaseMemory()
    await expect(archiveOf(open)).rejects.toMatchObject({ code: 'corrupt' })
    const { named } = await archiveOf(open, { damaged: 'skip' })
    expect(named).toMatchObject({ counts: { items: 1, missing: 1 }, missing: [{ kind: 'item', collection: 'notes', id: 'torn' }] })
    const archive = await archiveOf(open, { damaged: 'skip' })
    expect((await readWithTool(archive, CODE, { recoveryCode: true })).find(({ kind }) => kind === 'missing')).toMatchObject({ of: 'item', collection: 'notes', id: 'torn' })
    const other = await device()
    expect((await take(other, archive)).archive.missing).toMatchObject([{ kind: 'item', collection: 'notes', id: 'torn' }])
    // Heads are in memory: the list is whole, reading says what is damaged, and a new version mends it.
    expect(await notesOf(open).count()).toBe(2)
    await expect(notesOf(open).get('torn')).rejects.toMatchObject({ code: 'corrupt' })
    await notesOf(open).put('torn', { title: 'mended' })
    expect((await notesOf(open).get('torn'))?.value.title).toBe('mended')
  })
})

describe('merged, an item', () => {
  async function inConflict() {
    const [a, b] = [await device(), await device()]
    await notesOf(a).put('n', { title: 'first' })
    await notesOf(a).put('gone', { title: 'first' })
    await take(b, await archiveOf(a))
    await notesOf(a).put('n', { title: 'by a', text: LONG })
    await notesOf(a).put('gone', { title: 'by a' })
    await notesOf(b).update('n', { title: 'by b' })
    await notesOf(b).delete('gone')
    return { a, b, archive: await archiveOf(b) }
  }
  const titles = async (open: UnlockedVault) => (await notesOf(open).list({ sortBy: 'title' })).map(({ head }) => head.title)

  it('that was changed on one side is changed on the other', async () => {
    const [a, b] = [await device(), await device()]
    await notesOf(a).put('n', { title: 'first' })
    await take(b, await archiveOf(a))
    await notesOf(b).update('n', { text: LONG })
    expect((await take(a, await archiveOf(b))).entries).toEqual([{ kind: 'item', collection: 'notes', id: 'n', outcome: 'changed' }])
    await notesOf(b).delete('n')
    expect((await take(a, await archiveOf(b))).entries).toEqual([{ kind: 'item', collection: 'notes', id: 'n', outcome: 'deleted' }])
    expect(await notesOf(a).count()).toBe(0)
  })

  it('that was changed on both is a conflict as a whole', async () => {
    const { a, archive } = await inConflict()
    const asked: Conflict[] = []
    await a.inspectArchive(archive, { recoveryCode: CODE, onConflict: (conflict) => (asked.push(conflict), 'mine') })
    expect(asked).toMatchObject([
      { kind: 'item', collection: 'notes', id: 'n', mine: { value: { head: { title: 'by a' }, value: { title: 'by a' } } }, theirs: { value: { head: { title: 'by b' }, value: { title: 'by b', text: '' } } } },
      { kind: 'item', collection: 'notes', id: 'gone', mine: { value: { head: { title: 'by a' } } }, deletedAt: expect.any(Number) as number },
    ])
    const report = await take(a, archive, { onConflict: 'keep-theirs' })
    expect(report.entries).toMatchObject([{ kind: 'item', collection: 'notes', id: 'n', lost: 'mine', conflict: { kept: 'theirs' } }, { kind: 'item', collection: 'notes', id: 'gone', outcome: 'deleted', lost: 'mine' }])
    expect(report.counts.items).toMatchObject({ changed: 1, deleted: 1, conflicted: 2 })
    expect(await titles(a)).toEqual(['by b'])
    expect(await a.check()).toMatchObject({ ok: true })
  })

  it('is kept twice, the same on both sides', async () => {
    const { a, b, archive } = await inConflict()
    const back = await archiveOf(a)
    const report = await take(a, archive, { onConflict: 'keep-both' })
    await take(b, back, { onConflict: 'keep-both' })
    expect(await titles(a)).toEqual(['by a', 'by a', 'by b'])
    expect(await contentOf(a)).toEqual(await contentOf(b))
    const copyId = report.entries.find(({ id }) => id === 'n')?.copyId
    expect(copyId).toMatch(/^n~[\w-]{8}$/)
    expect((await notesOf(a).get(copyId!))?.value.title).toMatch(/^by [ab]$/)
  })
})
