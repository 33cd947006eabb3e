// Which messages meet a query, by the index and what is pending; or, where there is no index, by reading every one of them.

import type { Access } from '../../core/access.js'
import type { State } from '../../core/state.js'
import type { IndexView, LiveIndex, LiveSegment, LogsByStem } from '../index/live-index.js'
import { newestOf, worthiestOf, type Best } from './best-of-segment.js'
import { byWorth, candidatesOf, type Candidate, type Wanted } from './candidates.js'
import { clauseFrequency, Scorer } from './rank.js'
import { SegmentSearch } from './segment-search.js'
import { TextSearch } from './text-search.js'
import type { Sums } from './text-tally.js'

export interface Candidates {
  /** Messages with that id, and then those with the words: each in order. */
  readonly byId: readonly Candidate[]
  readonly byWords: readonly Candidate[]
  /** There may be more than were asked for. */
  readonly more: boolean
}

/** A query put to everything there is: what no segment knows is answered, the segments are ready to be asked. */
export interface Question {
  /** Undefined where nobody asked what messages are worth. */
  readonly scorer: Scorer | undefined
  /** What was found without segments; in no order. */
  readonly inTexts: readonly Candidate[]
  /** What has the query as its id, anywhere; in no order. Asked for along with everything else: most queries are no id, and must not wait for that to turn out. */
  readonly byId: Promise<readonly Candidate[]>
  /** Longest first. */
  readonly segments: readonly SegmentSearch[]
  readonly logs: LogsByStem | undefined
}

/**
 * Call it inside a view.
 * @param live undefined to do without an index
 * @throws {SuspectPage}
 */
export async function ask(access: Access, live: LiveIndex | undefined, state: State, wanted: Wanted): Promise<Question> {
  const view = await live?.view()
  const texts = new TextSearch(access, state, wanted)
  if (view !== undefined) return askIndex(view, wanted, texts)
  await texts.readLogs([...state.heads.chatLogs.entries()].map(([, log]) => log))
  const scorer = texts.ranked ? scorerOf(wanted, texts.tally.sums) : undefined
  return { scorer, inTexts: texts.candidates(scorer), byId: Promise.resolve(texts.byId), segments: [], logs: undefined }
}

async function askIndex({ segments, pending, unread, logs }: IndexView, wanted: Wanted, texts: TextSearch): Promise<Question> {
  const { query, filters, id, slices } = wanted
  await texts.readPending(pending)
  await texts.readLogs(unread)
  const byId = Promise.all(segments.map((live) => idCandidates(live, id, logs))).then((found) => [...texts.byId, ...found.flat()])
  // Whoever awaits it sees the failure; whoever gives up before must not leave one that nobody sees.
  byId.catch(() => undefined)
  const searches = await Promise.all(segments.map((live) => SegmentSearch.open(live, { query, filters, logs, admitsLog: texts.admitsLog, slices })))
  let scorer: Scorer | undefined
  if (texts.ranked) {
    for (const search of searches) await search.addSums(texts.tally.sums)
    scorer = scorerOf(wanted, texts.tally.sums)
  }
  return { scorer, inTexts: texts.candidates(scorer), byId, segments: searches.toSorted((a, b) => b.segment.messages - a.segment.messages), logs }
}

async function idCandidates({ segment, hidden }: LiveSegment, id: string, logs: LogsByStem): Promise<Candidate[]> {
  const ordinals = (await segment.findId(id)).filter((ordinal) => hidden === undefined || hidden[ordinal] === 0)
  return candidatesOf(segment, { ordinals: Uint32Array.from(ordinals).sort(), scores: undefined }, logs)
}

/** The best candidates, at most `limit` by words. Call it inside a view. @throws {SuspectPage} */
export async function findCandidates(access: Access, live: LiveIndex | undefined, state: State, wanted: Wanted, limit: number): Promise<Candidates> {
  const { scorer, inTexts, byId, segments, logs } = await ask(access, live, state, wanted)
  let best = [...inTexts]
  let more = false
  const take = (search: SegmentSearch, own: Best): void => {
    more ||= own.more
    // Not as the arguments of a call: a hundred thousand are too many.
    best = best.concat(candidatesOf(search.segment, own, logs!))
  }
  if (scorer === undefined) await Promise.all(segments.map(async (search) => take(search, await newestOf(search, limit, wanted.slices))))
  // What the longest segment finds spares the others a look.
  else for (const search of segments) take(search, await worthiestOf(search, scorer, limit, floorOf(best, limit), wanted.slices))
  return { byId: (await byId).toSorted(byWorth), byWords: best.toSorted(byWorth).slice(0, limit), more: more || best.length > limit }
}

/** What the last of the best is worth. */
function floorOf(best: readonly Candidate[], limit: number): number {
  return best.length < limit ? 0 : best.map(({ score }) => score).sort((a, b) => b - a)[limit - 1]!
}

function scorerOf({ query, filters }: Wanted, { messages, units, frequencies }: Sums): Scorer {
  const ofClauses = query.wanted.map((clause, i) => clauseFrequency(clause, (term) => Math.min(messages, frequencies[i]![clause.terms.indexOf(term)]!)))
  return new Scorer({ messages, units, frequencies: ofClauses }, filters.recency)
}
