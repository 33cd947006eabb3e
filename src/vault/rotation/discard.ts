// Gives up what cannot be opened, so that no key has to be kept for it. A damaged page leaves one that says which records were lost, so that reading
// them goes on failing as before; chunks of long values just go. docs/format.md, sections 7 and 17.

import type { Operation } from '../../stores/backend.js'
import { tagOfRow } from '../core/codec.js'
import type { CommitLog } from '../core/commit-log.js'
import { lostLease, type Job } from '../core/jobs.js'
import { sealManifest, sealsAfter, Tally, type StoredManifest } from '../core/manifest.js'
import { mergePage } from '../core/merge-page.js'
import { encodePage, readLabelled } from '../core/pages.js'
import { expectedPages } from '../core/references.js'
import { BRAIN_STEM } from '../core/state.js'
import type { Place } from './places.js'

/**
 * One transaction over all of them.
 * @returns false when the manifest is another one by now
 * @throws {VaultError} `busy` when another tab took over the job, `storage-*`
 */
export async function discardDamaged(log: CommitLog, job: Job, damaged: readonly Place[]): Promise<boolean> {
  const { codec, backend, manifest } = log
  const { base } = manifest.content
  const tally = new Tally(manifest.content.counts)
  const operations: Operation[] = []
  const expected = new Map([...expectedPages(log)].map((wanted) => [`${wanted.stem}/${wanted.page}`, wanted.folded]))
  for (const { store, stem, page } of damaged) {
    if (store !== 'pages' && store !== 'blobs') continue
    const [before] = await readLabelled(backend, codec, store, [{ stem, page }])
    if (before === undefined) continue
    const { epoch, element } = codec.elementOf(store, before.label, before.value)
    tally.remove(epoch, store, before.label, element)
    operations.push({ kind: 'delete', store, key: before.label })
    const folded = expected.get(`${stem}/${page}`)
    const version = stem === BRAIN_STEM ? folded?.versions[0] : folded?.versions[page]
    if (store === 'blobs' || version === undefined) continue
    const { records, lost } = await mergePage(codec, { stem, page, version, next: folded?.next ?? 0 }, before, [], { dead: [], live: new Set() })
    const { label, row, element: added } = await codec.sealPage('pages', stem, page, encodePage(stem, page, version, records, lost))
    operations.push({ kind: 'put', store, key: label, value: row })
    tally.add(codec.activeEpoch, store, label, added)
  }
  const [anchor] = await backend.read([{ kind: 'get', store: 'log', key: base }])
  if (anchor === undefined) return false
  const content = { ...manifest.content, counts: tally.counts(), seals: sealsAfter(manifest.content, codec) }
  const row = await sealManifest(codec, content)
  return log.exclusive(async () => {
    const result = await backend.apply({
      expect: [job.expectation, { kind: 'tag', store: 'manifest', key: 'manifest', tag: manifest.tag }, { kind: 'tag', store: 'log', key: base, tag: tagOfRow(anchor) }],
      operations: [...operations, { kind: 'clear', store: 'quarantine' }, { kind: 'put', store: 'manifest', key: 'manifest', value: row }],
      durability: 'strict',
    })
    if (!result.applied && result.missed === 0) throw lostLease()
    if (!result.applied) await log.catchUpInside()
    else log.publishMoved({ content, tag: tagOfRow(row).slice() as StoredManifest['tag'] })
    return result.applied
  })
}
