// One switch of the search index: segments that were written beforehand take the place of others. For merges and for an
// index that is made anew. A job of its own; compares the manifest it began with. PROTOCOL rules 7, 8 and 10.

import type { Bytes, Label } from '../../brand.js'
import { fromBase64Url, toBase64Url } from '../../crypto/bytes.js'
import type { Operation } from '../../stores/backend.js'
import { Multiset } from '../../crypto/multiset-hash.js'
import type { LabelledRow } from './codec.js'
import { addRows } from './blocks.js'
import { isUnknown, type CommitLog } from './commit-log.js'
import { encodeIndex, type SearchIndex, type Segment } from './index-segments.js'
import { lostLease, type Job } from './jobs.js'
import { Tally, type StoredManifest } from './manifest.js'
import { readLabelled } from './labelled-rows.js'
import { rewriteRows } from './rewrite-rows.js'
import type { Slices } from './slices.js'

const ROWS_AT_ONCE = 128
const KEYS_AT_ONCE = 5000

/** Writes blocks of a segment before anything names it, and sums them up. */
export class StagedBlocks {
  readonly #log: CommitLog
  readonly #job: Job
  readonly sum = new Multiset()
  readonly labels = new Set<string>()

  constructor(log: CommitLog, job: Job) {
    this.#log = log
    this.#job = job
  }

  /** @throws {VaultError} `busy` when another tab took over the job, `storage-*` */
  async write(rows: readonly LabelledRow[]): Promise<void> {
    if (rows.length === 0) return
    for (const { label, element } of rows) {
      this.sum.add(label, element)
      this.labels.add(toBase64Url(label))
    }
    const result = await this.#log.backend.apply({ expect: [this.#job.expectation], operations: addRows(rows), durability: 'strict' })
    if (!result.applied) throw lostLease()
  }

  /** Takes back what was written, as far as the store and the lease allow: what stays is cleared as left over. */
  async discard(): Promise<void> {
    const operations = [...this.labels].map((label): Operation => ({ kind: 'delete', store: 'blocks', key: fromBase64Url(label) }))
    if (operations.length > 0) await this.#log.backend.apply({ expect: [this.#job.expectation], operations, durability: 'relaxed' }).catch(() => undefined)
  }
}

/** Runs work that writes blocks beforehand; what does not end well leaves none behind, unless nobody knows how it ended. */
export async function withStaged<T>(log: CommitLog, job: Job, work: (staged: StagedBlocks) => Promise<T>, went: (result: T) => boolean): Promise<T> {
  const staged = new StagedBlocks(log, job)
  let unwanted = true
  try {
    const result = await work(staged)
    unwanted = !went(result)
    return result
  } catch (error) {
    // The manifest may name them by now, or come to: at worst they are left over.
    if (isUnknown(error)) unwanted = false
    throw error
  } finally {
    if (unwanted) await staged.discard()
  }
}

/** Whatever lies among the blocks beside these: nobody but the job that runs may have put it there. */
async function others(log: CommitLog, kept: ReadonlySet<string>): Promise<Label[]> {
  const found: Label[] = []
  for (let after: Bytes | undefined; ; ) {
    const [keys] = await log.backend.read([{ kind: 'keys', store: 'blocks', limit: KEYS_AT_ONCE, ...(after !== undefined && { after }) }])
    for (const key of keys as readonly Label[]) if (!kept.has(toBase64Url(key))) found.push(key)
    if (keys.length < KEYS_AT_ONCE) return found
    after = keys.at(-1) as Bytes
  }
}

/**
 * Makes `index` the index of the manifest that `log` knows now. The head is not compared, as PROTOCOL rule 9 has it for adoptions: what is committed
 * meanwhile is pending, and wins over every segment.
 *
 * @param removed segments whose rows go; 'all' for an index that replaces whatever there was
 * @returns false when the manifest is another one by now: then nothing has changed, and what was staged is left over
 */
export async function replaceSegments(log: CommitLog, job: Job, began: StoredManifest, index: SearchIndex, staged: StagedBlocks, removed: readonly Segment[] | 'all', slices: Slices): Promise<boolean> {
  const { codec, backend } = log
  const tally = new Tally(began.content.counts)
  const deletes: { readonly store: 'blocks'; readonly label: Label }[] = []
  if (removed === 'all') {
    tally.forget('blocks')
    for (const label of await others(log, staged.labels)) deletes.push({ store: 'blocks', label })
  } else for (const { stem, blocks } of removed) {
    for (let start = 0; start < blocks; start += ROWS_AT_ONCE) {
      const wanted = Array.from({ length: Math.min(ROWS_AT_ONCE, blocks - start) }, (_, i) => ({ stem, page: start + i }))
      for (const row of await readLabelled(backend, codec, 'blocks', wanted)) {
        await slices.breathe()
        if (row === undefined) continue
        tally.remove(row.epoch, 'blocks', row.label, codec.elementIn(row.epoch, 'blocks', row.label, row.value))
        deletes.push({ store: 'blocks', label: row.label })
      }
    }
  }
  tally.addMany(codec.activeEpoch, 'blocks', staged.labels.size, staged.sum)
  const content = { ...began.content, counts: tally.counts(), index: encodeIndex(index) }
  const publish = (manifest: StoredManifest): void => log.publishFold(manifest, { base: content.base, folded: [] }, 0)
  return rewriteRows(log, job, began, content, { puts: [], deletes }, { durability: 'strict', publish })
}
