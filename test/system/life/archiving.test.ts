// Archiving by a rule: what a rule means, what is spared, and what can be undone.

import { describe, expect, it } from 'vitest'
import { ARCHIVED_KEY, UNDO_FOR_MS } from '../../../src/system/life/archive-journal.js'
import type { ArchiveRule } from '../../../src/system/life/archiving.js'
import { lifeScene, type Scene } from './small-scene.js'

const BY_AGE: ArchiveRule = { inactiveForMs: 500 }

/** Sessions a to f, the last activity of each later than that of the one before; the clock says 1000. */
async function sixSessions(): Promise<Scene> {
  const scene = await lifeScene()
  for (const [i, id] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) await scene.add(id, [i * 150 + 50], id === 'b' ? { state: 'inactive' } : {})
  return scene
}

const idsOf = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id)
const archivedIn = async ({ open }: Scene): Promise<string[]> => idsOf(await open.sessions.list({ state: 'archived', order: 'oldest-activity' }))

describe('a rule', () => {
  it('by age takes sessions without activity for so long', async () => {
    const { life } = await sixSessions()
    expect(await life.archiving.preview(BY_AGE)).toEqual([
      { id: 'a', title: 'a', lastActivityAt: 50, reason: 'inactive' },
      { id: 'b', title: 'b', lastActivityAt: 200, reason: 'inactive' },
      { id: 'c', title: 'c', lastActivityAt: 350, reason: 'inactive' },
      { id: 'd', title: 'd', lastActivityAt: 500, reason: 'inactive' },
    ])
    expect(idsOf(await life.archiving.preview(BY_AGE, 600))).toEqual(['a'])
  })

  it('by number leaves the newest', async () => {
    const { life } = await sixSessions()
    expect(idsOf(await life.archiving.preview({ keepActive: 4 }))).toEqual(['a', 'b'])
    expect(idsOf(await life.archiving.preview({ keepActive: 0 }))).toHaveLength(6)
    expect(await life.archiving.preview({ keepActive: 5 })).toMatchObject([{ reason: 'not-among-newest' }])
  })

  it('by both takes what both take', async () => {
    const { life } = await sixSessions()
    expect(idsOf(await life.archiving.preview({ ...BY_AGE, keepActive: 4 }))).toEqual(['a', 'b'])
    expect(idsOf(await life.archiving.preview({ ...BY_AGE, keepActive: 1 }))).toEqual(['a', 'b', 'c', 'd'])
    expect(await life.archiving.preview({ ...BY_AGE, keepActive: 5 })).toMatchObject([{ reason: 'inactive-and-not-among-newest' }])
  })

  it('may be for some states only', async () => {
    const { life } = await sixSessions()
    expect(idsOf(await life.archiving.preview({ ...BY_AGE, states: ['inactive'] }))).toEqual(['b'])
    expect(idsOf(await life.archiving.preview({ ...BY_AGE, states: ['active'] }))).toEqual(['a', 'c', 'd'])
  })

  it('without a limit is refused, and so is one that nobody knows', async () => {
    const { life, commits } = await sixSessions()
    const before = commits()
    for (const wrong of [{}, { states: ['active'] }, { inactiveForMs: undefined }, { inactiveForMs: -1 }, { inactiveForMs: Number.NaN }, { inactiveForMs: Infinity }, { keepActive: 1.5 }, { ...BY_AGE, states: ['archived'] }]) {
      await expect(life.archiving.preview(wrong as never), JSON.stringify(wrong)).rejects.toThrow(RangeError)
      await expect(life.archiving.run(wrong as never), JSON.stringify(wrong)).rejects.toThrow(RangeError)
    }
    for (const wrong of [undefined, 'all', [], { inactiveForMs: '5' }, { keepActive: null }, { ...BY_AGE, keepActiv: 3 }, { ...BY_AGE, states: 'active' }]) await expect(life.archiving.run(wrong as never), JSON.stringify(wrong)).rejects.toThrow(TypeError)
    expect(commits()).toBe(before)
  })
})

