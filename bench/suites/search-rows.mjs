// @ts-check
// The rows of `search`: eight kinds of queries, each warm and cold, with snippets and as ids alone; and what it costs to be able to search.

import { kinds } from '../lib/queries.mjs'

export const text = 'text'

const asked = {
  'one-term': 'one word, of every frequency',
  'two-terms': 'two words, both wanted',
  phrase: 'two or three words side by side',
  prefix: 'the beginning of a word, three letters or more',
  infix: 'three to five letters from inside of a word',
  common: 'words of which each is in more than 5 % of all messages, alone or two of them (three where pairs run out)',
  'as-you-type': 'a word letter by letter from the second on, alone or behind another word; every keystroke is a query',
  relevance: 'one or two words, common ones too; best first (BM25) instead of newest first',
}

/** Each as one batch of queries: what is wanted, and whether caches are emptied before every query. */
export const batches = /** @type {const} */ ([
  { mode: 'snippets', cold: false, samples: 60 },
  { mode: 'ids', cold: false, samples: 60 },
  { mode: 'snippets', cold: true, samples: 60 },
  { mode: 'ids', cold: true, samples: 60 },
])

/** @typedef {typeof batches[number]} Batch */

/** @param {import('../lib/queries.mjs').Kind} kind @param {Batch} batch @param {50 | 95} share */
export const rowOf = (kind, { mode, cold }, share) => `${kind}${mode === 'ids' ? '-ids' : ''}-p${share}${cold ? '-cold' : ''}`

/** @type {import('../lib/results.mjs').Row[]} */
const timed = kinds.flatMap((kind) =>
  batches.flatMap((batch) =>
    /** @type {const} */ ([50, 95]).map((share) => ({
      row: rowOf(kind, batch, share),
      unit: /** @type {const} */ ('ms'),
      ...(share === 50 && batch === batches[0] && { what: asked[kind] }),
      ...(share === 95 && { aim: { atMost: batch.mode === 'ids' ? 20 : 50, itself: true } }),
    })),
  ),
)

/** @type {import('../lib/results.mjs').Row[]} */
export const rows = [
  ...timed,
  { row: 'first', unit: 'ms', what: 'the first search of a new page after unlocking or opening, 20 snippets, median of 3; no key derivation', aim: { atMost: 100, itself: true } },
  { row: 'build', unit: 'ms', what: 'from objects in memory to searchable and at rest' },
  { row: 'disk', unit: 'bytes', what: 'the profile\'s storage after the browser has closed, less that of an empty profile' },
  { row: 'index', unit: 'bytes', what: 'rows of our index at rest, over the UTF-8 of all messages', aim: { atMost: 0.6, over: text } },
  { row: 'heap', unit: 'bytes', what: 'growth of the page\'s memory, workers and buffers included, from before the first search to after the warm ones (Chromium)', aim: { atMost: 64e6, itself: true, words: 'at most 64 MB' } },
  { row: 'longest-task', unit: 'ms', what: 'the longest task of the main thread in all searches; 0 when none took 50 ms (Chromium)' },
  { row: 'longest-gap', unit: 'ms', what: 'the longest time between two pings of a channel beside some searches of every kind' },
]

export const remarks = [
  `Rows -p50 and -p95: the first 20 hits with a snippet and its highlights; -ids: only which messages they are, in their order. -cold: after emptying caches; a query is never repeated.`,
  'A time is what the page sees; of SQLite it contains the message to its worker and back, for that is where an app waits.',
  'Before -cold queries: sealed-vault releaseMemory(); sqlite PRAGMA shrink_memory (the connection stays open); dexie-keywords closes and opens its database. The disk caches of browser and system stay, for all.',
  'sqlite: FTS5 with external content, prefix indexes of 2 and 3 letters, optimized; infix by a second FTS5 table with trigrams, which counts into its disk. AccessHandlePoolVFS, cache 16 MiB. Conversations are added one after the other, as every subject gets them, so newest first is ORDER BY timestamp.',
  'sqlite-encrypted: the same with SQLite3 Multiple Ciphers (ChaCha20-Poly1305) and a raw key.',
  'sqlite-encrypted-by-row: its best case, messages sorted by time before they are added and ORDER BY rowid. An app whose chats are imported, or written in two places, cannot have it.',
  'minisearch keeps texts and index in memory and has them only after its build: no disk, no first, no -cold; it cannot list its terms, so no infix. dexie-keywords has no ranking; its infix reads a table of all words.',
]
