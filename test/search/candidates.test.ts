// Which messages a search goes through, whatever their number.

import { expect, it } from 'vitest'
import { searchSegments, openBlocks, segmentOf, wantedOf, type Line } from './kit/segments.js'

it('finds all of a hundred and fifty thousand messages when no limit is given', { timeout: 30_000 }, async () => {
  const segment = await segmentOf(openBlocks(), 1, Array.from({ length: 150_000 }, (_, number): Line => ({ number, content: 'word' })))
  const { byWords, more } = await searchSegments([segment], wantedOf('word'))
  expect(byWords).toHaveLength(150_000)
  expect(more).toBe(false)
})
