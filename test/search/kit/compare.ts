// Puts queries to a vault and to the truth, and says where the two differ.

import type { BySessionOptions, MatchPlace, SearchHit, SearchOptions, SessionHits } from '../../../src/vault/search/options.js'
import type { DrawnQuery, QuerySource } from './queries.js'
import { expectedCorrections } from './mistakes.js'
import { keyOf, placesIn, type Answer, type Truth } from './truth.js'

export interface Report {
  readonly queries: number
  readonly withHits: number
  readonly hits: number
  /** One line for each query whose answers were not those of the truth. */
  readonly unequal: readonly string[]
  /** Spent in the vault, and in the truth. */
  readonly searchSeconds: number
  readonly truthSeconds: number
}

export interface CompareOptions {
  readonly queries: number
  /** Of every so many queries the truth itself is held against a walk without short cuts. */
  readonly slowEvery?: number
}

/** What is asked of a vault here. */
export interface Searchable {
  search(query: string, options?: SearchOptions): AsyncGenerator<SearchHit, void, undefined>
  searchPlaces?(query: string, options?: SearchOptions): Promise<readonly MatchPlace[]>
  searchBySession?(query: string, options?: BySessionOptions): AsyncGenerator<SessionHits, void, undefined>
}

export async function compareQueries(open: Searchable, truth: Truth, source: Pick<QuerySource, 'next'>, { queries, slowEvery = 50 }: CompareOptions): Promise<Report> {
  const unequal: string[] = []
  let withHits = 0
  let hits = 0
  let searchMs = 0
  let truthMs = 0
  for (let i = 0; i < queries; i++) {
    const drawn = source.next()
    const began = performance.now()
    const found = await collect(open, drawn)
    const between = performance.now()
    const answers = truth.answers(drawn.text, drawn.options)
    truthMs += performance.now() - between
    searchMs += between - began
    const places = await open.searchPlaces?.(drawn.text, drawn.options)
    const problem = differenceOf(found, answers, drawn) ?? placesProblem(places, found) ?? (await groupsProblem(open, answers, drawn)) ?? (i % slowEvery === 0 ? ownDifference(truth, answers, drawn) : undefined)
    if (problem !== undefined) unequal.push(`${JSON.stringify(drawn.text)} ${JSON.stringify(drawn.options)}: ${problem}`)
    hits += found.length
    if (answers.length > 0) withHits++
  }
  return { queries, withHits, hits, unequal, searchSeconds: searchMs / 1000, truthSeconds: truthMs / 1000 }
}

export async function collect(open: Searchable, { text, options }: DrawnQuery): Promise<SearchHit[]> {
  const found: SearchHit[] = []
  for await (const hit of open.search(text, options)) found.push(hit)
  return found
}

/** What is wrong with the hits of a query, or undefined. */
export function differenceOf(hits: readonly SearchHit[], answers: readonly Answer[], { options }: DrawnQuery): string | undefined {
  const wanted = Math.min(answers.length, options.limit ?? Infinity)
  if (hits.length !== wanted) return `${hits.length} hits instead of ${wanted}`
  const known = new Map(answers.map((answer) => [keyOf(answer.message), answer]))
  const seen = new Set<string>()
  for (const [i, hit] of hits.entries()) {
    const key = keyOf({ logId: hit.message.chatLogId, number: hit.message.number })
    const answer = known.get(key)
    if (answer === undefined) return `hit ${i} (${key}) is no answer`
    if (seen.has(key)) return `hit ${i} (${key}) is given twice`
    seen.add(key)
    if (answer !== answers[i] && !nearlyTied(answer, answers[i]!)) return `hit ${i} is ${key} instead of ${keyOf(answers[i]!.message)}`
    const problem = hitProblem(hit, answer, options.match)
    if (problem !== undefined) return `hit ${i} (${key}): ${problem}`
  }
  return undefined
}

/** The places are those of the hits, in their order. */
function placesProblem(places: readonly MatchPlace[] | undefined, hits: readonly SearchHit[]): string | undefined {
  if (places === undefined) return undefined
  const wanted = hits.map(({ message: { chatLogId, number, timestamp }, score }) => ({ chatLogId, number, timestamp, ...(score !== undefined && { score }) }))
  return JSON.stringify(places) === JSON.stringify(wanted) ? undefined : 'the places are not those of the hits'
}

