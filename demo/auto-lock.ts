// After how many minutes without use the vault locks: a preference in the vault, in force in every tab.

import type { UnlockedVault } from 'sealed-vault'

/** Until the vault is open and says otherwise. */
export const DEFAULT_IDLE_MINUTES = 15

/** What may be chosen; 0 is never. */
export const IDLE_MINUTES = [1, 5, 15, 60, 0] as const

const KEY = 'idle-minutes'

export async function readIdleMinutes(vault: UnlockedVault): Promise<number> {
  const value = await vault.preferences.get(KEY)
  return IDLE_MINUTES.find((minutes) => minutes === value) ?? DEFAULT_IDLE_MINUTES
}

export async function writeIdleMinutes(vault: UnlockedVault, minutes: number): Promise<void> {
  await vault.preferences.set(KEY, minutes)
}

/** Keeps the vault's own setting at the preference, whichever tab changes it. Gives a function that tells the minutes in force. */
export function followIdleMinutes(vault: UnlockedVault): () => number {
  let inForce: number = DEFAULT_IDLE_MINUTES
  const apply = async (): Promise<void> => {
    const minutes = await readIdleMinutes(vault)
    if (minutes === inForce) return
    inForce = minutes
    vault.setAutoLock(minutes === 0 ? {} : { idleMs: minutes * 60_000 })
  }
  // A vault that was locked meanwhile has nothing left to follow.
  const follow = (): void => void apply().catch(() => undefined)
  vault.subscribe((event) => {
    if (event.kind === 'changed' && event.collections.includes('preferences')) follow()
  })
  follow()
  return () => inForce
}
