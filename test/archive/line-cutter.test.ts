// Lines come out the same however the bytes are cut, and the hash is that of all before the line asked for.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSha256, sha256 } from '../../src/crypto/blind.js'
import { utf8 } from '../../src/crypto/bytes.js'
import { MAX_LINE } from '../../src/vault/archive/archive-lines.js'
import { LineCutter } from '../../src/vault/archive/line-cutter.js'

const line = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replaceAll('\n', ''))

describe('cutting lines', () => {
  it('gives the same lines and hash wherever pieces end', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (lines, sizes) => {
        const all = utf8(lines.map((text) => `${text}\n`).join(''))
        const before = utf8(lines.slice(0, -1).map((text) => `${text}\n`).join(''))
        const cutter = new LineCutter()
        const hash = createSha256()
        const found: string[] = []
        for (let at = 0, turn = 0; at < all.length; turn++) {
          const end = at + sizes[turn % sizes.length]!
          const cut = cutter.cut(all.subarray(at, end))
          const isLast = found.length + cut.length === lines.length
          if (isLast) cutter.hashBefore(hash, cut.length - 1)
          else cutter.hashAll(hash)
          found.push(...cut)
          at = end
        }
        cutter.end()
        expect(found).toEqual(lines)
        expect(hash.digest()).toEqual(sha256(before))
      }),
    )
  })

  it('refuses what is no UTF-8, what does not end, and a line that is too long', () => {
    expect(() => new LineCutter().cut(Uint8Array.of(0x61, 0xff, 10))).toThrow(expect.objectContaining({ code: 'corrupt', details: expect.objectContaining({ reason: 'utf-8' }) }))
    const halfCharacter = new LineCutter()
    halfCharacter.cut(Uint8Array.of(10, 0xe2, 0x82))
    expect(() => halfCharacter.end()).toThrow(expect.objectContaining({ details: expect.objectContaining({ reason: 'utf-8' }) }))
    const halfLine = new LineCutter()
    halfLine.cut(utf8('a\nb'))
    expect(() => halfLine.end()).toThrow(expect.objectContaining({ details: expect.objectContaining({ reason: 'line' }) }))
    const long = new LineCutter()
    const piece = new Uint8Array(MAX_LINE / 2).fill(0x61)
    long.cut(piece)
    long.cut(piece)
    expect(() => long.cut(Uint8Array.of(0x61))).toThrow(expect.objectContaining({ code: 'archive-too-large' }))
  })
})
