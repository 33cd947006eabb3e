// What is looked for in the memory of a page. Page and test make it from numbers, each for itself: a page that is handed a text holds it.

import { seededRandom } from '../../kit/random.js'

export const PLANTED = 20
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

/** One long word: it is found as it is in a text, in a query and among the words of an index. */
function wordOf(seed: number): string {
  const random = seededRandom(seed)
  return Array.from({ length: 18 }, () => LETTERS[random.below(LETTERS.length)]).join('')
}

/** @param place from 0 to below `PLANTED` */
export function plantedText(place: number): string {
  return wordOf(1000 + place)
}

export function plantedPassword(): string {
  return wordOf(999)
}
