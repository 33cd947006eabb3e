// Where a vault keeps backups of itself when the user has chosen no directory: in the origin's private file system. They go where the vault goes when
// a browser clears a site, so they help against mistakes and damage, not against that.

import { VaultError } from '../errors.js'

const DIRECTORY = 'sealed-vault-snapshots'

/** @throws {VaultError} `storage-unavailable` where there is no private file system, or it cannot be written from a page */
export async function openSnapshots(vaultName: string): Promise<FileSystemDirectoryHandle> {
  try {
    if ('createWritable' in FileSystemFileHandle.prototype) {
      const root = await navigator.storage.getDirectory()
      const all = await root.getDirectoryHandle(DIRECTORY, { create: true })
      return await all.getDirectoryHandle(encodeURIComponent(vaultName), { create: true })
    }
  } catch (cause) {
    throw unavailable(cause)
  }
  throw unavailable(undefined)
}

function unavailable(cause: unknown): VaultError {
  return new VaultError('storage-unavailable', 'this browser has no private files to keep snapshots in; choose a directory', { where: 'backup', reason: 'no-private-files' }, cause)
}
