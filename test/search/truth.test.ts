// The truth itself: by hand where an order is defined, and against its definition written out without any short cut.

import { describe, expect, it } from 'vitest'
import { matchText } from '../../src/vault/search/words/match.js'
import { compare, parseQuery, type Clause } from '../../src/vault/search/words/query.js'
import { tokenize } from '../../src/vault/search/words/tokenizer.js'
import { seededRandom } from '../kit/random.js'
import { QuerySource } from './kit/queries.js'
import { generatedSample } from './kit/sample.js'
import { keyOf, Truth, type TruthMessage } from './kit/truth.js'
import { decodeLength, encodeLength } from './kit/weights.js'

function listOf(...contents: string[]): Truth {
  return new Truth(contents.map((content, i): TruthMessage => ({ logId: 'log', logNumber: 0, number: i, id: `m${i}`, content, timestamp: 100 - i, senderId: 'ada', type: 'user' })))
}

const found = (truth: Truth, text: string, options = {}): number[] => truth.answers(text, options).map(({ message }) => message.number)

describe('lengths', () => {
  it('are exact up to 15, then rounded down to eight steps an octave', () => {
    for (let n = 0; n < 16; n++) expect(decodeLength(encodeLength(n))).toBe(n)
    expect([16, 17, 18, 31, 32, 35, 36, 1000, 65_536, 100_000].map((n) => decodeLength(encodeLength(n)))).toEqual([16, 16, 18, 30, 32, 32, 36, 960, 65_536, 98_304])
  })

  it('have codes that rise by one', () => {
    let before = -1
    for (let n = 0; n < 5000; n++) {
      const code = encodeLength(n)
      expect(code === before || code === before + 1, String(n)).toBe(true)
      before = code
    }
  })
})

describe('orders', () => {
  it('newest first; at the same time the later chat log, then the later message', () => {
    const at = (logNumber: number, number: number, timestamp: number): TruthMessage => ({ logId: `log${logNumber}`, logNumber, number, id: `m${number}`, content: 'train', timestamp, senderId: 'ada', type: 'user' })
    const answers = new Truth([at(0, 0, 5), at(0, 1, 5), at(1, 0, 5), at(2, 0, 4), at(3, 0, 6)]).answers('train', {})
    expect(answers.map(({ message }) => keyOf(message))).toEqual(['log3 0', 'log1 0', 'log0 1', 'log0 0', 'log2 0'])
  })

  it('by relevance: rare words, often, in short messages', () => {
    const truth = listOf('the train', 'the night train', 'the the the', 'a train of thought that goes on and on for many words', 'night')
    expect(found(truth, 'night', { order: 'relevance' })).toEqual([4, 1])
    expect(found(truth, 'train', { order: 'relevance' })).toEqual([0, 1, 3])
    // Both words in a longer message beat the rarer one alone.
    expect(found(truth, 'the night', { order: 'relevance', match: 'any' })).toEqual([1, 4, 2, 0])
    const [answer] = truth.answers('night', { order: 'relevance' })
    // Five messages, two with the word; lengths 9, 15, 11, 52 and 5.
    const average = (9 + 15 + 11 + 52 + 5) / 5
    expect(answer!.score).toBeCloseTo(Math.log(1 + 3.5 / 2.5) ** 2 * (0.5 + 1.5 / (1 + 0.5 * (0.6 + (0.4 * 5) / average))), 12)
  })

  it('weighs by the whole vault, whatever the filters', () => {
    const truth = listOf('night', 'night train', 'day')
    const score = (options = {}): number => truth.answers('night', { order: 'relevance', ...options })[0]!.score
    expect(score({ from: 100 })).toBe(score())
  })

  it('puts the messages first whose id was asked for, once, and within the filters', () => {
    const truth = listOf('m3 it is', 'nothing', 'say m3 again', 'this is m3 itself')
    expect(found(truth, ' m3 ')).toEqual([3, 0, 2])
    expect(found(truth, 'm1')).toEqual([1])
    expect(found(truth, 'm1', { to: 50 })).toEqual([])
    expect(truth.answers('m1', {}, { ids: false })).toEqual([])
  })
})

describe('the short cuts', () => {
  const sample = generatedSample(7, 260)
  const truth = new Truth(sample.messages)
  const distinct = sample.messages.map(({ content }) => new Set(tokenize(content).map(({ term }) => term)))

  /** Every way through a clause, one after the other. */
  function frequencyOf({ terms, last }: Clause, node = 0): number {
    if (node === last) return Infinity
    const ways = terms.filter(({ from }) => from === node).map((term) => {
      const holding = distinct.reduce((sum, set) => sum + [...set].filter((held) => compare(held, term)).length, 0)
      return Math.min(sample.messages.length, holding, frequencyOf({ terms, last }, term.to))
    })
    return Math.max(0, ...ways)
  }

  it('change neither what is found nor its weight', () => {
    const source = new QuerySource(truth, seededRandom(3))
    const lengths = sample.messages.map(({ content }) => decodeLength(encodeLength(content.length)))
    const all = lengths.length
    const average = lengths.reduce((a, b) => a + b, 0) / all
    let scored = 0
    for (let i = 0; i < 250; i++) {
      const { text, options: { recency: _, ...options } } = source.next()
      const answers = truth.answers(text, { ...options, order: 'relevance' })
      const query = answers[0]?.query ?? parseQuery(text, options)
      expect(new Set(answers.map(({ message }) => keyOf(message))), text).toEqual(new Set(truth.slowly(text, options)))
      const inverse = query.wanted.map((clause) => Math.log(1 + (all - frequencyOf(clause) + 0.5) / (frequencyOf(clause) + 0.5)) ** 2)
      for (const { message, byId, score } of answers.slice(0, 5)) {
        if (byId) continue
        const { counts } = matchText(query, message.content, options.match ?? 'all', true)
        const norm = 0.5 * (0.6 + (0.4 * lengths[sample.messages.indexOf(message)]!) / average)
        expect(score, text).toBeCloseTo(counts.reduce((sum, count, at) => sum + (count === 0 ? 0 : inverse[at]! * (0.5 + (count * 1.5) / (count + norm))), 0), 9)
        scored++
      }
    }
    expect(scored).toBeGreaterThan(300)
  })
})
