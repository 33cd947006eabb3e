// Where rows are that a rotation moves: everything that heads, manifest and pages name. Rows that nothing names are not moved (PROTOCOL rule 11).

import type { LabelledStore } from '../core/codec.js'
import type { CommitLog } from '../core/commit-log.js'
import { HEAD_COLLECTIONS, refsOf } from '../core/log-row.js'
import { openOrDamaged } from '../core/merge-page.js'
import { readLabelled } from '../core/labelled-rows.js'
import { expectedBlocks, expectedPages, pagesWithRefs } from '../core/references.js'
import type { Slices } from '../core/slices.js'
import { PAGE_SHIFT } from '../core/state.js'

const PAGES_AT_ONCE = 64
/** A chunk of a long value is as much work as so many other rows. */
const CHUNK_WEIGHT = 16

/** A row by its name, whatever epoch it is in. */
export interface Place {
  readonly store: LabelledStore
  readonly stem: string
  readonly page: number
}

/** In an order in which what is read to find the next ones has been moved before. */
export async function* allPlaces(log: CommitLog, slices: Slices): AsyncGenerator<Place, void, undefined> {
  for (const { stem, page } of expectedPages(log)) yield { store: 'pages', stem, page }
  yield* blobPlaces(log, slices)
  yield* headPlaces(log)
  for (const { stem, page } of expectedBlocks(log)) yield { store: 'blocks', stem, page }
}

function* headPlaces({ state }: CommitLog): Generator<Place, void, undefined> {
  for (const stem of HEAD_COLLECTIONS) {
    const found = new Set<number>()
    for (const { number } of state.heads[stem].values()) found.add(number >> PAGE_SHIFT)
    for (const page of found) yield { store: 'heads', stem, page }
  }
}

/** What a damaged page referred to, nobody knows: it stays in its epoch with the page. */
async function* blobPlaces(log: CommitLog, slices: Slices): AsyncGenerator<Place, void, undefined> {
  const { backend, codec } = log
  const wanted = pagesWithRefs(log)
  for (let start = 0; start < wanted.length; start += PAGES_AT_ONCE) {
    for (const row of await readLabelled(backend, codec, 'pages', wanted.slice(start, start + PAGES_AT_ONCE))) {
      await slices.breathe()
      // Also one that lost records before refers to what the others have.
      const page = row === undefined ? undefined : await openOrDamaged(codec, row)
      for (const [, , , body] of page?.r ?? []) for (const [, stem, chunks] of refsOf(body)) for (let chunk = 0; chunk < chunks; chunk++) yield { store: 'blobs', stem, page: chunk }
    }
  }
}

/** Cuts places into pieces of about as much work. */
export async function* inChunks(source: AsyncIterable<Place>, weight: number): AsyncGenerator<readonly Place[], void, undefined> {
  let chunk: Place[] = []
  let taken = 0
  for await (const place of source) {
    chunk.push(place)
    taken += place.store === 'blobs' ? CHUNK_WEIGHT : 1
    if (taken < weight) continue
    yield chunk
    chunk = []
    taken = 0
  }
  if (chunk.length > 0) yield chunk
}
