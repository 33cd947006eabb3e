// The order of a chat that went on in two places.

import { describe, expect, it } from 'vitest'
import { mergedOrder, type Placed } from '../../src/vault/merge/message-order.js'
import { seededRandom, shuffled } from '../kit/corpus.js'

const list = (text: string): Placed[] => text.split(' ').filter((word) => word !== '').map((word) => ({ id: word.replace(/\d+$/, ''), timestamp: Number(/\d+$/.exec(word)?.[0] ?? 0) }))
const idsOf = (placed: readonly Placed[]): string => placed.map(({ id }) => id).join(' ')

describe('the merged order', () => {
  it.each([
    ['nothing at all', '', '', ''],
    ['one side alone', 'a1 b2', '', 'a b'],
    ['what only the other has', '', 'a1 b2', 'a b'],
    ['the same on both sides', 'a1 b2', 'a1 b2', 'a b'],
    ['what both appended, by time', 'a1 b2 m5 n7', 'a1 b2 x4 y6', 'a b x m y n'],
    ['equal times, by id', 'a1 m5', 'a1 x5', 'a m x'],
    ['what came in between', 'a1 c3', 'a1 b9 c3', 'a b c'],
    ['the order of each side, whatever the times say', 'a1 m9 n2', 'a1 x5 y1', 'a x y m n'],
    ['another order on the other side: mine stays', 'a1 b2 c3', 'b2 a1 c3 d4', 'a b c d'],
  ])('%s', (_, mine, theirs, merged) => {
    expect(idsOf(mergedOrder(list(mine), list(theirs)))).toBe(merged)
  })

  it('has each message once, keeps the order of mine, and is the same from both sides where the common order is', () => {
    const random = seededRandom(7)
    for (let round = 0; round < 500; round++) {
      const common = Array.from({ length: Math.floor(random() * 8) }, (_, i): Placed => ({ id: `c${i}`, timestamp: Math.floor(random() * 20) }))
      const grown = (mark: string): Placed[] => {
        const own = [...common]
        for (let i = Math.floor(random() * 6); i > 0; i--) own.splice(Math.floor(random() * (own.length + 1)), 0, { id: `${mark}${i}`, timestamp: Math.floor(random() * 20) })
        return own
      }
      const [mine, theirs] = [grown('m'), grown('t')]
      const merged = mergedOrder(mine, theirs)
      expect(new Set(merged.map(({ id }) => id)).size).toBe(merged.length)
      expect(merged.length).toBe(common.length + (mine.length - common.length) + (theirs.length - common.length))
      for (const side of [mine, theirs]) expect(idsOf(merged.filter(({ id }) => side.some((own) => own.id === id)))).toBe(idsOf(side))
      expect(idsOf(mergedOrder(theirs, mine))).toBe(idsOf(merged))
      const mixed = shuffled(theirs, random)
      expect(idsOf(mergedOrder(mine, mixed).filter(({ id }) => mine.some((own) => own.id === id)))).toBe(idsOf(mine))
    }
  })
})
