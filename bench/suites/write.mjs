// @ts-check
// Writing and reading back, next to plain IndexedDB.

import { median } from '../lib/results.mjs'

const ours = 'sealed-vault'
const plain = 'idb'
const unindexed = 'sealed-vault-unindexed'
const text = 'text'
const stores = [ours, unindexed, plain]

/** @type {import('../lib/results.mjs').Row[]} */
const rows = [
  { row: 'bulk', unit: 'ms', what: 'all conversations, from objects in memory to durable and found by searches', aim: { atMost: 0.25, words: 'at least 4x faster' } },
  { row: 'append', unit: 'ms', what: 'one message, median of 300 taken in turns', aim: { atMost: 1.3 } },
  { row: 'append-indexed', unit: 'ms', what: 'the same appends, over those of a vault without an index', aim: { atMost: 1.05, over: unindexed } },
  { row: 'append-burst', unit: 'ms', what: 'ten appends at once, per message', aim: { atMost: 0.5 } },
  { row: 'open', unit: 'ms', what: 'the newest 50 messages of a chat, median of 200 chats in turns, cache emptied before each', aim: { atMost: 1.5 } },
  { row: 'read-all', unit: 'ms', what: 'every message into memory, cache emptied before', aim: { atMost: 1.2 } },
  { row: 'disk', unit: 'bytes', what: 'the profile\'s storage after the browser has closed, less that of an empty profile', aim: { atMost: 0.4 } },
  { row: 'index', unit: 'bytes', what: 'rows of the search index when it has merged, over the UTF-8 of all messages', aim: { atMost: 0.6, over: text } },
  { row: 'bulk-rested', unit: 'ms', what: 'bulk, and what follows it in the background until the log is folded and the index at rest' },
]

/** @type {import('../lib/results.mjs').Suite} */
export const suite = {
  name: 'write',
  subjects: [...stores, text],
  against: plain,
  rows,
  remarks: [
    `${ours} compresses, pads, seals and can prove what it wrote; ${plain} stores plain objects.`,
    `Appends are relaxed in both, as browsers do by default; the load of ${ours} waits for the disk.`,
    'The derivation of the key from the password is in no row.',
  ],

  async measure({ size, withProfile, report }) {
    const empty = await withProfile(async () => undefined)
    const repeats = size <= 10_000 ? 3 : 1
    /** @type {Record<string, Record<string, number[]>>} */
    const found = { bulk: {}, 'read-all': {}, disk: {} }
    /** @param {string} row @param {string} subject @param {number} value */
    const note = (row, subject, value) => ((found[row] ??= {})[subject] ??= []).push(value)
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const subject of repeat % 2 === 0 ? stores : stores.toReversed()) {
        const { diskBytes } = await withProfile(async ({ call }) => {
          await call('write/open', { subject })
          /** @type {number} */
          const bulk = await call('write/bulk', { subject })
          note('bulk', subject, bulk)
          if (subject === ours) {
            /** @type {{ ms: number, bytes: number, text: number }} */
            const index = await call('write/index', { subject })
            note('bulk-rested', ours, bulk + index.ms)
            note('index', ours, index.bytes)
            note('index', text, index.text)
          } else await call('write/settle', { subject })
          if (subject === plain) note('bulk-rested', plain, bulk)
          await call('write/verify', { subject })
          for (let read = 0; read < repeats; read++) note('read-all', subject, await call('write/read-all', { subject }))
          await call('write/close', { subject })
        })
        note('disk', subject, diskBytes - empty.diskBytes)
      }
    }
    for (const [row, bySubject] of Object.entries(found)) {
      for (const [subject, values] of Object.entries(bySubject)) report(row, subject, median(values))
    }
    await withProfile(async ({ call }) => {
      for (const subject of stores) {
        await call('write/open', { subject })
        await call('write/bulk', { subject })
        await call('write/settle', { subject })
      }
      for (const [row, task] of [['open', 'write/open-chats'], ['append', 'write/append'], ['append-burst', 'write/burst']]) {
        /** @type {Record<string, number[]>} */
        const times = await call(/** @type {string} */ (task), { subjects: stores })
        for (const [subject, values] of Object.entries(times)) {
          report(/** @type {string} */ (row), subject, median(values))
          if (row === 'append' && subject !== plain) report('append-indexed', subject, median(values))
        }
      }
    })
  },

  async profile({ withProfile, print }) {
    await withProfile(async ({ call, profiler }) => {
      if (profiler === undefined) throw new Error('only Chromium can be profiled')
      /** @param {string} row @param {() => Promise<unknown>} work */
      const profiled = async (row, work) => {
        await profiler.start()
        await work()
        print(`${row}\n${await profiler.stop()}`)
      }
      await call('write/open', { subject: ours })
      await profiled('bulk', () => call('write/bulk', { subject: ours }))
      await profiled('settle', () => call('write/settle', { subject: ours }))
      await call('write/read-all', { subject: ours })
      await profiled('read-all', () => call('write/read-all', { subject: ours }))
      await call('write/open-chats', { subjects: [ours] })
      await profiled('open', () => call('write/open-chats', { subjects: [ours] }))
      await profiled('append', () => call('write/append', { subjects: [ours] }))
      await profiled('append-burst', () => call('write/burst', { subjects: [ours] }))
    })
  },
}
