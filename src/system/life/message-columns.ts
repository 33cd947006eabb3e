// Every message of a vault as four numbers in columns, 20 bytes each: what has to be known of all of them to say which are the oldest.
// Rows are in the order in which chat logs are read, which is also the order of messages of the same time.

import type { Message } from '../../index.js'

const encoder = new TextEncoder()
/** Written over again and again: only how much was written counts. */
const scratch = new Uint8Array(64 * 1024)

/** Bytes of a message: of its JSON in UTF-8, with long strings that were not loaded counted by what they take. */
export function sizeOf({ id, senderId, type, content, timestamp, metadata, deferred = [] }: Message): number {
  const text = JSON.stringify({ id, senderId, type, content, timestamp, metadata })
  const bytes = text.length * 3 <= scratch.length ? encoder.encodeInto(text, scratch).written : encoder.encode(text).length
  return deferred.reduce((sum, long) => sum + long.bytes, bytes)
}

export class MessageColumns {
  count = 0
  /** Timestamps. */
  at = new Float64Array(1024)
  bytes = new Uint32Array(1024)
  /** Which chat log, counted as they are listed. */
  log = new Uint32Array(1024)
  /** Position in its chat log. */
  number = new Uint32Array(1024)

  add(at: number, bytes: number, log: number, number: number): void {
    if (this.count === this.at.length) this.#grow(this.count * 2)
    this.at[this.count] = at
    this.bytes[this.count] = bytes
    this.log[this.count] = log
    this.number[this.count] = number
    this.count++
  }

  #grow(room: number): void {
    const grown = (column: Uint32Array): Uint32Array<ArrayBuffer> => {
      const next = new Uint32Array(room)
      next.set(column)
      return next
    }
    const at = new Float64Array(room)
    at.set(this.at)
    this.at = at
    this.bytes = grown(this.bytes)
    this.log = grown(this.log)
    this.number = grown(this.number)
  }
}

/** Of some rows, the oldest ones that together are so many messages and so many bytes at least; all of them where that is not enough. */
export function oldestOf(columns: MessageColumns, rows: Uint32Array, need: { readonly messages: number; readonly bytes: number }): Uint32Array {
  if (need.messages <= 0 && need.bytes <= 0) return new Uint32Array(0)
  // Sorting plain numbers is ten times faster than sorting rows by them, so the time of the last one is found first: with as many looks as it takes to halve the times down to one.
  const times = Float64Array.from(rows, (row) => columns.at[row]!).sort()
  const upTo = (time: number): { messages: number; bytes: number } => {
    const sum = { messages: 0, bytes: 0 }
    for (const row of rows) {
      if (columns.at[row]! > time) continue
      sum.messages++
      sum.bytes += columns.bytes[row]!
    }
    return sum
  }
  const isEnough = ({ messages, bytes }: { messages: number; bytes: number }): boolean => messages >= need.messages && bytes >= need.bytes
  let low = 0
  let high = times.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (isEnough(upTo(times[middle]!))) high = middle
    else low = middle + 1
  }
  const last = times[low] ?? -Infinity
  const older = rows.filter((row) => columns.at[row]! < last)
  const sum = { messages: older.length, bytes: older.reduce((bytes, row) => bytes + columns.bytes[row]!, 0) }
  // Of messages of one time those that are read first.
  const same: number[] = []
  for (const row of rows) {
    if (isEnough(sum)) break
    if (columns.at[row] !== last) continue
    same.push(row)
    sum.messages++
    sum.bytes += columns.bytes[row]!
  }
  return Uint32Array.from([...older, ...same])
}
