// A crash at every call of the store that changes of an item make: it is as it was before, or as it should be, whole, and the vault is sound.

import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { memoryFactory } from '../../src/stores/memory.js'
import { createCrashingBackend, type CrashPlan } from '../../src/testing/crashing-backend.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import type { Records } from '../../src/vault/vault-records.js'
import { PASSWORD, testBrowser } from '../kit/tabs.js'

const notesOf = (records: Records) => records.collection('notes', { schema: z.object({ title: z.string(), text: z.string() }), head: ['title'] })
const LONG = 'a long text '.repeat(10_000)
const NEW_LONG = 'another text '.repeat(30_000)

const OPERATIONS: readonly { readonly what: string; readonly run: (open: UnlockedVault) => Promise<unknown> }[] = [
  { what: 'a put', run: (open) => notesOf(open).put('n', { title: 'new', text: NEW_LONG }) },
  { what: 'an update', run: (open) => notesOf(open).update('n', { title: 'new', text: NEW_LONG }) },
  { what: 'a deletion', run: (open) => notesOf(open).delete('n') },
  { what: 'a transaction', run: (open) => open.transact(async (tx) => void (await notesOf(tx).put('n', { title: 'new', text: NEW_LONG }), await notesOf(tx).put('m', { title: 'm', text: '' }))) },
  { what: 'a put and a checkpoint', run: async (open) => void (await notesOf(open).put('n', { title: 'new', text: NEW_LONG }), await open.checkpoint()) },
]
const MODES = ['kill-before', 'kill-after', 'fail-once', 'withhold'] as const

async function stateOf(open: UnlockedVault): Promise<string> {
  const found: string[] = []
  for (const { id, head } of await notesOf(open).list({ sortBy: (a, b) => (a.id < b.id ? -1 : 1) })) {
    const { value } = (await notesOf(open).get(id))!
    // Head and value are one commit.
    expect(head.title).toBe(value.title)
    found.push(`${id} ${value.title} ${value.text.length}`)
  }
  return found.join(', ')
}

describe.each(OPERATIONS)('a crash in $what', ({ run }) => {
  it('leaves the item as it was or as it should be', async () => {
    const origin = testBrowser()
    const begun = await origin.tab()
    await notesOf(begun).put('n', { title: 'old', text: LONG })
    await begun.checkpoint()
    const before = await stateOf(begun)
    await begun.lock()
    const attempt = async (plan: CrashPlan) => {
      const disk = origin.disk.snapshot()
      const crashing = createCrashingBackend(memoryFactory(disk), plan)
      let first = 0
      let told = false
      const work = async (): Promise<void> => {
        const vault = await testBrowser({ disk, backend: () => crashing.factory }).open()
        if (vault.state !== 'locked') throw new Error(vault.state)
        const open = await vault.unlock(PASSWORD)
        first = crashing.calls.length
        await run(open)
        told = true
      }
      await Promise.race([work().catch(() => undefined), crashing.died])
      return { disk, told, first, calls: crashing.calls.length, struck: crashing.struck }
    }
    const look = async (disk: Awaited<ReturnType<typeof attempt>>['disk']): Promise<string> => {
      const open = await testBrowser({ disk }).tab()
      const state = await stateOf(open)
      await open.checkpoint()
      expect(await open.check()).toMatchObject({ ok: true, problems: [] })
      expect(await stateOf(open)).toBe(state)
      await open.lock()
      return state
    }
    const clean = await attempt({ mode: 'none' })
    const after = await look(clean.disk)
    expect(after).not.toBe(before)
    let struck = 0
    for (let at = clean.first + 1; at <= clean.calls; at++) {
      for (const mode of MODES) {
        const left = await attempt({ mode, at })
        if (left.struck) struck++
        const state = await look(left.disk)
        expect([mode, at, left.told ? [after] : [before, after]]).toEqual([mode, at, expect.arrayContaining([state]) as unknown])
      }
    }
    expect(struck).toBeGreaterThan(0)
  })
})
