// Random histories of messages, with crashes between any two calls to the store: every search answers as a walk over what the vault
// reads back. A slice of seeds with every test run, more with `npm run faults -- histories`.

import { afterAll, describe, expect, it } from 'vitest'
import { playSearchHistory } from '../search/kit/play-search.js'

const SEEDS = Number(process.env['SEALED_VAULT_SEEDS'] ?? 6)
const FIRST = Number(process.env['SEALED_VAULT_SEED'] ?? 1)

describe('random histories are searched as plain Maps would be', () => {
  let crashes = 0
  let queries = 0
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    it(`seed ${seed}`, { timeout: 60_000 }, async () => {
      const played = await playSearchHistory(seed)
      crashes += played.crashes
      queries += played.queries
    })
  }

  // Plans past the last call strike nothing: many must have struck, or the histories say little of crashes.
  it.runIf(SEEDS >= 5)('struck often, and asked much', () => {
    expect(crashes).toBeGreaterThanOrEqual(SEEDS)
    expect(queries).toBeGreaterThan(SEEDS * 50)
  })
  afterAll(() => {
    if (process.env['SEALED_VAULT_FAULTS'] === 'full') console.info(`${SEEDS} histories, ${crashes} crashes, ${queries} queries`)
  })
})
