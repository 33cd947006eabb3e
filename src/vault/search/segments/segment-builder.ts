// Gathers messages in memory and writes them as a segment.

import type { Slices } from '../../core/slices.js'
import { hashId } from './message-ids.js'
import { encodeLength } from './length-code.js'
import { exactTerm, type GoneRun, type MessageTable } from './segment-format.js'
import type { SegmentWriter } from './segment-writer.js'
import { TermTable } from './term-table.js'
import { safeCut, visitTerms } from '../words/tokenizer.js'

/** A message to be found again. */
export interface IndexedMessage {
  readonly stem: string
  /** Where its chat log stands among those of the segment: later ones come first at the same time. */
  readonly logOrder: number
  readonly number: number
  readonly id: string
  readonly senderId: string
  readonly type: string
  readonly timestamp: number
  readonly content: string
}

/** UTF-16 units cut into words before the page gets its turn. */
const PIECE = 32_768
/** Sorted before the page gets its turn. */
const MESSAGES_AT_ONCE = 1024

/** Whole numbers that grow at their end. */
class Column {
  values = new Uint32Array(1024)
  length = 0

  /** Makes room for so many more. */
  reserve(more: number): void {
    if (this.length + more <= this.values.length) return
    const grown = new Uint32Array(Math.max(this.values.length * 2, this.length + more))
    grown.set(this.values)
    this.values = grown
  }

  push(value: number): void {
    this.reserve(1)
    this.values[this.length++] = value
  }

  view(): Uint32Array {
    return this.values.subarray(0, this.length)
  }
}

/** Terms and where they stand, in the order they come. */
class PlaceColumns {
  length = 0
  terms = new Uint32Array(4096)
  positions = new Uint32Array(4096)
  spans = new Uint32Array(4096)

  reserve(more: number): void {
    if (this.length + more <= this.terms.length) return
    const grow = (values: Uint32Array): Uint32Array<ArrayBuffer> => {
      const grown = new Uint32Array(Math.max(values.length * 2, this.length + more))
      grown.set(values)
      return grown
    }
    this.terms = grow(this.terms)
    this.positions = grow(this.positions)
    this.spans = grow(this.spans)
  }

  /** Room must have been made. */
  push(term: number, position: number, span: number): void {
    const at = this.length++
    this.terms[at] = term
    this.positions[at] = position
    this.spans[at] = span
  }
}

export class SegmentBuilder {
  readonly #slices: Slices
  readonly #stems = new Map<string, number>()
  readonly #logOrders: number[] = []
  readonly #gone: GoneRun[] = []
  // By message, in the order they came.
  readonly #logs = new Column()
  readonly #numbers = new Column()
  readonly #lengths = new Column()
  readonly #ids = new Column()
  readonly #times: number[] = []
  /** Where the places of each begin. */
  readonly #starts = new Column()
  readonly #places = new PlaceColumns()
  readonly #termTable = new TermTable()
  /** Messages by sender and by type. */
  readonly #senders = new Map<string, number[]>()
  readonly #types = new Map<string, number[]>()

  constructor(slices: Slices) {
    this.#slices = slices
  }

  get messages(): number {
    return this.#times.length
  }

  /** Words so far, each as often as it stands. */
  get places(): number {
    return this.#places.length
  }

  get isEmpty(): boolean {
    return this.#times.length === 0 && this.#gone.length === 0
  }

