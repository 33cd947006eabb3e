// Bytes through a transform and out again, and what a stream that fails has given out until then.

import type { Bytes } from '../../src/brand.ts'
import { concat } from '../../src/crypto/bytes.ts'

export interface Outcome {
  /** What could be read, chunk by chunk. */
  readonly chunks: Bytes[]
  /** What the readable end failed with; undefined when it closed. */
  readonly error: unknown
  /** What writing or closing failed with. */
  readonly writeError: unknown
}

/** Writes all of the chunks, reads all there is, and never throws. */
export async function run(stream: TransformStream<Uint8Array, Bytes>, chunks: Iterable<Uint8Array>): Promise<Outcome> {
  const writing = writeAll(stream.writable, chunks).then(
    () => undefined,
    (error: unknown) => error,
  )
  const read: Bytes[] = []
  let error: unknown
  const reader = stream.readable.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      read.push(value)
    }
  } catch (failure) {
    error = failure
  }
  return { chunks: read, error, writeError: await writing }
}

/** What comes out, as one. Throws what the stream fails with. */
export async function passed(stream: TransformStream<Uint8Array, Bytes>, ...chunks: Uint8Array[]): Promise<Bytes> {
  const { chunks: read, error, writeError } = await run(stream, chunks)
  if (error !== undefined) throw error
  if (writeError !== undefined) throw writeError
  return concat(...read)
}

/** The bytes in pieces of `size`, the last one less. */
export function cut(bytes: Bytes, size: number): Bytes[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
}

async function writeAll(writable: WritableStream<Uint8Array>, chunks: Iterable<Uint8Array>): Promise<void> {
  const writer = writable.getWriter()
  // It rejects together with the write that is awaited.
  writer.closed.catch(() => {})
  for (const chunk of chunks) await writer.write(chunk)
  await writer.close()
}
