// Finding sessions by title and keywords: which texts meet a query together, filters, orders, other scripts, and while the vault changes.

import { describe, expect, it } from 'vitest'
import type { SessionHit, SessionSearchOptions } from '../../src/vault/search/records/record-options.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { testBrowser } from '../kit/tabs.js'
import { message } from '../kit/vault-states.js'

type Options = Omit<SessionSearchOptions, 'in'>

async function search(open: UnlockedVault, query: string, options?: Options): Promise<SessionHit[]> {
  const hits: SessionHit[] = []
  for await (const hit of open.search(query, { in: 'sessions', ...options })) hits.push(hit)
  return hits
}
const ids = async (open: UnlockedVault, query: string, options?: Options): Promise<string[]> => (await search(open, query, options)).map((hit) => hit.session.id)

async function someSessions(): Promise<{ open: UnlockedVault; browser: ReturnType<typeof testBrowser> }> {
  const browser = testBrowser()
  const open = await browser.tab()
  await open.sessions.create({ id: 'paris', title: 'Trip to Paris', keywords: ['train', 'Gare de Lyon'], participants: ['ada', 'guide'], lastActivityAt: 30 })
  await open.sessions.create({ id: 'train', title: 'The night train, and how a train is built', keywords: ['engineering'], participants: ['bob', 'guide'], lastActivityAt: 20 })
  await open.sessions.create({ id: 'soup', title: 'Zwiebelsuppe à la Crème', keywords: ['cooking', '東京ラーメン', 'Straße'], participants: ['ada'], lastActivityAt: 10 })
  await open.sessions.create({ id: 'untitled', lastActivityAt: 40 })
  return { open, browser }
}

