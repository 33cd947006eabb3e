// @ts-check
// Searching, next to what else a page can search with. Every answer is held against a walk over all messages.

import { keyOf, kinds, QueryDrawer } from '../lib/queries.mjs'
import { percentile } from '../lib/results.mjs'
import { Verifier } from '../lib/verifier.mjs'
import { Measurement, mostDropped, ours } from './search-measurement.mjs'
import { batches, remarks, rowOf, rows, text } from './search-rows.mjs'

/**
 * @typedef {import('../lib/queries.mjs').Query} Query
 * @typedef {import('./search-measurement.mjs').Plan} Plan
 * @typedef {import('./search-measurement.mjs').Sample} Sample
 */

const searchable = [ours, 'minisearch', 'dexie-keywords', 'sqlite', 'sqlite-encrypted', 'sqlite-encrypted-by-row']

const verifiedEach = 8
const besideEach = 2
const firsts = 3

/** @param {QueryDrawer} drawer @returns {{ plan: Plan, first: Query[] }} */
function draw(drawer) {
  const first = drawer.draw('one-term', firsts)
  const plan = /** @type {Plan} */ ({})
  for (const kind of kinds) {
    plan[kind] = {
      verified: drawer.draw(kind, verifiedEach),
      beside: drawer.draw(kind, besideEach),
      batches: batches.map(({ samples }) => drawer.draw(kind, samples)),
    }
  }
  return { plan, first }
}

/** @param {unknown} error */
const firstLine = (error) => String(error instanceof Error ? error.message : error).split('\n')[0]

/** @type {import('../lib/results.mjs').Suite} */
export const suite = {
  name: 'search',
  subjects: [...searchable, text],
  against: 'sqlite-encrypted',
  rows,
  remarks,

  async measure(bench) {
    const { corpus, print, remark } = bench
    const verifier = new Verifier(corpus)
    const drawer = new QueryDrawer(verifier.contents, verifier.normal)
    const { plan, first } = draw(drawer)
    const all = [...first, ...kinds.flatMap((kind) => [...plan[kind].verified, ...plan[kind].batches.flat()])]
    print(`${all.length} queries of words that are in 1-5, 6-50, 51-500, 501 and more, and over 5 % of the messages: ${drawer.bucketSizes.join(', ')} words`)
    verifier.learn(all)
    const { diskBytes: emptyBytes } = await bench.withProfile(async () => undefined)
    /** @type {Map<string, Map<string, Sample[]>>} */
    const found = new Map()
    for (const subject of searchable.filter((name) => bench.subjects?.includes(name) !== false)) {
      /** @type {Map<string, Sample[]>} */
      const samples = new Map()
      found.set(subject, samples)
      try {
        const { diskBytes } = await bench.withProfile((tab) => new Measurement(bench, tab, subject, verifier).measure(plan, first, samples))
        if (subject !== 'minisearch') bench.report('disk', subject, diskBytes - emptyBytes)
      } catch (error) {
        remark(`${subject} was given up: ${firstLine(error)}`)
      }
    }
    const { dropped } = verifier
    remark(`${dropped.size} of ${all.length} queries are in no row, for not all subjects answer them as the walk does; they cut words otherwise`)
    for (const [subject, { size }] of verifier.differences) remark(`${subject} differs on ${size}, such as ${verifier.examples(subject).join(', ')}`)
    for (const [subject, samples] of found) {
      for (const kind of kinds) {
        for (const batch of batches) {
          const times = (samples.get(rowOf(kind, batch, 50)) ?? []).filter(({ query }) => !dropped.has(keyOf(query))).map(({ ms }) => ms)
          if (times.length === 0) continue
          for (const share of /** @type {const} */ ([50, 95])) bench.report(rowOf(kind, batch, share), subject, percentile(times, share))
        }
      }
    }
    if (dropped.size > all.length * mostDropped) throw new Error('the subjects disagree on too many queries for the rows to be worth anything')
  },

  async profile(bench) {
    const verifier = new Verifier(bench.corpus)
    const { plan } = draw(new QueryDrawer(verifier.contents, verifier.normal))
    verifier.learn(kinds.flatMap((kind) => plan[kind].batches.flat()))
    await bench.withProfile(async (tab) => {
      const { profiler } = tab
      if (profiler === undefined) throw new Error('only Chromium can be profiled')
      const measurement = new Measurement(bench, tab, ours, verifier)
      await measurement.build()
      await measurement.reopen()
      for (const kind of kinds) {
        for (const cold of [false, true]) {
          await profiler.start()
          await measurement.run(plan[kind].batches[cold ? 2 : 0] ?? [], { mode: 'snippets', cold })
          bench.print(`${kind}${cold ? ', cold' : ''}\n${await profiler.stop()}`)
        }
      }
    })
  },
}
