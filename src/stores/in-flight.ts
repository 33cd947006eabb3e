// Every transaction that has not settled yet, and the watchdog over them: after a full disk Chromium leaves some
// transactions without any event for ever, and a frozen tab can hold up those of all others.

export type FlightEnd = 'connection-lost' | 'stalled' | 'transient'

/** A transaction, seen from outside. */
export interface Flight {
  /** Settles the work: its connection is gone, it stopped moving, or it was cut off before it could commit. */
  fail(reason: FlightEnd): void
  /** Aborts the transaction, unless it may already be committing. True when nothing of it will be written. */
  readonly abort: () => boolean
}

/** The hold a running transaction has on the watchdog. */
export interface FlightEntry {
  /** A request of this transaction was answered. */
  readonly progress: () => void
  /** The transaction has settled. */
  readonly end: () => void
}

export interface InFlight {
  begin(flight: Flight): FlightEntry
  failAll(reason: FlightEnd): void
  /** Aborts whatever can still be aborted. Its work fails as `transient` in a later task: a page that is being frozen reaches that when it runs again. */
  abortAll(): void
  /** Resolves when nothing is in flight. */
  settled(): Promise<void>
}

// Time is counted in ticks of a timer, not by the clock: a tab that was frozen for an hour has counted nothing.
const TICKS_TO_STALL = 10
// A transaction may have to queue behind others of its tab: while those move, it is given this many times longer.
const PATIENCE = 6

/**
 * Watches transactions and fails those in which nothing moved for `stallMs`.
 * The limit grows to four times the slowest transaction that did finish, up to `6 * stallMs`, so that a slow disk does not trip it.
 * @param onStall Called once for each tick in which something stalled, after those transactions failed.
 */
export function createInFlight(stallMs: number, onStall: () => void): InFlight {
  interface Entry extends FlightEntry {
    readonly flight: Flight
    quiet: number
    age: number
  }
  const entries = new Set<Entry>()
  let waiters: (() => void)[] = []
  let timer: ReturnType<typeof setInterval> | undefined
  let moved = false
  let slowest = 0

  const tick = (): void => {
    if (entries.size === 0) {
      clearInterval(timer)
      timer = undefined
      return
    }
    const limit = PATIENCE * Math.min(Math.max(TICKS_TO_STALL, 4 * slowest), PATIENCE * TICKS_TO_STALL)
    const stalled = [...entries].filter((entry) => {
      entry.age += 1
      entry.quiet += moved ? 1 : PATIENCE
      return entry.quiet >= limit
    })
    moved = false
    if (stalled.length === 0) return
    for (const entry of stalled) entry.flight.fail('stalled')
    onStall()
  }

  const begin = (flight: Flight): FlightEntry => {
    const entry: Entry = {
      flight,
      quiet: 0,
      age: 0,
      progress: () => {
        entry.quiet = 0
        moved = true
      },
      end: () => {
        if (!entries.delete(entry)) return
        moved = true
        slowest = Math.max(slowest, entry.age)
        if (entries.size > 0) return
        for (const waiter of waiters) waiter()
        waiters = []
      },
    }
    entries.add(entry)
    if (timer === undefined) {
      timer = setInterval(tick, stallMs / TICKS_TO_STALL)
      // Node would stay alive for the timer; browsers answer with a number.
      ;(timer as { unref?: () => void }).unref?.()
    }
    return entry
  }

  return {
    begin,
    failAll: (reason) => {
      for (const entry of [...entries]) entry.flight.fail(reason)
    },
    abortAll: () => {
      const cutOff = [...entries].filter((entry) => entry.flight.abort())
      // WebKit tells nothing of a transaction whose database was closed after `abort()`.
      setTimeout(() => {
        for (const entry of cutOff) if (entries.has(entry)) entry.flight.fail('transient')
      })
    },
    settled: () => (entries.size === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))),
  }
}
