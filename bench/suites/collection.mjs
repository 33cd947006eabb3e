// @ts-check
// An app's own notes in a collection, next to plain Dexie: the same notes, the same questions.

import { makeCorpus } from '../lib/corpus.mjs'
import { median } from '../lib/results.mjs'

const ours = 'sealed-vault'
const peer = 'dexie'
const subjects = [ours, peer]

/** As many messages as notes are wanted, from a corpus that is larger. @param {number} size @returns {import('../lib/corpus.mjs').Corpus} */
function notesCorpus(size) {
  const { from, conversations } = makeCorpus(10_000)
  let left = size
  const some = []
  for (const conversation of conversations) {
    if (left <= 0) break
    const messages = conversation.messages.slice(0, left)
    left -= messages.length
    some.push({ ...conversation, messages })
  }
  return { from: `${from}; each message is a note`, conversations: some, messages: size - left }
}

/** @type {import('../lib/results.mjs').Suite} */
export const suite = {
  name: 'collection',
  subjects,
  against: peer,
  sizes: [1000, 10_000],
  usualSize: 1000,
  makeCorpus: notesCorpus,
  rows: [
    { row: 'put-all', unit: 'ms', what: 'every note, put at once (Dexie: bulkPut)' },
    { row: 'put', unit: 'ms', what: 'one note, median of 200 in turns' },
    { row: 'update', unit: 'ms', what: 'one field of one note, median of 200 in turns' },
    { row: 'list', unit: 'ms', what: 'the first 50 pinned notes by title, without their texts; median of 30 in turns' },
    { row: 'list-all', unit: 'ms', what: 'titles of all notes, the newest first; median of 30 in turns' },
    { row: 'get', unit: 'ms', what: 'one note whole, cache emptied before; median of 200 in turns' },
    { row: 'search', unit: 'ms', what: 'the newest 20 notes with two words, median of 30 in turns; ours knows words, accents and scripts, Dexie filters by includes()' },
    { row: 'search-cold', unit: 'ms', what: 'the same, cache emptied before; median of 10 in turns' },
    { row: 'read-all', unit: 'ms', what: 'every note whole, cache emptied before' },
    { row: 'unlock', unit: 'ms', what: 'a new page until the first list, without the derivation of the key' },
    { row: 'disk', unit: 'bytes', what: 'the profile\'s storage after the browser has closed, less that of an empty profile' },
  ],
  remarks: [`${ours} seals every note as a row of its own and pads it; ${peer} stores plain objects, with indexes on title and time in clear.`],

  async measure({ withProfile, report }) {
    const empty = await withProfile(async () => undefined)
    for (const subject of subjects) {
      const { diskBytes } = await withProfile(async ({ call, reload }) => {
        await call('collection/open', { subject })
        report('put-all', subject, await call('collection/put-all', { subject }))
        await call('collection/settle', { subject })
        await call('collection/close', { subject })
        await reload()
        report('unlock', subject, await call('collection/reopen', { subject }))
        await call('collection/verify', { subject })
        report('read-all', subject, await call('collection/read-all', { subject }))
        await call('collection/close', { subject })
      })
      report('disk', subject, diskBytes - empty.diskBytes)
    }
    await withProfile(async ({ call }) => {
      for (const subject of subjects) {
        await call('collection/open', { subject })
        await call('collection/put-all', { subject })
        await call('collection/settle', { subject })
      }
      for (const row of ['list', 'list-all', 'get', 'search-cold', 'search', 'put', 'update']) {
        /** @type {Record<string, number[]>} */
        const times = await call('collection/in-turns', { subjects, row })
        for (const [subject, values] of Object.entries(times)) report(row, subject, median(values))
      }
    })
  },

  async profile({ withProfile, print }) {
    await withProfile(async ({ call, profiler }) => {
      if (profiler === undefined) throw new Error('only Chromium can be profiled')
      await call('collection/open', { subject: ours })
      for (const [row, work] of /** @type {const} */ ([['put-all', () => call('collection/put-all', { subject: ours })], ['search-cold', () => call('collection/in-turns', { subjects: [ours], row: 'search-cold' })], ['list', () => call('collection/in-turns', { subjects: [ours], row: 'list' })]])) {
        await profiler.start()
        await work()
        print(`${row}\n${await profiler.stop()}`)
        await call('collection/settle', { subject: ours })
      }
    })
  },
}
