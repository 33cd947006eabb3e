// The look at every store before keys are dropped: which epochs rows are still sealed in. Rows that nothing refers to are
// deleted. Implements docs/format.md, section 17, "End"; PROTOCOL rules 11 and 14.

import type { Label, SealedBytes } from '../../brand.js'
import { toBase64Url } from '../../crypto/bytes.js'
import { VaultError } from '../../errors.js'
import type { LabelledStore } from '../core/codec.js'
import type { CommitLog } from '../core/commit-log.js'
import { pendingSegments } from '../core/index-segments.js'
import type { Job } from '../core/jobs.js'
import { epochOf } from '../core/log-row.js'
import { deleteUncounted } from '../core/rewrite-rows.js'
import type { Slices } from '../core/slices.js'
import { allPlaces } from './places.js'

type Swept = LabelledStore | 'quarantine'
/** Rows read in one transaction: chunks of long values are 256 KiB each. */
const ROWS_AT_ONCE: Readonly<Record<Swept, number>> = { heads: 64, pages: 64, blobs: 8, blocks: 64, quarantine: 32 }
const KEYS_AT_ONCE = 2000
const SWEPT = Object.keys(ROWS_AT_ONCE) as readonly Swept[]

interface OldRow {
  readonly store: Swept
  readonly label: Label
  readonly epoch: number
}

/** What is still sealed in an epoch that is not the active one, by store. */
export interface LeftIn {
  readonly epoch: number
  readonly store: Swept
  /** Found in the store, and counted by the manifest. */
  readonly rows: number
  readonly counted: number
}

/**
 * What is left of epochs other than the active one, after rows that nothing refers to were deleted. The log must have been folded past the row that began
 * the rotation, in the same job.
 * @param damaged names of rows that do not open: they are left alone, whatever their envelopes say
 * @returns undefined when the vault changed under it, and it has to begin again
 */
export async function sweep(log: CommitLog, job: Job, damaged: ReadonlySet<string>, slices: Slices, onProgress: (rows: number) => void): Promise<readonly LeftIn[] | undefined> {
  const { manifest, codec } = log
  const old = await oldRows(log, slices, onProgress)
  const counts = manifest.content.counts.filter(({ epoch }) => epoch !== codec.activeEpoch)
  const counted = new Set(counts.filter(({ rows }) => rows !== 0).map(({ epoch, store }) => `${epoch}/${store}`))
  // Of an epoch of which a store counts rows, nobody can tell what belongs to a damaged one; of one nobody has keys of, nobody can tell anything.
  const isLeft = ({ store, epoch, label }: OldRow): boolean =>
    store === 'quarantine' || counted.has(`${epoch}/${store}`) || damaged.has(`${store}/${toBase64Url(label)}`) || !codec.ring.epochs.some(({ id }) => id === epoch)
  const removed = old.filter((row): row is OldRow & { readonly store: LabelledStore } => !isLeft(row))
  if (removed.length > 0 && !(await remove(log, job, removed))) return undefined
  if (manifest !== log.manifest) return undefined
  const left = new Map<string, { epoch: number; store: Swept; rows: number; counted: number }>()
  const of = (epoch: number, store: Swept) => {
    const entry = left.get(`${epoch}/${store}`) ?? { epoch, store, rows: 0, counted: 0 }
    left.set(`${epoch}/${store}`, entry)
    return entry
  }
  for (const row of old) if (isLeft(row)) of(row.epoch, row.store).rows++
  // Counts that are zero over a sum that is not: something was taken out that is not what was put in.
  for (const { epoch, store, rows } of counts) of(epoch, store).counted = rows
  return [...left.values()]
}

/**
 * What lies under a name of the active epoch was sealed in it: nothing else is ever put there. So only rows with other names are read, and what their envelopes say
 * counts.
 */
async function oldRows(log: CommitLog, slices: Slices, onProgress: (rows: number) => void): Promise<OldRow[]> {
  const { backend, codec, manifest } = log
  const names = new Set<string>()
  for await (const { store, stem, page } of allPlaces(log, slices)) {
    names.add(`${store}/${toBase64Url(codec.label(store, stem, page))}`)
    if (slices.isDue) await slices.breathe()
  }
  const epochIn = (row: SealedBytes): number | undefined => {
    try {
      return codec.epochOf(row)
    } catch {
      // No envelope: a row of whatever epoch its label is in, which the counts know.
      return undefined
    }
  }
  const found: OldRow[] = []
  let seen = 0
  for (const store of SWEPT) {
    for (let after: Label | undefined; ; ) {
      const [keys] = await backend.read([{ kind: 'keys', store, limit: KEYS_AT_ONCE, ...(after !== undefined && { after }) }])
      const unknown = (keys as readonly Label[]).filter((label) => !names.has(`${store}/${toBase64Url(label)}`))
      for (let start = 0; start < unknown.length; start += ROWS_AT_ONCE[store]) {
        const labels = unknown.slice(start, start + ROWS_AT_ONCE[store])
        const rows = await backend.read(labels.map((key) => ({ kind: 'get', store, key }) as const))
        for (const [i, row] of rows.entries()) {
          const epoch = row === undefined ? undefined : epochIn(row)
          if (epoch !== undefined && epoch !== codec.activeEpoch) found.push({ store, label: labels[i]!, epoch })
        }
        await slices.breathe()
      }
      seen += keys.length
      onProgress(seen)
      await slices.breathe()
      if (keys.length < KEYS_AT_ONCE) break
      after = keys.at(-1) as Label
    }
  }
  // The anchor is never opened; everything behind it was committed with the keys there are now.
  const [behind] = await backend.read([{ kind: 'rows', store: 'log', after: manifest.content.base }])
  if (behind.some(({ value }) => epochIn(value) !== codec.activeEpoch)) throw new VaultError('busy', 'the log has not been folded far enough', { where: 'log' })
  return found
}

/** False where something that was committed may refer to them. */
async function remove(log: CommitLog, job: Job, rows: readonly { readonly store: LabelledStore; readonly label: Label }[]): Promise<boolean> {
  await log.catchUp()
  const { state, codec } = log
  const epochs = new Set([...state.adoptions.map(({ epoch }) => epoch), ...state.blobs.map(({ ref }) => epochOf(ref[6])), ...pendingSegments(state).map(({ epoch }) => epoch)])
  epochs.delete(codec.activeEpoch)
  return epochs.size === 0 && deleteUncounted(log, job, rows)
}
