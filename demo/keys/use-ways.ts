// What opens the vault, by its kinds: what may be asked for before something is changed.

import type { UnlockedVault } from 'sealed-vault'
import { useQuery } from '../use-query.js'

const NONE: readonly string[] = []

/** Nothing until that is known. */
export function useWays(vault: UnlockedVault): readonly string[] {
  const { answer } = useQuery({ vault, concerns: ({ collections }) => collections.includes('header'), ask: async () => (await vault.slots.list()).map(({ kind }) => kind) }, [])
  return answer ?? NONE
}
