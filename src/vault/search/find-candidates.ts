// Which messages meet a query, by the index and what is pending; or, where there is no index, by reading every one of them.

import type { Access } from '../core/access.js'
import { fieldsOf } from '../core/log-row.js'
import type { Slices } from '../core/slices.js'
import type { Head, State } from '../core/state.js'
import { inGroups, readWholeLogs } from '../records/message-pages.js'
import { bestOf, byWorth, type Candidate } from './candidates.js'
import type { IndexView, LiveIndex } from './live-index.js'
import { admits, admitsLog, narrowsLogs, type Filters } from './options.js'
import { contentOf } from './index-maker.js'
import { cutPending } from './pending-cuts.js'
import type { Query } from './query.js'
import { clauseFrequency, Scorer } from './rank.js'
import { addSums, matchSegment, scoreMatches } from './segment-matches.js'
import { TextTally, type Sums, type Weighed } from './text-tally.js'

/** What a search asks for. */
export interface Wanted {
  readonly query: Query
  readonly filters: Filters
  /** The query as it was typed, in case it is the id of a message. */
  readonly id: string
  readonly slices: Slices
}

export interface Candidates {
  /** Messages with that id, and then those with the words: each in order. */
  readonly byId: readonly Candidate[]
  readonly byWords: readonly Candidate[]
  /** There are more than were asked for. */
  readonly more: boolean
}

type Found = Candidate & { readonly weighed: Weighed }

/** The best candidates, at most `limit` by words. Call it inside a view. @throws {SuspectPage} */
export async function findCandidates(access: Access, live: LiveIndex, state: State, wanted: Wanted, limit: number): Promise<Candidates> {
  const view = await live.view()
  return view === undefined ? scan(access, state, wanted, limit) : askIndex(access, state, view, wanted, limit)
}

async function askIndex(access: Access, state: State, view: IndexView, { query, filters, id, slices }: Wanted, limit: number): Promise<Candidates> {
  const { segments, logs } = view
  const ranked = filters.order === 'relevance'
  const admitted = narrowsLogs(filters) ? (log: Head): boolean => admitsLog(state, filters, log) : undefined
  // What is pending is looked at before anything is waited for, else a commit in between could be seen by half.
  const pending = view.pending.filter(({ chatLogId, body }) => admits(filters, fieldsOf(body)) && (admitted === undefined || isAdmitted(state, chatLogId, admitted)))
  const byId = pending.filter(({ body }) => fieldsOf(body)['id'] === id).map((message) => candidateOf(message, fieldsOf(message.body)))
  const tally = new TextTally(query, filters.match, ranked)
  const found: Found[] = []
  for (const message of ranked ? view.pending : pending) {
    const { text, cut } = await cutPending(access, message.body)
    const weighed = tally.add(text, cut)
    if (weighed.met && (!ranked || pending.includes(message))) found.push({ ...candidateOf(message, fieldsOf(message.body)), weighed })
    await slices.breathe()
  }
  const matched = await Promise.all(segments.map((segment) => matchSegment(segment, query, filters, logs, admitted, slices)))
  let scorer: Scorer | undefined
  if (ranked) {
    for (const matches of matched) await addSums(tally.sums, matches)
    scorer = scorerOf(query, tally.sums)
  }
  const best: Candidate[] = found.map(({ weighed, ...candidate }) => (scorer === undefined ? candidate : { ...candidate, score: scorer.score(weighed.counts, weighed.lengthCode) }))
  let total = best.length
  for (const matches of matched) {
    total += matches.ordinals.length
    if (matches.ordinals.length === 0) continue
    const scores = scorer && (await scoreMatches(matches, scorer))
    await slices.breathe()
    for (const candidate of await bestOf({ segment: matches.live.segment, ordinals: matches.ordinals, scores }, logs, limit)) best.push(candidate)
  }
  for (const { segment, hidden } of segments) {
    const ordinals = (await segment.findId(id)).filter((ordinal) => hidden === undefined || hidden[ordinal] === 0)
    byId.push(...(await bestOf({ segment, ordinals: Uint32Array.from(ordinals).sort(), scores: undefined }, logs, Infinity)))
  }
  best.sort(byWorth)
  return { byId: byId.sort(byWorth), byWords: best.slice(0, limit), more: total > limit }
}

function isAdmitted(state: State, chatLogId: string, admitted: (log: Head) => boolean): boolean {
  const log = state.heads.chatLogs.get(chatLogId)
  return log !== undefined && admitted(log)
}

function candidateOf({ chatLogId, logNumber, number }: { readonly chatLogId: string; readonly logNumber: number; readonly number: number }, fields: { readonly [field: string]: unknown }): Candidate {
  return { chatLogId, logNumber, number, timestamp: fields['timestamp'] as number, score: 0 }
}

function scorerOf(query: Query, { messages, units, frequencies }: Sums): Scorer {
  const ofClauses = query.wanted.map((clause, i) => clauseFrequency(clause, (term) => Math.min(messages, frequencies[i]![clause.terms.indexOf(term)]!)))
  return new Scorer({ messages, units, frequencies: ofClauses })
}

/** Reads every message that the filters leave; to rank them, all. */
async function scan(access: Access, state: State, { query, filters, id, slices }: Wanted, limit: number): Promise<Candidates> {
  const ranked = filters.order === 'relevance'
  const tally = new TextTally(query, filters.match, ranked)
  const found: Found[] = []
  const byId: Candidate[] = []
  const logs = [...state.heads.chatLogs.entries()]
    .filter(([, log]) => ranked || admitsLog(state, filters, log))
    .map(([chatLogId, log]) => ({ chatLogId, messages: log.value['next'] as number }))
  for (const group of inGroups(logs)) {
    const heads = group.map((chatLogId) => state.heads.chatLogs.get(chatLogId)).filter((log): log is Head => log !== undefined)
    const read = await readWholeLogs(access, state, heads)
    for (const [i, log] of heads.entries()) {
      const ofLog = admitsLog(state, filters, log)
      for (const { number, body } of read[i]!) {
        const fields = fieldsOf(body)
        const admitted = ofLog && admits(filters, fields)
        if (!admitted && !ranked) continue
        const candidate = candidateOf({ chatLogId: log.id, logNumber: log.number, number }, fields)
        if (admitted && fields['id'] === id) byId.push(candidate)
        const weighed = tally.add(await contentOf(access, body))
        if (admitted && weighed.met) found.push({ ...candidate, weighed })
        await slices.breathe()
      }
    }
  }
  const scorer = ranked ? scorerOf(query, tally.sums) : undefined
  const best: Candidate[] = found.map(({ weighed, ...candidate }) => (scorer === undefined ? candidate : { ...candidate, score: scorer.score(weighed.counts, weighed.lengthCode) }))
  best.sort(byWorth)
  return { byId: byId.sort(byWorth), byWords: best.slice(0, limit), more: best.length > limit }
}
