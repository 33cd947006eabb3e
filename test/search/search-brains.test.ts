// Finding brains by any string they hold: where it stands, long values, and while the vault changes.

import { describe, expect, it } from 'vitest'
import type { BrainHit, BrainSearchOptions } from '../../src/vault/search/records/record-options.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { testBrowser } from '../kit/tabs.js'

type Options = Omit<BrainSearchOptions, 'in'>

async function search(open: UnlockedVault, query: string, options?: Options): Promise<BrainHit[]> {
  const hits: BrainHit[] = []
  for await (const hit of open.search(query, { in: 'brains', ...options })) hits.push(hit)
  return hits
}
const places = async (open: UnlockedVault, query: string, options?: Options): Promise<[string, string][]> => (await search(open, query, options)).map((hit) => [hit.brain.entityId, hit.path.join('.')])

let clock = 1000
async function someBrains(): Promise<{ open: UnlockedVault; browser: ReturnType<typeof testBrowser> }> {
  const browser = testBrowser({ now: () => clock++ })
  const open = await browser.tab()
  await open.brains.put({
    entityId: 'guide',
    model: 'oracle-large',
    configuration: { tone: 'calm and friendly', voice: { name: 'Zoë', pitch: 3 }, tags: ['travel', 'Überraschung'] },
    memories: ['Ada likes night trains', { about: 'Ada', text: 'She lives in 東京', weight: 0.5 }, null, true],
  })
  await open.brains.put({ entityId: 'cook', model: 'oracle-small', configuration: { tone: 'loud' }, memories: [[['deep', ['deeper: soup']]], 'Trains make hungry'] })
  return { open, browser }
}

