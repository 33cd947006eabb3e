// A recording as numbers with names: every count and length after every step, every write in its order. Anything that is
// the same in all vaults of one corpus and another in those of the other shows as a number that differs.

import type { StoreName } from '../../../src/stores/backend.js'
import { STORES, type Recording, type SeenBatch, type SeenOperation } from './recorder.js'

export type Features = ReadonlyMap<string, number>

/** `index`: what a keyword index adds: lengths of its rows and of the manifest, the order of all writes. `whole`: every row of every store. */
export type View = 'index' | 'whole'

const INDEX_STORES: readonly StoreName[] = ['blocks', 'manifest']

export function featuresOf(recording: Recording, view: View): Features {
  const measured = view === 'whole' ? STORES : INDEX_STORES
  const features = new Map<string, number>()
  const count = (name: string, by = 1): void => void features.set(name, (features.get(name) ?? 0) + by)
  /** The n-th write to a store is the same write though it came a step later. */
  const written = new Map<StoreName, number>()

  for (const [at, { what, batches, stores }] of recording.entries()) {
    const place = `${at} ${what}`
    for (const store of STORES) count(`${place}: rows in ${store}`, stores[store].rows)
    for (const store of measured) {
      count(`${place}: bytes in ${store}`, stores[store].bytes)
      // Over all steps chance evens out: should padding be random, what it is added to shows here.
      count(`all steps: rows in ${store}`, stores[store].rows)
      count(`all steps: bytes in ${store}`, stores[store].bytes)
    }
    count(`${place}: transactions`, batches.length)
    for (const [b, batch] of batches.entries()) {
      count(`${place}.${b}: writes`, batch.operations.length)
      count(`${place}.${b}: order ${orderOf(batch)}`)
      for (const [o, { store, kind, length }] of batch.operations.entries()) {
        if (!measured.includes(store)) continue
        count(`${place}.${b}.${o}: length in ${store}`, length)
        count(`rows in ${store} ${kind} with ${length} bytes`)
        count(`rows in ${store} ${kind}`)
        count(`rows in ${store} ${kind}: bytes`, length)
        const n = written.get(store) ?? 0
        written.set(store, n + 1)
        count(`write ${n} to ${store}: length`, length)
        count(`write ${n} to ${store}: at step`, at)
        count(`write ${n} to ${store}: ${kind}`)
      }
    }
  }
  for (const store of measured) orderOfKeys(recording, store, count)
  return features
}

/** Which rows, but not how long they are: one name for one order of writes. */
function orderOf({ durability, operations }: SeenBatch): string {
  return `${durability} ${operations.map(({ kind, store, row }) => `${kind} ${store}#${row}`).join(', ')}`
}

/** Labels are random: whether writes run up or down in key order says nothing. Would they be counted up or sorted by word, it would. */
function orderOfKeys(recording: Recording, store: StoreName, count: (name: string, by?: number) => void): void {
  for (const [, { batches }] of recording.entries()) {
    for (const { operations } of batches) {
      const put = operations.filter((operation) => operation.store === store && operation.kind !== 'gone')
      for (const [i, { rank }] of put.entries()) {
        count(`ranks in ${store}`, rank)
        if (i > 0 && rank > (put[i - 1] as SeenOperation).rank) count(`ascents in ${store}`)
      }
    }
  }
}
