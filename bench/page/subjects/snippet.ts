// Snippets for subjects that have none of their own: a line around the first place, with every place in it marked.

import type { Query, Range, Snippet } from './search-subject.ts'

const BEFORE = 40
const LENGTH = 160

const ascii = /^\p{ASCII}*$/u

/** Without accents, each unit in its place, so that places in it are places in the text. */
function bare(text: string): string {
  return ascii.test(text) ? text : text.replace(/[\u00c0-\u1fff]/gu, (letter) => letter.normalize('NFKD').charAt(0))
}

/** A text that meets the query, cut to a line. */
export function snippetOf(text: string, query: Query): Snippet {
  const pattern = patternOf(query)
  const first = bare(text).search(pattern)
  const start = first <= BEFORE || text.length <= LENGTH ? 0 : startNear(text, first)
  const line = text.slice(start, start + LENGTH)
  const highlights = Array.from(bare(line).matchAll(pattern), ({ index, 0: { length } }): Range => ({ start: index, end: index + length }))
  return { text: line, highlights }
}

/** Behind a space where there is one before the place. */
function startNear(text: string, first: number): number {
  const space = text.slice(first - BEFORE, first).indexOf(' ')
  return first - BEFORE + space + 1
}

/** Whether the words stand side by side. */
export function holdsPhrase(text: string, query: Query): boolean {
  return bare(text).search(patternOf(query)) !== -1
}

/** Words are of a to z, so nothing in them means something to a pattern. */
function patternOf({ form, words, begins }: Query): RegExp {
  const edge = '[\\p{L}\\p{M}\\p{N}]'
  if (form === 'infix') return new RegExp(words.join(''), 'giu')
  if (form === 'phrase') return new RegExp(`(?<!${edge})${words.join('[^\\p{L}\\p{M}\\p{N}]+')}(?!${edge})`, 'giu')
  const ways = words.map((word, i) => (begins && i === words.length - 1 ? `${word}${edge}*` : `${word}(?!${edge})`))
  return new RegExp(`(?<!${edge})(?:${ways.join('|')})`, 'giu')
}
