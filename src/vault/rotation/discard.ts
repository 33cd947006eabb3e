// Gives up what cannot be opened, so that no key has to be kept for it. A damaged page leaves one that says which records were lost, so that reading
// them goes on failing as before; chunks of long values just go. docs/format.md, sections 7 and 17.

import type { CommitLog } from '../core/commit-log.js'
import type { Job } from '../core/jobs.js'
import { Tally } from '../core/manifest.js'
import { mergePage } from '../core/merge-page.js'
import { readLabelled } from '../core/labelled-rows.js'
import { encodePage } from '../core/pages.js'
import { expectedPages } from '../core/references.js'
import { rewriteRows, type RowChanges } from '../core/rewrite-rows.js'
import { BRAIN_STEM } from '../core/state.js'
import type { DamagedRow } from './moving.js'

/** What can be given up: pages of heads are what the rest is read by, and blocks of the index are made anew. */
export function isDiscardable({ place }: DamagedRow): boolean {
  return place.store === 'pages' || place.store === 'blobs'
}

/**
 * One transaction over all of them, and over what was moved aside before.
 * @returns false when the manifest is another one by now
 * @throws {VaultError} `busy` when another tab took over the job, `storage-*`
 */
export async function discardDamaged(log: CommitLog, job: Job, damaged: readonly DamagedRow[]): Promise<boolean> {
  const { codec, backend, manifest } = log
  const tally = new Tally(manifest.content.counts)
  const puts: RowChanges['puts'][number][] = []
  const deletes: RowChanges['deletes'][number][] = []
  const expected = new Map([...expectedPages(log)].map((wanted) => [`${wanted.stem}/${wanted.page}`, wanted.folded]))
  for (const { place } of damaged.filter(isDiscardable)) {
    const { store, stem, page } = place
    const [before] = await readLabelled(backend, codec, store, [place])
    if (before === undefined || before.epoch === codec.activeEpoch) continue
    tally.remove(before.epoch, store, before.label, codec.elementIn(before.epoch, store, before.label, before.value))
    deletes.push({ store, label: before.label })
    const folded = expected.get(`${stem}/${page}`)
    const version = stem === BRAIN_STEM ? folded?.versions[0] : folded?.versions[page]
    if (store === 'blobs' || version === undefined) continue
    const { records, lost } = await mergePage(codec, { stem, page, version, next: folded?.next ?? 0 }, before, [], { dead: [], live: new Set() })
    const { label, row, element } = await codec.sealPage('pages', stem, page, encodePage(stem, page, version, records, lost))
    puts.push({ store, label, row })
    tally.add(codec.activeEpoch, store, label, element)
  }
  return rewriteRows(log, job, manifest, { ...manifest.content, counts: tally.counts() }, { puts, deletes, clearsQuarantine: true }, { durability: 'strict', publish: (next) => log.publishMoved(next) })
}
