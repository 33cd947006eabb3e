// Finding messages: filters, orders and hits, over pending and folded messages, long ones, two tabs, and while the vault changes.

import { describe, expect, it } from 'vitest'
import { matchText } from '../../src/vault/search/words/match.js'
import type { BySessionOptions, SearchHit, SearchOptions } from '../../src/vault/search/options.js'
import { parseQuery } from '../../src/vault/search/words/query.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { testBrowser } from '../kit/tabs.js'
import { message } from '../kit/vault-states.js'

async function search(open: UnlockedVault, query: string, options?: SearchOptions): Promise<SearchHit[]> {
  const hits: SearchHit[] = []
  for await (const hit of open.search(query, options)) hits.push(hit)
  return hits
}
const contents = async (open: UnlockedVault, query: string, options?: SearchOptions): Promise<string[]> => (await search(open, query, options)).map((hit) => hit.message.content)

async function twoChats(): Promise<{ open: UnlockedVault; browser: ReturnType<typeof testBrowser> }> {
  const browser = testBrowser()
  const open = await browser.tab()
  const trains = await open.sessions.create({ id: 'trains', participants: ['ada', 'guide'] })
  const food = await open.sessions.create({ id: 'food', participants: ['bob', 'guide'] })
  await open.chatLogs.append(trains.chatLogId, [
    { senderId: 'ada', type: 'user', content: 'Book the night train', timestamp: 10 },
    { senderId: 'guide', type: 'assistant', content: 'The night train is full; a day train goes at noon. The train is slow.', timestamp: 20 },
  ])
  await open.chatLogs.append(food.chatLogId, [
    { senderId: 'bob', type: 'user', content: 'What do they eat on a train at night?', timestamp: 15 },
    { senderId: 'guide', type: 'assistant', content: 'Soup', timestamp: 25 },
  ])
  return { open, browser }
}

