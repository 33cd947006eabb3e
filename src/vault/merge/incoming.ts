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
  /** What is here under the same id was found to say the same, long strings included. */
  readonly isSame: boolean
}

export interface IncomingLog extends Incoming {
  readonly sessionId: string | undefined
  readonly createdAt: number
}

/** How a version is put down that is taken over. */
export function madeOf({ version, modifiedAt }: Pick<Incoming, 'version' | 'modifiedAt'>): Made {
  return version === undefined ? [modifiedAt] : [modifiedAt, version.vault, version.rev]
}
