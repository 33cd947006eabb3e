import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Bytes } from '../../src/brand.ts'
import { concat } from '../../src/crypto/bytes.ts'
import { openFloe, sealFloe } from '../../src/crypto/floe.ts'
import { type Begin, orderedStream, type PieceCutter } from '../../src/crypto/ordered-stream.ts'
import { vaultError } from './errors.ts'
import { counting } from './hex.ts'
import { cut, passed, run } from './streams.ts'

/** Every byte written is a piece of its own, which is ready when the test says so. */
class ByHand implements PieceCutter {
  readonly begun: number[] = []
  readonly settle: { ready(): void; fail(error: unknown): void }[] = []
  ended = 0

  async start(): Promise<void> {}

  async write(chunk: Uint8Array, begin: Begin): Promise<void> {
    for (const byte of chunk) {
      await begin(() => {
        this.begun.push(byte)
        return new Promise((resolve, reject) => this.settle.push({ ready: () => resolve(Uint8Array.of(byte)), fail: reject }))
      })
    }
  }

  async close(): Promise<void> {}

  end(): void {
    this.ended++
  }
}

/** Longer than all that is ready takes. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 5))

const unhandled: unknown[] = []
const onUnhandled = (event: unknown) => void unhandled.push(event)
const node = (globalThis as { process?: { on?(name: string, listener: (reason: unknown) => void): void; off?(name: string, listener: (reason: unknown) => void): void } }).process
beforeEach(() => {
  unhandled.length = 0
  node?.on?.('unhandledRejection', onUnhandled)
  globalThis.addEventListener?.('unhandledrejection', onUnhandled)
})
afterEach(async () => {
  await turn()
  node?.off?.('unhandledRejection', onUnhandled)
  globalThis.removeEventListener?.('unhandledrejection', onUnhandled)
  expect(unhandled).toEqual([])
})

const opened = () => {
  const cutter = new ByHand()
  const { readable, writable } = orderedStream(cutter)
  const [reader, writer] = [readable.getReader(), writable.getWriter()]
  for (const { closed } of [reader, writer]) closed.catch(() => {})
  return { cutter, reader, writer }
}
/** What a promise came to, once everything has had its turn. */
async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise.then((value) => ({ value }), (error: unknown) => ({ error })), turn().then(() => 'waiting')])
}

describe('pieces', () => {
  test('come out in the order in which they were begun, whatever is ready first', async () => {
    const { cutter, reader, writer } = opened()
    await writer.write(Uint8Array.of(1, 2, 3))
    const first = reader.read()
    cutter.settle[2]?.ready()
    cutter.settle[1]?.ready()
    expect(await outcomeOf(first)).toBe('waiting')
    cutter.settle[0]?.ready()
    expect([(await first).value, (await reader.read()).value, (await reader.read()).value].map((piece) => piece?.[0])).toEqual([1, 2, 3])
    await writer.close()
    expect((await reader.read()).done).toBe(true)
    expect(cutter.ended).toBeGreaterThan(0)
  })

  test('come out as soon as they are ready, without waiting for more to be written', async () => {
    const { cutter, reader, writer } = opened()
    const read = reader.read()
    await writer.write(Uint8Array.of(1))
    cutter.settle[0]?.ready()
    expect((await read).value?.[0]).toBe(1)
  })

  test('are begun 8 at a time when nobody reads, and one more for each that is read', async () => {
    const { cutter, reader, writer } = opened()
    const writing = writer.write(counting(20))
    expect(await outcomeOf(writing)).toBe('waiting')
    expect(cutter.begun).toHaveLength(8)
    for (const piece of cutter.settle) piece.ready()
    await turn()
    expect(cutter.begun).toHaveLength(8)
    for (let read = 1; read <= 12; read++) {
      await reader.read()
      await turn()
      cutter.settle.at(-1)?.ready()
      expect(cutter.begun).toHaveLength(8 + read)
    }
    await writing
    expect(writer.desiredSize).toBe(1)
  })

  test('that fail let those before them out, and nothing after', async () => {
    const { cutter, reader, writer } = opened()
    await writer.write(Uint8Array.of(1, 2, 3))
    const closing = writer.close()
    closing.catch(() => {})
    cutter.settle[2]?.ready()
    cutter.settle[1]?.fail('damaged')
    cutter.settle[0]?.ready()
    expect((await reader.read()).value?.[0]).toBe(1)
    await expect(reader.read()).rejects.toBe('damaged')
    await expect(reader.read()).rejects.toBe('damaged')
    await expect(closing).rejects.toBe('damaged')
  })

  test('that fail stop a write that waits', async () => {
    const { cutter, reader, writer } = opened()
    const writing = writer.write(counting(20))
    writing.catch(() => {})
    await turn()
    cutter.settle[0]?.fail('damaged')
    await expect(reader.read()).rejects.toBe('damaged')
    await expect(writing).rejects.toBe('damaged')
    await expect(writer.closed).rejects.toBe('damaged')
    expect(cutter.begun).toHaveLength(8)
  })

  test('closing tells of a failure that nobody has read', async () => {
    const { cutter, reader, writer } = opened()
    await writer.write(Uint8Array.of(1, 2))
    const closing = writer.close()
    closing.catch(() => {})
    cutter.settle[1]?.fail('damaged')
    cutter.settle[0]?.ready()
    await expect(closing).rejects.toBe('damaged')
    expect((await reader.read()).value?.[0]).toBe(1)
    await expect(reader.read()).rejects.toBe('damaged')
  })
})

