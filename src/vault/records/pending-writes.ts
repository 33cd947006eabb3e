// Which items are being written by this tab: two writes of one item must not become one commit, or both would have the same `rev` and
// who expects the first would not see that the second came behind it.

import type { CommitOptions } from '../core/commit-queue.js'

export class PendingWrites {
  readonly #counts = new Map<string, number>()

  /** @param write is given the options of its commit */
  async run<T>(id: string, write: (options: CommitOptions) => Promise<T>): Promise<T> {
    const before = this.#counts.get(id) ?? 0
    this.#counts.set(id, before + 1)
    try {
      return await write(before > 0 ? { alone: true } : {})
    } finally {
      const left = this.#counts.get(id)! - 1
      if (left > 0) this.#counts.set(id, left)
      else this.#counts.delete(id)
    }
  }
}
