// Heads of a collection as an app asks for them: filtered, sorted, a part of them.

import type { Fields } from '../core/log-row.js'
import type { Head } from '../core/state.js'
import type { CollectionEntry, CollectionQuery } from './collection-types.js'

/** The head that an app gave an item: frozen, so that every app may have the one in memory. */
export function frozenHead<H>({ value }: Head): Readonly<H> {
  return deepFreeze(value['head'] ?? {}) as Readonly<H>
}

/** What is in memory is never changed in place: freezing it makes sure that nobody does. */
export function deepFreeze<T>(value: T): T {
  // Whoever freezes begins at the top, so what is frozen there is frozen below.
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const item of Object.values(value)) deepFreeze(item)
  return value
}

/** The last change first; of one commit, what was made last. */
export function byLastChange(heads: readonly Head[]): Head[] {
  return [...heads].sort((a, b) => b.modifiedAt - a.modifiedAt || b.number - a.number)
}

/** @throws {RangeError} for a negative or fractional limit or offset; {TypeError} for what is neither a name nor a function; whatever the app's functions throw */
export function selectEntries<H>(heads: readonly Head[], toEntry: (head: Head) => CollectionEntry<H>, query: CollectionQuery<H>): CollectionEntry<H>[] {
  const { where, sortBy, descending = false, limit = Infinity, offset = 0 } = query
  for (const [name, value] of [['limit', limit], ['offset', offset]] as const) {
    if (!(value >= 0) || (value !== Infinity && !Number.isInteger(value))) throw new RangeError(`${name} must be a whole number from 0`)
  }
  if (where !== undefined && typeof where !== 'function') throw new TypeError('where must be a function of the head')
  if (sortBy !== undefined && typeof sortBy !== 'function' && typeof sortBy !== 'string') throw new TypeError('sortBy must be the name of a field of the head, or a function that compares')
  const entries: CollectionEntry<H>[] = []
  for (const head of byLastChange(heads)) {
    const entry = toEntry(head)
    if (where === undefined || where(entry.head)) entries.push(entry)
  }
  if (sortBy === undefined) {
    if (descending) entries.reverse()
  } else if (typeof sortBy === 'function') entries.sort(descending ? (a, b) => sortBy(b, a) : sortBy)
  else entries.sort(comparing(sortBy, descending))
  return offset === 0 && limit === Infinity ? entries : entries.slice(offset, limit === Infinity ? undefined : offset + limit)
}

const RANKS: Readonly<Record<string, number>> = { boolean: 0, number: 1, string: 2, object: 3 }

function comparing<H>(field: string, descending: boolean): (a: CollectionEntry<H>, b: CollectionEntry<H>) => number {
  const valueOf = ({ head }: CollectionEntry<H>): unknown => (Object.hasOwn(head, field) ? (head as Fields)[field] : undefined)
  return (a, b) => {
    const [mine, theirs] = [valueOf(a), valueOf(b)]
    if (mine === undefined || theirs === undefined) return Number(mine === undefined) - Number(theirs === undefined)
    const order = compare(mine, theirs)
    return descending ? -order : order
  }
}

function compare(a: unknown, b: unknown): number {
  const ranks = RANKS[typeof a]! - RANKS[typeof b]!
  if (ranks !== 0 || typeof a === 'object') return ranks
  return (a as string) < (b as string) ? -1 : (a as string) > (b as string) ? 1 : 0
}
