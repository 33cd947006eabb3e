// What was deleted on either side, found by the ids of the other.

import { KeyedHash, tombstoneHash } from '../../crypto/blind.js'
import { fromBase64Url, toBase64Url } from '../../crypto/bytes.js'
import type { Origin } from '../core/log-row.js'

export interface Deletion {
  readonly rev: number
  readonly modifiedAt: number
  /** Where it was deleted first, unless where the tombstone lies. */
  readonly origin?: Origin | undefined
}

export type DeletedId = readonly [hash: string, rev: number, modifiedAt: number, vault?: string, originRev?: number]

/** Deletions by their hashes, and the key of these. */
export interface DeletedIds {
  readonly key: string
  readonly list: Iterable<DeletedId>
}

/** Deletions that came later, by their ids. */
export type LaterDeletions = () => readonly (Deletion & { readonly collection: string; readonly parent: string; readonly id: string })[]

export class DeletedRecords {
  readonly #hash: KeyedHash
  readonly #deletions = new Map<string, Deletion>()
  readonly #later: LaterDeletions
  readonly #known = new Map<string, Deletion>()
  #seen = 0

  constructor({ key, list }: DeletedIds, later: LaterDeletions = () => []) {
    this.#hash = new KeyedHash(fromBase64Url(key))
    this.#later = later
    for (const [hash, rev, modifiedAt, vault, originRev] of list) this.#deletions.set(hash, { rev, modifiedAt, ...(vault !== undefined && { origin: [vault, originRev!] }) })
  }

  get isEmpty(): boolean {
    return this.#deletions.size === 0
  }

  /** The last deletion of a record, if there was one. @param parent of a message: its chat log */
  of(collection: string, parent: string | undefined, id: string): Deletion | undefined {
    const later = this.#later()
    for (; this.#seen < later.length; this.#seen++) {
      const deletion = later[this.#seen]!
      this.#known.set(JSON.stringify([deletion.collection, deletion.parent, deletion.id]), deletion)
    }
    const fresh = this.#seen === 0 ? undefined : this.#known.get(JSON.stringify([collection, parent ?? '', id]))
    if (fresh !== undefined) return fresh
    if (this.isEmpty) return undefined
    return this.#deletions.get(toBase64Url(tombstoneHash(this.#hash, collection, parent, id)))
  }

  wipe(): void {
    this.#hash.wipe()
  }
}
