// One automatic backup: written, read again to the last byte, and only then the oldest ones go.

import type { Bytes } from '../../brand.js'
import { equalBytes, wipe } from '../../crypto/bytes.js'
import { VaultError } from '../../errors.js'
import type { ArchiveHeader } from './archive-header.js'
import { backupFileName, readBackup, removeOldest, writeBackup, type BackupDirectory } from './backup-files.js'
import { createBackupHeader } from './backup-slots.js'
import { noteArchive } from './backup-status.js'
import { exportUnder, type ArchiveProgress, type ArchiveReport, type ExportPorts } from './export-archive.js'
import { openWith } from './read-archive.js'
import { readThrough } from './verify-archive.js'

export interface BackupRunOptions {
  /** How many backups stay; 7 when left out. */
  readonly keep?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: ArchiveProgress | { readonly phase: 'verify'; readonly done: number }) => void) | undefined
}

export interface BackupReport extends ArchiveReport {
  /** Of the file in the directory. */
  readonly name: string
  /** Names of files that were removed. */
  readonly removed: readonly string[]
}

export const KEPT = 7

/**
 * @throws {VaultError} `not-found` when nothing says what is to open it, or the directory is gone; `corrupt` for what does not authenticate in the vault, and
 *   for a file that does not read as it was written; `storage-full`, `storage-unavailable`, `locked`, `busy`; {RangeError}; the signal's reason
 */
export async function runBackup(ports: ExportPorts, directory: BackupDirectory, { keep = KEPT, signal, onProgress }: BackupRunOptions): Promise<BackupReport> {
  if (!(Number.isInteger(keep) && keep > 0)) throw new RangeError('keep must be a whole number from 1')
  let written: { readonly header: ArchiveHeader; readonly key: Bytes } | undefined
  const makeHeader = async () => {
    const made = await createBackupHeader(ports.access)
    // The export zeroes its key; this one reads the file again.
    written = { header: made.header, key: made.key.slice() }
    return made
  }
  const name = backupFileName(ports.now())
  try {
    const { stream, report } = exportUnder(makeHeader, ports, { signal, onProgress }, { isNoted: false })
    await writeBackup(directory, name, stream)
    const { archiveId, seq, counts, bytes, missing } = await report
    const findKey = async (found: ArchiveHeader): Promise<Bytes> => {
      if (!equalBytes(found.bytes, written!.header.bytes)) throw unreadable()
      return written!.key.slice()
    }
    try {
      const contents = await readThrough(await openWith(await readBackup(directory, name), findKey, signal), onProgress)
      if (contents.archiveId !== archiveId || contents.counts.messages !== counts.messages) throw unreadable()
    } catch (error) {
      await directory.removeEntry(name).catch(() => undefined)
      throw error
    }
    await noteArchive(ports.access, { archiveId, seq, at: ports.now(), bytes, automatic: true })
    return { archiveId, seq, counts, bytes, missing, name, removed: await removeOldest(directory, keep) }
  } finally {
    if (written !== undefined) wipe(written.key)
  }
}

function unreadable(): VaultError {
  return new VaultError('corrupt', 'the backup does not read as it was written; older ones were kept', { where: 'archive', reason: 'written' })
}
