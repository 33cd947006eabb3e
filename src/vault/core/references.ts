// Which rows a vault refers to: what check() and the clearing of left-overs hold the store against.

import { toBase64Url } from '../../crypto/bytes.js'
import type { Codec } from './codec.js'
import type { CommitLog } from './commit-log.js'
import { decodeIndex, pendingSegments } from './index-segments.js'
import { refsOf, type BlobRef, type Body } from './log-row.js'
import type { WantedPage } from './pages.js'
import { BRAIN_STEM, type Folded, type State } from './state.js'

/** Every page of records that heads, tombstones and pending removals say is there. */
export function* expectedPages(log: CommitLog): IterableIterator<WantedPage> {
  const { state } = log
  for (const [, head] of state.heads.chatLogs.entries()) yield* pagesOf(head.value['stem'] as string, head.folded, 0)
  for (const [, head] of state.heads.brains.entries()) yield* pagesOf(BRAIN_STEM, head.folded, head.number)
  yield* pagesOf('tombstones', log.manifest.content.tombstones, 0)
}

/** The pages among them whose records may refer to long values. */
export function pagesWithRefs(log: CommitLog): WantedPage[] {
  const holders = new Set([...log.state.heads.chatLogs.entries()].filter(([, head]) => (head.value['blobs'] as number) > 0).map(([, head]) => head.value['stem'] as string))
  return [...expectedPages(log)].filter(({ stem }) => stem === BRAIN_STEM || holders.has(stem))
}

function* pagesOf(stem: string, folded: Folded | undefined, first: number): IterableIterator<WantedPage> {
  for (let i = 0; i < (folded?.versions.length ?? 0); i++) yield { stem, folded, page: first + i }
}

/** Every block of the search index that manifest or log name. */
export function* expectedBlocks(log: CommitLog): IterableIterator<{ readonly stem: string; readonly page: number }> {
  const segments = [...(decodeIndex(log.manifest.content.index)?.segments ?? []), ...pendingSegments(log.state)]
  for (const { stem, blocks } of segments) for (let page = 0; page < blocks; page++) yield { stem, page }
}

/** Pages of deleted records that the next checkpoint takes out: still counted, no longer read. */
export function* removedPages(state: State): IterableIterator<{ readonly stem: string; readonly page: number; readonly blobs: boolean }> {
  for (const { stem, from, to, blobs } of state.removals) for (let page = from; page < to; page++) yield { stem, page, blobs }
}

/** Long values the log still knows of, whether anything refers to them or not: the next checkpoint settles them. */
export function pendingRefs(state: State): BlobRef[] {
  const refs = state.blobs.map(({ ref }) => ref)
  for (const [, bodies] of state.pendingStems()) for (const [, { body }] of bodies.entries()) if (body !== null) refs.push(...refsOf(body))
  return refs
}

/** Labels as strings, so that sets of them compare by value. */
export class LabelSet {
  readonly #labels = new Set<string>()
  readonly #codec: Codec

  constructor(codec: Codec) {
    this.#codec = codec
  }

  addPage(store: 'pages' | 'blobs' | 'blocks', stem: string, page: number): void {
    for (const label of this.#codec.labels(store, stem, page)) this.#labels.add(toBase64Url(label))
  }

  addRefs(refs: Iterable<BlobRef>): void {
    for (const [, stem, chunks] of refs) for (let chunk = 0; chunk < chunks; chunk++) this.addPage('blobs', stem, chunk)
  }

  addBodies(bodies: Iterable<Body>): void {
    for (const body of bodies) this.addRefs(refsOf(body))
  }

  has(label: Uint8Array): boolean {
    return this.#labels.has(toBase64Url(label))
  }
}
