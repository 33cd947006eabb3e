// A stream of what a generator yields: nothing is made before it is asked for.

import type { Bytes } from '../../brand.js'

/** @param ended told once how it ended: with nothing, or with what it failed or was cancelled with */
export function streamOfPieces(pieces: AsyncGenerator<Bytes, void, undefined>, ended: (outcome: { readonly error?: unknown }) => unknown = () => undefined): ReadableStream<Bytes> {
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        try {
          const { done, value } = await pieces.next()
          if (!done) {
            controller.enqueue(value)
            return
          }
          // What is kept of it is kept when the stream says that it has ended.
          await ended({})
          controller.close()
        } catch (error) {
          ended({ error })
          throw error
        }
      },
      async cancel(reason: unknown) {
        ended({ error: reason ?? new DOMException('nobody read this stream to its end', 'AbortError') })
        await pieces.return()
      },
    },
    { highWaterMark: 0 },
  )
}
