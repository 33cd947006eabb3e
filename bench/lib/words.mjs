// @ts-check
// The benchmark's own notion of a word. It cuts plain words of a to z as every subject does; where subjects differ on others, the verification tells.

const word = /[\p{L}\p{M}\p{N}]+/gu
const marks = /[\u0300-\u036f]/gu
const ascii = /^\p{ASCII}*$/u

/**
 * Runs of letters and digits, without case and accents, in their order.
 * @param {string} text
 * @returns {string[]}
 */
export function wordsOf(text) {
  const folded = ascii.test(text) ? text.toLowerCase() : text.normalize('NFKD').replace(marks, '').toLowerCase()
  return folded.match(word) ?? []
}
