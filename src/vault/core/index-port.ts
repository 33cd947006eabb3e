// What the core asks of the search index: to make segments of what is about to be folded, and of what was adopted. Search implements it,
// open-vault's side wires it; the core knows rows and names of segments only.

import type { LabelledRow } from './codec.js'
import type { Body } from './log-row.js'
import type { Job } from './jobs.js'
import type { Segment } from './index-segments.js'
import type { Slices } from './slices.js'

/** Messages of one chat log that a checkpoint folds; a body of null was deleted. */
export interface FoldedMessages {
  readonly stem: string
  /** Number of the chat log. */
  readonly logNumber: number
  readonly bodies: readonly { readonly number: number; readonly body: Body | null }[]
}

/** A segment with its rows, none of them written yet. */
export interface MadeSegment {
  readonly segment: Segment
  readonly rows: readonly LabelledRow[]
}

export interface IndexPort {
  /** How text is cut into words now. */
  tokenizer(): Promise<string>
  /** The segment of what a checkpoint folds; undefined when there is nothing to say. */
  fold(changed: readonly FoldedMessages[], order: number, slices: Slices): Promise<MadeSegment | undefined>
  /** Makes and commits segments of the chat logs that were adopted without one, as part of a job: a checkpoint begins with it. */
  cover(job: Job, slices: Slices): Promise<void>
  /** Whether there are segments to be made one; false as long as nobody used the index. */
  readonly wantsMerge: boolean
  /** Makes segments one, as a background job. */
  merge(job: Job, slices: Slices): Promise<void>
  /** Makes the whole index anew, as a background job. */
  rebuild(job: Job, options: RebuildOptions): Promise<void>
}

export interface IndexProgress {
  readonly phase: 'index'
  /** Messages. */
  readonly done: number
  readonly total: number
}

export interface RebuildOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: IndexProgress) => void) | undefined
}
