// The words that a term means in one segment.

import { expect, it } from 'vitest'
import { Slices } from '../../src/vault/core/slices.js'
import { TermLists } from '../../src/vault/search/messages/term-lists.js'
import type { Segment } from '../../src/vault/search/segments/segment.js'
import type { WordPage } from '../../src/vault/search/segments/word-page.js'
import type { QueryTerm } from '../../src/vault/search/words/query.js'

it('each have their list opened, also when there are more than two million of them', { timeout: 30_000 }, async () => {
  const count = 2 ** 21 + 10
  // Every word begins in a message of its own, the later ones in newer messages.
  const page = { messagesOf: () => 1, firstOf: (word: number) => count - 1 - word, placeOf: (word: number) => word } as unknown as WordPage
  const words = Array.from({ length: count }, (_, word) => ({ page, word }))
  const segment = { messages: count, vocabulary: { boundary: 0, meant: async () => words }, lists: async (places: readonly number[]) => places } as unknown as Segment
  const lists = await TermLists.open(segment, { term: 'a', comparison: 'begins' } as QueryTerm, new Slices())
  const all = (await lists.lists()) as unknown as readonly number[]
  expect(all).toHaveLength(count)
  // The one with the newest message first.
  expect(all.every((word, nth) => word === count - 1 - nth)).toBe(true)
})
