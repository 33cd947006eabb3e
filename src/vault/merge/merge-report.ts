// What a merge did, or would do: numbers for everything, and by name whatever somebody may want to look at again.

import type { ConflictChoice, MergedKind } from './conflicts.js'

export type MergeOutcome = 'added' | 'changed' | 'deleted' | 'skipped'

/** Records of one kind. Those skipped are equal, or newer here, or deleted here. */
export interface MergeCounts {
  readonly added: number
  readonly changed: number
  readonly deleted: number
  readonly skipped: number
  /** Of all these, those that were changed on both sides. */
  readonly conflicted: number
}

export interface MergeEntry {
  readonly kind: MergedKind
  readonly id: string
  /** Of a message. */
  readonly chatLogId?: string
  /** Of an item: the collection of the app's own that it is in. */
  readonly collection?: string
  readonly outcome: MergeOutcome
  /** It was changed on both sides: what was kept; of a session, for each field it was about. */
  readonly conflict?: { readonly kept: ConflictChoice; readonly fields?: Readonly<Record<string, ConflictChoice>> }
  /** Whose version is not in the vault afterwards although nothing came after it; of a session perhaps a field of each. */
  readonly lost?: 'mine' | 'theirs' | 'both'
  /** The id of the copy where both were kept. */
  readonly copyId?: string
}

export interface MergeReport {
  readonly counts: { readonly sessions: MergeCounts; readonly chatLogs: MergeCounts; readonly messages: MergeCounts; readonly brains: MergeCounts; readonly preferences: MergeCounts; readonly items: MergeCounts }
  /** Every session, chat log, brain, preference and item that was added, changed or deleted, every message that was changed or deleted, every conflict, every loss. */
  readonly entries: readonly MergeEntry[]
}

const PLURALS = { session: 'sessions', chatLog: 'chatLogs', message: 'messages', brain: 'brains', preference: 'preferences', item: 'items' } as const satisfies Readonly<Record<MergedKind, keyof MergeReport['counts']>>

type Tally = { -readonly [K in keyof MergeCounts]: number }

/** Gathers a report; of one piece of a merge, until it is known that it came true. */
export class ReportMaker {
  readonly #counts = { sessions: noCounts(), chatLogs: noCounts(), messages: noCounts(), brains: noCounts(), preferences: noCounts(), items: noCounts() }
  readonly #entries: MergeEntry[] = []

  add(entry: MergeEntry): void {
    const { kind, outcome, conflict, lost } = entry
    const counts = this.#counts[PLURALS[kind]]
    counts[outcome]++
    if (conflict !== undefined) counts.conflicted++
    const isTold = conflict !== undefined || lost !== undefined || (outcome !== 'skipped' && (kind !== 'message' || outcome !== 'added'))
    if (isTold) this.#entries.push(entry)
  }

  /** Many of which nothing more is to be said. */
  addMany(kind: MergedKind, outcome: 'added' | 'skipped' | 'deleted', many: number): void {
    this.#counts[PLURALS[kind]][outcome] += many
  }

  addAll(other: ReportMaker): void {
    for (const [name, counts] of Object.entries(this.#counts)) {
      const more = other.#counts[name as keyof MergeReport['counts']]
      for (const key of Object.keys(counts) as (keyof Tally)[]) counts[key] += more[key]
    }
    for (const entry of other.#entries) this.#entries.push(entry)
  }

  get messages(): number {
    const { added, changed, deleted, skipped } = this.#counts.messages
    return added + changed + deleted + skipped
  }

  report(): MergeReport {
    return { counts: structuredClone(this.#counts), entries: [...this.#entries] }
  }
}

function noCounts(): Tally {
  return { added: 0, changed: 0, deleted: 0, skipped: 0, conflicted: 0 }
}
