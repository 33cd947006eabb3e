// Edits that another tab has overtaken: written over it, merged with it, or decided by somebody who is asked while others go on.

import { describe, expect, it } from 'vitest'
import type { Brain, Preference } from '../../../src/index.js'
import type { EditConflict } from '../../../src/system/life/edits.js'
import { lifeScene, type Scene } from './small-scene.js'

async function shown(): Promise<Scene & { readonly other: Awaited<ReturnType<Scene['tab']>> }> {
  const scene = await lifeScene()
  await scene.add('s', [1], { title: 'old', keywords: ['a', 'b'], participants: ['ada'] })
  return { ...scene, other: await scene.tab() }
}

describe('an edit of a session', () => {
  it('that nobody overtook is written, in each way', async () => {
    const { life, open } = await shown()
    for (const onConflict of ['last-write-wins', 'merge', () => 'theirs' as const] as const) {
      const basedOn = (await open.sessions.get('s'))!
      const report = await life.edits.editSession('s', basedOn, { title: String(onConflict), keywords: ['x'] }, { onConflict })
      expect(report).toMatchObject({ wasStale: false, conflicts: [], value: { title: String(onConflict), keywords: ['x'] } })
    }
  })

  it('wins as the last one when it is to', async () => {
    const { life, open, other } = await shown()
    const basedOn = (await open.sessions.get('s'))!
    await other.open.sessions.update('s', { title: 'theirs', keywords: ['a', 'c'], state: 'inactive' })
    const report = await life.edits.editSession('s', basedOn, { title: 'mine', keywords: ['a', 'b', 'd'] }, { onConflict: 'last-write-wins' })
    expect(report).toMatchObject({ wasStale: true, conflicts: ['title'], value: { title: 'mine', keywords: ['a', 'b', 'd'], state: 'inactive' } })
  })

  it('is merged field by field, lists by what each side did to them', async () => {
    const { life, open, other } = await shown()
    const basedOn = (await open.sessions.get('s'))!
    await other.open.sessions.update('s', { title: 'theirs', keywords: ['a', 'c'], participants: ['ada', 'guide'], lastActivityAt: 500 })
    const report = await life.edits.editSession('s', basedOn, { title: 'old', keywords: ['a', 'b', 'd'], participants: ['ada'], state: 'archived', lastActivityAt: 400 }, { onConflict: 'merge' })
    expect(report).toMatchObject({ wasStale: true, conflicts: [], value: { title: 'theirs', keywords: ['a', 'c', 'd'], participants: ['ada', 'guide'], state: 'archived', lastActivityAt: 500 } })
  })

  it('that only messages overtook is in no conflict', async () => {
    const { life, open, other } = await shown()
    const basedOn = (await open.sessions.get('s'))!
    await other.open.chatLogs.append('s-log', { senderId: 'ada', type: 'user', content: 'more' })
    const asked: EditConflict[] = []
    const report = await life.edits.editSession('s', basedOn, { title: 'mine' }, { onConflict: (conflict) => (asked.push(conflict), 'theirs') })
    expect(report).toMatchObject({ wasStale: true, conflicts: [], value: { title: 'mine', messageCount: 2 } })
    expect(asked).toEqual([])
  })

  it('asks about each field that both changed', async () => {
    const { life, open, other } = await shown()
    const basedOn = (await open.sessions.get('s'))!
    const theirs = await other.open.sessions.update('s', { title: 'theirs', state: 'archived', connectionId: 'there', createdAt: 7 })
    const asked: EditConflict[] = []
    const answers = { title: 'mine', state: 'theirs', connectionId: { merged: { connectionId: 'both', createdAt: 9 } } } as const
    const report = await life.edits.editSession('s', basedOn, { title: 'mine', state: 'inactive', connectionId: 'here', createdAt: 8 }, { onConflict: (conflict) => (asked.push(conflict), answers[conflict.field as 'title']) })
    expect(asked.map(({ field }) => field)).toEqual(['connectionId', 'state', 'title'])
    expect(asked[2]).toEqual({ kind: 'session', id: 's', field: 'title', base: 'old', mine: { modifiedAt: 1000, value: 'mine' }, theirs: { modifiedAt: theirs.modifiedAt, value: 'theirs' } })
    expect(report.value).toMatchObject({ title: 'mine', state: 'archived', connectionId: 'both', createdAt: 9 })
  })

  it('asks anew when the session changes again while somebody thinks, but not for ever', async () => {
    const { life, open, other } = await shown()
    const basedOn = (await open.sessions.get('s'))!
    await other.open.sessions.update('s', { title: 'one' })
    const seen: unknown[] = []
    const report = await life.edits.editSession('s', basedOn, { title: 'mine' }, {
      onConflict: async ({ theirs }) => {
        seen.push(theirs?.value)
        if (seen.length < 3) await open.sessions.update('s', { title: `change ${seen.length}` })
        return 'theirs' as const
      },
    })
    expect(seen).toEqual(['one', 'change 1', 'change 2'])
    expect(report.value?.title).toBe('change 2')
    let count = 0
    const restless = life.edits.editSession('s', basedOn, { title: 'mine' }, { onConflict: async () => (await open.sessions.update('s', { title: `again ${count++}` }), 'mine' as const) })
    await expect(restless).rejects.toMatchObject({ code: 'conflict', details: { reason: 'changing' } })
    expect(count).toBe(5)
  })

  it('of a session that was deleted fails, and an answer that is none changes nothing', async () => {
    const { life, open, other } = await shown()
    const basedOn = (await open.sessions.get('s'))!
    await other.open.sessions.update('s', { title: 'theirs' })
    await expect(life.edits.editSession('s', basedOn, { title: 'mine' }, { onConflict: (() => 'ours') as never })).rejects.toThrow(TypeError)
    await expect(life.edits.editSession('s', basedOn, { title: 'mine' }, { onConflict: 'keep-mine' as never })).rejects.toThrow(TypeError)
    await expect(life.edits.editSession('s', basedOn, { title: 5 as never }, { onConflict: 'last-write-wins' })).rejects.toMatchObject({ code: 'invalid-value' })
    await expect.poll(async () => (await open.sessions.get('s'))?.title).toBe('theirs')
    await other.open.sessions.delete('s')
    for (const onConflict of ['last-write-wins', 'merge', () => 'mine' as const] as const) await expect(life.edits.editSession('s', basedOn, { title: 'mine' }, { onConflict })).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('an edit of a brain', () => {
  const put = { entityId: 'e', model: 'small', configuration: { mood: 'calm', speed: 1 }, memories: ['tea', 'rain'] }
  async function shownBrain(): Promise<Scene & { basedOn: Brain; other: Awaited<ReturnType<Scene['tab']>> }> {
    const scene = await lifeScene()
    await scene.open.brains.put(put)
    return { ...scene, basedOn: (await scene.open.brains.get('e'))!, other: await scene.tab() }
  }

  it('is merged key by key, and keeps what both remember', async () => {
    const { life, other, basedOn } = await shownBrain()
    await other.open.brains.put({ ...put, configuration: { mood: 'calm', speed: 2, voice: 'low' }, memories: ['tea', 'rain', 'snow'] })
    const report = await life.edits.editBrain('e', basedOn, { configuration: { speed: 1, depth: 3 }, memories: ['tea', 'rain', 'sun', 'snow'] }, { onConflict: 'merge' })
    expect(report).toMatchObject({ conflicts: [], wasStale: true })
    expect(report.value).toMatchObject({ model: 'small', configuration: { speed: 2, voice: 'low', depth: 3 }, memories: ['tea', 'rain', 'snow', 'sun'] })
    expect(report.value?.configuration).not.toHaveProperty('mood')
  })

  it('asks about keys that both changed, and wins as the last one when it is to', async () => {
    const { life, other, basedOn } = await shownBrain()
    await other.open.brains.put({ ...put, model: 'large', configuration: { mood: 'glad', speed: 2, voice: 'low' } })
    const asked: unknown[] = []
    const patch = { model: 'tiny', configuration: { mood: 'sad', speed: 1 } }
    const report = await life.edits.editBrain('e', basedOn, patch, { onConflict: ({ field, theirs }) => (asked.push([field, theirs?.value]), field === 'model' ? 'mine' : { merged: { configuration: { mood: 'mild' } } }) })
    expect(asked).toEqual([['model', 'large'], ['configuration.mood', 'glad']])
    expect(report.value).toMatchObject({ model: 'tiny', configuration: { mood: 'mild', speed: 2, voice: 'low' } })
    const last = await life.edits.editBrain('e', basedOn, patch, { onConflict: 'last-write-wins' })
    expect(last.value).toMatchObject({ model: 'tiny', configuration: { mood: 'sad', speed: 1 }, memories: ['tea', 'rain'] })
    expect(last.value?.configuration).not.toHaveProperty('voice')
  })

  it('brings back what was deleted, unless somebody says otherwise', async () => {
    const { life, other, open, basedOn } = await shownBrain()
    await other.open.brains.delete('e')
    expect(await life.edits.editBrain('e', basedOn, { memories: ['sun'] }, { onConflict: () => 'theirs' })).toEqual({ value: undefined, wasStale: true, conflicts: [] })
    expect(await open.brains.list()).toEqual([])
    const report = await life.edits.editBrain('e', basedOn, { memories: ['sun'] }, { onConflict: 'merge' })
    expect(report.value).toMatchObject({ ...put, memories: ['sun'] })
  })

  it('makes one where there was none, or meets the one that another tab made', async () => {
    const { life, other } = await shownBrain()
    expect((await life.edits.editBrain('new', undefined, { model: 'm' }, { onConflict: 'merge' })).value).toMatchObject({ model: 'm', configuration: {}, memories: [] })
    await other.open.brains.put({ entityId: 'both', model: 'm', memories: ['there'] })
    const report = await life.edits.editBrain('both', undefined, { model: 'n', memories: ['here'] }, { onConflict: 'merge' })
    expect(report).toMatchObject({ wasStale: true, conflicts: ['model'], value: { model: 'n', memories: ['there', 'here'] } })
    await expect(life.edits.editBrain('none', undefined, { memories: [] }, { onConflict: 'merge' })).rejects.toMatchObject({ code: 'invalid-value' })
  })
})

describe('an edit of a preference', () => {
  const shownIn = async (scene: Scene, key: string): Promise<Preference | undefined> => (await scene.open.preferences.list()).find((preference) => preference.key === key)

  it('is merged key by key, by lists, or whole', async () => {
    const scene = await lifeScene()
    const other = await scene.tab()
    const cases: readonly [unknown, unknown, unknown, unknown, readonly string[]][] = [
      [{ a: 1, b: 1, c: 1 }, { a: 2, b: 1, d: 4 }, { a: 1, b: 3, c: 1, e: 5 }, { a: 2, b: 3, d: 4, e: 5 }, []],
      [{ a: 1 }, { a: 2 }, { a: 3 }, { a: 2 }, ['value.a']],
      [['x'], ['x', 'y'], ['z', 'x'], ['z', 'x', 'y'], []],
      ['dark', 'dark', 'light', 'light', []],
      ['dark', 'blue', 'light', 'blue', ['value']],
      [{ a: 1 }, { a: 2 }, 'light', { a: 2 }, ['value']],
    ]
    for (const [i, [base, mine, theirs, expected, conflicts]] of cases.entries()) {
      const key = `k${i}`
      await scene.open.preferences.set(key, base as never)
      const basedOn = await shownIn(scene, key)
      await other.open.preferences.set(key, theirs as never)
      const report = await scene.life.edits.editPreference(key, basedOn, mine as never, { onConflict: 'merge' })
      expect(report, key).toEqual({ value: expected, wasStale: true, conflicts })
      expect(await scene.open.preferences.get(key), key).toEqual(expected)
    }
  })

  it('asks, and takes a value for an answer', async () => {
    const scene = await lifeScene()
    await scene.open.preferences.set('theme', 'dark')
    const basedOn = await shownIn(scene, 'theme')
    await (await scene.tab()).open.preferences.set('theme', 'light')
    await scene.open.preferences.set('theme', 'light')
    expect((await scene.life.edits.editPreference('theme', basedOn, 'blue', { onConflict: () => 'theirs' })).value).toBe('light')
    expect((await scene.life.edits.editPreference('theme', basedOn, 'blue', { onConflict: () => ({ merged: 'grey' }) })).value).toBe('grey')
    await scene.open.preferences.delete('theme')
    expect((await scene.life.edits.editPreference('theme', basedOn, 'blue', { onConflict: () => 'mine' })).value).toBe('blue')
    expect((await scene.life.edits.editPreference('new', undefined, [1], { onConflict: 'last-write-wins' })).value).toEqual([1])
  })
})
