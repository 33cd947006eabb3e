// Wrong passwords cost time: who sits before the browser and guesses is slowed down, over reloads and in every tab. It is no wall: whoever can run code in the page, or has
// a copy of the folder, is not held up by it; against them stands the work of the key derivation alone (SECURITY.md).

import { VaultError } from '../errors.js'
import type { AttemptCount } from '../stores/attempts.js'

/** Everybody mistypes. */
const FREE_ATTEMPTS = 5
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 60_000

export class Throttle {
  readonly #attempts: AttemptCount | undefined
  readonly #now: () => number

  constructor(attempts: AttemptCount | undefined, now: () => number) {
    this.#attempts = attempts
    this.#now = now
  }

  /** @throws {VaultError} `busy` with reason `throttled` and the time to wait */
  check(): void {
    const { count, at } = this.#attempts?.read() ?? { count: 0, at: 0 }
    if (count < FREE_ATTEMPTS) return
    const now = this.#now()
    // A clock that was set back must not lock anybody out for longer.
    if (now < at) this.#attempts?.write({ count, at: now })
    const waitMs = Math.min(at, now) + Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (count - FREE_ATTEMPTS)) - now
    if (waitMs > 0) throw new VaultError('busy', `this was tried too often in vain; try again in ${Math.ceil(waitMs / 1000)} seconds`, { where: 'unlock', reason: 'throttled', retryAfterMs: waitMs })
  }

  noteFailure(): void {
    const count = (this.#attempts?.read().count ?? 0) + 1
    this.#attempts?.write({ count, at: this.#now() })
  }

  noteSuccess(): void {
    if ((this.#attempts?.read().count ?? 0) > 0) this.#attempts?.write(undefined)
  }
}
