// Which messages meet a query, by the index and what is pending; or, where there is no index, by reading every one of them.

import type { Access } from '../../core/access.js'
import type { State } from '../../core/state.js'
import { newestOf, worthiestOf } from './best-of-segment.js'
import { byWorth, candidatesOf, type Candidate, type Wanted } from './candidates.js'
import type { IndexView, LiveIndex } from '../index/live-index.js'
import { clauseFrequency, Scorer } from './rank.js'
import { SegmentSearch } from './segment-search.js'
import { TextSearch } from './text-search.js'
import type { Sums } from './text-tally.js'

export interface Candidates {
  /** Messages with that id, and then those with the words: each in order. */
  readonly byId: readonly Candidate[]
  readonly byWords: readonly Candidate[]
  /** There are more than were asked for. */
  readonly more: boolean
}

/**
 * The best candidates, at most `limit` by words. Call it inside a view.
 * @param live undefined to do without an index
 * @throws {SuspectPage}
 */
export async function findCandidates(access: Access, live: LiveIndex | undefined, state: State, wanted: Wanted, limit: number): Promise<Candidates> {
  const view = await live?.view()
  const texts = new TextSearch(access, state, wanted)
  if (view !== undefined) return askIndex(view, wanted, texts, limit)
  await texts.readLogs([...state.heads.chatLogs.entries()].map(([, log]) => log))
  const best = texts.candidates(texts.ranked ? scorerOf(wanted, texts.tally.sums) : undefined)
  return inOrder(texts.byId, best, best.length > limit, limit)
}

async function askIndex({ segments, pending, unread, logs }: IndexView, wanted: Wanted, texts: TextSearch, limit: number): Promise<Candidates> {
  const { query, filters, id, slices } = wanted
  await texts.readPending(pending)
  await texts.readLogs(unread)
  const searches = await Promise.all(segments.map((live) => SegmentSearch.open(live, { query, filters, logs, admitsLog: texts.admitsLog, slices })))
  let scorer: Scorer | undefined
  if (texts.ranked) {
    for (const search of searches) await search.addSums(texts.tally.sums)
    scorer = scorerOf(wanted, texts.tally.sums)
  }
  const best = texts.candidates(scorer)
  let more = best.length > limit
  // The longest first: what it finds spares the others a look.
  for (const search of searches.toSorted((a, b) => b.segment.messages - a.segment.messages)) {
    const own = scorer === undefined ? await newestOf(search, limit, slices) : await worthiestOf(search, scorer, limit, floorOf(best, limit), slices)
    more ||= own.more
    best.push(...(await candidatesOf(search.segment, own, logs)))
  }
  const byId = [...texts.byId]
  for (const { segment, hidden } of segments) {
    const ordinals = (await segment.findId(id)).filter((ordinal) => hidden === undefined || hidden[ordinal] === 0)
    byId.push(...(await candidatesOf(segment, { ordinals: Uint32Array.from(ordinals).sort(), scores: undefined }, logs)))
  }
  return inOrder(byId, best, more || best.length > limit, limit)
}

/** What the last of the best is worth. */
function floorOf(best: readonly Candidate[], limit: number): number {
  return best.length < limit ? 0 : best.map(({ score }) => score).sort((a, b) => b - a)[limit - 1]!
}

function inOrder(byId: readonly Candidate[], best: readonly Candidate[], more: boolean, limit: number): Candidates {
  return { byId: byId.toSorted(byWorth), byWords: best.toSorted(byWorth).slice(0, limit), more }
}

function scorerOf({ query, filters }: Wanted, { messages, units, frequencies }: Sums): Scorer {
  const ofClauses = query.wanted.map((clause, i) => clauseFrequency(clause, (term) => Math.min(messages, frequencies[i]![clause.terms.indexOf(term)]!)))
  return new Scorer({ messages, units, frequencies: ofClauses }, filters.recency)
}
