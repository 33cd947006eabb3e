// What manifest and log say of the search index: which segments there are. What is in them is the business of search.
// Implements docs/format.md, sections 5, 6 and 12.

import * as z from 'zod/mini'
import type { Epoch } from '../../brand.js'
import { epochOf } from './log-row.js'
import type { Adoption, State } from './state.js'

/** One immutable file of the index. */
export interface Segment {
  readonly stem: string
  /** Rows it takes up. */
  readonly blocks: number
  /** Of two segments that speak of one message, the one with the greater order is right. */
  readonly order: number
  readonly messages: number
  /** Sum of the lengths of its messages, as ranking counts them. */
  readonly units: number
}

/** An index that covers every message that is in pages. */
export interface SearchIndex {
  /** How text was cut into words. Another one means that the index has to be made anew. */
  readonly tokenizer: string
  readonly segments: readonly Segment[]
}

const count = z.number().check(z.int(), z.nonnegative())
const schema = z.looseObject({
  v: z.literal(1),
  tokenizer: z.string(),
  segments: z.array(z.tuple([z.string(), count, count, count, count])),
})

/** Undefined where there is none, or one that this code does not know. */
export function decodeIndex(value: unknown): SearchIndex | undefined {
  const parsed = schema.safeParse(value)
  if (!parsed.success) return undefined
  const { tokenizer, segments } = parsed.data
  return { tokenizer, segments: segments.map(([stem, blocks, order, messages, units]) => ({ stem, blocks, order, messages, units })) }
}

export function encodeIndex({ tokenizer, segments }: SearchIndex): unknown {
  return { v: 1, tokenizer, segments: segments.map(({ stem, blocks, order, messages, units }) => [stem, blocks, order, messages, units]) }
}

export interface PendingSegment extends Segment {
  readonly tokenizer: string
  /** Sums of its rows. */
  readonly shards: string
  readonly epoch: Epoch
  /** It is of the chat logs that these commits adopted. */
  readonly from: number
  readonly to: number
}

/** The segments that commits of the log brought. */
export function pendingSegments(state: State): PendingSegment[] {
  // It says what was adopted; whatever was edited since is newer, even what was edited before it was written.
  return state.segments.map(({ change: [, tokenizer, stem, blocks, messages, units, shards, from, to, epoch] }) => ({ stem, blocks, order: to, messages, units, tokenizer, shards, epoch: epochOf(epoch), from, to }))
}

export interface CurrentIndex extends SearchIndex {
  /** Chat logs that were adopted and are in no segment yet: until they are, a search reads them. */
  readonly uncovered: readonly Adoption[]
}

/** The index as it is now: the manifest's, and what commits brought since; undefined where there is none, or one that cuts words otherwise than this code. */
export function currentIndex(stored: unknown, pending: readonly PendingSegment[], adoptions: readonly Adoption[], tokenizer: string): CurrentIndex | undefined {
  const index = decodeIndex(stored)
  if (index?.tokenizer !== tokenizer || pending.some((segment) => segment.tokenizer !== tokenizer)) return undefined
  const uncovered = adoptions.filter(({ seq }) => !pending.some(({ from, to }) => from <= seq && seq <= to))
  return { tokenizer, segments: [...index.segments, ...pending], uncovered }
}
