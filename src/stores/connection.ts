// The connection manager: one handle, opened when it is needed, dropped as soon as it smells dead, replaced at most for a bounded time.
//
//   idle -> opening -> open -> idle (lost, superseded, suspended)     any -> closed
//
// A handle that is kept after its connection died was the largest source of storage errors others have measured.

import type { Backend, BackendEvent } from './backend.js'
import { createInFlight, type InFlight } from './in-flight.js'
import { type DatabasePlace, type OpenedDatabase, type OpenTimings, openWithin } from './open-attempt.js'
import { watchPage } from './page-lifecycle.js'
import { isTransient, storageError, toStorageError } from './storage-failure.js'

export interface ConnectionTimings extends OpenTimings {
  /** A transaction in which nothing moves for this long is given up. */
  readonly stallMs: number
  /** Transient failures are tried again for at most this long in all. */
  readonly retryMs: number
}

export const DEFAULT_TIMINGS: ConnectionTimings = { openMs: 5_000, blockedMs: 1_000, stallMs: 10_000, retryMs: 3_000 }

const FIRST_PAUSE_MS = 20

/** Starts a transaction on a live handle. Sends its requests before it returns. */
export type Work<T> = (database: IDBDatabase, inFlight: InFlight) => Promise<T>

export interface Connection {
  /** What the first opening found. */
  readonly opened: Omit<OpenedDatabase, 'database'>
  /**
   * Runs work on a live handle; on an open connection it starts before this returns. A failure that is transient and wrote nothing
   * is tried again on a new handle when `mayRepeat`, for a bounded time.
   * @throws {VaultError} `storage-*` or `unsupported-version`.
   */
  run<T>(work: Work<T>, mayRepeat: boolean): Promise<T>
  readonly subscribe: Backend['subscribe']
  /** Waits for what is in flight, then closes for good. */
  readonly close: Backend['close']
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Opens the database and keeps a connection to it. Later openings never create it: a database that is gone then was taken away
 * (`storage-lost`), and making an empty one in its place would hide that.
 * @param probe A small read that shows whether a handle still works.
 * @throws {VaultError} as `BackendFactory.open`.
 */
export async function connect(place: DatabasePlace, probe: Work<unknown>, timings: ConnectionTimings): Promise<Connection> {
  const listeners = new Set<(event: BackendEvent) => void>()
  let handle: IDBDatabase | undefined
  let opening: Promise<IDBDatabase> | undefined
  let closed = false

  const emit = (event: BackendEvent): void => {
    for (const listener of [...listeners]) {
      try {
        listener(event)
      } catch (error) {
        // Reported as what it is, a mistake in the listener, without disturbing the store.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
  /** Forgets a handle, once; transactions still running on it may finish. */
  const drop = (database: IDBDatabase, event?: BackendEvent): void => {
    if (handle !== database) return
    handle = undefined
    database.close()
    if (event !== undefined) emit(event)
  }
  const inFlight = createInFlight(timings.stallMs, () => {
    if (handle !== undefined) drop(handle, 'lost')
  })

  const reopen = async (create: boolean): Promise<OpenedDatabase> => {
    const giveUpAt = performance.now() + timings.retryMs
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      try {
        const opened = await openWithin(place, create, timings, {
          superseded: (database) => drop(database, 'superseded'),
          terminated: (database) => {
            const current = handle === database
            if (current) inFlight.failAll('connection-lost')
            drop(database, 'lost')
          },
        })
        if (closed) opened.database.close()
        else handle = opened.database
        return opened
      } catch (cause) {
        const error = toStorageError(cause, 'open')
        if (closed || !isTransient(error) || performance.now() + pauseMs > giveUpAt) throw error
      }
      await pause(pauseMs)
    }
  }
  /** Single flight: however many calls wait, one opening. */
  const reconnect = (): Promise<IDBDatabase> => {
    opening ??= reopen(false)
      .then(({ database }) => database)
      .finally(() => {
        opening = undefined
      })
    return opening
  }

  const { fresh, dataLoss } = await reopen(true)

  const run = async <T>(work: Work<T>, mayRepeat: boolean): Promise<T> => {
    let giveUpAt = Number.POSITIVE_INFINITY
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      if (closed) throw storageError('storage-unavailable', 'the store is closed', 'closed')
      const database = handle ?? (await reconnect())
      let started = false
      try {
        const result = work(database, inFlight)
        started = true
        return await result
      } catch (cause) {
        const error = toStorageError(cause, 'work')
        const reason = error.details.reason
        // After a quota error Firefox refuses every write on the same connection.
        if (reason === 'full') drop(database)
        else if (isTransient(error) || reason === 'outcome-unknown' || reason === 'wiped') drop(database, 'lost')
        giveUpAt = Math.min(giveUpAt, performance.now() + timings.retryMs)
        if (!isTransient(error) || !(mayRepeat || !started) || performance.now() + pauseMs > giveUpAt) throw error
      }
      await pause(pauseMs)
    }
  }

  const unwatchPage = watchPage({
    suspend: () => {
      if (handle === undefined) return
      // Unfinished transactions would block every other tab for as long as this one stands still.
      inFlight.abortAll()
      drop(handle)
    },
    wake: () => {
      const database = handle
      if (database === undefined) return
      run(probe, true).catch(() => drop(database, 'lost'))
    },
  })

  return {
    opened: { fresh, dataLoss },
    run,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: async () => {
      closed = true
      unwatchPage()
      await Promise.all([inFlight.settled(), opening?.catch(() => {})])
      handle?.close()
      handle = undefined
      listeners.clear()
    },
  }
}
