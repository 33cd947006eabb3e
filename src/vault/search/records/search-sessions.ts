// Finds sessions by the words of their titles and keywords.

import type { Access } from '../../core/access.js'
import type { Head } from '../../core/state.js'
import { headToSession } from '../../records/sessions.js'
import type { PlacedText } from '../words/match-texts.js'
import type { Filters } from '../options.js'
import { readRecordOptions, type SessionHit, type SessionSearchOptions } from './record-options.js'
import { searchRecords } from './search-records.js'

/** @throws {VaultError} `invalid-value` (the query), `locked`; {RangeError}, {TypeError}; the signal's reason when aborted */
export async function* searchInSessions(access: Access, text: string, options: SessionSearchOptions): AsyncGenerator<SessionHit, void, undefined> {
  const filters = readRecordOptions(options)
  yield* searchRecords<SessionHit['field'], SessionHit>(access, text, filters, {
    collection: 'sessions',
    readAtOnce: 256,
    admits: (head) => admits(filters, head),
    timeOf: (head) => head.value['lastActivityAt'] as number,
    read: async (_, heads) => heads.map(textsOf),
    toHit: (head, { place, snippet, highlights, corrections }) => ({ session: headToSession(head), field: place, snippet, highlights, ...corrections }),
  })
}

function textsOf({ value }: Head): readonly PlacedText<SessionHit['field']>[] {
  const keywords = value['keywords'] as readonly string[]
  return [{ place: 'title', text: value['title'] as string }, ...keywords.map((text, keyword) => ({ place: { keyword }, text }))]
}

function admits({ sessionIds, participants, from, to }: Filters, { id, value }: Head): boolean {
  const lastActivityAt = value['lastActivityAt'] as number
  if (lastActivityAt < from || lastActivityAt > to || sessionIds?.has(id) === false) return false
  const there = value['participants'] as readonly string[]
  return participants?.every((participant) => there.includes(participant)) !== false
}
