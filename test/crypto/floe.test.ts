import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Bytes } from '../../src/brand.ts'
import { concat, equalBytes, fromUtf8, randomBytes, u32, utf8 } from '../../src/crypto/bytes.ts'
import { type FloeTestOptions, openFloe, sealFloe } from '../../src/crypto/floe.ts'
import { copyFloeSecret, FloeKeys, importFloeSecret } from '../../src/crypto/floe-keys.ts'
import type { VaultError } from '../../src/errors.ts'
import ciphertext4K from '../vectors/floe-cpp_GCM256_IV256_4K_ct.txt?raw'
import plaintext4K from '../vectors/floe-cpp_GCM256_IV256_4K_pt.txt?raw'
import ciphertext64 from '../vectors/floe-cpp_GCM256_IV256_64_ct.txt?raw'
import plaintext64 from '../vectors/floe-cpp_GCM256_IV256_64_pt.txt?raw'
import rotationCiphertext from '../vectors/floe-cpp_rotation_ct.txt?raw'
import rotationPlaintext from '../vectors/floe-cpp_rotation_pt.txt?raw'
import { codeOf, vaultError } from './errors.ts'
import { counting, flipped, fromHex } from './hex.ts'
import { cut, type Outcome, passed, run } from './streams.ts'

const HEADER = 74
const OVERHEAD = 32

/** Which of what was sealed a ciphertext consists of. */
interface Sealed {
  readonly header: Bytes
  readonly segments: Bytes[]
}

function taken(sealed: Bytes, segmentLength: number): Sealed {
  return { header: sealed.slice(0, HEADER), segments: cut(sealed.slice(HEADER), segmentLength) }
}

describe('known answers of the publishers', () => {
  const key = new Uint8Array(32)
  const associatedData = utf8('This is AAD')
  const vectors: [name: string, ciphertext: string, plaintext: string, segmentLength: number, options: FloeTestOptions][] = [
    ['segments of 64 bytes', ciphertext64, plaintext64, 64, {}],
    ['segments of 4 KiB', ciphertext4K, plaintext4K, 4096, {}],
    ['a new key every 4 segments', rotationCiphertext, rotationPlaintext, 40, { rotationBits: 2 }],
  ]

  test.each(vectors)('open: %s', async (_name, ciphertext, plaintext, segmentLength, options) => {
    const [sealed, expected] = [fromHex(ciphertext.trim()), fromHex(plaintext.trim())]
    for (const size of [sealed.length, 7, 1]) {
      const opened = await passed(openFloe(key, associatedData, [segmentLength], options), ...cut(sealed, size))
      expect(equalBytes(opened, expected)).toBe(true)
    }
  })

  test.each(vectors)('are what sealing gives with their iv and nonces: %s', async (_name, ciphertext, plaintext, segmentLength, options) => {
    const sealed = fromHex(ciphertext.trim())
    const { segments } = taken(sealed, segmentLength)
    const chance = [sealed.slice(10, 42), ...segments.map((segment) => segment.slice(4, 16))]
    const entropy = (length: number) => {
      const next = chance.shift() as Bytes
      expect(next).toHaveLength(length)
      return next
    }
    const again = await passed(sealFloe(key, associatedData, segmentLength, { ...options, entropy }), fromHex(plaintext.trim()))
    expect(equalBytes(again, sealed)).toBe(true)
    expect(chance).toEqual([])
  })

  test('with a new key every 4 segments do not open with one key for all', async () => {
    const { chunks, error } = await run(openFloe(key, associatedData, [40]), [fromHex(rotationCiphertext.trim())])
    expect(chunks).toHaveLength(4)
    expect(error).toEqual(vaultError('corrupt', { where: 'archive', number: 4, reason: 'segment' }))
  })
})

const key = counting(32, 100)
const associatedData = utf8('what the caller says')
const SEGMENT = 64
const PAYLOAD = SEGMENT - OVERHEAD

const sealing = (segmentLength = SEGMENT, options: FloeTestOptions = {}) => sealFloe(key, associatedData, segmentLength, options)
const opening = (segmentLength = SEGMENT, options: FloeTestOptions = {}) => openFloe(key, associatedData, [segmentLength], options)

