// An app's own collection in every engine: put, found, listed, folded, unlocked again, in an archive.

import { afterAll, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { destroyVault, openVault } from '../../src/index.ts'
import type { Records, UnlockedVault } from '../../src/index.ts'

const NAMES = [`collections ${crypto.randomUUID()}`, `collections ${crypto.randomUUID()}`] as const
afterAll(() => Promise.all(NAMES.map((name) => destroyVault(name))))

const PASSWORD = 'correct horse battery staple'
const LONG = `${'padding words all along '.repeat(5000)}the Nadel`
const Note = z.object({ title: z.string(), text: z._default(z.string(), ''), pinned: z.optional(z.boolean()) })
const notesOf = (records: Records) => records.collection('notes', { schema: Note, head: ['title', 'pinned'], searchable: ['title', 'text'] })

async function opened(name: string): Promise<UnlockedVault> {
  const vault = await openVault({ name })
  if (vault.state === 'empty') return vault.create(PASSWORD)
  if (vault.state === 'locked') return vault.unlock(PASSWORD)
  throw new Error(vault.state)
}

it('keeps notes, pending, folded and unlocked again', { timeout: 60_000 }, async () => {
  let open = await opened(NAMES[0])
  await Promise.all(Array.from({ length: 50 }, (_, i) => notesOf(open).put(`n${i}`, { title: `Notiz ${i}`, pinned: i % 10 === 0 })))
  const first = await notesOf(open).put('reise', { title: 'Reise nach Zürich', text: 'Book the night train' })
  await notesOf(open).put('long', { title: '東京', text: LONG })
  await expect(notesOf(open).put('reise', { title: 'x' }, { expectRev: 0 })).rejects.toMatchObject({ code: 'conflict' })
  await open.transact(async (tx) => {
    await notesOf(tx).update('reise', (note) => ({ ...note, pinned: true }))
    await tx.preferences.set('last note', 'reise')
  })
  for (const step of ['pending', 'folded', 'unlocked']) {
    const hits = []
    for await (const hit of notesOf(open).search('zurich train')) hits.push([hit.id, hit.path[0], hit.head.pinned])
    for await (const hit of notesOf(open).search('nadel')) hits.push([hit.id, hit.path[0]])
    expect(hits, step).toEqual([['reise', 'title', true], ['long', 'text']])
    expect((await notesOf(open).list({ where: ({ pinned }) => pinned === true, sortBy: 'title', limit: 2 })).map(({ id }) => id)).toEqual(['n0', 'n10'])
    expect((await notesOf(open).get('long'))?.value.text).toBe(LONG)
    expect((await notesOf(open).get('reise'))!.rev).toBeGreaterThan(first.rev)
    expect(await open.check()).toMatchObject({ ok: true, counts: { items: 52, brains: 0 } })
    await open.checkpoint()
    open.releaseMemory()
    if (step === 'folded') {
      await open.lock()
      open = await opened(NAMES[0])
    }
  }
  const { stream, report } = await open.exportArchive({ password: 'another long password' })
  const file = await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).blob()
  expect((await report).counts.items).toBe(52)
  const other = await opened(NAMES[1])
  expect((await other.importArchive(file, { password: 'another long password' })).counts.items.added).toBe(52)
  let whole = 0
  for await (const { id, value } of notesOf(other).items()) whole += value.title.length + value.text.length + id.length > 0 ? 1 : 0
  expect(whole).toBe(52)
  await Promise.all([open.lock(), other.lock()])
})