describe('an end that gives up', () => {
  test('aborting settles a write and a read that wait, at once', async () => {
    const { cutter, reader, writer } = opened()
    const [writing, reading] = [writer.write(counting(20)), reader.read()]
    for (const promise of [writing, reading]) promise.catch(() => {})
    await turn()
    expect(cutter.begun).toHaveLength(8)
    const aborting = writer.abort('enough')
    expect(await Promise.all([writing, reading].map(outcomeOf))).toEqual([{ error: 'enough' }, { error: 'enough' }])
    expect(await outcomeOf(aborting)).toEqual({ value: undefined })
    await expect(reader.closed).rejects.toBe('enough')
    // What was under way may end as it likes.
    cutter.settle[0]?.fail('late')
    cutter.settle[1]?.ready()
    await expect(reader.read()).rejects.toBe('enough')
    expect(cutter.begun.length).toBeLessThanOrEqual(8)
    expect(cutter.ended).toBeGreaterThan(0)
  })

  test('aborting settles when nothing waits', async () => {
    const { reader, writer } = opened()
    await writer.abort('enough')
    await expect(reader.read()).rejects.toBe('enough')
    await expect(writer.write(counting(1))).rejects.toBe('enough')
  })

  test('cancelling settles a write that waits, and what was under way is dropped', async () => {
    const { cutter, reader, writer } = opened()
    const writing = writer.write(counting(20))
    writing.catch(() => {})
    await turn()
    await reader.cancel('enough')
    expect(await outcomeOf(writing)).toEqual({ error: 'enough' })
    await expect(writer.closed).rejects.toBe('enough')
    cutter.settle[3]?.fail('late')
    expect(cutter.begun).toHaveLength(8)
    expect(cutter.ended).toBeGreaterThan(0)
  })

  test('cancelling while a read waits gives nothing out', async () => {
    const { cutter, reader, writer } = opened()
    await writer.write(Uint8Array.of(1))
    const reading = reader.read()
    await reader.cancel('enough')
    cutter.settle[0]?.ready()
    expect(await reading).toEqual({ done: true, value: undefined })
    await expect(writer.closed).rejects.toBe('enough')
  })

  test('cancelling while it closes settles both', async () => {
    const { cutter, reader, writer } = opened()
    await writer.write(Uint8Array.of(1))
    const closing = writer.close()
    closing.catch(() => {})
    await reader.cancel('enough')
    cutter.settle[0]?.ready()
    expect(await outcomeOf(closing)).not.toBe('waiting')
  })

  test('cancelling and aborting when all is over change nothing', async () => {
    const { cutter, reader, writer } = opened()
    await writer.write(Uint8Array.of(1))
    cutter.settle[0]?.ready()
    await writer.close()
    await writer.abort('late')
    expect((await reader.read()).value?.[0]).toBe(1)
    expect((await reader.read()).done).toBe(true)
    await reader.cancel('late')
    expect(await outcomeOf(writer.closed)).toEqual({ value: undefined })
  })

  test('no chunk of another kind is taken: it would be lost', async () => {
    for (const chunk of ['text', counting(4).buffer, [1, 2], undefined, new Uint16Array(2)]) {
      const { cutter, reader, writer } = opened()
      await expect(writer.write(chunk as never)).rejects.toThrow(TypeError)
      expect(cutter.ended).toBeGreaterThan(0)
      await expect(reader.read()).rejects.toThrow(TypeError)
    }
  })
})

