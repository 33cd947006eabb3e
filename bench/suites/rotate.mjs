// @ts-check
// New keys for everything, next to the rekeying of an encrypted SQLite with the same messages and indexes.

import { median } from '../lib/results.mjs'

const ours = 'sealed-vault'
const peer = 'sqlite-encrypted'

/** @type {import('../lib/results.mjs').Suite} */
export const suite = {
  name: 'rotate',
  subjects: [ours, peer],
  against: peer,
  usualSize: 100_000,
  rows: [
    { row: 'rotate', unit: 'ms', what: 'until nothing is left under the old keys, and that was looked for; median of three, of 500,000 messages one', aim: { atMost: 4000, itself: true, words: 'at most 4 s for 100,000 messages' } },
    { row: 'rotate-per-1000', unit: 'ms', what: 'the same for a thousand messages: it should not grow with them' },
    { row: 'longest-task', unit: 'ms', what: 'of the page, of all timed runs; 0 when no task had 50 ms. SQLite works in a worker', aim: { atMost: 50, itself: true } },
    { row: 'bytes-written', unit: 'bytes', what: 'of the values that are given to IndexedDB; SQLite writes to private files, where nobody counts' },
  ],
  remarks: [
    `${ours}: by recovery code, so that no derivation of a key from a password is in it, of which there is one; the page is read from and written to meanwhile, and a crash leaves both keys in use.`,
    `${peer}: PRAGMA rekey with a raw key, in one transaction, in which nobody reads or writes.`,
    'What each says is compared before and after the first rotation, and checked whole, before anything is timed.',
  ],

  async measure(bench) {
    const { withProfile, report, remark, corpus } = bench
    for (const subject of [ours, peer].filter((name) => bench.subjects?.includes(name) !== false)) {
      await withProfile(async ({ call, reload }) => {
        await call('rotate/build', { subject })
        await reload()
        await call('rotate/reopen', { subject })
        const before = await call('rotate/digest')
        /** @type {number} */
        const bytes = await call('rotate/bytes')
        if (subject === ours) report('bytes-written', subject, bytes)
        if ((await call('rotate/digest')) !== before) throw new Error(`${subject} says something else after the rotation`)
        await call('rotate/check')
        await reload()
        await call('rotate/reopen', { subject })
        /** @type {boolean} */
        const tells = await call('rotate/watch')
        /** @type {number[]} */
        const times = []
        for (let repeat = 0; repeat < (corpus.messages > 300_000 ? 1 : 3); repeat++) times.push(await call('rotate/rotate'))
        if (tells) report('longest-task', subject, await call('rotate/longest-task'))
        report('rotate', subject, median(times))
        report('rotate-per-1000', subject, (1000 * median(times)) / corpus.messages)
        remark(`${subject}: seconds of each run: ${times.map((ms) => (ms / 1000).toFixed(2)).join(' ')}`)
        if ((await call('rotate/digest')) !== before) throw new Error(`${subject} says something else after the rotations`)
        await call('rotate/close')
      })
    }
  },

  async profile({ withProfile, print }) {
    await withProfile(async ({ call, reload, profiler }) => {
      if (profiler === undefined) throw new Error('only Chromium can be profiled')
      await call('rotate/build', { subject: ours })
      await reload()
      await call('rotate/reopen', { subject: ours })
      await call('rotate/rotate')
      await profiler.start()
      await call('rotate/rotate')
      print(await profiler.stop())
    })
  },
}
