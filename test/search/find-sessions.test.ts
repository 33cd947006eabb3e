// The search of a list of sessions, letter by letter: title, keywords, id, and which of them comes first.

import { describe, expect, it } from 'vitest'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { testBrowser } from '../kit/tabs.js'

const find = async (open: UnlockedVault, query: string): Promise<string[]> => (await open.searchSessions(query)).map(({ session, matched }) => `${session.id}: ${matched.join()}`)

async function someSessions(): Promise<{ open: UnlockedVault; browser: ReturnType<typeof testBrowser> }> {
  const browser = testBrowser()
  const open = await browser.tab()
  const sessions = [
    { id: 'a1', title: 'Trip to Paris', keywords: ['train', 'Crème brûlée'], lastActivityAt: 10 },
    { id: 'a2', title: 'The night train', keywords: ['trains', 'timetables'], lastActivityAt: 20 },
    { id: 'train-3', title: 'Straße und Schiene', keywords: ['東京', 'go'], lastActivityAt: 30 },
    { id: 'B4', title: '', keywords: ['train', 'paris', 'timetable'], lastActivityAt: 5 },
  ]
  for (const session of sessions) await open.sessions.create(session)
  return { open, browser }
}

describe('the search of a list of sessions', () => {
  it('finds parts of titles, without case and accents', async () => {
    const { open } = await someSessions()
    expect(await find(open, 'PAR')).toEqual(['a1: title', 'B4: keyword'])
    expect(await find(open, 'ght tra')).toEqual(['a2: title,keyword', 'a1: keyword', 'B4: keyword'])
    expect(await find(open, '  trip to  ')).toEqual(['a1: title'])
    expect(await find(open, 'strasse')).toEqual(['train-3: title'])
    expect(await find(open, 'STRAßE U')).toEqual(['train-3: title'])
  })

  it('finds parts of keywords by any word of three letters or more, of two signs where there are no spaces', async () => {
    const { open } = await someSessions()
    expect(await find(open, 'brulee')).toEqual(['a1: keyword'])
    expect(await find(open, 'ulé xyz')).toEqual(['a1: keyword'])
    expect(await find(open, 'go')).toEqual([])
    expect(await find(open, '東京')).toEqual(['train-3: keyword'])
    expect(await find(open, '東')).toEqual([])
  })

  it('finds by how the id begins, exactly', async () => {
    const { open } = await someSessions()
    expect(await find(open, 'a')).toContain('a2: title,id')
    expect(await find(open, 'B4')).toEqual(['B4: id'])
    expect(await find(open, 'b4')).toEqual([])
    expect(await find(open, '4')).toEqual([])
  })

  it('puts title before keyword before id, then more words, then the most recent', async () => {
    const { open } = await someSessions()
    expect(await find(open, 'train')).toEqual(['a2: title,keyword', 'a1: keyword', 'B4: keyword', 'train-3: id'])
    expect(await find(open, 'timetable paris')).toEqual(['B4: keyword', 'a2: keyword'])
    expect(await find(open, 'train paris')).toEqual(['a1: keyword', 'B4: keyword', 'a2: keyword'])
    expect((await open.searchSessions('train', { limit: 2 })).map(({ session }) => session.id)).toEqual(['a2', 'a1'])
    expect(await open.searchSessions('train', { limit: 0 })).toEqual([])
  })

  it('finds nothing for nothing', async () => {
    const { open } = await someSessions()
    for (const query of ['', '   ', 'zzz', '\u0301']) expect(await find(open, query), query).toEqual([])
  })

  it('gives the session whole, and follows changes in every tab', async () => {
    const { open, browser } = await someSessions()
    const other = await browser.tab()
    expect(await open.searchSessions('trip')).toEqual([{ session: await open.sessions.get('a1'), matched: ['title'] }])
    await other.sessions.update('a1', { title: 'Journey' })
    await expect.poll(async () => find(open, 'journey')).toEqual(['a1: title'])
    await open.sessions.delete('a1')
    expect(await find(open, 'journey')).toEqual([])
  })

  it('refuses bad options, the lock and the signal', async () => {
    const { open } = await someSessions()
    for (const limit of [-1, 1.5, NaN]) await expect(open.searchSessions('train', { limit })).rejects.toThrow(RangeError)
    await expect(open.searchSessions(undefined as never)).rejects.toThrow(TypeError)
    await expect(open.searchSessions('train', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    await open.lock()
    await expect(open.searchSessions('train')).rejects.toMatchObject({ code: 'locked' })
  })
})
