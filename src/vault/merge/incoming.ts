// What a merge is given, record by record, wherever it comes from.

import type { Made, Edits, Fields, Body } from '../core/log-row.js'
import type { Version } from './causality.js'

export interface Incoming {
  readonly id: string
  /** Who made it; undefined where nothing says so. */
  readonly version: Version | undefined
  readonly modifiedAt: number
}

export interface IncomingSession extends Incoming {
  readonly value: Fields
  readonly edits: Edits | undefined
}

export interface IncomingRecord extends Incoming {
  /** Whole, long strings in their places. */
  readonly value: unknown
}

export interface IncomingMessage extends Incoming {
  /** As it is stored; its long strings are in the store already, unless it is a dry run. */
  readonly body: Body
  /** What a message with long strings was found to be here: just the same as this record of it, something else or nothing, or one whose long strings do not open. */
  readonly here: { readonly rev: number; readonly number: number } | 'another' | 'damaged'
}

export interface IncomingLog extends Incoming {
  readonly sessionId: string | undefined
  readonly createdAt: number
}

/** How a version is put down that is taken over. */
export function madeOf({ version, modifiedAt }: Pick<Incoming, 'version' | 'modifiedAt'>): Made {
  return version === undefined ? [modifiedAt] : [modifiedAt, version.vault, version.rev]
}
