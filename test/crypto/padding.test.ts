import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { padme, type PaddingRule, paddedLength } from '../../src/crypto/padding.ts'

const KIB = 1024

describe('Padmé', () => {
  test.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 3],
    [9, 10],
    [100, 104],
    [257, 272],
    [1000, 1024],
    [1025, 1088],
    [4097, 4352],
    [16_383, 16_384],
    [65_537, 67_584],
    [1_000_000, 1_015_808],
  ])('%i becomes %i', (length, padded) => {
    expect(padme(length)).toBe(padded)
  })

  test('adds at most 12 %, keeps order, and leaves a padded length alone', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 52), (length) => {
        const padded = padme(length)
        expect(padded).toBeGreaterThanOrEqual(length)
        expect(padded).toBeLessThanOrEqual(length * 1.12)
        expect(padme(padded)).toBe(padded)
        expect(padme(length + 1)).toBeGreaterThanOrEqual(padded)
      }),
    )
  })

  test('is exact around every power of two', () => {
    for (let bits = 2; bits < 53; bits++) {
      const power = 2 ** bits
      expect(padme(power)).toBe(power)
      const step = 2 ** (bits - (Math.floor(Math.log2(bits)) + 1))
      expect(padme(power + 1)).toBe(power + Math.max(1, step))
      expect(padme(power - 1)).toBeLessThanOrEqual(power)
    }
  })
})

describe('rules', () => {
  test.each<[PaddingRule, number, number]>([
    ['log', 0, KIB],
    ['log', 1, KIB],
    ['log', KIB, KIB],
    ['log', KIB + 1, 2 * KIB],
    ['key-ring', 300, KIB],
    ['key-ring', 2 * KIB + 1, 3 * KIB],
    ['manifest', 0, 4 * KIB],
    ['manifest', 4 * KIB + 1, 8 * KIB],
    ['manifest', 9 * KIB, 12 * KIB],
    ['page', 0, 4 * KIB],
    ['page', 4 * KIB, 4 * KIB],
    ['page', 4 * KIB + 1, 8 * KIB],
    ['page', 8 * KIB + 1, 16 * KIB],
    ['page', 16 * KIB + 1, 24 * KIB],
    ['page', 24 * KIB + 1, 32 * KIB],
    ['page', 32 * KIB, 32 * KIB],
    ['page', 32 * KIB + 1, 34 * KIB],
    ['page', 262_153, 270_336],
    ['block', 0, 16 * KIB],
    ['block', 16 * KIB, 16 * KIB],
    ['mark', 1, 1],
  ])('%s pads %i to %i', (rule, length, padded) => {
    expect(paddedLength(rule, length)).toBe(padded)
  })

  test('what cannot be a length, or does not fit the one size, is refused', () => {
    expect(() => paddedLength('block', 16 * KIB + 1)).toThrow(RangeError)
    expect(() => paddedLength('mark', 2)).toThrow(RangeError)
    for (const length of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => paddedLength('page', length)).toThrow(RangeError)
      expect(() => padme(length)).toThrow(RangeError)
    }
  })
})
