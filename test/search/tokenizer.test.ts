// What is found by what: the table written by hand, and rules that hold for every text.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold } from '../../src/vault/search/words/fold.js'
import { matchText } from '../../src/vault/search/words/match.js'
import { parseQuery } from '../../src/vault/search/words/query.js'
import { tokenize } from '../../src/vault/search/words/tokenizer.js'
import { asTyped } from './kit/as-typed.js'
import { TABLE, TYPING_TABLE } from './table.js'

const isFound = (text: string, query: string): boolean => matchText(parseQuery(query), text, 'all').met
const marked = (text: string, query: string): string[] => matchText(parseQuery(query), text, 'all').highlights.map(({ start, end }) => text.slice(start, end))

it('has at least 150 rows', () => expect(Object.values(TABLE).flat().length).toBeGreaterThanOrEqual(150))

for (const [name, rows] of Object.entries(TABLE)) {
  describe(name, () => {
    it.each(rows)('%s | %s | %s', (text, query, hit) => expect(isFound(text, query)).toBe(hit))
  })
}

describe('while a query is typed', () => {
  const rows = Object.values(TYPING_TABLE).flat()
  it.each(rows)('%s | %s | %s', (text, query, hit) => expect(matchText(parseQuery(query, { typing: true }), text, 'all').met).toBe(hit))
  it.each(rows)('%s | %s is what a star says', (text, query, hit) => expect(isFound(text, asTyped(query, true))).toBe(hit))

  it.each(['', ' ', '-', '"', '-night', '...'])('%j asks for nothing', (query) => {
    expect(() => parseQuery(query, { typing: true })).toThrow(expect.objectContaining({ code: 'invalid-value', details: { where: 'query', reason: 'empty' } }))
  })
})

describe('what is marked', () => {
  it.each([
    ['The night train', 'train', ['train']],
    ['Die Straße, die STRASSE', 'strasse', ['Straße', 'STRASSE']],
    ['The night train to Vienna', '"night train"', ['night train']],
    ['我喜欢中国菜', '中国', ['中国']],
    ['我喜欢中国菜', '国', ['国']],
    ['我喜欢中国菜', '喜欢 欢中', ['喜欢中']],
    ['camelCaseName', 'case', ['Case']],
    ['camelCaseName', 'camelcasename', ['camelCaseName']],
    ['unbelievable', '*believ*', ['unbelievable']],
    ['well done 👍🏽!', '👍', ['👍🏽']],
    ['a b a', 'a', ['a', 'a']],
  ])('%s | %s', (text, query, marks) => expect(marked(text, query)).toEqual(marks))
})

describe('any of the words', () => {
  it.each([
    ['The night train', 'night day', true],
    ['The night train', 'noon day', false],
    ['The night train', 'night day -train', false],
    ['The night train', 'night day -bus', true],
    ['The night train', 'noon day -bus', false],
    ['The night train', '"train night" "night train"', true],
  ])('%s | %s | %s', (text, query, met) => expect(matchText(parseQuery(query), text, 'any').met).toBe(met))
})

describe('what is cut', () => {
  const cut = (text: string): [string, number, number][] => tokenize(text).map(({ term, position, span }) => [term, position, span])

  it('a word into pieces of 64 units, of which none begins with a mark or half a pair', () => {
    const a = 'a'.repeat(64)
    expect(cut(a)).toEqual([[a, 0, 1]])
    expect(cut(`${a}b`)).toEqual([[a, 0, 1], ['b', 1, 1]])
    expect(cut(`${a}\u0301b`)).toEqual([[a, 0, 1], ['b', 1, 1]])
    expect(cut(`${'a'.repeat(63)}\u{10428}b`)).toEqual([[`${'a'.repeat(63)}\u{10428}`, 0, 1], ['b', 1, 1]])
  })

  it('a compound up to 64 units into itself and its parts', () => {
    expect(cut('camelCase x')).toEqual([['camelcase', 0, 2], ['camel', 0, 1], ['case', 1, 1], ['x', 2, 1]])
    const parts = [['a'.repeat(32), 0, 1], [`b${'a'.repeat(31)}`, 1, 1]]
    expect(cut(`${'a'.repeat(32)}B${'a'.repeat(31)}`)).toEqual([[`${'a'.repeat(32)}b${'a'.repeat(31)}`, 0, 2], ...parts])
    expect(cut(`${'a'.repeat(32)}B${'a'.repeat(32)}`)).toEqual([parts[0], [`b${'a'.repeat(32)}`, 1, 1]])
  })

  it('a run without spaces into pairs and its last sign', () => {
    expect(cut('中国菜 a')).toEqual([['中国', 0, 1], ['国菜', 1, 1], ['菜', 2, 1], ['a', 3, 1]])
  })
})