  async add({ stem, logOrder, number, id, senderId, type, timestamp, content }: IndexedMessage): Promise<void> {
    const message = this.#times.length
    this.#logs.push(this.#logOf(stem, logOrder))
    this.#numbers.push(number)
    this.#lengths.push(encodeLength(content.length))
    this.#ids.push(hashId(id))
    this.#times.push(timestamp)
    this.#starts.push(this.#places.length)
    addTo(this.#senders, senderId, message)
    addTo(this.#types, type, message)
    if (content.length <= PIECE) {
      this.#places.reserve(termsIn(content))
      visitTerms(content, 0, this.#visit, this.#visitWord)
      return
    }
    let position = 0
    for (let from = 0; from < content.length; ) {
      const to = safeCut(content, from + PIECE)
      const piece = content.slice(from, to)
      this.#places.reserve(termsIn(piece))
      position = visitTerms(piece, position, this.#visit, this.#visitWord)
      from = to
      await this.#slices.breathe()
    }
  }

  /** A message that was deleted. */
  addGone(stem: string, logOrder: number, number: number): void {
    const log = this.#logOf(stem, logOrder)
    const last = this.#gone.at(-1)
    if (last !== undefined && last.log === log && last.from + last.count === number) this.#gone[this.#gone.length - 1] = { ...last, count: last.count + 1 }
    else this.#gone.push({ log, from: number, count: 1 })
  }

  #logOf(stem: string, logOrder: number): number {
    let log = this.#stems.get(stem)
    if (log === undefined) {
      this.#stems.set(stem, (log = this.#stems.size))
      this.#logOrders.push(logOrder)
    }
    return log
  }

  readonly #visit = (term: string, position: number, span: number): void => {
    this.#places.push(this.#termTable.idOf(term), position, span)
  }

  readonly #visitWord = (text: string, start: number, end: number, hash: number, position: number): void => {
    this.#places.push(this.#termTable.idOfWord(text, start, end, hash), position, 1)
  }

  /** Writes everything gathered; gives way to the page on the way. @param open makes the writer, once the messages are in order */
  async write(open: (table: MessageTable, gone: readonly GoneRun[]) => Promise<SegmentWriter>): Promise<SegmentWriter> {
    const order = this.#order()
    const ordinalOf = new Uint32Array(order.length)
    for (const [ordinal, message] of order.entries()) ordinalOf[message] = ordinal
    const writer = await open(this.#table(order), this.#gone)
    const senders = [...this.#senders].map(([id, messages]) => ({ term: exactTerm('s', id), messages }))
    const types = [...this.#types].map(([type, messages]) => ({ term: exactTerm('t', type), messages }))
    for (const { term, messages } of [...senders, ...types].sort(byTerm)) {
      const ordinals = Uint32Array.from(messages, (message) => ordinalOf[message]!).sort()
      writer.add(term, { ordinals, positions: ordinals, spans: ordinals, from: 0, to: ordinals.length })
    }
    const { firsts, ordinals, positions, spans } = await this.#sortPlaces(order)
    const words = this.#termTable.terms.map((term, id) => ({ term, id })).sort(byTerm)
    for (const { term, id } of words) {
      writer.add(term, { ordinals, positions, spans, from: firsts[id]!, to: firsts[id + 1]! })
      await this.#slices.breathe()
    }
    return writer
  }

  /** Messages, newest first. */
  #order(): Uint32Array {
    const times = this.#times
    const logs = this.#logs.view()
    const numbers = this.#numbers.view()
    const orders = this.#logOrders
    return Uint32Array.from(times.keys()).sort((a, b) => times[b]! - times[a]! || orders[logs[b]!]! - orders[logs[a]!]! || numbers[b]! - numbers[a]!)
  }

  #table(order: Uint32Array): MessageTable {
    const inOrder = (column: Column): Uint32Array => {
      const values = column.view()
      return order.map((message) => values[message]!)
    }
    return {
      stems: [...this.#stems.keys()],
      logs: inOrder(this.#logs),
      numbers: inOrder(this.#numbers),
      times: Float64Array.from(order, (message) => this.#times[message]!),
      lengths: Uint8Array.from(inOrder(this.#lengths)),
      ids: inOrder(this.#ids),
    }
  }

  /** All places by term, and within a term by message and position: one counting sort. */
  async #sortPlaces(order: Uint32Array): Promise<{ firsts: Uint32Array; ordinals: Uint32Array; positions: Uint32Array; spans: Uint32Array }> {
    const { length, positions: fromPositions, spans: fromSpans } = this.#places
    const terms = this.#places.terms.subarray(0, length)
    const starts = this.#starts.view()
    const firsts = new Uint32Array(this.#termTable.terms.length + 1)
    for (const term of terms) firsts[term + 1]!++
    for (let i = 1; i < firsts.length; i++) firsts[i]! += firsts[i - 1]!
    const next = firsts.slice()
    const ordinals = new Uint32Array(terms.length)
    const positions = new Uint32Array(terms.length)
    const spans = new Uint32Array(terms.length)
    for (const [ordinal, message] of order.entries()) {
      const end = message + 1 < starts.length ? starts[message + 1]! : terms.length
      if (ordinal % MESSAGES_AT_ONCE === 0) await this.#slices.breathe()
      for (let at = starts[message]!; at < end; at++) {
        const to = next[terms[at]!]!++
        ordinals[to] = ordinal
        positions[to] = fromPositions[at]!
        spans[to] = fromSpans[at]!
      }
    }
    return { firsts, ordinals, positions, spans }
  }
}

/** At least as many terms as a text can have: a compound comes beside its parts, a sign by itself and in a pair. */
function termsIn(text: string): number {
  return 2 * text.length + 1
}

function addTo(lists: Map<string, number[]>, key: string, message: number): void {
  const there = lists.get(key)
  if (there === undefined) lists.set(key, [message])
  else there.push(message)
}

function byTerm(a: { readonly term: string }, b: { readonly term: string }): number {
  return a.term < b.term ? -1 : 1
}
