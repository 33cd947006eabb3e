// What stands in a text in place of words that were mistyped.

import { compare, isForgiving, type Query, type QueryTerm } from './query.js'
import { tokenize } from './tokenizer.js'

/** A word of the query that was found otherwise than it was typed. */
export interface Correction {
  readonly typed: string
  /** As it is written in the text. */
  readonly found: string
}

/** Goes through the texts of one hit, in their order. */
export class Corrections {
  readonly #terms: readonly QueryTerm[]
  /** The first word that was found for each; undefined where one stands as it was typed. */
  readonly #found = new Map<QueryTerm, string | undefined>()

  constructor({ wanted }: Pick<Query, 'wanted'>) {
    this.#terms = wanted.flatMap(({ terms }) => terms).filter(isForgiving)
  }

  add(text: string): void {
    if (this.#terms.length === 0) return
    for (const { term: found, start, end } of tokenize(text)) {
      for (const term of this.#terms) {
        if (!compare(found, term)) continue
        if (isAsTyped(found, term)) this.#found.set(term, undefined)
        else if (!this.#found.has(term)) this.#found.set(term, text.slice(start, end))
      }
    }
  }

  /** In the order of the query; undefined where there are none. */
  list(): readonly Correction[] | undefined {
    const all = this.#terms.flatMap((term) => {
      const found = this.#found.get(term)
      return found === undefined ? [] : [{ typed: term.typed!, found }]
    })
    return all.length === 0 ? undefined : all
  }
}

export function correctionsIn(text: string, query: Query): readonly Correction[] | undefined {
  const corrections = new Corrections(query)
  corrections.add(text)
  return corrections.list()
}

function isAsTyped(found: string, { term, comparison }: QueryTerm): boolean {
  return comparison === 'begins-near' ? found.startsWith(term) : found === term
}
