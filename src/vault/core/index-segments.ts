// What manifest and log say of the search index: which segments there are. What is in them is the business of search.
// Implements docs/format.md, sections 5, 6 and 12.

import * as z from 'zod/mini'
import type { State } from './state.js'

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
}

/** The segments that commits of the log brought with them. */
export function pendingSegments(state: State): PendingSegment[] {
  return state.segments.map(({ seq, change: [, tokenizer, stem, blocks, messages, units, shards] }) => ({ stem, blocks, order: seq, messages, units, tokenizer, shards }))
}

/**
 * The index as it is now: the manifest's, and what commits brought since.
 * @returns undefined where it does not cover every message that is in pages, or cuts words otherwise than this code
 */
export function currentIndex(stored: unknown, pending: readonly PendingSegment[], adoptions: readonly { readonly seq: number }[], tokenizer: string): SearchIndex | undefined {
  const index = decodeIndex(stored)
  if (index?.tokenizer !== tokenizer || pending.some((segment) => segment.tokenizer !== tokenizer)) return undefined
  // What was adopted without a segment is in no index.
  const covered = new Set(pending.map(({ order }) => order))
  if (adoptions.some(({ seq }) => !covered.has(seq))) return undefined
  return { tokenizer, segments: [...index.segments, ...pending] }
}
