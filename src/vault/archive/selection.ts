// What of a vault an archive is to hold.

import * as z from 'zod/mini'
import type { Fields } from '../core/log-row.js'
import type { Head } from '../core/state.js'
import { parseInput, refuseTooLong } from '../records/values.js'

/** Everything, unless it says otherwise. What it says of sessions holds together: each must be met. */
export interface ArchiveSelection {
  /** Only these sessions, with their chat logs; ids that are not there are no mistake. */
  readonly sessionIds?: readonly string[] | undefined
  /** Only sessions with at least one of these participants. */
  readonly participants?: readonly string[] | undefined
  /** Only messages with these times in ms, both ends included, and sessions that have such a message. */
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** Left out, they are in a whole archive and not in one of some sessions. */
  readonly brains?: boolean | undefined
  readonly preferences?: boolean | undefined
  /** Those of the app's own. */
  readonly collections?: boolean | undefined
}

const schema = z.object({
  sessionIds: z.optional(z.array(z.string())),
  participants: z.optional(z.array(z.string())),
  from: z.optional(z.number()),
  to: z.optional(z.number()),
  brains: z.optional(z.boolean()),
  preferences: z.optional(z.boolean()),
  collections: z.optional(z.boolean()),
})

export class Selection {
  /** As it stands in the archive; undefined for everything. */
  readonly described: ArchiveSelection | undefined
  readonly brains: boolean
  readonly preferences: boolean
  readonly collections: boolean
  readonly from: number
  readonly to: number
  readonly #sessionIds: ReadonlySet<string> | undefined
  readonly #participants: ReadonlySet<string> | undefined

  /** @throws {VaultError} `invalid-value` naming the field */
  constructor(input: ArchiveSelection) {
    const { sessionIds, participants, from, to, brains, preferences, collections } = parseInput(schema, input, 'export')
    const some = sessionIds !== undefined || participants !== undefined || from !== undefined || to !== undefined
    this.#sessionIds = sessionIds && new Set(sessionIds)
    this.#participants = participants && new Set(participants)
    this.from = from ?? -Infinity
    this.to = to ?? Infinity
    this.brains = brains ?? !some
    this.preferences = preferences ?? !some
    this.collections = collections ?? !some
    const described = Object.fromEntries(Object.entries({ sessionIds, participants, from, to, brains, preferences, collections }).filter(([, value]) => value !== undefined))
    this.described = Object.keys(described).length === 0 ? undefined : described
    refuseTooLong(described, 'export')
  }

  /** Whether messages are chosen by their time. */
  get hasTimes(): boolean {
    return this.from !== -Infinity || this.to !== Infinity
  }

  /** Whether something of what there is may be left out: what was deleted is told in whole archives only. */
  get isPartial(): boolean {
    return !this.admitsLogsOfNone || this.hasTimes || !this.brains || !this.preferences || !this.collections
  }

  /** Whether a session may be in it; times are looked at with its messages. */
  admitsSession({ id, value }: Head): boolean {
    if (this.#sessionIds?.has(id) === false) return false
    return this.#participants === undefined || (value['participants'] as readonly string[]).some((participant) => this.#participants!.has(participant))
  }

  /** Whether chat logs that belong to no session may be in it. */
  get admitsLogsOfNone(): boolean {
    return this.#sessionIds === undefined && this.#participants === undefined
  }

  admitsMessage(fields: Fields): boolean {
    const timestamp = fields['timestamp'] as number
    return timestamp >= this.from && timestamp <= this.to
  }
}
