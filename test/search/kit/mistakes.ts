// Typing mistakes, made and told apart by the textbook: a table of distances, without the short cuts of the library.

import { compare, type Query, type QueryTerm } from '../../../src/vault/search/words/query.js'
import { tokenize, type Token } from '../../../src/vault/search/words/tokenizer.js'
import type { Range } from '../../../src/vault/search/words/match.js'
import type { Random } from '../../kit/random.js'

/** By length of the beginning of `found`: how many letters too much, missing, wrong or swapped with their neighbour lead there from all of `typed`. */
function distances(typed: string, found: string): number[] {
  const [a, b] = [[...typed], [...found]]
  const rows: number[][] = [[...b, ''].map((_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2]![j - 2]! + 1 : Infinity
      row.push(Math.min(changed, swapped, rows[i - 1]![j]! + 1, row[j - 1]! + 1))
    }
    rows.push(row)
  }
  return rows.at(-1)!
}

export function distance(typed: string, found: string): number {
  return distances(typed, found).at(-1)!
}

/** To the nearest beginning of what was found. */
export function distanceToBeginning(typed: string, found: string): number {
  return Math.min(...distances(typed, found))
}

/** Whether a term of a query takes a term of a text; for those that forgive, by the table. */
export function takes(term: QueryTerm, found: string): boolean {
  if (term.comparison === 'near') return distance(term.term, found) <= 1
  if (term.comparison === 'begins-near') return distanceToBeginning(term.term, found) <= 1
  return compare(found, term)
}

const forgives = ({ comparison }: QueryTerm): boolean => comparison.endsWith('near')

/** Where words stand that only forgiving finds. */
export function placesOfNear({ wanted }: Query, content: string): Range[] {
  const terms = wanted.flatMap((clause) => clause.terms).filter(forgives)
  return terms.length === 0 ? [] : tokenize(content).filter(({ term }) => terms.some((asked) => takes(asked, term))).map(({ start, end }) => ({ start, end }))
}

/** What stands in a content in place of what was typed: see `SearchHit`. */
export function expectedCorrections({ wanted }: Query, content: string): { typed: string; found: string }[] | undefined {
  const tokens = tokenize(content)
  const all = wanted.flatMap(({ terms }) => terms).filter(forgives).flatMap((asked) => {
    const found = tokens.filter(({ term }) => takes(asked, term))
    const asTyped = ({ term }: Token): boolean => (asked.comparison === 'near' ? term === asked.term : term.startsWith(asked.term))
    const [first] = found
    return first === undefined || found.some(asTyped) ? [] : [{ typed: asked.typed!, found: content.slice(first.start, first.end) }]
  })
  return all.length === 0 ? undefined : all
}

/** One mistake anywhere in a word. */
export function mistyped(random: Random, word: string, letters = 'abcdefghijklmnopqrstuvwxyz'): string {
  const all = [...word]
  const at = random.below(all.length)
  const kind = random.below(4)
  if (kind === 0) all.splice(random.below(all.length + 1), 0, random.pick([...letters]))
  else if (kind === 1) all.splice(at, 1)
  else if (kind === 2) all[at] = random.pick([...letters])
  else if (at > 0) [all[at - 1], all[at]] = [all[at]!, all[at - 1]!]
  return all.join('')
}
