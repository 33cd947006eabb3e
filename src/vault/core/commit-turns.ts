// Whose turn it is among tabs that commit at once: those that have met queue at a fair lock for a while. Fairness only;
// what makes a commit is the compare-and-swap, so a lock that is not to be had stops nobody for long.

import type { FairLocks } from '../../stores/locks.js'

/** How long this tab queues after it, or another tab, lost a race. */
const CONTENDED_MS = 2000
/** How long it waits for the lock: who was suspended with it must not stop the others. */
const PATIENCE_MS = 3000

export interface TurnPorts {
  readonly locks: FairLocks
  readonly lockName: string
  /** Tells other tabs that this one lost a race. */
  readonly tellContended: () => void
}

export class CommitTurns {
  readonly #ports: TurnPorts
  #contendedUntil = 0
  #lastCommit = -Infinity
  #waiting: AbortController | undefined

  constructor(ports: TurnPorts) {
    this.#ports = ports
  }

  /** Whether there are locks between tabs at all. */
  get available(): boolean {
    return this.#ports.locks.available
  }

  /** Whether a commit should wait for its turn. */
  get wanted(): boolean {
    return this.available && performance.now() <= this.#contendedUntil
  }

  /** This tab lost a race: it and those that it lost to queue for a while. */
  tellContended(): void {
    this.#ports.tellContended()
    this.noteContention()
  }

  /** Another tab lost a race: queue fairly for a while. */
  noteContention(): void {
    this.#contendedUntil = performance.now() + CONTENDED_MS
  }

  noteCommit(): void {
    this.#lastCommit = performance.now()
  }

  /** Another tab committed: if this one writes too, both queue fairly before one of them loses. */
  noteForeignCommit(): void {
    if (performance.now() - this.#lastCommit < CONTENDED_MS) this.noteContention()
  }

  /** Runs work when it is this tab's turn. False, and nothing was run, when the turn did not come in time or waiting was called off. */
  async wait(work: () => Promise<void>): Promise<boolean> {
    const { locks, lockName } = this.#ports
    const waiting = new AbortController()
    this.#waiting = waiting
    const timer = setTimeout(() => waiting.abort(), PATIENCE_MS)
    let granted = false
    try {
      await locks.request(lockName, { signal: waiting.signal }, () => {
        granted = true
        clearTimeout(timer)
        return work()
      })
    } catch (error) {
      if (granted || !waiting.signal.aborted) throw error
      // Who holds the lock stands still: the next commit need not find out again.
      this.#contendedUntil = -Infinity
    } finally {
      clearTimeout(timer)
    }
    return granted
  }

  /** Whoever waits goes on at once. */
  callOff(): void {
    this.#waiting?.abort()
  }
}