describe('a search in sessions', () => {
  it('finds by title or keyword, the most recent first, and says where', async () => {
    const { open } = await someSessions()
    const hits = await search(open, 'TRAIN')
    expect(hits.map((hit) => [hit.session.id, hit.field])).toEqual([['paris', { keyword: 0 }], ['train', 'title']])
    expect(hits[1]!.highlights).toEqual([{ start: 10, end: 15 }, { start: 27, end: 32 }])
    expect(hits[1]!.snippet).toEqual({ text: hits[1]!.session.title, highlights: hits[1]!.highlights })
    expect(hits[0]).toMatchObject({ snippet: { text: 'train', highlights: [{ start: 0, end: 5 }] }, session: { title: 'Trip to Paris', keywords: ['train', 'Gare de Lyon'] } })
  })

  it('takes the words from title and keywords together, a phrase from one of them', async () => {
    const { open } = await someSessions()
    expect(await ids(open, 'paris train')).toEqual(['paris'])
    expect(await ids(open, 'train lyon')).toEqual(['paris'])
    expect(await ids(open, 'paris soup')).toEqual([])
    expect(await ids(open, 'lyon cooking', { match: 'any' })).toEqual(['paris', 'soup'])
    expect(await ids(open, '"de lyon"')).toEqual(['paris'])
    expect(await ids(open, '"paris train"')).toEqual([])
    expect(await ids(open, '"train gare"')).toEqual([])
    expect(await ids(open, 'train -paris')).toEqual(['train'])
    expect(await ids(open, 'trip -lyon')).toEqual([])
    expect(await ids(open, 'trip -"paris lyon"')).toEqual(['paris'])
    expect(await ids(open, 'engin*')).toEqual(['train'])
    expect(await ids(open, '*gineer*')).toEqual(['train'])
    expect(await ids(open, 'engin')).toEqual([])
    expect(await ids(open, 'engin', { typing: true })).toEqual(['train'])
    expect(await ids(open, 'engin ', { typing: true })).toEqual([])
    expect((await search(open, 'engienering nigth', { typos: true })).map((hit) => [hit.session.id, hit.corrections])).toEqual([['train', [{ typed: 'engienering', found: 'engineering' }, { typed: 'nigth', found: 'night' }]]])
    expect((await search(open, 'train', { typos: true })).every((hit) => !('corrections' in hit))).toBe(true)
  })

  it.each([['creme', 'soup'], ['À LA', 'soup'], ['strasse', 'soup'], ['東京', 'soup'], ['ラーメン', 'soup'], ['"la crème"', 'soup']])('%s finds %s', async (query, id) => {
    const { open } = await someSessions()
    expect(await ids(open, query)).toEqual([id])
  })

  it('keeps to its filters', async () => {
    const { open } = await someSessions()
    expect(await ids(open, 'train', { sessionIds: ['train', 'soup'] })).toEqual(['train'])
    expect(await ids(open, 'train', { sessionIds: [] })).toEqual([])
    expect(await ids(open, 'train', { participants: ['guide', 'ada'] })).toEqual(['paris'])
    expect(await ids(open, 'train', { from: 20, to: 20 })).toEqual(['train'])
    expect(await ids(open, 'train', { from: 31 })).toEqual([])
    expect(await ids(open, 'train', { limit: 1 })).toEqual(['paris'])
    expect(await ids(open, 'train', { limit: 0 })).toEqual([])
  })

  it('ranks by how much of a session the words are', async () => {
    const { open } = await someSessions()
    await open.sessions.create({ id: 'long', title: `train ${'and so many other words '.repeat(20)}`, lastActivityAt: 99 })
    expect(await ids(open, 'train')).toEqual(['long', 'paris', 'train'])
    expect(await ids(open, 'train', { order: 'relevance' })).toEqual(['train', 'paris', 'long'])
    // The rarer word weighs more.
    expect(await ids(open, 'train cooking', { order: 'relevance', match: 'any', limit: 1 })).toEqual(['soup'])
  })

  it('tells equals apart by what was created last', async () => {
    const { open } = await someSessions()
    for (const id of ['a', 'b', 'c']) await open.sessions.create({ id, title: 'same', lastActivityAt: 5 })
    for (const order of ['recent', 'relevance'] as const) expect(await ids(open, 'same', { order })).toEqual(['c', 'b', 'a'])
  })

  it('sees what another tab wrote, what a transaction did, and nothing of one that failed', async () => {
    const { open, browser } = await someSessions()
    const other = await browser.tab()
    await other.sessions.update('soup', { title: 'Dumplings' })
    await expect.poll(async () => ids(open, 'dumplings')).toEqual(['soup'])
    await open.transact(async (tx) => {
      await tx.sessions.update('train', { keywords: ['dumplings'] })
      await tx.sessions.delete('soup')
    })
    expect(await ids(open, 'dumplings')).toEqual(['train'])
    await expect(open.transact(async (tx) => tx.sessions.delete('train').then(() => Promise.reject(new Error('no'))))).rejects.toThrow('no')
    expect(await ids(open, 'dumplings')).toEqual(['train'])
    // Titles that the vault derives are titles.
    const { chatLogId, id } = await open.sessions.create()
    await open.chatLogs.append(chatLogId, message('Dumplings again?'))
    await open.checkpoint()
    expect(await ids(open, 'dumplings', { order: 'relevance' })).toContain(id)
  })

  it.each(['recent', 'relevance'] as const)('gives what is true when it is given (%s)', async (order) => {
    const { open } = await someSessions()
    for (const id of ['one', 'two', 'three']) await open.sessions.create({ id, title: 'train', lastActivityAt: 100 })
    const walk = open.search('train', { in: 'sessions', order })
    expect(await walk.next()).toMatchObject({ value: { session: { id: 'three' }, field: 'title' } })
    await open.sessions.update('two', { title: 'bus' })
    await open.sessions.update('one', { title: '', keywords: ['a', 'slow train'] })
    expect(await walk.next()).toMatchObject({ value: { session: { id: 'one' }, field: { keyword: 1 }, highlights: [{ start: 5, end: 10 }] } })
    for (const { id } of await open.sessions.list()) await open.sessions.delete(id)
    expect(await walk.next()).toMatchObject({ done: true })
  })

  it('goes through many sessions', async () => {
    const { open } = await someSessions()
    await open.load(Array.from({ length: 1000 }, (_, i) => ({ session: { id: `s${i}`, title: `number ${i}`, keywords: i % 100 === 0 ? ['round'] : [], lastActivityAt: i }, messages: [] })))
    expect(await ids(open, 'round', { limit: 3 })).toEqual(['s900', 's800', 's700'])
    expect(await ids(open, 'number round', { order: 'relevance' })).toHaveLength(10)
  })

  it('refuses bad queries and options, and ends with the lock and the signal', async () => {
    const { open } = await someSessions()
    await expect(search(open, '')).rejects.toMatchObject({ code: 'invalid-value', details: { where: 'query' } })
    await expect(search(open, '-paris')).rejects.toMatchObject({ code: 'invalid-value' })
    await expect(search(open, 3 as never)).rejects.toThrow(TypeError)
    for (const options of [{ limit: -1 }, { limit: 1.5 }, { from: NaN }, { order: 'best' }, { match: 'some' }]) await expect(search(open, 'train', options as never)).rejects.toThrow(RangeError)
    for (const options of [{ senders: ['ada'] }, { types: ['user'] }]) await expect(search(open, 'train', options as never)).rejects.toThrow(new RangeError(`${Object.keys(options)[0]} has no meaning for a search in sessions`))
    for (const options of [{ sessionIds: 'x' }, { participants: 'ada' }]) await expect(search(open, 'train', options as never)).rejects.toThrow(TypeError)
    await expect(open.search('train', { in: 'preferences' as never }).next()).rejects.toThrow(RangeError)
    // What is undefined was not said.
    expect(await ids(open, 'train', { senders: undefined } as never)).toHaveLength(2)
    await expect(search(open, 'train', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    const stop = new AbortController()
    const stopped = open.search('train', { in: 'sessions', signal: stop.signal })
    await stopped.next()
    stop.abort(new Error('enough'))
    await expect(stopped.next()).rejects.toThrow('enough')
    const walk = open.search('train', { in: 'sessions' })
    await walk.next()
    await open.lock()
    await expect(walk.next()).rejects.toMatchObject({ code: 'locked' })
    await expect(search(open, 'train')).rejects.toMatchObject({ code: 'locked' })
  })
})
