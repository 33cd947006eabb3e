// The parts of a segment that lists and words are not: which messages it covers, and where everything is.
// Implements docs/format.md, section 12, "Segment".

import { fromBase64Url, toBase64Url } from '../../../crypto/bytes.js'
import type { Slices } from '../../core/slices.js'
import { BitReader, ByteReader, ByteSink } from './bits.js'
import { malformed, mustBe, readWords } from './malformed.js'

export const FOOTER_BYTES = 64
/** Messages that share a first time. */
export const TIMES_CHUNK = 128
export const TIME_ENTRY = 12
/** Written before the page gets its turn. */
const CHUNKS_AT_ONCE = 64
const STEM_BYTES = 12
/** Messages of a chat log have no greater number. */
const MOST_NUMBER = 0xffffffff
/** Stems or runs read before the page gets its turn. */
const STEMS_AT_ONCE = 1024
/** Words of a page are this many bytes, numbers included, or a little more. */
export const WORDS_PAGE = 4096
/** Begins terms that are no words: what a filter asks for. */
export const EXACT = '\u0001'

/** The term that stands for a sender or a type. JSON, for ids may hold what UTF-8 cannot. */
export function exactTerm(kind: 's' | 't', value: string): string {
  return EXACT + kind + JSON.stringify(value)
}

/** Messages in the order of their ordinals: newest first, at the same time the later chat log, then the greater number. */
export interface MessageTable {
  /** Of the chat logs, at the places that `logs` names. */
  readonly stems: readonly string[]
  readonly logs: Uint32Array
  readonly numbers: Uint32Array
  readonly times: Float64Array
  /** Length codes. */
  readonly lengths: Uint8Array
  /** Hashes of their ids. */
  readonly ids: Uint32Array
}

/** Messages that are there no more: what older segments say of them counts no longer. */
export interface GoneRun {
  readonly log: number
  readonly from: number
  readonly count: number
}

/** Messages with falling numbers in one chat log, and falling times. */
export interface Runs {
  readonly logs: Uint32Array
  /** The greatest number. */
  readonly numbers: Uint32Array
  /** The ordinal of that one. */
  readonly ordinals: Uint32Array
  readonly counts: Uint32Array
}

export interface Footer {
  readonly messages: number
  readonly tableLength: number
  readonly timesAt: number
  readonly groupsAt: number
  readonly wordsAt: number
  readonly numbersAt: number
  readonly partsAt: number
  readonly idsAt: number
  readonly directoryAt: number
  readonly directoryLength: number
  readonly pages: number
  readonly words: number
  readonly units: number
}

const FOOTER_FIELDS = ['messages', 'tableLength', 'timesAt', 'groupsAt', 'wordsAt', 'numbersAt', 'partsAt', 'idsAt', 'directoryAt', 'directoryLength', 'pages', 'words'] as const

export function encodeFooter(footer: Footer): Uint8Array {
  const bytes = new Uint8Array(FOOTER_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [i, field] of FOOTER_FIELDS.entries()) view.setUint32(4 * i, footer[field])
  view.setFloat64(FOOTER_BYTES - 8, footer.units)
  return bytes
}

export function decodeFooter(bytes: Uint8Array): Footer {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const fields = Object.fromEntries(FOOTER_FIELDS.map((field, i) => [field, view.getUint32(4 * i)])) as Record<(typeof FOOTER_FIELDS)[number], number>
  return { ...fields, units: view.getFloat64(FOOTER_BYTES - 8) }
}

/** Words of so many of the newest messages lie apart; in a segment with few there is nothing to be gained. */
export function newMessages(messages: number): number {
  return messages < 4096 ? 0 : messages >>> 5
}

/** What the directory says of a page of words. */
export interface PageEntry {
  /** 0 for words of new messages, 1 for all others. */
  readonly tier: number
  readonly first: string
  readonly count: number
  readonly wordsAt: number
  readonly wordsLength: number
  readonly numbersAt: number
  readonly numbersLength: number
  readonly docsAt: number
  readonly docsLength: number
  readonly placesAt: number
  readonly placesLength: number
}

