// What was typed into a search field, as clauses over terms:
//
//   word   "exact phrase"   -without   -"nor this"   word*   *infix*
//
// A word that is cut into several terms (kebab-case, don't, a path, a run of Han) asks for them side by side, as a phrase does.

import { VaultError } from '../../../errors.js'
import { beginsNear, isNear, mayBeMistyped } from './near.js'
import { tokenize, type Token } from './tokenizer.js'

/** How a term of the query is compared with one of the text; `near` forgives one typing mistake. */
export type Comparison = 'equal' | 'begins' | 'ends' | 'contains' | 'near' | 'begins-near'

/** What words are held against. */
export interface ComparedTerm {
  readonly term: string
  readonly comparison: Comparison
}

export interface QueryTerm extends ComparedTerm {
  /** It is one sign of a script without spaces, which begins a pair where the text goes on. */
  readonly lastSign: boolean
  /** Nodes of the clause that it leads from and to: a compound is one step beside those of its parts. */
  readonly from: number
  readonly to: number
  /** As it was typed: of words in which a mistake is forgiven. */
  readonly typed?: string
}

/** Terms that must be found side by side, from node 0 to `last`, along one of the ways there are. */
export interface Clause {
  readonly terms: readonly QueryTerm[]
  readonly last: number
}

export interface Query {
  readonly wanted: readonly Clause[]
  readonly unwanted: readonly Clause[]
}

const LONGEST_QUERY = 1024
const MOST_CLAUSES = 64
const SHORTEST_INFIX = 3

const CLAUSE = /(-?)(?:"([^"]*)(?:"|$)|([^\s"]+))/gu

export interface ParseOptions {
  /** Whether the query is still being typed: its last word, when nothing follows it, is the beginning of one. */
  readonly typing?: boolean
  /** Whether one typing mistake is forgiven in each word of four letters or more. */
  readonly forgiving?: boolean
}

/**
 * Reads a query.
 * @throws {VaultError} `invalid-value` when it is too long, asks for nothing, or for an infix of less than three characters
 */
export function parseQuery(text: string, { typing = false, forgiving = false }: ParseOptions = {}): Query {
  if (typeof text !== 'string') throw new TypeError('a query is a string')
  if (text.length > LONGEST_QUERY) throw refused(`the query is longer than ${LONGEST_QUERY} characters`, 'too-long')
  const wanted: Clause[] = []
  const unwanted: Clause[] = []
  for (const match of text.matchAll(CLAUSE)) {
    const [all, minus, phrase, word] = match
    const excluded = minus === '-'
    // An excluded word is none before it is typed: its beginning would take away what the whole of it leaves.
    const unfinished = typing && !excluded && match.index + all.length === text.length
    const clause = phrase === undefined ? clauseOfWord(word!, unfinished, forgiving && !excluded) : clauseOf(phrase, 'equal', 'equal')
    if (clause !== undefined) (excluded ? unwanted : wanted).push(clause)
  }
  if (wanted.length + unwanted.length > MOST_CLAUSES) throw refused(`the query has more than ${MOST_CLAUSES} words`, 'too-long')
  if (wanted.length === 0) throw refused('the query has no word to look for', 'empty')
  return { wanted, unwanted }
}

/** The same query with a typing mistake forgiven in each word where that may be; undefined where it may be in none. @throws as `parseQuery` */
export function parseForgiving(text: string, options: ParseOptions): Query | undefined {
  const query = parseQuery(text, { ...options, forgiving: true })
  return query.wanted.some(({ terms }) => terms.some(isForgiving)) ? query : undefined
}

export function isForgiving({ comparison }: QueryTerm): boolean {
  return comparison === 'near' || comparison === 'begins-near'
}

function clauseOfWord(word: string, unfinished: boolean, forgiving: boolean): Clause | undefined {
  const [, before, bare, after] = /^(\**)(.*?)(\**)$/su.exec(word)!
  if (before === '') {
    const clause = clauseOf(bare!, 'equal', after === '' && !unfinished ? 'equal' : 'begins')
    return forgiving && after === '' && clause !== undefined ? forgive(clause, bare!) : clause
  }
  const clause = clauseOf(bare!, 'ends', after === '' ? 'equal' : 'begins')
  if (clause !== undefined && [...bare!].length < SHORTEST_INFIX) throw refused(`*infix* needs at least ${SHORTEST_INFIX} characters`, 'infix')
  return clause
}

/** @param first how the beginning of its first term is compared, @param last the end of its last one */
function clauseOf(text: string, first: 'equal' | 'ends', last: 'equal' | 'begins'): Clause | undefined {
  const tokens = tokenize(text)
  if (tokens.length === 0) return undefined
  const pair = tokens.at(-2)
  // A pair of signs says all that the sign by which it ends would say alone: wherever the pair stands, that sign follows.
  if (pair !== undefined && tokens.at(-1)!.lastSign && pair.end === tokens.at(-1)!.end) tokens.pop()
  const end = Math.max(...tokens.map(({ position, span }) => position + span))
  const terms = tokens.map(({ term, position: from, span, lastSign }): QueryTerm => {
    const to = from + span
    const openStart = from === 0 && first === 'ends'
    const openEnd = (to === end && last === 'begins') || lastSign
    return { term, comparison: openStart ? (openEnd ? 'contains' : 'ends') : openEnd ? 'begins' : 'equal', lastSign, from, to }
  })
  return { terms, last: end }
}

/** Words that are one term; a mistake in one of several would have to be told from where the others begin. */
function forgive(clause: Clause, word: string): Clause {
  const [term] = clause.terms
  if (clause.terms.length > 1 || !mayBeMistyped(term!.term)) return clause
  const [{ start, end }] = tokenize(word) as [Token]
  return { ...clause, terms: [{ ...term!, comparison: term!.comparison === 'begins' ? 'begins-near' : 'near', typed: word.slice(start, end) }] }
}

export function compare(found: string, { term, comparison }: ComparedTerm): boolean {
  switch (comparison) {
    case 'equal':
      return found === term
    case 'begins':
      return found.startsWith(term)
    case 'ends':
      return found.endsWith(term)
    case 'contains':
      return found.includes(term)
    case 'near':
      return isNear(found, term)
    case 'begins-near':
      return beginsNear(found, term)
  }
}

function refused(message: string, reason: string): VaultError {
  return new VaultError('invalid-value', message, { where: 'query', reason })
}
