// A hash over much that comes in pieces, made block by block by the engine, beside the page's thread: WebCrypto hashes no stream, and hashing in
// JavaScript takes a fifth of the time an export has. Implements docs/format.md, section "Archives", "Hash".

import type { Bytes } from '../brand.js'
import { createSha256 } from './blind.js'
import { copyInto } from './bytes.js'
import { subtle } from './subtle.js'

/** Bytes of a block; the last has what is left. */
export const HASH_BLOCK = 262_144
const BLOCKS_AT_ONCE = 4

/** SHA-256 over the SHA-256 of each block, in order. A checksum, no protection against who can write. */
export class BlockHash {
  readonly #ofBlocks = createSha256()
  readonly #block = new Uint8Array(HASH_BLOCK)
  #length = 0
  #inFlight = 0
  /** Resolves when all blocks begun so far are in `#ofBlocks`. */
  #done: Promise<void> = Promise.resolve()

  /** Takes what is given before it returns: the bytes are the caller's again. */
  update(data: Uint8Array): void {
    for (let at = 0; at < data.length; ) {
      const taken = copyInto(this.#block, this.#length, data.subarray(at))
      at += taken
      this.#length += taken
      if (this.#length === HASH_BLOCK) this.#begin(this.#block)
    }
  }

  /** To be awaited between updates, so that what comes faster than it is hashed does not pile up. */
  async settle(): Promise<void> {
    if (this.#inFlight > BLOCKS_AT_ONCE) await this.#done
  }

  /** The 32 bytes; nothing may follow. */
  async digest(): Promise<Bytes> {
    if (this.#length > 0) this.#begin(this.#block.subarray(0, this.#length))
    await this.#done
    return this.#ofBlocks.digest()
  }

  #begin(block: Bytes): void {
    // The engine copies what it is given before this returns.
    const digest = subtle().digest('SHA-256', block)
    this.#length = 0
    this.#inFlight++
    const done = this.#done.then(async () => {
      this.#ofBlocks.update(new Uint8Array(await digest))
      this.#inFlight--
    })
    // Whoever asks for the digest hears of a failure.
    done.catch(() => undefined)
    digest.catch(() => undefined)
    this.#done = done
  }
}
