// The backend in memory: the reference of what the contract means, and what tests run on.

import type { SealedBytes } from '../brand.js'
import type { ApplyResult, Backend, BackendEvent, BackendFactory, Batch, Expectation, ReadRequest, ReadResults, RowKey, StoreName } from './backend.js'
import { createMemoryDatabase, type MemoryDatabase, type MemoryDisk, storeOf } from './memory-disk.js'
import { bytesEqualAt, compareKeys, copyBatch, copyBytes, copyKey, hasTag } from './row-bytes.js'
import { storageError } from './storage-failure.js'

function answer(database: MemoryDatabase, request: ReadRequest): unknown {
  const store = storeOf(database, request.store)
  switch (request.kind) {
    case 'get': {
      const value = store.get(request.key)
      return value && copyBytes(value)
    }
    case 'count':
      return store.size
    case 'lastKey':
      return copyKey(store.last()?.key)
    case 'keys':
    case 'rows': {
      const start = request.after ?? (request.kind === 'rows' ? request.from : undefined)
      let first = start === undefined ? 0 : store.indexFrom(start)
      if (request.after !== undefined && store.get(request.after) !== undefined) first += 1
      const rows = store.slice(first, request.limit === undefined ? undefined : first + Math.max(0, request.limit))
      return request.kind === 'keys' ? rows.map(({ key }) => copyKey(key)) : rows.map(({ key, value }) => ({ key: copyKey(key), value: copyBytes(value) }))
    }
  }
}

function isMet(database: MemoryDatabase, expectation: Expectation): boolean {
  const store = storeOf(database, expectation.store)
  switch (expectation.kind) {
    case 'absent':
      return store.get(expectation.key) === undefined
    case 'present':
      return store.get(expectation.key) !== undefined
    case 'tag': {
      const row = store.get(expectation.key)
      return row !== undefined && hasTag(row, expectation.tag)
    }
    case 'prefix': {
      const row = store.get(expectation.key)
      return row !== undefined && bytesEqualAt(row, 0, expectation.bytes)
    }
    case 'last': {
      const last = store.last()?.key
      return last === undefined || expectation.key === undefined ? last === expectation.key : compareKeys(last, expectation.key) === 0
    }
  }
}

function applyNow(database: MemoryDatabase, batch: Batch): ApplyResult {
  const missed = batch.expect.findIndex((expectation) => !isMet(database, expectation))
  if (missed >= 0) return { applied: false, missed }
  const undo: { store: StoreName; key: RowKey; before: SealedBytes | undefined }[] = []
  const set = (store: StoreName, key: RowKey, value: SealedBytes | undefined): void => {
    undo.push({ store, key, before: storeOf(database, store).set(key, value) })
  }
  for (const operation of batch.operations) {
    const store = storeOf(database, operation.store)
    switch (operation.kind) {
      case 'add':
        if (store.get(operation.key) !== undefined) {
          for (const { store: name, key, before } of undo.reverse()) storeOf(database, name).set(key, before)
          return { applied: false, missed: -1 }
        }
        set(operation.store, operation.key, operation.value)
        break
      case 'put':
        set(operation.store, operation.key, operation.value)
        break
      case 'delete':
        set(operation.store, operation.key, undefined)
        break
      case 'deleteBelow':
        for (const { key } of store.slice(0, store.indexFrom(operation.key))) set(operation.store, key, undefined)
        break
      case 'clear':
        for (const { key } of store.slice()) set(operation.store, key, undefined)
    }
  }
  if (batch.durability === 'strict') database.unsynced.length = 0
  else database.unsynced.push({ durability: 'relaxed', stores: [...new Set(undo.map(({ store }) => store))], changes: undo.length, undo })
  return { applied: true }
}

function openTab(disk: MemoryDisk, name: string): Backend {
  const listeners = new Set<(event: BackendEvent) => void>()
  const inFlight = new Set<Promise<unknown>>()
  let state: 'open' | 'closed' | 'died' = 'open'
  // Raised whenever the connection goes: a call that began before is not executed after.
  let connection = 0

  const tab = {
    name,
    disconnect: (event: BackendEvent | 'died'): void => {
      connection += 1
      if (event === 'died') {
        state = 'died'
        disk.tabs.delete(tab)
        return
      }
      for (const listener of [...listeners]) {
        try {
          listener(event)
        } catch (error) {
          queueMicrotask(() => {
            throw error
          })
        }
      }
    },
  }
  disk.tabs.add(tab)

  /** One call: a turn to reach the disk, one step on it, a turn to come back. */
  const call = async <T>(step: (database: MemoryDatabase) => T): Promise<T> => {
    if (state !== 'open') throw storageError('storage-unavailable', 'the store is closed', state === 'died' ? 'connection-lost' : 'closed')
    const began = connection
    await disk.turn()
    if (connection !== began) throw storageError('storage-unavailable', 'the connection was lost before anything was done', 'connection-lost')
    const database = disk.databases.get(name)
    // Like IndexedDB: only `open` of the factory makes a database.
    if (database === undefined) throw storageError('storage-lost', 'the database was deleted while it was in use', 'database-gone')
    const result = step(database)
    await disk.turn()
    if (connection !== began) throw storageError('storage-unavailable', 'the connection was lost before the answer came', 'outcome-unknown')
    return result
  }
  const tracked = <T>(work: Promise<T>): Promise<T> => {
    const settled = work.then(
      () => void inFlight.delete(settled),
      () => void inFlight.delete(settled),
    )
    inFlight.add(settled)
    return work
  }

  return {
    kind: 'memory',
    read: <const Requests extends readonly ReadRequest[]>(requests: Requests) =>
      tracked(call((database) => requests.map((request) => answer(database, request)) as ReadResults<Requests>)),
    apply: (batch) => {
      const own = copyBatch(batch)
      return tracked(call((database) => applyNow(database, own)))
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: async () => {
      if (state === 'open') state = 'closed'
      await Promise.all(inFlight)
      disk.tabs.delete(tab)
      listeners.clear()
    },
  }
}

/** Vaults on a memory disk. Each `open` is a connection of its own; several on one disk are tabs of one browser. */
export function memoryFactory(disk: MemoryDisk): BackendFactory {
  return {
    kind: 'memory',
    open: async (name) => {
      await disk.turn()
      if (!disk.databases.has(name)) disk.databases.set(name, createMemoryDatabase())
      return openTab(disk, name)
    },
    list: async () => {
      await disk.turn()
      return disk.names()
    },
    destroy: async (name) => {
      await disk.turn()
      for (const tab of [...disk.tabs]) if (tab.name === name) tab.disconnect('superseded')
      disk.databases.delete(name)
    },
  }
}
