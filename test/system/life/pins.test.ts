// Pinned sessions: kept in the vault, in their order, without those that are gone.

import { describe, expect, it } from 'vitest'
import { PINS_KEY } from '../../../src/system/life/pins.js'
import { lifeScene } from './small-scene.js'

describe('pins', () => {
  it('are there in other tabs and after a restart, in the order in which they were set', async () => {
    const { life, add, tab, browser, open } = await lifeScene()
    for (const id of ['a', 'b', 'c']) await add(id, [1])
    expect(await life.pins.pin(['c', 'a', 'nobody', 'c'])).toEqual([
      { id: 'c', outcome: 'done' },
      { id: 'a', outcome: 'done' },
      { id: 'nobody', outcome: 'not-found' },
    ])
    const other = await tab()
    expect(await other.life.pins.pin(['a', 'b'])).toEqual([{ id: 'a', outcome: 'unchanged' }, { id: 'b', outcome: 'done' }])
    expect(await other.life.pins.list()).toEqual(['c', 'a', 'b'])
    expect(await other.life.pins.unpin(['a', 'a'])).toEqual([{ id: 'a', outcome: 'done' }])
    await open.lock()
    const again = await browser.tab()
    expect(await again.preferences.get(PINS_KEY)).toEqual(['c', 'b'])
  })

  it('of sessions that are gone are not listed, and forgotten with the next change', async () => {
    const { life, add, open } = await lifeScene()
    for (const id of ['a', 'b', 'c']) await add(id, [1])
    await life.pins.pin(['a', 'b'])
    await open.sessions.delete('a')
    expect(await life.pins.list()).toEqual(['b'])
    expect(await life.pins.isPinned('a')).toBe(false)
    expect(await open.preferences.get(PINS_KEY)).toEqual(['a', 'b'])
    await life.pins.pin(['c'])
    expect(await open.preferences.get(PINS_KEY)).toEqual(['b', 'c'])
    await life.pins.unpin(['b', 'c'])
    expect(await open.preferences.get(PINS_KEY)).toBeUndefined()
  })

  it('write nothing when nothing changes', async () => {
    const { life, add, commits } = await lifeScene()
    await add('a', [1])
    await life.pins.pin(['a'])
    const before = commits()
    await life.pins.pin(['a', 'nobody'])
    await life.pins.unpin(['nobody'])
    await life.pins.pin([])
    expect(commits()).toBe(before)
  })

  it('are no more than a thousand, and then none of the new ones is taken', async () => {
    const { life, open } = await lifeScene()
    await open.load(Array.from({ length: 1001 }, (_, i) => ({ session: { id: `s${i}` }, messages: [] })))
    const ids = Array.from({ length: 1001 }, (_, i) => `s${i}`)
    await expect(life.pins.pin(ids)).rejects.toMatchObject({ code: 'invalid-value', details: { reason: 'too-many', number: 1000 } })
    expect(await life.pins.list()).toEqual([])
    await life.pins.pin(ids.slice(1))
    expect(await life.pins.list()).toHaveLength(1000)
  })

  it('live with what somebody else wrote in their place', async () => {
    const { life, add, open } = await lifeScene()
    await add('a', [1])
    for (const odd of ['a', null, { a: 1 }, [1, null, ['a']]]) {
      await open.preferences.set(PINS_KEY, odd)
      expect(await life.pins.list()).toEqual([])
    }
    await life.pins.pin(['a'])
    expect(await life.pins.list()).toEqual(['a'])
  })

  it('are refused for what is no list of ids', async () => {
    const { life } = await lifeScene()
    for (const wrong of ['a', undefined, [1], [null]]) await expect(life.pins.pin(wrong as never)).rejects.toThrow(TypeError)
  })
})
