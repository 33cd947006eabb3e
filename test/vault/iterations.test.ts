// Iterations over hits and messages that are left standing, and come to a lock or to their end. That nothing is left of what they held is for heap.test.ts to say.

import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import type { UnlockedVault } from '../../src/index.js'
import { testBrowser } from '../kit/tabs.js'
import { message } from '../kit/vault-states.js'

const LOCKED = { code: 'locked' }
const END = { done: true, value: undefined }

const notesOf = (open: UnlockedVault) => open.collection('notes', { schema: z.object({ text: z.string() }), searchable: ['text'] })

const kinds: Record<string, (open: UnlockedVault) => AsyncGenerator<unknown, void, undefined>> = {
  search: (open) => open.search('night'),
  searchBySession: (open) => open.searchBySession('night'),
  messages: (open) => open.chatLogs.messages('l0'),
  readAll: (open) => open.chatLogs.readAll(),
  'items of a collection': (open) => notesOf(open).items(),
  'search in a collection': (open) => notesOf(open).search('night'),
}

async function filled(): Promise<UnlockedVault> {
  const open = await testBrowser().tab()
  for (let i = 0; i < 3; i++) {
    await open.sessions.create({ id: `s${i}`, chatLogId: `l${i}` })
    await open.chatLogs.append(`l${i}`, [1, 2, 3].map((j) => message(`night ${j}`)))
    await notesOf(open).add({ text: `night ${i}` })
  }
  return open
}

describe.each(Object.entries(kinds))('an iteration: %s', (_, begin) => {
  it('rejects after the lock, however often it is asked, and can be left', async () => {
    const open = await filled()
    const [first, second, late] = [begin(open), begin(open), begin(open)]
    expect(await first.next()).toMatchObject({ done: false })
    expect(await second.next()).toMatchObject({ done: false })
    await open.lock()
    await expect(first.next()).rejects.toMatchObject(LOCKED)
    // As the engine's own do it: what has thrown is over.
    expect(await first.next()).toEqual(END)
    expect(await second.return()).toEqual(END)
    await expect(late.next()).rejects.toMatchObject(LOCKED)
    await expect(begin(open).next()).rejects.toMatchObject(LOCKED)
  })

  it('that was asked when the lock came ends with it', async () => {
    const open = await filled()
    const iteration = begin(open)
    await iteration.next()
    const asked = Promise.allSettled([iteration.next(), iteration.next(), iteration.next(), iteration.next()])
    await open.lock()
    for (const answer of await asked) expect(answer).toSatisfy(({ status, reason }: { status: string; reason?: unknown }) => status === 'fulfilled' || (reason as { code?: string }).code === 'locked')
  })

  it('that came to its end stays there, and one that was left gives nothing more', async () => {
    const open = await filled()
    const whole = begin(open)
    let given = 0
    for await (const one of whole) given += one === undefined ? 0 : 1
    expect(given).toBeGreaterThan(1)
    const left = begin(open)
    for await (const one of left) if (one !== undefined) break
    expect(await left.next()).toEqual(END)
    const thrown = begin(open)
    await thrown.next()
    await expect(thrown.throw(new Error('enough'))).rejects.toThrow('enough')
    expect(await thrown.next()).toEqual(END)
    await open.lock()
    expect(await whole.next()).toEqual(END)
  })

  it('is given in order to whoever asks several times at once', async () => {
    const open = await filled()
    const expected: unknown[] = []
    for await (const one of begin(open)) expected.push(one)
    const iteration = begin(open)
    const steps = await Promise.all(Array.from({ length: expected.length + 1 }, () => iteration.next()))
    expect(steps.map(({ value }) => value)).toEqual([...expected, undefined])
    await open.lock()
  })
})
