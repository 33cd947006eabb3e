// Engines bring their own Unicode tables and regular expressions: the table by hand holds in each, and in a vault in each.

import { afterAll, describe, expect, it } from 'vitest'
import { destroyVault, openVault } from '../../src/index.ts'
import { matchText } from '../../src/vault/search/words/match.ts'
import { parseForgiving, parseQuery } from '../../src/vault/search/words/query.ts'
import { TABLE, TYPING_TABLE, TYPOS_TABLE } from '../search/table.ts'

const ROWS = Object.values(TABLE).flat()
const NAME = `search ${crypto.randomUUID()}`
afterAll(() => destroyVault(NAME))

describe('texts and queries are cut alike', () => {
  it.each(Object.entries(TABLE))('%s', (_, rows) => {
    const wrong = rows.filter(([text, query, hit]) => matchText(parseQuery(query), text, 'all').met !== hit)
    expect(wrong).toEqual([])
  })
})

it('queries that are being typed, and mistyped ones, find what the tables say', () => {
  expect(Object.values(TYPING_TABLE).flat().filter(([text, query, hit]) => matchText(parseQuery(query, { typing: true }), text, 'all').met !== hit)).toEqual([])
  expect(Object.values(TYPOS_TABLE).flat().filter(([text, query, hit]) => matchText(parseForgiving(query, {}) ?? parseQuery(query), text, 'all').met !== hit)).toEqual([])
})

it('a vault finds what the table says, pending and folded', { timeout: 60_000 }, async () => {
  const vault = await openVault({ name: NAME })
  if (vault.state !== 'empty') throw new Error(vault.state)
  const open = await vault.create('correct horse battery staple')
  const session = await open.sessions.create()
  const saved = await open.chatLogs.append(session.chatLogId, ROWS.map(([content]) => ({ senderId: 'ada', type: 'user' as const, content })))
  for (const step of ['pending', 'folded']) {
    for (const [i, [, query, wanted]] of ROWS.entries()) {
      if (i % 4 !== 0) continue
      const found = new Set<string>()
      for await (const hit of open.search(query)) found.add(hit.message.id)
      expect(found.has(saved[i]!.id), `${step}: ${query}`).toBe(wanted)
    }
    expect((await open.suggest('the ni', { limit: 1 })).map(({ word }) => word), step).toEqual(['night'])
    const first = await open.search('nihgt trian to vien', { typing: true, typos: true, limit: 1 }).next()
    expect(first.value).toMatchObject({ message: { content: 'The night train to Vienna' }, corrections: [{ typed: 'nihgt', found: 'night' }, { typed: 'trian', found: 'train' }] })
    await open.checkpoint()
    open.releaseMemory()
  }
  await open.lock()
})
