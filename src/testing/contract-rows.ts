// Rows and batches for the contract suite.

import type { Bytes, SealedBytes, Tag } from '../brand.js'
import type { Backend, Batch, Operation, RowKey, StoreName } from '../stores/backend.js'

/** A row of `length` bytes that tells itself apart by `seed` at its beginning and at its end. */
export function row(seed: number, length = 64): SealedBytes {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i += 1) bytes[i] = (seed * 31 + i * 7 + (i >> 8)) & 0xff
  return bytes as SealedBytes
}

/** The tag of a row: its last 16 bytes. */
export const tagOf = (bytes: Uint8Array): Tag => bytes.slice(-16) as Tag

/** A key of 16 bytes, as labels are. */
export function label(...head: number[]): Bytes {
  const bytes = new Uint8Array(16)
  bytes.set(head)
  return bytes
}

export const put = (store: StoreName, key: RowKey, value: SealedBytes): Operation => ({ kind: 'put', store, key, value })
export const add = (store: StoreName, key: RowKey, value: SealedBytes): Operation => ({ kind: 'add', store, key, value })

/** A relaxed batch. */
export function batch(operations: readonly Operation[], expect: Batch['expect'] = []): Batch {
  return { expect, operations, durability: 'relaxed' }
}

/** The row under this key. */
export async function get(backend: Backend, store: StoreName, key: RowKey): Promise<SealedBytes | undefined> {
  const [found] = await backend.read([{ kind: 'get', store, key }])
  return found
}
