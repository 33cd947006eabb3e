// What a vault must suggest for the beginning of a word: a count over every term of every message.

import type { Suggestion } from '../../../src/vault/search/messages/suggest.js'
import type { UnlockedVault } from '../../../src/vault/unlocked-vault.js'
import type { Random } from '../../kit/random.js'
import type { Truth } from './truth.js'

export function expectedSuggestions({ vocabulary, frequencies }: Truth, beginning: string, limit: number): Suggestion[] {
  return vocabulary
    .map((word, i) => ({ word, messages: frequencies[i]! }))
    .filter(({ word }) => word.startsWith(beginning))
    .sort((a, b) => b.messages - a.messages || (a.word < b.word ? -1 : 1))
    .slice(0, limit)
}

/** Asks for beginnings of words that are there, and of some that are not. @returns one line for each that was answered otherwise */
export async function compareSuggestions(open: UnlockedVault, truth: Truth, random: Random, count: number): Promise<string[]> {
  const unequal: string[] = []
  // Of words that are cut anew when they are typed, the table by hand says what comes.
  const words = truth.vocabulary.filter((word) => /^[a-z]+$/u.test(word))
  for (let i = 0; i < count && words.length > 0; i++) {
    const letters = [...random.pick(words)]
    const beginning = random.chance(0.05) ? `${letters[0]}qqq` : letters.slice(0, 1 + random.below(Math.min(5, letters.length))).join('')
    const limit = random.pick([1, 2, 8, 50, Infinity])
    const found = JSON.stringify(await open.suggest(`${random.pick(['', 'so ', '"and '])}${beginning}`, { limit }))
    const expected = JSON.stringify(expectedSuggestions(truth, beginning, limit))
    if (found !== expected) unequal.push(`${JSON.stringify(beginning)}, ${limit}: ${found} instead of ${expected}`)
  }
  return unequal
}
