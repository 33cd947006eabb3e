// Regular expressions, Unicode tables, sorting and storage are the engine's: in each, a vault answers as a walk over every message does.

import { afterAll, expect, it } from 'vitest'
import { destroyVault } from '../../src/index.js'
import { browserEnvironment, openVaultIn } from '../../src/vault/open-vault.js'
import { seededRandom } from '../kit/random.js'
import { insecureFastKdf, PASSWORD } from '../kit/tabs.js'
import { compareQueries } from '../search/kit/compare.js'
import { QuerySource } from '../search/kit/queries.js'
import { fillVault, generatedSample } from '../search/kit/sample.js'
import { Truth } from '../search/kit/truth.js'

const NAME = `same answers ${crypto.randomUUID()}`
const QUERIES = 150
afterAll(() => destroyVault(NAME))

it('a vault answers as a walk over every message does, folded and pending', { timeout: 120_000 }, async () => {
  const vault = await openVaultIn({ ...browserEnvironment(), kdf: insecureFastKdf }, { name: NAME })
  if (vault.state !== 'empty') throw new Error(vault.state)
  const open = await vault.create(PASSWORD)
  const sample = generatedSample(11, 500)
  await fillVault(open, sample, 8)
  open.releaseMemory()
  const truth = new Truth(sample.messages)
  const { unequal, withHits } = await compareQueries(open, truth, new QuerySource(truth, seededRandom(11)), { queries: QUERIES, slowEvery: 10 })
  expect(unequal).toEqual([])
  expect(withHits).toBeGreaterThanOrEqual(0.9 * QUERIES)
  await open.lock()
})
