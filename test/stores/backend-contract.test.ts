// Every backend that runs in Node, held against the contract.

import 'fake-indexeddb/auto'
import { IDBFactory, IDBKeyRange as FakeKeyRange } from 'fake-indexeddb'
import { describe, it } from 'vitest'
import { indexedDbFactory } from '../../src/stores/indexeddb.ts'
import { createMemoryDisk } from '../../src/stores/memory-disk.ts'
import { memoryFactory } from '../../src/stores/memory.ts'
import { runBackendContract } from '../../src/testing/backend-contract.ts'

const cleanup = async (): Promise<void> => {}

describe('memory', () => {
  runBackendContract({ describe, it }, async () => {
    const disk = createMemoryDisk()
    return { factory: memoryFactory(disk), second: memoryFactory(disk), cleanup }
  })
})

describe('memory, with a turn of the event loop between the steps', () => {
  runBackendContract({ describe, it }, async () => {
    const disk = createMemoryDisk({ turn: () => new Promise((resolve) => setImmediate(resolve)) })
    return { factory: memoryFactory(disk), cleanup }
  })
})

describe('IndexedDB of the page', () => {
  runBackendContract({ describe, it }, async () => ({ factory: indexedDbFactory(), second: indexedDbFactory(), cleanup }))
})

describe('IndexedDB of another realm', () => {
  runBackendContract({ describe, it }, async () => {
    const foreign = { indexedDB: new IDBFactory(), keyRanges: FakeKeyRange }
    return { factory: indexedDbFactory(foreign), second: indexedDbFactory(foreign), cleanup }
  })
})
