// The system as a whole: docs/specification.md, sections 0 to 5 without the features, which have files of their own.

import { expect } from 'vitest'
import { VaultError } from '../../../src/index.js'
import { PersistenceSystem, SessionStorage } from '../../../src/system/index.js'
import { all, contents, row, textOf } from '../../kit/specification-rows.js'
import { SmallWorld } from '../../kit/small-world.js'
import { PASSWORD } from '../../kit/tabs.js'

row('S-0', 'a world is kept, and comes back', async ({ world: start }) => {
  const { world, system, frames } = await start()
  world.chats.open('trip', 'ada', 'guide').title = 'Night train'
  world.chats.say('trip', 'Book the night train')
  await frames()
  await system.destroy()
  const again = new SmallWorld()
  await start({}, again)
  expect(again.saved()).toEqual(world.saved())
  expect(new PersistenceSystem(again)).toBeInstanceOf(PersistenceSystem)
})

row('S-1', 'sessions, chat logs, brains and data that come and go are all reached from one system', async ({ world: start }) => {
  const { system } = await start()
  await system.saveBatch([
    { kind: 'save-session', session: { id: 'a' } },
    { kind: 'append-messages', sessionId: 'a', messages: [{ senderId: 'ada', type: 'user', content: 'hello' }] },
    { kind: 'save-brain', brain: { entityId: 'guide', model: 'small' } },
  ])
  const text = await textOf(await system.exportJson({ unprotected: true }))
  await system.vault.sessions.delete('a')
  // What was deleted here comes back only where somebody says so.
  await system.vault.importJson(text, { restoreDeleted: true })
  expect(contents(await system.storage.messages('a'))).toEqual(['hello'])
  expect(await system.storage.brain('guide')).toMatchObject({ model: 'small' })
})

row('S-2', 'the component is there as long as the vault is open', async ({ world: start }) => {
  const { system } = await start()
  expect(system.storage).toBeInstanceOf(SessionStorage)
  await system.vault.lock()
  expect(() => system.storage).toThrow(expect.objectContaining({ code: 'locked' }))
})

row('S-2.1', 'every operation of the component reaches the vault', async ({ world: start }) => {
  const { system } = await start()
  const storage = new SessionStorage(system.vault)
  await storage.createSession({ id: 'a', title: 'Night train', keywords: ['sleeper'] })
  await storage.updateSession('a', { participants: ['ada'] })
  expect(await storage.session('a')).toMatchObject({ title: 'Night train', participants: ['ada'], state: 'active' })
  expect([await storage.searchByTitle('train'), await storage.searchSessions(['sleep']), await storage.sessions({ participants: ['ada'] })].map(([found]) => found?.id)).toEqual(['a', 'a', 'a'])
  expect((await storage.archiveSession('a')).state).toBe('archived')
  expect(await storage.deleteSession('a')).toBe(true)
  expect(await storage.chatLogs('a')).toEqual([])
})

row('S-3', 'the features of the list, one after the other, on one vault', async ({ tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create({ id: 'a', title: 'Night train' })
  await open.chatLogs.append(chatLogId, { senderId: 'ada', type: 'user', content: 'two berths to Vienna' })
  expect((await open.sessions.list({ title: 'night' })).map(({ id }) => id)).toEqual(['a'])
  expect((await all(open.search('vienna'))).map(({ message }) => message.senderId)).toEqual(['ada'])
  const json = JSON.parse(await textOf(await open.exportJson({ unprotected: true }))) as object
  expect(json).toMatchObject({ version: 1, sessions: [{ id: 'a' }] })
})

row('S-4', 'what a system depends on is said, and refused where it is missing', async ({ world: start }) => {
  for (const world of [undefined, {}, { query: () => [] }]) expect(() => new PersistenceSystem(world as never)).toThrow(TypeError)
  const world = new SmallWorld()
  world.systems.set('session', { activeSessions: 7 })
  await expect(start({}, world)).rejects.toThrow(TypeError)
})

row('S-4.1', 'entities are asked for by component, and their brains restored in place', async ({ world: start }) => {
  const { world, system } = await start()
  world.entities.set('guide', { id: 'guide', brain: { model: 'small', memories: ['likes trains'] } })
  world.entities.set('stone', { id: 'stone' })
  system.markBrainDirty('guide')
  await system.flush()
  await system.destroy()
  const again = new SmallWorld()
  const brain = { model: 'none yet' }
  again.entities.set('guide', { id: 'guide', brain })
  await start({}, again)
  expect(brain).toMatchObject({ model: 'small', memories: ['likes trains'] })
  expect(again.getSystem('persistence')).toMatchObject({ state: 'open' })
})

row('S-4.2', 'the session system is watched in every frame and given back what was going on', async ({ world: start }) => {
  const world = new SmallWorld()
  world.systems.delete('session')
  world.systems.set('talks', world.chats)
  const { system, frames } = await start({ sessionSystem: 'talks' }, world)
  world.chats.open('a', 'ada')
  world.chats.say('a', 'hel')
  expect(system.update(16)).toBeUndefined()
  await frames()
  world.chats.grow('a', 'lo')
  await frames()
  expect(contents(await system.storage.messages('a'))).toEqual(['hello'])
  await system.destroy()
  const again = new SmallWorld()
  await start({}, again)
  expect(again.chats.chats.get('a')?.messages.map(({ content }) => content)).toEqual(['hello'])
})

row('S-4.3', 'without a database the world starts and is told of it', async ({ play, world: start, tab }) => {
  const open = await tab()
  // Which of the browser's places the vault lies in; here it is a played one.
  expect(await open.storage()).toEqual({ kind: 'memory', why: 'a test' })
  play({ backend: () => ({ kind: 'memory', open: () => Promise.reject(new VaultError('storage-unavailable', 'private window')), list: async () => [], destroy: async () => {} }) as never })
  const { world, system } = await start()
  expect(system.state).toBe('unavailable')
  expect(world.troubles()).toMatchObject([{ task: 'open', error: { code: 'storage-unavailable' } }])
})

row('S-5', 'made with a world, added under its name, begun by init', async () => {
  const world = new SmallWorld()
  const system = new PersistenceSystem(world, { ask: () => PASSWORD })
  world.addSystem(system, 'persistence')
  expect(system.state).toBe('new')
  await system.init()
  expect([system.name, system.state, world.getSystem('persistence')]).toEqual(['persistence', 'open', system])
})
