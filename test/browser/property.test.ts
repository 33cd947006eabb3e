// Random histories over several tabs on real IndexedDB, real locks and channels; only the key derivation is a fast one.

import { describe, it } from 'vitest'
import { browserEnvironment, openVaultIn } from '../../src/vault/open-vault.js'
import { playHistory } from '../kit/play.js'
import { insecureFastKdf, PASSWORD } from '../kit/tabs.js'

describe('random histories equal plain Maps', () => {
  for (const seed of [501, 502]) {
    it(`seed ${seed}`, { timeout: 60_000 }, () => {
      const name = `history ${crypto.randomUUID()}`
      return playHistory(seed, 100, async () => {
        const vault = await openVaultIn({ ...browserEnvironment(), kdf: insecureFastKdf }, { name })
        if (vault.state === 'empty') return vault.create(PASSWORD)
        if (vault.state === 'locked') return vault.unlock(PASSWORD)
        throw new Error(`the vault is ${vault.state}`)
      })
    })
  }
})
