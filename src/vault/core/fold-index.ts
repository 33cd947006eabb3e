// What a checkpoint does to the search index: it takes over the segments that commits brought, adds one of what it folds, in
// the same transaction, so index and pages never disagree. Implements docs/format.md, section 12; PROTOCOL rule 7.

import type { FoldPlan } from './fold-plan.js'
import type { IndexPort, MadeSegment } from './index-port.js'
import { currentIndex, encodeIndex } from './index-segments.js'
import { BRAIN_STEM } from './state.js'
import type { Slices } from './slices.js'

/** What becomes of the index. */
export type FoldedIndex =
  /** There is none, and nothing of it in the store. */
  | { readonly kind: 'none' }
  /** It does not cover everything, or is of another kind: all of its rows go. */
  | { readonly kind: 'dropped' }
  | { readonly kind: 'kept'; readonly index: unknown; readonly made: MadeSegment | undefined; readonly adopted: FoldPlan['segments'] }

export async function foldIndex(plan: FoldPlan, port: IndexPort, slices: Slices): Promise<FoldedIndex> {
  const before = plan.manifest.content.index
  if (before === null && plan.segments.length === 0) return { kind: 'none' }
  const index = currentIndex(before, plan.segments, plan.adoptions, await port.tokenizer())
  if (index === undefined || index.uncovered.length > 0) return { kind: 'dropped' }
  const changed = plan.stems.filter(({ stem }) => stem !== BRAIN_STEM).map(({ stem, head, bodies }) => ({ stem, logNumber: head.number, bodies }))
  const made = changed.length === 0 ? undefined : await port.fold(changed, plan.base, slices)
  const segments = made === undefined ? index.segments : [...index.segments, made.segment]
  return { kind: 'kept', index: encodeIndex({ tokenizer: index.tokenizer, segments }), made, adopted: plan.segments }
}
