// The connection manager against engines that hang, break and lie. Time is simulated, so every deadline is exact.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { BackendEvent } from '../../src/stores/backend.ts'
import { get, row } from '../../src/testing/contract-rows.ts'
import { indexedDbBackend, timings } from './kit/scripted-backend.ts'
import { engineError, failsWith, hangs, scriptedFactory, ScriptedTransaction, succeeds } from './kit/scripted-idb.ts'
import { fenced, standing, unfenced } from './kit/standing.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('opening', () => {
  test('an open that never answers is tried once more, then given up', async () => {
    const script = scriptedFactory(hangs)
    const opening = indexedDbBackend(script)
    const outcome = standing(opening)
    await vi.advanceTimersByTimeAsync(timings.openMs - 1)
    expect(script.requests).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1 + timings.openMs)
    expect(script.requests).toHaveLength(2)
    await expect(opening).rejects.toMatchObject({ code: 'storage-unavailable', details: { reason: 'open-timeout' } })
    await outcome
  })

  test('a second attempt may succeed; what the first brings later is closed, not leaked', async () => {
    const script = scriptedFactory(hangs, succeeds)
    const opening = indexedDbBackend(script)
    await vi.advanceTimersByTimeAsync(timings.openMs)
    const { backend } = await opening
    const [first, second] = script.databases
    script.requests[0]?.succeed(first)
    await vi.advanceTimersByTimeAsync(0)
    expect([first?.closed, second?.closed]).toEqual([true, false])
    await backend.close()
  })

  test('a late upgrade of an attempt that was given up makes nothing', async () => {
    const script = scriptedFactory(hangs)
    const opening = indexedDbBackend(script).catch((error) => error)
    await vi.advanceTimersByTimeAsync(2 * timings.openMs)
    await opening
    const request = script.requests[0]
    const database = script.databases[0]
    if (request === undefined || database === undefined) throw new Error('nothing was opened')
    request.result = database
    const aborted = vi.fn()
    request.transaction = { abort: aborted } as never
    request.onupgradeneeded?.({ oldVersion: 0 })
    expect(aborted).toHaveBeenCalledOnce()
  })

  test('transient errors are tried again until they go away', async () => {
    const broken = failsWith('UnknownError', 'Internal error opening backing store for indexedDB.open.')
    const script = scriptedFactory(broken, broken, broken, succeeds)
    const opening = indexedDbBackend(script)
    await vi.advanceTimersByTimeAsync(timings.retryMs)
    await opening
    expect(script.requests).toHaveLength(4)
  })

  test('and no longer than the time allowed in all', async () => {
    const script = scriptedFactory(failsWith('UnknownError', 'Internal error opening backing store for indexedDB.open.'))
    const opening = indexedDbBackend(script).catch((error) => error)
    await vi.advanceTimersByTimeAsync(timings.retryMs)
    expect(await opening).toMatchObject({ code: 'storage-unavailable', details: { reason: 'transient' } })
    expect(script.requests.length).toBeLessThan(12)
  })

  test('a WebKit whose storage process died says so', async () => {
    const script = scriptedFactory(failsWith('UnknownError', 'Connection to Indexed Database server lost. Refresh the page to try again'))
    const opening = indexedDbBackend(script).catch((error) => error)
    await vi.advanceTimersByTimeAsync(timings.retryMs)
    expect(await opening).toMatchObject({ code: 'storage-unavailable', details: { reason: 'server-lost' } })
  })

  test.each([
    ['VersionError', 'The requested version (1) is less than the existing version (2).', 'unsupported-version', 'newer'],
    ['SecurityError', 'The operation is insecure.', 'storage-unavailable', 'denied'],
    ['InvalidStateError', 'A mutation operation was attempted on a database that did not allow mutations.', 'storage-unavailable', 'denied'],
    ['QuotaExceededError', '', 'storage-full', 'full'],
    ['UnknownError', 'Unable to open database file on disk', 'storage-unavailable', 'corrupt'],
  ])('%s (%s) is final', async (name, message, code, reason) => {
    const script = scriptedFactory(failsWith(name, message))
    expect(await standing(indexedDbBackend(script))).toEqual({ code, reason })
    expect(script.requests).toHaveLength(1)
  })

  test('a blocked upgrade is told within a second and its late success is closed', async () => {
    const script = scriptedFactory((request) => request.onblocked?.({}))
    const opening = indexedDbBackend(script).catch((error) => error)
    await vi.advanceTimersByTimeAsync(timings.blockedMs)
    expect(await opening).toMatchObject({ code: 'storage-blocked', details: { reason: 'blocked' } })
    script.requests[0]?.succeed(script.databases[0])
    await vi.advanceTimersByTimeAsync(0)
    expect(script.databases[0]?.closed).toBe(true)
  })

  test('a database without our stores is not ours', async () => {
    const script = scriptedFactory((request, database) => {
      database.stores = ['log', 'header']
      request.succeed(database)
    })
    expect(await standing(indexedDbBackend(script))).toEqual({ code: 'storage-lost', reason: 'missing-stores' })
    expect(script.database.closed).toBe(true)
  })

  test('says what Chromium says about lost data', async () => {
    const script = scriptedFactory((request, database) => {
      Object.assign(database, { createObjectStore: () => {} })
      request.result = database
      request.transaction = {} as never
      request.onupgradeneeded?.({ oldVersion: 0, dataLoss: 'total', dataLossMessage: 'checksum mismatch' })
      request.succeed(database)
    })
    const { backend } = await indexedDbBackend(script)
    expect(backend.opened).toEqual({ fresh: true, dataLoss: 'total: checksum mismatch' })
  })
})

