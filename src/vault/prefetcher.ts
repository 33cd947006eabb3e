// Fetches what is likely to be opened next while nothing else is to do, and keeps what it learned for that, sealed among the vault's own values.
// It only guesses: whatever goes wrong here shows when somebody really reads, and a guess never waits for anybody or makes anybody wait.

import { whenIdle } from './core/idle.js'
import type { Opening, WantedPage } from './core/pages.js'
import type { Head, State } from './core/state.js'
import type { OpenedVault } from './opened-vault.js'
import { Habits } from './records/habits.js'
import { newestPages } from './records/message-pages.js'
import { ownValue, putOwnValue } from './records/preferences.js'

const NAME = 'habits'
/** Time without a reader before the first idle moment counts: who goes from chat to chat in a hurry has the store to himself. */
const QUIET_MS = 50
/** Chat logs fetched after one was opened, one in each idle moment: a reader who comes meanwhile waits for no more than that. */
const MOMENTS = 4
/** Nobody's screen shows more; who asks for more messages at once reads a chat log through. */
const MAX_LIMIT = 256
/** What guessing may cost: pages it may fetch, a few at first, more with each guess that was right, nearly none where none is. */
const MAX_CREDIT = 32
const CREDIT_FOR_USE = 6
const CREDIT_FOR_OPENING = 0.1
/** Openings that are worth a commit, and the least time between two such commits. */
const OPENINGS_TO_SAVE = 5
const SAVE_EVERY_MS = 5 * 60_000
const MAX_OPENINGS = 256

export class Prefetcher {
  readonly #vault: OpenedVault
  #habits: Habits | undefined
  /** Since what was learned was last saved. */
  #openings: number[] = []
  #savedAt = -Infinity
  #last: Opening | undefined
  #before: WantedPage | undefined
  #credit = MAX_CREDIT
  #rewarded = 0
  #moments = 0
  #quietMs = QUIET_MS
  #isHidden = false
  #isOver = false
  #callOff: (() => void) | undefined
  #fetching: Promise<void> | undefined
  #saving: Promise<unknown> | undefined