describe('a search', () => {
  it('finds newest first, with session, snippet and places', async () => {
    const { open } = await twoChats()
    const hits = await search(open, 'train night')
    expect(hits.map((hit) => [hit.session?.id, hit.message.timestamp])).toEqual([['trains', 20], ['food', 15], ['trains', 10]])
    expect(hits[2]).toMatchObject({ message: { content: 'Book the night train', senderId: 'ada', number: 0 }, snippet: { text: 'Book the night train' } })
    expect(hits[2]!.highlights).toEqual([{ start: 9, end: 14 }, { start: 15, end: 20 }])
    expect(hits[2]!.snippet.highlights).toEqual(hits[2]!.highlights)
  })

  it('takes phrases, exclusions, beginnings and parts', async () => {
    const { open } = await twoChats()
    expect(await contents(open, '"night train"')).toHaveLength(2)
    expect(await contents(open, '"night train" -noon')).toEqual(['Book the night train'])
    expect(await contents(open, 'so*')).toEqual(['Soup'])
    expect(await contents(open, '*oon*')).toHaveLength(1)
    expect(await contents(open, 'soup eat')).toEqual([])
    expect(await contents(open, 'soup eat', { match: 'any' })).toHaveLength(2)
  })

  it('finds what its last word begins while it is typed', async () => {
    const { open } = await twoChats()
    expect(await contents(open, 'night tra', { typing: true })).toHaveLength(3)
    expect(await contents(open, 'night tra')).toEqual([])
    expect(await contents(open, 'night tra ', { typing: true })).toEqual([])
    expect((await search(open, 'so', { typing: true }))[0]!.highlights).toEqual([{ start: 0, end: 4 }])
    await expect(search(open, ' ', { typing: true })).rejects.toMatchObject({ code: 'invalid-value' })
  })

  it('forgives a typing mistake in each word when nothing is found as asked for, and says what it found', async () => {
    const { open } = await twoChats()
    const typos = true
    for (const step of ['pending', 'folded']) {
      expect(await contents(open, 'nihgt trian'), step).toEqual([])
      const hits = await search(open, 'nihgt trian', { typos })
      expect(hits.map((hit) => hit.message.timestamp)).toEqual([20, 15, 10])
      expect(hits[2]).toMatchObject({ highlights: [{ start: 9, end: 14 }, { start: 15, end: 20 }], corrections: [{ typed: 'nihgt', found: 'night' }, { typed: 'trian', found: 'train' }] })
      expect((await search(open, 'train nihgt', { typos, limit: 1 }))[0]!.corrections).toEqual([{ typed: 'nihgt', found: 'night' }])
      // Filters are part of what is asked for.
      expect(await contents(open, 'nihgt', { typos, senders: ['bob'] })).toEqual(['What do they eat on a train at night?'])
      expect(await contents(open, 'nihgt', { typos, sessionIds: [] })).toEqual([])
      expect(await contents(open, 'nihgt -full', { typos })).toHaveLength(2)
      // Any of the words is enough, so nothing is forgiven as long as one is there.
      expect(await contents(open, 'nihgt soup', { typos, match: 'any' })).toEqual(['Soup'])
      expect(await contents(open, 'nihgt suop', { typos, match: 'any', order: 'relevance' })).toHaveLength(4)
      for (const hit of await search(open, 'night train', { typos })) expect(hit).not.toHaveProperty('corrections')
      expect(await contents(open, '"nihgt train"', { typos })).toEqual([])
      expect((await search(open, 'book nihg', { typos, typing: true }))[0]!.corrections).toEqual([{ typed: 'nihg', found: 'night' }])
      await open.checkpoint()
      open.releaseMemory()
    }
  })

  it('keeps to its filters', async () => {
    const { open } = await twoChats()
    const numbers = async (options: SearchOptions): Promise<number[]> => (await search(open, 'train', options)).map((hit) => hit.message.timestamp)
    expect(await numbers({ sessionIds: ['food'] })).toEqual([15])
    expect(await numbers({ sessionIds: [] })).toEqual([])
    expect(await numbers({ participants: ['guide', 'ada'] })).toEqual([20, 10])
    expect(await numbers({ senders: ['guide', 'bob'] })).toEqual([20, 15])
    expect(await numbers({ types: ['user'] })).toEqual([15, 10])
    expect(await numbers({ from: 15, to: 15 })).toEqual([15])
    expect(await numbers({ limit: 1 })).toEqual([20])
    expect(await numbers({ limit: 0 })).toEqual([])
  })

  it('ranks by how much of the message the words are', async () => {
    const { open } = await twoChats()
    expect(await contents(open, 'train book', { match: 'any', order: 'relevance' })).toEqual([
      'Book the night train',
      'The night train is full; a day train goes at noon. The train is slow.',
      'What do they eat on a train at night?',
    ])
  })

  it('says what a message is worth, and takes away from it with age', async () => {
    const { open } = await twoChats()
    const scores = async (options: SearchOptions = {}): Promise<number[]> => (await search(open, 'train', { order: 'relevance', ...options })).map((hit) => hit.score!)
    const plain = await scores()
    expect(plain).toEqual(plain.toSorted((a, b) => b - a))
    expect((await search(open, 'train'))[0]).not.toHaveProperty('score')
    // Messages of the times 10, 15 and 20: one half-life old, half as old, new.
    const aged = new Map((await search(open, 'train', { order: 'relevance', recency: { halfLifeMs: 10, at: 20 } })).map((hit) => [hit.message.timestamp, hit.score!]))
    const before = new Map((await search(open, 'train', { order: 'relevance' })).map((hit) => [hit.message.timestamp, hit.score!]))
    expect(aged.get(20)).toBe(before.get(20))
    expect(aged.get(10)).toBeCloseTo(before.get(10)! * 0.75, 12)
    expect(aged.get(15)).toBeCloseTo(before.get(15)! * (0.5 + 0.5 * Math.SQRT1_2), 12)
  })

  it('finds by session, the best messages of each, and says how many there are', async () => {
    const { open } = await twoChats()
    const grouped = async (query: string, options: BySessionOptions = {}): Promise<unknown[]> => {
      const groups: unknown[] = []
      for await (const { session, matches, hits } of open.searchBySession(query, options)) groups.push([session?.id, matches, hits.map((hit) => hit.message.timestamp)])
      return groups
    }
    for (const step of ['pending', 'folded']) {
      expect(await grouped('train'), step).toEqual([['trains', 2, [20, 10]], ['food', 1, [15]]])
      expect(await grouped('train', { hitsPerSession: 1, limit: 1 })).toEqual([['trains', 2, [20]]])
      expect(await grouped('nihgt', { typos: true, senders: ['bob'] })).toEqual([['food', 1, [15]]])
      expect(await grouped('zeppelin')).toEqual([])
      expect((await open.searchPlaces('train')).map(({ timestamp }) => timestamp)).toEqual([20, 15, 10])
      await open.checkpoint()
      open.releaseMemory()
    }
  })

  it('finds in a chat log without a session, which no filter on sessions admits', async () => {
    const { open } = await twoChats()
    const log = await open.chatLogs.create()
    await open.chatLogs.append(log.id, message('A lonely train'))
    expect((await search(open, 'lonely'))[0]).not.toHaveProperty('session')
    expect(await search(open, 'lonely', { participants: [] })).toEqual([])
  })

  it('reads a long content whole, and shows a line of it', async () => {
    const { open } = await twoChats()
    const session = await open.sessions.create()
    const content = `${'padding words all along '.repeat(5000)}the needle ${'and more behind it '.repeat(5000)}`
    await open.chatLogs.append(session.chatLogId, message(content))
    for (const step of ['pending', 'folded']) {
      const [hit] = await search(open, 'needle')
      expect(hit?.message.content === content, step).toBe(true)
      expect(hit?.message.deferred).toBeUndefined()
      const [mark] = hit!.snippet.highlights
      expect(hit!.snippet.text.slice(mark!.start, mark!.end)).toBe('needle')
      expect(hit!.snippet.text.length).toBeLessThan(200)
      expect(hit!.snippet.text).toMatch(/^… \S.*\S …$/)
      await open.checkpoint()
      open.releaseMemory()
    }
  })

  it('gives what is true when it is given', async () => {
    const { open } = await twoChats()
    const seen: string[] = []
    for await (const hit of open.search('train')) {
      seen.push(hit.session!.id)
      if (seen.length === 1) await open.sessions.delete('food')
    }
    expect(seen).toEqual(['trains', 'trains'])
  })

  it('sees what another tab wrote', async () => {
    const { open, browser } = await twoChats()
    const other = await browser.tab()
    const { chatLogId } = (await other.sessions.get('food'))!
    await other.chatLogs.append(chatLogId!, message('dumplings'))
    await expect.poll(async () => contents(open, 'dumplings')).toEqual(['dumplings'])
  })

  it('refuses bad queries and options, and ends with the lock and the signal', async () => {
    const { open } = await twoChats()
    await expect(search(open, '')).rejects.toMatchObject({ code: 'invalid-value', details: { where: 'query' } })
    await expect(search(open, 3 as never)).rejects.toThrow(TypeError)
    for (const options of [{ limit: -1 }, { limit: 1.5 }, { from: NaN }, { order: 'best' }, { match: 'some' }, { order: 'relevance', recency: { halfLifeMs: 0 } }, { order: 'relevance', recency: { halfLifeMs: 1, at: NaN } }, { recency: { halfLifeMs: 1 } }]) await expect(search(open, 'train', options as never)).rejects.toThrow(RangeError)
    for (const options of [{ senders: 'ada' }, { sessionIds: 'x' }, { types: 'user' }, { participants: 'ada' }, { senders: [1] }, { participants: [null] }, { typing: 1 }, { typos: 'yes' }]) await expect(search(open, 'train', options as never)).rejects.toThrow(TypeError)
    for (const hitsPerSession of [0, 1.5, Infinity]) await expect(open.searchBySession('train', { hitsPerSession }).next()).rejects.toThrow(RangeError)
    await expect(open.searchPlaces('train', { limit: -1 })).rejects.toThrow(RangeError)
    await expect(search(open, 'train', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    const walk = open.search('train')
    await walk.next()
    await open.lock()
    await expect(walk.next()).rejects.toMatchObject({ code: 'locked' })
    await expect(search(open, 'train')).rejects.toMatchObject({ code: 'locked' })
  })
})

describe('random histories', () => {
  const WORDS = ['train', 'night', 'Straße', 'naïve', 'camelCase', '東京', 'soup', 'noon', 'a-b', '👍']
  const QUERIES = ['train', 'train night', '"train night"', 'strasse', 'naive soup', 'case', '京', 'no*', '*oup*', 'train -night', '"a b"', '👍', 'soup -"noon train"']

  it.each([1, 2, 3, 4, 5, 6])('seed %i: every query equals a scan of a plain Map', { timeout: 60_000 }, async (seed) => {
    let state = seed
    const below = (limit: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
      return (state >> 8) % limit
    }
    const text = (): string => Array.from({ length: 1 + below(6) }, () => WORDS[below(WORDS.length)]!).join(' ')
    const browser = testBrowser()
    let open = await browser.tab()
    const logs: string[] = []
    const truth = new Map<string, { log: string; id: string; content: string; timestamp: number; type: string }>()
    for (let step = 0; step < 150; step++) {
      const log = logs[below(Math.max(1, logs.length))]
      const known = [...truth.values()][below(Math.max(1, truth.size))]
      const action = below(20)
      if (log === undefined || action === 0) logs.push((await open.sessions.create()).chatLogId)
      else if (action < 12) {
        const saved = await open.chatLogs.append(log, { senderId: 'ada', type: below(2) === 0 ? 'user' : 'assistant', content: text(), timestamp: below(1000) })
        truth.set(saved.id, { log, ...saved })
      } else if (action < 14 && known !== undefined) {
        const content = text()
        await open.chatLogs.update(known.log, known.id, { content })
        truth.set(known.id, { ...known, content })
      } else if (action < 16 && known !== undefined) {
        await open.chatLogs.deleteMessage(known.log, known.id)
        truth.delete(known.id)
      } else if (action === 16 && logs.length > 2) {
        await open.chatLogs.delete(log)
        logs.splice(logs.indexOf(log), 1)
        for (const [id, entry] of truth) if (entry.log === log) truth.delete(id)
      } else if (action === 17) await open.checkpoint()
      else if (action === 18) open = await browser.tab()
      const query = QUERIES[below(QUERIES.length)]!
      const match = below(2) === 0 ? 'all' : 'any'
      const types = below(3) === 0 ? (['user'] as const) : undefined
      const order = below(2) === 0 ? 'recent' : 'relevance'
      const expected = [...truth.values()].filter(({ content, type }) => (types === undefined || type === 'user') && matchText(parseQuery(query), content, match).met)
      const hits = await search(open, query, { match, order, ...(types !== undefined && { types }) })
      expect(hits.map((hit) => hit.message.id).sort(), `${query} ${match}`).toEqual(expected.map(({ id }) => id).sort())
      if (order === 'recent') expect(hits.map((hit) => hit.message.timestamp)).toEqual(expected.map(({ timestamp }) => timestamp).sort((a, b) => b - a))
    }
  })
})
