// A disk in memory: what several memory backends (tabs) share, with the failures of a real one. It knows what a power cut
// would take: everything applied `relaxed` since the last `strict` transaction of the same database.

import type { SealedBytes } from '../brand.js'
import { type BackendEvent, type Batch, type RowKey, STORE_IDS, type StoreName } from './backend.js'
import { copyBytes, copyKey } from './row-bytes.js'
import { SortedRows } from './sorted-rows.js'

type Stores = Map<StoreName, SortedRows>

/** One changed row of a transaction: what it was before. */
interface Undo {
  readonly store: StoreName
  readonly key: RowKey
  readonly before: SealedBytes | undefined
}

/** A transaction that was applied. */
export interface JournalEntry {
  readonly durability: Batch['durability']
  readonly stores: readonly StoreName[]
  /** How many rows it changed. */
  readonly changes: number
}

interface Journalled extends JournalEntry {
  readonly undo: readonly Undo[]
}

/** @internal One database of a disk. */
export interface MemoryDatabase {
  readonly stores: Stores
  readonly unsynced: Journalled[]
}

/** @internal An open backend, as the disk sees it. */
export interface MemoryTab {
  readonly name: string
  /** Its connection is gone. `died` also ends the process it belongs to. */
  disconnect(event: BackendEvent | 'died'): void
}

/** Raw rows of a store, for attacks: changes count at once, unseen by journal and backends. Bytes are copied in and out. */
export interface RawRows {
  readonly size: number
  get(key: RowKey): SealedBytes | undefined
  set(key: RowKey, value: Uint8Array): void
  delete(key: RowKey): boolean
  clear(): void
  keys(): RowKey[]
  entries(): [RowKey, SealedBytes][]
}

export interface MemoryDisk {
  names(): readonly string[]
  /** Raw access to one store. @throws {RangeError} when there is no such database. */
  rows(name: string, store: StoreName): RawRows
  /** What was applied since the last strict transaction, oldest first. */
  unsynced(name: string): readonly JournalEntry[]
  /** An independent disk with the same content. Cheap: bytes are shared until they change. */
  snapshot(): MemoryDisk
  /** Takes over the content of another disk, as if a back-up of the profile had been put back. All processes die. */
  restore(from: MemoryDisk): void
  /** Power cut: the newest `dropUnsynced` transactions since the last strict one (default: all) are gone, and all processes die. */
  crash(options?: { readonly dropUnsynced?: number }): void
  /** The engine drops all connections; processes live on and may connect again. */
  disconnect(): void
  /** Deletes a database behind the back of everyone, as an engine that wipes does: without any event. */
  wipe(name: string): void
  /** @internal */
  readonly databases: Map<string, MemoryDatabase>
  /** @internal */
  readonly tabs: Set<MemoryTab>
  /** @internal Waits for one turn. */
  turn(): Promise<void>
}

/** @internal A database with its empty stores. */
export function createMemoryDatabase(): MemoryDatabase {
  return { stores: new Map((Object.keys(STORE_IDS) as StoreName[]).map((name) => [name, new SortedRows()])), unsynced: [] }
}

function copyDatabase(database: MemoryDatabase): MemoryDatabase {
  return { stores: new Map([...database.stores].map(([name, rows]) => [name, new SortedRows(rows.slice())])), unsynced: [...database.unsynced] }
}

/** @internal The store of a database; all ten are always there. */
export function storeOf(database: MemoryDatabase, name: StoreName): SortedRows {
  const store = database.stores.get(name)
  if (store === undefined) throw new RangeError(`there is no store ${name}`)
  return store
}

function createRawRows(store: SortedRows): RawRows {
  return {
    get size() {
      return store.size
    },
    get: (key) => {
      const value = store.get(key)
      return value && copyBytes(value)
    },
    set: (key, value) => void store.set(copyKey(key), value.slice() as SealedBytes),
    delete: (key) => store.set(key, undefined) !== undefined,
    clear: () => {
      for (const { key } of store.slice()) store.set(key, undefined)
    },
    keys: () => store.slice().map(({ key }) => copyKey(key)),
    entries: () => store.slice().map(({ key, value }) => [copyKey(key), copyBytes(value)]),
  }
}

export interface MemoryDiskOptions {
  /**
   * Waits between the steps of a call, so that calls of several tabs interleave. Microtasks by default, which fake timers do not stop;
   * a seeded scheduler can be put here.
   */
  readonly turn?: () => Promise<void>
}

/** An empty disk. Every `memoryFactory` on it is a tab of the same browser. */
export function createMemoryDisk(options: MemoryDiskOptions = {}): MemoryDisk {
  const databases = new Map<string, MemoryDatabase>()
  const tabs = new Set<MemoryTab>()

  const replaceContent = (from: ReadonlyMap<string, MemoryDatabase>): void => {
    const copies = [...from].map(([name, database]) => [name, copyDatabase(database)] as const)
    databases.clear()
    for (const [name, copy] of copies) databases.set(name, copy)
  }
  const endAll = (event: 'lost' | 'died'): void => {
    for (const tab of [...tabs]) tab.disconnect(event)
  }

  const disk: MemoryDisk = {
    databases,
    tabs,
    turn: options.turn ?? (() => Promise.resolve()),
    names: () => [...databases.keys()].sort(),
    rows: (name, store) => {
      const database = databases.get(name)
      if (database === undefined) throw new RangeError(`there is no database ${name}`)
      return createRawRows(storeOf(database, store))
    },
    unsynced: (name) => (databases.get(name)?.unsynced ?? []).map(({ durability, stores, changes }) => ({ durability, stores, changes })),
    snapshot: () => {
      const copy = createMemoryDisk(options)
      for (const [name, database] of databases) copy.databases.set(name, copyDatabase(database))
      return copy
    },
    restore: (from) => {
      endAll('died')
      replaceContent(from.databases)
    },
    crash: ({ dropUnsynced = Number.POSITIVE_INFINITY } = {}) => {
      endAll('died')
      for (const database of databases.values()) {
        const kept = Math.max(0, database.unsynced.length - dropUnsynced)
        for (const { undo } of database.unsynced.splice(kept).reverse()) {
          for (const { store, key, before } of [...undo].reverse()) storeOf(database, store).set(key, before)
        }
        // What survived is on the disk now.
        database.unsynced.length = 0
      }
    },
    disconnect: () => endAll('lost'),
    wipe: (name) => void databases.delete(name),
  }
  return disk
}