  constructor(vault: OpenedVault) {
    this.#vault = vault
    const { drains, environment, events, options, pages } = vault
    if (options.prefetch === false) {
      drains.push(() => this.#forget())
      return
    }
    pages.reader = { opened: (opening) => this.#opened(opening), readUpTo: (before) => this.#readUpTo(before) }
    const stops = [
      environment.signals.onHidden(() => {
        this.#isHidden = true
        this.#stopFetching()
        if (this.#isWorthSaving()) void this.#save()
      }),
      environment.signals.onShown(() => (this.#isHidden = false)),
    ]
    events.subscribe(({ kind }) => {
      if (kind !== 'locking') return
      this.#isOver = true
      pages.reader = undefined
      this.#stopFetching()
      for (const stop of stops) stop()
    })
    drains.push(async () => {
      await this.#fetching
      await this.#saving
      if (this.#isWorthSaving() || this.#knowsWhatIsGone()) await this.#save()
    })
  }

  #opened(opening: Opening): void {
    const { log, pages } = this.#vault
    this.#habits ??= new Habits(ownValue(log.state, NAME))
    this.#last = { ...opening, limit: Math.min(opening.limit, MAX_LIMIT) }
    // Reading again what is shown anyway is no habit.
    if (!this.#habits.note(opening.number)) return
    this.#openings.push(opening.number)
    if (this.#openings.length > MAX_OPENINGS) this.#openings.shift()
    const { likelyUsed } = pages.cache
    this.#credit = Math.min(MAX_CREDIT, this.#credit + CREDIT_FOR_OPENING + CREDIT_FOR_USE * (likelyUsed - this.#rewarded))
    this.#rewarded = likelyUsed
    this.#moments = MOMENTS
    this.#begin()
  }

  #readUpTo(before: WantedPage): void {
    this.#before = before
    this.#moments = Math.max(1, this.#moments)
    this.#begin()
  }

  /** Once nobody has read anything for a while. */
  #begin(): void {
    this.#callOff?.()
    this.#callOff = undefined
    this.#quietMs = QUIET_MS
    this.#waitForIdle()
  }

  #waitForIdle(): void {
    if (this.#isOver || this.#isHidden || this.#moments <= 0 || this.#callOff !== undefined || this.#fetching !== undefined) return
    this.#callOff = (this.#vault.environment.idle ?? whenIdle)(() => {
      this.#callOff = undefined
      this.#quietMs = 0
      this.#fetching = this.#fetch()
        .catch(() => void (this.#moments = 0))
        .finally(() => {
          this.#fetching = undefined
          this.#waitForIdle()
        })
      return this.#fetching
    }, this.#quietMs)
  }

  #stopFetching(): void {
    this.#callOff?.()
    this.#callOff = undefined
    this.#moments = 0
  }

  async #fetch(): Promise<void> {
    const { jobs, log, pages } = this.#vault
    // Loads, rotations and exports have the store to themselves; the next opening asks again.
    if (log.deadBy !== undefined || jobs.running.count > 0) {
      this.#moments = 0
      return
    }
    // Somebody waits for the store: not now.
    if (pages.isReading) return
    const before = this.#before
    this.#before = undefined
    if (before !== undefined && (await pages.readAhead([before], 'previous')) > 0) return
    this.#moments--
    const missing = this.#choose(log.state)
    if (missing.length === 0) this.#moments = 0
    else this.#credit -= await pages.readAhead(missing, 'likely')
  }

  /** Arranges what was fetched ahead by how likely it is now, and says what to fetch: what opening one chat log reads. */
  #choose(state: State): WantedPage[] {
    const { pages } = this.#vault
    const { cache } = pages
    if (this.#last === undefined || cache.size === 0) return []
    const { number, limit } = this.#last
    const current = headOf(state, number)
    const [first] = current === undefined ? [] : newestPages(current, limit)
    // What whoever scrolls up wants goes last.
    const wanted: WantedPage[] = first === undefined || first.page === 0 ? [] : [{ ...first, page: first.page - 1 }]
    let room = cache.roomAhead / (cache.bytes / cache.size)
    let missing: WantedPage[] = []
    for (const next of this.#habits!.likely()) {
      const head = headOf(state, next)
      if (head === undefined) continue
      const places = newestPages(head, limit).map((page) => ({ page, at: pages.placeOf(page) }))
      const ahead = places.filter(({ at }) => at === 'ahead' || at === 'store')
      room -= ahead.length
      if (room < 0) break
      wanted.push(...ahead.map(({ page }) => page))
      const stored = places.filter(({ at }) => at === 'store').map(({ page }) => page)
      if (missing.length === 0 && stored.length <= this.#credit) missing = stored
    }
    pages.prefer(wanted)
    return missing
  }

  #isWorthSaving(): boolean {
    // A clock that was set back must not keep it from being saved.
    return this.#openings.length >= OPENINGS_TO_SAVE && Math.abs(this.#vault.environment.now() - this.#savedAt) >= SAVE_EVERY_MS
  }

  #knowsWhatIsGone(): boolean {
    const { state } = this.#vault.log
    const stored = ownValue(state, NAME)
    return stored !== undefined && new Habits(stored).retain((number) => state.ids.chatLogs.has(number))
  }

  /** Over what other tabs learned meanwhile. */
  #save(): Promise<unknown> {
    const openings = this.#openings
    this.#openings = []
    this.#savedAt = this.#vault.environment.now()
    this.#saving = this.#vault.access
      .commit(async (draft) => {
        const habits = new Habits(ownValue(draft.state, NAME))
        for (const number of openings) habits.note(number)
        habits.retain((number) => draft.state.ids.chatLogs.has(number))
        putOwnValue(draft, NAME, habits.toJson())
      })
      .catch(() => undefined)
    return this.#saving
  }

  /** Drops what was learned before nobody wanted that any more; with the lock, for an unlock writes nothing. */
  async #forget(): Promise<void> {
    const { access, log } = this.#vault
    if (ownValue(log.state, NAME) !== undefined) await access.commit(async (draft) => putOwnValue(draft, NAME, undefined)).catch(() => undefined)
  }
}

function headOf(state: State, number: number): Head | undefined {
  const id = state.ids.chatLogs.get(number)
  return id === undefined ? undefined : state.heads.chatLogs.get(id)
}
