// What every part of a session's life is given, what it says of many sessions at once, and how lists are kept among the preferences.
// Never keeps what the vault holds: every decision is made again inside the commit that acts on it.

import { VaultError } from '../../index.js'
import type { JsonValue, Progress, Records, UnlockedVault } from '../../index.js'

export interface LifePorts {
  readonly open: UnlockedVault
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Sessions in use right now: nothing automatic touches them. Asked inside of each commit, so it answers at once. */
  readonly activeSessionIds: () => readonly string[]
}

export interface LongRunning {
  /** Stops between two commits; what was committed stays. */
  readonly signal?: AbortSignal | undefined
  /** Called after each commit. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** What became of one session among many. */
export interface SessionOutcome {
  readonly id: string
  readonly outcome: 'done' | 'unchanged' | 'not-found'
}

/** Sessions changed in one commit: many enough to be quick, few enough that other tabs need not wait. */
export const SESSIONS_A_COMMIT = 250

/** Ids once each, in their order. @throws {TypeError} for what is no list of strings */
export function distinctIds(ids: readonly string[]): string[] {
  if (!Array.isArray(ids) || ids.some((id) => typeof id !== 'string')) throw new TypeError('ids must be a list of strings')
  return [...new Set(ids)]
}

/** A list kept under a key. What is no entry is left out: an app, or an import, may have written there. */
export async function readEntries<T>(tx: Records, key: string, toEntry: (value: JsonValue) => T | undefined): Promise<T[]> {
  const value = await tx.preferences.get(key)
  return Array.isArray(value) ? value.map((item: JsonValue) => toEntry(item)).filter((entry) => entry !== undefined) : []
}

/** Keeps a list under a key; an empty one leaves no key. @throws {VaultError} `invalid-value` when it is longer than `most` */
export async function writeEntries(tx: Records, key: string, entries: readonly JsonValue[], most: number): Promise<void> {
  if (entries.length > most) throw new VaultError('invalid-value', `no more than ${most} sessions can be kept under ${key}; do it for fewer at once`, { where: 'preference', reason: 'too-many', number: most })
  if (entries.length > 0) await tx.preferences.set(key, entries)
  else await tx.preferences.delete(key)
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The fields of a rule that are there. A misspelt one would be no limit at all, and what a rule does not limit it takes.
 * @throws {TypeError} for what is no object, and for names that are not known
 */
export function checkFields(rule: unknown, known: readonly string[]): void {
  if (!isObject(rule)) throw new TypeError('a rule must be an object')
  const strange = Object.keys(rule).filter((name) => !known.includes(name))
  if (strange.length > 0) throw new TypeError(`a rule has no ${strange.join(', ')}; it may have ${known.join(', ')}`)
}

/** @throws {TypeError} for what is no number, {RangeError} for one below 0, for one that is not finite, or not whole where it counts something */
export function checkLimit(name: string, value: unknown, isCount: boolean): void {
  if (value === undefined) return
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`)
  if (!Number.isFinite(value) || value < 0 || (isCount && !Number.isInteger(value))) throw new RangeError(`${name} must be a ${isCount ? 'whole ' : ''}number from 0`)
}
