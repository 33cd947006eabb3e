// How a page of heads holds one head. Implements docs/format.md, section 7.

import type { Edits, Fields, Origin } from './log-row.js'
import { decodeRuns, encodeRuns } from './manifest.js'
import type { Folded, Head } from './state.js'

type StoredFolded = readonly [next: number, runs: readonly (readonly [number, number])[]]

/** What only few heads have: where the version was made, and the edits of a session's fields. */
interface StoredExtra {
  readonly o?: Origin
  readonly e?: Edits
}

export type StoredHead = readonly [number: number, rev: number, modifiedAt: number, id: string, value: Fields, folded?: StoredFolded | null, extra?: StoredExtra]

/** @param folded the pages that it has from now on */
export function encodeHead({ number, rev, modifiedAt, id, value, origin, edits }: Head, folded: Folded | undefined): StoredHead {
  const pages: StoredFolded | null = folded === undefined ? null : [folded.next, encodeRuns(folded.versions)]
  if (origin !== undefined || edits !== undefined) return [number, rev, modifiedAt, id, value, pages, { ...(origin && { o: origin }), ...(edits && { e: edits }) }]
  return pages === null ? [number, rev, modifiedAt, id, value] : [number, rev, modifiedAt, id, value, pages]
}

export function decodeHead([number, rev, modifiedAt, id, value, stored, extra]: StoredHead): Head {
  return {
    id,
    number,
    rev,
    modifiedAt,
    value,
    ...(stored && { folded: { next: stored[0], versions: decodeRuns(stored[1]) } }),
    ...(extra?.o && { origin: extra.o }),
    ...(extra?.e && { edits: extra.e }),
  }
}
