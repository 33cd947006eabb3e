// @ts-check
// A chat with a picture in every message, next to plain IndexedDB with the base64 in its records.

import { median, percentile } from '../lib/results.mjs'

const ours = 'sealed-vault'
const plain = 'idb'
/** Characters of base64 in each message. */
const IMAGE = 2 ** 20
/** Bytes of decoded pages that the vault keeps where an app says nothing. */
const CACHE = 32 * 2 ** 20
const SCREEN = 10

/** @param {number} bytes */
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`

const withinCache = { atMost: CACHE, itself: true, words: `at most the cache, ${megabytes(CACHE)}` }

/** @type {import('../lib/results.mjs').Suite} */
export const suite = {
  name: 'images',
  subjects: [ours, plain],
  against: plain,
  sizes: [20, 200, 1000],
  usualSize: 200,
  makeCorpus: (size) => ({ from: `noise, ${IMAGE} characters of base64 in each message`, conversations: [], messages: size }),
  rows: [
    { row: 'at-rest', unit: 'share', what: 'bytes of all rows of all stores as they lie, over those of the base64', aim: { atMost: 0.78, itself: true, words: 'at most 78 %' } },
    { row: 'disk', unit: 'share', what: 'the profile\'s storage after the browser has closed, less that of an empty profile, over the base64' },
    { row: 'append', unit: 'ms', what: 'one message with its picture, median of all; ours on the disk, plain ones as browsers do by default' },
    { row: 'append-p95', unit: 'ms' },
    { row: 'append-longest-task', unit: 'ms', what: 'of the page; 0 when no task had 50 ms' },
    { row: 'screens', unit: 'ms', what: `the whole chat, ${SCREEN} messages at once with their pictures, per message` },
    { row: 'screens-longest-task', unit: 'ms' },
    { row: 'screens-heap', unit: 'bytes', what: `how much more the page holds at most meanwhile, buffers and the screen it looks at (${megabytes(SCREEN * IMAGE)} of text) included; after collecting garbage, in a run of its own`, aim: withinCache },
    { row: 'one-by-one', unit: 'ms', what: 'the same by `messages`, per message' },
    { row: 'one-by-one-heap', unit: 'bytes', what: 'a message at a time is held', aim: withinCache },
    { row: 'deferred', unit: 'ms', what: 'the whole chat in screens without the pictures, per message' },
    { row: 'deferred-heap', unit: 'bytes', what: 'pages alone', aim: withinCache },
    { row: 'find', unit: 'ms', what: 'lists of sessions and chats, and searches of sessions, places and messages for a word that every message has; plain: a walk over the records' },
  ],
  remarks: [
    `${ours} keeps at most ${megabytes(CACHE)} of decoded pages (\`cacheBytes\`), and no pictures at all.`,
    `${plain} reads records whole or not at all: it cannot defer.`,
    'Every picture was compared with what was given, whichever way it is read, before anything was timed.',
  ],

  async measure(bench) {
    const { withProfile, report, remark, size: count } = bench
    const base64 = count * IMAGE
    const empty = await withProfile(async () => undefined)
    for (const subject of [ours, plain].filter((name) => bench.subjects?.includes(name) !== false)) {
      const { diskBytes } = await withProfile(async ({ call, reload }) => {
        const given = { subject, count }
        await call('images/create', given)
        /** @type {boolean} */
        const tells = await call('images/watch')
        /** @type {number[]} */
        const appends = await call('images/append', given)
        if (tells) report('append-longest-task', subject, await call('images/longest-task'))
        await call('images/close')
        report('append', subject, median(appends))
        report('append-p95', subject, percentile(appends, 95))
        await reload()
        /** @type {string[]} */
        const walks = await call('images/reopen', given)
        /** @type {number | undefined} */
        const rest = await call('images/bytes-at-rest')
        if (rest !== undefined) report('at-rest', subject, rest / base64)
        for (const walk of walks) await call('images/verify', { walk, count })
        for (const walk of walks) {
          // A new page each time: nothing of what went before is in its memory.
          await reload()
          await call('images/reopen', given)
          await call('images/watch')
          report(walk, subject, (await call('images/walk', { walk })) / count)
          const longest = await call('images/longest-task')
          if (tells && walk === 'screens') report('screens-longest-task', subject, longest)
          await reload()
          await call('images/reopen', given)
          /** @type {{ bytes: number, looks: number } | undefined} */
          const heap = await call('images/walk-growth', { walk })
          if (heap === undefined) continue
          report(`${walk}-heap`, subject, heap.bytes)
          remark(`${subject}: memory was looked at ${heap.looks} times while it was walked through (${walk})`)
        }
        await reload()
        await call('images/reopen', given)
        /** @type {{ ms: number, found: number, reads: number }} */
        const { ms, found, reads } = await call('images/find')
        if (found !== count) throw new Error(`the search of ${subject} found ${found} messages of ${count}`)
        if (reads > 0) throw new Error(`lists and searches of ${subject} read ${reads} rows of pictures`)
        if (subject === ours) remark(`${subject}: lists and searches read no row of a picture`)
        report('find', subject, ms)
        await call('images/close')
      })
      report('disk', subject, (diskBytes - empty.diskBytes) / base64)
    }
  },

  async profile({ withProfile, print, size: count }) {
    await withProfile(async ({ call, reload, profiler }) => {
      if (profiler === undefined) throw new Error('only Chromium can be profiled')
      const given = { subject: ours, count }
      await call('images/create', given)
      await profiler.start()
      await call('images/append', given)
      print(`append\n${await profiler.stop()}`)
      await call('images/close')
      await reload()
      await call('images/reopen', given)
      await profiler.start()
      await call('images/walk', { walk: 'screens' })
      print(`screens\n${await profiler.stop()}`)
    })
  },
}
