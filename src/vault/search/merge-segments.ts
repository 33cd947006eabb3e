// Makes one segment of several, without what is hidden in them; term by term, so memory holds the messages' table and one term.

import type { Blocks } from '../core/blocks.js'
import { BlockWriter } from '../core/blocks.js'
import { randomStem } from '../core/blobs.js'
import type { Codec } from '../core/codec.js'
import type { Segment as SegmentEntry } from '../core/index-segments.js'
import type { StagedBlocks } from '../core/replace-segments.js'
import type { Slices } from '../core/slices.js'
import type { LiveSegment, LogsByStem } from './live-index.js'
import { HIDDEN, mergeTables } from './merge-tables.js'
import type { Places } from './postings.js'
import { SegmentWriter } from './segment-writer.js'
import { TermStream, type StreamedTerm } from './term-stream.js'

/** Sealed blocks written in one transaction. */
const BLOCKS_AT_ONCE = 64

export interface MergePorts {
  readonly codec: Codec
  readonly blocks: Blocks
  readonly staged: StagedBlocks
  readonly slices: Slices
}

/**
 * @param others segments that stay: what older ones of them say of deleted messages must stay hidden
 * @returns undefined when nothing is left
 */
export async function mergeSegments({ codec, blocks, staged, slices }: MergePorts, merged: readonly LiveSegment[], others: readonly LiveSegment[], logs: LogsByStem): Promise<SegmentEntry | undefined> {
  const { table, gone, ordinals } = await mergeTables(merged, others, logs, slices)
  if (table.logs.length === 0 && gone.length === 0) return undefined
  const file = new BlockWriter(codec, randomStem())
  const writer = new SegmentWriter(file, table, gone)
  const streams = merged.map(({ segment }) => new TermStream(segment, blocks))
  for (const stream of streams) await stream.next()
  for (;;) {
    const term = leastOf(streams)
    if (term === undefined) break
    const parts: { readonly read: StreamedTerm; readonly ordinals: Uint32Array }[] = []
    for (const [i, stream] of streams.entries()) {
      if (stream.term !== term) continue
      parts.push({ read: stream.read(), ordinals: ordinals[i]! })
      await stream.next()
      await slices.breathe()
    }
    const places = joinParts(parts)
    if (places.to > 0) writer.add(term, places)
    await slices.breathe()
    if (file.waiting >= BLOCKS_AT_ONCE) await staged.write(await file.take())
  }
  const written = writer.finish()
  await staged.write(await file.take())
  return { ...written, order: Math.max(...merged.map(({ segment }) => segment.entry.order)) }
}

function leastOf(streams: readonly TermStream[]): string | undefined {
  let least: string | undefined
  for (const { term } of streams) if (term !== undefined && (least === undefined || term < least)) least = term
  return least
}

/** Places of one term in several segments, in the order of the new ordinals. */
function joinParts(parts: readonly { readonly read: StreamedTerm; readonly ordinals: Uint32Array }[]): Places {
  const total = parts.reduce((sum, { read }) => sum + read.ordinals.length, 0)
  const ordinals = new Uint32Array(total)
  const positions = new Uint32Array(total)
  const spans = new Uint32Array(total)
  let to = 0
  let inOrder = true
  for (const { read, ordinals: now } of parts) {
    for (let i = 0; i < read.ordinals.length; i++) {
      const ordinal = now[read.ordinals[i]!]!
      if (ordinal === HIDDEN) continue
      if (to > 0 && ordinal < ordinals[to - 1]!) inOrder = false
      ordinals[to] = ordinal
      positions[to] = read.positions[i]!
      spans[to++] = read.spans[i]!
    }
  }
  if (inOrder) return { ordinals, positions, spans, from: 0, to }
  // One number of both, so that the engine's sort of numbers does it; places of one message come from one part and keep their order.
  const keys = Float64Array.from({ length: to }, (_, i) => ordinals[i]! * to + i).sort()
  const at = Uint32Array.from(keys, (key) => key % to)
  return { ordinals: at.map((i) => ordinals[i]!), positions: at.map((i) => positions[i]!), spans: at.map((i) => spans[i]!), from: 0, to }
}
