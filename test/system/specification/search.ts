// Search: docs/specification.md, sections 3.3 and 9.

import { expect } from 'vitest'
import type { UnlockedVault } from '../../../src/index.js'
import { all, idsOf, row } from '../../kit/specification-rows.js'
import { message } from '../../kit/vault-states.js'

async function filled(open: UnlockedVault): Promise<UnlockedVault> {
  const sessions = [
    { id: 'alps-1', title: 'Night train to Zürich', keywords: ['sleeper', 'berth'], participants: ['ada', 'guide'], createdAt: 1000, lastActivityAt: 1000, said: 'two berths in the sleeping car' },
    { id: 'alps-2', title: 'Hiking', keywords: ['train station', 'boots'], participants: ['ada'], createdAt: 2000, lastActivityAt: 5000, said: 'which boots for the glacier' },
    { id: 'sea', title: 'Ferry', keywords: ['harbour'], participants: ['ben', 'guide'], createdAt: 3000, lastActivityAt: 3000, said: 'is there a train to the harbour' },
  ]
  for (const { said, ...session } of sessions) {
    const { chatLogId } = await open.sessions.create(session)
    // Nothing that is said may make a session younger than it was.
    await open.chatLogs.append(chatLogId, { ...message(said), senderId: session.participants[0]!, timestamp: session.lastActivityAt })
    await open.sessions.update(session.id, { lastActivityAt: session.lastActivityAt })
  }
  return open
}

row('S-3.3', 'words, keywords, dates and participants, all in one question', async ({ tab }) => {
  const open = await filled(await tab())
  expect(idsOf(await open.sessions.list({ text: 'train', keyword: 'boot', activeFrom: 4000, participants: ['ada'] }))).toEqual(['alps-2'])
  expect((await all(open.search('train', { participants: ['guide'], from: 2000 }))).map(({ session }) => session?.id)).toEqual(['sea'])
})

row('S-3.3.1', 'the words of all messages are searched, and told by session', async ({ tab }) => {
  const open = await filled(await tab())
  expect((await all(open.search('train boots', { match: 'any' }))).map(({ session }) => session?.id)).toEqual(['alps-2', 'sea'])
  expect((await all(open.search('"sleeping car"'))).map(({ session }) => session?.id)).toEqual(['alps-1'])
  expect((await all(open.searchBySession('train'))).map(({ session, matches }) => [session?.id, matches])).toEqual([['sea', 1]])
})

row('S-3.3.2', 'sessions are chosen by keyword', async ({ tab }) => {
  const open = await filled(await tab())
  expect(idsOf(await open.sessions.list({ keyword: 'sleeper' }))).toEqual(['alps-1'])
  expect((await open.sessions.list({ keyword: 'nothing of the kind' })).length).toBe(0)
})

row('S-3.3.3', 'sessions and messages are chosen by dates, both ends included', async ({ tab }) => {
  const open = await filled(await tab())
  expect(idsOf(await open.sessions.list({ createdFrom: 2000, createdTo: 3000, order: 'oldest' }))).toEqual(['alps-2', 'sea'])
  expect((await all(open.search('train', { from: 3001 }))).length).toBe(0)
})

row('S-3.3.4', 'sessions and messages are chosen by who takes part', async ({ tab }) => {
  const open = await filled(await tab())
  expect(idsOf(await open.sessions.list({ participants: ['ada', 'guide'] }))).toEqual(['alps-1'])
  expect((await all(open.search('the', { participants: ['ada'] }))).map(({ session }) => session?.id)).toEqual(['alps-2', 'alps-1'])
})

row('S-9', 'searches over messages, sessions and brains find what is there and nothing else', async ({ tab }) => {
  const open = await filled(await tab())
  await open.brains.put({ entityId: 'guide', model: 'small', memories: ['likes trains'] })
  expect((await all(open.search('glacier'))).map(({ message: found }) => found.senderId)).toEqual(['ada'])
  expect((await all(open.search('hiking', { in: 'sessions' }))).map(({ session }) => session.id)).toEqual(['alps-2'])
  expect((await all(open.search('trains', { in: 'brains' }))).map(({ brain }) => brain.entityId)).toEqual(['guide'])
  expect((await all(open.search('submarine'))).length).toBe(0)
})

row('S-9.1', 'by title and by keyword, each session once, the best first', async ({ world: start }) => {
  const { system } = await start()
  await filled(system.vault)
  // "train" is in the title of one and in a keyword of the other; both also belong to "night train".
  expect((await system.searchSessions('train')).map(({ session, matched }) => [session.id, ...matched])).toEqual([['alps-1', 'title'], ['alps-2', 'keyword']])
  expect(idsOf(await system.storage.searchByTitle('TRAIN'))).toEqual(['alps-1'])
  expect(idsOf(await system.storage.searchSessions(['sleeper', 'berth', 'boots']))).toEqual(['alps-2', 'alps-1'])
  expect(idsOf((await system.vault.searchSessions('train')).map(({ session }) => session))).toEqual(['alps-1', 'alps-2'])
})

row('S-9.2', 'the capabilities of the list, all at once', async ({ tab }) => {
  const open = await filled(await tab())
  expect(idsOf(await open.sessions.list({ title: 'NIGHT', keyword: 'leep', idPrefix: 'alps', createdTo: 1500, participants: ['guide'] }))).toEqual(['alps-1'])
})

row('S-9.2.1', 'titles are found whatever the case, and without accents', async ({ tab }) => {
  const open = await filled(await tab())
  for (const title of ['zürich', 'ZURICH', 'night TRAIN']) expect(idsOf(await open.sessions.list({ title })), title).toEqual(['alps-1'])
})

row('S-9.2.2', 'part of a keyword is enough', async ({ tab }) => {
  const open = await filled(await tab())
  expect(idsOf(await open.sessions.list({ keyword: 'stat' }))).toEqual(['alps-2'])
  expect((await open.searchSessions('arbo')).map(({ session, matched }) => [session.id, ...matched])).toEqual([['sea', 'keyword']])
})

row('S-9.2.3', 'an id is found by how it begins, and not by its middle', async ({ tab }) => {
  const open = await filled(await tab())
  expect(idsOf(await open.sessions.list({ idPrefix: 'alps', order: 'oldest' }))).toEqual(['alps-1', 'alps-2'])
  expect((await open.searchSessions('alps-2')).map(({ session, matched }) => [session.id, ...matched])).toEqual([['alps-2', 'id']])
  expect((await open.sessions.list({ idPrefix: 'lps' })).length).toBe(0)
})

row('S-9.2.4', 'sessions by when they were begun or last used', async ({ tab }) => {
  const open = await filled(await tab())
  expect(idsOf(await open.sessions.list({ createdFrom: 1500 }))).toEqual(['alps-2', 'sea'])
  expect(idsOf(await open.sessions.list({ activeFrom: 3000, activeTo: 4999 }))).toEqual(['sea'])
})

row('S-9.2.5', 'all participants that are named must be there', async ({ tab }) => {
  const open = await filled(await tab())
  expect(idsOf(await open.sessions.list({ participants: ['guide'], order: 'oldest' }))).toEqual(['alps-1', 'sea'])
  expect((await open.sessions.list({ participants: ['ada', 'ben'] })).length).toBe(0)
})
