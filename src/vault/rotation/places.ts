// Where rows are that a rotation moves: everything that heads, manifest and pages name. Rows that nothing names are not moved (PROTOCOL rule 11).

import { VaultError } from '../../errors.js'
import type { LabelledStore } from '../core/codec.js'
import type { CommitLog } from '../core/commit-log.js'
import { HEAD_COLLECTIONS, refsOf } from '../core/log-row.js'
import { SuspectPage, type Pages, type WantedPage } from '../core/pages.js'
import { expectedBlocks, expectedPages, pagesWithRefs } from '../core/references.js'
import type { Slices } from '../core/slices.js'
import { PAGE_SHIFT } from '../core/state.js'

const PAGES_AT_ONCE = 200

/** A row by its name, whatever epoch it is in. */
export interface Place {
  readonly store: LabelledStore
  readonly stem: string
  readonly page: number
}

/** In an order in which what is read to find the next ones has been moved before. */
export async function* allPlaces(log: CommitLog, pages: Pages, slices: Slices): AsyncGenerator<Place, void, undefined> {
  for (const { stem, page } of expectedPages(log)) yield { store: 'pages', stem, page }
  yield* blobPlaces(log, pages, slices)
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

async function* blobPlaces(log: CommitLog, pages: Pages, slices: Slices): AsyncGenerator<Place, void, undefined> {
  const wanted = pagesWithRefs(log)
  for (let start = 0; start < wanted.length; start += PAGES_AT_ONCE) {
    for (const page of await readReadable(pages, wanted.slice(start, start + PAGES_AT_ONCE))) {
      await slices.breathe()
      for (const { body } of page.values()) for (const [, stem, chunks] of refsOf(body)) for (let chunk = 0; chunk < chunks; chunk++) yield { store: 'blobs', stem, page: chunk }
    }
  }
}

/** What a damaged page referred to, nobody knows: it stays in its epoch with the page. */
async function readReadable(pages: Pages, wanted: readonly WantedPage[]): ReturnType<Pages['readMany']> {
  try {
    return await pages.readMany(wanted)
  } catch (error) {
    if (!(error instanceof SuspectPage) && !(error instanceof VaultError && error.code === 'corrupt')) throw error
    if (wanted.length === 1) return []
    const found = []
    for (const one of wanted) found.push(...(await readReadable(pages, [one])))
    return found
  }
}

/** Cuts what comes into pieces of so many. */
export async function* inChunks<T>(source: AsyncIterable<T>, size: number): AsyncGenerator<readonly T[], void, undefined> {
  let chunk: T[] = []
  for await (const item of source) {
    if (chunk.push(item) < size) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
