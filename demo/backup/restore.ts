// A vault out of a backup, in the place of what is there; and what is left to do when that was cut off.

import { openVault, restoreVault, type ArchiveSecrets, type UnlockedVault, type Vault, type VaultOptions } from 'sealed-vault'
import type { WorkOptions } from './use-work.js'

export interface RestoreRequest {
  readonly file: File
  readonly secrets: ArchiveSecrets
  readonly newPassword: string
}

/** `open`: the vault is there, `isWhole` with everything. `gone`: what was there is deleted and nothing came in its place. */
export type Restored = { readonly is: 'open'; readonly vault: UnlockedVault; readonly isWhole: boolean } | { readonly is: 'gone'; readonly error: unknown }

/** @param from the state of what is there. @throws when it is as it was */
export async function restore(options: VaultOptions, from: Vault['state'], { file, secrets, newPassword }: RestoreRequest, { signal, onProgress }: WorkOptions): Promise<Restored> {
  let hasRead = false
  const look: WorkOptions['onProgress'] = (progress) => {
    hasRead = true
    onProgress(progress)
  }
  try {
    const { open } = await restoreVault(options, file, { ...secrets, newPassword, replace: from !== 'empty', signal, onProgress: look })
    return { is: 'open', vault: open, isWhole: true }
  } catch (error) {
    // Only then can anything be other than it was.
    const left = hasRead ? await whatIsLeft(options, from, newPassword, error) : undefined
    if (left === undefined) throw error
    return left
  }
}

/** Nothing says how far it came, but a vault that opens with the new password and lacks what was to come is the new one. */
async function whatIsLeft(options: VaultOptions, from: Vault['state'], newPassword: string, error: unknown): Promise<Restored | undefined> {
  const vault = await openVault(options)
  if (vault.state === 'locked') {
    try {
      const open = await vault.unlock(newPassword)
      if ((await open.backup.status()).unfinishedImport !== undefined || (await open.sessions.count()) === 0) return { is: 'open', vault: open, isWhole: false }
      // The old one, with the same password: it was not touched.
      await open.lock()
      return undefined
    } catch {
      // The old one, or one that does not open: the screen for it says so.
    }
  }
  const isGone = vault.state === 'empty' && from !== 'empty'
  await vault.close()
  return isGone ? { is: 'gone', error } : undefined
}
