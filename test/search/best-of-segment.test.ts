// The first messages of a segment: how much of it is looked at, and that none is passed over that should not be.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { newestOf } from '../../src/vault/search/messages/best-of-segment.js'
import { SegmentSearch } from '../../src/vault/search/messages/segment-search.js'
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