/** Bytes in which a segment that is lost, doubled or in another place shows. */
const plain = (length: number): Bytes => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 5) * 13) & 0xff)

describe('what was sealed', () => {
  const lengths = [0, 1, PAYLOAD - 1, PAYLOAD, PAYLOAD + 1, 2 * PAYLOAD, 3 * PAYLOAD - 1, 3 * PAYLOAD + 1, 40 * PAYLOAD]

  test.each(lengths)('comes back: %i bytes, in chunks of every size', async (length) => {
    const plaintext = plain(length)
    for (const size of [1, 2, PAYLOAD - 1, PAYLOAD, PAYLOAD + 1, SEGMENT, 1000]) {
      const sealed = await passed(sealing(), ...cut(plaintext, size))
      const segments = Math.max(1, Math.ceil(length / PAYLOAD))
      expect(sealed).toHaveLength(HEADER + segments * OVERHEAD + length)
      for (const openSize of [1, size, sealed.length]) expect(equalBytes(await passed(opening(), ...cut(sealed, openSize)), plaintext)).toBe(true)
    }
  })

  test('comes back, whatever the lengths and the cuts', async () => {
    const shape = fc.record({ plaintext: fc.uint8Array({ maxLength: 600 }), segmentLength: fc.integer({ min: 33, max: 200 }), sizes: fc.array(fc.nat(150), { maxLength: 20 }), rotationBits: fc.nat(3) })
    await fc.assert(
      fc.asyncProperty(shape, async ({ plaintext, segmentLength, sizes, rotationBits }) => {
        const sealed = await passed(sealing(segmentLength, { rotationBits }), ...cutAt(new Uint8Array(plaintext), sizes))
        const opened = await passed(opening(segmentLength, { rotationBits }), ...cutAt(sealed, sizes))
        expect(equalBytes(opened, plaintext)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('comes back in segments of 64 KiB from one chunk and from chunks of odd sizes', async () => {
    const plaintext = randomBytes(3_000_001)
    for (const size of [plaintext.length, 100_003, 4096]) {
      const sealed = await passed(sealing(65_536), ...cut(plaintext, size))
      expect(equalBytes(await passed(openFloe(key, associatedData, [4096, 65_536]), ...cut(sealed, size)), plaintext)).toBe(true)
    }
  })

  test('comes out one chunk for each segment, the header first', async () => {
    const { chunks } = await run(sealing(), [plain(2 * PAYLOAD + 5)])
    expect(chunks.map(({ length }) => length)).toEqual([HEADER, SEGMENT, SEGMENT, OVERHEAD + 5])
    const opened = await run(opening(), [concat(...chunks)])
    expect(opened.chunks.map(({ length }) => length)).toEqual([PAYLOAD, PAYLOAD, 5])
  })

  test('may end in an empty segment, also after a full one', async () => {
    expect(await passed(opening(), await passed(sealing()))).toHaveLength(0)
    // A writer may end so; ours makes the last segment full instead.
    const secret = await importFloeSecret(copyFloeSecret(key, associatedData))
    const iv = randomBytes(32)
    const { header, keys } = await FloeKeys.create(secret, SEGMENT, iv)
    const nonces = [counting(12, 1), counting(12, 2)] as const
    const seal = async (position: number, last: number, content: Bytes) =>
      new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonces[last] as Bytes, additionalData: concat(u32(0), u32(position), Uint8Array.of(last)) }, await keys.at(position), content))
    const first = concat(u32(0xffffffff), nonces[0], await seal(0, 0, plain(PAYLOAD)))
    const empty = concat(u32(OVERHEAD), nonces[1], await seal(1, 1, new Uint8Array(0)))
    expect(equalBytes(await passed(opening(), header, first, empty), plain(PAYLOAD))).toBe(true)
  })

  test('never looks the same twice', async () => {
    const [first, second] = [await passed(sealing(), plain(100)), await passed(sealing(), plain(100))]
    const nonces = [first, second].flatMap((sealed) => taken(sealed, SEGMENT).segments.map((segment) => segment.slice(4, 16).join()))
    expect(new Set([...nonces, first.slice(10, 42).join(), second.slice(10, 42).join()]).size).toBe(nonces.length + 2)
  })

  test('needs the bytes of key and associated data, and the chunks, no longer than the call', async () => {
    const [ownKey, ownData] = [key.slice(), associatedData.slice()]
    const stream = sealFloe(ownKey, ownData, SEGMENT)
    ownKey.fill(0)
    ownData.fill(0)
    const plaintext = plain(20 * PAYLOAD + 3)
    const { chunks } = await run(stream, zeroedAfterUse(cut(plaintext, 50)))
    const opened = await run(openFloe(key, associatedData, [SEGMENT]), zeroedAfterUse(cut(concat(...chunks), 70)))
    expect(equalBytes(concat(...opened.chunks), plaintext)).toBe(true)
  })
})

describe('a ciphertext of four segments', async () => {
  const plaintext = plain(3 * PAYLOAD + 20)
  const sealed = await passed(sealing(), plaintext)
  const { header, segments } = taken(sealed, SEGMENT)
  const [first, second, third, last] = segments as [Bytes, Bytes, Bytes, Bytes]

  /** Opens what must not open; what came out before must be the beginning of what was sealed. */
  async function refused(changed: Bytes[], stream = opening()): Promise<VaultError> {
    const outcome = await run(stream, changed)
    expectBeginning(outcome, plaintext)
    expect(outcome.error).toMatchObject({ name: 'VaultError', details: { where: 'archive' } })
    return outcome.error as VaultError
  }

  test('is refused with any bit of it changed, and at the right place', async () => {
    const lastStart = HEADER + 3 * SEGMENT
    for (let i = 0; i < sealed.length; i++) {
      const segment = i < HEADER ? undefined : Math.floor((i - HEADER) / SEGMENT)
      for (let bit = 0; bit < 8; bit++) {
        const changed = sealed.slice()
        changed[i] = (changed[i] as number) ^ (1 << bit)
        const error = await refused([changed])
        // A last segment that claims to be longer cannot be told from one of which the end is missing.
        const longer = i >= lastStart && i < lastStart + 4 && error.code === 'archive-truncated'
        if (longer) expect(new DataView(changed.buffer).getUint32(lastStart)).toBeGreaterThan(last.length)
        else expect(error.code, `byte ${i}, bit ${bit}`).toBe('corrupt')
        expect(error.details.number, `byte ${i}, bit ${bit}`).toBe(segment)
        if (i < HEADER) expect(error.details.reason).toBe(i < 10 ? 'parameters' : 'header-tag')
        if (segment !== undefined && (i - HEADER) % SEGMENT >= 4) expect(error.details.reason).toBe('segment')
      }
    }
  })

  test('is refused at every length it can be cut to', async () => {
    for (let length = 0; length < sealed.length; length++) {
      const { code, details } = await refused([sealed.slice(0, length)])
      expect(code, `${length} bytes`).toBe('archive-truncated')
      expect(details.number).toBe(Math.max(0, Math.floor((length - HEADER) / SEGMENT)))
    }
  })

  test('is refused with bytes after the last segment, also when they come later', async () => {
    for (const more of [Uint8Array.of(0), last, sealed]) {
      for (const chunks of [[concat(sealed, more)], [sealed, more]]) {
        const outcome = await run(opening(), chunks)
        expect(outcome.error).toEqual(vaultError('corrupt', { reason: 'trailing', number: 3 }))
        expect(outcome.writeError).toBe(outcome.error)
        expectBeginning(outcome, plaintext)
      }
    }
    expect(equalBytes(await passed(opening(), sealed, new Uint8Array(0)), plaintext)).toBe(true)
  })

  test('is refused at a length word that is none, before the segment is read', async () => {
    for (const word of [0, 1, 4, 31, 65, 4096, 0xfffffffe]) {
      for (const [number, before] of [[0, []], [2, [first, second]]] as const) {
        const outcome = await run(opening(), [concat(header, ...before, u32(word))])
        expect(outcome.error).toEqual(vaultError('corrupt', { where: 'archive', reason: 'segment-length', number }))
        expect(outcome.chunks).toHaveLength(number)
      }
    }
  })

  const rearranged: Record<string, [chunks: Bytes[], number: number]> = {
    'two segments swapped': [[header, second, first, third, last], 0],
    'a segment doubled': [[header, first, first, second, third, last], 1],
    'a segment dropped': [[header, first, third, last], 1],
    'the first segment dropped': [[header, second, third, last], 0],
    'all segments reversed': [[header, last, third, second, first], 0],
    'the last segment moved to the front': [[header, last, first, second, third], 0],
    'the last segment alone': [[header, last], 0],
    'the last segment one place early': [[header, first, second, last], 2],
  }

  test.each(Object.entries(rearranged))('is refused with %s', async (_name, [chunks, number]) => {
    const { code, details } = await refused(chunks)
    expect(code).toBe('corrupt')
    expect(details).toMatchObject({ reason: 'segment', number })
  })

  test('is refused without its last segment, or with that one alone missing its word', async () => {
    expect((await refused([header, first, second, third])).code).toBe('archive-truncated')
    // As long as a segment that is not the last, and told to be one.
    const whole = await passed(sealing(), plain(2 * PAYLOAD))
    const changed = concat(whole.slice(0, HEADER + SEGMENT), u32(0xffffffff), whole.slice(HEADER + SEGMENT + 4))
    expect((await run(opening(), [changed])).error).toEqual(vaultError('corrupt', { reason: 'segment', number: 1 }))
    const ended = concat(header, u32(SEGMENT), first.slice(4))
    expect((await run(opening(), [ended])).error).toEqual(vaultError('corrupt', { reason: 'segment', number: 0 }))
  })

  test('takes no segment and no header of another one', async () => {
    const other = taken(await passed(sealing(), plaintext), SEGMENT)
    const [, otherSecond] = other.segments as [Bytes, Bytes]
    expect((await refused([header, first, otherSecond, third, last])).details).toMatchObject({ reason: 'segment', number: 1 })
    expect((await refused([header, first, second, third, other.segments[3] as Bytes])).details).toMatchObject({ reason: 'segment', number: 3 })
    expect((await refused([other.header, ...segments])).details).toMatchObject({ reason: 'segment', number: 0 })
    expect((await refused([header.slice(0, 42), other.header.slice(42), ...segments])).details).toMatchObject({ reason: 'header-tag' })
  })

  test('does not open with another key or other associated data', async () => {
    const others = [openFloe(flipped(key, 31), associatedData, [SEGMENT]), openFloe(key, flipped(associatedData, 0), [SEGMENT]), openFloe(key, new Uint8Array(0), [SEGMENT])]
    for (const stream of others) {
      const outcome = await run(stream, [sealed])
      expect(outcome.chunks).toEqual([])
      expect(outcome.error).toEqual(vaultError('corrupt', { where: 'archive', reason: 'header-tag' }))
    }
  })

  test('opens only where its segment length is accepted, and is refused before anything is derived', async () => {
    expect(equalBytes(await passed(openFloe(key, associatedData, [4096, SEGMENT]), sealed), plaintext)).toBe(true)
    const sign = vi.spyOn(crypto.subtle, 'sign')
    try {
      const claims = [concat(header.slice(0, 2), u32(0xfffffffe), header.slice(6)), concat(header.slice(0, 2), u32(0), header.slice(6)), header]
      for (const claim of claims) {
        const outcome = await run(openFloe(key, associatedData, [4096, 65_536]), [claim, ...segments])
        expect(outcome.error).toEqual(vaultError('corrupt', { where: 'archive', reason: 'parameters' }))
      }
      expect(sign).not.toHaveBeenCalled()
    } finally {
      sign.mockRestore()
    }
    // One accepted length is not another one.
    const claim = concat(header.slice(0, 2), u32(128), header.slice(6))
    expect((await run(openFloe(key, associatedData, [SEGMENT, 128]), [claim, ...segments])).error).toEqual(vaultError('corrupt', { reason: 'header-tag' }))
  })

  test('an error says nothing of what was sealed', async () => {
    const text = await passed(sealing(), utf8('the night train leaves at nine'))
    const { error } = await run(opening(), [flipped(text, text.length - 1)])
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('train')
    expect(fromUtf8(await passed(opening(), text))).toContain('train')
  })
})

describe('what cannot be', () => {
  test('keys have 32 bytes', () => {
    for (const length of [0, 16, 31, 33, 48]) {
      expect(() => sealFloe(new Uint8Array(length), associatedData, SEGMENT)).toThrow(RangeError)
      expect(() => openFloe(new Uint8Array(length), associatedData, [SEGMENT])).toThrow(RangeError)
    }
  })

  test('segments hold something', () => {
    for (const length of [-1, 0, 32, 33.5, Number.NaN, 2 ** 32 - 1, 2 ** 32]) {
      expect(() => sealFloe(key, associatedData, length)).toThrow(RangeError)
      expect(() => openFloe(key, associatedData, [SEGMENT, length])).toThrow(RangeError)
    }
  })

  test('there are less than 2^40 segments', async () => {
    const secret = await importFloeSecret(copyFloeSecret(key, associatedData))
    const { keys } = await FloeKeys.create(secret, SEGMENT, randomBytes(32))
    expect(await codeOf(() => keys.at(2 ** 40 - 1))).toBeUndefined()
    expect(await codeOf(() => keys.at(2 ** 40))).toBe('archive-too-large')
  })

  test('a segment key serves 2^20 segments and no more', async () => {
    const secret = await importFloeSecret(copyFloeSecret(key, associatedData))
    const { keys } = await FloeKeys.create(secret, SEGMENT, randomBytes(32))
    const first = await keys.at(0)
    expect(await keys.at(2 ** 20 - 1)).toBe(first)
    const next = await keys.at(2 ** 20)
    expect(next).not.toBe(first)
    expect(await keys.at(2 ** 21 - 1)).toBe(next)
    expect(first.extractable).toBe(false)
  })

  test('the copy of the key is zeroed when it is imported', async () => {
    const raw = copyFloeSecret(key, associatedData)
    expect(raw.rawKey).not.toBe(key)
    await importFloeSecret(raw)
    expect([...raw.rawKey]).toEqual([...new Uint8Array(32)])
    expect([...key]).toEqual([...counting(32, 100)])
  })

  test('no plaintext stays in the buffer that segments are filled in, however it ends', async () => {
    const given: Uint8Array[] = []
    const encrypt = crypto.subtle.encrypt.bind(crypto.subtle)
    const spy = vi.spyOn(crypto.subtle, 'encrypt').mockImplementation((algorithm, withKey, data) => {
      given.push(data as Uint8Array)
      return encrypt(algorithm, withKey, data)
    })
    try {
      await passed(sealing(), plain(100))
      const aborted = sealing()
      const writer = aborted.writable.getWriter()
      await writer.write(plain(100))
      await writer.abort('enough')
    } finally {
      spy.mockRestore()
    }
    expect(given).toHaveLength(4 + 3)
    for (const { buffer } of given) expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true)
  })

  test('when the key cannot be imported both ends say so', async () => {
    // Not by taking `crypto` away: WebKit, once it has compiled the code that asks for it, does not look again.
    const failure = new DOMException('no such algorithm', 'NotSupportedError')
    const importKey = vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(failure)
    try {
      for (const stream of [sealing(), opening()]) {
        const outcome = await run(stream, [plain(10)])
        expect(outcome).toEqual({ chunks: [], error: failure, writeError: failure })
      }
    } finally {
      importKey.mockRestore()
    }
  })
})

/** Pieces of these sizes, then the rest. */
function cutAt(bytes: Bytes, sizes: readonly number[]): Bytes[] {
  const pieces: Bytes[] = []
  let at = 0
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return [...pieces, bytes.subarray(at)]
}

/** Copies, each zeroed when the next one is asked for, which is when its write has resolved. */
function* zeroedAfterUse(chunks: readonly Bytes[]): Generator<Bytes> {
  for (const chunk of chunks.map((piece) => piece.slice())) {
    yield chunk
    chunk.fill(0)
  }
}

/** What came out is whole segments from the beginning of `plaintext`. */
function expectBeginning({ chunks }: Outcome, plaintext: Bytes): void {
  const out = concat(...chunks)
  if (!equalBytes(out, plaintext.subarray(0, out.length))) throw new Error('something came out that was not sealed there')
  if (out.length % PAYLOAD !== 0 && out.length !== plaintext.length) throw new Error('part of a segment came out')
}
