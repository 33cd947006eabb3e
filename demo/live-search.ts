// Searches with every letter that is typed. A search that is not wanted any more is stopped; what was found stays until the next answer is there.

import type { SessionHits, Suggestion, UnlockedVault } from 'sealed-vault'
import { optionsOf, type Question } from './search-question.js'

/** What there is to show for a question. */
export interface Found {
  readonly question: Question
  readonly groups: readonly SessionHits[]
  /** False while there may be more of them. */
  readonly isWhole: boolean
  readonly error?: unknown
}

interface LiveSearchPorts {
  readonly vault: UnlockedVault
  readonly onFound: (found: Found | undefined) => void
  /** Words that begin as the last one of the query. */
  readonly onSuggested: (words: readonly Suggestion[]) => void
}

const WORDS_SUGGESTED = 6
/** Shown as soon as they are there: as many as fill the list. */
const GROUPS_SHOWN_FIRST = 6

export class LiveSearch {
  readonly #ports: LiveSearchPorts
  readonly #unsubscribe: () => void
  #running: AbortController | undefined
  #question: Question | undefined
  /** Something changed in the vault since the running search began. */
  #stale = false
  #prepared = false

  constructor(ports: LiveSearchPorts) {
    this.#ports = ports
    this.#unsubscribe = ports.vault.subscribe((event) => {
      if (event.kind === 'changed' && event.collections.includes('sessions')) this.#again()
    })
  }

  /** Opens the index, so that the first letter need not wait for that. */
  prepare(): void {
    if (this.#prepared) return
    this.#prepared = true
    void this.#openIndex().catch(() => {
      // What is wrong is said when something is searched.
    })
  }

  async #openIndex(): Promise<void> {
    const { vault } = this.#ports
    for await (const group of vault.searchBySession('a', { typing: true, limit: 1, hitsPerSession: 1 })) void group
  }

  /** Asks now; undefined when there is nothing to ask. */
  ask(question: Question | undefined): void {
    this.#running?.abort()
    this.#running = undefined
    this.#question = question
    if (question !== undefined) return this.#start(question)
    this.#ports.onFound(undefined)
    this.#ports.onSuggested([])
  }

  stop(): void {
    this.#running?.abort()
    this.#unsubscribe()
  }

  #again(): void {
    if (this.#running !== undefined) this.#stale = true
    else if (this.#question !== undefined) this.#start(this.#question)
  }

  #start(question: Question): void {
    const running = (this.#running = new AbortController())
    this.#stale = false
    void this.#answer(question, running.signal).then(() => {
      if (this.#running !== running) return
      this.#running = undefined
      if (this.#stale) this.#again()
    })
  }

  async #answer(question: Question, signal: AbortSignal): Promise<void> {
    const { vault, onFound, onSuggested } = this.#ports
    const groups: SessionHits[] = []
    try {
      for await (const group of vault.searchBySession(question.query, { ...optionsOf(question), signal })) {
        groups.push(group)
        if (groups.length === GROUPS_SHOWN_FIRST && !signal.aborted) {
          onFound({ question, groups: [...groups], isWhole: false })
          // The rest is read and drawn when these can be seen.
          await nextFrame()
        }
      }
      if (!signal.aborted) onFound({ question, groups, isWhole: true })
    } catch (error) {
      if (!signal.aborted) onFound({ question, groups: [], isWhole: true, error })
    }
    // Not before the results are on the screen: they are what somebody waits for.
    await nextFrame()
    if (signal.aborted) return
    // Without suggestions one types the rest.
    const words = await vault.suggest(question.query, { limit: WORDS_SUGGESTED, signal }).catch(() => [])
    if (!signal.aborted) onSuggested(words)
  }
}

/** Resolves when what is in the document now has been drawn. */
function nextFrame(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
}
