// MiniSearch: an index in the page's memory, without encryption. It is built anew by every page; the texts are in memory too.

import MiniSearch from 'minisearch'
import { wordsOf } from '../../lib/words.mjs'
import type { Conversation } from '../corpus.ts'
import { inOrderOfTime, type Hit, type Place, type Query, type SearchSubject } from './search-subject.ts'
import { holdsPhrase, snippetOf } from './snippet.ts'

interface Document {
  readonly id: number
  readonly content: string
}

/** Documents taken in before the page gets its turn. */
const CHUNK = 500

export class InMemory implements SearchSubject {
  readonly lasting = false
  readonly forget = undefined
  #documents: readonly Document[] = []
  readonly #index = new MiniSearch({ fields: ['content'], tokenize: wordsOf, processTerm: (term) => term })

  async create(): Promise<void> {
    // It is empty from the start.
  }

  async build(conversations: readonly Conversation[]): Promise<number> {
    this.#documents = inOrderOfTime(conversations).map(({ content }, id) => ({ id, content }))
    const start = performance.now()
    await this.#index.addAllAsync(this.#documents, { chunkSize: CHUNK })
    return performance.now() - start
  }

  async reopen(): Promise<void> {
    throw new Error('what is in memory is gone with its page')
  }

  /** Its terms cannot be listed, so what is inside of words it does not find. */
  can({ form }: Query): boolean {
    return form !== 'infix'
  }

  async search(query: Query, limit: number): Promise<readonly Hit[]> {
    const places = await this.places(query, limit)
    return places.map((place) => ({ place, snippet: snippetOf(this.#textOf(place), query) }))
  }

  async places(query: Query, limit: number): Promise<readonly number[]> {
    const { form, words, begins, order } = query
    const found = this.#index.search(words.join(' '), { combineWith: 'AND', prefix: begins && ((_, index, terms) => index === terms.length - 1) })
    if (order === 'relevance') return found.slice(0, limit).map(({ id }) => id as number)
    const places = found.map(({ id }) => id as number).sort((a, b) => b - a)
    if (form !== 'phrase') return places.slice(0, limit)
    const held: number[] = []
    for (const place of places) {
      if (holdsPhrase(this.#textOf(place), query)) held.push(place)
      if (held.length === limit) break
    }
    return held
  }

  async close(): Promise<void> {
    // Its page takes it along.
  }

  #textOf(place: Place): string {
    return this.#documents[place as number]?.content ?? ''
  }
}
