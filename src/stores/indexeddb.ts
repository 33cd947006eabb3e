// The IndexedDB backend: one database `sealed-vault:<name>` with the ten stores of docs/format.md, section 1.
// The only file that imports `idb`. Importing it does nothing, so it is harmless where there is no IndexedDB.

import { openDB, unwrap } from 'idb'
import type { Backend, BackendFactory, Batch, ReadRequest, ReadResults } from './backend.js'
import { type Connection, type ConnectionTimings, connect, DEFAULT_TIMINGS } from './connection.js'
import { createStores } from './migrations/v1.js'
import { type Migration, type OpenDatabase, withDeadline } from './open-attempt.js'
import { type KeyRanges, runRead } from './read-transaction.js'
import { copyBatch } from './row-bytes.js'
import { storageError, toStorageError } from './storage-failure.js'
import { runApply } from './write-transaction.js'

const PREFIX = 'sealed-vault:'
const MIGRATIONS: readonly Migration[] = [createStores]

export interface IndexedDbOptions {
  /** Another factory than the page's: of a frame, of a storage bucket, or a fake. Needs `keyRanges` where there is no global `IDBKeyRange`. */
  readonly indexedDB?: IDBFactory
  readonly keyRanges?: KeyRanges
  /** Deadlines in milliseconds, for tests. */
  readonly timings?: Partial<ConnectionTimings>
  /** @internal Later versions of the database, for tests. */
  readonly migrations?: readonly Migration[]
}

/** An open IndexedDB backend knows more than its contract asks for. */
export interface IndexedDbBackend extends Backend {
  readonly kind: 'indexeddb'
  /** What the first opening found: whether it made the database, and what Chromium says it lost. */
  readonly opened: Connection['opened']
}

export interface IndexedDbFactory extends BackendFactory {
  open(name: string): Promise<IndexedDbBackend>
}

/** The page's own factory, through idb. */
const openOwn: OpenDatabase = async (name, version, hooks) => {
  const opened = await openDB(name, version, {
    upgrade: (database, _from, _to, transaction, event) => {
      // Nobody else waits for it, and an aborted upgrade would be reported as an unhandled rejection.
      transaction.done.catch(() => {})
      hooks.upgrade(unwrap(database), unwrap(transaction), event)
    },
    blocked: hooks.blocked,
    blocking: hooks.superseded,
    terminated: hooks.terminated,
  })
  return unwrap(opened)
}

/** Any other factory: idb knows the objects of its own realm only. */
const openForeign =
  (factory: IDBFactory): OpenDatabase =>
  (name, version, hooks) =>
    new Promise((resolve, reject) => {
      const request = factory.open(name, version)
      request.onupgradeneeded = (event) => {
        if (request.transaction !== null) hooks.upgrade(request.result, request.transaction, event)
      }
      request.onblocked = hooks.blocked
      request.onerror = () => reject(request.error)
      request.onsuccess = () => {
        request.result.onversionchange = hooks.superseded
        request.result.onclose = hooks.terminated
        resolve(request.result)
      }
    })

/** The page's factory. @throws {VaultError} `storage-unavailable` where there is none. */
export function requireIndexedDb(): IDBFactory {
  try {
    if (typeof indexedDB === 'object' && indexedDB !== null) return indexedDB
  } catch (error) {
    // In a frame without an origin of its own the getter itself throws.
    throw toStorageError(error, 'open')
  }
  throw storageError('storage-unavailable', 'there is no IndexedDB here', 'no-indexeddb')
}

/** Would a store that was emptied or made anew in the meantime refuse this batch? Then it may be sent again. */
function isFenced(batch: Batch): boolean {
  return batch.expect.some(({ kind, key }) => kind !== 'absent' && key !== undefined)
}

function createBackend(connection: Connection, ranges: KeyRanges): IndexedDbBackend {
  return {
    kind: 'indexeddb',
    opened: connection.opened,
    read: <const Requests extends readonly ReadRequest[]>(requests: Requests) =>
      connection.run((database, inFlight) => runRead(database, requests, ranges, inFlight), true) as Promise<ReadResults<Requests>>,
    apply: (batch) => {
      const own = copyBatch(batch)
      return connection.run((database, inFlight) => runApply(database, own, ranges, inFlight), isFenced(own))
    },
    subscribe: connection.subscribe,
    close: connection.close,
  }
}

/**
 * Vaults in IndexedDB.
 *
 * - `open` never hangs: it settles within its deadlines, and an opening that succeeds later is closed again.
 * - A connection that dies is replaced by the next call. Reads, and batches whose expectations a new store would not meet,
 *   are sent again after a transient failure that wrote nothing; everything else rejects.
 * - A database that was deleted while a backend had it open is not made again by that backend: `storage-lost`.
 * - `list` answers an empty list where the engine cannot tell (Firefox before 126).
 * - `destroy` asks other tabs to let go. If one does not, it rejects with `storage-blocked`, and the deletion happens when that tab closes.
 */
export function indexedDbFactory(options: IndexedDbOptions = {}): IndexedDbFactory {
  const timings = { ...DEFAULT_TIMINGS, ...options.timings }
  const factory = (): IDBFactory => options.indexedDB ?? requireIndexedDb()
  const late = (what: string) => () => storageError('storage-unavailable', `${what} does not answer, reload the page`, 'open-timeout')

  return {
    kind: 'indexeddb',
    open: async (name) => {
      const own = factory()
      const ranges = options.keyRanges ?? IDBKeyRange
      const place = {
        name: PREFIX + name,
        open: options.indexedDB === undefined ? openOwn : openForeign(own),
        migrations: options.migrations ?? MIGRATIONS,
      }
      const connection = await connect(place, (database, inFlight) => runRead(database, [{ kind: 'count', store: 'header' }], ranges, inFlight), timings)
      return createBackend(connection, ranges)
    },
    list: async () => {
      const own = factory()
      if (typeof own.databases !== 'function') return []
      const found = await withDeadline(own.databases(), timings.openMs, late('the list of databases')).catch((error: unknown) => {
        throw toStorageError(error, 'open')
      })
      // WebKit goes on listing a database whose creation was aborted, as version 0.
      return found.flatMap(({ name, version }) => (name?.startsWith(PREFIX) && version !== 0 ? [name.slice(PREFIX.length)] : [])).sort()
    },
    destroy: async (name) => {
      const own = factory()
      const deleted = new Promise<void>((resolve, reject) => {
        const request = own.deleteDatabase(PREFIX + name)
        request.onsuccess = () => resolve()
        request.onerror = () => reject(toStorageError(request.error, 'open'))
        request.onblocked = () => {
          setTimeout(() => reject(storageError('storage-blocked', 'another tab keeps the database open, close it', 'blocked')), timings.blockedMs)
        }
      })
      await withDeadline(deleted, timings.openMs, late('deleting the database'))
    },
  }
}
