// What was deleted, as an archive tells it: by hashes that who has the archive can hold against ids of its own.

import type { Access } from '../core/access.js'
import type { CommitLog } from '../core/commit-log.js'
import { fieldsOf, type Origin } from '../core/log-row.js'
import { SuspectPage } from '../core/pages.js'
import { PAGE_SHIFT } from '../core/state.js'
import type { MissingRecords } from './archive-records.js'
import type { TombstoneEntry } from './archive-lines.js'
import type { Snapshot } from './snapshot.js'

const STEM = 'tombstones'
const PAGES_AT_ONCE = 64

/**
 * Deletions after a commit, in their order.
 * @param onMissing undefined to fail where some cannot be read
 * @throws {VaultError} `corrupt`
 */
export async function tombstonesOf({ codec, manifest }: CommitLog, access: Access, snapshot: Pick<Snapshot, 'tombstones'>, since: number, onMissing: ((missing: MissingRecords) => void) | undefined): Promise<TombstoneEntry[]> {
  const found: TombstoneEntry[] = []
  const { tombstones: folded } = manifest.content
  const pages = Math.ceil(folded.next / (1 << PAGE_SHIFT))
  const step = onMissing === undefined ? PAGES_AT_ONCE : 1
  for (let start = 0; start < pages; start += step) {
    const numbers = Array.from({ length: Math.min(step, pages - start) }, (_, i) => start + i)
    try {
      for (const page of await access.pages.read(STEM, folded, numbers)) {
        for (const { rev, modifiedAt, body, origin } of page.values()) if (rev > since) found.push(entryOf(fieldsOf(body)['h'] as string, rev, modifiedAt, origin))
      }
    } catch (error) {
      if (!(error instanceof SuspectPage)) throw error
      if (onMissing === undefined) throw error.damage
      onMissing({ kind: 'deletions', id: STEM, from: start << PAGE_SHIFT, to: Math.min(folded.next, (start + 1) << PAGE_SHIFT), reason: error.damage.details.reason ?? 'page' })
    }
  }
  for (const { collection, parent, id, rev, modifiedAt, origin } of snapshot.tombstones) if (rev > since) found.push(entryOf(codec.tombstoneHash(collection, parent, id), rev, modifiedAt, origin))
  return found
}

function entryOf(hash: string, rev: number, modifiedAt: number, origin: Origin | undefined): TombstoneEntry {
  return origin === undefined ? [hash, rev, modifiedAt] : [hash, rev, modifiedAt, ...origin]
}