describe('a search in brains', () => {
  it('finds in values at any depth and says where the first of the words stands', async () => {
    const { open } = await someBrains()
    expect(await places(open, 'friendly')).toEqual([['guide', 'configuration.tone']])
    expect(await places(open, 'zoe')).toEqual([['guide', 'configuration.voice.name']])
    expect((await search(open, 'frienldy', { typos: true })).map((hit) => [hit.path.join('.'), hit.corrections])).toEqual([['configuration.tone', [{ typed: 'frienldy', found: 'friendly' }]]])
    expect(await places(open, 'friend', { typing: true })).toEqual([['guide', 'configuration.tone']])
    expect(await places(open, 'uberraschung')).toEqual([['guide', 'configuration.tags.1']])
    expect(await places(open, '東京')).toEqual([['guide', 'memories.1.text']])
    expect(await places(open, 'soup')).toEqual([['cook', 'memories.0.0.1.0']])
    expect(await places(open, 'guide')).toEqual([['guide', 'entityId']])
    expect(await places(open, 'oracle')).toEqual([['cook', 'model'], ['guide', 'model']])
    // Neither names of fields nor what is no string.
    for (const query of ['tone', 'weight', '3', 'true', 'memories']) expect(await places(open, query), query).toEqual([])
    const [hit] = await search(open, 'night')
    expect(hit).toEqual({
      brain: { entityId: 'guide', model: 'oracle-large', rev: hit!.brain.rev, modifiedAt: hit!.brain.modifiedAt },
      path: ['memories', 0],
      snippet: { text: 'Ada likes night trains', highlights: [{ start: 10, end: 15 }] },
      highlights: [{ start: 10, end: 15 }],
    })
  })

  it('takes the words from all of its strings, a phrase from one of them', async () => {
    const { open } = await someBrains()
    expect(await places(open, 'calendar friendly', { match: 'any' })).toEqual([['guide', 'configuration.tone']])
    expect(await places(open, 'lives calm')).toEqual([['guide', 'configuration.tone']])
    expect(await places(open, 'trains')).toHaveLength(2)
    expect(await places(open, 'trains -hungry')).toEqual([['guide', 'memories.0']])
    expect(await places(open, 'trains -large')).toEqual([['cook', 'memories.1']])
    expect(await places(open, '"night trains"')).toHaveLength(1)
    expect(await places(open, '"trains ada"')).toEqual([])
    expect(await places(open, 'hung*')).toHaveLength(1)
  })

  it('orders by the last change, or by how much of the brain the words are', async () => {
    const { open } = await someBrains()
    await open.brains.put({ entityId: 'long', model: 'm', memories: ['trains', ...Array.from({ length: 50 }, (_, i) => `something else, number ${i}`)] })
    const order = async (options: Options): Promise<string[]> => (await places(open, 'trains', options)).map(([id]) => id)
    expect(await order({})).toEqual(['long', 'cook', 'guide'])
    expect(await order({ limit: 2 })).toEqual(['long', 'cook'])
    expect(await order({ order: 'relevance' })).toEqual(['cook', 'guide', 'long'])
  })

  it('reads pages and long values, pending and folded', async () => {
    const { open } = await someBrains()
    const text = `${'padding words all along '.repeat(5000)}the needle ${'and more behind it '.repeat(5000)}`
    for (let i = 0; i < 40; i++) await open.brains.put({ entityId: `e${i}`, model: 'm', memories: i % 10 === 3 ? ['short', { text }] : [`plain needle ${i}`] })
    for (const step of ['pending', 'folded']) {
      for (const order of ['recent', 'relevance'] as const) {
        const hits = await search(open, 'needle', { order })
        expect(hits.map((hit) => hit.brain.entityId).sort(), step).toEqual(Array.from({ length: 40 }, (_, i) => `e${i}`).sort())
        const long = hits.filter((hit) => hit.path.join('.') === 'memories.1.text')
        expect(long).toHaveLength(4)
        for (const { snippet, highlights: [place] } of long) {
          expect(text.slice(place!.start, place!.end)).toBe('needle')
          const [mark] = snippet.highlights
          expect(snippet.text.slice(mark!.start, mark!.end)).toBe('needle')
          expect(snippet.text.length).toBeLessThan(200)
        }
      }
      await open.checkpoint()
      open.releaseMemory()
    }
  })

  it.each(['recent', 'relevance'] as const)('gives what is true when it is given (%s)', async (order) => {
    const { open } = await someBrains()
    const walk = open.search('trains', { in: 'brains', order })
    expect(await walk.next()).toMatchObject({ value: { brain: { entityId: 'cook' } } })
    await open.brains.put({ entityId: 'guide', model: 'm', memories: ['nothing', 'slow trains'] })
    expect(await walk.next()).toMatchObject({ value: { path: ['memories', 1], brain: { model: 'm' } } })
  })

  it('leaves out what was deleted meanwhile, and sees other tabs', async () => {
    const { open, browser } = await someBrains()
    const walk = open.search('trains', { in: 'brains' })
    expect(await walk.next()).toMatchObject({ value: { brain: { entityId: 'cook' } } })
    await open.brains.delete('guide')
    expect(await walk.next()).toMatchObject({ done: true })
    const other = await browser.tab()
    await other.transact(async (tx) => {
      await tx.brains.put({ entityId: 'new', model: 'm', memories: ['dumplings'] })
      await tx.brains.delete('cook')
    })
    await expect.poll(async () => places(open, 'dumplings')).toEqual([['new', 'memories.0']])
    expect(await places(open, 'trains')).toEqual([])
  })

  it('refuses bad queries and options, and ends with the lock and the signal', async () => {
    const { open } = await someBrains()
    await expect(search(open, '')).rejects.toMatchObject({ code: 'invalid-value', details: { where: 'query' } })
    for (const options of [{ limit: -1 }, { order: 'best' }, { match: 'some' }]) await expect(search(open, 'ada', options as never)).rejects.toThrow(RangeError)
    for (const options of [{ senders: [] }, { types: [] }, { sessionIds: [] }, { participants: [] }, { from: 1 }, { to: 1 }]) {
      await expect(search(open, 'ada', options as never)).rejects.toThrow(new RangeError(`${Object.keys(options)[0]} has no meaning for a search in brains`))
    }
    await expect(search(open, 'ada', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    const walk = open.search('oracle', { in: 'brains' })
    await walk.next()
    await open.lock()
    await expect(walk.next()).rejects.toMatchObject({ code: 'locked' })
    await expect(search(open, 'oracle')).rejects.toMatchObject({ code: 'locked' })
  })
})
