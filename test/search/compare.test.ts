// What compares must see a difference: a made-up vault that answers as the truth does passes, and with each small lie it does not.

import { expect, it } from 'vitest'
import type { SearchHit, SearchOptions } from '../../src/vault/search/options.js'
import { snippetOf } from '../../src/vault/search/words/snippet.js'
import { seededRandom } from '../kit/random.js'
import { compareQueries, type Report, type Searchable } from './kit/compare.js'
import { expectedCorrections } from './kit/mistakes.js'
import { QuerySource } from './kit/queries.js'
import { generatedSample } from './kit/sample.js'
import { placesIn, Truth, type Answer } from './kit/truth.js'

const QUERIES = 150
const truth = new Truth(generatedSample(5, 500).messages)

function hitOf({ message, query }: Answer, { match }: SearchOptions): SearchHit {
  const { logId, logNumber: _, sessionId, participants: __, ...rest } = message
  const highlights = placesIn(message.content, query, match)
  // Of a session only the id is looked at.
  return { message: { ...rest, chatLogId: logId, rev: 1, modifiedAt: 1 }, ...(sessionId !== undefined && { session: { id: sessionId } }), snippet: snippetOf(message.content, highlights), highlights, corrections: expectedCorrections(query, message.content) } as unknown as SearchHit
}

type Lie = (hits: SearchHit[]) => SearchHit[]

/** @param asIf the rules by which the made-up vault answers */
async function compared(lie: Lie, asIf: Parameters<Truth['answers']>[2] = {}, queries = QUERIES): Promise<Report> {
  const vault: Searchable = {
    async *search(text, options = {}) {
      const answers = truth.answers(text, options, asIf).slice(0, options.limit ?? Infinity)
      yield* lie(answers.map((answer) => hitOf(answer, options)))
    },
  }
  return compareQueries(vault, truth, new QuerySource(truth, seededRandom(5)), { queries })
}

const swapped: Lie = (hits) => (hits.length < 2 ? hits : [hits[1]!, hits[0]!, ...hits.slice(2)])
const changed =
  (change: (hit: SearchHit) => SearchHit): Lie =>
  (hits) =>
    hits.map((hit, i) => (i === hits.length - 1 ? change(hit) : hit))
const LIES: Readonly<Record<string, Lie>> = {
  'leaves one out': (hits) => hits.slice(1),
  'gives one twice': (hits) => (hits.length < 2 ? hits : [...hits.slice(0, -1), hits[0]!]),
  'swaps the first two': swapped,
  'marks one unit too much': changed((hit) => ({ ...hit, highlights: hit.highlights.map(({ start, end }) => ({ start, end: end + 1 })) })),
  'marks nothing': changed((hit) => ({ ...hit, highlights: [] })),
  'shows another line': changed((hit) => ({ ...hit, snippet: { ...hit.snippet, text: `x${hit.snippet.text}` } })),
  'gives an older content': changed((hit) => ({ ...hit, message: { ...hit.message, content: `${hit.message.content} ` } })),
  'names no session': changed((hit) => {
    const { session: _, ...rest } = hit
    return rest
  }),
}

it('the truth itself is right, mostly with hits, and asks also for ids', async () => {
  const { unequal, withHits } = await compared((hits) => hits)
  expect(unequal).toEqual([])
  expect(withHits).toBeGreaterThan(0.9 * QUERIES)
})

it.each(Object.entries(LIES))('a vault that %s is caught', async (_, lie) => expect((await compared(lie)).unequal.length).toBeGreaterThan(QUERIES / 5))

it.each([
  ['weighs nothing', { relevance: false }],
  ['knows no ids', { ids: false }],
  ['forgives nothing', { typos: false }],
])('a vault that %s is caught', async (_, asIf) => expect((await compared((hits) => hits, asIf, 3 * QUERIES)).unequal.length).toBeGreaterThan(1))

it('a vault that says no corrections is caught', async () => {
  const silent = changed((hit) => {
    const { corrections: _, ...rest } = hit
    return rest
  })
  expect((await compared(silent, {}, 3 * QUERIES)).unequal.length).toBeGreaterThan(3)
})

it('the same seed asks the same, and nothing twice', () => {
  const [one, other] = [new QuerySource(truth, seededRandom(9)), new QuerySource(truth, seededRandom(9))]
  const asked = Array.from({ length: 500 }, () => JSON.stringify(one.next()))
  expect(Array.from({ length: 500 }, () => JSON.stringify(other.next()))).toEqual(asked)
  expect(new Set(asked).size).toBe(500)
})
