// Messages that no segment knows, read and held against the query one by one: what is pending, what a load has just brought,
// or all of them where there is no index.

import type { Access } from '../../core/access.js'
import { fieldsOf, type Body, type Fields } from '../../core/log-row.js'
import type { Head, State } from '../../core/state.js'
import { inGroups, readWholeLogs } from '../../records/message-pages.js'
import type { Candidate, Wanted } from './candidates.js'
import { contentOf } from '../../records/message-content.js'
import type { PendingMessage } from '../index/live-index.js'
import type { CutText } from '../words/match.js'
import { admits, admitsLog, narrowsLogs } from '../options.js'
import { cutPending } from './pending-cuts.js'
import type { Scorer } from './rank.js'
import { TextTally, type Weighed } from './text-tally.js'

export class TextSearch {
  readonly tally: TextTally
  /** Whether the order asks what a message is worth: then texts count that the filters leave out, too. */
  readonly ranked: boolean
  /** Undefined where the filters leave all chat logs. */
  readonly admitsLog: ((log: Head) => boolean) | undefined
  /** Messages whose id is the query. */
  readonly byId: Candidate[] = []
  readonly #access: Access
  readonly #state: State
  readonly #wanted: Wanted
  readonly #found: (Candidate & { readonly weighed: Weighed })[] = []

  constructor(access: Access, state: State, wanted: Wanted) {
    const { query, filters } = wanted
    this.#access = access
    this.#state = state
    this.#wanted = wanted
    this.ranked = filters.order === 'relevance'
    this.tally = new TextTally(query, filters.match, this.ranked)
    this.admitsLog = narrowsLogs(filters) ? (log) => admitsLog(state, filters, log) : undefined
  }

  async readPending(messages: readonly PendingMessage[]): Promise<void> {
    // Which are asked for is decided before anything is waited for, else a commit in between could be seen by half.
    const asked = messages.map(({ log, number, body }) => ({ log, number, body, isAsked: this.#isAsked(log, body) }))
    for (const message of asked) {
      if (!message.isAsked && !this.ranked) continue
      const { text, cut } = await cutPending(this.#access, message.body)
      await this.#weigh(message, text, cut)
    }
  }

  /** All messages of these chat logs, pending ones over folded ones. */
  async readLogs(logs: readonly Head[]): Promise<void> {
    const wanted = new Map(logs.filter((log) => this.ranked || this.admitsLog?.(log) !== false).map((log) => [log.id, log]))
    for (const group of inGroups([...wanted.values()].map(({ id, value }) => ({ chatLogId: id, messages: value['next'] as number })))) {
      const heads = group.map((id) => wanted.get(id)!)
      const read = await readWholeLogs(this.#access, this.#state, heads)
      for (const [i, log] of heads.entries()) {
        for (const { number, body } of read[i]!) {
          const isAsked = this.#isAsked(log, body)
          if (isAsked || this.ranked) await this.#weigh({ log, number, body, isAsked }, await contentOf(this.#access, body))
        }
      }
    }
  }

  /** What was found, worth what the scorer says. */
  candidates(scorer: Scorer | undefined): Candidate[] {
    return this.#found.map(({ weighed, ...candidate }) => (scorer === undefined ? candidate : { ...candidate, score: scorer.score(weighed.counts, weighed.lengthCode, candidate.timestamp) }))
  }

  #isAsked(log: Head, body: Body): boolean {
    return admits(this.#wanted.filters, fieldsOf(body)) && this.admitsLog?.(log) !== false
  }

  async #weigh({ log, number, body, isAsked }: { readonly log: Head; readonly number: number; readonly body: Body; readonly isAsked: boolean }, text: string, cut?: CutText): Promise<void> {
    const fields: Fields = fieldsOf(body)
    const candidate = { chatLogId: log.id, logNumber: log.number, number, timestamp: fields['timestamp'] as number, score: 0 }
    if (isAsked && fields['id'] === this.#wanted.id) this.byId.push(candidate)
    const weighed = this.tally.add(text, cut)
    if (isAsked && weighed.met) this.#found.push({ ...candidate, weighed })
    await this.#wanted.slices.breathe()
  }
}
