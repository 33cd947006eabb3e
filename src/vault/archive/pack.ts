// Lines <-> the plaintext of an archive's stream: deflated, in frames, padded. Implements docs/format.md, section "Archives", "Frames".

import type { Bytes } from '../../brand.js'
import { copyInto } from '../../crypto/bytes.js'
import { padme } from '../../crypto/padding.js'
import { VaultError } from '../../errors.js'

/** Bytes of a frame at most. */
const MAX_FRAME = 65_536
const LENGTH_BYTES = 4
/** Set in the length of a frame of zeros that says nothing. */
const FILLER = 0x8000_0000
/** What inflates to more than this may be no more than so many times as long as what it was packed into. */
const FREE_BYTES = 64 * 1024 * 1024
const MAX_RATIO = 200
/** Given to the engine's inflater at once: it may make a thousand times as much of it before anybody can look. */
const INFLATED_AT_ONCE = 4096

/**
 * Packs lines as they come. What compresses better than any archive may gets frames of zeros between, so that every archive that is written can be read.
 */
export function packLines(): ReadableWritablePair<Bytes, Uint8Array> {
  let original = 0
  let packed = 0
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      original += chunk.length
      controller.enqueue(chunk)
    },
  })
  const frames = new TransformStream<Uint8Array, Bytes>({
    transform(deflated, controller) {
      for (let at = 0; at < deflated.length; at += MAX_FRAME) {
        const part = deflated.subarray(at, at + MAX_FRAME)
        fill(controller)
        enqueue(frameOf(part.length, part), controller)
      }
    },
    flush(controller) {
      fill(controller)
      enqueue(frameOf(0), controller)
      for (let left = padme(packed) - packed; left > 0; left -= MAX_FRAME) controller.enqueue(new Uint8Array(Math.min(left, MAX_FRAME)))
    },
  })
  const enqueue = (frame: Bytes, controller: TransformStreamDefaultController<Bytes>): void => {
    packed += frame.length
    controller.enqueue(frame)
  }
  /** Whatever was given so far, and wherever in the frame that comes next it inflates from, it is in proportion to what was packed before that frame. */
  const fill = (controller: TransformStreamDefaultController<Bytes>): void => {
    if (original <= FREE_BYTES) return
    for (let missing = Math.ceil(original / MAX_RATIO) - packed; missing > 0; missing -= MAX_FRAME) {
      const length = Math.min(missing, MAX_FRAME)
      enqueue(frameOf(FILLER + length, new Uint8Array(length)), controller)
    }
  }
  const readable = counted.readable.pipeThrough(new CompressionStream('deflate-raw') as ReadableWritablePair<Uint8Array, Uint8Array>).pipeThrough(frames)
  return { writable: counted.writable, readable }
}

function frameOf(length: number, content?: Uint8Array): Bytes {
  const frame = new Uint8Array(LENGTH_BYTES + (content?.length ?? 0))
  new DataView(frame.buffer).setUint32(0, length)
  if (content !== undefined) frame.set(content, LENGTH_BYTES)
  return frame
}

/**
 * What `packLines` was given, in pieces of the engine's choice.
 * @throws {VaultError} `corrupt`; `archive-too-large` for what inflates out of all proportion; whatever the packed stream fails with
 */
export async function* unpackLines(packed: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const frames = new FrameReader()
  const deflated = new Deflated(packed.getReader(), frames)
  const reader = deflated.stream.pipeThrough(new DecompressionStream('deflate-raw') as ReadableWritablePair<Uint8Array, Uint8Array>).getReader()
  let original = 0
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        // Engines tell of malformed deflate by errors of many kinds, and so may what the archive comes from.
        throw deflated.failure === undefined ? damaged('deflate', error) : deflated.failure.error
      })
      if (done) return
      original += value.length
      if (original > FREE_BYTES && original > MAX_RATIO * frames.packed) throw new VaultError('archive-too-large', 'what is in this archive is out of all proportion to its size', { where: 'archive', reason: 'ratio' })
      yield value
    }
  } finally {
    // Not waited for: what the archive comes from may take its time, or never end.
    reader.cancel().catch(() => undefined)
  }
}