/** @param bytes of the directory, with SLACK bytes behind them @throws {SuspectPage} */
export function decodeDirectory(bytes: Uint8Array, footer: Footer): PageEntry[] {
  const reader = new ByteReader(bytes)
  const entries: PageEntry[] = []
  // By tier; where the second one begins is known when all of the first is.
  const wordsAt = [0, 0]
  const numbersAt = [0, 0]
  let { groupsAt } = footer
  let words = 0
  for (let left = footer.pages; left > 0; left--) {
    const head = reader.varint()
    const firstLength = Math.floor(head / 2)
    const first = readWords(bytes.subarray(reader.at, reader.at + firstLength))
    reader.at += firstLength
    const count = reader.varint()
    const wordsLength = reader.varint()
    const numbersLength = reader.varint()
    const docsLength = reader.varint()
    const placesLength = reader.varint()
    const tier = head % 2
    entries.push({ tier, first, count, wordsAt: wordsAt[tier]!, wordsLength, numbersAt: numbersAt[tier]!, numbersLength, docsAt: groupsAt, docsLength, placesAt: groupsAt + docsLength, placesLength })
    // A word takes two bytes at least, and none of a page's lengths is greater than all there is.
    mustBe(count > 0 && 2 * count <= wordsLength)
    words += count
    wordsAt[tier]! += wordsLength
    numbersAt[tier]! += numbersLength
    groupsAt += docsLength + placesLength
  }
  mustBe(reader.at === footer.directoryLength && words === footer.words && groupsAt === footer.wordsAt)
  mustBe(footer.wordsAt + wordsAt[0]! + wordsAt[1]! === footer.numbersAt && footer.numbersAt + numbersAt[0]! + numbersAt[1]! === footer.partsAt)
  const before = (tier: number, lengths: readonly number[]): number => (tier === 0 ? 0 : lengths[0]!)
  return entries.map((entry) => ({ ...entry, wordsAt: footer.wordsAt + before(entry.tier, wordsAt) + entry.wordsAt, numbersAt: footer.numbersAt + before(entry.tier, numbersAt) + entry.numbersAt }))
}

/** Chat logs, runs and what is gone. */
export function encodeTable({ stems, logs, numbers }: MessageTable, gone: readonly GoneRun[]): Uint8Array {
  const sink = new ByteSink()
  sink.varint(stems.length)
  for (const stem of stems) sink.bytes(fromBase64Url(stem))
  const runs: number[] = []
  for (let i = 0; i < logs.length; i++) {
    const continues = i > 0 && logs[i] === logs[i - 1] && numbers[i] === numbers[i - 1]! - 1
    if (continues) runs[runs.length - 1]!++
    else runs.push(logs[i]!, numbers[i]!, 1)
  }
  sink.varint(runs.length / 3)
  const expected = new ExpectedNumbers()
  let before = 0
  for (let i = 0; i < runs.length; i += 3) {
    const [log, number, count] = [runs[i]!, runs[i + 1]!, runs[i + 2]!]
    const step = log - before
    before = log
    const follows = expected.get(log) === number
    sink.varint(step < 0 ? -2 * step - 1 : 2 * step)
    sink.varint(2 * count + (follows ? 0 : 1))
    if (!follows) sink.varint(number)
    expected.note(log, number, count)
  }
  sink.varint(gone.length)
  for (const { log, from, count } of gone) {
    sink.varint(log)
    sink.varint(from)
    sink.varint(count)
  }
  return sink.view().slice()
}

/** The run of a chat log mostly goes on where its run before ended. */
class ExpectedNumbers {
  readonly #next = new Map<number, number>()

  get(log: number): number {
    return this.#next.get(log) ?? -1
  }

  note(log: number, number: number, count: number): void {
    this.#next.set(log, number - count)
  }
}

export interface DecodedTable {
  readonly stems: readonly string[]
  readonly runs: Runs
  readonly gone: readonly GoneRun[]
}

