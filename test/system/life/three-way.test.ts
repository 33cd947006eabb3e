// Three versions of a record become one: which fields go together by themselves, and which somebody has to decide.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../../../src/index.js'
import { mergeLists, mergeThreeWays, sameJson, type FieldKind } from '../../../src/system/life/three-way.js'

type Side = Record<string, JsonValue>
const merge = (base: Side, mine: Side, theirs: Side, kind: FieldKind = 'value') => {
  const { merged, conflicts } = mergeThreeWays(new Map(Object.entries(base)), new Map(Object.entries(mine)), new Map(Object.entries(theirs)), () => kind)
  return [Object.fromEntries(merged), conflicts]
}

describe('fields', () => {
  it.each<[string, Side, Side, Side, FieldKind, [Side, string[]]]>([
    ['changed here', { t: 1 }, { t: 2 }, { t: 1 }, 'value', [{ t: 2 }, []]],
    ['changed there', { t: 1 }, { t: 1 }, { t: 2 }, 'value', [{}, []]],
    ['changed to the same', { t: 1 }, { t: 2 }, { t: 2 }, 'value', [{}, []]],
    ['changed on both sides', { t: 1 }, { t: 2 }, { t: 3 }, 'value', [{}, ['t']]],
    ['added on both sides', {}, { t: 2 }, { t: 3 }, 'value', [{}, ['t']]],
    ['added here', {}, { t: 2 }, {}, 'value', [{ t: 2 }, []]],
    ['gone there', { t: 1 }, { t: 2 }, {}, 'value', [{}, ['t']]],
    ['later here', { t: 1 }, { t: 3 }, { t: 2 }, 'latest', [{ t: 3 }, []]],
    ['later there', { t: 1 }, { t: 2 }, { t: 3 }, 'latest', [{ t: 3 }, []]],
    ['lists', { t: ['a', 'b'] }, { t: ['a', 'c'] }, { t: ['a', 'b', 'd'] }, 'list', [{ t: ['a', 'd', 'c'] }, []]],
    ['a list and none', { t: ['a'] }, { t: ['b'] }, { t: 'b' }, 'list', [{}, ['t']]],
  ])('%s', (_, base, mine, theirs, kind, expected) => {
    expect(merge(base, mine, theirs, kind)).toEqual(expected)
  })
})

describe('lists', () => {
  const items = fc.array(fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.constantFrom<JsonValue>({ k: 1 }, 1, null)), { maxLength: 6 })

  it('keep what either side put in, and nothing that one took out', () => {
    expect(mergeLists(['a', 'b'], ['b', 'c'], ['a', 'b', 'd'])).toEqual(['b', 'd', 'c'])
    expect(mergeLists([], ['likes tea'], ['likes tea', 'likes rain'])).toEqual(['likes tea', 'likes rain'])
    expect(mergeLists(['a'], ['a', 'a'], ['a'])).toEqual(['a', 'a'])
    expect(mergeLists(['a', 'b'], [], ['a', 'b'])).toEqual([])
  })

  it('are what one side made of them where the other did nothing', () => {
    const sorted = (list: readonly JsonValue[]): string[] => list.map((item) => JSON.stringify(item)).sort()
    fc.assert(
      fc.property(items, items, (base, other) => {
        expect(sorted(mergeLists(base, other, base))).toEqual(sorted(other))
        expect(mergeLists(base, base, other)).toEqual(other)
        expect(mergeLists(base, other, other)).toEqual(other)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('equal JSON', () => {
  it('is so in whatever order keys come', () => {
    expect(sameJson({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 })).toBe(true)
    expect(sameJson([1, 2], [2, 1])).toBe(false)
    expect(sameJson(undefined, null)).toBe(false)
    expect(sameJson({ a: undefined }, {})).toBe(true)
    expect(sameJson(JSON.parse('{"__proto__": 1}'), {})).toBe(false)
  })
})
