// Rows written and deleted beside the log, by a job, with the manifest that counts them: base, heads and records stay what they are.
// Merges of the index, and rotations. PROTOCOL rules 7 and 8.

import type { Label, SealedBytes, Seq, Tag } from '../../brand.js'
import type { Operation } from '../../stores/backend.js'
import { tagOfRow, type LabelledStore } from './codec.js'
import { isUnknown, type CommitLog } from './commit-log.js'
import { lostLease, type Job } from './jobs.js'
import { sealManifest, sealsAfter, type Manifest, type StoredManifest } from './manifest.js'

export interface RowChanges {
  readonly puts: readonly { readonly store: LabelledStore; readonly label: Label; readonly row: SealedBytes }[]
  readonly deletes: readonly { readonly store: LabelledStore; readonly label: Label }[]
  /** Whether what was kept aside for damage goes as well. */
  readonly clearsQuarantine?: boolean
}

export interface RewriteOptions {
  readonly durability: 'strict' | 'relaxed'
  /** Makes the new manifest the one this tab knows; runs inside `exclusive`. */
  readonly publish: (manifest: StoredManifest) => void
}

/**
 * One transaction; compares the job, the manifest it began with and the anchor.
 * @param counts what the manifest says from now on, but for seals
 * @returns false when the manifest is another one by now: then nothing has changed
 * @throws {VaultError} `busy` when another tab took over the job, `storage-*`
 */
export async function rewriteRows(log: CommitLog, job: Job, began: StoredManifest, counts: Manifest, { puts, deletes, clearsQuarantine = false }: RowChanges, { durability, publish }: RewriteOptions): Promise<boolean> {
  const { codec, backend } = log
  const { base } = began.content
  const anchor = await anchorOf(log, base)
  if (anchor === undefined) return false
  const content = { ...counts, seals: sealsAfter(began.content, codec) }
  const row = await sealManifest(codec, content)
  const operations: Operation[] = [...puts.map(({ store, label, row: value }): Operation => ({ kind: 'put', store, key: label, value })), ...deletes.map(({ store, label }): Operation => ({ kind: 'delete', store, key: label }))]
  if (clearsQuarantine) operations.push({ kind: 'clear', store: 'quarantine' })
  operations.push({ kind: 'put', store: 'manifest', key: 'manifest', value: row })
  return log.exclusive(async () => {
    let result
    try {
      result = await backend.apply({
        expect: [job.expectation, { kind: 'tag', store: 'manifest', key: 'manifest', tag: began.tag }, { kind: 'tag', store: 'log', key: base, tag: anchor }],
        operations,
        durability,
      })
    } catch (error) {
      // Should it come to be written later, it is all of it or, by what it compares, nothing. It stays unknown even if the store does not answer this either.
      if (isUnknown(error)) await log.catchUpInside().catch(() => undefined)
      throw error
    }
    if (result.applied) publish({ content, tag: tagOfRow(row).slice() as StoredManifest['tag'] })
    else if (result.missed === 0) throw lostLease()
    else await log.catchUpInside()
    return result.applied
  })
}

const anchors = new WeakMap<CommitLog, { readonly base: number; readonly tag: Tag }>()

/** The tag of the row at the base, which stays what it is as long as that is the base: a batch comes after another. */
async function anchorOf(log: CommitLog, base: Seq): Promise<Tag | undefined> {
  const known = anchors.get(log)
  if (known?.base === base) return known.tag
  const [row] = await log.backend.read([{ kind: 'get', store: 'log', key: base }])
  if (row === undefined) return undefined
  const tag = tagOfRow(row).slice() as Tag
  anchors.set(log, { base, tag })
  return tag
}

/** Deletes rows that no manifest counts, unless anything has been committed since this tab last looked that might refer to them. */
export async function deleteUncounted(log: CommitLog, job: Job, rows: readonly { readonly store: LabelledStore; readonly label: Label }[]): Promise<boolean> {
  const { manifest, head, backend } = log
  const result = await backend.apply({
    expect: [
      job.expectation,
      { kind: 'tag', store: 'manifest', key: 'manifest', tag: manifest.tag },
      { kind: 'tag', store: 'log', key: head.seq, tag: head.tag },
      { kind: 'last', store: 'log', key: head.seq },
    ],
    operations: rows.map(({ store, label }): Operation => ({ kind: 'delete', store, key: label })),
    durability: 'strict',
  })
  if (!result.applied && result.missed === 0) throw lostLease()
  return result.applied
}
