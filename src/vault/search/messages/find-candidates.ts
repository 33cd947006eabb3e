// Which messages meet a query, by the index and what is pending; or, where there is no index, by reading every one of them.

import type { Access } from '../../core/access.js'
import type { State } from '../../core/state.js'
import { bestOf, byWorth, type Candidate, type Wanted } from './candidates.js'
import type { IndexView, LiveIndex } from '../index/live-index.js'
import type { Query } from '../words/query.js'
import { clauseFrequency, Scorer } from './rank.js'
import { addSums, matchSegment, scoreMatches } from './segment-matches.js'
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
  const best = texts.candidates(texts.ranked ? scorerOf(wanted.query, texts.tally.sums) : undefined)
  return inOrder(texts.byId, best, best.length, limit)
}

async function askIndex({ segments, pending, unread, logs }: IndexView, { query, filters, id, slices }: Wanted, texts: TextSearch, limit: number): Promise<Candidates> {
  await texts.readPending(pending)
  await texts.readLogs(unread)
  const matched = await Promise.all(segments.map((segment) => matchSegment(segment, query, filters, logs, texts.admitsLog, slices)))
  let scorer: Scorer | undefined
  if (texts.ranked) {
    for (const matches of matched) await addSums(texts.tally.sums, matches)
    scorer = scorerOf(query, texts.tally.sums)
  }
  const best = texts.candidates(scorer)
  let total = best.length
  for (const matches of matched) {
    total += matches.ordinals.length
    if (matches.ordinals.length === 0) continue
    const scores = scorer && (await scoreMatches(matches, scorer))
    await slices.breathe()
    for (const candidate of await bestOf({ segment: matches.live.segment, ordinals: matches.ordinals, scores }, logs, limit)) best.push(candidate)
  }
  const byId = [...texts.byId]
  for (const { segment, hidden } of segments) {
    const ordinals = (await segment.findId(id)).filter((ordinal) => hidden === undefined || hidden[ordinal] === 0)
    byId.push(...(await bestOf({ segment, ordinals: Uint32Array.from(ordinals).sort(), scores: undefined }, logs, Infinity)))
  }
  return inOrder(byId, best, total, limit)
}

function inOrder(byId: readonly Candidate[], best: readonly Candidate[], total: number, limit: number): Candidates {
  return { byId: byId.toSorted(byWorth), byWords: best.toSorted(byWorth).slice(0, limit), more: total > limit }
}

function scorerOf(query: Query, { messages, units, frequencies }: Sums): Scorer {
  const ofClauses = query.wanted.map((clause, i) => clauseFrequency(clause, (term) => Math.min(messages, frequencies[i]![clause.terms.indexOf(term)]!)))
  return new Scorer({ messages, units, frequencies: ofClauses })
}
