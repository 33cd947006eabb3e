// Wrong passwords cost time: who sits before the browser and guesses is slowed down, over reloads and in every tab. It is no wall: whoever can run code in the page, or has
// a copy of the folder, is not held up by it; against them stands the work of the key derivation alone (SECURITY.md).

import { VaultError } from '../errors.js'
import type { AttemptCount, FailedAttempts } from '../stores/attempts.js'
import type { AttemptGuard } from './core/slot-openers.js'

/** Everybody mistypes. */
const FREE_ATTEMPTS = 5
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 60_000

/** Undefined where nothing outlives a reload. */
export function throttle(attempts: AttemptCount | undefined, now: () => number): AttemptGuard | undefined {
  if (attempts === undefined) return undefined
  return {
    begin: () => {
      const before = attempts.read()
      const time = now()
      check(before, time, attempts)
      // Before it is tried: many at once are many.
      attempts.write({ count: before.count + 1, at: time })
      return (outcome) => {
        if (outcome === 'right') attempts.write(undefined)
        if (outcome !== 'neither') return
        const { count } = attempts.read()
        attempts.write(count > 1 ? { count: count - 1, at: before.at } : undefined)
      }
    },
  }
}

function check({ count, at }: FailedAttempts, now: number, attempts: AttemptCount): void {
  if (count < FREE_ATTEMPTS) return
  // A clock that was set back must not lock anybody out for longer.
  if (now < at) attempts.write({ count, at: now })
  const waitMs = Math.min(at, now) + Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (count - FREE_ATTEMPTS)) - now
  if (waitMs > 0) throw new VaultError('busy', `this was tried too often in vain; try again in ${Math.ceil(waitMs / 1000)} seconds`, { where: 'unlock', reason: 'throttled', retryAfterMs: waitMs })
}
