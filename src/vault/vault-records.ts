// The records of an open vault as an app sees them: read, changed, searched, loaded.

import { VaultError } from '../errors.js'
import { draftAccess, type Access } from './core/access.js'
import type { OpenedVault } from './opened-vault.js'
import { Brains } from './records/brains.js'
import { ChatLogs } from './records/chat-logs.js'
import type { CollectionOptions, HeadOf } from './records/collection-types.js'
import type { Collection } from './records/collections.js'
import { publicNameOf } from './records/reserved-ids.js'
import type { InputOf, OutputOf, StandardSchema } from './records/standard-schema.js'
import type { ConversationInput, LoadOptions, LoadReport } from './records/load.js'
import type { FindSessionsOptions, SessionMatch } from './search/records/find-sessions.js'
import type { KeywordOptions, KeywordReport } from './search/records/generate-keywords.js'
import type { Suggestion, SuggestOptions } from './search/messages/suggest.js'
import type { BySessionOptions, MatchPlace, SearchHit, SearchOptions, SessionHits } from './search/options.js'
import type { BrainHit, BrainSearchOptions, SessionHit, SessionSearchOptions } from './search/records/record-options.js'
import type { AnyHit, AnySearchOptions } from './search/search.js'
import type { SearchPart } from './search/search-part.js'
import { Preferences } from './records/preferences.js'
import { Sessions } from './records/sessions.js'
import { collectionsOver, type AnyCollection, type AnyOptions, type CollectionMaker } from './app-collections.js'
import { fetchPart } from './fetch-part.js'
import type { FetchedSearch } from './search-index.js'

/** The records of a vault; inside `transact` the same, as one commit. */
export interface Records {
  readonly sessions: Sessions
  readonly chatLogs: ChatLogs
  readonly brains: Brains
  readonly preferences: Preferences
  /**
   * A collection of the app's own: items that a schema describes, of which a head is always in memory, and texts can be searched. Nothing is read or written by this call.
   * The name has 1 to 64 letters, digits, `_`, `-` and `.`, a letter first. Schema, head and texts are not stored: what was put under others stays as it is (docs/collections.md).
   * @throws {RangeError} for a name that cannot be one; {TypeError} for other options
   */
  collection<S extends StandardSchema, H extends object = Record<never, never>, K extends keyof OutputOf<S> & string = never>(
    name: string,
    options: CollectionOptions<S, H, K>,
  ): Collection<InputOf<S>, OutputOf<S>, HeadOf<S, H, K>>
  /** The same collection here: inside of `transact`, one that was made outside. */
  collection<In, T, H>(collection: Collection<In, T, H>): Collection<In, T, H>
}

/** A transaction that waits for something else would wait for itself. */
const MAX_TRANSACTION_MS = 30_000

export class VaultRecords implements Records {
  readonly sessions: Sessions
  readonly chatLogs: ChatLogs
  readonly brains: Brains
  readonly preferences: Preferences
  readonly #vault: OpenedVault
  readonly #collection: CollectionMaker

  /** @internal */
  constructor(vault: OpenedVault) {
    this.#vault = vault
    const records = recordsOver(vault.access, vault.search)
    this.sessions = records.sessions
    this.chatLogs = records.chatLogs
    this.brains = records.brains
    this.preferences = records.preferences
    this.#collection = collectionsOver(vault.access, vault.search)
  }

  collection<S extends StandardSchema, H extends object = Record<never, never>, K extends keyof OutputOf<S> & string = never>(
    name: string,
    options: CollectionOptions<S, H, K>,
  ): Collection<InputOf<S>, OutputOf<S>, HeadOf<S, H, K>>
  collection<In, T, H>(collection: Collection<In, T, H>): Collection<In, T, H>
  /** @inheritDoc Records.collection */
  collection(collection: string | AnyCollection, options?: AnyOptions): AnyCollection {
    const made = this.#collection(collection, options)
    this.#vault.collections.add(publicNameOf(made.name))
    return made
  }

