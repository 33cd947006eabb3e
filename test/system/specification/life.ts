// What happens to old sessions and messages, and to edits that another tab has overtaken: docs/specification.md, sections 7.2, 8.2 and 13.2.

import { expect, vi } from 'vitest'
import type { UnlockedVault } from '../../../src/index.js'
import { SessionLife } from '../../../src/system/index.js'
import { contents, idsOf, row, type Stage } from '../../kit/specification-rows.js'
import { SmallWorld } from '../../kit/small-world.js'
import { message } from '../../kit/vault-states.js'

const DAY = 24 * 60 * 60 * 1000
/** A moment that is later than anything a test writes. */
const NOW = Date.UTC(2100, 0, 1)

/** Sessions whose messages are some days old, one of them in use. */
async function aged({ tab }: Stage, ages: Readonly<Record<string, readonly number[]>>): Promise<{ readonly open: UnlockedVault; readonly life: SessionLife }> {
  const open = await tab()
  for (const [id, days] of Object.entries(ages)) {
    const times = days.map((age) => NOW - age * DAY)
    await open.sessions.create({ id, chatLogId: `log ${id}`, createdAt: times[0]! })
    await open.chatLogs.append(`log ${id}`, times.map((timestamp, i) => ({ ...message(`${id} ${i}`), timestamp })))
  }
  return { open, life: new SessionLife({ open, now: () => NOW, activeSessionIds: () => ['in use'] }) }
}

/** A world in which nothing is going on: what is in use is spared. */
function withoutSessions(): SmallWorld {
  const world = new SmallWorld()
  world.systems.delete('session')
  return world
}

row('S-7.2.3', 'old sessions are archived by a rule, but for those in use and those that are pinned, and can be had back', async (stage) => {
  const { open, life } = await aged(stage, { old: [90], 'in use': [80], pinned: [70], young: [2] })
  await life.pins.pin(['pinned'])
  const rule = { inactiveForMs: 30 * DAY }
  expect(idsOf(await life.archiving.preview(rule))).toEqual(['old'])
  expect((await open.sessions.list({ state: 'archived' })).length).toBe(0)
  const { archived, undoToken } = await life.archiving.run(rule)
  expect([idsOf(archived), idsOf(await open.sessions.list({ state: 'archived' }))]).toEqual([['old'], ['old']])
  expect((await life.archiving.run(rule)).archived).toEqual([])
  expect(await life.archiving.undo(undoToken)).toEqual({ restored: ['old'], left: [] })
  expect((await open.sessions.get('old'))!.state).toBe('active')
  await open.lock()
  // By itself, in a world that says the rule.
  const { world, system, frames } = await stage.world({ vault: { name: 'test' }, upkeep: { archive: rule }, now: () => NOW }, withoutSessions())
  await vi.waitFor(async () => {
    await frames(1)
    expect(idsOf(await system.storage.sessions({ state: 'archived' }))).toContain('old')
  }, { timeout: 10_000, interval: 20 })
  expect(world.events.map(({ kind }) => kind)).toContain('upkeep')
})

row('S-8.2.4', 'old messages are deleted by a rule, after a look at what would go', async (stage) => {
  const { open, life } = await aged(stage, { a: [90, 50, 2], 'in use': [90], b: [1] })
  const rule = { olderThanMs: 30 * DAY }
  expect(await life.cleanUp.preview(rule)).toMatchObject({ messages: 2, sessions: [{ id: 'a', messages: 2 }] })
  expect(await open.chatLogs.count('log a')).toBe(3)
  expect(await life.cleanUp.run(rule)).toMatchObject({ messages: 2, sessions: [{ id: 'a', messages: 2 }] })
  expect([contents(await open.chatLogs.read('log a')), await open.chatLogs.count('log in use'), await open.chatLogs.count('log b')]).toEqual([['a 2'], 1, 1])
  expect((await life.cleanUp.run({ keepTotal: 2 })).messages).toBe(1)
  await open.lock()
  // By itself, in a world that says the rule.
  const { system, frames } = await stage.world({ vault: { name: 'test' }, upkeep: { cleanUp: { keepPerSession: 0 } }, now: () => NOW }, withoutSessions())
  await vi.waitFor(async () => {
    await frames(1)
    expect(await system.vault.chatLogs.count('log b')).toBe(0)
  }, { timeout: 10_000, interval: 20 })
})
