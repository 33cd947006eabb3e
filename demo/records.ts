// Cuts a stream of bytes into the records it holds, lines or the entries of one JSON array, without decoding it: the bytes
// that matter here (line feeds, quotes, brackets, commas) are never part of another character in UTF-8.

export interface FileRecord {
  /** "line 12" or "entry 12", counted from 1. */
  readonly place: string
  readonly bytes: Uint8Array
}

/** Far over any real conversation, far under what would bring a page down. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024

const LINE_FEED = 0x0a
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPENING = new Set([0x5b, 0x7b])
const CLOSING = new Set([0x5d, 0x7d])
/** Spaces, and the three bytes of a byte order mark. */
const BLANK = new Set([0x20, 0x09, 0x0d, LINE_FEED, 0xef, 0xbb, 0xbf])

const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => BLANK.has(byte))

export class RecordSplitter {
  #form: 'unknown' | 'lines' | 'array' = 'unknown'
  #rest: Uint8Array[] = []
  #restBytes = 0
  #number = 0
  #depth = 0
  #inString = false
  #escaped = false
  #ended = false

  #keep(piece: Uint8Array): void {
    if (piece.length === 0 || this.#ended) return
    this.#rest.push(piece)
    this.#restBytes += piece.length
    if (this.#restBytes > MAX_RECORD_BYTES) throw new Error(`conversation ${this.#number + 1} of the file is longer than 64 MiB`)
  }

  /** @throws {Error} when one record is too large to be held */
  *push(chunk: Uint8Array): Generator<FileRecord, void, undefined> {
    if (this.#form === 'unknown') {
      const first = chunk.find((byte) => !BLANK.has(byte))
      if (first !== undefined) this.#form = first === 0x5b ? 'array' : 'lines'
    }
    if (this.#form === 'unknown') this.#keep(chunk)
    else if (this.#form === 'lines') yield* this.#lines(chunk)
    else yield* this.#entries(chunk)
  }

  /** @throws {Error} when the array does not end */
  *end(): Generator<FileRecord, void, undefined> {
    if (this.#form === 'array' && !this.#ended) throw new Error('the file ends in the middle of a conversation')
    if (this.#form === 'lines') yield* this.#take('line', new Uint8Array())
  }

  *#lines(chunk: Uint8Array): Generator<FileRecord, void, undefined> {
    let from = 0
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, from)) {
      yield* this.#take('line', chunk.subarray(from, at))
      from = at + 1
    }
    this.#keep(chunk.subarray(from))
  }

  *#entries(chunk: Uint8Array): Generator<FileRecord, void, undefined> {
    let from = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (byte === BACKSLASH) this.#escaped = true
        else if (byte === QUOTE) this.#inString = false
      } else if (byte === QUOTE) this.#inString = true
      else if (OPENING.has(byte)) {
        // What stands before the array is a byte order mark or space.
        if (this.#depth++ === 0) from = at + 1
      } else if (CLOSING.has(byte) || (byte === COMMA && this.#depth === 1)) {
        if (byte !== COMMA) this.#depth--
        if (this.#depth > (byte === COMMA ? 1 : 0)) continue
        yield* this.#take('entry', chunk.subarray(from, at))
        from = at + 1
        if (byte !== COMMA) this.#ended = true
      }
    }
    this.#keep(chunk.subarray(from))
  }

  *#take(unit: string, last: Uint8Array): Generator<FileRecord, void, undefined> {
    const bytes = this.#rest.length === 0 ? last : new Uint8Array(this.#restBytes + last.length)
    if (this.#rest.length > 0) {
      let at = 0
      for (const piece of [...this.#rest, last]) {
        bytes.set(piece, at)
        at += piece.length
      }
    }
    this.#rest = []
    this.#restBytes = 0
    this.#number++
    if (!isBlank(bytes)) yield { place: `${unit} ${this.#number}`, bytes }
  }
}