  /**
   * Several changes over all kinds of records as one commit: all of them are saved, or none.
   * The function may run more than once (when another tab was faster), so it must change nothing but the records it is given;
   * inside it use only `tx`, never the vault itself. What it returns is returned.
   * @throws whatever the function throws (then nothing is saved); {VaultError} `busy` when it takes over 30 seconds
   */
  async transact<T>(change: (tx: Records) => Promise<T>): Promise<T> {
    const { log, access, search } = this.#vault
    return access.commit(
      async (draft) => {
        const life = { ended: false }
        try {
          return await withDeadline(change(recordsOver(draftAccess({ ...access, log }, draft, life), search)))
        } finally {
          life.ended = true
        }
      },
      { alone: true },
    )
  }

  /**
   * Messages by their words: `word`, `"exact phrase"`, `-without`, `begin*`, `*part*` (three letters or more); case, accents and other
   * spellings of one letter do not matter. `typing` takes the last word for the beginning of one, `typos` forgives a mistake in a word. A query that is the id of a message finds that one first. Each hit is true at the moment it is
   * given; what is added meanwhile may be missed. A search writes nothing. Where there is no index yet, or it is damaged (then a `warning` says so),
   * every message is read, and the index made anew in the background.
   * @throws when the first hit is asked for: {VaultError} `invalid-value` (the query is empty or too long), `locked`, `corrupt`; {RangeError}, {TypeError} for options; the signal's reason when aborted
   */
  search(query: string, options?: SearchOptions): AsyncGenerator<SearchHit, void, undefined>
  /**
   * With `in: 'sessions'`: sessions by the words of their titles and keywords, in the same language and with the same promises. Title and keywords
   * are texts of their own: every word must be in one of them, whichever, so `paris train` finds a session with the title "Trip to Paris" and the
   * keyword "train"; a phrase must stand within one, and a word excluded in none.
   * @throws as above; {RangeError} also for `senders` and `types`, which say nothing about sessions
   */
  search(query: string, options: SessionSearchOptions): AsyncGenerator<SessionHit, void, undefined>
  /**
   * With `in: 'brains'`: brains by the words of their entity id, their model and every string in their configuration and memories, at any depth (not the
   * names of fields), each a text of its own as title and keywords are. Every brain is read; long ones one at a time.
   * @throws as above; {RangeError} also for filters on sessions, senders, types and times
   */
  search(query: string, options: BrainSearchOptions): AsyncGenerator<BrainHit, void, undefined>
  search(query: string, options: AnySearchOptions = {}): AsyncGenerator<AnyHit, void, undefined> {
    return this.#vault.access.iterations.over(this.#hitsOf((part) => part.search(query, options)))
  }

  /**
   * What `search` finds, by session: each with how many of its messages meet the query and the best of these. Sessions come in the order of their best
   * message. Every match is counted, so it costs more than the first hits of `search`.
   * @throws as `search`; {RangeError} for `hitsPerSession` that is no whole number from 1
   */
  searchBySession(query: string, options: BySessionOptions = {}): AsyncGenerator<SessionHits, void, undefined> {
    return this.#vault.access.iterations.over(this.#hitsOf((part) => part.searchBySession(query, options)))
  }

