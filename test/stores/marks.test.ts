// Marks of open tabs: who died, who lives, and what is not known.

import { expect, test, vi } from 'vitest'
import { type FairLocks, memoryLocks } from '../../src/stores/locks.ts'
import { findUncleanStop, holdTabLock, leaveMark, readMarks, removeMark, rollEngineLog } from '../../src/stores/marks.ts'
import { createMemoryDisk } from '../../src/stores/memory-disk.ts'
import { memoryFactory } from '../../src/stores/memory.ts'
import { createCrashingBackend } from '../../src/testing/crashing-backend.ts'

async function setup() {
  const disk = createMemoryDisk()
  const crashing = createCrashingBackend(memoryFactory(disk), { mode: 'none' })
  const backend = await crashing.factory.open('aurora')
  return { disk, backend, calls: crashing.calls, locks: memoryLocks() }
}

const blind: FairLocks = { ...memoryLocks(), available: false, heldNames: async () => undefined }

test('a mark is one strict write of one byte, and gone after a clean close', async () => {
  const { disk, backend, calls } = await setup()
  await leaveMark(backend, 'tab-a')
  expect([calls.length, disk.unsynced('aurora')]).toEqual([1, []])
  expect(disk.rows('aurora', 'marks').entries()).toEqual([['tab-a', new Uint8Array([0])]])
  expect(await readMarks(backend)).toEqual(['tab-a'])
  await removeMark(backend, 'tab-a')
  expect(await readMarks(backend)).toEqual([])
})

test('nobody stopped uncleanly where nobody left a mark', async () => {
  const { backend, locks, calls } = await setup()
  expect(await findUncleanStop(backend, locks, 'aurora')).toEqual({ marks: [], certain: true })
  expect(calls).toHaveLength(1)
})

test('a mark whose lock is held belongs to a tab that lives, one whose lock is free to one that died', async () => {
  const { backend, locks } = await setup()
  const release = await holdTabLock(locks, 'aurora', 'lives')
  await leaveMark(backend, 'lives')
  await leaveMark(backend, 'died')
  expect(await findUncleanStop(backend, locks, 'aurora')).toEqual({ marks: ['died'], certain: true })
  await removeMark(backend, 'died')
  expect(await findUncleanStop(backend, locks, 'aurora')).toEqual({ marks: [], certain: true })
  release()
  await vi.waitFor(async () => expect(await findUncleanStop(backend, locks, 'aurora')).toEqual({ marks: ['lives'], certain: true }))
})

test('a lock of a vault with another name says nothing', async () => {
  const { backend, locks } = await setup()
  await holdTabLock(locks, 'another', 'tab-a')
  await leaveMark(backend, 'tab-a')
  expect(await findUncleanStop(backend, locks, 'aurora')).toEqual({ marks: ['tab-a'], certain: true })
})

test('a tab that closes between the two looks did not die', async () => {
  const { backend } = await setup()
  await leaveMark(backend, 'closing')
  const closesMeanwhile: FairLocks = {
    ...memoryLocks(),
    heldNames: async () => {
      await removeMark(backend, 'closing')
      return new Set()
    },
  }
  expect(await findUncleanStop(backend, closesMeanwhile, 'aurora')).toEqual({ marks: [], certain: true })
})

test('where locks cannot be seen, a foreign mark counts, without certainty', async () => {
  const { backend } = await setup()
  await leaveMark(backend, 'who knows')
  expect(await findUncleanStop(backend, blind, 'aurora')).toEqual({ marks: ['who knows'], certain: false })
})

test('the log is rolled with more than 12 MB in rows that stay inside it, then deleted strictly', async () => {
  const { disk, backend, calls } = await setup()
  await leaveMark(backend, 'tab-a')
  const apply = vi.spyOn(backend, 'apply')
  expect(await rollEngineLog(backend, { chromium: true })).toBe(true)
  const batches = apply.mock.calls.map(([batch]) => batch)
  const sizes = batches.flatMap(({ operations }) => operations.flatMap((operation) => ('value' in operation ? [operation.value.length] : [])))
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(12_000_000)
  expect(Math.max(...sizes)).toBeLessThan(64 * 1024)
  expect(batches.map(({ durability }) => durability)).toEqual([...batches.slice(1).map(() => 'relaxed'), 'strict'])
  expect([await readMarks(backend), disk.rows('aurora', 'marks').keys(), disk.unsynced('aurora')]).toEqual([['tab-a'], ['tab-a'], []])
  expect(calls.length).toBeLessThan(12)
})

test('noise that was left behind is no mark, and goes with the next roll', async () => {
  const disk = createMemoryDisk()
  const dying = createCrashingBackend(memoryFactory(disk), { mode: 'kill-before', at: 3 })
  await expect(rollEngineLog(await dying.factory.open('aurora'), { chromium: true })).rejects.toMatchObject({ code: 'storage-unavailable' })
  expect(disk.rows('aurora', 'marks').size).toBeGreaterThan(100)
  const backend = await memoryFactory(disk).open('aurora')
  expect(await readMarks(backend)).toEqual([])
  await rollEngineLog(backend, { chromium: true })
  expect(disk.rows('aurora', 'marks').size).toBe(0)
})

test('engines without such a log are left in peace', async () => {
  const { backend, calls } = await setup()
  expect([await rollEngineLog(backend, { chromium: false }), calls.length]).toEqual([false, 0])
  expect(await rollEngineLog(backend), 'Node').toBe(false)
})
