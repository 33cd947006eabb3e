// What somebody sees who copies the profile folder again and again: rows by store, their lengths, which came, went and were
// written anew, in which order. Keys only as numbers by first appearance: labels are random to who has no key.

import type { Backend, BackendFactory, Batch, ReadRequest, ReadResults, RowKey, StoreName } from '../../../src/stores/backend.js'
import { STORE_IDS } from '../../../src/stores/backend.js'
import type { MemoryDisk } from '../../../src/stores/memory-disk.js'

export const STORES = Object.keys(STORE_IDS) as StoreName[]

/** One row that was written or went away. */
export interface SeenOperation {
  readonly kind: 'new' | 'rewritten' | 'gone'
  readonly store: StoreName
  /** Which row, by first appearance in its store. */
  readonly row: number
  /** After it, or of what went away. */
  readonly length: number
  /** Where among the rows of its store the key lies, 0 to 1: random, if labels are. */
  readonly rank: number
}

/** One transaction that was applied. */
export interface SeenBatch {
  readonly durability: Batch['durability']
  readonly operations: readonly SeenOperation[]
}

export interface Holding {
  readonly rows: number
  readonly bytes: number
}

/** A snapshot, and what happened since the one before it. */
export interface Step {
  readonly what: string
  readonly batches: readonly SeenBatch[]
  readonly stores: Readonly<Record<StoreName, Holding>>
}

export type Recording = readonly Step[]

interface KnownRow {
  readonly row: number
  readonly length: number
}

/** Keys of one store compare as these strings do. */
const nameOf = (key: RowKey): string => (typeof key === 'number' ? String(key).padStart(16, '0') : typeof key === 'string' ? key : Buffer.from(key).toString('hex'))

export class Recorder {
  readonly factory: BackendFactory
  /** Rises with every call, and again when it is answered. */
  activity = 0
  #inFlight = 0
  #batches: SeenBatch[] = []
  readonly #rows = new Map(STORES.map((store) => [store, new Map<string, KnownRow>()]))
  readonly #numbers = new Map(STORES.map((store) => [store, new Map<string, number>()]))

  constructor(inner: BackendFactory) {
    this.factory = { ...inner, open: async (name) => this.#wrap(await inner.open(name)) }
  }

  /** A call is under way, or a background job: its lease lies in `jobs` for everybody to see. */
  get busy(): boolean {
    return this.#inFlight > 0 || this.#rows.get('jobs')!.size > 0
  }

  snapshot(what: string): Step {
    const batches = this.#batches
    this.#batches = []
    const stores = Object.fromEntries(STORES.map((store) => [store, this.#holding(store)])) as Record<StoreName, Holding>
    return { what, batches, stores }
  }

  /** @throws when the disk holds anything else than what was seen to be written: then something escaped the recorder */
  assertComplete(disk: MemoryDisk, name: string): void {
    for (const store of STORES) {
      const found = disk.rows(name, store).entries().map(([key, value]) => `${nameOf(key)} ${value.length}`)
      const seen = [...this.#rows.get(store)!].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, { length }]) => `${key} ${length}`)
      if (found.join() !== seen.join()) throw new Error(`rows of ${store} were written behind the back of the recorder`)
    }
  }

  #holding(store: StoreName): Holding {
    let bytes = 0
    const rows = this.#rows.get(store)!
    for (const { length } of rows.values()) bytes += length
    return { rows: rows.size, bytes }
  }

  #wrap(inner: Backend): Backend {
    const call = async <T>(execute: () => Promise<T>): Promise<T> => {
      this.activity++
      this.#inFlight++
      try {
        return await execute()
      } finally {
        this.#inFlight--
        this.activity++
      }
    }
    return {
      kind: inner.kind,
      read: <const Requests extends readonly ReadRequest[]>(requests: Requests): Promise<ReadResults<Requests>> => call(() => inner.read(requests)),
      apply: (batch) => {
        // The giver may change its buffers after this turn, so what is seen of them is taken now.
        const written = batch.operations.map((operation) => ({ ...operation, key: 'key' in operation ? nameOf(operation.key) : '', length: 'value' in operation ? operation.value.length : 0 }))
        return call(async () => {
          const result = await inner.apply(batch)
          if (result.applied) this.#batches.push({ durability: batch.durability, operations: written.flatMap((operation) => this.#see(operation)) })
          return result
        })
      },
      subscribe: (listener) => inner.subscribe(listener),
      close: () => inner.close(),
    }
  }

  #see({ kind, store, key, length }: { readonly kind: Batch['operations'][number]['kind']; readonly store: StoreName; readonly key: string; readonly length: number }): SeenOperation[] {
    const rows = this.#rows.get(store)!
    const rank = (name: string): number => [...rows.keys()].filter((other) => other < name).length / Math.max(1, rows.size)
    if (kind === 'add' || kind === 'put') {
      const numbers = this.#numbers.get(store)!
      const row = numbers.get(key) ?? numbers.size
      numbers.set(key, row)
      const seen: SeenOperation = { kind: rows.has(key) ? 'rewritten' : 'new', store, row, length, rank: rank(key) }
      rows.set(key, { row, length })
      return [seen]
    }
    const going = [...rows].filter(([name]) => kind === 'clear' || (kind === 'deleteBelow' ? name < key : name === key))
    return going.map(([name, known]) => {
      const seen: SeenOperation = { kind: 'gone', store, row: known.row, length: known.length, rank: rank(name) }
      rows.delete(name)
      return seen
    })
  }
}
