// Runs a job of the session life with a crash at one call to the store after the other, lets the next tab run it again, and looks at what is left.

import { isVaultError } from '../../../src/errors.js'
import type { MemoryDisk } from '../../../src/stores/memory-disk.js'
import type { CrashPlan } from '../../../src/testing/crashing-backend.js'
import { openLife, type LifeTab, type Year } from './year-scene.js'

export const MODES = ['kill-before', 'kill-after', 'fail-once', 'withhold', 'late', 'drop-suffix'] as const
export type Mode = (typeof MODES)[number]

export interface Interruption {
  readonly mode: Mode
  readonly at: number
}

/** The calls of a job that nothing interrupts: where it may be, and which of them write. */
export async function callsOf(year: Year, job: (tab: LifeTab) => Promise<unknown>): Promise<readonly { readonly at: number; readonly isWrite: boolean }[]> {
  const tab = await openLife(year.disk.snapshot(), year.activeSessionIds)
  const begun = tab.crashing.calls.length
  await job(tab)
  const calls = tab.crashing.calls.slice(begun).map(({ kind }, i) => ({ at: begun + i + 1, isWrite: kind === 'apply' }))
  await tab.open.lock()
  return calls
}

/**
 * What any process leaves that dies at any call of a job: of a dead process there is only its disk, and a call that reads leaves it as it was. So these are the disk before the job,
 * and after each of its writes: all that dying before or after each call can leave, without playing the beginning of the job as often.
 */
export async function leftByEveryDeath(year: Year, job: (tab: LifeTab) => Promise<unknown>): Promise<readonly MemoryDisk[]> {
  const disk = year.disk.snapshot()
  let states: MemoryDisk[] = []
  const tab = await openLife(disk, year.activeSessionIds, { mode: 'none' }, () => states.push(disk.snapshot()))
  states = [disk.snapshot()]
  await job(tab)
  const left = states
  await tab.open.lock()
  return left
}

/** What the next tab finds on a disk. */
export async function lookAt(disk: MemoryDisk, year: Year, look: (next: LifeTab) => Promise<void>): Promise<void> {
  const next = await openLife(disk.snapshot(), year.activeSessionIds)
  await look(next)
  await next.open.lock()
}

/** A job that is cut off, and what the next tab finds: `look` runs in it. @returns whether it was cut off */
export async function interrupt(year: Year, { mode, at }: Interruption, job: (tab: LifeTab) => Promise<unknown>, look: (next: LifeTab) => Promise<void>): Promise<boolean> {
  const disk = year.disk.snapshot()
  const plan: CrashPlan = mode === 'drop-suffix' ? { mode, at, disk } : mode === 'late' ? { mode, at, landAfterCalls: 3 } : { mode, at }
  const tab = await openLife(disk, year.activeSessionIds, plan)
  const working = job(tab).catch((error: unknown) => {
    if (!isVaultError(error)) throw error
  })
  await Promise.race([working, tab.crashing.died])
  await tab.crashing.land()?.catch(() => undefined)
  // What a dead process would still do reaches no store; one that lives is done with it.
  await tab.open.lock().catch(() => undefined)
  await lookAt(disk, year, look)
  return tab.crashing.struck
}
