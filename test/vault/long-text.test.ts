// Long strings as bytes and back: what is base64 lies as what it stands for, everything else as before, nothing comes back changed.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunkBytesOf, decodeLongText, encodeLongText, storedBytesOf } from '../../src/vault/core/long-text.js'
import { Slices } from '../../src/vault/core/slices.js'
import { noise } from '../kit/pictures.js'

const encode = (text: string) => encodeLongText(text, new Slices())
const PNG = 'data:image/png;base64,'
/** Units of one piece of work: what is written in pieces may go wrong at their borders. */
const PIECE = 262_144

const BASE64: readonly [name: string, text: string][] = [
  ['bytes in threes', noise(60_000, 'base64')],
  ['one more', noise(60_001, 'base64')],
  ['two more', noise(60_002, 'base64')],
  ['a data URL', PNG + noise(60_001, 'base64')],
  ['a beginning of 255 units', `${'data:'.padEnd(254, 'x')},${noise(60_000, 'base64')}`],
  ['a beginning that ends in padding', `Zm8=${noise(60_000, 'base64')}`],
  ['zeros', 'A'.repeat(100_000)],
  ['a word of as many letters as can be', 'word'.repeat(20_000)],
  ['some pieces exactly', noise((PIECE / 4) * 3 * 2, 'base64')],
  ['some pieces behind a beginning', PNG + noise((PIECE / 4) * 3 * 2, 'base64')],
  ['some pieces and a byte', noise((PIECE / 4) * 3 * 2 + 1, 'base64')],
  ['nothing', ''],
  ['nothing behind a beginning', PNG],
]

const NOT_BASE64: readonly [name: string, text: string][] = [
  ['no padding', noise(60_001, 'base64').replaceAll('=', '')],
  ['half of the padding', noise(60_001, 'base64').slice(0, -1)],
  ['too much padding', `${noise(60_000, 'base64')}====`],
  ['padding in the middle', `${noise(60_001, 'base64')}${noise(60_000, 'base64')}`],
  ['padding where a piece ends', `${'A'.repeat(PIECE - 2)}==${'A'.repeat(PIECE)}`],
  ['bits that no byte has', `${'A'.repeat(80_000)}AB==`],
  ['a line break at the end', `${noise(60_000, 'base64')}\n`],
  ['lines of 76', noise(60_000, 'base64').replaceAll(/.{76}/g, '$&\n')],
  ['a space instead of a digit', noise(60_000, 'base64').replace(/.$/, ' ')],
  ['the alphabet of URLs', noise(60_000, 'base64url')],
  ['a beginning of 256 units', `${'data:'.padEnd(255, 'x')},${noise(60_000, 'base64')}`],
  ['a beginning that is not ASCII', `bild-für-dich,${noise(60_000, 'base64')}`],
  ['a lone surrogate before', `\ud800,${noise(60_000, 'base64')}`],
  ['a lone surrogate within', noise(60_000, 'base64').replace(/^(.{70000})./, '$1\udc00')],
  ['a byte order mark', `\ufeff${noise(60_000, 'base64')}`],
  ['a letter that a byte could be taken for', noise(60_000, 'base64').replace(/^(.{70000})./, '$1\u0141')],
  ['words', 'some words '.repeat(8000)],
]

describe('a long string', () => {
  it.each(BASE64)('of base64 takes three quarters and comes back: %s', async (_, text) => {
    const encoded = await encode(text)
    expect([encoded.encoding, encoded.size]).toEqual([64, text.length])
    expect(encoded.bytes.length).toBeLessThanOrEqual(256 + (text.length / 4) * 3)
    expect((await decodeLongText(encoded)) === text).toBe(true)
  })

  it.each(NOT_BASE64)('of anything else lies as text and comes back: %s', async (_, text) => {
    const encoded = await encode(text)
    expect([8, 16]).toContain(encoded.encoding)
    expect(encoded.size).toBe(encoded.bytes.length)
    expect((await decodeLongText(encoded)) === text).toBe(true)
  })

  it('comes back whatever it is', { timeout: 60_000 }, async () => {
    const digits = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('base64'))
    const flaw = fc.oneof({ weight: 4, arbitrary: fc.constant('') }, fc.constantFrom('=', ' ', '\n', '-', '_', 'é', '\ud800', 'A'))
    const text = fc.tuple(fc.oneof(fc.constant(''), fc.constant(PNG), fc.string({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 20 })), digits, flaw, digits).map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        expect(await decodeLongText(await encode(given))).toBe(given)
      }),
      { numRuns: 2000 },
    )
  })

  it('has one size, however it is stored: what is compared between vaults does not depend on who wrote it', async () => {
    const text = PNG + noise(60_000, 'base64')
    // As it was written before there was encoding 64.
    const older = { encoding: 8, bytes: new TextEncoder().encode(text), size: text.length }
    expect((await encode(text)).size).toBe(older.size)
    expect(await decodeLongText(older)).toBe(text)
  })

  it('of another length than its reference says is refused, and so are bytes that cannot be one', async () => {
    const encoded = await encode(PNG + noise(60_000, 'base64'))
    for (const size of [0, encoded.size - 4, encoded.size + 4]) expect(await decodeLongText({ ...encoded, size })).toBeUndefined()
    expect(await decodeLongText({ ...encoded, bytes: encoded.bytes.subarray(0, -3) })).toBeUndefined()
    expect(await decodeLongText({ encoding: 64, bytes: Uint8Array.of(9, 65), size: 1 })).toBeUndefined()
    expect(await decodeLongText({ encoding: 64, bytes: new Uint8Array(0), size: 0 })).toBeUndefined()
  })

  it.each([0, 1, 32, 65, -1])('in encoding %i is of a newer version', (encoding) => {
    expect(() => chunkBytesOf(encoding)).toThrow(expect.objectContaining({ code: 'unsupported-version' }) as Error)
  })

  it('fills frames of a power of two with base64, and says by its last chunk how long it is', () => {
    expect([8, 16, 64].map(chunkBytesOf)).toEqual([262_144, 262_144, 2 ** 18 - 9])
    expect([8, 16, 64].map((encoding) => storedBytesOf(encoding, 100))).toEqual([100, 100, undefined])
  })

  it('is as docs/format.md says', async () => {
    const picture = Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(60_000, 7), Buffer.from(';')])
    const { bytes } = await encode(`data:image/gif;base64,${picture.toString('base64')}`)
    expect(Buffer.concat([Buffer.of(22), Buffer.from('data:image/gif;base64,'), picture]).equals(bytes)).toBe(true)
  })
})
