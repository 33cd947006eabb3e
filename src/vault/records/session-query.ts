// Which sessions a query means. Everything is in memory; text is compared without case and accents, part of a word counts.

import type { LayeredMap } from '../core/layered-map.js'
import type { Fields } from '../core/log-row.js'
import type { Head } from '../core/state.js'

export interface SessionQuery {
  /** Part of the title, without case and accents. */
  readonly title?: string
  /** Part of a keyword, without case and accents. */
  readonly keyword?: string
  /** How the id begins, exactly. */
  readonly idPrefix?: string
  /** Every word must be part of the title or of a keyword, or begin the id. */
  readonly text?: string
  /** Milliseconds, both ends included. */
  readonly createdFrom?: number
  readonly createdTo?: number
  readonly activeFrom?: number
  readonly activeTo?: number
  /** Sessions with all of these participants. */
  readonly participants?: readonly string[]
  readonly connectionId?: string
  readonly state?: 'active' | 'inactive' | 'archived' | readonly ('active' | 'inactive' | 'archived')[]
  /** Default `recent`: newest activity first. */
  readonly order?: 'recent' | 'oldest-activity' | 'newest' | 'oldest' | 'title'
  readonly limit?: number
  readonly offset?: number
}

interface FoldedText {
  readonly title: string
  readonly keywords: readonly string[]
}

// Folding costs more than comparing; a head that did not change keeps its folded text.
const foldedByHead = new WeakMap<Fields, FoldedText>()

/** Lower case, compatibility forms and accents taken away: what search compares. */
export function foldText(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}+/gu, '').toLowerCase()
}

/** @throws {RangeError} for a negative or fractional limit or offset */
export function listSessions(sessions: LayeredMap<string, Head>, query: SessionQuery): Head[] {
  const { limit = Infinity, offset = 0 } = query
  for (const [name, value] of [['limit', limit], ['offset', offset]] as const) {
    if (!(value >= 0) || (value !== Infinity && !Number.isInteger(value))) throw new RangeError(`${name} must be a whole number from 0`)
  }
  const matches = createMatcher(query)
  const found: Head[] = []
  for (const [, head] of sessions.entries()) if (matches(head)) found.push(head)
  found.sort(comparators[query.order ?? 'recent'])
  return offset === 0 && limit === Infinity ? found : found.slice(offset, limit === Infinity ? undefined : offset + limit)
}

const byNumber = (a: Head, b: Head): number => a.number - b.number
const time = (head: Head, field: 'createdAt' | 'lastActivityAt'): number => head.value[field] as number

const comparators: Record<NonNullable<SessionQuery['order']>, (a: Head, b: Head) => number> = {
  recent: (a, b) => time(b, 'lastActivityAt') - time(a, 'lastActivityAt') || byNumber(b, a),
  'oldest-activity': (a, b) => time(a, 'lastActivityAt') - time(b, 'lastActivityAt') || byNumber(a, b),
  newest: (a, b) => time(b, 'createdAt') - time(a, 'createdAt') || byNumber(b, a),
  oldest: (a, b) => time(a, 'createdAt') - time(b, 'createdAt') || byNumber(a, b),
  title: (a, b) => compareText(folded(a).title, folded(b).title) || byNumber(a, b),
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function folded(head: Head): FoldedText {
  let text = foldedByHead.get(head.value)
  if (text === undefined) {
    text = { title: foldText(head.value['title'] as string), keywords: (head.value['keywords'] as string[]).map(foldText) }
    foldedByHead.set(head.value, text)
  }
  return text
}

function createMatcher(query: SessionQuery): (head: Head) => boolean {
  const title = query.title === undefined ? undefined : foldText(query.title)
  const keyword = query.keyword === undefined ? undefined : foldText(query.keyword)
  const rawWords = query.text?.split(/\s+/).filter((word) => word !== '')
  const words = rawWords?.map((word) => ({ raw: word, folded: foldText(word) }))
  const states = query.state === undefined ? undefined : new Set([query.state].flat())
  const { idPrefix, createdFrom = -Infinity, createdTo = Infinity, activeFrom = -Infinity, activeTo = Infinity, participants, connectionId } = query
  return (head) => {
    const { value, id } = head
    const createdAt = time(head, 'createdAt')
    const lastActivityAt = time(head, 'lastActivityAt')
    if (createdAt < createdFrom || createdAt > createdTo || lastActivityAt < activeFrom || lastActivityAt > activeTo) return false
    if (states !== undefined && !states.has(value['state'] as never)) return false
    if (idPrefix !== undefined && !id.startsWith(idPrefix)) return false
    if (connectionId !== undefined && value['connectionId'] !== connectionId) return false
    if (participants?.every((participant) => (value['participants'] as string[]).includes(participant)) === false) return false
    if (title !== undefined && !folded(head).title.includes(title)) return false
    if (keyword !== undefined && !folded(head).keywords.some((candidate) => candidate.includes(keyword))) return false
    return words?.every((word) => folded(head).title.includes(word.folded) || folded(head).keywords.some((candidate) => candidate.includes(word.folded)) || id.startsWith(word.raw)) !== false
  }
}
