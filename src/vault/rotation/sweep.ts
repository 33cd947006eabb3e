// The look at every row of every store before keys are dropped: which epochs rows are still sealed in. Rows that nothing refers to are
// deleted. Implements docs/format.md, section 17, "End"; PROTOCOL rules 11 and 14.

import type { Label, SealedBytes } from '../../brand.js'
import { VaultError } from '../../errors.js'
import type { LabelledStore } from '../core/codec.js'
import type { CommitLog } from '../core/commit-log.js'
import { pendingSegments } from '../core/index-segments.js'
import type { Job } from '../core/jobs.js'
import { epochOf } from '../core/log-row.js'
import { deleteUncounted } from '../core/rewrite-rows.js'
import type { Slices } from '../core/slices.js'

/** Rows read in one transaction: chunks of long values are 256 KiB each. */
const ROWS_AT_ONCE: Readonly<Record<Swept, number>> = { heads: 200, pages: 200, blobs: 16, blocks: 200, quarantine: 50 }
type Swept = LabelledStore | 'quarantine'
const SWEPT = Object.keys(ROWS_AT_ONCE) as readonly Swept[]

interface OldRow {
  readonly store: Swept
  readonly label: Label
  /** Undefined for what is no envelope. */
  readonly epoch: number | undefined
}

/**
 * Epochs, other than the active one, that rows are still sealed in, after those that nothing refers to were deleted. The log must have been folded past the row that began
 * the rotation, in the same job.
 * @returns undefined when the vault changed under it, and it has to begin again
 */
export async function sweep(log: CommitLog, job: Job, slices: Slices, onProgress: (rows: number) => void): Promise<ReadonlySet<number> | undefined> {
  const { manifest } = log
  const old = await oldRows(log, slices, onProgress)
  const counted = new Set(manifest.content.counts.filter(({ epoch, rows }) => rows !== 0 && epoch !== log.codec.activeEpoch).map(({ epoch, store }) => `${epoch}/${store}`))
  const isCounted = ({ store, epoch }: OldRow): boolean => store === 'quarantine' || counted.has(`${epoch}/${store}`)
  // Of an epoch of which a store counts rows, nobody can tell what belongs to a damaged one.
  const removed = old.filter((row) => !isCounted(row) && row.epoch !== undefined)
  if (removed.length > 0 && !(await remove(log, job, removed))) return undefined
  if (manifest !== log.manifest) return undefined
  // Counts that are zero over a sum that is not: something was taken out that is not what was put in.
  const unsound = manifest.content.counts.filter(({ epoch }) => epoch !== log.codec.activeEpoch).map(({ epoch }) => epoch)
  return new Set([...old.filter(isCounted).flatMap(({ epoch }) => epoch ?? []), ...unsound])
}

async function oldRows({ backend, codec, manifest }: CommitLog, slices: Slices, onProgress: (rows: number) => void): Promise<OldRow[]> {
  const found: OldRow[] = []
  const epoch = (row: SealedBytes): number | undefined => {
    try {
      return codec.epochOf(row)
    } catch {
      return undefined
    }
  }
  let seen = 0
  for (const store of SWEPT) {
    const limit = ROWS_AT_ONCE[store]
    for (let after: Label | undefined; ; ) {
      const [rows] = await backend.read([{ kind: 'rows', store, limit, ...(after !== undefined && { after }) }])
      for (const { key, value } of rows) {
        const sealedIn = epoch(value)
        if (sealedIn !== codec.activeEpoch) found.push({ store, label: key as Label, epoch: sealedIn })
      }
      seen += rows.length
      onProgress(seen)
      await slices.breathe()
      if (rows.length < limit) break
      after = rows.at(-1)!.key as Label
    }
  }
  // The anchor is never opened; everything behind it was committed with the keys there are now.
  const [log] = await backend.read([{ kind: 'rows', store: 'log', after: manifest.content.base }])
  if (log.some(({ value }) => epoch(value) !== codec.activeEpoch)) throw new VaultError('busy', 'the log has not been folded far enough', { where: 'log' })
  return found
}

/** False where something that was committed may refer to them. */
async function remove(log: CommitLog, job: Job, rows: readonly OldRow[]): Promise<boolean> {
  await log.catchUp()
  const { state, codec } = log
  const epochs = new Set([...state.adoptions.map(({ epoch }) => epoch), ...state.blobs.map(({ ref }) => epochOf(ref[6])), ...pendingSegments(state).map(({ epoch }) => epoch)])
  epochs.delete(codec.activeEpoch)
  return epochs.size === 0 && deleteUncounted(log, job, rows.filter((row): row is OldRow & { readonly store: LabelledStore } => row.store !== 'quarantine'))
}
