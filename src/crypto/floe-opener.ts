// Cuts a FLOE ciphertext into its segments: docs/format.md, section 13. Believes of a length only that it may be one.

import type { Bytes } from '../brand.js'
import { VaultError } from '../errors.js'
import { copyInto } from './bytes.js'
import { FLOE_HEADER_BYTES, FloeKeys, type FloeSecret, floeSegmentLength, importFloeSecret, type RawFloeSecret } from './floe-keys.js'
import { corrupt, openSegment, readWord, WORD_BYTES } from './floe-segment.js'
import type { Begin, PieceCutter } from './ordered-stream.js'

/** One ciphertext; see `openFloe`. */
export class FloeOpener implements PieceCutter {
  readonly #raw: RawFloeSecret
  readonly #accepted: readonly number[]
  #secret: FloeSecret | undefined
  #keys: FloeKeys | undefined
  #segmentLength = 0
  /** The header, then one segment after the other; how much of it there is, and how much of it is known to come. */
  #held: Bytes = new Uint8Array(FLOE_HEADER_BYTES)
  #length = 0
  #wanted = FLOE_HEADER_BYTES
  #position = 0
  /** What the length word of the segment says. */
  #last = false
  #complete = false

  constructor(secret: RawFloeSecret, accepted: readonly number[]) {
    this.#raw = secret
    this.#accepted = [...accepted]
  }

  async start(): Promise<void> {
    this.#secret = await importFloeSecret(this.#raw)
  }

  async write(chunk: Uint8Array, begin: Begin): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      if (this.#complete) throw corrupt('bytes follow the end of an archive', 'trailing', this.#position)
      const taken = copyInto(this.#held.subarray(0, this.#wanted), this.#length, chunk.subarray(at))
      this.#length += taken
      at += taken
      if (this.#length < this.#wanted) continue
      if (this.#keys === undefined) await this.#openHeader()
      else if (this.#wanted === WORD_BYTES) this.#readWord()
      else await this.#open(begin)
    }
  }

  async close(): Promise<void> {
    if (this.#complete) return
    throw new VaultError('archive-truncated', 'an archive ends too early; the rest of the file is missing', { where: 'archive', number: this.#position })
  }

  end(): void {
    this.#secret = undefined
  }

  async #openHeader(): Promise<void> {
    this.#segmentLength = floeSegmentLength(this.#held, this.#accepted)
    this.#keys = await FloeKeys.open(this.#secret as FloeSecret, this.#held)
    this.#secret = undefined
    this.#held = new Uint8Array(this.#segmentLength)
    this.#expectWord()
  }

  #expectWord(): void {
    this.#length = 0
    this.#wanted = WORD_BYTES
  }

  #readWord(): void {
    const word = readWord(this.#held, this.#segmentLength)
    if (word === undefined) throw corrupt('a segment of an archive is damaged', 'segment-length', this.#position)
    this.#wanted = word.length
    this.#last = word.last
  }

  async #open(begin: Begin): Promise<void> {
    const position = this.#position
    const last = this.#last
    const key = await (this.#keys as FloeKeys).at(position)
    // The buffer is free again as soon as the work has begun, as when sealing.
    await begin(() => openSegment(key, this.#held.subarray(0, this.#wanted), position, last))
    this.#complete = last
    if (last) return
    this.#position = position + 1
    this.#expectWord()
  }
}
