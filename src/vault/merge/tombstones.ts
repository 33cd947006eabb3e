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

/** Deletions that come later, by their ids: those of a growing list, from a place on. */
export interface LaterDeletions {
  readonly all: () => readonly (Deletion & { readonly collection: string; readonly parent: string; readonly id: string })[]
  readonly from: number
}

export class DeletedRecords {
  readonly #hash: KeyedHash
  readonly #deletions = new Map<string, Deletion>()
  readonly #later: LaterDeletions
  readonly #known = new Map<string, Deletion>()
  #seen: number

  constructor({ key, list }: DeletedIds, later: LaterDeletions = { all: () => [], from: 0 }) {
    this.#hash = new KeyedHash(fromBase64Url(key))
    this.#later = later
    this.#seen = later.from
    for (const [hash, rev, modifiedAt, vault, originRev] of list) this.#deletions.set(hash, { rev, modifiedAt, ...(vault !== undefined && { origin: [vault, originRev!] }) })
  }

  get isEmpty(): boolean {
    return this.#deletions.size === 0
  }

  /** The last deletion of a record, if there was one. @param parent of a message: its chat log */
  of(collection: string, parent: string | undefined, id: string): Deletion | undefined {
    const later = this.#later.all()
    for (; this.#seen < later.length; this.#seen++) {
      const deletion = later[this.#seen]!
      this.#known.set(JSON.stringify([deletion.collection, deletion.parent, deletion.id]), deletion)
    }
    const fresh = this.#known.size === 0 ? undefined : this.#known.get(JSON.stringify([collection, parent ?? '', id]))
    if (fresh !== undefined) return fresh
    if (this.isEmpty) return undefined
    return this.#deletions.get(toBase64Url(tombstoneHash(this.#hash, collection, parent, id)))
  }

  wipe(): void {
    this.#hash.wipe()
  }
}
