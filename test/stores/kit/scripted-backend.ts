// A backend over a scripted IndexedDB, with the events it has told.

import type { BackendEvent } from '../../../src/stores/backend.ts'
import { indexedDbFactory } from '../../../src/stores/indexeddb.ts'
import type { scriptedFactory } from './scripted-idb.ts'

export const timings = { openMs: 5_000, blockedMs: 1_000, stallMs: 10_000, retryMs: 3_000 }

const keyRanges = { lowerBound: () => ({}) as IDBKeyRange, upperBound: () => ({}) as IDBKeyRange }

export async function indexedDbBackend(script: ReturnType<typeof scriptedFactory>) {
  const backend = await indexedDbFactory({ indexedDB: script.indexedDB, keyRanges, timings }).open('scripted')
  const events: BackendEvent[] = []
  backend.subscribe((event) => events.push(event))
  return { backend, script, events }
}
