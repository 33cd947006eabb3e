// What was deleted on either side, found by the ids of the other.

import { KeyedHash, tombstoneHash } from '../../crypto/blind.js'
import { fromBase64Url, toBase64Url } from '../../crypto/bytes.js'

export interface Deletion {
  readonly rev: number
  readonly modifiedAt: number
}

/** Deletions by their hashes, and the key of these. */
export interface DeletedIds {
  readonly key: string
  readonly list: Iterable<readonly [hash: string, rev: number, modifiedAt: number]>
}

/** Deletions that came later, by their ids. */
export type LaterDeletions = () => Iterable<Deletion & { readonly collection: string; readonly parent: string; readonly id: string }>

export class DeletedRecords {
  readonly #hash: KeyedHash
  readonly #deletions = new Map<string, Deletion>()
  readonly #later: LaterDeletions

  constructor({ key, list }: DeletedIds, later: LaterDeletions = () => []) {
    this.#hash = new KeyedHash(fromBase64Url(key))
    this.#later = later
    for (const [hash, rev, modifiedAt] of list) this.#deletions.set(hash, { rev, modifiedAt })
  }

  get isEmpty(): boolean {
    return this.#deletions.size === 0
  }

  /** The last deletion of a record, if there was one. @param parent of a message: its chat log */
  of(collection: string, parent: string | undefined, id: string): Deletion | undefined {
    for (const deletion of this.#later()) if (deletion.id === id && deletion.collection === collection && deletion.parent === (parent ?? '')) return deletion
    if (this.isEmpty) return undefined
    return this.#deletions.get(toBase64Url(tombstoneHash(this.#hash, collection, parent, id)))
  }

  wipe(): void {
    this.#hash.wipe()
  }
}
