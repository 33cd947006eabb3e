// One segment: what was written is read back, by word, by id, by time, at every border.

import { describe, expect, it } from 'vitest'
import { Slices } from '../../src/vault/core/slices.js'
import { A, openBlocks, segmentOf, type Line } from './kit/segments.js'

const word = (i: number): string => `w${i.toString(36).padStart(3, '0')}${'x'.repeat(i % 13)}`

describe('a segment', () => {
  it('of many pages finds each of its words, and none that are not there', async () => {
    const store = openBlocks()
    const lines = Array.from({ length: 300 }, (_, i): Line => ({ number: i, content: Array.from({ length: 12 }, (__, j) => word(i * 12 + j)).join(' ') }))
    const segment = await segmentOf(store, 1, lines)
    expect(segment.vocabulary.pageCount).toBeGreaterThan(8)
    for (let i = 0; i < 3600; i++) {
      const place = await segment.vocabulary.find(word(i))
      expect(place?.messages, word(i)).toBe(1)
      expect(segment.placeOf(place!.first).number).toBe(Math.floor(i / 12))
      expect(await segment.vocabulary.find(`${word(i)}y`)).toBeUndefined()
    }
    expect(await segment.vocabulary.find('a')).toBeUndefined()
    expect(await segment.vocabulary.find('zzz')).toBeUndefined()
  })

  it('finds every word that has some letters in it, of new messages and of old ones', async () => {
    const store = openBlocks()
    const segment = await segmentOf(store, 1, Array.from({ length: 4500 }, (_, i): Line => ({ number: i, content: `${word(i)} ${i % 2 === 0 ? 'straße' : '東京都'} ${word(i * 7)}` })))
    const { vocabulary } = segment
    expect(vocabulary.boundary).toBe(140)
    const all: string[] = []
    for (const tier of [0, 1] as const) for await (const page of vocabulary.pages(tier)) for (let i = 0; i < page.count; i++) all.push(page.word(i))
    const words = all.filter((known) => !known.startsWith('\u0001'))
    expect(words.length).toBeGreaterThan(8000)
    for (const term of ['w0a', '3zx', 'xxxx', 'w1', 'trass', '東京', 'ab', 'nowhere', ...words.filter((_, i) => i % 97 === 0).map((known) => known.slice(1, 5))]) {
      for (const comparison of ['contains', 'ends'] as const) {
        const found = [...(await vocabulary.meant({ term, comparison }, new Slices(), 0)), ...(await vocabulary.meant({ term, comparison }, new Slices(), 1))].map(({ page, word: at }) => page.word(at))
        expect(found.sort(), term).toEqual(words.filter((known) => (comparison === 'contains' ? known.includes(term) : known.endsWith(term))).sort())
      }
    }
  })

  it('finds messages by id, at any number of them', async () => {
    for (const messages of [1, 2, 31, 32, 33, 64, 65, 700]) {
      const store = openBlocks()
      const segment = await segmentOf(store, 1, Array.from({ length: messages }, (_, i) => ({ number: i, content: 'x' })))
      for (let i = 0; i < messages; i++) {
        const found = (await segment.findId(`${A}${i}`)).map((ordinal) => segment.placeOf(ordinal).number)
        expect(found, `${i} of ${messages}`).toContain(i)
        expect(found.length).toBeLessThan(4)
      }
    }
  })

  it.each([
    ['whole milliseconds', (i: number) => 1_700_000_000_000 + i * 1234],
    ['all the same', () => 5],
    ['far apart, before 1970 and after 10000', (i: number) => (i - 150) * 3e12],
    ['fractions', (i: number) => i / 3],
    ['as far as numbers go', (i: number) => (i % 2 === 0 ? -1 : 1) * 8e15 * (i / 300)],
    ['beyond whole numbers', (i: number) => 2 ** 60 * i],
  ])('keeps times: %s', async (_, timeOf) => {
    const store = openBlocks()
    const segment = await segmentOf(store, 1, Array.from({ length: 300 }, (__, i) => ({ number: i, content: 'x', timestamp: timeOf(i) })))
    const times = Array.from({ length: 300 }, (__, i) => timeOf(i))
    expect([...(segment.allTimes())]).toEqual(times.toSorted((a, b) => b - a))
    for (const at of [0, 1, 127, 128, 129, 299]) {
      const time = times.toSorted((a, b) => b - a)[at]!
      const { first, end } = segment.ordinalsBetween(time, time)
      const expected = times.filter((other) => other === time).length
      expect(end - first, `${at}`).toBe(expected)
      expect(segment.timesOf(Uint32Array.of(first))[0]).toBe(time)
    }
    expect(segment.ordinalsBetween(-Infinity, Infinity)).toEqual({ first: 0, end: 300 })
  })

  it('counts a word as often as it stands, also hundreds of times in one message', async () => {
    const store = openBlocks()
    const segment = await segmentOf(store, 1, [{ number: 0, content: 'go '.repeat(5000) }, { number: 1, content: 'go' }])
    const lists = await segment.lists([(await segment.vocabulary.find('go'))!])
    await segment.loadChunks('docs', [{ list: lists[0]!, chunks: [0] }])
    expect([...lists[0]!.between(0, 2).counts]).toEqual([1, 5000])
  })
})