/** Each chat log once, in the order of its best answer, with as many as there are and the best of them. */
async function groupsProblem(open: Searchable, answers: readonly Answer[], { text, options }: DrawnQuery): Promise<string | undefined> {
  if (open.searchBySession === undefined) return undefined
  const wanted = new Map<string, Answer[]>()
  // Ids first means: the chat log of such a message first; in it, order as always.
  for (const answer of answers) wanted.set(answer.message.logId, [...(wanted.get(answer.message.logId) ?? []), answer])
  const groups: SessionHits[] = []
  for await (const group of open.searchBySession(text, { ...options, hitsPerSession: 2 })) groups.push(group)
  if (groups.length !== Math.min(wanted.size, options.limit ?? Infinity)) return `${groups.length} sessions instead of ${wanted.size}`
  const order = [...wanted.keys()]
  for (const [i, { chatLogId, matches, hits, session }] of groups.entries()) {
    const all = wanted.get(chatLogId)
    if (all === undefined) return `session ${i} has no answer`
    if (order[i] !== chatLogId && !nearlyTied(all[0]!, wanted.get(order[i]!)![0]!)) return `session ${i} is ${chatLogId} instead of ${order[i]}`
    // Whether a message found by its id also has the words is told by nobody here.
    const ids = all.filter(({ byId }) => byId).length
    if (matches !== all.length && !(ids > 0 && matches >= all.length - ids && matches < all.length)) return `session ${i} has ${matches} matches instead of ${all.length}`
    if (session?.id !== all[0]!.message.sessionId) return `session ${i} is named ${session?.id}`
    if (hits.length !== Math.min(2, all.length)) return `session ${i} gives ${hits.length} hits of ${all.length}`
    for (const [at, { message }] of hits.entries()) {
      const answer = all[at]!
      const given = all.find(({ message: { number } }) => number === message.number)
      if (given === undefined || (given !== answer && !nearlyTied(given, answer))) return `session ${i} gives ${message.number} as hit ${at}`
    }
  }
  return undefined
}

/** Scores that differ only by how their sum was rounded have no order; those that are the same go by time. */
function nearlyTied(a: Answer, b: Answer): boolean {
  return a.byId === b.byId && a.score !== b.score && Math.abs(a.score - b.score) <= 1e-12 * Math.max(Math.abs(a.score), Math.abs(b.score))
}

function hitProblem({ message, session, snippet, highlights, corrections }: SearchHit, { message: wanted, query, byId }: Answer, match: 'all' | 'any' | undefined): string | undefined {
  if (message.id !== wanted.id || message.content !== wanted.content || message.timestamp !== wanted.timestamp) return 'is another message than the one that was saved'
  if (message.senderId !== wanted.senderId || message.type !== wanted.type) return 'says another sender or type'
  if (session?.id !== wanted.sessionId) return `names the session ${session?.id}`
  if (JSON.stringify(highlights) !== JSON.stringify(placesIn(wanted.content, query, match))) return 'marks other places'
  if (!byId && JSON.stringify(corrections) !== JSON.stringify(expectedCorrections(query, wanted.content))) return 'says other corrections'
  // The line is a part of the content, and shows at least the first place.
  if (highlights.length > 0 && snippet.highlights.length === 0) return 'shows a line without the words'
  for (const [i, { start, end }] of snippet.highlights.entries()) {
    const place = highlights[i]
    if (place === undefined || snippet.text.slice(start, end) !== wanted.content.slice(place.start, place.end).replace(/\s/gu, ' ')) return 'marks other words in its line'
  }
  return undefined
}

/** Whether the truth took a wrong short cut. */
function ownDifference(truth: Truth, answers: readonly Answer[], { text, options }: DrawnQuery): string | undefined {
  const slow = truth.slowly(text, options)
  const fast = new Set(answers.map(({ message }) => keyOf(message)))
  return slow.length === fast.size && slow.every((key) => fast.has(key)) ? undefined : `the truth contradicts itself: ${fast.size} answers, ${slow.length} without its short cuts`
}
