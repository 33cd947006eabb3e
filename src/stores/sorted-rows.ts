// The rows of one store in memory, in the key order of IndexedDB.

import type { SealedBytes } from '../brand.js'
import type { Row, RowKey } from './backend.js'
import { compareKeys } from './row-bytes.js'

/** Rows in key order. Values are shared, never changed in place: who lets bytes in or out copies them. */
export class SortedRows {
  readonly #rows: Row[]

  constructor(rows: readonly Row[] = []) {
    this.#rows = [...rows]
  }

  get size(): number {
    return this.#rows.length
  }

  /** Index of the first row whose key is not below `key`. */
  indexFrom(key: RowKey): number {
    let low = 0
    let high = this.#rows.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareKeys(this.#rows[middle]!.key, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Rows from one index up to another, as in `slice`. */
  slice(start?: number, end?: number): Row[] {
    return this.#rows.slice(start, end)
  }

  get(key: RowKey): SealedBytes | undefined {
    const row = this.#rows[this.indexFrom(key)]
    return row !== undefined && compareKeys(row.key, key) === 0 ? row.value : undefined
  }

  last(): Row | undefined {
    return this.#rows.at(-1)
  }

  /** Puts a row, or removes it when `value` is undefined. Returns what was there before. */
  set(key: RowKey, value: SealedBytes | undefined): SealedBytes | undefined {
    const index = this.indexFrom(key)
    const row = this.#rows[index]
    const before = row !== undefined && compareKeys(row.key, key) === 0 ? row.value : undefined
    const taken = before === undefined ? 0 : 1
    if (value !== undefined) this.#rows.splice(index, taken, { key, value })
    else if (taken === 1) this.#rows.splice(index, 1)
    return before
  }
}
