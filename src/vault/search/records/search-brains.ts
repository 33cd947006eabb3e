// Finds brains by the words of the strings they hold, at any depth of configuration and memories.

import type { Access } from '../../core/access.js'
import { fieldsOf, refsOf } from '../../core/log-row.js'
import type { Head } from '../../core/state.js'
import { readBrainBodies, toBrainHead } from '../../records/brains.js'
import { isOwn } from '../../records/reserved-ids.js'
import { stringsIn } from '../../records/strings-in.js'
import type { PlacedText } from '../words/match-texts.js'
import { readRecordOptions, type BrainHit, type BrainSearchOptions } from './record-options.js'
import { searchRecords } from './search-records.js'

type Path = BrainHit['path']

/** @throws {VaultError} `invalid-value` (the query), `locked`, `corrupt`; {RangeError}; the signal's reason when aborted */
export async function* searchInBrains(access: Access, text: string, options: BrainSearchOptions): AsyncGenerator<BrainHit, void, undefined> {
  const filters = readRecordOptions(options)
  yield* searchRecords<Path, BrainHit>(access, text, filters, {
    collection: 'brains',
    readAtOnce: 16,
    admits: ({ id }) => !isOwn(id),
    timeOf: (head) => head.modifiedAt,
    read: async (state, heads) => {
      const bodies = await readBrainBodies(access, state, heads)
      return Promise.all(
        bodies.map(async (body, i) => {
          // Long values of many brains together may be more than memory holds.
          if (refsOf(body).length === 0) return textsOf(heads[i]!, fieldsOf(body))
          return heads.length === 1 ? textsOf(heads[i]!, await access.restore(body)) : undefined
        }),
      )
    },
    toHit: (head, { place, snippet, highlights, corrections }) => ({ brain: toBrainHead(head), path: place, snippet, highlights, ...corrections }),
  })
}

function* textsOf({ id, value }: Head, body: unknown): Generator<PlacedText<Path>, void, undefined> {
  yield { place: ['entityId'], text: id }
  yield { place: ['model'], text: value['model'] as string }
  yield* stringsIn(body, [])
}
