// @ts-check
// How one subject is measured, from an empty store on, in a profile of its own.

import { kinds } from '../lib/queries.mjs'
import { median } from '../lib/results.mjs'
import { batches, rowOf, text } from './search-rows.mjs'

/**
 * @typedef {import('../lib/queries.mjs').Query} Query
 * @typedef {import('../lib/queries.mjs').Kind} Kind
 * @typedef {import('../lib/verifier.mjs').Verifier} Verifier
 * @typedef {import('../page/search.ts').Answer} Answer
 * @typedef {{ query: Query, ms: number }} Sample
 * @typedef {Record<Kind, { verified: Query[], beside: Query[], batches: Query[][] }>} Plan
 */

export const ours = 'sealed-vault'
/** What has no disk to open again from. */
const inMemory = 'minisearch'

/** For one batch; the four of a kind together have 20 s. */
const budgetMs = 5000
export const mostDropped = 0.1
/** Longer than anything but a build takes, so that a page that died does not hold up the others. */
const patienceMinutes = 10

/**
 * @template T
 * @param {Promise<T>} work
 * @param {number} minutes
 * @param {string} what
 * @returns {Promise<T>}
 */
async function within(work, minutes, what) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${minutes} minutes`)), minutes * 60_000)
  })
  try {
    return await Promise.race([work, /** @type {Promise<never>} */ (late)])
  } finally {
    clearTimeout(timer)
  }
}

/** @param {number} bytes */
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`

export class Measurement {
  #bench
  #tab
  #subject
  #verifier

  /** @param {import('../lib/results.mjs').Bench} bench @param {import('../lib/browser.mjs').Tab} tab @param {string} subject @param {Verifier} verifier */
  constructor(bench, tab, subject, verifier) {
    this.#bench = bench
    this.#tab = tab
    this.#subject = subject
    this.#verifier = verifier
  }

  /**
   * Everything there is to measure but the disk.
   * @param {Plan} plan
   * @param {readonly Query[]} first
   * @param {Map<string, Sample[]>} samples gets those of each batch, as soon as they are there, under the name of its row of 50
   */
  async measure(plan, first, samples) {
    let before = await this.build()
    if (this.#subject !== inMemory) {
      await this.#first(first)
      await this.reopen()
      before = await this.#call('memory')
    }
    await this.#verify(plan)
    // What measures memory makes a long task of its own, so the watch ends before.
    const warm = await this.#watched(() => this.#time(plan, false, samples))
    await this.#grown(before)
    const cold = await this.#watched(() => this.#time(plan, true, samples))
    if (warm !== undefined && cold !== undefined) this.#report('longest-task', Math.max(warm, cold))
    // Warm again: what measures memory throws away what the engine has compiled.
    for (const kind of kinds) await this.run(plan[kind].verified, batches[0])
    this.#report('longest-gap', await this.#call('gap', { queries: kinds.flatMap((kind) => plan[kind].beside) }))
    await this.#call('close')
  }

  /** @returns {Promise<number | undefined>} bytes of memory before an index that lives there was built */
  async build() {
    await this.#call('create', { subject: this.#subject })
    /** @type {number | undefined} */
    const before = this.#subject === inMemory ? await this.#call('memory') : undefined
    this.#report('build', await this.#call('build', {}, this.#bench.maxBuildMinutes))
    if (this.#subject === ours) {
      /** @type {{ bytes: number, text: number }} */
      const index = await this.#call('index')
      this.#report('index', index.bytes)
      this.#bench.report('index', text, index.text)
    }
    return before
  }

  async reopen() {
    await this.#call('close')
    await this.#tab.reload()
    await this.#call('reopen', { subject: this.#subject })
  }

  /**
   * @param {readonly Query[]} queries
   * @param {{ mode: 'snippets' | 'ids', cold: boolean }} how
   * @returns {Promise<readonly Answer[]>} fewer where time was over
   */
  async run(queries, { mode, cold }) {
    /** @type {readonly Answer[]} */
    const answers = await this.#call('run', { queries, mode, cold, budgetMs })
    for (const [i, answer] of answers.entries()) this.#verifier.hold(this.#subject, /** @type {Query} */ (queries[i]), answer)
    return answers
  }

  /**
   * @template T
   * @param {string} task
   * @param {object} [input]
   * @param {number} [minutes]
   * @returns {Promise<T>}
   */
  #call(task, input = {}, minutes = patienceMinutes) {
    return within(this.#tab.call(`search/${task}`, input), minutes, task)
  }

  /** @param {string} row @param {number} value */
  #report(row, value) {
    this.#bench.report(row, this.#subject, value)
  }

  /** @param {readonly Query[]} queries */
  async #first(queries) {
    const times = []
    for (const query of queries) {
      await this.reopen()
      for (const { ms } of await this.run([query], batches[0])) times.push(ms)
    }
    this.#report('first', median(times))
  }

  /** Fails when the subject gives other answers than the walk over the messages, but for a few that its way to cut words explains. @param {Plan} plan */
  async #verify(plan) {
    let asked = 0
    let wrong = 0
    for (const kind of kinds) {
      const queries = plan[kind].verified
      for (const batch of batches.filter(({ cold }) => !cold)) {
        const answers = await this.run(queries, batch)
        asked += answers.length
        wrong += answers.filter((answer, i) => !this.#verifier.isRight(/** @type {Query} */ (queries[i]), answer)).length
      }
    }
    this.#bench.print(`${this.#subject}: ${asked} answers verified before timing, ${wrong} differ`)
    if (wrong > asked * mostDropped) throw new Error(`${wrong} of ${asked} answers are not those of a walk over all messages: ${this.#verifier.examples(this.#subject).join(', ')}`)
  }

  /** @param {Plan} plan @param {boolean} cold @param {Map<string, Sample[]>} samples */
  async #time(plan, cold, samples) {
    for (const kind of kinds) {
      for (const [i, batch] of batches.entries()) {
        if (batch.cold !== cold) continue
        const queries = /** @type {Query[]} */ (plan[kind].batches[i])
        const row = rowOf(kind, batch, 50)
        const answers = await this.run(queries, batch)
        if (answers.length > 0 && answers.length < queries.length) this.#bench.remark(`${this.#subject}: ${row} and its p95 are of ${answers.length} queries: ${budgetMs / 1000} s were over`)
        samples.set(row, answers.map(({ ms }, at) => ({ query: /** @type {Query} */ (queries[at]), ms })))
      }
    }
  }

  /** @param {() => Promise<void>} work @returns {Promise<number | undefined>} milliseconds of its longest task, where the engine tells */
  async #watched(work) {
    /** @type {boolean} */
    const tells = await this.#call('watch')
    await work()
    return tells ? this.#call('longest-task') : undefined
  }

  /** @param {number | undefined} before bytes of memory, where the engine tells */
  async #grown(before) {
    /** @type {number | undefined} */
    const after = await this.#call('memory')
    if (before === undefined || after === undefined) return
    this.#report('heap', Math.max(0, after - before))
    this.#bench.remark(`${this.#subject}: memory of page and workers ${megabytes(before)} before the first search, ${megabytes(after)} after the warm ones`)
  }
}
