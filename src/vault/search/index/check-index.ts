// Proves that the index says what the messages say: every term of every message at every place, times, lengths, senders, types and
// ids, by sums over both sides. Reads only.

import type { Access } from '../../core/access.js'
import type { Blocks } from '../../core/blocks.js'
import { fieldsOf } from '../../core/log-row.js'
import type { Slices } from '../../core/slices.js'
import type { Head } from '../../core/state.js'
import { inGroups, readFoldedLogs } from '../../records/message-pages.js'
import { contentOf } from '../../records/message-content.js'
import type { LiveSegment } from './live-index.js'
import { decodeIds, hashId } from '../segments/message-ids.js'
import { encodeLength } from '../segments/length-code.js'
import { exactTerm } from '../segments/segment-format.js'
import { TermStream } from '../segments/term-stream.js'
import { visitTerms } from '../words/tokenizer.js'

/** Every message of a segment in a few numbers. */
interface Digest {
  readonly live: LiveSegment
  readonly sums: Uint32Array
  readonly times: Float64Array
  readonly lengths: Uint8Array
  readonly ids: Uint32Array
}

interface Place {
  readonly digest: Digest
  readonly first: number
  readonly count: number
  readonly ordinal: number
}

/** What one place of a term adds to the sum of its message: mixed well, so that no two mistakes cancel out but by a chance of one in 2^32. */
function placeHash(termHash: number, position: number, span: number): number {
  let hash = Math.imul(termHash ^ position, 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 15) ^ span, 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

function termHash(term: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < term.length; i++) hash = Math.imul(hash ^ term.charCodeAt(i), 0x01000193)
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
}

/** @returns how many messages the index tells otherwise than the pages, or not at all */
export async function countDifferences(access: Access, blocks: Blocks, segments: readonly LiveSegment[], logs: readonly Head[], slices: Slices): Promise<number> {
  const places = new Map<string, Place[]>()
  let shown = 0
  for (const live of segments) {
    const digest = await digestOf(live, blocks, slices)
    shown += live.segment.messages - (live.hidden?.reduce((sum, hidden) => sum + hidden, 0) ?? 0)
    const { runs, stems } = live.segment
    for (let run = 0; run < runs.logs.length; run++) {
      const stem = stems[runs.logs[run]!]!
      const place = { digest, first: runs.numbers[run]!, count: runs.counts[run]!, ordinal: runs.ordinals[run]! }
      const there = places.get(stem)
      if (there === undefined) places.set(stem, [place])
      else there.push(place)
    }
  }
  let wrong = 0
  let messages = 0
  const byId = new Map(logs.map((log) => [log.id, log]))
  for (const group of inGroups(logs.map((log) => ({ chatLogId: log.id, messages: log.folded?.next ?? 0 })))) {
    const heads = group.map((id) => byId.get(id)!)
    const read = await readFoldedLogs(access, heads)
    for (const [i, log] of heads.entries()) {
      for (const { number, body } of read[i]!) {
        messages++
        const place = places.get(log.value['stem'] as string)?.find((candidate) => isShown(candidate, number))
        const fields = fieldsOf(body) as { readonly id: string; readonly senderId: string; readonly type: string; readonly timestamp: number }
        const content = await contentOf(access, body)
        if (place === undefined || !tells(place, number, fields, content)) wrong++
        await slices.breathe()
      }
    }
  }
  // What it says beyond that is wrong as well.
  return Math.max(wrong, Math.abs(shown - messages))
}

function ordinalIn({ first, ordinal }: Place, number: number): number {
  return ordinal + (first - number)
}

function isShown(place: Place, number: number): boolean {
  if (number > place.first || number <= place.first - place.count) return false
  return place.digest.live.hidden?.[ordinalIn(place, number)] !== 1
}

function tells(place: Place, number: number, { id, senderId, type, timestamp }: { readonly id: string; readonly senderId: string; readonly type: string; readonly timestamp: number }, content: string): boolean {
  const { sums, times, lengths, ids } = place.digest
  const ordinal = ordinalIn(place, number)
  let sum = placeHash(termHash(exactTerm('s', senderId)), 0, 1) + placeHash(termHash(exactTerm('t', type)), 0, 1)
  visitTerms(content, 0, (term, position, span) => {
    sum = (sum + placeHash(termHash(term), position, span)) >>> 0
  })
  return sums[ordinal] === sum >>> 0 && times[ordinal] === timestamp && lengths[ordinal] === encodeLength(content.length) && ids[ordinal] === hashId(id)
}

async function digestOf(live: LiveSegment, blocks: Blocks, slices: Slices): Promise<Digest> {
  const { segment } = live
  const sums = new Uint32Array(segment.messages)
  const stream = new TermStream(segment, blocks)
  for (await stream.next(); stream.term !== undefined; await stream.next()) {
    const { term, ordinals, positions, spans } = stream.read()
    const hash = termHash(term)
    for (let i = 0; i < ordinals.length; i++) sums[ordinals[i]!]! += placeHash(hash, positions[i]!, spans[i]!)
    await slices.breathe()
  }
  return { live, sums, times: segment.allTimes(), lengths: await segment.lengths(), ids: decodeIds(await segment.idBytes(), segment.messages) }
}
