// A rotation among tabs that write, come, sleep and wake.

import { describe, expect, it } from 'vitest'
import { memoryHome } from '../../src/stores/memory-home.js'
import { memoryLocks } from '../../src/stores/locks.js'
import { memoryChannels, PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'
import { rotateAmongTabs, sleepyChannel } from './many-tabs.js'
import { makeScene, NOT_BY_ITSELF } from './rotation-scene.js'

interface Browser {
  readonly awake: TestBrowser
  readonly sleepy: TestBrowser
  readonly sleep: () => void
  readonly wake: (how?: { readonly deaf: boolean }) => void
}

async function browserWith(messages: number): Promise<Browser> {
  const scene = await makeScene(messages, 16)
  const parts = { disk: scene.disk.snapshot(), homes: [memoryHome(new Map(scene.homes))], locks: memoryLocks(), openChannel: memoryChannels(), rotationRows: 16 }
  const { open, sleep, wake } = sleepyChannel(parts.openChannel)
  return { awake: testBrowser(parts), sleepy: testBrowser({ ...parts, openChannel: open }), sleep, wake }
}

describe('a rotation', () => {
  it('while two tabs write, one unlocks and one sleeps loses nothing and troubles nobody', { timeout: 120_000 }, async () => {
    const { awake, sleepy, sleep, wake } = await browserWith(2000)
    const [a, b] = [await awake.tab(NOT_BY_ITSELF), await awake.tab(NOT_BY_ITSELF)]
    const sleeper = await sleepy.tab(NOT_BY_ITSELF)
    const { texts, expected, problems } = await rotateAmongTabs({ writers: [a, b], third: () => awake.tab(), sleeper: { open: sleeper, sleep, wake }, rotate: () => a.rotateKeys(PASSWORD) })
    expect(problems).toEqual([])
    for (const text of texts) expect(text).toBe(expected)
    await a.lock()
  })

  it('that a tab slept through, twice, hands it the keys when it wakes; and where nobody has them, it locks and says why', { timeout: 120_000 }, async () => {
    const { awake, sleepy, sleep, wake } = await browserWith(500)
    const a = await awake.tab(NOT_BY_ITSELF)
    const sleeper = await sleepy.tab(NOT_BY_ITSELF)
    sleep()
    await a.rotateKeys(PASSWORD)
    await a.rotateKeys(PASSWORD)
    await a.preferences.set('said', 'after two rotations')
    wake()
    await sleeper.checkpoint()
    expect(await sleeper.preferences.get('said')).toBe('after two rotations')
    await sleeper.preferences.set('answered', true)
    await a.checkpoint()
    expect(await a.preferences.get('answered')).toBe(true)

    sleep()
    await a.rotateKeys(PASSWORD)
    const reasons: string[] = []
    sleeper.subscribe((event) => event.kind === 'locked' && reasons.push(event.reason))
    await a.lock()
    // That it was locked, it never hears.
    await new Promise((resolve) => setTimeout(resolve, 20))
    wake({ deaf: true })
    await expect(sleeper.checkpoint()).rejects.toMatchObject({ code: 'keys-changed' })
    await expect(sleeper.preferences.set('said', 'nothing')).rejects.toMatchObject({ code: 'keys-changed' })
    await expect.poll(() => reasons).toEqual(['keys-changed'])
    const again = await awake.tab()
    expect(await again.preferences.get('said')).toBe('after two rotations')
    expect(await again.check()).toMatchObject({ ok: true })
  })
})
