// A transform that works on several pieces at once and gives them out in order, with a bound on what it holds. The
// platform's TransformStream has no such bound: what one large chunk becomes is queued whole, whoever reads how slowly.

import type { Bytes } from '../brand.js'

/** Pieces begun and not yet read. WebCrypto works on a few threads; more pieces would only take memory. */
const MAX_PIECES = 8

/**
 * Begins the work of one piece once there is room for it; its result comes out after those begun before. Only one call
 * at a time. Rejects when the stream was aborted, cancelled or failed in the meantime; `work` is not called then.
 */
export type Begin = (work: () => Promise<Bytes>) => Promise<void>

/** Cuts what comes in into pieces of work. What a method throws comes out after the pieces begun before it. */
export interface PieceCutter {
  /** Called first. */
  start(begin: Begin): Promise<void>
  /** Called for each chunk, one at a time. The chunk is the writer's again when the promise resolves. */
  write(chunk: Uint8Array, begin: Begin): Promise<void>
  /** Called when no more chunks come. */
  close(begin: Begin): Promise<void>
  /** Nothing is begun after this, whatever the reason: lets go of what it holds. May be called twice. */
  end(): void
}

/**
 * The two ends around a cutter. A piece is read when it and all before it have succeeded; the first failure in their order
 * fails the readable end, and nothing comes after. At most 8 pieces are held, however large the chunks are.
 * Aborting or cancelling settles both ends at once.
 */
export function orderedStream(cutter: PieceCutter): TransformStream<Uint8Array, Bytes> {
  const pieces = new Pieces(cutter)
  const readable = new ReadableStream<Bytes>(
    {
      start: (controller) => {
        pieces.reader = controller
      },
      pull: () => pieces.giveOut(),
      cancel: (reason) => pieces.fail(reason),
    },
    // Nothing waits in the stream's own queue: a piece leaves the bound when somebody reads it.
    { highWaterMark: 0 },
  )
  const writable = new WritableStream<Uint8Array>({
    start: (controller) => {
      pieces.writer = controller
      // The sink's own abort is called only when a write under way has ended, which may wait for a reader that is gone.
      controller.signal.addEventListener('abort', () => pieces.stop(controller.signal.reason))
      return pieces.take((begin) => cutter.start(begin))
    },
    write: (chunk) =>
      pieces.take((begin) => {
        checkChunk(chunk)
        return cutter.write(chunk, begin)
      }),
    close: () => pieces.close(),
    abort: (reason) => pieces.stop(reason),
  })
  return { readable, writable }
}

class Pieces {
  reader: ReadableStreamDefaultController<Bytes> | undefined
  writer: WritableStreamDefaultController | undefined
  readonly #cutter: PieceCutter
  /** In the order in which they were begun; each stays until it is read. */
  #results: Promise<Bytes>[] = []
  #closed = false
  #stopped: { reason: unknown } | undefined
  #waiting: (() => void)[] = []

  constructor(cutter: PieceCutter) {
    this.#cutter = cutter
  }

  /** Runs one step of the cutter. */
  async take(step: (begin: Begin) => Promise<void>): Promise<void> {
    try {
      await step((work) => this.#begin(work))
    } catch (error) {
      this.#cutter.end()
      this.#push(Promise.reject(error))
      throw error
    }
  }

  /** Resolves when all pieces have succeeded, read or not. */
  async close(): Promise<void> {
    await this.take((begin) => this.#cutter.close(begin))
    this.#cutter.end()
    this.#closed = true
    this.#wake()
    await Promise.all(this.#results)
  }

  /** Gives out the next piece when it is ready: what a read waits for. */
  async giveOut(): Promise<void> {
    while (this.#results.length === 0 && !this.#closed && this.#stopped === undefined) await this.#change()
    const [next] = this.#results
    if (next === undefined) {
      if (this.#stopped === undefined) this.reader?.close()
      return
    }
    try {
      const piece = await next
      // Stopped while it was made: nobody may see it any more.
      if (this.#stopped !== undefined) return
      void this.#results.shift()
      this.#wake()
      this.reader?.enqueue(piece)
    } catch (error) {
      this.fail(error)
    }
  }

  /** Fails both ends at once. */
  fail(reason: unknown): void {
    this.stop(reason)
    this.writer?.error(reason)
  }

  /** Fails the readable end at once and lets go of everything. Later reasons do not count. Who aborts fails the other end. */
  stop(reason: unknown): void {
    if (this.#stopped !== undefined) return
    this.#stopped = { reason }
    this.#results = []
    this.#cutter.end()
    this.#wake()
    this.reader?.error(reason)
  }

  async #begin(work: () => Promise<Bytes>): Promise<void> {
    while (this.#results.length >= MAX_PIECES && this.#stopped === undefined) await this.#change()
    if (this.#stopped !== undefined) throw this.#stopped.reason
    this.#push(work())
  }

  #push(result: Promise<Bytes>): void {
    // Who reads gets the failure; until then, and when nobody reads any more, it must not count as unhandled.
    result.catch(() => {})
    if (this.#stopped !== undefined) return
    this.#results.push(result)
    this.#wake()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

function checkChunk(chunk: unknown): void {
  // An ArrayBuffer has no length and would vanish without a word. By name, for arrays of another realm.
  if (Object.prototype.toString.call(chunk) !== '[object Uint8Array]') throw new TypeError('a chunk must be a Uint8Array')
}
