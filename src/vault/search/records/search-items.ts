// Finds items of an app's collection by the words of the texts that the app says.

import type { Access } from '../../core/access.js'
import { fieldsOf, refsOf } from '../../core/log-row.js'
import { readBrainBodies } from '../../records/brains.js'
import type { FindItems, ItemQuestion } from '../../records/collections.js'
import { readRecordOptions } from './record-options.js'
import { searchRecords } from './search-records.js'

type Found = ReturnType<FindItems> extends AsyncGenerator<infer F> ? F : never

/** @throws {VaultError} `invalid-value` (the query), `locked`, `corrupt`; {RangeError}, {TypeError} for options; whatever the app's functions throw; the signal's reason when aborted */
export async function* searchInItems(access: Access, { text, options, admits, textsOf }: ItemQuestion): AsyncGenerator<Found, void, undefined> {
  const filters = readRecordOptions({ in: 'items', ...options })
  yield* searchRecords<readonly (string | number)[], Found>(access, text, filters, {
    collection: 'brains',
    // Notes are short: read in few turns, and opened many at a time.
    readAtOnce: 128,
    admits,
    timeOf: (head) => head.modifiedAt,
    read: async (state, heads) => {
      const bodies = await readBrainBodies(access, state, heads)
      return Promise.all(
        bodies.map(async (body) => {
          // Long values of many items together may be more than memory holds.
          if (refsOf(body).length === 0) return textsOf(fieldsOf(body)['value'])
          return heads.length === 1 ? textsOf((await access.restore(body))['value']) : undefined
        }),
      )
    },
    toHit: (record, { place, snippet, highlights, corrections }) => ({ record, path: place, snippet, highlights, ...corrections }),
  })
}
