// Holds a text against a query: the one place that decides what is an answer.

import { isAscii } from './fold.js'
import { mayHoldNear } from './near.js'
import { compare, isForgiving, type Clause, type Query, type QueryTerm } from './query.js'
import { tokenize, type Token } from './tokenizer.js'

/** Offsets in the text, UTF-16, end exclusive. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** A text cut for matching: its tokens by the position they begin at. */
export type CutText = ReadonlyMap<number, readonly Token[]>

/** What a text has of a query. */
export interface Finding {
  /** Whether it is an answer. */
  readonly met: boolean
  /** How often it holds each of the words and phrases wanted; of a text that is no answer, only as far as was asked for. */
  readonly counts: readonly number[]
  /** Where, first place first, without overlaps. */
  readonly highlights: readonly Range[]
}

const NOTHING: Finding = { met: false, counts: [], highlights: [] }

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
 * Holds a text against a query.
 * @param match whether all words must be there, or any of them; those excluded must be missing either way
 * @param countAll also count in texts that are no answer: ranking wants to know how common a word is
 */
export function matchText(query: Query, text: string, match: 'all' | 'any', countAll = false): Finding {
  // Terms of a text in ASCII are parts of it as they stand: most texts need not be cut at all.
  const plain = isAscii(text) ? text.toLowerCase() : undefined
  const may = (clause: Clause): boolean => plain === undefined || clause.terms.some((term) => term.from === 0 && (isForgiving(term) ? mayHoldNear(plain, term.term) : plain.includes(term.term)))
  const wanted = query.wanted.map(may)
  if (!countAll && (match === 'all' ? wanted.includes(false) : !wanted.includes(true))) return NOTHING
  if (!wanted.includes(true)) return { ...NOTHING, counts: wanted.map(() => 0) }
  return matchCut(query, cutText(text), match)
}

/** The same of a text that is cut already. */
export function matchCut(query: Query, cut: CutText, match: 'all' | 'any'): Finding {
  const found = query.wanted.map((clause) => findClause(clause, cut))
  const missing = found.filter((ranges) => ranges.length === 0).length
  const met = (match === 'all' ? missing === 0 : missing < found.length) && !query.unwanted.some((clause) => findClause(clause, cut).length > 0)
  return { met, counts: found.map((ranges) => ranges.length), highlights: met ? joined(found.flat()) : [] }
}

/** How many different terms of a text one of the query means. */
export function countTerms(term: QueryTerm, cut: CutText): number {
  const found = new Set<string>()
  for (const tokens of cut.values()) for (const token of tokens) if (compare(token.term, term)) found.add(token.term)
  return found.size
}

function findClause({ terms, last }: Clause, text: CutText): Range[] {
  const first = terms.filter(({ from }) => from === 0)
  const ranges: Range[] = []
  const ways = new Ways(terms, last, text)
  for (const tokens of text.values()) {
    for (const token of tokens) {
      for (const term of first) {
        const end = compare(token.term, term) ? ways.follow(term, token) : undefined
        if (end !== undefined) ranges.push({ start: token.start, end })
      }
    }
  }
  return ranges
}

/** Ways through the rest of a clause that a text goes along. What leads nowhere is tried once: compounds make many ways. */
class Ways {
  readonly #terms: readonly QueryTerm[]
  readonly #last: number
  readonly #text: CutText
  /** By node and position: where the way from there ends. */
  readonly #ends = new Map<number, Map<number, number | undefined>>()

  constructor(terms: readonly QueryTerm[], last: number, text: CutText) {
    this.#terms = terms
    this.#last = last
    this.#text = text
  }

  /** The end of a way to the end of the clause, if there is one. */
  follow(at: QueryTerm, token: Token): number | undefined {
    if (at.to === this.#last) return at.lastSign ? token.firstEnd : token.end
    const position = token.position + token.span
    let ends = this.#ends.get(at.to)
    if (ends === undefined) this.#ends.set(at.to, (ends = new Map()))
    if (!ends.has(position)) ends.set(position, this.#search(at.to, position))
    return ends.get(position)
  }

  #search(node: number, position: number): number | undefined {
    const tokens = this.#text.get(position) ?? []
    for (const term of this.#terms) {
      if (term.from !== node) continue
      for (const token of tokens) {
        const end = compare(token.term, term) ? this.follow(term, token) : undefined
        if (end !== undefined) return end
      }
    }
    return undefined
  }
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
