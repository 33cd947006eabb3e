// A search in one kind of record.

import type { VaultError } from '../../errors.js'
import type { Access } from '../core/access.js'
import type { LiveIndex } from './index/live-index.js'
import type { SearchHit, SearchOptions } from './options.js'
import type { BrainHit, BrainSearchOptions, SessionHit, SessionSearchOptions } from './records/record-options.js'
import { searchInBrains } from './records/search-brains.js'
import { searchMessages } from './messages/search-messages.js'
import { searchInSessions } from './records/search-sessions.js'

export type AnySearchOptions = SearchOptions | SessionSearchOptions | BrainSearchOptions
export type AnyHit = SearchHit | SessionHit | BrainHit

export interface SearchPorts {
  readonly access: Access
  /** Told of damage of the index: the search goes on without it. */
  readonly damaged: (error: VaultError) => void
}

/** @throws when the first hit is asked for: {VaultError} `invalid-value` (the query), `locked`, `corrupt`; {RangeError}, {TypeError}; the signal's reason when aborted */
export function search({ access, damaged }: SearchPorts, live: LiveIndex, query: string, options: AnySearchOptions): AsyncGenerator<AnyHit, void, undefined> {
  switch (options.in) {
    case undefined:
    case 'messages':
      return searchMessages({ access, live, damaged }, query, options)
    case 'sessions':
      return searchInSessions(access, query, options)
    case 'brains':
      return searchInBrains(access, query, options)
    default:
      throw new RangeError("in must be 'messages', 'sessions' or 'brains'")
  }
}
