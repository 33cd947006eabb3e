// Which chat logs have what is searched for: how many messages, and the best of them.

import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Access } from '../../src/vault/core/access.js'
import { Slices } from '../../src/vault/core/slices.js'
import type { State } from '../../src/vault/core/state.js'
import type { Candidate } from '../../src/vault/search/messages/candidates.js'
import { findGroups } from '../../src/vault/search/messages/find-groups.js'
import { TextSearch } from '../../src/vault/search/messages/text-search.js'
import { testBrowser } from '../kit/tabs.js'
import { message } from '../kit/vault-states.js'
import { liveOf, wantedOf } from './kit/segments.js'

afterEach(() => {
  vi.restoreAllMocks()
})

/** The least of three times, in milliseconds, that it takes to put the messages of so many chats together, none of which an index knows. */
async function timeFor(chats: number, each: number): Promise<number> {
  const found = Array.from({ length: chats * each }, (_, i): Candidate => ({ chatLogId: `log${i % chats}`, logNumber: i % chats, number: Math.floor(i / chats), timestamp: i, score: 0 }))
  vi.spyOn(TextSearch.prototype, 'candidates').mockReturnValue(found)
  let least = Infinity
  for (let round = 0; round < 3; round++) {
    const began = performance.now()
    const groups = await findGroups({} as Access, liveOf(), {} as State, wantedOf('word'), Infinity, 3)
    least = Math.min(least, performance.now() - began)
    expect(groups).toHaveLength(chats)
    expect(groups[0]).toMatchObject({ chatLogId: `log${chats - 1}`, matches: each })
    expect(groups[0]!.candidates.map(({ number }) => number)).toEqual([each - 1, each - 2, each - 3])
  }
  return least
}

describe('chat logs with what is searched for', () => {
  it('take no longer when one of them holds all of the messages', { timeout: 60_000 }, async () => {
    const many = await timeFor(800, 10)
    expect(await timeFor(1, 8000)).toBeLessThan(10 * many)
  })

  it('may be deleted whenever the page has its turn', { timeout: 60_000 }, async () => {
    // At the first turn, at the second, and so on until the search has no more of them.
    for (let turn = 1, deleted = true; deleted; turn++) {
      const open = await testBrowser().tab()
      await open.load(Array.from({ length: 5 }, (_, i) => ({ session: { id: `s${i}` }, messages: [message(`word ${i}`)] })))
      await open.checkpoint()
      let turns = 0
      deleted = false
      const breathe = vi.spyOn(Slices.prototype, 'breathe').mockImplementation(async () => {
        if (++turns !== turn) return
        deleted = true
        for (let i = 0; i < 5; i++) if (i !== 2) await open.sessions.delete(`s${i}`)
      })
      const found: string[] = []
      for await (const { session } of open.searchBySession('word')) found.push(session!.id)
      breathe.mockRestore()
      expect(found, `turn ${turn}`).toEqual(deleted ? ['s2'] : ['s4', 's3', 's2', 's1', 's0'])
      await open.lock()
    }
  })
})
