// Rows and keys as engines hand them back, and as they want them.

import type { Bytes, SealedBytes } from '../brand.js'
import type { Batch, Expectation, Operation, RowKey, StoreName } from './backend.js'
import { storageError } from './storage-failure.js'

const EMPTY = new Uint8Array(0)

/** A copy that owns exactly its bytes: structured clone would store the whole buffer behind a view. */
export function copyBytes<T extends Bytes>(bytes: T): T {
  return bytes.slice() as T
}

export const copyKey = <T extends RowKey | undefined>(key: T): T => (typeof key === 'object' ? (copyBytes(key) as T) : key)

/** The batch with buffers of its own, so that its giver may change them and it can be sent again. */
export function copyBatch(batch: Batch): Batch {
  const copyOperation = (operation: Operation): Operation => {
    if (operation.kind === 'clear') return operation
    const key = copyKey(operation.key)
    return 'value' in operation ? { ...operation, key, value: copyBytes(operation.value) } : { ...operation, key }
  }
  const copyExpectation = (expectation: Expectation): Expectation => {
    if (expectation.kind === 'tag') return { ...expectation, key: copyKey(expectation.key), tag: copyBytes(expectation.tag) }
    if (expectation.kind === 'prefix') return { ...expectation, key: copyKey(expectation.key), bytes: copyBytes(expectation.bytes) }
    return { ...expectation, key: copyKey(expectation.key) } as Expectation
  }
  return { expect: batch.expect.map(copyExpectation), operations: batch.operations.map(copyOperation), durability: batch.durability }
}

// What a frame's factory hands out belongs to that frame's realm, where `instanceof` is false; the tag is the same everywhere.
const isOfType = (value: unknown, type: string): boolean => Object.prototype.toString.call(value) === `[object ${type}]`

/**
 * A stored value as bytes. What is no `Uint8Array` was not put there by a vault; it becomes an empty row, which
 * fails authentication at its place like any other damaged row.
 */
export function valueToBytes(value: unknown): SealedBytes {
  if (value instanceof Uint8Array) return value as SealedBytes
  return (isOfType(value, 'Uint8Array') ? new Uint8Array(value as Bytes) : EMPTY) as SealedBytes
}

/**
 * A stored key as a row key. Only a foreign hand can have written another kind (a date, an array).
 * @throws {VaultError} `storage-unavailable` with the reason `corrupt`.
 */
export function keyToRowKey(key: IDBValidKey, store: StoreName): RowKey {
  if (typeof key === 'number' || typeof key === 'string') return key
  if (key instanceof ArrayBuffer) return new Uint8Array(key)
  if (isOfType(key, 'ArrayBuffer')) return new Uint8Array(key as unknown as ArrayBuffer).slice()
  throw storageError('storage-unavailable', `the store ${store} holds a key that no vault writes, repair it`, 'corrupt')
}

/** True when `bytes` has `expected` at `offset`. */
export function bytesEqualAt(bytes: Uint8Array, offset: number, expected: Uint8Array): boolean {
  if (offset < 0) return false
  for (let i = 0; i < expected.length; i += 1) if (bytes[offset + i] !== expected[i]) return false
  return true
}

/** True when the row ends with this tag. */
export function hasTag(row: Uint8Array, tag: Uint8Array): boolean {
  return bytesEqualAt(row, row.length - tag.length, tag)
}

const KINDS = ['number', 'string', 'object']

/** The order of IndexedDB: numbers, then strings by UTF-16 unit, then bytes. */
export function compareKeys(a: RowKey, b: RowKey): number {
  if (typeof a !== typeof b) return KINDS.indexOf(typeof a) - KINDS.indexOf(typeof b)
  if (typeof a !== 'object' || typeof b !== 'object') return a < b ? -1 : a > b ? 1 : 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
