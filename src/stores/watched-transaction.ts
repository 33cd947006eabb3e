// What reading and writing share: every way in which a transaction can end other than well, reduced to two calls.

import type { FlightEnd, InFlight } from './in-flight.js'

export interface TransactionEnds {
  /** It was aborted, by us or by the engine; the error is the one that tells most. May be called again. */
  aborted(error: unknown): void
  /** Nobody waits for it any longer. */
  givenUp(reason: FlightEnd): void
}

export interface WatchedTransaction {
  /** A request was answered. */
  readonly progress: () => void
  /** After the last answer the engine commits by itself: from now on nothing is aborted. */
  readonly letCommit: () => void
  readonly mayBeCommitting: () => boolean
  /** The work is settled. */
  readonly end: () => void
  /** Aborts because of this error, and settles at once: after `close()` WebKit never tells of an abort. */
  readonly cancel: (error: unknown) => void
}

const nameOf = (error: unknown): unknown => (error as { name?: unknown } | null | undefined)?.name

/** Listens to request errors, errors and aborts of a transaction, and has the watchdog look at it. */
export function watchTransaction(transaction: IDBTransaction, inFlight: InFlight, ends: TransactionEnds): WatchedTransaction {
  let committing = false
  let firstError: unknown

  const abort = (): boolean => {
    if (committing) return false
    try {
      transaction.abort()
      return true
    } catch {
      // It has ended by itself; its own event is on the way.
      return false
    }
  }
  const entry = inFlight.begin({
    abort,
    fail: (reason) => {
      entry.end()
      ends.givenUp(reason)
      abort()
    },
  })
  const aborted = (): void => {
    entry.end()
    // Requests that die with their transaction all fail with an AbortError, which says nothing. The first other error of a
    // request says most, then what the transaction gives as its own.
    const telling = firstError !== undefined && nameOf(firstError) !== 'AbortError'
    ends.aborted(telling ? firstError : (transaction.error ?? firstError ?? { name: 'AbortError' }))
  }
  const cancel = (error: unknown): void => {
    firstError ??= error
    if (abort()) aborted()
  }
  transaction.onerror = (event) => {
    // Reported here; unprevented, some engines tell the window too.
    event.preventDefault()
    cancel((event.target as IDBRequest).error)
  }
  transaction.onabort = aborted
  return {
    progress: entry.progress,
    letCommit: () => {
      entry.progress()
      committing = true
    },
    mayBeCommitting: () => committing,
    end: entry.end,
    cancel,
  }
}
