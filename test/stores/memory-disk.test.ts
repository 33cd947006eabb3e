// The memory disk: what a power cut takes, what attacks may touch, and that tabs share one state.

import { expect, test } from 'vitest'
import { createMemoryDisk } from '../../src/stores/memory-disk.ts'
import { memoryFactory } from '../../src/stores/memory.ts'
import { add, batch, get, label, put, row } from '../../src/testing/contract-rows.ts'

async function diskWithLog(upTo: number) {
  const disk = createMemoryDisk()
  const backend = await memoryFactory(disk).open('aurora')
  await backend.apply({ expect: [], operations: [add('log', 1, row(1))], durability: 'strict' })
  for (let seq = 2; seq <= upTo; seq += 1) await backend.apply(batch([add('log', seq, row(seq)), put('header', 'header', row(seq))]))
  return { disk, backend }
}

test('knows what was applied since the last strict transaction', async () => {
  const { disk, backend } = await diskWithLog(3)
  const entry = { durability: 'relaxed', stores: ['log', 'header'], changes: 2 }
  expect(disk.unsynced('aurora')).toEqual([entry, entry])
  await backend.apply({ ...batch([add('log', 1, row(9))]), durability: 'strict' })
  expect(disk.unsynced('aurora'), 'a batch that was not applied syncs nothing').toHaveLength(2)
  await backend.apply({ ...batch([put('log', 1, row(1))]), durability: 'strict' })
  expect(disk.unsynced('aurora')).toEqual([])
})

test.each([
  [0, [1, 2, 3, 4, 5], 5],
  [1, [1, 2, 3, 4], 4],
  [3, [1, 2], 2],
  [undefined, [1], undefined],
  [99, [1], undefined],
])('a power cut that drops %s transactions', async (dropUnsynced, keys, header) => {
  const { disk, backend } = await diskWithLog(5)
  disk.crash(dropUnsynced === undefined ? {} : { dropUnsynced })
  expect(disk.rows('aurora', 'log').keys()).toEqual(keys)
  expect(disk.rows('aurora', 'header').get('header')).toEqual(header === undefined ? undefined : row(header))
  await expect(get(backend, 'log', 1)).rejects.toMatchObject({ code: 'storage-unavailable' })
  const again = await memoryFactory(disk).open('aurora')
  expect(await get(again, 'log', 1)).toEqual(row(1))
  expect(disk.unsynced('aurora'), 'what survived is on the disk').toEqual([])
})

test('a power cut puts back what was overwritten, deleted and cleared', async () => {
  const disk = createMemoryDisk()
  const backend = await memoryFactory(disk).open('aurora')
  await backend.apply({ ...batch([1, 2, 3].flatMap((i) => [put('log', i, row(i)), put('pages', label(i), row(i))])), durability: 'strict' })
  const before = disk.snapshot()
  await backend.apply(batch([{ kind: 'deleteBelow', store: 'log', key: 3 }, put('log', 3, row(33)), { kind: 'clear', store: 'pages' }, put('pages', label(2), row(22))]))
  await backend.apply(batch([{ kind: 'delete', store: 'log', key: 3 }, add('log', 3, row(34))]))
  disk.crash()
  for (const store of ['log', 'pages'] as const) expect(disk.rows('aurora', store).entries()).toEqual(before.rows('aurora', store).entries())
})

test('a call the power cut overtakes was not made, or leaves its outcome open', async () => {
  const { disk, backend } = await diskWithLog(1)
  const early = backend.apply(batch([add('log', 2, row(2))]))
  disk.crash({ dropUnsynced: 0 })
  await expect(early).rejects.toMatchObject({ details: { reason: 'connection-lost' } })
  expect(disk.rows('aurora', 'log').size).toBe(1)

  const again = await memoryFactory(disk).open('aurora')
  const late = again.apply(batch([add('log', 2, row(2))]))
  await Promise.resolve()
  disk.crash({ dropUnsynced: 0 })
  await expect(late).rejects.toMatchObject({ details: { reason: 'outcome-unknown' } })
  expect(disk.rows('aurora', 'log').size).toBe(2)
})

test('a snapshot is independent, and can be put back', async () => {
  const { disk, backend } = await diskWithLog(2)
  const snapshot = disk.snapshot()
  await backend.apply(batch([add('log', 3, row(3)), put('log', 1, row(11))]))
  expect(snapshot.rows('aurora', 'log').keys()).toEqual([1, 2])
  expect(snapshot.rows('aurora', 'log').get(1)).toEqual(row(1))
  const elsewhere = await memoryFactory(snapshot).open('aurora')
  await elsewhere.apply(batch([put('log', 2, row(22))]))
  expect(await get(backend, 'log', 2)).toEqual(row(2))

  disk.restore(snapshot)
  await expect(get(backend, 'log', 1)).rejects.toMatchObject({ code: 'storage-unavailable' })
  expect(disk.rows('aurora', 'log').entries()).toEqual([
    [1, row(1)],
    [2, row(22)],
  ])
})

test('raw rows reach the store, and bytes are copied both ways', async () => {
  const { disk, backend } = await diskWithLog(2)
  const rows = disk.rows('aurora', 'log')
  const value = row(7)
  rows.set(2, value)
  value.fill(0)
  rows.get(2)?.fill(0)
  rows.entries()[1]?.[1].fill(0)
  expect(await get(backend, 'log', 2)).toEqual(row(7))
  expect([rows.delete(1), rows.delete(1), rows.size]).toEqual([true, false, 1])
  rows.clear()
  expect(await get(backend, 'log', 2)).toBeUndefined()
  expect(disk.unsynced('aurora'), 'the journal knows nothing of it').toHaveLength(1)
  expect(() => disk.rows('none', 'log')).toThrow(RangeError)
})

test('a lost connection rejects what is in flight and comes back', async () => {
  const { disk, backend } = await diskWithLog(1)
  const events: string[] = []
  backend.subscribe((event) => events.push(event))
  const reading = get(backend, 'log', 1)
  disk.disconnect()
  await expect(reading).rejects.toMatchObject({ details: { reason: 'connection-lost' } })
  expect(await get(backend, 'log', 1)).toEqual(row(1))
  expect(events).toEqual(['lost'])
})

test('a wiped database is gone for who had it open, and empty for who opens it', async () => {
  const { disk, backend } = await diskWithLog(3)
  disk.wipe('aurora')
  await expect(get(backend, 'log', 1)).rejects.toMatchObject({ code: 'storage-lost', details: { reason: 'database-gone' } })
  expect(disk.names()).toEqual([])
  expect(await get(await memoryFactory(disk).open('aurora'), 'log', 1)).toBeUndefined()
})

test('a scheduler may decide whose turn it is', async () => {
  const waiting: (() => void)[] = []
  const disk = createMemoryDisk({ turn: () => new Promise((resolve) => waiting.push(resolve)) })
  const opening = memoryFactory(disk).open('aurora')
  waiting.shift()?.()
  const backend = await opening
  const first = backend.apply(batch([add('log', 1, row(1))]))
  const second = backend.apply(batch([add('log', 1, row(2))]))
  waiting.splice(1, 1)[0]?.()
  await Promise.resolve()
  for (let i = 0; i < 4; i += 1) {
    for (const go of waiting.splice(0)) go()
    await Promise.resolve()
    await Promise.resolve()
  }
  expect([await first, await second]).toEqual([{ applied: false, missed: -1 }, { applied: true }])
})
