// One readonly transaction that answers all requests of a read. Raw requests: a promise for each would cost more than the request.

import type { ReadRequest, Row, RowKey } from './backend.js'
import type { InFlight } from './in-flight.js'
import { keyToRowKey, valueToBytes } from './row-bytes.js'
import { storageError, toStorageError } from './storage-failure.js'
import { watchTransaction } from './watched-transaction.js'

/** The two makers of key ranges that stores use; a factory of another realm or a fake brings its own. */
export type KeyRanges = Pick<typeof IDBKeyRange, 'lowerBound' | 'upperBound'>

type Answer = (value: unknown) => void
type Listen = <T>(sent: IDBRequest<T>, then: (result: T) => void) => void

/** Sends what one request asks for; `answer` is called once, in a success event. */
function ask(store: IDBObjectStore, request: ReadRequest, ranges: KeyRanges, on: Listen, answer: Answer): void {
  switch (request.kind) {
    case 'get':
      return on(store.get(request.key), (value: unknown) => answer(value === undefined ? undefined : valueToBytes(value)))
    case 'count':
      return on(store.count(), answer)
    case 'lastKey':
      return on(store.openKeyCursor(null, 'prev'), (cursor) => answer(cursor === null ? undefined : keyToRowKey(cursor.key, request.store)))
    case 'keys':
    case 'rows': {
      // IndexedDB takes a limit of 0 for "no limit".
      if (request.limit !== undefined && request.limit <= 0) return on(store.count(), () => answer([]))
      const start = request.after ?? (request.kind === 'rows' ? request.from : undefined)
      const range = start === undefined ? null : ranges.lowerBound(start, request.after !== undefined)
      // Requests of a transaction are answered in order, so the keys are there when the values come.
      let keys: RowKey[] = []
      on(store.getAllKeys(range, request.limit), (found) => {
        keys = found.map((key) => keyToRowKey(key, request.store))
        if (request.kind === 'keys') answer(keys)
      })
      if (request.kind === 'rows') {
        on(store.getAll(range, request.limit), (values) => {
          answer(values.map((value: unknown, i): Row => ({ key: keys[i] as RowKey, value: valueToBytes(value) })))
        })
      }
    }
  }
}

/**
 * Answers all requests from one state, in their order. Resolves with the last answer, before the transaction is complete:
 * what was read stays true even if a readonly transaction is aborted afterwards.
 * @throws {VaultError} `storage-*`. Throws the engine's error when the connection takes no transaction.
 */
export function runRead(database: IDBDatabase, requests: readonly ReadRequest[], ranges: KeyRanges, inFlight: InFlight): Promise<unknown[]> {
  if (requests.length === 0) return Promise.resolve([])
  const transaction = database.transaction([...new Set(requests.map((request) => request.store))], 'readonly')
  return new Promise((resolve, reject) => {
    const answers: unknown[] = Array.from({ length: requests.length })
    let missing = requests.length
    const watched = watchTransaction(transaction, inFlight, {
      aborted: (error) => reject(toStorageError(error, 'work')),
      givenUp: (reason) => reject(storageError('storage-unavailable', 'reading was given up, try again', reason)),
    })
    const on: Listen = (sent, then) => {
      sent.onsuccess = () => {
        watched.progress()
        try {
          then(sent.result)
        } catch (error) {
          watched.cancel(error)
        }
      }
    }
    try {
      for (const [i, request] of requests.entries()) {
        ask(transaction.objectStore(request.store), request, ranges, on, (value) => {
          answers[i] = value
          missing -= 1
          if (missing > 0) return
          watched.end()
          resolve(answers)
        })
      }
    } catch (error) {
      // The engine refused a key.
      watched.cancel(error)
    }
  })
}
