// Holds a text against a query: what a full scan would answer. The index only narrows down where to look; this decides.

import { compare, type Clause, type Query, type QueryTerm } from './query.js'
import { tokenize, type Token } from './tokenizer.js'

/** Offsets in the text, UTF-16, end exclusive. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** A text cut for matching: its tokens by the position they begin at. */
export type CutText = ReadonlyMap<number, readonly Token[]>

export function cutText(text: string): CutText {
  const tokens = new Map<number, Token[]>()
  for (const token of tokenize(text)) {
    const there = tokens.get(token.position)
    if (there === undefined) tokens.set(token.position, [token])
    else there.push(token)
  }
  return tokens
}

/**
 * Where a text meets a query, first place first, without overlaps; undefined when it does not.
 * @param match whether all words must be there, or any of them; those excluded must be missing either way
 */
export function matchText(query: Query, text: CutText, match: 'all' | 'any'): Range[] | undefined {
  if (query.unwanted.some((clause) => findClause(clause, text).length > 0)) return undefined
  const found = query.wanted.map((clause) => findClause(clause, text))
  const met = found.filter((ranges) => ranges.length > 0)
  if (match === 'all' ? met.length < found.length : met.length === 0) return undefined
  return joined(found.flat())
}

function findClause({ terms, last }: Clause, text: CutText): Range[] {
  const first = terms.filter(({ from }) => from === 0)
  const ranges: Range[] = []
  for (const tokens of text.values()) {
    for (const token of tokens) {
      for (const term of first) {
        const end = compare(token.term, term) ? follow(terms, last, term, token, text) : undefined
        if (end !== undefined) ranges.push({ start: token.start, end })
      }
    }
  }
  return ranges
}

/** The end of a way through the rest of the clause that the text goes along, if there is one. */
function follow(terms: readonly QueryTerm[], last: number, at: QueryTerm, token: Token, text: CutText): number | undefined {
  if (at.to === last) return at.lastSign ? token.firstEnd : token.end
  const next = text.get(token.position + token.span) ?? []
  for (const term of terms) {
    if (term.from !== at.to) continue
    for (const candidate of next) {
      const end = compare(candidate.term, term) ? follow(terms, last, term, candidate, text) : undefined
      if (end !== undefined) return end
    }
  }
  return undefined
}

function joined(ranges: readonly Range[]): Range[] {
  const result: { start: number; end: number }[] = []
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const before = result.at(-1)
    if (before !== undefined && start < before.end) before.end = Math.max(before.end, end)
    else result.push({ start, end })
  }
  return result
}