describe('a connection that goes away', () => {
  test('rejects what is in flight, says so once, and is replaced by the next call', async () => {
    const { backend, script, events } = await indexedDbBackend(scriptedFactory(succeeds))
    const reading = get(backend, 'log', 1)
    const writing = backend.apply(fenced)
    const committing = backend.apply(unfenced)
    script.database.last.succeedAll()
    script.database.terminate()
    expect(events).toEqual(['lost'] satisfies BackendEvent[])
    expect(await standing(reading)).toEqual({ code: 'storage-unavailable', reason: 'connection-lost' })
    expect(await standing(writing)).toEqual({ code: 'storage-unavailable', reason: 'connection-lost' })
    expect(await standing(committing)).toEqual({ code: 'storage-unavailable', reason: 'outcome-unknown' })
    expect(script.databases).toHaveLength(1)
    const again = get(backend, 'log', 1)
    await vi.advanceTimersByTimeAsync(0)
    script.database.last.succeedAll(row(1))
    expect(await again).toEqual(row(1))
    expect(script.databases).toHaveLength(2)
  })

  test('many calls wait for one opening', async () => {
    const { backend, script } = await indexedDbBackend(scriptedFactory(succeeds))
    script.database.terminate()
    const reads = Array.from({ length: 50 }, () => get(backend, 'log', 1))
    await vi.advanceTimersByTimeAsync(0)
    expect(script.databases).toHaveLength(2)
    for (const transaction of script.database.transactions) transaction.succeedAll()
    await Promise.all(reads)
  })

  test('one that died without a word is replaced before anything was begun', async () => {
    const { backend, script, events } = await indexedDbBackend(scriptedFactory(succeeds))
    script.database.refuse = engineError('InvalidStateError', 'The database connection is closing.')
    const writing = backend.apply(unfenced)
    await vi.advanceTimersByTimeAsync(100)
    expect(events).toEqual(['lost'])
    script.database.last.succeedAll()
    script.database.last.complete()
    expect(await writing).toEqual({ applied: true })
  })

  test('superseded: closes at once, and finds newer code at the next call', async () => {
    const { backend, script, events } = await indexedDbBackend(scriptedFactory(succeeds, failsWith('VersionError')))
    const { database } = script
    database.onversionchange?.()
    expect([database.closed, events]).toEqual([true, ['superseded']])
    expect(await standing(get(backend, 'log', 1))).toEqual({ code: 'unsupported-version', reason: 'newer' })
  })

  test('a database deleted in the meantime is not made again', async () => {
    const aborted = vi.fn()
    const { backend, script } = await indexedDbBackend(
      scriptedFactory(succeeds, (request, database) => {
        request.result = database
        request.transaction = { abort: aborted } as never
        request.onupgradeneeded?.({ oldVersion: 0 })
        request.fail(engineError('AbortError'))
      }),
    )
    script.database.terminate()
    expect(await standing(backend.apply(unfenced))).toEqual({ code: 'storage-lost', reason: 'database-gone' })
    expect(aborted).toHaveBeenCalledOnce()
  })

  test('a listener that throws disturbs neither store nor other listeners', async () => {
    const { backend, script, events } = await indexedDbBackend(scriptedFactory(succeeds))
    const thrown: unknown[] = []
    const queue = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => {
      try {
        task()
      } catch (error) {
        thrown.push(error)
      }
    })
    backend.subscribe(() => {
      throw new Error('mine')
    })
    const late: BackendEvent[] = []
    backend.subscribe((event) => late.push(event))
    script.database.terminate()
    queue.mockRestore()
    expect([events, late, thrown.length]).toEqual([['lost'], ['lost'], 1])
  })
})

