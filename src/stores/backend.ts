// The contract between the vault and the place where its rows live. A backend takes finished bytes and gives them back;
// it never sees a key or a plaintext, and no callback of the vault runs inside a transaction.
// Implements the table of stores in docs/format.md, section 1.

import type { Bytes, SealedBytes, Tag } from '../brand.js'

export const STORE_IDS = {
  header: 1,
  manifest: 2,
  log: 3,
  heads: 4,
  pages: 5,
  blobs: 6,
  blocks: 7,
  jobs: 8,
  marks: 9,
  quarantine: 10,
} as const

export type StoreName = keyof typeof STORE_IDS

/** `log` has numbers, `header`, `manifest`, `jobs` and `marks` strings, the others 16-byte labels. */
export type RowKey = number | string | Bytes

export interface Row {
  readonly key: RowKey
  readonly value: SealedBytes
}

/** One question of a read. All questions of one `read` are answered from one consistent state. */
export type ReadRequest =
  | { readonly kind: 'get'; readonly store: StoreName; readonly key: RowKey }
  /** Rows in key order, from `from` (inclusive) or after `after`, at most `limit`. */
  | { readonly kind: 'rows'; readonly store: StoreName; readonly from?: RowKey; readonly after?: RowKey; readonly limit?: number }
  | { readonly kind: 'keys'; readonly store: StoreName; readonly after?: RowKey; readonly limit?: number }
  | { readonly kind: 'count'; readonly store: StoreName }
  | { readonly kind: 'lastKey'; readonly store: StoreName }

/** What a request answers with, by kind. */
export interface ReadAnswers {
  get: SealedBytes | undefined
  rows: readonly Row[]
  keys: readonly RowKey[]
  count: number
  lastKey: RowKey | undefined
}

/** Answers in the order of the requests. */
export type ReadResults<Requests extends readonly ReadRequest[]> = {
  -readonly [I in keyof Requests]: ReadAnswers[Requests[I]['kind']]
}

/**
 * A condition checked inside the transaction before anything is written.
 * `absent`: there is no such row. `present`: there is one. `tag`: there is one and its last 16 bytes are these.
 * `prefix`: there is one and it starts with these bytes. `last`: the greatest key of the store is this one (undefined: the store is empty).
 */
export type Expectation =
  | { readonly kind: 'absent' | 'present'; readonly store: StoreName; readonly key: RowKey }
  | { readonly kind: 'tag'; readonly store: StoreName; readonly key: RowKey; readonly tag: Tag }
  | { readonly kind: 'prefix'; readonly store: StoreName; readonly key: RowKey; readonly bytes: Bytes }
  | { readonly kind: 'last'; readonly store: StoreName; readonly key: RowKey | undefined }

export type Operation =
  /** Fails the whole batch as a missed expectation when the key exists. */
  | { readonly kind: 'add'; readonly store: StoreName; readonly key: RowKey; readonly value: SealedBytes }
  | { readonly kind: 'put'; readonly store: StoreName; readonly key: RowKey; readonly value: SealedBytes }
  | { readonly kind: 'delete'; readonly store: StoreName; readonly key: RowKey }
  /** Deletes every row with a key below this one (log). */
  | { readonly kind: 'deleteBelow'; readonly store: StoreName; readonly key: RowKey }
  | { readonly kind: 'clear'; readonly store: StoreName }

export interface Batch {
  readonly expect: readonly Expectation[]
  readonly operations: readonly Operation[]
  /** `strict` is on the disk when the promise resolves; `relaxed` survives a killed browser, not a power cut. */
  readonly durability: 'strict' | 'relaxed'
}

/** `applied: false` means that nothing was written because of an expectation; `missed` is its index, or -1 for an `add` on an existing key. */
export type ApplyResult = { readonly applied: true } | { readonly applied: false; readonly missed: number }

/** What happened to a backend from outside. */
export type BackendEvent =
  /** The connection is gone (cleared, killed, taken away). In-flight work rejects; the next call reopens. */
  | 'lost'
  /** Another tab wants to upgrade or delete the database: this connection has closed itself. */
  | 'superseded'

/**
 * Where sealed rows live.
 *
 * - `read` answers all requests from one state; buffers it returns belong to the caller.
 * - `apply` is the only writer. It resolves after the transaction is complete, all or nothing. Buffers given to it are copied before it returns control.
 * - Calls may overlap; transactions on one store are applied one after the other, across tabs too.
 * - Failures reject with a `VaultError` of a `storage-*` code. `details.reason` is `"outcome-unknown"` when the transaction may or may not have been
 *   applied (no answer in time, connection lost after the commit was asked for); with every other reason nothing was written.
 */
export interface Backend {
  readonly kind: 'indexeddb' | 'web-storage' | 'memory'
  read<const Requests extends readonly ReadRequest[]>(requests: Requests): Promise<ReadResults<Requests>>
  apply(batch: Batch): Promise<ApplyResult>
  subscribe(listener: (event: BackendEvent) => void): () => void
  /** Waits for what is in flight, then closes. Calls after it reject with `storage-unavailable`. */
  close(): Promise<void>
}

/** Opening a place, and what can be known of it without opening it for good. */
export interface BackendFactory {
  readonly kind: Backend['kind']
  /**
   * Opens or creates the database of this name with the ten stores.
   * @throws {VaultError} `storage-unavailable`, `storage-blocked`, `storage-full`, or `unsupported-version` when it was made by newer code.
   */
  open(name: string): Promise<Backend>
  list(): Promise<readonly string[]>
  /** Deletes the database. @throws {VaultError} `storage-blocked` when another tab keeps it open. */
  destroy(name: string): Promise<void>
}
