// The messages of several segments as one table, and what becomes of each one's ordinal.

import type { Slices } from '../../core/slices.js'
import type { LiveSegment, LogsByStem } from './live-index.js'
import { decodeIds } from '../segments/message-ids.js'
import type { GoneRun, MessageTable } from '../segments/segment-format.js'
import type { Segment } from '../segments/segment.js'

export interface MergedTables {
  readonly table: MessageTable
  readonly gone: readonly GoneRun[]
  /** By segment: the new ordinal of each message, or HIDDEN. */
  readonly ordinals: readonly Uint32Array[]
}

/** The messages of one segment, unpacked. */
interface Source {
  readonly logs: Uint32Array
  readonly logNumbers: Float64Array
  readonly numbers: Uint32Array
  readonly times: Float64Array
  readonly lengths: Uint8Array
  readonly ids: Uint32Array
  readonly hidden: Uint8Array | undefined
  readonly count: number
  /** The next message that was not taken. */
  at: number
}

/** Not one of the new ordinals: the message is hidden. */
export const HIDDEN = 0xffffffff

const TAKEN_AT_ONCE = 4096

export async function mergeTables(merged: readonly LiveSegment[], others: readonly LiveSegment[], logs: LogsByStem, slices: Slices): Promise<MergedTables> {
  const stems = new Map<string, number>()
  const sources: Source[] = []
  for (const live of merged) {
    sources.push(await unpack(live, stems, logs))
    await slices.breathe()
  }
  const total = sources.reduce((sum, { count, hidden }) => sum + count - (hidden === undefined ? 0 : hidden.reduce((a, b) => a + b, 0)), 0)
  const table = { logs: new Uint32Array(total), numbers: new Uint32Array(total), times: new Float64Array(total), lengths: new Uint8Array(total), ids: new Uint32Array(total) }
  const ordinals = sources.map(({ count }) => new Uint32Array(count).fill(HIDDEN))
  const heap = new SourceHeap(sources)
  for (let ordinal = 0; ordinal < total; ordinal++) {
    const which = heap.first
    const source = sources[which]!
    const { at } = source
    table.logs[ordinal] = source.logs[at]!
    table.numbers[ordinal] = source.numbers[at]!
    table.times[ordinal] = source.times[at]!
    table.lengths[ordinal] = source.lengths[at]!
    table.ids[ordinal] = source.ids[at]!
    ordinals[which]![at] = ordinal
    heap.goOn()
    if (ordinal % TAKEN_AT_ONCE === 0) await slices.breathe()
  }
  const gone = mergeGone(merged, others, stems, logs)
  return { table: { ...table, stems: [...stems.keys()] }, gone, ordinals }
}

async function unpack({ segment, hidden }: LiveSegment, stems: Map<string, number>, logsByStem: LogsByStem): Promise<Source> {
  const { runs, messages: count } = segment
  const logOf = segment.stems.map((stem) => {
    const head = logsByStem.get(stem)
    if (head === undefined) return undefined
    if (!stems.has(stem)) stems.set(stem, stems.size)
    return { log: stems.get(stem)!, number: head.number }
  })
  // Commits go on: a chat log may be gone that was there when the segments were looked at. What is hidden is what searches look at as well, so it is not written into.
  const hiddenNow = logOf.includes(undefined) ? (hidden?.slice() ?? new Uint8Array(count)) : hidden
  const logs = new Uint32Array(count)
  const logNumbers = new Float64Array(count)
  const numbers = new Uint32Array(count)
  for (let run = 0; run < runs.logs.length; run++) {
    const known = logOf[runs.logs[run]!]
    if (known === undefined) {
      hiddenNow?.fill(1, runs.ordinals[run], runs.ordinals[run]! + runs.counts[run]!)
      continue
    }
    const { log, number } = known
    for (let i = 0; i < runs.counts[run]!; i++) {
      const ordinal = runs.ordinals[run]! + i
      logs[ordinal] = log
      logNumbers[ordinal] = number
      numbers[ordinal] = runs.numbers[run]! - i
    }
  }
  const times = segment.allTimes()
  const lengths = await segment.lengths()
  const ids = decodeIds(await segment.idBytes(), count)
  const source = { logs, logNumbers, numbers, times, lengths, ids, hidden: hiddenNow, count, at: -1 }
  advance(source)
  return source
}

