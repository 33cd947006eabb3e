// Random histories in memory; test/browser/property.test.ts plays some of them in real engines.

import { describe, it } from 'vitest'
import { playHistory } from '../kit/play.js'
import { testBrowser } from '../kit/tabs.js'

const SEEDS = Number(process.env['SEALED_VAULT_SEEDS'] ?? 12)
const FIRST = Number(process.env['SEALED_VAULT_SEED'] ?? 1)

describe('random histories equal plain Maps', () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    it(`seed ${seed}`, { timeout: 60_000 }, () => {
      const browser = testBrowser()
      return playHistory(seed, 150, () => browser.tab())
    })
  }
})