describe('any text', () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ unit: 'grapheme', maxLength: 80 }))

  it('folds to what folding leaves alone', () => {
    fc.assert(fc.property(text, (value) => fold(fold(value)) === fold(value)), { numRuns: 3000 })
  })

  it('is found by each of its words, and marked where it stands', () => {
    fc.assert(
      fc.property(text, (value) => {
        for (const { start, end } of tokenize(value)) {
          const word = value.slice(start, end).replaceAll('"', '')
          expect(marked(value, `"${word}"`).some((mark) => mark.length > 0)).toBe(true)
        }
      }),
      { numRuns: 1500 },
    )
  })

  it('is cut into terms in order, one for every position, none empty, inside of the text', () => {
    fc.assert(
      fc.property(text, (value) => {
        const tokens = tokenize(value)
        expect([...new Set(tokens.map(({ position }) => position))]).toEqual(Array.from({ length: new Set(tokens.map(({ position }) => position)).size }, (_, i) => i))
        for (const { term, start, end, firstEnd, span } of tokens) expect(term !== '' && span >= 1 && start >= 0 && start < firstEnd && firstEnd <= end && end <= value.length).toBe(true)
      }),
      { numRuns: 1500 },
    )
  })

  it('as a phrase finds itself', () => {
    fc.assert(fc.property(text, (value) => tokenize(value).length === 0 || isFound(value, `"${value.replaceAll('"', ' ')}"`)), { numRuns: 1500 })
  })
})

describe('a text in ASCII', () => {
  it('is answered without being cut as it would be if it were cut', () => {
    const unit = fc.constantFrom('a', 'B', 'c', 'Ab', 'I', '1', ' ', '-', '_', '"', '*', "'")
    const words = fc.string({ unit, maxLength: 24 })
    let met = 0
    fc.assert(
      fc.property(words, words, fc.constantFrom('all' as const, 'any' as const), fc.boolean(), (value, asked, match, countAll) => {
        let query
        try {
          query = parseQuery(asked)
        } catch {
          return
        }
        const short = matchText(query, value, match, countAll)
        // What is no ASCII is always cut; a word beside the text changes nothing else.
        const cut = matchText(query, `${value} é`, match, countAll)
        expect([short.met, short.highlights]).toEqual([cut.met, cut.highlights])
        if (countAll || short.met) expect(short.counts).toEqual(cut.counts)
        if (short.met) met++
      }),
      { numRuns: 4000 },
    )
    expect(met).toBeGreaterThan(100)
  })
})

describe('queries that ask for nothing', () => {
  it.each([['', 'empty'], ['  ', 'empty'], ['-without', 'empty'], ['"" * -', 'empty'], ['?!', 'empty'], ['*ab*', 'infix'], ['*', 'empty'], ['x'.repeat(1025), 'too-long'], ['a '.repeat(65), 'too-long']])('%j is refused: %s', (query, reason) => {
    expect(() => parseQuery(query)).toThrow(expect.objectContaining({ code: 'invalid-value', details: { where: 'query', reason } }))
  })
})
