// An archive as somebody has it: a file, a stream, bytes. Its head is read here, the rest goes on as a stream.

import type { Bytes } from '../../brand.js'
import { concat } from '../../crypto/bytes.js'
import { VaultError } from '../../errors.js'
import { ARCHIVE_PREFIX, decodeArchiveHeader, readArchivePrefix, type ArchiveHeader } from './archive-header.js'

/** An archive, from its first byte on. A stream is read once and to its end. */
export type ArchiveSource = Blob | ReadableStream<Uint8Array> | Uint8Array

/**
 * @param signal ends reading at once, be it here or later in the body, even where the source gives nothing any more
 * @throws {VaultError} `corrupt`, `unsupported-version`, `archive-too-large`, `archive-truncated`; the signal's reason; whatever the source fails with
 */
export async function readArchiveHead(source: ArchiveSource, signal?: AbortSignal): Promise<{ readonly header: ArchiveHeader; readonly body: ReadableStream<Uint8Array> }> {
  const whole = streamOf(source)
  const reader = (signal === undefined ? whole : endedBy(whole, signal)).getReader()
  let left: Uint8Array = new Uint8Array(0)
  const take = async (length: number): Promise<Bytes> => {
    const parts: Uint8Array[] = []
    for (let missing = length; missing > 0; ) {
      if (left.length === 0) {
        const { done, value } = await reader.read()
        if (done) throw new VaultError('archive-truncated', 'this file ends before its header does; it is no archive, or it was not copied whole', { where: 'archive', reason: 'header' })
        left = value
      }
      const part = left.subarray(0, missing)
      parts.push(part)
      missing -= part.length
      left = left.subarray(part.length)
    }
    return concat(...parts)
  }
  try {
    const prefix = await take(ARCHIVE_PREFIX)
    const header = decodeArchiveHeader(prefix, await take(readArchivePrefix(prefix)))
    return { header, body: restOf(reader, left) }
  } catch (error) {
    letGo(reader, error)
    throw error
  }
}

/** Cancels, without waiting: one half of a stream that was split says that it is cancelled when the other half is, too. */
export function letGo(stream: Pick<ReadableStream, 'cancel'>, reason?: unknown): void {
  stream.cancel(reason).catch(() => undefined)
}

/** The stream until the signal says so. Not by a pipe's signal: in WebKit that waits for the read that is under way. */
function endedBy(stream: ReadableStream<Uint8Array>, signal: AbortSignal): ReadableStream<Uint8Array> {
  const reader = stream.getReader()
  let stop = (): void => undefined
  const forget = (): void => signal.removeEventListener('abort', stop)
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        stop = () => {
          controller.error(signal.reason)
          letGo(reader, signal.reason)
        }
        signal.addEventListener('abort', stop, { once: true })
      },
      async pull(controller) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          forget()
          throw error
        })
        if (signal.aborted) return
        if (!done) {
          controller.enqueue(value)
          return
        }
        forget()
        controller.close()
      },
      cancel(reason) {
        forget()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

function streamOf(source: ArchiveSource): ReadableStream<Uint8Array> {
  if (source instanceof Uint8Array) return new Blob([source as Bytes]).stream()
  return source instanceof ReadableStream ? source : source.stream()
}

function restOf(reader: ReadableStreamDefaultReader<Uint8Array>, begun: Uint8Array): ReadableStream<Uint8Array> {
  let first: Uint8Array | undefined = begun.length > 0 ? begun : undefined
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (first !== undefined) {
          controller.enqueue(first)
          first = undefined
          return
        }
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
