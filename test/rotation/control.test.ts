// A rotation that is paused, aborted, locked under, continued by itself or by another tab; what goes on beside it; and when one is due.

import { describe, expect, it } from 'vitest'
import { verifyArchive, type RotationStatus, type VaultEvent } from '../../src/index.js'
import { memoryLocks } from '../../src/stores/locks.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { memoryFactory } from '../../src/stores/memory.js'
import { createCrashingBackend } from '../../src/testing/index.js'
import { Codec } from '../../src/vault/core/codec.js'
import { decodeHeader } from '../../src/vault/core/header.js'
import { openManifest, sealManifest } from '../../src/vault/core/manifest.js'
import { archiveOf, CODE } from '../kit/devices.js'
import { unlockedWith } from '../kit/headers.js'
import { memoryChannels, PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'
import { digestOf, epochsOn, expectWhole, makeScene, NOT_BY_ITSELF, type RotationScene } from './rotation-scene.js'

let made: Promise<RotationScene> | undefined
const scene = (): Promise<RotationScene> => (made ??= makeScene(2000, 4))

async function browserOf(now?: () => number): Promise<TestBrowser> {
  const { disk, homes } = await scene()
  return testBrowser({ disk: disk.snapshot(), homes: [memoryHome(new Map(homes))], rotationRows: 4, ...(now && { now }) })
}

describe('a rotation', () => {
  it('stands still while it is paused, and goes on', async () => {
    const browser = await browserOf()
    const open = await browser.tab(NOT_BY_ITSELF)
    const states: RotationStatus['state'][] = []
    open.subscribe((event) => event.kind === 'rotation' && states.push(event.status.state))
    let seen = 0
    const rotation = open.rotateKeys(PASSWORD, { onProgress: () => ++seen === 5 && open.rotation.pause() })
    await expect.poll(() => open.rotation.state).toBe('paused')
    // Rows on their way are written.
    await new Promise((resolve) => setTimeout(resolve, 50))
    const { done, total } = open.rotation.status
    expect(done).toBeLessThan(total)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(open.rotation.status.done).toBe(done)
    await expectWhole(open, await scene())
    await open.rotation.continue()
    await rotation
    expect(open.rotation.status).toMatchObject({ state: 'none', done: total, total })
    expect(new Set(states)).toEqual(new Set(['running', 'paused', 'none']))
    await expectWhole(open, await scene())
  })

  it('that is aborted says why, leaves everything readable, and is continued', async () => {
    const browser = await browserOf()
    const open = await browser.tab(NOT_BY_ITSELF)
    const stop = new AbortController()
    const why = new Error('enough')
    let seen = 0
    await expect(open.rotateKeys(PASSWORD, { signal: stop.signal, onProgress: () => ++seen === 5 && stop.abort(why) })).rejects.toBe(why)
    expect(open.rotation.state).toBe('pending')
    expect(epochsOn(browser.disk)).toEqual([1, 2])
    await expectWhole(open, await scene())
    expect((await open.rotation.continue()).rows).toBeGreaterThan(0)
    expect(epochsOn(browser.disk)).toEqual([2])
    expect(await open.rotation.continue()).toMatchObject({ rows: 0 })
    await expect(open.rotateKeys(PASSWORD, { signal: AbortSignal.abort(why) })).rejects.toBe(why)
  })

  it('ends with a lock, and goes on by itself after the next unlock, unless the app wants to do it', async () => {
    const browser = await browserOf()
    const open = await browser.tab()
    let seen = 0
    const rotation = open.rotateKeys(PASSWORD, { onProgress: () => ++seen === 5 && void open.lock() })
    await expect(rotation).rejects.toMatchObject({ code: 'locked' })
    const patient = await browser.tab(NOT_BY_ITSELF)
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(patient.rotation.state).toBe('pending')
    await patient.lock()
    const again = await browser.tab()
    expect(again.rotation.state).toBe('pending')
    await expect.poll(() => again.rotation.state, { timeout: 10_000 }).toBe('none')
    expect(epochsOn(browser.disk)).toEqual([2])
    await expectWhole(again, await scene())
  })

  it('that is locked under when it has just begun does not say that it has ended', async () => {
    const browser = await browserOf()
    const open = await browser.tab(NOT_BY_ITSELF)
    const rotation = open.rotateKeys(PASSWORD)
    // The commit that brings the header with the new keys.
    open.subscribe(({ kind }) => kind === 'changed' && void open.lock())
    await expect(rotation).rejects.toMatchObject({ code: 'locked' })
    expect(epochsOn(browser.disk)).toEqual([1, 2])
    const again = await browser.tab(NOT_BY_ITSELF)
    expect(again.rotation.state).toBe('pending')
    await again.rotation.continue()
    expect(epochsOn(browser.disk)).toEqual([2])
  })

  it('is taken over by another tab when the one that was at it is gone', async () => {
    const { disk: before, homes } = await scene()
    const disk = before.snapshot()
    const parts = { disk, homes: [memoryHome(new Map(homes))], locks: memoryLocks(), openChannel: memoryChannels(), rotationRows: 4 }
    const crashing = createCrashingBackend(memoryFactory(disk), { mode: 'kill-before', at: 60 })
    const [a, b] = [await testBrowser({ ...parts, backend: () => crashing.factory }).tab(NOT_BY_ITSELF), await testBrowser(parts).tab(NOT_BY_ITSELF)]
    const rotation = a.rotateKeys(PASSWORD)
    rotation.catch(() => undefined)
    await expect.poll(() => b.rotation.state).toBe('pending')
    const takenOver = b.rotation.continue()
    await crashing.died
    await expect(rotation).rejects.toMatchObject({ code: 'storage-unavailable' })
    expect((await takenOver).rows).toBeGreaterThan(0)
    expect(epochsOn(disk)).toEqual([2])
    await expectWhole(b, await scene())
  })

  it('lets exports, loads and changes through', async () => {
    const browser = await browserOf()
    const open = await browser.tab(NOT_BY_ITSELF)
    const before = await digestOf(open)
    const rotation = open.rotateKeys(PASSWORD)
    const archive = archiveOf(open)
    expect(await digestOf(open)).toBe(before)
    const loaded = open.load([{ session: { id: 'late' }, messages: [{ id: 'm', senderId: 'ada', type: 'user', content: 'loaded meanwhile' }] }])
    await open.preferences.set('meanwhile', true)
    await Promise.all([rotation, archive, loaded])
    expect((await verifyArchive(await archive, { recoveryCode: CODE })).missing).toEqual([])
    expect(await open.preferences.get('meanwhile')).toBe(true)
    expect(await open.sessions.get('late')).toBeDefined()
    await open.checkpoint()
    expect(epochsOn(browser.disk)).toEqual([2])
    expect(await open.check()).toMatchObject({ ok: true })
  })

  it('of an empty vault is quick and harmless', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    await open.rotateKeys(PASSWORD)
    await open.sessions.create({ id: 'first' })
    await open.checkpoint()
    expect(epochsOn(browser.disk)).toEqual([2])
    expect(await open.check()).toMatchObject({ ok: true })
  })
})

