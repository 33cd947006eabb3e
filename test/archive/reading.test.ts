// What readers of archives make of the streams that archives come from: slow, broken, split or given up.

import { describe, expect, it } from 'vitest'
import type { Bytes } from '../../src/brand.js'
import { concat, utf8 } from '../../src/crypto/bytes.js'
import { createRecoveryCode } from '../../src/crypto/recovery-code.js'
import { inspectArchive } from '../../src/index.js'
import { verify } from '../../src/vault/archive/verify-archive.js'
import { vaultError } from '../crypto/errors.js'
import { archiveMaker, deflated, fileOf, framesOf, LAST_FRAME, manifestLine, padded, sealedFile, withEnd, type Line } from '../kit/archive-writer.js'

const recoveryCode = createRecoveryCode()
const maker = await archiveMaker({ recoveryCode })
const preference = (value: unknown): Line => ({ kind: 'preference', id: 'p', rev: 1, modifiedAt: 1, value })
/** Long enough not to be read at once. */
const noise = Array.from({ length: 3000 }, (_, i) => preference(`${Math.sin(i)}`.repeat(10)))
const file = await fileOf(maker, withEnd([manifestLine(maker), ...noise]))

/** The beginning of the file, and then what the source does. */
function source(length: number, then: (controller: ReadableStreamDefaultController<Bytes>) => void | Promise<void>): ReadableStream<Bytes> {
  let begun = false
  return new ReadableStream<Bytes>(
    {
      pull(controller) {
        if (begun) return then(controller)
        begun = true
        if (length > 0) controller.enqueue(file.slice(0, length))
        else return then(controller)
      },
    },
    { highWaterMark: 0 },
  )
}
const soon = <T>(work: Promise<T>): Promise<T> => Promise.race([work, new Promise<never>((_, reject) => setTimeout(reject, 3000, new Error('it hangs')))])
const lengths = [0, 5, 500, maker.header.bytes.length + 10, file.length >> 1, file.length - 1]

describe('an archive from a stream', () => {
  it('that fails fails with what the stream failed with, and is not called damaged', async () => {
    // Engines tell of a lost connection by a TypeError, as they do of malformed deflate.
    for (const failure of [new TypeError('network error'), new DOMException('the file changed', 'NotReadableError'), 'a text']) {
      for (const length of lengths) {
        const broken = source(length, () => {
          throw failure
        })
        expect(await soon(verify(broken, { recoveryCode }).catch((error: unknown) => error))).toBe(failure)
      }
    }
  })

  it('that stalls is given up when the signal says so', async () => {
    for (const reason of [new Error('enough'), new TypeError('enough'), 'enough']) {
      for (const length of lengths) {
        const stop = new AbortController()
        const read = verify(source(length, () => new Promise(() => undefined)), { recoveryCode, signal: stop.signal }).catch((error: unknown) => error)
        setTimeout(() => stop.abort(reason), 20)
        expect(await soon(read)).toBe(reason)
      }
    }
  })

  it('that was split is refused, and inspected, while the other half waits', async () => {
    const [one, other] = new Blob([file]).stream().tee()
    expect((await soon(inspectArchive(one))).slots).toHaveLength(1)
    expect((await soon(verify(other, { recoveryCode }))).counts.preferences).toBe(noise.length)
    for (const bytes of [file.slice(0, 700), concat(utf8('SVARCHV9'), file.slice(8)), concat(utf8('NOTHING '), file.slice(8)), file.slice().fill(0, 20_000, 20_010)]) {
      const [half, rest] = new Blob([bytes]).stream().tee()
      expect(await soon(verify(half, { recoveryCode }).catch((error: unknown) => error))).toHaveProperty('name', 'VaultError')
      await rest.cancel()
    }
    const [half, rest] = new Blob([file]).stream().tee()
    expect(await soon(verify(half, { recoveryCode: createRecoveryCode() }).catch((error: unknown) => error))).toEqual(vaultError('wrong-password'))
    await rest.cancel()
  })

  it('of something else than bytes is a mistake of who calls', async () => {
    for (const length of lengths) {
      const texts = source(length, (controller) => controller.enqueue('text' as never))
      expect(await soon(verify(texts, { recoveryCode }).catch((error: unknown) => error)), String(length)).toBeInstanceOf(TypeError)
    }
  })

  it('is cancelled when it is refused', async () => {
    let cancelled = 0
    const endless = new ReadableStream<Bytes>({ pull: (controller) => controller.enqueue(new Uint8Array(1000)), cancel: () => void cancelled++ })
    await expect(verify(endless, { recoveryCode })).rejects.toEqual(vaultError('corrupt'))
    let at = 0
    const damaged = new ReadableStream<Bytes>({ pull: (controller) => controller.enqueue(at === 0 ? file.slice(0, (at = 8000)) : new Uint8Array(1000)), cancel: () => void cancelled++ })
    await expect(verify(damaged, { recoveryCode })).rejects.toEqual(vaultError('corrupt'))
    await new Promise((done) => setTimeout(done, 50))
    expect(cancelled).toBe(2)
  })

  it('whose deflated part is malformed is damaged, whatever the engine says', async () => {
    const packed = await deflated([withEnd([manifestLine(maker), ...noise])])
    for (const content of [utf8('not deflated'), packed.slice(0, -3), concat(packed.slice(0, 1000), packed.slice(1100)), new Uint8Array(0)]) {
      const sealed = await sealedFile(maker, padded(concat(framesOf(content), LAST_FRAME)))
      expect(await soon(verify(sealed, { recoveryCode }).catch((error: unknown) => error))).toEqual(vaultError('corrupt'))
    }
  })
})
