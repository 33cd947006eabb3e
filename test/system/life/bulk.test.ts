// One change to many sessions: what becomes of each, and how many commits it takes.

import { describe, expect, it } from 'vitest'
import { lifeScene, type Scene } from './small-scene.js'

async function threeSessions(): Promise<Scene> {
  const scene = await lifeScene()
  await scene.add('a', [1], { keywords: ['x', 'y'], participants: ['ada'] })
  await scene.add('b', [2], { state: 'archived', participants: ['ada', 'guide'] })
  await scene.add('c', [3])
  return scene
}

describe('a change to many sessions', () => {
  it('says of each whether it was changed, was so already, or is not there', async () => {
    const { life, open, commits } = await threeSessions()
    const before = commits()
    expect(await life.bulk.archive(['a', 'b', 'nobody', 'a'])).toEqual([
      { id: 'a', outcome: 'done' },
      { id: 'b', outcome: 'unchanged' },
      { id: 'nobody', outcome: 'not-found' },
    ])
    expect(commits()).toBe(before + 1)
    expect((await open.sessions.list({ state: 'archived' })).map(({ id }) => id)).toEqual(['b', 'a'])
    expect((await life.bulk.archive(['a', 'b'])).map(({ outcome }) => outcome)).toEqual(['unchanged', 'unchanged'])
    expect(commits()).toBe(before + 1)
  })

  it('sets lists, or puts to them and takes from them', async () => {
    const { life, open } = await threeSessions()
    const outcomes = await life.bulk.update(['a', 'b', 'c'], { keywords: { add: ['z', 'x', 'z'], remove: ['y'] }, participants: ['ada', 'guide'] })
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done'])
    expect((await open.sessions.get('a'))?.keywords).toEqual(['x', 'z'])
    expect((await open.sessions.get('c'))?.keywords).toEqual(['z', 'x'])
    expect((await open.sessions.get('a'))?.participants).toEqual(['ada', 'guide'])
    expect((await life.bulk.update(['b'], { participants: { remove: ['nobody'] } }))[0]?.outcome).toBe('unchanged')
  })

  it('is one commit for as many as fit, and can be stopped between two', async () => {
    const { life, open, commits } = await lifeScene()
    const ids = Array.from({ length: 600 }, (_, i) => `s${i}`)
    await open.load(ids.map((id) => ({ session: { id }, messages: [] })))
    const before = commits()
    expect(await life.bulk.update(ids.slice(0, 250), { state: 'inactive' })).toHaveLength(250)
    expect(commits()).toBe(before + 1)
    const controller = new AbortController()
    const done: number[] = []
    const stopped = life.bulk.update(ids, { state: 'inactive', keywords: ['k'] }, {
      signal: controller.signal,
      onProgress: (progress) => {
        done.push(progress.done)
        if (done.length === 2) controller.abort(new Error('enough'))
      },
    })
    await expect(stopped).rejects.toThrow('enough')
    expect(done).toEqual([250, 500])
    expect(await open.sessions.list({ state: 'inactive' })).toHaveLength(500)
  })

  it('pins, unpins and deletes as the parts do', async () => {
    const { life } = await threeSessions()
    expect((await life.bulk.pin(['a', 'b']))[0]?.outcome).toBe('done')
    expect((await life.bulk.unpin(['b']))[0]?.outcome).toBe('done')
    expect(await life.pins.list()).toEqual(['a'])
    expect((await life.bulk.delete(['a', 'nobody'])).map(({ outcome }) => outcome)).toEqual(['done', 'not-found'])
    expect(await life.deletes.isHidden('a')).toBe(true)
  })

  it('saves nothing of a commit that one session refuses', async () => {
    const { life, open } = await threeSessions()
    await expect(life.bulk.update(['a', 'c'], { state: 'gone' as never })).rejects.toMatchObject({ code: 'invalid-value' })
    await expect(life.bulk.update(['a'], {})).rejects.toThrow(TypeError)
    await expect(life.bulk.update('a' as never, { state: 'inactive' })).rejects.toThrow(TypeError)
    expect((await open.sessions.get('a'))?.state).toBe('active')
  })
})
