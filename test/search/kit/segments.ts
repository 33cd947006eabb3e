// Segments without a vault: their blocks are not sealed and lie in a map.

import type { SealedBytes } from '../../../src/brand.js'
import type { Access } from '../../../src/vault/core/access.js'
import { Blocks, BLOCK_BYTES, BlockWriter } from '../../../src/vault/core/blocks.js'
import type { Codec, LabelledRow } from '../../../src/vault/core/codec.js'
import { Slices } from '../../../src/vault/core/slices.js'
import type { Head, State } from '../../../src/vault/core/state.js'
import type { LiveIndex, LogsByStem } from '../../../src/vault/search/index/live-index.js'
import type { Wanted } from '../../../src/vault/search/messages/candidates.js'
import { findCandidates, type Candidates } from '../../../src/vault/search/messages/find-candidates.js'
import { readOptions, type SearchOptions } from '../../../src/vault/search/options.js'
import { SegmentBuilder } from '../../../src/vault/search/segments/segment-builder.js'
import { SegmentWriter } from '../../../src/vault/search/segments/segment-writer.js'
import { Segment } from '../../../src/vault/search/segments/segment.js'
import { parseQuery } from '../../../src/vault/search/words/query.js'

export interface OpenBlocks {
  readonly codec: Codec
  readonly blocks: Blocks
  readonly keep: (rows: readonly LabelledRow[]) => void
  /** Changes what is read of a block, as a writer would have that makes mistakes. */
  tamper: ((stem: string, block: number, bytes: Uint8Array) => void) | undefined
}

export function openBlocks(): OpenBlocks {
  const rows = new Map<string, Uint8Array>()
  const name = (stem: string, page: number): string => `${stem}/${page}`
  const codec = {
    sealBytes: async (_store: string, stem: string, page: number, bytes: Uint8Array) => ({ label: name(stem, page), row: bytes.slice(), element: new Uint8Array() }) as unknown as LabelledRow,
    labels: (_store: string, stem: string, page: number) => [name(stem, page)],
    openBytes: async (_store: string, label: string, row: Uint8Array) => {
      if (open.tamper === undefined) return row
      const [stem, block] = label.split('/') as [string, string]
      const bytes = row.slice()
      open.tamper(stem, Number(block), bytes)
      return bytes
    },
  } as unknown as Codec
  const backend = { read: async (requests: readonly { key: string }[]) => requests.map(({ key }) => rows.get(key) as SealedBytes | undefined) }
  const open: OpenBlocks = {
    codec,
    blocks: new Blocks(backend as never, codec, 64 * BLOCK_BYTES),
    keep: (made) => {
      for (const { label, row } of made) rows.set(label as unknown as string, row)
    },
    tamper: undefined,
  }
  return open
}

export interface Line {
  readonly stem?: string
  readonly number: number
  readonly content: string | null
  readonly timestamp?: number
}

export const A = 'AAAAAAAAAAAAAAAA'
export const B = 'BBBBBBBBBBBBBBBB'
/** Two chat logs, of which B came later. */
export const logs = { get: (stem: string) => (stem === A ? { number: 1 } : stem === B ? { number: 2 } : undefined) as Head | undefined } as unknown as LogsByStem

export async function segmentOf({ codec, blocks, keep }: OpenBlocks, order: number, lines: readonly Line[]): Promise<Segment> {
  const builder = new SegmentBuilder(new Slices())
  for (const { stem = A, number, content, timestamp = 1000 * number } of lines) {
    const logOrder = stem === A ? 1 : 2
    if (content === null) builder.addGone(stem, logOrder, number)
    else await builder.add({ stem, logOrder, number, id: `${stem}${number}`, senderId: 'ada', type: 'user', timestamp, content })
  }
  const file = new BlockWriter(codec, `segment${order}`)
  const writer = await builder.write((table, gone) => SegmentWriter.open(file, table, gone, new Slices()))
  const { blocks: count, ...written } = await writer.finish(new Slices())
  keep(await file.take())
  return Segment.open(blocks, { ...written, blocks: count, order })
}

/** An index of segments with nothing pending. */
export function liveOf(...segments: readonly Segment[]): LiveIndex {
  return { view: async () => ({ segments: segments.map((segment) => ({ segment, hidden: undefined })), pending: [], unread: [], logs }) } as unknown as LiveIndex
}

/** What a search for a text asks, without a vault. */
export function wantedOf(text: string, options: SearchOptions = {}, id = text): Wanted {
  const filters = readOptions(options)
  return { query: parseQuery(text, filters), filters, id, slices: new Slices() }
}

/** What an index of segments alone finds: no vault is asked. */
export function searchSegments(segments: readonly Segment[], wanted: Wanted, limit = Infinity): Promise<Candidates> {
  return findCandidates({} as Access, liveOf(...segments), {} as State, wanted, limit)
}