describe('archiving', () => {
  it('spares sessions that are in use, pinned, or deleted for the time being', async () => {
    const scene = await sixSessions()
    const { life, active } = scene
    active.push('a')
    await life.pins.pin(['b'])
    await life.deletes.deleteSessions(['c'], { undoMs: 5000 })
    expect(idsOf((await life.archiving.run(BY_AGE)).archived)).toEqual(['d'])
    expect(await archivedIn(scene)).toEqual(['d'])
  })

  it('keeps the newest whoever is pinned among them, so that a second run finds nothing', async () => {
    const { life } = await sixSessions()
    await life.pins.pin(['a', 'f'])
    expect(idsOf((await life.archiving.run({ keepActive: 2 })).archived)).toEqual(['b', 'c', 'd'])
    expect(await life.archiving.preview({ keepActive: 2 })).toEqual([])
  })

  it('leaves what became active meanwhile, as each commit sees it', async () => {
    const { life, open, clock } = await sixSessions()
    clock.now = 100_000
    await open.load(Array.from({ length: 600 }, (_, i) => ({ session: { id: `x${i}`, createdAt: 900 + i }, messages: [] })))
    const seen: number[] = []
    const report = await life.archiving.run({ inactiveForMs: 90_000 }, {
      onProgress: ({ done, total }) => {
        seen.push(done, total!)
        if (done === 250) void open.sessions.touch('x599', 50_000)
      },
    })
    expect(seen.slice(0, 2)).toEqual([250, 606])
    expect(report.archived).toHaveLength(605)
    expect((await open.sessions.get('x599'))?.state).toBe('active')
  })

  it('stops between commits when it is aborted, and goes on later under the same token', async () => {
    const { life, open, clock } = await sixSessions()
    clock.now = 100_000
    await open.load(Array.from({ length: 600 }, (_, i) => ({ session: { id: `x${i}`, createdAt: 900 + i }, messages: [] })))
    const controller = new AbortController()
    const reason = new Error('enough')
    await expect(life.archiving.run(BY_AGE, { signal: controller.signal, onProgress: () => controller.abort(reason) })).rejects.toBe(reason)
    expect(await open.sessions.list({ state: 'archived' })).toHaveLength(250)
    const token = (await open.preferences.get(ARCHIVED_KEY) as { token: string }).token
    const report = await life.archiving.run(BY_AGE)
    expect(report).toMatchObject({ continued: true, undoToken: token })
    expect(report.archived).toHaveLength(356)
    expect((await life.archiving.undo(token)).restored).toHaveLength(606)
    expect(await open.sessions.list({ state: 'archived' })).toEqual([])
  })
})

describe('undo', () => {
  it('gives back the states that were, in another tab too, and once', async () => {
    const scene = await sixSessions()
    const { undoToken } = await scene.life.archiving.run(BY_AGE)
    const other = await scene.tab()
    expect(await other.life.archiving.undo('another token')).toEqual({ restored: [], left: [] })
    expect(await other.life.archiving.undo(undoToken)).toEqual({ restored: ['a', 'b', 'c', 'd'], left: [] })
    await expect.poll(async () => (await scene.open.sessions.get('b'))?.state).toBe('inactive')
    expect((await scene.open.sessions.get('a'))?.state).toBe('active')
    expect(await scene.life.archiving.undo(undoToken)).toEqual({ restored: [], left: [] })
    expect(await scene.open.preferences.get(ARCHIVED_KEY)).toBeUndefined()
  })

  it('leaves what was changed since, or is gone', async () => {
    const { life, open } = await sixSessions()
    await life.archiving.run(BY_AGE)
    await open.sessions.update('a', { title: 'mine' })
    await open.sessions.update('b', { state: 'active' })
    await open.sessions.delete('c')
    expect(await life.archiving.undo()).toEqual({ restored: ['d'], left: [{ id: 'a', why: 'changed' }, { id: 'b', why: 'changed' }, { id: 'c', why: 'gone' }] })
    expect((await open.sessions.get('a'))?.state).toBe('archived')
  })

  it('is not spoilt by a clean-up of messages in what was archived', async () => {
    const { life, open } = await sixSessions()
    await life.archiving.run(BY_AGE)
    await open.sessions.update('a', { title: 'mine' })
    expect((await life.cleanUp.run({ olderThanMs: 700 })).sessions).toEqual([{ id: 'a', messages: 1 }, { id: 'b', messages: 1 }])
    expect(await life.archiving.undo()).toEqual({ restored: ['b', 'c', 'd'], left: [{ id: 'a', why: 'changed' }] })
  })

  it('is there after a run that found nothing, gone after one that archived more, and after thirty days', async () => {
    const { life, open, clock, add } = await sixSessions()
    const first = await life.archiving.run(BY_AGE)
    expect((await life.archiving.run(BY_AGE)).undoToken).toBe(first.undoToken)
    clock.now = 1400
    await add('late', [10])
    const second = await life.archiving.run(BY_AGE)
    expect(idsOf(second.archived)).toEqual(['late', 'e', 'f'])
    expect(await life.archiving.undo(first.undoToken)).toEqual({ restored: [], left: [] })
    clock.now += UNDO_FOR_MS + 1
    expect(await life.archiving.undo(second.undoToken)).toEqual({ restored: [], left: [] })
    expect(await open.sessions.list({ state: 'archived' })).toHaveLength(7)
    expect((await life.archiving.run(BY_AGE)).undoToken).toBeUndefined()
  })

  it('lives with what somebody else wrote in its place', async () => {
    const { life, open } = await sixSessions()
    for (const odd of [[], 7, { token: 't' }, { token: 't', at: 1000, isFinished: true, sessions: [['a', 'archived', 1], 5, null, ['a']] }]) {
      await open.preferences.set(ARCHIVED_KEY, odd as never)
      expect(await life.archiving.undo()).toEqual({ restored: [], left: [] })
    }
    expect((await life.archiving.run(BY_AGE)).archived).toHaveLength(4)
    expect((await life.archiving.undo()).restored).toHaveLength(4)
  })
})
