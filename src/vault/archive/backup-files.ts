// Archives in a directory: the last few, and nothing else of what lies there. Files appear whole or not at all.

import { VaultError } from '../../errors.js'

/** A directory that a user chose, or one of the origin's own: what a FileSystemDirectoryHandle has of it. */
export interface BackupDirectory {
  getFileHandle(name: string, options?: { readonly create?: boolean }): Promise<BackupFileHandle>
  removeEntry(name: string): Promise<void>
  keys(): AsyncIterable<string>
}

export interface BackupFileHandle {
  getFile(): Promise<Blob>
  /** Writes to a copy that takes the place of the file when it is closed. */
  createWritable?(): Promise<WritableStream<Uint8Array<ArrayBuffer>>>
}

/** An archive that lies in a directory. */
export interface BackupFile {
  readonly name: string
  /** When it was begun, in ms. */
  readonly at: number
  readonly bytes: number
}

const NAME = /^backup-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z\.svarchive$/

export function backupFileName(at: number): string {
  return `backup-${new Date(at).toISOString().replace(/[:.]/g, '-')}.svarchive`
}

/** Ours, the oldest first; what is left of one that was never finished is not among them. @throws {VaultError} `storage-unavailable` */
export async function listBackups(directory: BackupDirectory): Promise<BackupFile[]> {
  return (await filesOf(directory)).filter(({ bytes }) => bytes > 0)
}

async function filesOf(directory: BackupDirectory): Promise<BackupFile[]> {
  return asTyped(async () => {
    const found: BackupFile[] = []
    for await (const name of directory.keys()) {
      const parts = NAME.exec(name)
      if (parts === null) continue
      const { size } = await (await directory.getFileHandle(name)).getFile()
      found.push({ name, at: Date.parse(`${parts[1]}T${parts[2]}:${parts[3]}:${parts[4]}.${parts[5]}Z`), bytes: size })
    }
    return found.sort((a, b) => a.at - b.at)
  })
}

/** @throws {VaultError} `not-found`, `storage-unavailable` */
export async function readBackup(directory: BackupDirectory, name: string): Promise<Blob> {
  if (!NAME.test(name)) throw new VaultError('not-found', 'there is no backup of this name', { where: 'backup' })
  return asTyped(async () => (await directory.getFileHandle(name)).getFile())
}

/**
 * Writes a file whole, or leaves nothing of it.
 * @throws whatever the stream fails with; {VaultError} `storage-full`, `storage-unavailable`
 */
export async function writeBackup(directory: BackupDirectory, name: string, stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
  let writable: WritableStream<Uint8Array<ArrayBuffer>>
  try {
    const handle = await directory.getFileHandle(name, { create: true })
    if (handle.createWritable === undefined) throw new VaultError('storage-unavailable', 'this browser cannot write files from a page', { where: 'backup', reason: 'read-only' })
    writable = await handle.createWritable()
  } catch (error) {
    await stream.cancel(error).catch(() => undefined)
    throw typed(error)
  }
  try {
    await stream.pipeTo(writable)
  } catch (error) {
    // The copy is gone; the empty file in whose place it would have come is not.
    await directory.removeEntry(name).catch(() => undefined)
    throw typed(error)
  }
}

/** Removes the oldest beyond so many, and what was never finished. */
export async function removeOldest(directory: BackupDirectory, keep: number): Promise<readonly string[]> {
  const all = await filesOf(directory)
  const whole = all.filter(({ bytes }) => bytes > 0)
  const removed = [...all.filter(({ bytes }) => bytes === 0), ...whole.slice(0, Math.max(0, whole.length - keep))].map(({ name }) => name)
  await asTyped(async () => {
    for (const name of removed) await directory.removeEntry(name)
  })
  return removed
}

async function asTyped<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw typed(error)
  }
}

/** What file systems fail with, by name: a directory whose permission has lapsed, a full disk, a file that is gone. */
function typed(error: unknown): unknown {
  switch ((error as { name?: unknown } | null)?.name) {
    case 'QuotaExceededError':
      return new VaultError('storage-full', 'there is no room for the backup', { where: 'backup' }, error)
    case 'NotFoundError':
      return new VaultError('not-found', 'the backup, or the directory for it, is not there any more', { where: 'backup' }, error)
    case 'NotAllowedError':
    case 'SecurityError':
    case 'NoModificationAllowedError':
    case 'InvalidStateError':
    case 'TypeMismatchError':
      return new VaultError('storage-unavailable', 'the directory for backups may not be used; ask for it again', { where: 'backup', reason: 'not-allowed' }, error)
    default:
      return error
  }
}
