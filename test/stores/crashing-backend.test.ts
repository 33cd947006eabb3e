// The crash-injecting backend: at the planned call, exactly what was planned, and nothing by chance.

import { describe, expect, test } from 'vitest'
import { createMemoryDisk } from '../../src/stores/memory-disk.ts'
import { memoryFactory } from '../../src/stores/memory.ts'
import { add, batch, get, put, row } from '../../src/testing/contract-rows.ts'
import { type CrashPlan, createCrashingBackend } from '../../src/testing/crashing-backend.ts'

const unavailable = (reason: string) => ({ name: 'VaultError', code: 'storage-unavailable', details: { reason } })

async function setup(plan: CrashPlan) {
  const disk = createMemoryDisk()
  const crashing = createCrashingBackend(memoryFactory(disk), plan)
  const backend = await crashing.factory.open('aurora')
  const append = (seq: number, durability: 'strict' | 'relaxed' = 'relaxed') => backend.apply({ ...batch([add('log', seq, row(seq))]), durability })
  return { disk, crashing, backend, append, keys: () => disk.rows('aurora', 'log').keys() }
}

test('counts the calls of a run and what they were', async () => {
  const { crashing, backend, append } = await setup({ mode: 'none' })
  await append(1, 'strict')
  await get(backend, 'log', 1)
  const other = await crashing.factory.open('aurora')
  await other.apply(batch([put('pages', 'x', row(1))], [{ kind: 'present', store: 'log', key: 1 }]))
  expect(crashing.calls).toEqual([
    { kind: 'apply', stores: ['log'], durability: 'strict' },
    { kind: 'read', stores: ['log'] },
    { kind: 'apply', stores: ['log', 'pages'], durability: 'relaxed' },
  ])
  expect(crashing.struck).toBe(false)
})

test('fail-once: one call fails, the next works', async () => {
  const { append, keys, crashing } = await setup({ mode: 'fail-once', at: 2, code: 'storage-full', reason: 'full' })
  await append(1)
  await expect(append(2)).rejects.toMatchObject({ code: 'storage-full', details: { reason: 'full' } })
  await append(3)
  expect([keys(), crashing.struck]).toEqual([[1, 3], true])
})

test('fail-sticky: from then on nothing works', async () => {
  const { append, keys, backend } = await setup({ mode: 'fail-sticky', at: 2 })
  await append(1)
  await expect(append(2)).rejects.toMatchObject(unavailable('transient'))
  await expect(append(3)).rejects.toMatchObject(unavailable('transient'))
  await expect(get(backend, 'log', 1)).rejects.toMatchObject(unavailable('transient'))
  expect(keys()).toEqual([1])
})

describe('a process that dies', () => {
  test.each([
    ['kill-before', [1], 'connection-lost'],
    ['kill-after', [1, 2], 'outcome-unknown'],
  ] as const)('%s', async (mode, expected, reason) => {
    const { append, keys, crashing, backend } = await setup({ mode, at: 2 })
    const other = await crashing.factory.open('other')
    await append(1)
    await expect(append(2)).rejects.toMatchObject(unavailable(reason))
    await crashing.died
    for (const dead of [append(3), get(backend, 'log', 1), get(other, 'log', 1), crashing.factory.open('aurora'), crashing.factory.list(), crashing.factory.destroy('aurora')]) {
      await expect(dead).rejects.toMatchObject(unavailable('connection-lost'))
    }
    expect([keys(), crashing.calls.length]).toEqual([expected, 2])
  })

  test('hears no answer to what was under way', async () => {
    const { append, keys } = await setup({ mode: 'kill-before', at: 3 })
    const calls = [append(1), append(2), append(3)].map((call) => call.catch((error) => error.details.reason))
    expect(await Promise.all(calls)).toEqual(['outcome-unknown', 'outcome-unknown', 'connection-lost'])
    expect(keys()).toEqual([1, 2])
  })
})

test.each([
  [undefined, [1]],
  [1, [1, 2]],
  [0, [1, 2, 3]],
])('drop-suffix: the power cut takes %s transactions', async (dropUnsynced, expected) => {
  const { disk, keys: _keys } = await setup({ mode: 'none' })
  const crashing = createCrashingBackend(memoryFactory(disk), { mode: 'drop-suffix', at: 4, disk, ...(dropUnsynced === undefined ? {} : { dropUnsynced }) })
  const backend = await crashing.factory.open('aurora')
  await backend.apply({ ...batch([add('log', 1, row(1))]), durability: 'strict' })
  await backend.apply(batch([add('log', 2, row(2))]))
  await backend.apply(batch([add('log', 3, row(3))]))
  await expect(backend.apply(batch([add('log', 4, row(4))]))).rejects.toMatchObject(unavailable('connection-lost'))
  expect(disk.rows('aurora', 'log').keys()).toEqual(expected)
})

describe('answers that do not come', () => {
  test('withhold: applied, answered "unknown", and life goes on', async () => {
    const { append, keys } = await setup({ mode: 'withhold', at: 1 })
    await expect(append(1)).rejects.toMatchObject(unavailable('outcome-unknown'))
    await append(2)
    expect(keys()).toEqual([1, 2])
  })

  test('withhold, never answered', async () => {
    const { append, keys } = await setup({ mode: 'withhold', at: 1, answer: 'never' })
    let settled = false
    void append(1).finally(() => {
      settled = true
    })
    await append(2)
    expect([keys(), settled]).toEqual([[1, 2], false])
  })

  test('late: lands before a later call, with the bytes it was given', async () => {
    const { backend, append, keys, disk } = await setup({ mode: 'late', at: 2, landAfterCalls: 2 })
    await append(1)
    const value = row(5)
    const late = backend.apply(batch([add('log', 5, value)]))
    value.fill(0)
    await expect(late).rejects.toMatchObject(unavailable('outcome-unknown'))
    await append(2)
    expect(keys()).toEqual([1, 2])
    await append(3)
    expect(keys()).toEqual([1, 2, 3, 5])
    expect(disk.rows('aurora', 'log').get(5)).toEqual(row(5))
  })

  test('late: lands when it is told to, once', async () => {
    const { append, keys, crashing } = await setup({ mode: 'late', at: 1 })
    await expect(append(1)).rejects.toMatchObject(unavailable('outcome-unknown'))
    await append(2)
    expect(keys()).toEqual([2])
    expect(await crashing.land()).toEqual({ applied: true })
    expect([keys(), crashing.land()]).toEqual([[1, 2], undefined])
  })

  test('late: a batch that lands after its turn was taken is refused by its own fence', async () => {
    const { append, keys, crashing } = await setup({ mode: 'late', at: 1 })
    await expect(append(1)).rejects.toMatchObject(unavailable('outcome-unknown'))
    await append(1)
    expect(await crashing.land()).toEqual({ applied: false, missed: -1 })
    expect(keys()).toEqual([1])
  })
})
