// Typing mistakes: what is near, held against a table of distances, which words are forgiven, and what stands in their place.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { correctionsIn } from '../../src/vault/search/words/corrections.js'
import { matchText } from '../../src/vault/search/words/match.js'
import { beginsNear, isNear, mayHoldNear } from '../../src/vault/search/words/near.js'
import { parseForgiving } from '../../src/vault/search/words/query.js'
import { seededRandom } from '../kit/random.js'
import { distance, distanceToBeginning, mistyped } from './kit/mistakes.js'
import { TYPOS_TABLE } from './table.js'

const isFound = (text: string, query: string, typing = false): boolean => {
  const asked = parseForgiving(query, { typing })
  return asked !== undefined && matchText(asked, text, 'all').met
}

for (const [name, rows] of Object.entries(TYPOS_TABLE)) {
  describe(name, () => {
    it.each(rows)('%s | %s | %s', (text, query, hit) => expect(isFound(text, query)).toBe(hit))
  })
}

describe('what is near', () => {
  const word = (least: number): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: least, maxLength: 8 })

  it('is so by the table of distances, and so are beginnings', () => {
    fc.assert(
      fc.property(word(1), word(0), (typed, found) => {
        expect(isNear(found, typed)).toBe(distance(typed, found) <= 1)
        expect(beginsNear(found, typed)).toBe(distanceToBeginning(typed, found) <= 1)
      }),
      { numRuns: 5000 },
    )
  })

  it('leaves half of the word as it is, or swaps in its middle', () => {
    fc.assert(
      fc.property(word(4), word(0), word(0), word(0), (typed, found, before, after) => {
        if (distanceToBeginning(typed, found) <= 1) expect(mayHoldNear(`${before}${found}${after}`, typed)).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })
})

describe('a word with', () => {
  const random = seededRandom(1)
  const letters = ['abcdefghijklmnopqrstuvwxyz', 'абвгдежзиклмноп', 'αβγδεζηθικλμ', 'אבגדהוזחט', 'नमसतरकल']
  const drawWord = (alphabet: string): string => Array.from({ length: 5 + random.below(8) }, () => random.pick([...alphabet])).join('')

  it('one mistake is always found, whole and while it is typed', () => {
    for (let i = 0; i < 2000; i++) {
      const alphabet = random.pick(letters)
      const word = drawWord(alphabet)
      const typed = mistyped(random, word, alphabet)
      expect(isFound(`so ${word} it is`, typed), `${word} ${typed}`).toBe(true)
      const beginning = mistyped(random, word.slice(0, 5 + random.below(word.length - 4)), alphabet)
      expect(isFound(`so ${word} it is`, beginning, true), `${word} ${beginning}`).toBe(true)
    }
  })

  it('two mistakes is never found', () => {
    let asked = 0
    for (let i = 0; i < 4000; i++) {
      const alphabet = random.pick(letters)
      const word = drawWord(alphabet)
      const typed = mistyped(random, mistyped(random, word, alphabet), alphabet)
      if (distance(typed, word) < 2) continue
      asked++
      expect(isFound(`so ${word} it is`, typed), `${word} ${typed}`).toBe(false)
    }
    expect(asked).toBeGreaterThan(2000)
  })
})

describe('what stands in place of what was typed', () => {
  const corrected = (text: string, query: string, typing = false): string[] | undefined => correctionsIn(text, parseForgiving(query, { typing })!)?.map(({ typed, found }) => `${typed} ${found}`)
  it.each([
    ['The Night train', 'nihgt trian', ['nihgt Night', 'trian train']],
    ['The Night train', 'Nihgt, train', ['Nihgt Night']],
    ['Nacht in Zürich', 'ZURCIH', ['ZURCIH Zürich']],
    ['nights and night', 'nigth', ['nigth night']],
    ['nights, night', 'night', undefined],
    ['nights', 'night', ['night nights']],
    ['no such word', 'nihgt', undefined],
  ])('%s | %s', (text, query, expected) => expect(corrected(text, query)).toEqual(expected))

  it('is a whole word while one is typed, and nothing where it begins as it was typed', () => {
    expect(corrected('The Night train to Vienna', 'night vein', true)).toEqual(['vein Vienna'])
    expect(corrected('The Night train to Vienna', 'vien', true)).toBeUndefined()
  })
})
