// @ts-check
// Everything into one file and back, next to Dexie's export through the engine's gzip.

import { megabyteSizes, makeMegabytes } from '../lib/megabytes.mjs'
import { median } from '../lib/results.mjs'

const ours = 'sealed-vault'
const peer = 'dexie-export-import'
const MiB = 2 ** 20

/**
 * @typedef {Record<string, number>} Counts
 * @typedef {import('../lib/browser.mjs').Tab} Tab
 * @typedef {import('../lib/results.mjs').Bench} Bench
 */

/** @param {Tab} tab @param {string} subject @returns {Promise<Counts>} what was loaded */
async function prepare({ call, reload }, subject) {
  /** @type {Counts} */
  const loaded = await call('archive/load', { subject })
  // A new page: nothing of the load is in its memory.
  await reload()
  await call('archive/reopen', { subject })
  return loaded
}

/** @param {Counts} loaded @param {Counts} found @param {string} subject */
function holdAgainst(loaded, found, subject) {
  for (const [kind, count] of Object.entries(loaded)) if (found[kind] !== count) throw new Error(`the file of ${subject} holds ${found[kind]} ${kind} where ${count} were loaded`)
}

/** @param {number} value */
const megabytes = (value) => `${(value / 1e6).toFixed(1)} MB`

class Measurement {
  #bench
  #tab
  #subject
  /** @type {number[]} */
  #longest = []

  /** @param {Bench} bench @param {Tab} tab @param {string} subject */
  constructor(bench, tab, subject) {
    this.#bench = bench
    this.#tab = tab
    this.#subject = subject
  }

