import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bytes, Label } from '../../src/brand.ts'
import { Multiset } from '../../src/crypto/multiset-hash.ts'
import { vaultError } from './errors.ts'
import { toHex } from './hex.ts'

interface Row {
  readonly label: Label
  readonly element: Bytes
}

// Bytes of 0x00 and 0xff are frequent, so that carries run far.
const byte = fc.oneof(fc.constantFrom(0, 0xff, 0x80), fc.nat(255))
const bytes = (length: number) => fc.array(byte, { minLength: length, maxLength: length }).map((array) => Uint8Array.from(array))
const row: fc.Arbitrary<Row> = fc.record({ label: bytes(16) as unknown as fc.Arbitrary<Label>, element: bytes(32) })
const rows = fc.array(row, { maxLength: 30 })

function of(list: readonly Row[]): Multiset {
  const multiset = new Multiset()
  for (const { label, element } of list) multiset.add(label, element)
  return multiset
}

/** The same sums with the integers of the language. */
function sumsOf(list: readonly Row[]): string {
  const sums = Array.from({ length: 16 }, () => 0n)
  for (const { label, element } of list) {
    const shard = (label[0] as number) >> 4
    sums[shard] = ((sums[shard] as bigint) + BigInt(`0x${toHex(element)}`)) % 2n ** 256n
  }
  return sums.map((sum) => sum.toString(16).padStart(64, '0')).join('')
}

const labelOf = (first: number) => new Uint8Array(16).fill(first) as Bytes as Label
const ones = new Uint8Array(32).fill(0xff)
const one = new Uint8Array(32).with(31, 1)

describe('a multiset', () => {
  test('is the sums of section 4 of the format', () => {
    fc.assert(fc.property(rows, (list) => toHex(of(list).toBytes()) === sumsOf(list)))
  })

  test('does not depend on the order', () => {
    const shuffled = rows.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })))
    fc.assert(fc.property(shuffled, ([list, other]) => of(list).equals(of(other))))
  })

  test('remove inverts add, also before it', () => {
    fc.assert(
      fc.property(rows, rows, (kept, gone) => {
        const after = of([...kept, ...gone])
        for (const { label, element } of gone) after.remove(label, element)
        expect(after.equals(of(kept))).toBe(true)
        const before = new Multiset()
        for (const { label, element } of gone) before.remove(label, element)
        before.merge(of([...gone, ...kept]))
        expect(before.equals(of(kept))).toBe(true)
      }),
    )
  })

  test('merge joins and subtract inverts it', () => {
    fc.assert(
      fc.property(rows, rows, (first, second) => {
        const both = of(first)
        both.merge(of(second))
        expect(both.equals(of([...first, ...second]))).toBe(true)
        both.subtract(of(first))
        expect(both.equals(of(second))).toBe(true)
        both.subtract(both.clone())
        expect(both.isZero()).toBe(true)
      }),
    )
  })

  test('merges and subtracts itself', () => {
    const multiset = of([{ label: labelOf(0x10), element: ones }])
    multiset.merge(multiset)
    expect(toHex(multiset.toBytes())).toBe(sumsOf([{ label: labelOf(0x10), element: ones }, { label: labelOf(0x10), element: ones }]))
    multiset.subtract(multiset)
    expect(multiset.isZero()).toBe(true)
  })

  test('comes back from its bytes', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const written = of(list).toBytes()
        expect(written).toHaveLength(512)
        expect(Multiset.fromBytes(written).equals(of(list))).toBe(true)
        expect([...Multiset.fromBytes(written).toBytes()]).toEqual([...written])
      }),
    )
  })

  test('counts: a row twice is not a row once', () => {
    const first = { label: labelOf(0x20), element: one }
    expect(of([first, first]).equals(of([first]))).toBe(false)
    expect(of([first]).isZero()).toBe(false)
    expect(new Multiset().isZero()).toBe(true)
  })

  test('keeps shards apart by the high 4 bits of the label', () => {
    for (let shard = 0; shard < 16; shard++) {
      const written = of([{ label: labelOf(shard * 16 + 5), element: one }]).toBytes()
      expect(written.indexOf(1)).toBe(shard * 32 + 31)
    }
  })

  test('carries and borrows within a shard and drops what leaves it', () => {
    const multiset = of([
      { label: labelOf(0x30), element: ones },
      { label: labelOf(0x30), element: one },
    ])
    expect(multiset.isZero()).toBe(true)
    multiset.remove(labelOf(0x30), one)
    expect(toHex(multiset.toBytes()).slice(3 * 64, 4 * 64)).toBe('ff'.repeat(32))
    expect(toHex(multiset.toBytes()).replaceAll('00', '')).toBe('ff'.repeat(32))
  })

  test('a clone goes its own way', () => {
    const multiset = of([{ label: labelOf(0), element: one }])
    const clone = multiset.clone()
    clone.add(labelOf(0), one)
    expect(multiset.equals(clone)).toBe(false)
    expect(multiset.equals(of([{ label: labelOf(0), element: one }]))).toBe(true)
  })

  test('refuses wrong lengths', () => {
    for (const length of [0, 511, 513]) expect(() => Multiset.fromBytes(new Uint8Array(length))).toThrow(vaultError('corrupt') as Error)
    for (const length of [0, 16, 31, 33]) expect(() => new Multiset().add(labelOf(0), new Uint8Array(length))).toThrow(RangeError)
  })
})