  async *#hitsOf<Hit>(begin: (part: SearchPart) => AsyncGenerator<Hit, void, undefined>): AsyncGenerator<Hit, void, undefined> {
    this.#vault.log.assertAlive()
    const part = await this.#vault.search.part()
    try {
      yield* begin(part)
    } finally {
      if (!part.hasIndex) this.#vault.wantIndex()
    }
  }

  /**
   * Where the messages are that `search` would find, in its order, without reading any of them: for counting, jumping and paging. Answers from the index alone,
   * so it is the fastest question there is; what is edited or deleted a moment later is told as it was.
   * @throws as `search`
   */
  async searchPlaces(query: string, options: SearchOptions = {}): Promise<readonly MatchPlace[]> {
    this.#vault.log.assertAlive()
    const part = await this.#vault.search.part()
    try {
      return await part.searchPlaces(query, options)
    } finally {
      if (!part.hasIndex) this.#vault.wantIndex()
    }
  }

  /**
   * Sessions while somebody types: whose title has the query as it is typed, or that have a keyword with one of its words in it (words of three letters or
   * more; of two signs in scripts without spaces), or whose id begins with it. Without case and accents, except ids; part of a word counts. Each session
   * comes once. Best first: title before keyword before id, then more of the words in title or keywords, then the most recent activity.
   * An empty query finds nothing. `search` with `in: 'sessions'` is the one with whole words, phrases and filters; `sessions.list` filters by more.
   * @throws {VaultError} `locked`; {TypeError} for a query that is no string; {RangeError} for a limit that is no whole number from 0; the signal's reason when aborted
   */
  async searchSessions(query: string, options: FindSessionsOptions = {}): Promise<readonly SessionMatch[]> {
    const { access, log } = this.#vault
    log.assertAlive()
    const { findSessions } = await fetchPart(() => import('./search/records/find-sessions.js'))
    return findSessions(access, query, options)
  }

  /**
   * Words for a list below a search field: those in messages that begin with the last word of what was typed, the ones that most messages hold first,
   * then by their letters; the word itself is among them when it is there. Words come as they are compared, without case and accents (`zurich`); in scripts
   * without spaces they are pairs of neighbours. Counts are exact, without what was edited or deleted since, with what was written or loaded last.
   * Only words beginning so are read where there is an index; without one, every message. Nothing typed, or white space last, gives none.
   * @throws {VaultError} `locked`, `corrupt`; {TypeError} for what is no string; {RangeError} for a limit that is no whole number from 0; the signal's reason when aborted
   */
  async suggest(typed: string, options: SuggestOptions = {}): Promise<readonly Suggestion[]> {
    this.#vault.log.assertAlive()
    const part = await this.#vault.search.part()
    try {
      return await part.suggest(typed, options)
    } finally {
      if (!part.hasIndex) this.#vault.wantIndex()
    }
  }

  /**
   * Gives every session whose keywords the app has not set the most telling words of its chat logs: those that are often in it and seldom in the other
   * messages of the vault, as they are most often spelled. Nothing leaves the vault, no list of words of any language is used, the same messages give the same
   * keywords. Keywords set by `create`, `update` or `load` are never replaced; those generated before are, so call it again when there is more to
   * read. It reads every message of those sessions; many sessions are saved in one commit, and only those whose keywords changed.
   * @throws {VaultError} `locked`, `corrupt`, `storage-full`; {RangeError} for `perSession` that is no whole number from 1, {TypeError} for `sessionIds`; the signal's reason when aborted
   */
  async generateKeywords(options: KeywordOptions = {}): Promise<KeywordReport> {
    this.#vault.log.assertAlive()
    return (await this.#vault.search.part()).generateKeywords(options)
  }

  /**
   * Adds many whole conversations, much faster than one by one. Those whose session id is in the vault already are skipped,
   * so loading the same source again adds only what is missing. Memory stays bounded for an async source.
   * What was loaded can be searched at once, and fast when the index has taken it in, a moment later in the background.
   * Durable after each progress event; aborted or killed on the way, every conversation is whole or absent.
   * @throws {VaultError} `locked`, `busy`, `storage-full`; the signal's reason when aborted
   */
  async load(source: Iterable<ConversationInput> | AsyncIterable<ConversationInput>, options: LoadOptions = {}): Promise<LoadReport> {
    const { access, log, jobs } = this.#vault
    const { loadConversations } = await fetchPart(() => import('./records/load.js'))
    try {
      return await loadConversations({ access, log, jobs }, source, options)
    } finally {
      this.#vault.noteLoad()
    }
  }
}

function recordsOver(access: Access, search: FetchedSearch): Records {
  return { sessions: new Sessions(access), chatLogs: new ChatLogs(access), brains: new Brains(access), preferences: new Preferences(access), collection: collectionsOver(access, search) as Records['collection'] }
}

async function withDeadline<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new VaultError('busy', 'a transaction took longer than 30 seconds; inside it use only what it is given')), MAX_TRANSACTION_MS)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
