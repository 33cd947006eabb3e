// Takes over what an archive holds: read to its end and checked first, so that nothing of one that is damaged, cut off or made up ever
// counts; then read again and merged. A vault that already has everything is left as it is.

import type { Bytes } from '../../brand.js'
import { equalBytes, wipe } from '../../crypto/bytes.js'
import { DEFAULT_KDF_POLICY, encodePassword, type KdfPolicy } from '../../crypto/kdf.js'
import { VaultError } from '../../errors.js'
import { vaultKey } from '../merge/causality.js'
import { settler } from '../merge/conflicts.js'
import type { MergeReport } from '../merge/merge-report.js'
import { openArchiveKey, type ArchiveHeader, type ArchiveSecrets } from './archive-header.js'
import type { ArchiveManifest, TombstoneEntry } from './archive-lines.js'
import type { ArchiveSource } from './archive-source.js'
import { RecordCheck } from './check-records.js'
import { archiveItems } from './incoming-records.js'
import { openWith, type OpenedArchive } from './read-archive.js'
import { lookAt, takeOver, untilLocked, type Gathered, type ImportPorts, type MergeOptions } from './take-over.js'
import { readThrough, type ArchiveContents, type VerifyOptions } from './verify-archive.js'

export interface ImportOptions extends ArchiveSecrets, MergeOptions {}

/** What an archive holds, and what came of it. */
export interface ImportReport extends MergeReport {
  readonly archive: ArchiveContents
}

/** An archive that was read to its end and found sound, and that can be read again with the key it was opened with. */
export interface CheckedArchive {
  readonly contents: ArchiveContents
  readonly manifest: ArchiveManifest
  readonly tombstones: readonly TombstoneEntry[]
  readonly open: (signal: AbortSignal | undefined) => Promise<OpenedArchive>
}

/** See `UnlockedVault.importArchive`. */
export function importArchive(ports: ImportPorts, source: ArchiveSource, options: ImportOptions): Promise<ImportReport> {
  return withGathered(ports, source, options, takeOver)
}

/** See `UnlockedVault.inspectArchive`. */
export function previewImport(ports: ImportPorts, source: ArchiveSource, options: ImportOptions): Promise<ImportReport> {
  return withGathered(ports, source, options, lookAt)
}

function withGathered(ports: ImportPorts, source: ArchiveSource, options: ImportOptions, work: typeof takeOver): Promise<ImportReport> {
  const { onConflict = 'keep-newer', restoreDeleted, onProgress, signal: asked, ...secrets } = options
  settler(onConflict)
  return untilLocked(ports, asked, (signal) =>
    withCheckedArchive(source, { ...secrets, signal, onProgress }, ports.kdf, async (archive) => {
      const report = await work(ports, gatheredFrom(archive, signal), { onConflict, restoreDeleted, onProgress }, signal)
      return { ...report, archive: archive.contents }
    }),
  )
}

/** Reads an archive to its end, then hands it on; its key is zeroed when the work is done. @throws {VaultError} as `verifyArchive`, and `corrupt` for what no vault can hold */
export async function withCheckedArchive<T>(source: ArchiveSource, { onProgress, signal, ...secrets }: VerifyOptions, policy: KdfPolicy, work: (archive: CheckedArchive) => Promise<T>): Promise<T> {
  let found: { readonly header: ArchiveHeader; readonly key: Bytes } | undefined
  const findKey = async (header: ArchiveHeader): Promise<Bytes> => {
    found ??= { header, key: await openArchiveKey(header, secrets, policy) }
    if (!equalBytes(found.header.bytes, header.bytes)) throw new VaultError('corrupt', 'the file changed while it was read', { where: 'archive', reason: 'changed' })
    return found.key.slice()
  }
  try {
    const again = await rereadable(source)
    const opened = await openWith(again, findKey, signal)
    const { manifest } = opened
    const check = new RecordCheck({ isWhole: manifest.parent === undefined && manifest.selection === undefined, where: 'archive' })
    check.checkManifest(manifest)
    const tombstones: TombstoneEntry[] = []
    const contents = await readThrough(opened, onProgress, (line) => {
      check.check(line)
      if (line.kind === 'tombstones') for (const entry of line.list) tombstones.push(entry)
    })
    check.finish()
    return await work({ contents, manifest, tombstones, open: (later) => openWith(again, findKey, later) })
  } finally {
    if (found !== undefined) wipe(found.key)
  }
}

/**
 * What has to be true before anything is deleted to make room for an archive: it is of everything, whole and sound, and the new password can be one.
 * @returns the archive, to be read again
 */
export async function checkForRestore(source: ArchiveSource, newPassword: string, { onProgress, ...options }: VerifyOptions, policy: KdfPolicy = DEFAULT_KDF_POLICY): Promise<Blob | Uint8Array> {
  wipe(encodePassword(newPassword))
  const file = await rereadable(source)
  return withCheckedArchive(file, { ...options, onProgress }, policy, async ({ manifest: { parent, selection } }) => {
    if (selection !== undefined) throw new VaultError('conflict', 'this archive holds only a part of a vault; import it into one', { where: 'archive', reason: 'selection' })
    if (parent !== undefined) throw new VaultError('conflict', 'this archive holds only what changed after another one; restore that one first, then import this', { where: 'archive', reason: 'parent', fields: [parent.archiveId] })
    return file
  })
}

/** A stream can be read once: engines keep large blobs on the disk. */
async function rereadable(source: ArchiveSource): Promise<Blob | Uint8Array> {
  return source instanceof ReadableStream ? new Response(source as ReadableStream<Bytes>).blob() : source
}

function gatheredFrom({ manifest, contents, tombstones, open }: CheckedArchive, signal: AbortSignal): Gathered {
  const { archiveId, vaultId, seq, parent, selection, knows = [], made = [], tombstoneKey } = manifest
  const isEverything = selection === undefined && contents.counts.missing === 0
  return {
    name: archiveId,
    from: { vault: vaultKey(vaultId), archiveId, seq, knows, made },
    after: parent,
    isComplete: isEverything && parent === undefined,
    isEverything,
    at: manifest.createdAt,
    deleted: { key: tombstoneKey, list: tombstones },
    messages: contents.counts.messages,
    async *items() {
      yield* archiveItems(manifest, (await open(signal)).batches)
    },
  }
}
