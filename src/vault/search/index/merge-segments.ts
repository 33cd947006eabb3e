// Makes one segment of several, without what is hidden in them; term by term, so memory holds the messages' table and one term.

import type { Blocks } from '../../core/blocks.js'
import { BlockWriter } from '../../core/blocks.js'
import { randomStem } from '../../core/blobs.js'
import type { Codec } from '../../core/codec.js'
import type { Segment as SegmentEntry } from '../../core/index-segments.js'
import type { StagedBlocks } from '../../core/replace-segments.js'
import type { Slices } from '../../core/slices.js'
import type { LiveSegment, LogsByStem } from './live-index.js'
import { HIDDEN, mergeTables } from './merge-tables.js'
import type { Places } from '../segments/postings.js'
import { SegmentWriter } from '../segments/segment-writer.js'
import { TermStream, type StreamedTerm } from '../segments/term-stream.js'

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
  const writer = await SegmentWriter.open(file, table, gone, slices)
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
  const written = await writer.finish(slices)
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
  let joined = partOf(parts[0]!)
  for (const part of parts.slice(1)) joined = interleave(joined, partOf(part))
  return { ...joined, from: 0, to: joined.ordinals.length }
}

type Part = Omit<Places, 'from' | 'to'>

/** What is left of a part, under its new ordinals: these rise as the old ones did. */
function partOf({ read, ordinals: now }: { readonly read: StreamedTerm; readonly ordinals: Uint32Array }): Part {
  const { length } = read.ordinals
  const ordinals = new Uint32Array(length)
  const positions = new Uint32Array(length)
  const spans = new Uint32Array(length)
  let to = 0
  for (let i = 0; i < length; i++) {
    const ordinal = now[read.ordinals[i]!]!
    if (ordinal === HIDDEN) continue
    ordinals[to] = ordinal
    positions[to] = read.positions[i]!
    spans[to++] = read.spans[i]!
  }
  return { ordinals: ordinals.subarray(0, to), positions: positions.subarray(0, to), spans: spans.subarray(0, to) }
}

/** Two parts as one; no message is in both. */
function interleave(a: Part, b: Part): Part {
  const total = a.ordinals.length + b.ordinals.length
  const ordinals = new Uint32Array(total)
  const positions = new Uint32Array(total)
  const spans = new Uint32Array(total)
  for (let i = 0, j = 0, to = 0; to < total; to++) {
    const first = j === b.ordinals.length || (i < a.ordinals.length && a.ordinals[i]! < b.ordinals[j]!)
    const part = first ? a : b
    const at = first ? i++ : j++
    ordinals[to] = part.ordinals[at]!
    positions[to] = part.positions[at]!
    spans[to] = part.spans[at]!
  }
  return { ordinals, positions, spans }
}
