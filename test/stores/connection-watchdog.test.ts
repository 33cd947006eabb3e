// Transactions that never end, and closing while they run. Time is simulated, so every deadline is exact.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { get, row } from '../../src/testing/contract-rows.ts'
import { indexedDbBackend, timings } from './kit/scripted-backend.ts'
import { hangs, scriptedFactory, succeeds } from './kit/scripted-idb.ts'
import { fenced, standing, unfenced } from './kit/standing.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the watchdog', () => {
  test('gives up a read that never answers, and replaces the connection', async () => {
    const { backend, script, events } = await indexedDbBackend(scriptedFactory(succeeds))
    const reading = get(backend, 'log', 1).catch((error) => error)
    await vi.advanceTimersByTimeAsync(timings.stallMs * 0.8)
    expect(events).toEqual([])
    await vi.advanceTimersByTimeAsync(timings.stallMs * 0.3)
    expect(await reading).toMatchObject({ code: 'storage-unavailable', details: { reason: 'stalled' } })
    expect([events, script.databases[0]?.closed]).toEqual([['lost'], true])
  })

  test('a write that hangs before its last answer is aborted: nothing was written', async () => {
    const { backend, script } = await indexedDbBackend(scriptedFactory(succeeds))
    const writing = backend.apply(fenced).catch((error) => error)
    script.database.last.requests[0]?.succeed(row(1))
    await vi.advanceTimersByTimeAsync(timings.stallMs * 1.2)
    expect(await writing).toMatchObject({ code: 'storage-unavailable', details: { reason: 'stalled' } })
    expect(script.databases[0]?.last.aborted).toBe(true)
  })

  test('a write that hangs in its commit has an unknown outcome', async () => {
    const { backend, script } = await indexedDbBackend(scriptedFactory(succeeds))
    const writing = backend.apply(fenced).catch((error) => error)
    script.database.last.succeedAll(row(1))
    await vi.advanceTimersByTimeAsync(timings.stallMs * 1.2)
    expect(await writing).toMatchObject({ code: 'storage-unavailable', details: { reason: 'outcome-unknown' } })
    script.databases[0]?.last.complete()
  })

  test('does not trip while requests are answered, however slowly', async () => {
    const { backend, script } = await indexedDbBackend(scriptedFactory(succeeds))
    const operations = Array.from({ length: 320 }, (_, i) => ({ kind: 'put', store: 'pages', key: `${i}`, value: row(i) }) as const)
    const writing = backend.apply({ expect: [], operations, durability: 'relaxed' })
    const { last } = script.database
    for (let i = 0; i < 10; i += 1) {
      await vi.advanceTimersByTimeAsync(timings.stallMs * 0.8)
      for (const request of last.requests.splice(0, 32)) request.succeed()
    }
    last.complete()
    expect(await writing).toEqual({ applied: true })
  })

  test('waits longer for one that queues behind others that move', async () => {
    const { backend, script, events } = await indexedDbBackend(scriptedFactory(succeeds))
    const waiting = get(backend, 'log', 1)
    const waits = script.database.last
    for (let i = 0; i < 20; i += 1) {
      const quick = get(backend, 'pages', 'x')
      await vi.advanceTimersByTimeAsync(timings.stallMs / 10)
      script.database.last.succeedAll()
      await quick
    }
    expect(events).toEqual([])
    waits.succeedAll(row(1))
    expect(await waiting).toEqual(row(1))
  })

  test('grows with the slowest transaction it has seen finish', async () => {
    const { backend, script, events } = await indexedDbBackend(scriptedFactory(succeeds))
    const slow = get(backend, 'log', 1)
    await vi.advanceTimersByTimeAsync(timings.stallMs * 0.9)
    script.database.last.succeedAll()
    await slow
    const slower = get(backend, 'log', 1)
    await vi.advanceTimersByTimeAsync(timings.stallMs * 3)
    expect(events).toEqual([])
    script.database.last.succeedAll()
    await slower
  })

  test('rests while nothing is in flight', async () => {
    const { backend, script } = await indexedDbBackend(scriptedFactory(succeeds))
    const reading = get(backend, 'log', 1)
    script.database.last.succeedAll()
    await reading
    await vi.advanceTimersByTimeAsync(timings.stallMs)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('close', () => {
  test('waits for what is in flight, refuses what comes after, and closes the handle', async () => {
    const { backend, script } = await indexedDbBackend(scriptedFactory(succeeds))
    const writing = backend.apply(unfenced)
    const closing = backend.close()
    expect(await standing(closing)).toBe('pending')
    expect(await standing(get(backend, 'log', 1))).toEqual({ code: 'storage-unavailable', reason: 'closed' })
    script.database.last.succeedAll()
    script.database.last.complete()
    await closing
    expect([await writing, script.database.closed]).toEqual([{ applied: true }, true])
  })

  test('does not wait for a transaction for ever', async () => {
    const { backend } = await indexedDbBackend(scriptedFactory(succeeds))
    const writing = backend.apply(unfenced).catch(() => {})
    const closing = backend.close()
    await vi.advanceTimersByTimeAsync(timings.stallMs * 1.2)
    await closing
    await writing
  })

  test('closes a handle that arrives while closing', async () => {
    const { backend, script } = await indexedDbBackend(scriptedFactory(succeeds, hangs))
    script.database.terminate()
    const reading = get(backend, 'log', 1).catch((error) => error)
    const closing = backend.close()
    await vi.advanceTimersByTimeAsync(0)
    script.requests[1]?.succeed(script.databases[1])
    await closing
    await vi.advanceTimersByTimeAsync(100)
    expect(script.databases[1]?.closed).toBe(true)
    expect(await reading).toMatchObject({ code: 'storage-unavailable' })
  })
})
