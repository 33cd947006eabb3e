// A vault from an archive, whatever is there under its name: nothing, a vault whose password is forgotten, one that was wiped, or a database that does not open.
// What is there goes only when the archive was read to its end and found whole.

import { VaultError } from '../errors.js'
import type { ArchiveSource } from './archive/archive-source.js'
import type { ImportOptions, ImportReport } from './archive/import-archive.js'
import type { VaultEnvironment, VaultOptions } from './environment.js'
import { fetchPart } from './fetch-part.js'
import { browserEnvironment, destroyVaultIn, openVaultIn } from './open-vault.js'
import type { UnlockedVault } from './unlocked-vault.js'

export interface RestoreOptions extends Omit<ImportOptions, 'onConflict' | 'restoreDeleted'> {
  /** Of the vault that is made; `password` and `recoveryCode` are those of the archive. */
  readonly newPassword: string
  /** Must be said where there is a vault under the name, or may have been one: it is deleted for ever. */
  readonly replace?: boolean | undefined
}

export interface RestoredVault {
  readonly open: UnlockedVault
  readonly report: ImportReport
}

/**
 * Makes a vault out of an archive of everything, under a password of its own. Cut off on the way, the vault there is opens with the new password, its `backup.status()` tells of the
 * unfinished import, and `importArchive` with the same file brings the rest.
 * @throws {VaultError} as `importArchive`; `conflict` where there is a vault and `replace` is not true, and for an archive of changes alone; `invalid-value` for the new password;
 *   `storage-unavailable`, `storage-blocked`. Until the archive is found whole, nothing is deleted
 */
export function restoreVault(options: VaultOptions, source: ArchiveSource, restore: RestoreOptions): Promise<RestoredVault> {
  return restoreVaultIn(browserEnvironment(), options, source, restore)
}

/** The same in an environment of one's own. */
export async function restoreVaultIn(environment: VaultEnvironment, options: VaultOptions, source: ArchiveSource, { newPassword, replace = false, ...importOptions }: RestoreOptions): Promise<RestoredVault> {
  const { checkForRestore } = await fetchPart(() => import('./archive/archive-part.js'))
  const file = await checkForRestore(source, newPassword, importOptions, environment.kdf)
  let vault = await openVaultIn(environment, options)
  if (vault.state !== 'empty') {
    await vault.close()
    if (!replace) throw new VaultError('conflict', 'there is a vault under this name, or there was one; say replace: true to delete it for ever', { where: 'restore', reason: vault.state })
    await destroyVaultIn(environment, options.name)
    vault = await openVaultIn(environment, options)
  }
  if (vault.state === 'unavailable' || vault.state === 'newer') throw vault.error
  if (vault.state !== 'empty') throw new VaultError('conflict', 'another tab made a vault under this name meanwhile', { where: 'restore', reason: vault.state })
  const open = await vault.create(newPassword, { signal: importOptions.signal })
  try {
    return { open, report: await open.importArchive(file, importOptions) }
  } catch (error) {
    await open.lock()
    throw error
  }
}
