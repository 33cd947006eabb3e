// Finds messages by their words. What the index names is read once more when its turn comes, so nothing is shown that was
// changed or deleted meanwhile, and the page has the last word on what is an answer.

import type { ChatLogId } from '../../../brand.js'
import type { Access } from '../../core/access.js'
import { fieldsOf } from '../../core/log-row.js'
import { pagesBetween } from '../../core/pages.js'
import { Slices } from '../../core/slices.js'
import type { State } from '../../core/state.js'
import { placeOf, readBodies } from '../../records/message-pages.js'
import { toMessageWithContent } from '../../records/message-content.js'
import { headToSession } from '../../records/sessions.js'
import type { Candidate, Wanted } from './candidates.js'
import { despiteDamage, type MessageSearchPorts } from './despite-damage.js'
import { findCandidates, type Candidates } from './find-candidates.js'
import { findGroups } from './find-groups.js'
import { correctionsIn } from '../words/corrections.js'
import { matchText } from '../words/match.js'
import { admits, admitsLog, readOptions, sessionOf, type BySessionOptions, type MatchPlace, type SearchHit, type SearchOptions, type SessionHits } from '../options.js'
import { parseForgiving, parseQuery } from '../words/query.js'
import { snippetOf } from '../words/snippet.js'

/** Candidates beyond the limit: some may be gone when their turn comes. */
const SPARE = 12
/** Asked for at first where there is no limit. */
const FIRST_CANDIDATES = 500
const HITS_PER_SESSION = 3
/** Chat logs whose hits are read together: the first ones are soon there. */
const GROUPS_AT_ONCE = 6
/** Hits whose pages are read together. */
const HITS_AT_ONCE = 20

/** @throws {VaultError} `invalid-value` (the query), `locked`, `corrupt`; {RangeError}, {TypeError}; the signal's reason when aborted */
export async function* searchMessages(ports: MessageSearchPorts, text: string, options: SearchOptions): AsyncGenerator<SearchHit, void, undefined> {
  const wanted = wantedOf(text, options)
  if (yield* searchFor(ports, wanted)) return
  const forgiving = forgivingOf(text, wanted)
  if (forgiving !== undefined) yield* searchFor(ports, forgiving)
}

/** Returns whether there was a hit. */
async function* searchFor(ports: MessageSearchPorts, wanted: Wanted): AsyncGenerator<SearchHit, boolean, undefined> {
  const { access } = ports
  let left = wanted.filters.limit
  if (left === 0) return false
  const given = new Set<string>()
  let limit = left === Infinity ? FIRST_CANDIDATES : left + SPARE
  for (; ; limit = Infinity) {
    const { byId, byWords, more } = await candidatesFor(ports, wanted, limit)
    const all = [...byId.map((candidate) => ({ candidate, byId: true })), ...byWords.map((candidate) => ({ candidate, byId: false }))]
    // What only looks like an id must not cost those with the words another read.
    for (let start = 0, end = byId.length + HITS_AT_ONCE; start < all.length; start = end, end += HITS_AT_ONCE) {
      const group = all.slice(start, end)
      await access.view((state) => prefetch(access, state, group.map(({ candidate }) => candidate)))
      for (const { candidate, byId: asId } of group) {
        const key = keyOf(candidate)
        if (given.has(key)) continue
        wanted.filters.signal?.throwIfAborted()
        const hit = await readHit(access, wanted, candidate, asId)
        if (hit === undefined) continue
        given.add(key)
        yield hit
        if (--left === 0) return true
      }
    }
    if (!more) return given.size > 0
  }
}

/** See `UnlockedVault.searchPlaces`. */
export async function searchPlaces(ports: MessageSearchPorts, text: string, options: SearchOptions): Promise<readonly MatchPlace[]> {
  const wanted = wantedOf(text, options)
  const found = await placesFor(ports, wanted)
  const forgiving = found.length > 0 ? undefined : forgivingOf(text, wanted)
  return forgiving === undefined ? found : placesFor(ports, forgiving)
}

async function placesFor(ports: MessageSearchPorts, wanted: Wanted): Promise<readonly MatchPlace[]> {
  const { limit, order } = wanted.filters
  if (limit === 0) return []
  const { byId, byWords } = await candidatesFor(ports, wanted, limit)
  const found = new Map<string, Candidate>()
  // Of an id the index knows a hash only.
  for (const candidate of byId) if ((await readHit(ports.access, wanted, candidate, true)) !== undefined) found.set(keyOf(candidate), candidate)
  for (const candidate of byWords) {
    const key = keyOf(candidate)
    if (!found.has(key)) found.set(key, candidate)
  }
  return [...found.values()].slice(0, limit).map(({ chatLogId, number, timestamp, score }) => ({ chatLogId: chatLogId as ChatLogId, number, timestamp, ...(order === 'relevance' && { score }) }))
}

