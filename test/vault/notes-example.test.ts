// The notes app of examples/notes, as it stands: thirty lines, the same that docs/collections.md shows, and they do what they say.

import 'fake-indexeddb/auto'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openNotes } from '../../examples/notes/notes.js'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

it('is thirty lines at most, those of the guide', () => {
  const lines = read('examples/notes/notes.ts')
  expect(lines.trim().split('\n').length).toBeLessThanOrEqual(30)
  expect(read('docs/collections.md')).toContain(`\`\`\`ts\n${lines}`)
})

it('keeps, finds, pins, tells of changes and locks', { timeout: 30_000 }, async () => {
  const password = 'correct horse battery staple'
  const notes = await openNotes(password)
  let changes = 0
  const stop = notes.onChange(() => changes++)
  const { id } = await notes.write('Trip', 'Book the night train')
  await notes.write('Soup', 'Leeks')
  await notes.pin(id, true)
  expect((await notes.pinned()).map(({ head }) => head)).toEqual([{ title: 'Trip', pinned: true }])
  expect((await notes.newest()).map(({ head }) => head.title).sort()).toEqual(['Soup', 'Trip'])
  expect(await notes.find('night tra')).toEqual([{ id, title: 'Trip', line: 'Book the night train' }])
  await notes.edit(id, 'Booked')
  expect(changes).toBe(4)
  stop()
  await notes.lock()
  await expect(notes.read(id)).rejects.toMatchObject({ code: 'locked' })
  const again = await openNotes(password)
  expect(await again.read(id)).toEqual({ title: 'Trip', text: 'Booked', pinned: true })
  await again.pin(id, false)
  expect([await again.remove(id), await again.pinned()]).toEqual([true, []])
  await again.lock()
})