  /**
   * The first export of the page, and what is in its file, before anything is timed.
   * @param {Counts} loaded
   */
  async memory(loaded) {
    /** @typedef {{ bytes: number, looks: number } | undefined} Growth */
    /** @type {Growth} */
    const growth = await this.#tab.call('archive/export-growth')
    if (growth === undefined) await this.#tab.call('archive/export')
    else {
      this.#report('heap', growth.bytes)
      this.#bench.remark(`${this.#subject}: memory was looked at ${growth.looks} times during the export`)
    }
    /** @type {{ counts: Counts }} */
    const { counts } = await this.#tab.call('archive/count')
    holdAgainst(loaded, counts, this.#subject)
    if (this.#subject !== ours) return
    /** @type {Growth} */
    const verifying = await this.#tab.call('archive/count-growth')
    if (verifying !== undefined) this.#report('verify-heap', verifying.bytes)
  }

  /** @param {number} json bytes @param {Counts} loaded */
  async time(json, loaded) {
    /** @type {Record<'export' | 'verify', number[]>} */
    const times = { export: [], verify: [] }
    /** @type {Record<'export' | 'verify', number[]>} */
    const worked = { export: [], verify: [] }
    /** @template T @param {'export' | 'verify'} row @param {string} task @returns {Promise<T>} */
    const counted = async (row, task) => {
      const before = await this.#tab.threadMs()
      /** @type {T} */
      const result = await this.#tab.call(task)
      const after = await this.#tab.threadMs()
      if (before !== undefined && after !== undefined) worked[row].push(after - before)
      return result
    }
    /** @type {boolean} */
    const tells = await this.#tab.call('archive/watch')
    for (let repeat = 0; repeat < (json < 200e6 ? 3 : 1); repeat++) {
      times.export.push(await counted('export', 'archive/export'))
      if (this.#subject !== ours) continue
      /** @type {{ ms: number, counts: Counts }} */
      const { ms, counts } = await counted('verify', 'archive/count')
      holdAgainst(loaded, counts, ours)
      times.verify.push(ms)
    }
    if (tells) this.#report('longest-task', await this.#tab.call('archive/longest-task'))
    for (const [row, values] of Object.entries(times)) if (values.length > 0) this.#report(`${row}-mb-per-s`, json / 1e3 / median(values))
    /** @type {number} */
    const file = await this.#tab.call('archive/file-bytes')
    this.#report('file-over-json', file / json)
    /** @param {Record<string, number[]>} runs */
    const seconds = (runs) => Object.entries(runs).filter(([, values]) => values.length > 0).map(([row, values]) => `${row} ${values.map((ms) => (ms / 1000).toFixed(2)).join(' ')}`).join(', ')
    this.#bench.remark(`${this.#subject}: a file of ${megabytes(file)}; seconds of each run: ${seconds(times)}; of the page's thread alone: ${seconds(worked) || 'not told'}`)
  }

  /**
   * A restore next to a bulk load of the same, in turns.
   * @param {number} json bytes @param {Counts} loaded
   */
  async restore(json, loaded) {
    /** @type {Record<'load' | 'import', number[]>} */
    const times = { load: [], import: [] }
    /** @type {boolean} */
    const tells = await this.#tab.call('archive/watch')
    for (let repeat = 0; repeat < (json < 200e6 ? 3 : 1); repeat++) {
      times.load.push(await this.#tab.call('archive/bulk-load'))
      if (tells) await this.#tab.call('archive/longest-task')
      if (tells) await this.#tab.call('archive/watch')
      times.import.push(await this.#tab.call('archive/restore', { counts: loaded }))
      if (tells) this.#longest.push(await this.#tab.call('archive/longest-task'))
      if (tells) await this.#tab.call('archive/watch')
    }
    if (tells) await this.#tab.call('archive/longest-task')
    for (const [row, values] of Object.entries(times)) this.#report(`${row}-mb-per-s`, json / 1e3 / median(values))
    this.#report('import-over-load', median(times.load) / median(times.import))
    if (tells) this.#report('import-longest-task', Math.max(...this.#longest))
    /** @type {{ bytes: number, looks: number } | undefined} */
    const growth = await this.#tab.call('archive/restore-growth', { counts: loaded })
    if (growth !== undefined) this.#report('import-heap', growth.bytes)
    this.#bench.remark(`${this.#subject}: seconds of each run: load ${times.load.map((ms) => (ms / 1000).toFixed(2)).join(' ')}, import ${times.import.map((ms) => (ms / 1000).toFixed(2)).join(' ')}`)
  }

  /** @param {string} row @param {number} value */
  #report(row, value) {
    this.#bench.report(row, this.#subject, value)
  }
}

/** @type {import('../lib/results.mjs').Suite} */
export const suite = {
  name: 'archive',
  subjects: [ours, peer],
  against: peer,
  sizes: megabyteSizes,
  usualSize: 100,
  makeCorpus: makeMegabytes,
  rows: [
    { row: 'export-mb-per-s', unit: 'MB/s', what: 'everything into a file, from the first byte to the closed file; median of three, of 500 MB one', aim: { atLeast: 15, itself: true } },
    { row: 'verify-mb-per-s', unit: 'MB/s', what: 'the file read to its end, authenticated, inflated and held against counts and hash; Dexie has nothing like it', aim: { atLeast: 15, itself: true } },
    { row: 'heap', unit: 'bytes', what: 'how much more the page holds at most while it exports, buffers included; seen after collecting garbage, in a run of its own', aim: { atMost: 96 * MiB, itself: true, words: 'under 96 MiB' } },
    { row: 'verify-heap', unit: 'bytes', what: 'the same while it verifies', aim: { atMost: 96 * MiB, itself: true, words: 'under 96 MiB' } },
    { row: 'file-over-json', unit: 'share', what: 'bytes of the file over those of the plain JSON', aim: { atMost: 0.25, itself: true, words: 'at most 25 %' } },
    { row: 'load-mb-per-s', unit: 'MB/s', what: 'our own bulk load of the same conversations into a fresh vault, without what their source took' },
    { row: 'import-mb-per-s', unit: 'MB/s', what: 'the file restored into a fresh vault: read twice, checked and merged; until everything is saved' },
    { row: 'import-over-load', unit: 'share', what: 'the one over the other', aim: { atLeast: 0.5, itself: true } },
    { row: 'import-heap', unit: 'bytes', what: 'how much more the page holds at most while it imports', aim: { atMost: 96 * MiB, itself: true, words: 'under 96 MiB' } },
    { row: 'import-longest-task', unit: 'ms', what: 'of all timed imports', aim: { atMost: 50, itself: true } },
    { row: 'longest-task', unit: 'ms', what: 'of all timed runs; 0 when no task had 50 ms', aim: { atMost: 50, itself: true } },
  ],
  remarks: [
    'MB are 10^6 bytes of the plain JSON that exportJson of the vault gives for these records, for both subjects.',
    `Both write to a file of the page's private file system as they go. ${peer} hands out a Blob, which the browser keeps outside of the page: it is not in heap.`,
    `${ours} has no index here (none of it is exported) and seals its archive for a recovery code: the derivation of a key from a password is in no row.`,
    'Each file was counted before anything was timed: ours by verifying it, the other by the records in its JSON.',
  ],

  async measure(bench) {
    const { withProfile, print, remark } = bench
    let json = 0
    // Ours first, and always: it says how much JSON there is.
    await withProfile(async (tab) => {
      const loaded = await prepare(tab, ours)
      json = await tab.call('archive/json-bytes')
      remark(`${megabytes(json)} of JSON: ${Object.entries(loaded).map(([kind, count]) => `${count} ${kind}`).join(', ')}`)
      // Counting it filled caches, so a new page again.
      await tab.reload()
      await tab.call('archive/reopen', { subject: ours })
      const measurement = new Measurement(bench, tab, ours)
      await measurement.memory(loaded)
      await measurement.time(json, loaded)
      await measurement.restore(json, loaded)
      await tab.call('archive/close')
    })
    if (bench.subjects?.includes(peer) === false) return
    await withProfile(async (tab) => {
      const loaded = await prepare(tab, peer)
      print(`${peer} is loaded`)
      const measurement = new Measurement(bench, tab, peer)
      await measurement.memory(loaded)
      await measurement.time(json, loaded)
      await tab.call('archive/close')
    })
  },

  async profile({ withProfile, print }) {
    await withProfile(async (tab) => {
      const { call, profiler } = tab
      if (profiler === undefined) throw new Error('only Chromium can be profiled')
      await prepare(tab, ours)
      for (const round of ['first', 'second']) {
        for (const task of ['export', 'count']) {
          await profiler.start()
          await call(`archive/${task}`)
          print(`${task}, ${round}\n${await profiler.stop()}`)
        }
      }
    })
  },
}
