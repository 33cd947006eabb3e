// What a checkpoint will fold: a snapshot of the pending state, taken in one synchronous step, so that commits made
// while the checkpoint works do not reach into it.

import type { Seq, Tag } from '../../brand.js'
import type { CommitLog } from './commit-log.js'
import { pendingSegments, type PendingSegment } from './index-segments.js'
import type { BlobRef, HeadCollectionName } from './log-row.js'
import type { Manifest, StoredManifest } from './manifest.js'
import { BRAIN_STEM, type Adoption, type Folded, type Head, type PendingBody, type Removal, type State, type Tombstone } from './state.js'

/** The pending bodies of one chat log or one brain, and the pages they go to. */
export interface StemPlan {
  readonly stem: string
  readonly head: Head
  readonly folded: Folded | undefined
  /** In order of their numbers. */
  readonly bodies: readonly (PendingBody & { readonly number: number })[]
}

export interface FoldPlan {
  readonly base: Seq
  readonly baseTag: Tag
  readonly manifest: StoredManifest
  readonly logBytes: number
  readonly stems: readonly StemPlan[]
  readonly headPages: readonly { readonly collection: HeadCollectionName; readonly page: number; readonly heads: readonly Head[] }[]
  readonly tombstones: readonly Tombstone[]
  readonly adoptions: readonly Adoption[]
  readonly removals: readonly Removal[]
  readonly blobs: readonly BlobRef[]
  /** Those of `blobs` that belong to pages written beforehand: no pending body refers to them. */
  readonly adoptedBlobs: readonly BlobRef[]
  /** Segments of the search index that commits brought. */
  readonly segments: readonly PendingSegment[]
  readonly next: Manifest['next']
  readonly header: Manifest['header']
  readonly writers: Manifest['writers']
}

/** Undefined when the log holds nothing that is not folded. */
export function planFold(log: CommitLog): FoldPlan | undefined {
  const { state, head, manifest } = log
  if (head.seq === manifest.content.base) return undefined
  const headPages = [...state.dirtyHeads.entries()].map(([key]) => {
    const slash = key.indexOf('/')
    const collection = key.slice(0, slash) as HeadCollectionName
    const page = Number(key.slice(slash + 1))
    return { collection, page, heads: state.headsOfPage(collection, page) }
  })
  return {
    base: head.seq,
    baseTag: head.tag,
    manifest,
    logBytes: log.backlog.bytes,
    stems: planStems(state, headPages),
    headPages,
    tombstones: [...state.tombstones],
    adoptions: [...state.adoptions],
    removals: [...state.removals],
    blobs: state.blobs.map(({ ref }) => ref),
    adoptedBlobs: state.blobs.filter(({ adopted }) => adopted).map(({ ref }) => ref),
    segments: pendingSegments(state),
    next: { ...state.next },
    header: log.header,
    writers: [...log.writers],
  }
}

function planStems(state: State, headPages: FoldPlan['headPages']): StemPlan[] {
  // Whatever has pending bodies has a head that changed with them, so the changed pages of heads name all owners.
  const plans: StemPlan[] = []
  for (const { collection, heads } of headPages) {
    if (collection !== 'chatLogs' && collection !== 'brains') continue
    for (const head of heads) {
      const stem = collection === 'brains' ? BRAIN_STEM : (head.value['stem'] as string)
      const pending = state.pendingOf(stem)
      if (pending === undefined) continue
      if (collection === 'brains') {
        const body = pending.get(head.number)
        if (body !== undefined) plans.push({ stem, head, folded: head.folded, bodies: [{ number: head.number, ...body }] })
        continue
      }
      const bodies = [...pending.entries()].map(([number, body]) => ({ number, ...body })).sort((a, b) => a.number - b.number)
      if (bodies.length > 0) plans.push({ stem, head, folded: head.folded, bodies })
    }
  }
  return plans
}