function advance(source: Source): void {
  do source.at++
  while (source.at < source.count && source.hidden !== undefined && source.hidden[source.at] !== 0)
}

/** Sources by their next message, the newest first. */
class SourceHeap {
  readonly #sources: readonly Source[]
  readonly #heap: number[]

  constructor(sources: readonly Source[]) {
    this.#sources = sources
    this.#heap = [...sources.keys()].filter((i) => sources[i]!.at < sources[i]!.count).sort((a, b) => this.#compare(a, b))
  }

  get first(): number {
    return this.#heap[0]!
  }

  #compare(a: number, b: number): number {
    const x = this.#sources[a]!
    const y = this.#sources[b]!
    return y.times[y.at]! - x.times[x.at]! || y.logNumbers[y.at]! - x.logNumbers[x.at]! || y.numbers[y.at]! - x.numbers[x.at]!
  }

  /** The first source's message was taken. */
  goOn(): void {
    const heap = this.#heap
    const source = this.#sources[heap[0]!]!
    advance(source)
    if (source.at >= source.count) {
      heap[0] = heap.at(-1)!
      heap.pop()
    }
    for (let at = 0; ; ) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && this.#compare(heap[child]!, heap[least]!) < 0) least = child
      if (least === at) return
      ;[heap[at], heap[least]] = [heap[least]!, heap[at]!]
      at = least
    }
  }
}

/** Deleted messages that an older segment, which stays, still speaks of, and no newer one brings back. */
function mergeGone(merged: readonly LiveSegment[], others: readonly LiveSegment[], stems: Map<string, number>, logs: LogsByStem): GoneRun[] {
  const deleted = new Map<string, Map<number, number>>()
  for (const { segment } of merged) {
    for (const { log, from, count } of segment.gone) {
      const stem = segment.stems[log]!
      if (logs.get(stem) === undefined) continue
      const orders = deleted.get(stem) ?? new Map<number, number>()
      deleted.set(stem, orders)
      for (let number = from; number < from + count; number++) orders.set(number, Math.max(orders.get(number) ?? 0, segment.entry.order))
    }
  }
  const kept = new Map<string, Set<number>>()
  const broughtBack = new Map<string, Set<number>>()
  for (const { segment } of others) {
    forEachNumber(segment, (stem) => deleted.has(stem), (stem, number) => {
      const order = deleted.get(stem)!.get(number)
      if (order === undefined) return
      const into = segment.entry.order < order ? kept : broughtBack
      into.set(stem, (into.get(stem) ?? new Set()).add(number))
    })
  }
  const runs: GoneRun[] = []
  for (const [stem, numbers] of kept) {
    const log = stems.get(stem) ?? stems.size
    stems.set(stem, log)
    for (const number of [...numbers].sort((a, b) => a - b)) {
      if (broughtBack.get(stem)?.has(number) === true) continue
      const last = runs.at(-1)
      if (last?.log === log && last.from + last.count === number) runs[runs.length - 1] = { ...last, count: last.count + 1 }
      else runs.push({ log, from: number, count: 1 })
    }
  }
  return runs
}

/** Every message that a segment speaks of, of some stems. */
function forEachNumber({ stems, runs, gone }: Segment, wants: (stem: string) => boolean, visit: (stem: string, number: number) => void): void {
  const wanted = stems.map(wants)
  for (let run = 0; run < runs.logs.length; run++) {
    const log = runs.logs[run]!
    if (wanted[log] !== true) continue
    for (let i = 0; i < runs.counts[run]!; i++) visit(stems[log]!, runs.numbers[run]! - i)
  }
  for (const { log, from, count } of gone) if (wanted[log] === true) for (let number = from; number < from + count; number++) visit(stems[log]!, number)
}