describe('new keys', () => {
  const dueIn = async (browser: TestBrowser, dueAfterMs?: number): Promise<{ events: VaultEvent[]; status: RotationStatus }> => {
    const open = await browser.tab({ rotation: { ...(dueAfterMs !== undefined && { dueAfterMs }) } })
    const events: VaultEvent[] = []
    open.subscribe((event) => event.kind === 'rotation-due' && events.push(event))
    await new Promise((resolve) => setTimeout(resolve, 700))
    const { status } = open.rotation
    await open.lock()
    return { events, status }
  }

  it('are due when they are old enough, for who says how old that is', async () => {
    let time = 2_000_000
    const browser = await browserOf(() => time)
    expect(await dueIn(browser, 1_000_000_000)).toMatchObject({ events: [], status: { due: undefined } })
    time += 1_000_000_000
    expect(await dueIn(browser, 1_000_000_000)).toMatchObject({ events: [{ kind: 'rotation-due', reason: 'age' }], status: { due: 'age' } })
    expect(await dueIn(browser)).toMatchObject({ events: [], status: { due: undefined } })
    const open = await browser.tab(NOT_BY_ITSELF)
    await open.rotateKeys(PASSWORD)
    expect(open.rotation.status.keysMadeAt).toBe(time)
    await open.lock()
    expect(await dueIn(browser, 1_000_000_000)).toMatchObject({ events: [], status: { due: undefined } })
  })

  it('are due when one has sealed half of what a key may', async () => {
    const browser = await browserOf()
    const { ring, header } = await unlockedWith(decodeHeader(browser.disk.rows('test', 'header').get('header')!), PASSWORD)
    const codec = new Codec({ ...header, ring })
    const backend = await memoryFactory(browser.disk).open('test')
    const { content } = await openManifest(codec, browser.disk.rows('test', 'manifest').get('manifest')!)
    browser.disk.rows('test', 'manifest').set('manifest', await sealManifest(codec, { ...content, seals: [[1, 5, 2 ** 31]] }))
    await backend.close()
    expect(await dueIn(browser)).toMatchObject({ events: [{ kind: 'rotation-due', reason: 'seals' }], status: { due: 'seals' } })
    const open = await browser.tab(NOT_BY_ITSELF)
    await open.rotateKeys(PASSWORD)
    expect(open.rotation.status.due).toBeUndefined()
    expect((await open.audit()).epochs[0]!.seals).toBeLessThan(10_000)
  })

  it.each([{ continue: 1 }, { dueAfterMs: 0 }, { dueAfterMs: -1 }, { dueAfterMs: '1' }])('with options that make no sense (%o) are refused', async (rotation) => {
    await expect(testBrowser().open({ rotation: rotation as never })).rejects.toThrow(/rotation\./)
  })
})
