// @ts-check
// What fetching ahead is worth: the same openings in the same order in two vaults with the same messages and the same bound of memory, one of which fetches nothing ahead.

import { generateConversations } from '../lib/generated.mjs'
import { median, percentile } from '../lib/results.mjs'
import { makeTrace } from '../lib/traces.mjs'

const ours = 'with prefetch'
const peer = 'without'
const seed = 18
/** Three to four pages each, of which somebody who opens one reads three: there is one more to scroll up to. */
const messagesEach = 100
/** Openings of each trace that are not measured, for there is much to learn, those that are, and how many of these are done in one vault before it is the other's turn. */
const learning = 4000
const openings = 1000
const block = 100

/** @typedef {{ times: number[], coldOpens: number, opens: number, prefetched: number, prefetchedUsed: number }} Played */
/** @typedef {import('../lib/traces.mjs').Trace} Trace */

/** @type {{ name: string, trace: Pick<Trace, 'kind' | 'exponent'>, hurried: boolean }[]} */
const traces = [
  { name: 'zipf-1.0', trace: { kind: 'zipf', exponent: 1 }, hurried: false },
  { name: 'zipf-1.2', trace: { kind: 'zipf', exponent: 1.2 }, hurried: false },
  { name: 'habits', trace: { kind: 'habits', exponent: 1 }, hurried: false },
  { name: 'uniform', trace: { kind: 'uniform' }, hurried: false },
  { name: 'uniform-hurried', trace: { kind: 'uniform' }, hurried: true },
]

/** @param {string} name @returns {import('../lib/results.mjs').Row[]} */
const rowsOf = (name) => [
  { row: `${name}: cold`, unit: 'share', what: 'openings that read pages from the store, in all', ...(name.startsWith('zipf') && { aim: { atMost: 0.8 } }) },
  { row: `${name}: p50`, unit: 'ms' },
  { row: `${name}: p95`, unit: 'ms' },
  { row: `${name}: total`, unit: 'ms', what: 'the time of all openings', ...(name.startsWith('uniform') && { aim: { atMost: 1.05 } }) },
]

/** @param {number[]} trace @returns {[number[], number[]]} */
const halves = (trace) => [trace.slice(0, learning), trace.slice(learning)]

/** @param {number} size @returns {import('../lib/corpus.mjs').Corpus} */
function makeCorpus(size) {
  const conversations = generateConversations({ seed, conversations: size, messages: size * messagesEach }).map(({ id, participants, messages }, index) => {
    const createdAt = Date.UTC(2024, 0, 1) + index * 3_600_000
    return { id, participants, createdAt, messages: messages.map((message, at) => ({ ...message, id: `${id}#${at}`, timestamp: createdAt + at * 1000 })) }
  })
  return { from: 'generated', conversations, messages: size * messagesEach }
}

/** @type {import('../lib/results.mjs').Suite} */
export const suite = {
  name: 'prefetch',
  subjects: [ours, peer],
  against: peer,
  sizes: [100, 500],
  usualSize: 500,
  makeCorpus,
  rows: traces.flatMap(({ name }) => rowsOf(name)),
  remarks: [
    `Memory holds a tenth of the pages that openings read. Counted after ${learning} openings without a pause; ${block} openings in one vault, then the same in the other; between two openings 120 ms pass, which is far less than anybody takes to read a chat; where it says hurried, none.`,
    `${peer}: \`prefetch: false\`, which leaves out the page before as well.`,
  ],

  async measure({ withProfile, report, remark, size }) {
    await withProfile(async ({ call, reload }) => {
      await call('prefetch/build')
      for (const { name, trace, hurried } of traces) {
        await reload()
        await call('prefetch/open', { share: 0.1 })
        const [known, chats] = halves(makeTrace({ ...trace, items: size, length: learning + openings, seed }))
        await call('prefetch/learn', { chats: known })
        /** @type {Record<string, Played>} */
        const played = { [ours]: { times: [], coldOpens: 0, opens: 0, prefetched: 0, prefetchedUsed: 0 }, [peer]: { times: [], coldOpens: 0, opens: 0, prefetched: 0, prefetchedUsed: 0 } }
        for (let start = 0; start < chats.length; start += block) {
          // Who goes first changes: whatever slows down with time hits both alike.
          const subjects = (start / block) % 2 === 0 ? [ours, peer] : [peer, ours]
          for (const subject of subjects) {
            /** @type {Played} */
            const part = await call('prefetch/play', { prefetch: subject === ours, chats: chats.slice(start, start + block), hurried })
            const all = played[subject]
            if (all !== undefined) played[subject] = { times: [...all.times, ...part.times], coldOpens: part.coldOpens, opens: part.opens, prefetched: part.prefetched, prefetchedUsed: part.prefetchedUsed }
          }
        }
        for (const subject of [ours, peer]) {
          const all = played[subject]
          if (all === undefined) continue
          report(`${name}: cold`, subject, all.coldOpens / all.opens)
          report(`${name}: p50`, subject, median(all.times))
          report(`${name}: p95`, subject, percentile(all.times, 95))
          report(`${name}: total`, subject, all.times.reduce((sum, ms) => sum + ms, 0))
        }
        remark(`${name}: cold openings ${played[peer]?.coldOpens} -> ${played[ours]?.coldOpens} of ${openings}; pages fetched ahead ${played[ours]?.prefetched}, used ${played[ours]?.prefetchedUsed}`)
        await call('prefetch/close')
      }
    })
  },

  async profile({ withProfile, print, size }) {
    await withProfile(async ({ call, reload, profiler }) => {
      if (profiler === undefined) throw new Error('only Chromium can be profiled')
      await call('prefetch/build')
      await reload()
      await call('prefetch/open', { share: 0.1 })
      await profiler.start()
      await call('prefetch/play', { prefetch: true, chats: makeTrace({ kind: 'zipf', items: size, length: 1000, seed }), hurried: false })
      print(await profiler.stop())
    })
  },
}
