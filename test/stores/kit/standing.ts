// How a promise stands after the time given, and batches that a new store would, and would not, refuse.

import { vi } from 'vitest'
import type { Batch } from '../../../src/stores/backend.ts'
import { row, tagOf } from '../../../src/testing/contract-rows.ts'

/** How a promise stands: its value, its error, or that it is still pending. */
export async function standing(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise.then((value) => ({ value }), (error) => ({ code: error.code, reason: error.details?.reason })), vi.advanceTimersByTimeAsync(0).then(() => 'pending')])
}

export const fenced: Batch = {
  expect: [{ kind: 'tag', store: 'log', key: 1, tag: tagOf(row(1)) }],
  operations: [{ kind: 'add', store: 'log', key: 2, value: row(2) }],
  durability: 'relaxed',
}
export const unfenced: Batch = { ...fenced, expect: [] }