function wantedOf(text: string, options: SearchOptions): Wanted {
  const filters = readOptions(options)
  const wanted = { query: parseQuery(text, filters), filters, id: text.trim(), slices: new Slices(filters.signal) }
  filters.signal?.throwIfAborted()
  return wanted
}

/** The same with a mistake forgiven in each word; undefined when that was not asked for, or when there is nothing to forgive. */
function forgivingOf(text: string, wanted: Wanted): Wanted | undefined {
  const query = wanted.filters.typos ? parseForgiving(text, wanted.filters) : undefined
  return query && { ...wanted, query }
}

function keyOf({ logNumber, number }: Candidate): string {
  return `${logNumber}/${number}`
}

/** See `UnlockedVault.searchBySession`. */
export async function* searchBySession(ports: MessageSearchPorts, text: string, { hitsPerSession = HITS_PER_SESSION, ...options }: BySessionOptions): AsyncGenerator<SessionHits, void, undefined> {
  if (!(Number.isInteger(hitsPerSession) && hitsPerSession > 0)) throw new RangeError('hitsPerSession must be a whole number from 1')
  const wanted = wantedOf(text, options)
  if (yield* groupsFor(ports, wanted, hitsPerSession)) return
  const forgiving = forgivingOf(text, wanted)
  if (forgiving !== undefined) yield* groupsFor(ports, forgiving, hitsPerSession)
}

/** Returns whether there was a hit. */
async function* groupsFor(ports: MessageSearchPorts, wanted: Wanted, perLog: number): AsyncGenerator<SessionHits, boolean, undefined> {
  const { access } = ports
  const { limit } = wanted.filters
  if (limit === 0) return false
  const groups = await despiteDamage(ports, (live) => access.view((state) => findGroups(access, live, state, wanted, limit, perLog)))
  let found = false
  for (let start = 0; start < groups.length; start += GROUPS_AT_ONCE) {
    const some = groups.slice(start, start + GROUPS_AT_ONCE)
    await access.view((state) => prefetch(access, state, some.flatMap(({ candidates }) => candidates)))
    for (const { chatLogId, matches, candidates } of some) {
      wanted.filters.signal?.throwIfAborted()
      const hits = new Map<string, SearchHit>()
      for (const candidate of candidates) {
        const hit = await readHit(access, wanted, candidate, candidate.byId)
        if (hit !== undefined) hits.set(keyOf(candidate), hit)
      }
      const [first] = hits.values()
      // Changed or deleted meanwhile.
      if (first === undefined) continue
      found = true
      yield { chatLogId: chatLogId as ChatLogId, ...(first.session !== undefined && { session: first.session }), matches: Math.max(matches, hits.size), hits: [...hits.values()] }
    }
  }
  return found
}

function candidatesFor(ports: MessageSearchPorts, wanted: Wanted, limit: number): Promise<Candidates> {
  const { access } = ports
  return despiteDamage(ports, (live) => access.view((state) => findCandidates(access, live, state, wanted, limit)))
}

/** Brings the pages of the next hits into the cache, all in one read. */
async function prefetch(access: Access, state: State, candidates: readonly Candidate[]): Promise<void> {
  const wanted = candidates.flatMap(({ chatLogId, number }) => {
    const log = state.heads.chatLogs.get(chatLogId)
    if (log === undefined) return []
    const stem = log.value['stem'] as string
    return pagesBetween(number, Math.min(number + 1, log.value['next'] as number)).map((page) => ({ stem, folded: log.folded, page }))
  })
  await access.pages.readMany(wanted)
}

async function readHit(access: Access, { query, filters, id }: Wanted, { chatLogId, number, score }: Candidate, byId: boolean): Promise<SearchHit | undefined> {
  return access.view(async (state) => {
    const log = state.heads.chatLogs.get(chatLogId)
    if (log === undefined || !admitsLog(state, filters, log)) return undefined
    const [record] = await readBodies(access, state, log, { from: number, to: number + 1, limit: 1, newest: false })
    if (record === undefined || !admits(filters, fieldsOf(record.body))) return undefined
    if (byId && fieldsOf(record.body)['id'] !== id) return undefined
    const message = await toMessageWithContent(access, placeOf(log, record), record.body)
    const { met, highlights } = matchText(query, message.content, filters.match)
    if (!met && !byId) return undefined
    const session = sessionOf(state, log)
    const corrections = correctionsIn(message.content, query)
    return {
      message,
      ...(session !== undefined && { session: headToSession(session) }),
      ...(filters.order === 'relevance' && { score }),
      snippet: snippetOf(message.content, highlights),
      highlights,
      ...(met && corrections !== undefined && { corrections }),
    }
  })
}
