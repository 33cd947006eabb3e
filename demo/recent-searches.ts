// The last queries that led somewhere. They say as much as messages do, so they are kept where these are: sealed, as a preference.

import type { UnlockedVault } from 'sealed-vault'

const KEY = 'recent-searches'
const KEPT = 8

/** Newest first. */
export async function readRecentSearches(vault: Pick<UnlockedVault, 'preferences'>): Promise<readonly string[]> {
  const value = await vault.preferences.get(KEY)
  return Array.isArray(value) ? value.filter((query) => typeof query === 'string') : []
}

/** Puts a query first, in place of the same one in other letters. */
export async function noteSearch(vault: UnlockedVault, query: string): Promise<void> {
  const noted = query.trim()
  const same = (other: string): boolean => other.toLowerCase() === noted.toLowerCase()
  // Another tab may note one at the same moment.
  await vault.transact(async (tx) => {
    const before = await readRecentSearches(tx)
    if (before[0] !== noted) await tx.preferences.set(KEY, [noted, ...before.filter((other) => !same(other))].slice(0, KEPT))
  })
}

export async function forgetSearches(vault: UnlockedVault): Promise<void> {
  await vault.preferences.delete(KEY)
}