/** What frames hold, in pieces of one length however long the frames are: each takes memory of its own behind the inflater. */
class Deflated {
  /** What ended it before its end. */
  failure: { readonly error: unknown } | undefined
  readonly stream: ReadableStream<Uint8Array>
  readonly #packed: ReadableStreamDefaultReader<Uint8Array>
  readonly #frames: FrameReader
  #held = new Uint8Array(INFLATED_AT_ONCE)
  #length = 0

  constructor(packed: ReadableStreamDefaultReader<Uint8Array>, frames: FrameReader) {
    this.#packed = packed
    this.#frames = frames
    this.stream = new ReadableStream<Uint8Array>({ pull: (controller) => this.#pull(controller), cancel: (reason) => packed.cancel(reason) }, { highWaterMark: 0 })
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      for (let given = false; !given; ) {
        const { done, value } = await this.#packed.read()
        if (done) {
          this.#frames.end()
          if (this.#length > 0) controller.enqueue(this.#held.subarray(0, this.#length))
          controller.close()
          return
        }
        for (const content of this.#frames.read(value)) given = this.#take(content, controller) || given
      }
    } catch (error) {
      this.failure = { error }
      throw error
    }
  }

  #take(content: Uint8Array, controller: ReadableStreamDefaultController<Uint8Array>): boolean {
    let given = false
    for (let at = 0; at < content.length; ) {
      const taken = copyInto(this.#held, this.#length, content.subarray(at))
      at += taken
      this.#length += taken
      if (this.#length < INFLATED_AT_ONCE) continue
      controller.enqueue(this.#held)
      given = true
      this.#held = new Uint8Array(INFLATED_AT_ONCE)
      this.#length = 0
    }
    return given
  }
}

/** Takes frames apart, however they are cut into chunks. */
class FrameReader {
  /** Bytes taken so far. */
  packed = 0
  readonly #length = new Uint8Array(LENGTH_BYTES)
  #lengthRead = 0
  #left = 0
  #isFiller = false
  #hasEnded = false
  /** What `packed` must be in the end. */
  #whole = 0

  /** @throws {VaultError} `corrupt` when it ends in the middle, or is padded by more or less than it should be */
  end(): void {
    if (!this.#hasEnded) throw damaged('frame')
    if (this.packed !== this.#whole) throw damaged('padding')
  }

  *read(chunk: Uint8Array): Generator<Uint8Array> {
    let at = 0
    while (at < chunk.length) {
      if (this.#hasEnded) {
        if (chunk.subarray(at).some((byte) => byte !== 0)) throw damaged('padding')
        this.packed += chunk.length - at
        if (this.packed > this.#whole) throw damaged('padding')
        return
      }
      if (this.#left === 0) {
        this.#length[this.#lengthRead++] = chunk[at++]!
        this.packed++
        if (this.#lengthRead === LENGTH_BYTES) this.#begin()
        continue
      }
      const part = chunk.subarray(at, at + this.#left)
      at += part.length
      this.#left -= part.length
      this.packed += part.length
      if (!this.#isFiller) yield part
      else if (part.some((byte) => byte !== 0)) throw damaged('filler')
    }
  }

  #begin(): void {
    this.#lengthRead = 0
    const length = new DataView(this.#length.buffer).getUint32(0)
    this.#isFiller = length >= FILLER
    this.#left = this.#isFiller ? length - FILLER : length
    if (this.#left > MAX_FRAME || length === FILLER) throw damaged('frame')
    if (length !== 0) return
    this.#hasEnded = true
    this.#whole = padme(this.packed)
  }
}

function damaged(reason: string, cause?: unknown): VaultError {
  return new VaultError('corrupt', 'the archive authenticates, but its frames are malformed', { where: 'archive', reason }, cause)
}
