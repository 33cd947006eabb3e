// Clears rows that interrupted work left behind: staged pages and long values whose commit never came.
// A background job; compares manifest and head, so a row that is adopted meanwhile is never taken. PROTOCOL rule 11.

import type { Bytes } from '../../brand.js'
import type { Operation } from '../../stores/backend.js'
import type { CommitLog } from './commit-log.js'
import { decodeIndex } from './index-segments.js'
import type { Job } from './jobs.js'
import { readLabelled } from './labelled-rows.js'
import type { Pages, StoredPage } from './pages.js'
import { expectedBlocks, expectedPages, LabelSet, pagesWithRefs, pendingRefs, removedPages } from './references.js'
import { Slices } from './slices.js'

const KEYS_AT_ONCE = 5000
const PAGES_AT_ONCE = 200

/** Deletes rows nothing refers to; resolves to how many. Zero as well when the vault changed meanwhile: there is always a next time. */
export async function clearLeftovers(log: CommitLog, pages: Pages, job: Job, signal?: AbortSignal): Promise<number> {
  const { backend } = log
  const slices = new Slices(signal)
  const { manifest, head, generation } = log
  const referred = await referredLabels(log, pages, slices)
  const operations: Operation[] = []
  // Of an index of another kind nobody here knows what belongs to it.
  const foreignIndex = manifest.content.index !== null && decodeIndex(manifest.content.index) === undefined
  for (const store of foreignIndex ? (['pages', 'blobs'] as const) : (['pages', 'blobs', 'blocks'] as const)) {
    let after: Bytes | undefined
    for (;;) {
      const [keys] = await backend.read([{ kind: 'keys', store, limit: KEYS_AT_ONCE, ...(after !== undefined && { after }) }])
      for (const key of keys as readonly Bytes[]) {
        if (!referred.has(key)) operations.push({ kind: 'delete', store, key })
        await slices.breathe()
      }
      if (keys.length < KEYS_AT_ONCE) break
      after = keys.at(-1) as Bytes
    }
  }
  if (operations.length === 0 || generation !== log.generation) return 0
  const result = await backend.apply({
    expect: [
      { kind: 'tag', store: 'manifest', key: 'manifest', tag: manifest.tag },
      { kind: 'tag', store: 'log', key: head.seq, tag: head.tag },
      { kind: 'last', store: 'log', key: head.seq },
      job.expectation,
    ],
    operations,
    durability: 'relaxed',
  })
  return result.applied ? operations.length : 0
}

async function referredLabels(log: CommitLog, pages: Pages, slices: Slices): Promise<LabelSet> {
  const labels = new LabelSet(log.codec)
  labels.addRefs(pendingRefs(log.state))
  for (const { stem, page } of removedPages(log.state)) labels.addPage('pages', stem, page)
  for (const { stem, page } of expectedBlocks(log)) labels.addPage('blocks', stem, page)
  for (const { stem, page } of expectedPages(log)) labels.addPage('pages', stem, page)
  const mayRefer = pagesWithRefs(log)
  // Pages of deleted chat logs may refer to long values that the next checkpoint still has to take out.
  for (const { stem, page, blobs } of removedPages(log.state)) if (blobs) await addRemoved(log, labels, stem, page)
  for (let start = 0; start < mayRefer.length; start += PAGES_AT_ONCE) {
    for (const page of await pages.readMany(mayRefer.slice(start, start + PAGES_AT_ONCE))) {
      labels.addBodies([...page.values()].map(({ body }) => body))
      await slices.breathe()
    }
  }
  return labels
}

async function addRemoved(log: CommitLog, labels: LabelSet, stem: string, page: number): Promise<void> {
  const [row] = await readLabelled(log.backend, log.codec, 'pages', [{ stem, page }])
  if (row === undefined) return
  const { r } = (await log.codec.openPage('pages', row.label, row.value)) as StoredPage
  labels.addBodies(r.map((record) => record[3]))
}
