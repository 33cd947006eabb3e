// The first messages of a segment: how much of it is looked at, and that none is passed over that should not be.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { newestOf, worthiestOf, type Best } from '../../src/vault/search/messages/best-of-segment.js'
import { clauseFrequency, Scorer } from '../../src/vault/search/messages/rank.js'
import { SegmentSearch } from '../../src/vault/search/messages/segment-search.js'
import { emptySums } from '../../src/vault/search/messages/text-tally.js'
import { Segment } from '../../src/vault/search/segments/segment.js'
import { A, B, logs, openBlocks, segmentOf, wantedOf, type Line } from './kit/segments.js'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('the newest messages of a segment', () => {
  it.each([1, 17])('with words that begin so, %i of them, in a chat that has one: few stretches are looked at', async (limit) => {
    // Each message has a word of its own, and the only one that is asked for is the oldest.
    const lines = Array.from({ length: 6000 }, (_, i): Line => ({ stem: i === 0 ? B : A, number: i, content: `p${i}` }))
    const segment = await segmentOf(openBlocks(), 1, lines)
    const { query, filters, slices } = wantedOf('p*')
    const search = await SegmentSearch.open({ segment, hidden: undefined }, { query, filters, logs, admitsLog: ({ number }) => number === 2, slices })
    const between = vi.spyOn(SegmentSearch.prototype, 'between')
    const loads = vi.spyOn(Segment.prototype, 'loadChunks')
    const { ordinals, more } = await newestOf(search, limit, slices)
    expect([...ordinals]).toEqual([5999])
    expect(more).toBe(false)
    expect(between.mock.calls.length).toBeLessThan(8)
    expect(loads.mock.calls.reduce((sum, [, wanted]) => sum + wanted.length, 0)).toBeLessThan(2 * 6000)
  })
})

/** The worthiest messages for a query, and what each message that meets it is worth, by ordinal. */
async function weigh(lines: readonly Line[], text: string, limit: number): Promise<{ readonly best: Best; readonly scores: ReadonlyMap<number, number> }> {
  const segment = await segmentOf(openBlocks(), 1, lines)
  const { query, filters, slices } = wantedOf(text, { order: 'relevance' })
  const search = await SegmentSearch.open({ segment, hidden: undefined }, { query, filters, logs, admitsLog: undefined, slices })
  const sums = emptySums(query)
  await search.addSums(sums)
  const frequencies = query.wanted.map((clause, i) => clauseFrequency(clause, (term) => Math.min(sums.messages, sums.frequencies[i]![clause.terms.indexOf(term)]!)))
  const scorer = new Scorer({ messages: sums.messages, units: sums.units, frequencies }, undefined)
  const best = await worthiestOf(search, scorer, limit, 0, slices)
  const all = await search.between(0, segment.messages)
  const worth = await search.scores(all, scorer)
  return { best, scores: new Map([...all.ordinals].map((ordinal, i) => [ordinal, worth[i]!])) }
}

describe('the worthiest messages of a segment', () => {
  it('hold part of a word before another that both a compound and its last part go on to', async () => {
    // In `fooBoo bar` the beginnings are two, of fooboo and of boo, but bar stands there once.
    const lines = Array.from({ length: 12_000 }, (_, i): Line => ({ number: i, content: i === 10 ? 'fooBoo bar' : 'zoo bar' }))
    const { best, scores } = await weigh(lines, '*oo-bar', 1)
    const most = Math.max(...scores.values())
    expect([...best.ordinals]).toEqual([12_000 - 1 - 10])
    expect([...best.scores!]).toEqual([most])
    expect([...scores].filter(([, score]) => score === most)).toHaveLength(1)
  })

  it('are not all where some were passed over', async () => {
    // Ten windows of 1,024 messages. The first and the last hold one message with both words each, a short one and a long one; c makes both words as rare as they must be for
    // the last window, alone of its round, to be worth no look.
    const filler = (units: number): string => '='.repeat(units)
    const contentOf = (ordinal: number): string => {
      const [at, isFirst, isLast] = [ordinal % 1024, ordinal < 1024, ordinal >= 9 * 1024]
      if ((isFirst || isLast) && at === 101) return `a b ${filler(isFirst ? 200 : 4000)}`
      if ((isFirst || isLast) && at === 102) return 'c'
      const one = ordinal % 2 === 0 ? 'a' : 'b'
      return isLast ? `${one} ${filler(3000)}` : one
    }
    const lines = Array.from({ length: 10_240 }, (_, ordinal): Line => ({ number: 10_239 - ordinal, content: contentOf(ordinal) }))
    const { best, scores } = await weigh(lines, 'a b', 1)
    expect([...scores.keys()]).toEqual([101, 9 * 1024 + 101])
    expect([...best.ordinals]).toEqual([101])
    expect(best.more).toBe(true)
  })
})
