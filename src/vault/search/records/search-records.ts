// Finds records whose heads are in memory (sessions, brains) by their words: every one the filters leave is held against the
// query. One that was changed after it was read is held against it again when its turn comes, so that each hit is true when given.

import type { Access } from '../../core/access.js'
import { Slices } from '../../core/slices.js'
import type { Head, State } from '../../core/state.js'
import type { Correction } from '../words/corrections.js'
import type { Range } from '../words/match.js'
import { matchTexts, type PlacedText, type TextsFinding } from '../words/match-texts.js'
import type { Filters } from '../options.js'
import { parseForgiving, parseQuery, type Query } from '../words/query.js'
import { scoreRecords } from './relevance.js'
import { snippetOf } from '../words/snippet.js'

/** What differs between kinds of records. `P` names a text of a record. */
export interface SearchedKind<P, H> {
  readonly collection: 'sessions' | 'brains'
  /** How many are read together. */
  readonly readAtOnce: number
  readonly admits: (head: Head) => boolean
  /** What the newest is told by. */
  readonly timeOf: (head: Head) => number
  /** The texts of each; undefined for one that is too long to be kept beside others: it is asked for again, alone. */
  readonly read: (state: State, heads: readonly Head[]) => Promise<readonly (Iterable<PlacedText<P>> | undefined)[]>
  readonly toHit: (head: Head, found: FoundText<P>) => H
}

/** The text in which the first of the words stands. */
export interface FoundText<P> {
  readonly place: P
  readonly snippet: { readonly text: string; readonly highlights: readonly Range[] }
  readonly highlights: readonly Range[]
  /** Of the record, wherever they stand. */
  readonly corrections: { readonly corrections?: readonly Correction[] }
}

interface Weighed<P> {
  readonly head: Head
  readonly met: boolean
  readonly counts: readonly number[]
  readonly length: number
  /** Of one that is met. The text itself is let go: there may be many, and long ones. */
  readonly found: FoundText<P> | undefined
}

/** @throws {VaultError} `invalid-value` (the query), `locked`, `corrupt`; the signal's reason when aborted */
export async function* searchRecords<P, H>(access: Access, text: string, filters: Filters, kind: SearchedKind<P, H>): AsyncGenerator<H, void, undefined> {
  if (yield* searchFor(access, parseQuery(text, filters), filters, kind)) return
  const forgiving = filters.typos ? parseForgiving(text, filters) : undefined
  if (forgiving !== undefined) yield* searchFor(access, forgiving, filters, kind)
}

/** Returns whether there was a hit. */
async function* searchFor<P, H>(access: Access, query: Query, filters: Filters, kind: SearchedKind<P, H>): AsyncGenerator<H, boolean, undefined> {
  const search = new RecordSearch(access, query, filters, kind)
  filters.signal?.throwIfAborted()
  let left = filters.limit
  if (left === 0) return false
  for await (const weighed of filters.order === 'relevance' ? search.byRelevance() : search.byTime()) {
    filters.signal?.throwIfAborted()
    const hit = await search.confirm(weighed)
    if (hit === undefined) continue
    yield hit
    if (--left === 0) return true
  }
  return left < filters.limit
}

class RecordSearch<P, H> {
  readonly #access: Access
  readonly #query: Query
  readonly #match: 'all' | 'any'
  readonly #kind: SearchedKind<P, H>
  readonly #slices: Slices

  constructor(access: Access, query: Query, filters: Filters, kind: SearchedKind<P, H>) {
    this.#access = access
    this.#query = query
    this.#match = filters.match
    this.#kind = kind
    this.#slices = new Slices(filters.signal)
  }

  /** Those that are met, newest first: no more is read than is asked for. */
  async *byTime(): AsyncGenerator<Weighed<P>, void, undefined> {
    for await (const weighed of this.#all()) if (weighed.met) yield weighed
  }

  async *byRelevance(): AsyncGenerator<Weighed<P>, void, undefined> {
    const all: Weighed<P>[] = []
    for await (const weighed of this.#all()) all.push(weighed)
    const scores = scoreRecords(all)
    const ranked = all.map((weighed, i) => ({ weighed, score: scores[i]! })).filter(({ weighed }) => weighed.met)
    // Equals stay newest first: sorting is stable.
    for (const { weighed } of ranked.sort((a, b) => b.score - a.score)) yield weighed
  }

  /** The hit, if the record as it is now still is one. */
  async confirm(weighed: Weighed<P>): Promise<H | undefined> {
    const { collection, admits, toHit } = this.#kind
    for (let last: Weighed<P> | undefined = weighed; last?.met; ) {
      const { id, rev } = last.head
      const head: Head | undefined = await this.#access.view(async (state) => state.heads[collection].get(id))
      if (head === undefined || !admits(head)) return undefined
      if (head.rev === rev) return toHit(head, last.found!)
      last = await this.#readAlone(id)
    }
    return undefined
  }

  async *#all(): AsyncGenerator<Weighed<P>, void, undefined> {
    const { collection, admits, timeOf, readAtOnce, read } = this.#kind
    const ids = await this.#access.view(async (state) =>
      [...state.heads[collection].entries()]
        .map(([, head]) => head)
        .filter(admits)
        .sort((a, b) => timeOf(b) - timeOf(a) || b.number - a.number)
        .map(({ id }) => id),
    )
    for (let start = 0; start < ids.length; start += readAtOnce) {
      const { heads, texts } = await this.#access.view(async (state) => {
        const there = ids.slice(start, start + readAtOnce).map((id) => state.heads[collection].get(id)).filter((head) => head !== undefined && admits(head)) as Head[]
        return { heads: there, texts: await read(state, there) }
      })
      for (const [i, head] of heads.entries()) {
        const own = texts[i]
        const weighed = own === undefined ? await this.#readAlone(head.id) : await this.#weigh(head, own)
        if (weighed !== undefined) yield weighed
      }
    }
  }

  async #readAlone(id: string): Promise<Weighed<P> | undefined> {
    const { collection, admits, read } = this.#kind
    const alone = await this.#access.view(async (state) => {
      const head = state.heads[collection].get(id)
      return head === undefined || !admits(head) ? undefined : { head, texts: (await read(state, [head]))[0]! }
    })
    return alone && this.#weigh(alone.head, alone.texts)
  }

  async #weigh(head: Head, texts: Iterable<PlacedText<P>>): Promise<Weighed<P>> {
    const { first, corrections, ...weighed }: TextsFinding<P> = await matchTexts(this.#query, texts, this.#match, this.#slices)
    const found = weighed.met && first !== undefined ? { place: first.place, snippet: snippetOf(first.text, first.highlights), highlights: first.highlights, corrections: corrections === undefined ? {} : { corrections } } : undefined
    return { head, ...weighed, found }
  }
}