describe('transactions that fail', () => {
  test('reads are sent again on a new connection', async () => {
    const { backend, script, events } = await indexedDbBackend(scriptedFactory(succeeds))
    const reading = get(backend, 'log', 1)
    script.database.last.failRequest(engineError('UnknownError', 'Attempt to get a record from database without an in-progress transaction'))
    await vi.advanceTimersByTimeAsync(100)
    expect([events, script.databases.length, script.databases[0]?.closed]).toEqual([['lost'], 2, true])
    script.database.last.succeedAll(row(3))
    expect(await reading).toEqual(row(3))
  })

  test('so are fenced batches of which nothing was written', async () => {
    const { backend, script } = await indexedDbBackend(scriptedFactory(succeeds))
    const writing = backend.apply(fenced)
    script.database.last.failRequest(engineError('UnknownError', 'An internal error was encountered in the Indexed Database server'))
    await vi.advanceTimersByTimeAsync(100)
    expect(script.database.last.requests).toHaveLength(2)
    script.database.last.requests[0]?.succeed(row(1))
    script.database.last.requests[1]?.succeed()
    script.database.last.complete()
    expect(await writing).toEqual({ applied: true })
  })

  test.each([
    ['no expectation', []],
    ['absence', [{ kind: 'absent', store: 'log', key: 2 }]],
    ['emptiness', [{ kind: 'last', store: 'log', key: undefined }]],
  ] as const)('a batch that expects %s is not: a store made anew would take it', async (_what, expectations) => {
    const { backend, script } = await indexedDbBackend(scriptedFactory(succeeds))
    const writing = backend.apply({ ...unfenced, expect: expectations })
    script.database.last.failRequest(engineError('UnknownError'))
    expect(await standing(writing)).toEqual({ code: 'storage-unavailable', reason: 'transient' })
  })

  test('an abort after the last answer leaves the outcome open, and is never sent again', async () => {
    const { backend, script } = await indexedDbBackend(scriptedFactory(succeeds))
    const writing = backend.apply(fenced)
    script.database.last.succeedAll(row(1))
    script.database.last.abortWith(engineError('UnknownError', 'Connection is closing.'))
    expect(await standing(writing)).toEqual({ code: 'storage-unavailable', reason: 'outcome-unknown' })
    expect(script.databases).toHaveLength(1)
  })

  test('quota at commit: nothing was written, and the connection is replaced without a word', async () => {
    const { backend, script, events } = await indexedDbBackend(scriptedFactory(succeeds))
    const writing = backend.apply(fenced)
    script.database.last.succeedAll(row(1))
    script.database.last.abortWith(engineError('QuotaExceededError'))
    expect(await standing(writing)).toEqual({ code: 'storage-full', reason: 'full' })
    const reading = get(backend, 'log', 1)
    await vi.advanceTimersByTimeAsync(0)
    expect([events, script.databases.length]).toEqual([[], 2])
    script.database.last.succeedAll()
    await reading
  })

  test.each([
    ['UnknownError', 'Internal error committing transaction. FILE_ERROR_NO_SPACE', 'storage-full', 'outcome-unknown'],
    ['UnknownError', 'Encountered disk full while committing transaction.', 'storage-full', 'outcome-unknown'],
    ['UnknownError', 'Connection is closing because of: Force close delete origin', 'storage-lost', 'outcome-unknown'],
  ])('%s (%s) at commit', async (name, message, code, reason) => {
    const { backend, script } = await indexedDbBackend(scriptedFactory(succeeds))
    const writing = backend.apply(fenced)
    script.database.last.succeedAll(row(1))
    script.database.last.abortWith(engineError(name, message))
    expect(await standing(writing)).toEqual({ code, reason })
  })

  test.each([
    ['UnknownError', 'Connection is closing because of: Force close delete origin', 'storage-lost', 'wiped'],
    ['NotFoundError', 'One of the specified object stores was not found.', 'storage-lost', 'wiped'],
    ['NotReadableError', 'Data lost due to missing file. Affected record should be considered irrecoverable', 'storage-unavailable', 'corrupt'],
    ['DataError', 'Failed to read large IndexedDB value', 'storage-unavailable', 'corrupt'],
  ])('%s (%s) of a read', async (name, message, code, reason) => {
    const { backend, script } = await indexedDbBackend(scriptedFactory(succeeds))
    const reading = get(backend, 'log', 1)
    script.database.last.failRequest(engineError(name, message))
    expect(await standing(reading)).toEqual({ code, reason })
  })

  test('the AbortError of the requests does not hide why the transaction died', async () => {
    const { backend, script } = await indexedDbBackend(scriptedFactory(succeeds))
    const writing = backend.apply(fenced)
    const transaction = script.database.last
    transaction.aborted = true
    transaction.failRequest(engineError('AbortError'))
    transaction.abortWith(engineError('QuotaExceededError'))
    expect(await standing(writing)).toEqual({ code: 'storage-full', reason: 'full' })
  })

  test('after a quota error Firefox refuses writes at once: they go to a new connection', async () => {
    const { backend, script } = await indexedDbBackend(scriptedFactory(succeeds))
    const old = script.database
    vi.spyOn(old, 'transaction').mockImplementation((names, mode) => {
      const transaction = new ScriptedTransaction(names, mode)
      transaction.objectStore = () => {
        throw engineError('InvalidStateError', 'A mutation operation was attempted on a database that did not allow mutations.')
      }
      return transaction
    })
    const writing = backend.apply(fenced)
    await vi.advanceTimersByTimeAsync(100)
    expect(script.databases).toHaveLength(2)
    script.database.last.requests[0]?.succeed(row(1))
    script.database.last.requests[1]?.succeed()
    script.database.last.complete()
    expect(await writing).toEqual({ applied: true })
  })
})
