// What may be said beside the words of a search in sessions, brains or items, and what comes out of it.

import type { BrainHead } from '../../records/brains.js'
import type { Session } from '../../records/sessions.js'
import type { Correction } from '../words/corrections.js'
import type { Range } from '../words/match.js'
import { readOptions, type Filters } from '../options.js'

interface RecordSearchOptions {
  /** Whether every word must be there (the default), or any of them. Words excluded must be missing either way. */
  readonly match?: 'all' | 'any'
  /** Whether the query is still being typed (default: false): its last word finds words that begin so, as in a search for messages. */
  readonly typing?: boolean
  /** Whether one typing mistake is forgiven in each word (default: false), as in a search for messages: when nothing is found without. */
  readonly typos?: boolean
  /** Default `recent`. `relevance`: where the words say most of the record (BM25), then the most recent. */
  readonly order?: 'recent' | 'relevance'
  /** Default: all of them. */
  readonly limit?: number
  readonly signal?: AbortSignal
}

/** In titles and keywords of sessions; `recent` is the newest activity first. */
export interface SessionSearchOptions extends RecordSearchOptions {
  readonly in: 'sessions'
  /** Only these sessions. */
  readonly sessionIds?: readonly string[]
  /** Only sessions with all of these participants. */
  readonly participants?: readonly string[]
  /** Only sessions whose last activity lies between; milliseconds, both ends included. */
  readonly from?: number
  readonly to?: number
}

/** In ids, models, configurations and memories of brains; `recent` is the last change first. */
export interface BrainSearchOptions extends RecordSearchOptions {
  readonly in: 'brains'
}

/** In items of an app's collection; which ones, and what of them, is said beside. */
export interface ItemSearchOptions extends RecordSearchOptions {
  readonly in: 'items'
}

export interface SessionHit {
  readonly session: Session
  /** The text in which the first of the words stands: the title, or the keyword at this place of `session.keywords`. */
  readonly field: 'title' | { readonly keyword: number }
  /** A line of that text, and where in the line words of the query stand. */
  readonly snippet: { readonly text: string; readonly highlights: readonly Range[] }
  /** Where they stand in that text: UTF-16 offsets, end exclusive, in order, without overlaps. */
  readonly highlights: readonly Range[]
  /** What stands in the texts in place of words that were mistyped; missing when nothing was forgiven. */
  readonly corrections?: readonly Correction[]
}

export interface BrainHit {
  /** Without its body, which may be long: `brains.get` reads it. */
  readonly brain: BrainHead
  /** The way to the string in which the first of the words stands: `['memories', 3, 'text']`, `['configuration', 'tone']`, `['model']`, `['entityId']`. */
  readonly path: readonly (string | number)[]
  /** A line of that string, and where in the line words of the query stand. */
  readonly snippet: { readonly text: string; readonly highlights: readonly Range[] }
  /** Where they stand in that string: UTF-16 offsets, end exclusive, in order, without overlaps. */
  readonly highlights: readonly Range[]
  /** What stands in the texts in place of words that were mistyped; missing when nothing was forgiven. */
  readonly corrections?: readonly Correction[]
}

/** Filters that say nothing about records of a kind: whoever gives one expects something else than would come. */
const UNFIT = {
  sessions: ['senders', 'types'],
  brains: ['sessionIds', 'participants', 'senders', 'types', 'from', 'to'],
  items: ['sessionIds', 'participants', 'senders', 'types', 'from', 'to'],
} as const

/** @throws {RangeError} for what `readOptions` refuses, and for a filter that has no meaning for the kind; {TypeError} for a filter that is no list of strings */
export function readRecordOptions(options: SessionSearchOptions | BrainSearchOptions | ItemSearchOptions): Filters {
  const { in: kind, ...given } = options
  const unfit = UNFIT[kind].find((name) => (given as Record<string, unknown>)[name] !== undefined)
  if (unfit !== undefined) throw new RangeError(`${unfit} has no meaning for a search in ${kind}`)
  return readOptions(given)
}
