// What every part of a merge works with, and what it comes to.

import type { Access } from '../core/access.js'
import type { BulkWriter } from '../core/bulk.js'
import type { Job } from '../core/jobs.js'
import type { Change, HeadCollectionName, Made, Origin } from '../core/log-row.js'
import type { Slices } from '../core/slices.js'
import type { Causality, Version } from './causality.js'
import type { Conflict, ConflictChoice } from './conflicts.js'
import { ReportMaker } from './merge-report.js'
import type { DeletedRecords } from './tombstones.js'

export interface MergeContext {
  readonly access: Access
  readonly slices: Slices
  readonly causality: Causality
  readonly deleted: { readonly mine: DeletedRecords; readonly theirs: DeletedRecords }
  /** Whether the archive names everything that was there: then what it does not name was not. */
  readonly isComplete: boolean
  /** Milliseconds, when what the archive says was so. */
  readonly at: number
  /** Whether what was deleted here comes back. */
  readonly restoresDeleted: boolean
  /** Whether what is not here may have been lost with a damaged page: then only a tombstone says that it was deleted. */
  readonly isDamaged?: boolean
  /** @throws the signal's reason */
  readonly settle: (conflict: Conflict) => Promise<ConflictChoice>
  /** Milliseconds. */
  readonly now: () => number
  /** Missing in a dry run: nothing is written. */
  readonly writing: { readonly job: Job; readonly writer: BulkWriter } | undefined
}

/** Changes that were planned on what was true, and hold only as long as it is. */
export class Step {
  readonly changes: Change[] = []
  readonly report = new ReportMaker()
  readonly guards: { readonly collection: HeadCollectionName; readonly id: string; readonly rev: number | 'any' | undefined }[] = []

  guard(collection: HeadCollectionName, id: string, head: { readonly rev: number } | undefined): void {
    this.guards.push({ collection, id, rev: head?.rev })
  }

  /** Whatever becomes of it, it must be there. */
  guardPresence(collection: HeadCollectionName, id: string): void {
    this.guards.push({ collection, id, rev: 'any' })
  }
}

/** Who made the version of a record that is here. */
export function versionHere({ rev, origin, modifiedAt }: { readonly rev: number; readonly modifiedAt: number; readonly origin?: Origin | undefined }, { me }: Causality): Version & { readonly modifiedAt: number } {
  return origin === undefined ? { vault: me, rev, modifiedAt } : { vault: origin[0], rev: origin[1], modifiedAt }
}

/** What becomes of something that one side has and the other deleted. `kept` says what a conflict between the two came to. */
export interface Fate {
  readonly isThere: boolean
  /** It comes back because somebody asked for it: a version of its own, or the next archive would take it away again. */
  readonly isRestored?: boolean
  readonly kept?: ConflictChoice
}

/** Of what is only in the archive: undefined where it is new here. @param others versions of what belongs to it: it is known only with these. A version that was known and is not here was deleted, by this vault or by one that it heard of. */
export async function fateOfTheirs(context: MergeContext, collection: string, parent: string | undefined, incoming: { readonly id: string; readonly version: Version | undefined; readonly modifiedAt: number }, conflict: (deletedAt: number) => Conflict, others: readonly (Version | undefined)[] = []): Promise<Fate | undefined> {
  const { causality, deleted, restoresDeleted, isDamaged = false } = context
  const deletion = deleted.mine.of(collection, parent, incoming.id)
  const isKnown = [incoming.version, ...others].every((version) => version !== undefined && causality.mineKnows(version))
  if (deletion === undefined && (!isKnown || isDamaged)) return undefined
  if (restoresDeleted) return { isThere: true, isRestored: true }
  if (deletion === undefined || isKnown) return { isThere: false }
  if (causality.theyKnow(versionHere(deletion, causality))) return { isThere: true }
  const kept = await context.settle(conflict(deletion.modifiedAt))
  return { isThere: kept !== 'mine', kept }
}

/** Of what is only here: undefined where it was never there. A version that they knew and do not have was deleted. */
export async function fateOfMine(context: MergeContext, collection: string, parent: string | undefined, mine: { readonly id: string; readonly rev: number; readonly modifiedAt: number; readonly origin?: Origin | undefined }, conflict: (deletedAt: number) => Conflict, others: readonly Version[] = []): Promise<(Fate & { readonly deletion: Made; readonly deletedAt: number }) | undefined> {
  const { causality, deleted, isComplete } = context
  const isKnown = [versionHere(mine, causality), ...others].every((version) => causality.theyKnow(version))
  const tombstone = deleted.theirs.of(collection, parent, mine.id)
  const deletedAt = tombstone?.modifiedAt ?? context.at
  const [vault, rev] = tombstone?.origin ?? [causality.them, tombstone?.rev]
  const deletion: Made = tombstone === undefined || vault === undefined ? [deletedAt] : [deletedAt, vault, rev!]
  if (isKnown && (isComplete || tombstone !== undefined)) return { isThere: false, deletion, deletedAt }
  if (tombstone === undefined) return undefined
  if (vault !== undefined && causality.mineKnows({ vault, rev: rev! })) return { isThere: true, deletion, deletedAt }
  const kept = await context.settle(conflict(deletedAt))
  return { isThere: kept !== 'theirs', kept, deletion, deletedAt }
}
