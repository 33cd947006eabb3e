// Cuts plaintext into the segments of a FLOE ciphertext: docs/format.md, section 13. Decides which one is the last.

import type { Bytes } from '../brand.js'
import { NONCE_BYTES } from './aead.js'
import { copyInto, wipe } from './bytes.js'
import { FLOE_IV_BYTES, FloeKeys, importFloeSecret, type RawFloeSecret } from './floe-keys.js'
import { SEGMENT_OVERHEAD, sealSegment } from './floe-segment.js'
import type { Begin, PieceCutter } from './ordered-stream.js'

/** One ciphertext; see `sealFloe`. */
export class FloeSealer implements PieceCutter {
  readonly #secret: RawFloeSecret
  readonly #segmentLength: number
  readonly #entropy: (length: number) => Bytes
  #keys: FloeKeys | undefined
  /** Plaintext of the segment that is being filled, and how much of it there is. */
  readonly #held: Bytes
  #length = 0
  #position = 0

  constructor(secret: RawFloeSecret, segmentLength: number, entropy: (length: number) => Bytes) {
    this.#secret = secret
    this.#segmentLength = segmentLength
    this.#entropy = entropy
    this.#held = new Uint8Array(segmentLength - SEGMENT_OVERHEAD)
  }

  async start(begin: Begin): Promise<void> {
    const secret = await importFloeSecret(this.#secret)
    const { header, keys } = await FloeKeys.create(secret, this.#segmentLength, this.#entropy(FLOE_IV_BYTES))
    this.#keys = keys
    await begin(() => Promise.resolve(header))
  }

  async write(chunk: Uint8Array, begin: Begin): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      // A full segment waits until more follows: it may be the last.
      if (this.#length === this.#held.length) await this.#seal(begin, false)
      const taken = copyInto(this.#held, this.#length, chunk.subarray(at))
      this.#length += taken
      at += taken
    }
  }

  async close(begin: Begin): Promise<void> {
    await this.#seal(begin, true)
  }

  end(): void {
    wipe(this.#held)
  }

  async #seal(begin: Begin, last: boolean): Promise<void> {
    const position = this.#position
    const key = await (this.#keys as FloeKeys).at(position)
    // The buffer is free again as soon as the work has begun: WebCrypto copies what it is given (W3C Web Cryptography, section 14.3.1).
    await begin(() => sealSegment(key, this.#entropy(NONCE_BYTES), this.#held.subarray(0, this.#length), position, last))
    this.#length = 0
    this.#position = position + 1
  }
}
