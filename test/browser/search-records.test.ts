// Sessions, brains and keywords in every engine: each brings its own Unicode tables, and a store that answers in its own time.

import { afterAll, expect, it } from 'vitest'
import { destroyVault, openVault } from '../../src/index.ts'
import type { UnlockedVault } from '../../src/index.ts'

const NAME = `search records ${crypto.randomUUID()}`
afterAll(() => destroyVault(NAME))

async function all<T>(hits: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const hit of hits) found.push(hit)
  return found
}
const inSessions = async (open: UnlockedVault, query: string): Promise<unknown[]> => (await all(open.search(query, { in: 'sessions' }))).map(({ session, field }) => [session.id, field])
const inBrains = async (open: UnlockedVault, query: string): Promise<unknown[]> => (await all(open.search(query, { in: 'brains', order: 'relevance' }))).map(({ brain, path }) => [brain.entityId, path.join('.')])

it('sessions and brains are found, and keywords made, pending and folded', { timeout: 60_000 }, async () => {
  const vault = await openVault({ name: NAME })
  if (vault.state !== 'empty') throw new Error(vault.state)
  const open = await vault.create('correct horse battery staple')
  await open.sessions.create({ id: 'paris', title: 'Trip to Paris', keywords: ['train', 'Crème brûlée'] })
  await open.sessions.create({ id: 'tokyo', title: '東京ラーメン', keywords: ['Straße'] })
  const session = await open.sessions.create({ id: 'talk' })
  await open.chatLogs.append(session.chatLogId, ['Le café, un café', 'Ночной поезд, поезд', 'un café и поезд'].map((content) => ({ senderId: 'ada', type: 'user' as const, content })))
  const long = `${'padding words all along '.repeat(5000)}the Nadel ${'and more behind it '.repeat(5000)}`
  await open.brains.put({ entityId: 'guide', model: 'oracle', configuration: { voice: { name: 'Zoë' } }, memories: ['Ada likes trains', { text: 'กรุงเทพ' }, long] })
  for (const step of ['pending', 'folded']) {
    expect(await inSessions(open, 'paris train'), step).toEqual([['paris', 'title']])
    expect(await inSessions(open, 'creme')).toEqual([['paris', { keyword: 1 }]])
    expect(await inSessions(open, 'STRASSE 東京')).toEqual([['tokyo', 'title']])
    expect(await inSessions(open, '"paris train"')).toEqual([])
    expect(await inBrains(open, 'zoe')).toEqual([['guide', 'configuration.voice.name']])
    expect(await inBrains(open, 'กรุงเทพ')).toEqual([['guide', 'memories.1.text']])
    expect(await inBrains(open, 'nadel')).toEqual([['guide', 'memories.2']])
    expect(await inBrains(open, 'oracle nothing')).toEqual([])
    expect((await open.searchSessions('BRULEE')).map(({ session: { id }, matched }) => [id, matched])).toEqual([['paris', ['keyword']]])
    expect((await open.searchSessions('tok')).map(({ matched }) => matched)).toEqual([['id']])
    expect(await open.generateKeywords({ perSession: 2 })).toEqual({ changed: step === 'pending' ? 1 : 0, unchanged: step === 'pending' ? 0 : 1, own: 2 })
    expect([...(await open.sessions.get('talk'))!.keywords].sort()).toEqual(['café', 'поезд'])
    await open.checkpoint()
    open.releaseMemory()
  }
  await open.lock()
})
