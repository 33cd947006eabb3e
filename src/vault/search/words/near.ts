// One typing mistake: a letter too much, missing or wrong, or two neighbours swapped (optimal string alignment, a distance of one).
// Nothing is allocated: all words of a vault are held against one that was typed.

import { isSpaceless } from './tokenizer.js'

/** Shorter words are too near to too many others; in digits a mistake makes another number; what is cut into pairs has no letters to mistype. */
const MISTYPED = /^[\p{L}\p{M}]{4,}$/u
/** A letter outside of the basic plane is two units, and units are counted. */
const TWO_UNITS = /[\u{10000}-\u{10FFFF}]/u

/** Whether a mistake is looked for in a folded word. */
export function mayBeMistyped(word: string): boolean {
  return MISTYPED.test(word) && !TWO_UNITS.test(word) && !isSpaceless(word)
}

/** Whether a word is what was typed but for one mistake. */
export function isNear(found: string, typed: string): boolean {
  const longer = found.length - typed.length
  if (longer > 1 || longer < -1) return false
  const same = commonStart(found, typed)
  // Whichever ends here, the other one has at most one letter more.
  if (same === typed.length || same === found.length) return true
  if (longer === 1) return goesOn(found, same + 1, typed, same)
  if (longer === -1) return goesOn(found, same, typed, same + 1)
  return goesOn(found, same + 1, typed, same + 1) || isSwapped(found, typed, same)
}

/** Whether some beginning of a word is what was typed but for one mistake. */
export function beginsNear(found: string, typed: string): boolean {
  if (found.length < typed.length - 1) return false
  const same = commonStart(found, typed)
  // All but the last letter is a beginning, too.
  if (same >= typed.length - 1) return true
  return goesOn(found, same + 1, typed, same + 1) || goesOn(found, same + 1, typed, same) || goesOn(found, same, typed, same + 1) || isSwapped(found, typed, same)
}

/** Whether a text without words cut out may hold something near: a mistake leaves one half as it is, or swaps where they meet. */
export function mayHoldNear(text: string, typed: string): boolean {
  const half = typed.length >> 1
  if (text.includes(typed.slice(0, half)) || text.includes(typed.slice(half))) return true
  return text.includes(typed.slice(0, half - 1) + typed[half]! + typed[half - 1]! + typed.slice(half + 1))
}

function commonStart(a: string, b: string): number {
  const end = Math.min(a.length, b.length)
  let at = 0
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at)) at++
  return at
}

/** Whether the rest of what was typed stands at a place of the word. */
function goesOn(found: string, at: number, typed: string, from: number): boolean {
  for (; from < typed.length; at++, from++) if (found.charCodeAt(at) !== typed.charCodeAt(from)) return false
  return true
}

function isSwapped(found: string, typed: string, at: number): boolean {
  return found.charCodeAt(at) === typed.charCodeAt(at + 1) && found.charCodeAt(at + 1) === typed.charCodeAt(at) && goesOn(found, at + 2, typed, at + 2)
}