describe('FLOE through pipes', () => {
  const key = counting(32)
  const data = counting(5)
  const SEGMENT = 4096

  /** Chunks of `size`, counted, without end unless told. */
  function source(size: number, count = Number.POSITIVE_INFINITY) {
    const given = { chunks: 0, cancelled: undefined as unknown }
    const stream = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          if (given.chunks === count) return controller.close()
          given.chunks++
          controller.enqueue(new Uint8Array(size).fill(given.chunks))
        },
        cancel: (reason) => {
          given.cancelled = reason
        },
      },
      { highWaterMark: 0 },
    )
    return { given, stream }
  }

  test('a reader that stops reading stops the source after a few segments', async () => {
    const { given, stream } = source(SEGMENT)
    const reader = stream.pipeThrough(sealFloe(key, data, SEGMENT)).pipeThrough(openFloe(key, data, [SEGMENT])).getReader()
    for (let read = 1; read <= 5; read++) {
      expect((await reader.read()).done).toBe(false)
      await turn()
      // Two transforms with 8 pieces each, and a chunk or two between them.
      expect(given.chunks).toBeLessThanOrEqual(24 + read)
    }
    await reader.cancel('enough')
    await turn()
    expect(given.cancelled).toBe('enough')
  })

  test('one chunk of 64 MiB is held as what it is, not as a thousand segments', async () => {
    const chunk = new Uint8Array(64 * 2 ** 20).fill(7)
    const { readable, writable } = sealFloe(key, data, 65_536)
    const writer = writable.getWriter()
    const writing = writer.write(chunk).then(() => writer.close())
    const encrypt = crypto.subtle.encrypt.bind(crypto.subtle)
    let sealed = 0
    crypto.subtle.encrypt = (...given) => {
      sealed++
      return encrypt(...given)
    }
    try {
      const reader = readable.getReader()
      let read = 0
      let bytes = 0
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        bytes += value.length
        read++
        if (read % 100 === 0) await turn()
        expect(sealed).toBeLessThanOrEqual(read + 8)
      }
      await writing
      expect(bytes).toBe(74 + 64 * 2 ** 20 + 1025 * 32)
      expect(sealed).toBe(1025)
    } finally {
      Reflect.deleteProperty(crypto.subtle, 'encrypt')
    }
  })

  test('damage cancels the source and fails the sink', async () => {
    const sealed = await passed(sealFloe(key, data, SEGMENT), new Uint8Array(10 * SEGMENT))
    sealed[5 * SEGMENT] = (sealed[5 * SEGMENT] as number) ^ 1
    const chunks = cut(sealed, 1000)
    let cancelled: unknown
    const damaged = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        const next = chunks.shift()
        if (next === undefined) controller.close()
        else controller.enqueue(next)
      },
      cancel: (reason) => {
        cancelled = reason
      },
    })
    const out: Bytes[] = []
    let aborted: unknown
    const sink = new WritableStream<Bytes>({ write: (chunk) => void out.push(chunk), abort: (reason) => void (aborted = reason) })
    const error = await damaged.pipeThrough(openFloe(key, data, [SEGMENT])).pipeTo(sink).catch((failure: unknown) => failure)
    expect(error).toEqual(vaultError('corrupt', { where: 'archive', number: 4, reason: 'segment' }))
    expect(aborted).toBe(error)
    expect(concat(...out)).toHaveLength(4 * (SEGMENT - 32))
    await turn()
    expect(cancelled === error || chunks.length === 0).toBe(true)
  })

  test('a signal stops a pipe in the middle', async () => {
    const { given, stream } = source(SEGMENT)
    const controller = new AbortController()
    let written = 0
    const sink = new WritableStream<Bytes>({
      write: () => {
        if (++written === 20) controller.abort(new Error('enough'))
      },
    })
    const piping = stream.pipeThrough(sealFloe(key, data, SEGMENT)).pipeTo(sink, { signal: controller.signal })
    await expect(piping).rejects.toThrow('enough')
    await turn()
    expect(given.cancelled).toEqual(new Error('enough'))
    expect(written).toBeLessThan(30)
  })

  test('a stream that nobody uses is left alone', async () => {
    sealFloe(key, data, SEGMENT)
    openFloe(key, data, [SEGMENT])
    await turn()
    const { chunks, error } = await run(openFloe(key, data, [SEGMENT]), [])
    expect(chunks).toEqual([])
    expect(error).toEqual(vaultError('archive-truncated', { where: 'archive', number: 0 }))
  })
})
