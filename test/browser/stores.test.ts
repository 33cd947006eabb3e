// The IndexedDB backend of a real engine, held against the contract and against what only engines do.

import { describe, it } from 'vitest'
import { indexedDbFactory } from '../../src/stores/indexeddb.ts'
import { runBackendContract } from '../../src/testing/backend-contract.ts'

const cleanup = async (): Promise<void> => {}

describe('IndexedDB of the page', () => {
  runBackendContract({ describe, it }, async () => ({ factory: indexedDbFactory(), second: indexedDbFactory(), cleanup }))
})

describe('IndexedDB of a frame', () => {
  runBackendContract({ describe, it }, async () => {
    const frame = document.createElement('iframe')
    document.body.append(frame)
    const realm = frame.contentWindow as Window & typeof globalThis
    const factory = indexedDbFactory({ indexedDB: realm.indexedDB, keyRanges: realm.IDBKeyRange })
    return { factory, second: indexedDbFactory(), cleanup: async () => frame.remove() }
  })
})
