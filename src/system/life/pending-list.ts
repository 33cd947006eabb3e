// The list of sessions that are deleted but can still be had back, as it is kept in the vault.

import type { JsonValue, Records } from '../../index.js'
import { isObject, readEntries, writeEntries } from './life-ports.js'

export const DELETING_KEY = 'persistence-system/deleting'
export const MAX_PENDING = 5000

export interface PendingDelete {
  readonly id: string
  /** When it was asked for, and until when it can be undone, in ms. */
  readonly at: number
  readonly until: number
  /** What the session had then: more messages, or later activity, say that somebody went on with it. */
  readonly messageCount: number
  readonly lastActivityAt: number
}

export function readPendingDeletes(tx: Records): Promise<PendingDelete[]> {
  return readEntries(tx, DELETING_KEY, toEntry)
}

/** @throws {VaultError} `invalid-value` for more than can be kept */
export function writePendingDeletes(tx: Records, entries: readonly PendingDelete[]): Promise<void> {
  return writeEntries(tx, DELETING_KEY, entries.map((entry) => ({ ...entry })), MAX_PENDING)
}

function toEntry(value: JsonValue): PendingDelete | undefined {
  if (!isObject(value)) return undefined
  const { id, at, until, messageCount, lastActivityAt } = value
  if (typeof id !== 'string' || typeof at !== 'number' || typeof until !== 'number' || typeof messageCount !== 'number' || typeof lastActivityAt !== 'number') return undefined
  return { id, at, until, messageCount, lastActivityAt }
}
