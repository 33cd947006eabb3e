// Inflated bytes -> lines of text, and the hash over what stands before the last one.

import { VaultError } from '../../errors.js'
import { malformed, MAX_LINE } from './archive-lines.js'

const LINE_FEED = 10

interface Hash {
  update(data: Uint8Array): unknown
}

/** Lines are decoded many at a time: a decoder for each would take longer than decoding. */
export class LineCutter {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  /** Of the line that has begun: its text, and those of its bytes that are in earlier pieces and not hashed yet. */
  #text: string[] = []
  #units = 0
  #bytes: Uint8Array[] = []
  #piece: Uint8Array = new Uint8Array(0)

  /**
   * The lines that end in this piece, without their line feeds. The piece must stay as it is until the next.
   * @throws {VaultError} `corrupt` for what is no UTF-8, `archive-too-large` for a line longer than any that is written
   */
  cut(piece: Uint8Array): string[] {
    this.#piece = piece
    const lines = this.#decode(piece).split('\n')
    const rest = lines.pop()!
    const [first] = lines
    if (first !== undefined) {
      this.#text.push(first)
      lines[0] = this.#text.join('')
      this.#text = []
      this.#units = 0
    }
    this.#text.push(rest)
    this.#units += rest.length
    if (this.#units > MAX_LINE || (lines[0]?.length ?? 0) > MAX_LINE) throw new VaultError('archive-too-large', 'a line of this archive is longer than any record may be', { where: 'archive', reason: 'line' })
    return lines
  }

  /** Hashes all lines that were cut until now. */
  hashAll(hash: Hash): void {
    this.#hash(hash, this.#piece.lastIndexOf(LINE_FEED) + 1)
  }

  /** Hashes what stands before a line of the latest piece. */
  hashBefore(hash: Hash, line: number): void {
    let end = 0
    for (let passed = 0; passed < line; passed++) end = this.#piece.indexOf(LINE_FEED, end) + 1
    this.#hash(hash, end)
  }

  /** @throws {VaultError} `corrupt` when a line has begun that does not end */
  end(): void {
    this.#decode()
    if (this.#units > 0) throw malformed(0, 'line')
  }

  #hash(hash: Hash, end: number): void {
    if (end === 0) {
      this.#bytes.push(this.#piece)
      return
    }
    for (const bytes of this.#bytes) hash.update(bytes)
    hash.update(this.#piece.subarray(0, end))
    this.#bytes = [this.#piece.subarray(end)]
  }

  #decode(piece?: Uint8Array): string {
    try {
      return this.#decoder.decode(piece, { stream: piece !== undefined })
    } catch {
      throw malformed(0, 'utf-8')
    }
  }
}
