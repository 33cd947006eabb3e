// The vault answers as the truth does: a slice over made-up conversations with every test run, every real corpus at hand with
// `npm run faults -- search`.

import { describe, expect, it } from 'vitest'
import { seededRandom } from '../kit/random.js'
import { testBrowser } from '../kit/tabs.js'
import { compareQueries, type Report } from './kit/compare.js'
import { corpusNames, readCorpus } from './kit/corpora.js'
import { QuerySource } from './kit/queries.js'
import { fillVault, generatedSample, sampleOf, shortMessages, type Sample } from './kit/sample.js'
import { Truth } from './kit/truth.js'

const FULL = process.env['SEALED_VAULT_FAULTS'] === 'full'
const SEED = Number(process.env['SEALED_VAULT_SEED'] ?? 1)
const QUERIES = Number(process.env['SEALED_VAULT_QUERIES'] ?? 2000)
/** Most queries must have answers, or their being equal says little. */
const WITH_HITS = 0.9

async function compared(sample: Sample, queries: number, pending = 0): Promise<Report> {
  const open = await testBrowser().tab()
  await fillVault(open, sample, pending)
  const truth = new Truth(sample.messages)
  const report = await compareQueries(open, truth, new QuerySource(truth, seededRandom(SEED)), { queries })
  await open.lock()
  return report
}

function expectEqual({ unequal, withHits, queries }: Report): void {
  expect(unequal.slice(0, 20), `${unequal.length} of ${queries} queries, seed ${SEED}`).toEqual([])
  expect(withHits).toBeGreaterThanOrEqual(WITH_HITS * queries)
}

describe('a vault answers as a walk over every message does', () => {
  if (!FULL) {
    it('over made-up conversations, folded and pending', { timeout: 60_000 }, async () => expectEqual(await compared(generatedSample(SEED, 600), 400, 12)))
    it('over so many short messages that most of them are passed over', { timeout: 60_000 }, async () => {
      const sample = shortMessages(SEED, 12_000)
      const open = await testBrowser().tab()
      await fillVault(open, sample)
      // What is gone is hidden in the segment until it is merged.
      const gone = sample.conversations.filter((_, i) => i % 37 === 5).map(({ session }) => session)
      for (const { id } of gone) await open.sessions.delete(id!)
      const truth = new Truth(sample.messages.filter(({ sessionId }) => !gone.some(({ id }) => id === sessionId)))
      const source = new QuerySource(truth, seededRandom(SEED))
      // A limit is what lets a search pass over messages; without one there is nothing to be seen here.
      const limited = { next: () => ((drawn) => ({ ...drawn, options: { limit: 10, ...drawn.options } }))(source.next()) }
      expectEqual(await compareQueries(open, truth, limited, { queries: 150 }))
      const common = ['w1', 'w2', 'w3', 'w1 w2', 'w2 w5', 'w1 w3 w2', '"w1 w2"', 'w1 -w4', 'w1 w2*'].flatMap((text) =>
        [1, 10, 40].flatMap((limit) => [{}, { match: 'any' as const }, { recency: { halfLifeMs: 1e9, at: sample.messages[0]!.timestamp } }].map((more) => ({ text, options: { order: 'relevance' as const, limit, ...more } }))),
      )
      expectEqual(await compareQueries(open, truth, { next: () => common.pop()! }, { queries: common.length }))
      await open.lock()
    })
    return
  }
  const wanted = process.env['SEALED_VAULT_CORPUS']
  const names = corpusNames(wanted)
  if (names.length === 0 && wanted !== undefined) throw new Error(`no corpus at hand begins with ${wanted}`)
  it.each(names.length > 0 ? names : ['generated'])('over %s', { timeout: 6 * 60 * 60 * 1000 }, async (name) => {
    const began = performance.now()
    const sample = name === 'generated' ? generatedSample(SEED, 20_000) : sampleOf(readCorpus(name), seededRandom(SEED))
    const report = await compared(sample, QUERIES)
    const seconds = (performance.now() - began) / 1000
    const { queries, withHits, hits, unequal } = report
    console.info(
      `${name}: ${sample.messages.length} messages, ${queries} queries, ${withHits} with hits, ${hits} hits, ${unequal.length} unequal; ` +
        `${seconds.toFixed(0)} s, of these ${report.searchSeconds.toFixed(1)} in the vault and ${report.truthSeconds.toFixed(1)} in the truth`,
    )
    expectEqual(report)
  })
})
