// One readwrite transaction that applies a batch, all or nothing.
//
// Expectations and writes are sent together: the append of a commit then costs one round trip. An expectation that misses
// aborts the transaction, so the writes behind it never become true.
//
// `commit()` is called after a lone request only. Firefox 153 goes on committing when a request fails after it, unless that was the last one:
// the rest of the batch becomes true without it. (Chromium and WebKit abort, as the specification says.) Measured, it would save an append 10-20 %.
// A lone request is what a page sends that is about to go: without `commit()` it would be undone together with the page.

import type { ApplyResult, Batch, Expectation, Operation, StoreName } from './backend.js'
import type { InFlight } from './in-flight.js'
import type { KeyRanges } from './read-transaction.js'
import { bytesEqualAt, compareKeys, hasTag, keyToRowKey, valueToBytes } from './row-bytes.js'
import { storageError, toStorageError } from './storage-failure.js'
import { watchTransaction } from './watched-transaction.js'

/**
 * In the scope of every transaction that writes, so that no two of them run at once. Chromium 156 that was killed while two transactions of
 * one database had written a part of what they do takes the database for corrupt and begins an empty one: 21 of 103 kills during a bulk load
 * with single appends beside it. Its log then held two lists of locks, with the lock of the database in both. Decision 007.
 */
const COMMON_STORE: StoreName = 'jobs'

/** Operations sent in one task of the page: more of them at once would be a long one. The next ones are sent when the first of these is answered. */
const SENT_AT_ONCE = 64

// A bulk batch has thousands of puts and no need of as many event listeners: one in so many tells the watchdog that it moves.
const PROGRESS_EVERY = 32

function expectationRequest(store: IDBObjectStore, expectation: Expectation): IDBRequest {
  switch (expectation.kind) {
    case 'absent':
    case 'present':
      return store.getKey(expectation.key)
    case 'tag':
    case 'prefix':
      return store.get(expectation.key)
    case 'last':
      return store.openKeyCursor(null, 'prev')
  }
}

function isMet(expectation: Expectation, result: unknown): boolean {
  switch (expectation.kind) {
    case 'absent':
      return result === undefined
    case 'present':
      return result !== undefined
    case 'tag':
      return result !== undefined && hasTag(valueToBytes(result), expectation.tag)
    case 'prefix':
      return result !== undefined && bytesEqualAt(valueToBytes(result), 0, expectation.bytes)
    case 'last': {
      const cursor = result as IDBCursor | null
      if (cursor === null || expectation.key === undefined) return cursor === null && expectation.key === undefined
      return compareKeys(keyToRowKey(cursor.key, expectation.store), expectation.key) === 0
    }
  }
}

function operationRequest(store: IDBObjectStore, operation: Operation, ranges: KeyRanges): IDBRequest {
  switch (operation.kind) {
    case 'add':
      return store.add(operation.value, operation.key)
    case 'put':
      return store.put(operation.value, operation.key)
    case 'delete':
      return store.delete(operation.key)
    case 'deleteBelow':
      return store.delete(ranges.upperBound(operation.key, true))
    case 'clear':
      return store.clear()
  }
}

/**
 * Applies a batch. Resolves after `complete`, or after `abort` when an expectation missed.
 * @throws {VaultError} `storage-*`. Throws the engine's error when the connection takes no transaction: nothing was begun then.
 */
export function runApply(database: IDBDatabase, batch: Batch, ranges: KeyRanges, inFlight: InFlight): Promise<ApplyResult> {
  const { expect, operations } = batch
  const names = new Set<StoreName>()
  for (const { store } of expect) names.add(store)
  for (const { store } of operations) names.add(store)
  if (names.size === 0) return Promise.resolve({ applied: true })
  names.add(COMMON_STORE)
  const transaction = database.transaction([...names], 'readwrite', { durability: batch.durability })
  return new Promise((resolve, reject) => {
    let missed: number | undefined
    const watched = watchTransaction(transaction, inFlight, {
      aborted: (error) => {
        const name = (error as { name?: unknown } | null)?.name
        // There are no indexes, so only `add` on an existing key breaks a constraint.
        if (missed === undefined && name === 'ConstraintError') missed = -1
        if (missed !== undefined) return resolve({ applied: false, missed })
        // A commit that was refused and a connection that broke while committing look alike, except when the quota says so.
        reject(toStorageError(error, 'work', watched.mayBeCommitting() && name !== 'QuotaExceededError'))
      },
      givenUp: (reason) => {
        const unknown = watched.mayBeCommitting()
        reject(storageError('storage-unavailable', 'writing was given up before it was complete', unknown ? 'outcome-unknown' : reason))
      },
    })
    transaction.oncomplete = () => {
      watched.end()
      resolve({ applied: true })
    }
    const check = (index: number, result: unknown): void => {
      watched.progress()
      if (missed !== undefined) return
      try {
        if (isMet(expect[index] as Expectation, result)) return
        missed = index
        watched.cancel(undefined)
      } catch (error) {
        watched.cancel(error)
      }
    }
    const send = (from: number): void => {
      const end = Math.min(from + SENT_AT_ONCE, operations.length)
      for (let i = from; i < end; i++) {
        const operation = operations[i] as Operation
        const sent = operationRequest(transaction.objectStore(operation.store), operation, ranges)
        // Requests are answered in order, so the last one comes when all others have succeeded.
        if (i === operations.length - 1) sent.onsuccess = watched.letCommit
        else if (i === from && end < operations.length) sent.onsuccess = () => goOn(end)
        else if (i % PROGRESS_EVERY === PROGRESS_EVERY - 1) sent.onsuccess = watched.progress
      }
    }
    /** In a success event, while the rest of the requests before these is still to be answered: the transaction goes on. */
    const goOn = (from: number): void => {
      watched.progress()
      if (missed !== undefined) return
      try {
        send(from)
      } catch (error) {
        watched.cancel(error)
      }
    }
    try {
      for (const [i, expectation] of expect.entries()) {
        const sent = expectationRequest(transaction.objectStore(expectation.store), expectation)
        sent.onsuccess = () => check(i, sent.result)
      }
      send(0)
      if (expect.length === 0 && operations.length === 1 && operations[0]?.kind !== 'add') transaction.commit()
    } catch (error) {
      // A key or value was refused, or Firefox refuses all writes after a quota error: nothing was written.
      watched.cancel(error)
    }
  })
}
