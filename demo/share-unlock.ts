// Whether tabs share one unlock. It has to be known before the vault is open, so it cannot lie in there as other settings do: a word in localStorage, which tells whoever
// copies the browser's folder that much and no more.

import type { UnlockedVault } from 'sealed-vault'

const KEY = 'share-unlock'

export function readShareUnlock(): boolean {
  try {
    return localStorage.getItem(KEY) === 'yes'
  } catch {
    // Forbidden: then nobody can have asked for it.
    return false
  }
}

/** For the next vault that is looked up. @throws what the browser throws where it keeps nothing */
export function writeShareUnlock(shares: boolean): void {
  if (shares) localStorage.setItem(KEY, 'yes')
  else localStorage.removeItem(KEY)
}

const sharing = new WeakSet<UnlockedVault>()

/** Remembers what an open vault was looked up with: that holds until it is locked. */
export function noteSharing(vault: UnlockedVault, shares: boolean): void {
  if (shares) sharing.add(vault)
}

export function isSharing(vault: UnlockedVault): boolean {
  return sharing.has(vault)
}