/** Gives way to the page on the way: there are as many stems as chats. @param bytes of the table, with SLACK bytes behind them @throws {SuspectPage} */
export async function decodeTable(bytes: Uint8Array, { tableLength, messages }: Footer, slices: Slices): Promise<DecodedTable> {
  const reader = new ByteReader(bytes)
  const stems: string[] = []
  let left = reader.varint()
  mustBe(left * STEM_BYTES <= tableLength)
  for (; left > 0; left--) {
    stems.push(toBase64Url(bytes.subarray(reader.at, reader.at + STEM_BYTES)))
    reader.at += STEM_BYTES
    if (left % STEMS_AT_ONCE === 0) await slices.breathe()
  }
  const count = reader.varint()
  // One takes two bytes at least.
  mustBe(2 * count <= tableLength)
  const runs = { logs: new Uint32Array(count), numbers: new Uint32Array(count), ordinals: new Uint32Array(count), counts: new Uint32Array(count) }
  const expected = new ExpectedNumbers()
  let log = 0
  let ordinal = 0
  for (let i = 0; i < count; i++) {
    const step = reader.varint()
    log += step % 2 === 0 ? step / 2 : -(step + 1) / 2
    const counted = reader.varint()
    const count = Math.floor(counted / 2)
    const number = counted % 2 === 0 ? expected.get(log) : reader.varint()
    if (!(log >= 0 && log < stems.length && count > 0 && number >= count - 1 && number <= MOST_NUMBER)) throw malformed()
    expected.note(log, number, count)
    runs.logs[i] = log
    runs.numbers[i] = number
    runs.ordinals[i] = ordinal
    runs.counts[i] = count
    ordinal += count
    if (i % STEMS_AT_ONCE === 0) await slices.breathe()
  }
  const gone: GoneRun[] = []
  for (left = reader.varint(); left > 0; left--) {
    const run = { log: reader.varint(), from: reader.varint(), count: reader.varint() }
    mustBe(run.log < stems.length && run.from + run.count - 1 <= MOST_NUMBER)
    gone.push(run)
  }
  mustBe(ordinal === messages && reader.at === tableLength)
  return { stems, runs, gone }
}

/** First times of chunks, and where the steps to the others are; then the steps. Whole milliseconds take few bits, others eight bytes. */
export async function encodeTimes(times: Float64Array, slices: Slices): Promise<Uint8Array> {
  const steps = new ByteSink()
  const chunks = Math.ceil(times.length / TIMES_CHUNK)
  const directory = new Uint8Array(chunks * TIME_ENTRY)
  const view = new DataView(directory.buffer)
  for (let chunk = 0; chunk < chunks; chunk++) {
    const first = chunk * TIMES_CHUNK
    const end = Math.min(times.length, first + TIMES_CHUNK)
    if (chunk % CHUNKS_AT_ONCE === 0) await slices.breathe()
    view.setFloat64(chunk * TIME_ENTRY, times[first]!)
    view.setUint32(chunk * TIME_ENTRY + 8, steps.length)
    if (!areWhole(times, first, end)) {
      steps.byte(NOT_WHOLE)
      for (let i = first + 1; i < end; i++) steps.bytes(bigEndian(times[i]!))
      continue
    }
    const parameter = stepParameter(times, first, end)
    steps.byte(parameter)
    for (let i = first + 1; i < end; i++) steps.exponential(times[i - 1]! - times[i]!, parameter)
    steps.align()
  }
  const bytes = new Uint8Array(directory.length + steps.length)
  bytes.set(directory)
  bytes.set(steps.view(), directory.length)
  return bytes
}

/** Longer ones than this many milliseconds, some seventy thousand years, are kept as they are. */
const LONGEST_STEP = 2 ** 51
/** In place of a parameter: the times follow as they are. */
const NOT_WHOLE = 255

function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, value)
  return bytes
}

/** Half of the steps are about as long as 2^k; the longest must leave no more than 31 bits above it. */
function stepParameter(times: Float64Array, first: number, end: number): number {
  const byBits = new Uint8Array(54)
  let longest = 0
  for (let i = first + 1; i < end; i++) {
    const step = times[i - 1]! - times[i]!
    const bits = step < 1 ? 0 : Math.floor(Math.log2(step)) + 1
    byBits[bits]!++
    if (bits > longest) longest = bits
  }
  let half = (end - first - 1) / 2
  let middle = 0
  while (middle < 53 && (half -= byBits[middle]!) > 0) middle++
  return Math.min(31, Math.max(middle - 1, longest - 30, 0))
}

function areWhole(times: Float64Array, first: number, end: number): boolean {
  for (let i = first; i < end; i++) if (!Number.isSafeInteger(times[i]) || !(times[first]! - times[i]! < LONGEST_STEP)) return false
  return true
}

/** The times of one chunk. @param bytes of its steps, with SLACK bytes behind them @throws {SuspectPage} */
export function decodeTimes(bytes: Uint8Array, firstTime: number, count: number): Float64Array {
  const times = new Float64Array(count)
  times[0] = firstTime
  const parameter = bytes[0]!
  if (parameter === NOT_WHOLE) {
    mustBe(bytes.length >= 1 + 8 * (count - 1))
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    for (let i = 1; i < count; i++) times[i] = view.getFloat64(1 + 8 * (i - 1))
    return times
  }
  const reader = new BitReader(bytes, 1)
  for (let i = 1; i < count; i++) times[i] = times[i - 1]! - reader.exponential(parameter)
  return times
}
