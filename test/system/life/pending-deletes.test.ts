// Deletes with a window in which they can be undone: hidden at once, gone once, kept when somebody went on.

import { describe, expect, it } from 'vitest'
import { SessionLife } from '../../../src/system/life/session-life.js'
import { DELETING_KEY } from '../../../src/system/life/pending-list.js'
import { lifeScene, type Scene } from './small-scene.js'

async function threeSessions(): Promise<Scene> {
  const scene = await lifeScene()
  for (const id of ['a', 'b', 'c']) await scene.add(id, [1, 2])
  return scene
}

describe('a deleted session', () => {
  it('is hidden and there until its time, in every tab and after a restart', async () => {
    const { life, open, clock, browser, tab } = await threeSessions()
    expect(await life.deletes.deleteSessions(['b', 'nobody', 'a'], { undoMs: 100 })).toEqual([
      { id: 'b', outcome: 'done' },
      { id: 'nobody', outcome: 'not-found' },
      { id: 'a', outcome: 'done' },
    ])
    const other = await tab()
    expect([...(await other.life.deletes.hidden())].sort()).toEqual(['a', 'b'])
    expect(await other.life.deletes.isHidden('c')).toBe(false)
    expect(await life.deletes.nextDue()).toBe(1100)
    clock.now = 1099
    expect(await life.deletes.purgeDue()).toEqual({ deleted: [], kept: [] })
    expect(await open.sessions.count()).toBe(3)
    await open.lock()
    const again = await browser.tab()
    const later = new SessionLife({ open: again, now: () => 1100, activeSessionIds: () => [] })
    expect([...(await later.deletes.hidden())].sort()).toEqual(['a', 'b'])
    expect((await later.deletes.purgeDue()).deleted).toEqual(['b', 'a'])
    expect((await again.sessions.list()).map(({ id }) => id)).toEqual(['c'])
    expect(await again.chatLogs.list()).toHaveLength(1)
    expect(await again.preferences.get(DELETING_KEY)).toBeUndefined()
    expect(await later.deletes.nextDue()).toBeUndefined()
    await again.checkpoint()
    expect(await again.check()).toMatchObject({ ok: true, counts: { sessions: 1, messages: 2 } })
  })

  it('comes back as it was, also after its time when nothing was purged', async () => {
    const { life, open, clock } = await threeSessions()
    const before = await open.sessions.list()
    await life.deletes.deleteSessions(['a', 'b'])
    expect(await life.deletes.undo(['a', 'c', 'nobody'])).toEqual([
      { id: 'a', outcome: 'done' },
      { id: 'c', outcome: 'unchanged' },
      { id: 'nobody', outcome: 'not-found' },
    ])
    clock.now = 1e6
    expect(await life.deletes.undo(['b'])).toEqual([{ id: 'b', outcome: 'done' }])
    expect(await life.deletes.purgeDue()).toEqual({ deleted: [], kept: [] })
    expect(await open.sessions.list()).toEqual(before)
  })

  it('goes once, whoever else purges at the same moment', async () => {
    const { life, clock, tab, commits } = await threeSessions()
    const other = await tab()
    await life.deletes.deleteSessions(['a', 'b'], { undoMs: 0 })
    clock.now += 1
    const reports = await Promise.all([life.deletes.purgeDue(), other.life.deletes.purgeDue(), life.deletes.purgeDue()])
    expect(reports.flatMap(({ deleted }) => deleted).sort()).toEqual(['a', 'b'])
    const before = commits()
    expect(await other.life.deletes.purgeDue()).toEqual({ deleted: [], kept: [] })
    expect(commits()).toBe(before)
  })

  it('is kept and said so when it got messages since, of whatever time, but not for an edit', async () => {
    const { life, open, clock, tab } = await threeSessions()
    await life.deletes.deleteSessions(['a', 'b', 'c'], { undoMs: 10 })
    const other = await tab()
    await other.open.chatLogs.append('a-log', { senderId: 'ada', type: 'user', content: 'still here', timestamp: 0 })
    await other.open.sessions.update('b', { title: 'renamed' })
    await other.open.chatLogs.update('b-log', 'b-0', { content: 'edited' })
    await other.open.sessions.touch('c', 5000)
    clock.now += 10
    expect(await life.deletes.purgeDue()).toEqual({ deleted: ['b'], kept: ['a', 'c'] })
    expect(await life.deletes.hidden()).toEqual(new Set())
    expect((await open.sessions.get('a'))?.messageCount).toBe(3)
  })

  it('that somebody else deleted is forgotten', async () => {
    const { life, open, clock } = await threeSessions()
    await life.deletes.deleteSessions(['a'], { undoMs: 10 })
    await open.sessions.delete('a')
    clock.now += 10
    expect(await life.deletes.purgeDue()).toEqual({ deleted: [], kept: [] })
    expect(await open.preferences.get(DELETING_KEY)).toBeUndefined()
  })

  it('keeps the time it was given first', async () => {
    const { life, clock, commits } = await threeSessions()
    await life.deletes.deleteSessions(['a'], { undoMs: 10 })
    const before = commits()
    clock.now += 5
    expect(await life.deletes.deleteSessions(['a'], { undoMs: 1000 })).toEqual([{ id: 'a', outcome: 'unchanged' }])
    expect(await life.deletes.nextDue()).toBe(1010)
    expect(commits()).toBe(before)
  })
})

describe('deleting', () => {
  it('refuses what is no list of ids and no time, and more than can wait', async () => {
    const { life, open } = await lifeScene()
    await expect(life.deletes.deleteSessions('a' as never)).rejects.toThrow(TypeError)
    await expect(life.deletes.deleteSessions([], { undoMs: '5' as never })).rejects.toThrow(TypeError)
    for (const undoMs of [-1, Number.NaN, Infinity]) await expect(life.deletes.deleteSessions([], { undoMs })).rejects.toThrow(RangeError)
    const ids = Array.from({ length: 5001 }, (_, i) => `s${i}`)
    await open.load(ids.map((id) => ({ session: { id }, messages: [] })))
    await expect(life.deletes.deleteSessions(ids)).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'too-many' } })
    expect((await life.deletes.hidden()).size).toBe(0)
  })

  it('takes thousands at once, as one commit each way', async () => {
    const { life, open, commits, clock } = await lifeScene()
    const ids = Array.from({ length: 2000 }, (_, i) => `s${i}`)
    await open.load(ids.map((id) => ({ session: { id }, messages: [] })))
    const before = commits()
    await life.deletes.deleteSessions(ids, { undoMs: 1 })
    clock.now += 1
    expect((await life.deletes.purgeDue()).deleted).toHaveLength(2000)
    expect(commits()).toBe(before + 2)
    expect(await open.sessions.count()).toBe(0)
  })

  it('lives with what somebody else wrote in the place of the list', async () => {
    const { life, open } = await threeSessions()
    for (const odd of ['a', { a: 1 }, [null, 'a', { id: 'a' }, { id: 'a', at: 1, until: '2', messageCount: 1, lastActivityAt: 1 }]]) {
      await open.preferences.set(DELETING_KEY, odd)
      expect(await life.deletes.hidden()).toEqual(new Set())
      expect((await life.deletes.purgeDue()).deleted).toEqual([])
    }
    expect(await open.sessions.count()).toBe(3)
  })
})
