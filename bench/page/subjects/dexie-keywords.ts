// What apps build by hand: IndexedDB through Dexie, with the words of each message as a `multiEntry` index, in clear.

import { Dexie, type Table } from 'dexie'
import { wordsOf } from '../../lib/words.mjs'
import type { Conversation } from '../corpus.ts'
import { inOrderOfTime, type Hit, type Query, type SearchSubject, type TimedMessage } from './search-subject.ts'
import { holdsPhrase, snippetOf } from './snippet.ts'

interface Stored extends TimedMessage {
  /** In the order of time, so that the keys of a word are sorted as they are wanted. */
  readonly place: number
  readonly words: readonly string[]
}

interface Term {
  readonly word: string
}

const BATCH = 5000
/** Texts read at once in search of a phrase. */
const TEXTS_AT_ONCE = 100

export class DexieKeywords implements SearchSubject {
  readonly lasting = true
  readonly #database = new Dexie('dexie-keywords')

  constructor() {
    this.#database.version(1).stores({ messages: 'place, *words', terms: 'word' })
  }

  get #messages(): Table<Stored, number> {
    return this.#database.table<Stored, number>('messages')
  }

  /** Every word once: the keys of the index can only be walked one by one, which takes seconds. */
  get #terms(): Table<Term, string> {
    return this.#database.table<Term, string>('terms')
  }

  create(): Promise<void> {
    return this.reopen()
  }

  async build(conversations: readonly Conversation[]): Promise<number> {
    const messages = inOrderOfTime(conversations)
    const start = performance.now()
    const known = new Set<string>()
    for (let first = 0; first < messages.length; first += BATCH) {
      const records = messages.slice(first, first + BATCH).map((message, i): Stored => ({ ...message, place: first + i, words: [...new Set(wordsOf(message.content))] }))
      const terms = [...new Set(records.flatMap(({ words }) => words))].filter((word) => !known.has(word))
      for (const word of terms) known.add(word)
      await this.#database.transaction('rw', [this.#messages, this.#terms], () => Promise.all([this.#messages.bulkAdd(records), this.#terms.bulkAdd(terms.map((word) => ({ word })))]))
    }
    return performance.now() - start
  }

  async reopen(): Promise<void> {
    await this.#database.open()
  }

  /** It has no order but that of its keys. */
  can({ order }: Query): boolean {
    return order === 'recent'
  }

  async search(query: Query, limit: number): Promise<readonly Hit[]> {
    const places = await this.places(query, limit)
    const found = await this.#messages.bulkGet(places)
    return places.map((place, i) => ({ place, snippet: snippetOf(found[i]?.content ?? '', query) }))
  }

  places(query: Query, limit: number): Promise<readonly number[]> {
    return this.#database.transaction('r', [this.#messages, this.#terms], () => this.#find(query, limit))
  }

  async #find(query: Query, limit: number): Promise<readonly number[]> {
    const { form, words, begins } = query
    const index = this.#messages.where('words')
    if (form === 'infix') {
      const [part = ''] = words
      const terms = (await this.#terms.toCollection().primaryKeys()).filter((term) => term.includes(part))
      const lists = await Promise.all(terms.map((term) => index.equals(term).primaryKeys()))
      return newestOf([lists.flat()]).slice(0, limit)
    }
    // Of one word the newest can be read without the others.
    if (words.length === 1 && !begins) return index.equals(words[0] ?? '').reverse().limit(limit).primaryKeys()
    const lists = await Promise.all(words.map((word, i) => (begins && i === words.length - 1 ? index.startsWith(word) : index.equals(word)).primaryKeys()))
    const places = newestOf(lists)
    return form === 'phrase' ? this.#holding(query, places, limit) : places.slice(0, limit)
  }

  async #holding(query: Query, places: readonly number[], limit: number): Promise<readonly number[]> {
    const held: number[] = []
    for (let start = 0; start < places.length && held.length < limit; start += TEXTS_AT_ONCE) {
      for (const message of await this.#messages.bulkGet(places.slice(start, start + TEXTS_AT_ONCE))) if (message !== undefined && holdsPhrase(message.content, query)) held.push(message.place)
    }
    return held.slice(0, limit)
  }

  /** The connection; what the engine keeps, it keeps. */
  readonly forget = async (): Promise<void> => {
    this.#database.close()
    await this.#database.open()
  }

  async close(): Promise<void> {
    this.#database.close()
  }
}

/** What is in all lists, once, greatest first. */
function newestOf(lists: readonly (readonly number[])[]): number[] {
  const [shortest = [], ...others] = lists.toSorted((a, b) => a.length - b.length)
  const sets = others.map((list) => new Set(list))
  return [...new Set(shortest)].filter((place) => sets.every((set) => set.has(place))).sort((a, b) => b - a)
}
