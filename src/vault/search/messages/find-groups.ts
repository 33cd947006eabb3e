// Which chat logs have messages that meet a query: how many, and the best of them.

import type { Access } from '../../core/access.js'
import { fieldsOf } from '../../core/log-row.js'
import type { Slices } from '../../core/slices.js'
import type { State } from '../../core/state.js'
import { readBodies } from '../../records/message-pages.js'
import type { LiveIndex } from '../index/live-index.js'
import { admits, admitsLog } from '../options.js'
import { byWorth, candidatesOf, type Candidate, type Wanted } from './candidates.js'
import { ask } from './find-candidates.js'
import type { Scorer } from './rank.js'
import type { SegmentSearch } from './segment-search.js'

/** A chat log with some of the messages that meet a query. */
export interface LogGroup {
  readonly chatLogId: string
  /** How many there are in all, by their words. */
  readonly matches: number
  /** The best of them, in order; those first whose id is the query. */
  readonly candidates: readonly (Candidate & { readonly byId: boolean })[]
}

/** What one segment has of one of its chat logs. */
interface OwnGroup {
  matches: number
  /** The best of its messages, in order. */
  readonly ordinals: number[]
  readonly scores: number[]
}

/** Messages looked at before the page gets its turn. */
const STRETCH = 131_072

/**
 * The chat logs with the best messages, at most `limit`, in the order of these; of each `perLog` messages. Call it inside a view.
 * @throws {SuspectPage}
 */
export async function findGroups(access: Access, live: LiveIndex | undefined, state: State, wanted: Wanted, limit: number, perLog: number): Promise<LogGroup[]> {
  const { scorer, inTexts, byId, segments, logs } = await ask(access, live, state, wanted)
  const groups = new Map<string, { matches: number; readonly candidates: (Candidate & { byId: boolean })[]; readonly ids: Set<number> }>()
  const add = (candidates: readonly Candidate[], asIds: boolean): void => {
    for (const candidate of candidates) {
      let group = groups.get(candidate.chatLogId)
      if (group === undefined) groups.set(candidate.chatLogId, (group = { matches: 0, candidates: [], ids: new Set() }))
      // What has the id may have the words, too. Nothing else comes twice.
      if (group.ids.has(candidate.number)) continue
      if (asIds) group.ids.add(candidate.number)
      group.candidates.push({ ...candidate, byId: asIds })
    }
  }
  // A segment knows a hash of an id: what only looks like it must not come before everything else.
  for (const candidate of await byId) if (await hasId(access, state, candidate, wanted)) add([candidate], true)
  add(inTexts, false)
  for (const { chatLogId } of inTexts) groups.get(chatLogId)!.matches++
  const owns = new Map<SegmentSearch, ReadonlyMap<string, OwnGroup>>()
  const leading = new Set(groups.keys())
  for (const search of segments) {
    const own = await groupsOf(search, scorer, perLog, wanted.slices)
    owns.set(search, own)
    // Of each segment those that come first there: no others can come first of all.
    for (const stem of [...own.entries()].sort(([, a], [, b]) => b.scores[0]! - a.scores[0]! || a.ordinals[0]! - b.ordinals[0]!).slice(0, limit)) {
      const log = logs!.get(stem[0])
      if (log !== undefined) leading.add(log.id)
    }
  }
  for (const [search, own] of owns) {
    for (const [stem, group] of own) {
      // Without a limit there are as many as chats; while the page has its turn any of them may be deleted.
      await wanted.slices.breathe()
      const log = logs!.get(stem)
      if (log === undefined || !leading.has(log.id)) continue
      add(candidatesOf(search.segment, { ordinals: Uint32Array.from(group.ordinals), scores: Float64Array.from(group.scores) }, logs!), false)
      groups.get(log.id)!.matches += group.matches
    }
  }
  return [...groups]
    .map(([chatLogId, { matches, candidates }]) => ({ chatLogId, matches, candidates: candidates.sort(idsFirst).slice(0, perLog) }))
    .sort((a, b) => idsFirst(a.candidates[0]!, b.candidates[0]!))
    .slice(0, limit)
}

function idsFirst(a: Candidate & { readonly byId: boolean }, b: Candidate & { readonly byId: boolean }): number {
  return Number(b.byId) - Number(a.byId) || byWorth(a, b)
}

async function hasId(access: Access, state: State, { chatLogId, number }: Candidate, { id, filters }: Wanted): Promise<boolean> {
  const log = state.heads.chatLogs.get(chatLogId)
  if (log === undefined) return false
  const [record] = await readBodies(access, state, log, { from: number, to: number + 1, limit: 1, newest: false })
  return record !== undefined && fieldsOf(record.body)['id'] === id && admits(filters, fieldsOf(record.body)) && admitsLog(state, filters, log)
}

/** By the stem of a chat log: what a segment has of it. */
async function groupsOf(search: SegmentSearch, scorer: Scorer | undefined, perLog: number, slices: Slices): Promise<ReadonlyMap<string, OwnGroup>> {
  const { segment } = search
  const { logs, ordinals: runStarts } = segment.runs
  const found = new Map<string, OwnGroup>()
  for (let low = search.first; low < search.end; low += STRETCH) {
    const stretch = await search.between(low, Math.min(search.end, low + STRETCH))
    const scores = scorer && scorer.aged(await search.scores(stretch, scorer), scorer.hasAge ? segment.timesOf(stretch.ordinals) : NO_TIMES)
    let run = stretch.ordinals.length === 0 ? 0 : segment.runOf(stretch.ordinals[0]!)
    for (const [i, ordinal] of stretch.ordinals.entries()) {
      while (run + 1 < runStarts.length && runStarts[run + 1]! <= ordinal) run++
      const stem = segment.stems[logs[run]!]!
      let group = found.get(stem)
      if (group === undefined) found.set(stem, (group = { matches: 0, ordinals: [], scores: [] }))
      group.matches++
      keepBest(group, ordinal, scores?.[i] ?? 0, perLog)
    }
    await slices.breathe()
  }
  return found
}

const NO_TIMES = new Float64Array(0)

/** Ordinals come in order, so of equal ones the one that is there already is the newer. */
function keepBest({ ordinals, scores }: OwnGroup, ordinal: number, score: number, most: number): void {
  let at = ordinals.length
  while (at > 0 && scores[at - 1]! < score) at--
  if (at >= most) return
  ordinals.splice(at, 0, ordinal)
  scores.splice(at, 0, score)
  if (ordinals.length > most) {
    ordinals.pop()
    scores.pop()
  }
}
