// What a clean-up of old messages is asked to do, and what it says it would do or did.

import { checkFields, checkLimit } from './life-ports.js'

/** A message goes when any of the limits says so; always the oldest ones, by their timestamps. */
export interface CleanUpRule {
  /** Messages older than this. */
  readonly olderThanMs?: number | undefined
  /** So many messages of each session stay, the newest ones. */
  readonly keepPerSession?: number | undefined
  /** So many messages stay in all. Those of spared sessions count, but stay. */
  readonly keepTotal?: number | undefined
  /** So many bytes of messages stay in all: of each the UTF-8 length of its JSON, as `sizeOf` counts it. What lies on the disk is packed, padded and sealed, so this is near it and not equal. */
  readonly keepBytes?: number | undefined
  /** No limit: sessions with activity within so long are spared, as pinned ones and those in use are. */
  readonly spareActiveWithinMs?: number | undefined
}

export interface SessionCleanUp {
  readonly id: string
  readonly title: string
  /** How many messages go, with how many bytes, and the timestamps of the oldest and the newest of them. */
  readonly messages: number
  readonly bytes: number
  readonly oldest: number
  readonly newest: number
}

export interface CleanUpPreview {
  /** Sessions of which something goes, by the oldest message that does. */
  readonly sessions: readonly SessionCleanUp[]
  readonly messages: number
  readonly bytes: number
  /** What the vault holds before that, in all chat logs. */
  readonly total: { readonly messages: number; readonly bytes: number }
}

export interface CleanUpReport {
  /** How many messages of each session were deleted. */
  readonly sessions: readonly { readonly id: string; readonly messages: number }[]
  readonly messages: number
  /** Sessions that were pinned, opened, deleted or written in while it ran: what was left of them then is left. */
  readonly left: readonly string[]
}

/** @throws {RangeError}, {TypeError}: without a limit it would delete everything */
export function checkCleanUpRule(rule: CleanUpRule): void {
  const { olderThanMs, keepPerSession, keepTotal, keepBytes, spareActiveWithinMs } = rule
  checkFields(rule, ['olderThanMs', 'keepPerSession', 'keepTotal', 'keepBytes', 'spareActiveWithinMs'])
  checkLimit('olderThanMs', olderThanMs, false)
  checkLimit('keepPerSession', keepPerSession, true)
  checkLimit('keepTotal', keepTotal, true)
  checkLimit('keepBytes', keepBytes, false)
  checkLimit('spareActiveWithinMs', spareActiveWithinMs, false)
  if ([olderThanMs, keepPerSession, keepTotal, keepBytes].every((limit) => limit === undefined)) {
    throw new RangeError('a rule must say olderThanMs, keepPerSession, keepTotal or keepBytes: without a limit it would delete every message')
  }
}
