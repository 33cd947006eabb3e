// Gives sessions keywords from the words of their chat logs. Reads everything, computes, then commits many sessions at once;
// keywords that an app set are left alone, also those it sets meanwhile.

import type { Access } from '../../core/access.js'
import { Slices } from '../../core/slices.js'
import type { Head } from '../../core/state.js'
import type { Progress } from '../../records/load.js'
import { hasOwnKeywords, putGeneratedKeywords } from '../../records/sessions.js'
import { readContents, sizeOf, type LogSize } from './message-contents.js'
import { pickKeywords, SessionWords, type CandidateWord } from './telling-words.js'
import { scanTermFrequencies, type TermFrequencies } from './term-frequencies.js'

export interface KeywordOptions {
  /** Only these sessions; all when left out. */
  readonly sessionIds?: readonly string[]
  /** How many keywords a session gets at most; 5 when left out. */
  readonly perSession?: number
  /** Stops between commits; what was committed stays. */
  readonly signal?: AbortSignal
  /** `phase` is `read` (nothing is saved yet) or `save` (after each commit); `done` counts sessions. */
  readonly onProgress?: (progress: Progress) => void
}

export interface KeywordReport {
  /** Sessions that have other keywords now than before. */
  readonly changed: number
  /** Sessions whose keywords were the same already, or that were deleted meanwhile. */
  readonly unchanged: number
  /** Sessions left alone because an app had set their keywords. */
  readonly own: number
}

interface Target {
  readonly sessionId: string
  readonly logs: readonly LogSize[]
}

interface CountedSession {
  readonly sessionId: string
  readonly messages: number
  readonly candidates: readonly CandidateWord[]
}

/** Candidates held in memory before their frequencies are asked for: asking may mean to read every message. */
const CANDIDATES_AT_ONCE = 300_000
const SESSIONS_AT_ONCE = 500

/** @throws {VaultError} `locked`, `corrupt`, `storage-full`; {RangeError} for `perSession`, {TypeError} for `sessionIds`; the signal's reason when aborted */
export async function generateKeywords(access: Access, options: KeywordOptions, frequencies: TermFrequencies = scanTermFrequencies(access, options.signal)): Promise<KeywordReport> {
  const { perSession = 5, sessionIds, signal } = options
  if (sessionIds !== undefined && !(Array.isArray(sessionIds) && sessionIds.every((id) => typeof id === 'string'))) throw new TypeError('sessionIds must be a list of strings')
  if (!Number.isInteger(perSession) || perSession < 1) throw new RangeError('perSession must be a whole number from 1')
  signal?.throwIfAborted()
  return new Generation(access, options, perSession, frequencies).run(sessionIds && new Set(sessionIds))
}

class Generation {
  readonly #access: Access
  readonly #options: KeywordOptions
  readonly #perSession: number
  readonly #frequencies: TermFrequencies
  #total = 0
  #saved = 0
  #changed = 0

  constructor(access: Access, options: KeywordOptions, perSession: number, frequencies: TermFrequencies) {
    this.#access = access
    this.#options = options
    this.#perSession = perSession
    this.#frequencies = frequencies
  }

  async run(wanted: ReadonlySet<string> | undefined): Promise<KeywordReport> {
    const { targets, own } = await this.#findTargets(wanted)
    this.#total = targets.length
    let counted: CountedSession[] = []
    let waiting = 0
    let read = 0
    for await (const session of this.#count(targets)) {
      counted.push(session)
      waiting += session.candidates.length
      if (++read % SESSIONS_AT_ONCE === 0 || read === targets.length) this.#tell('read', read)
      if (waiting < CANDIDATES_AT_ONCE) continue
      await this.#save(counted)
      counted = []
      waiting = 0
    }
    await this.#save(counted)
    return { changed: this.#changed, unchanged: this.#total - this.#changed, own }
  }

  async #findTargets(wanted: ReadonlySet<string> | undefined): Promise<{ readonly targets: readonly Target[]; readonly own: number }> {
    return this.#access.view(async (state) => {
      const sessions = [...state.heads.sessions.entries()].map(([, head]) => head).filter(({ id }) => wanted?.has(id) !== false)
      const open = sessions.filter(({ value }) => !hasOwnKeywords(value)).sort((a, b) => a.number - b.number)
      const logsOf = (sessionId: string): LogSize[] => (state.logsOfSession.get(sessionId) ?? []).map((id) => state.heads.chatLogs.get(id)).filter((log): log is Head => log !== undefined).map(sizeOf)
      return { targets: open.map(({ id }) => ({ sessionId: id, logs: logsOf(id) })), own: sessions.length - open.length }
    })
  }

  /** Every target, in order; those without messages, too. */
  async *#count(targets: readonly Target[]): AsyncGenerator<CountedSession, void, undefined> {
    const sessionOfLog = new Map(targets.flatMap(({ sessionId, logs }) => logs.map(({ chatLogId }) => [chatLogId, sessionId])))
    let at = 0
    let words = new SessionWords()
    const finish = (): CountedSession => {
      const counted = { sessionId: targets[at++]!.sessionId, messages: words.messages, candidates: words.candidates() }
      words = new SessionWords()
      return counted
    }
    const logs = targets.flatMap((target) => target.logs)
    for await (const { chatLogId, content } of readContents(this.#access, logs, new Slices(this.#options.signal))) {
      const sessionId = sessionOfLog.get(chatLogId)
      while (targets[at]!.sessionId !== sessionId) yield finish()
      words.add(content)
    }
    while (at < targets.length) yield finish()
  }

  async #save(counted: readonly CountedSession[]): Promise<void> {
    const terms = [...new Set(counted.flatMap(({ candidates }) => candidates.map(({ term }) => term)))]
    const { messages, holding } = terms.length === 0 ? { messages: 0, holding: [] } : await this.#frequencies(terms)
    const places = new Map(terms.map((term, place) => [term, place]))
    const commonness = (term: string): { messages: number; holding: number } => ({ messages, holding: holding[places.get(term)!]! })
    const slices = new Slices(this.#options.signal)
    for (let start = 0; start < counted.length; start += SESSIONS_AT_ONCE) {
      const batch: (readonly [sessionId: string, keywords: readonly string[]])[] = []
      for (const { sessionId, messages: own, candidates } of counted.slice(start, start + SESSIONS_AT_ONCE)) {
        await slices.breathe()
        batch.push([sessionId, pickKeywords(candidates, own, commonness, this.#perSession)])
      }
      this.#changed += await this.#access.commit(async (draft) => batch.filter(([sessionId, keywords]) => putGeneratedKeywords(draft, sessionId, keywords)).length, { signal: this.#options.signal })
      this.#saved += batch.length
      this.#tell('save', this.#saved)
    }
  }

  #tell(phase: 'read' | 'save', done: number): void {
    this.#options.onProgress?.({ phase, done, total: this.#total })
  }
}
