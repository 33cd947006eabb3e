// Numbers about a vault, all of them counted here and sent nowhere: docs/specification.md, section 15.

import { expect } from 'vitest'
import { CallMeter } from '../../../src/system/index.js'
import { all, row } from '../../kit/specification-rows.js'
import { message, outcomeOf } from '../../kit/vault-states.js'

/** In the time zone of whoever runs this, as the numbers are. */
const at = (day: number, hour: number): number => new Date(2026, 10, day, hour).getTime()

row('S-15', 'sizes and use are told by the vault itself', async ({ world: start }) => {
  const { system } = await start()
  await system.saveBatch([{ kind: 'save-session', session: { id: 'a' } }, { kind: 'append-messages', sessionId: 'a', messages: [message('one')] }])
  const { sessions } = await system.statistics()
  const { counts } = await system.vault.check()
  expect([sessions.total, sessions.messages.total]).toEqual([counts.sessions, counts.messages])
})

row('S-15.1.2', 'the size of the database, store by store, grows with what is in it', async ({ tab }) => {
  const open = await tab()
  const size = async (): Promise<number> => (await open.audit()).sealed.reduce((sum, { bytes }) => sum + bytes, 0)
  const before = await size()
  const { chatLogId } = await open.sessions.create()
  await open.chatLogs.append(chatLogId, Array.from({ length: 100 }, (_, i) => message(`${i} ${Math.random()}`)))
  await open.checkpoint()
  expect((await size()) - before).toBeGreaterThan(4000)
  expect((await open.audit()).sealed.find(({ where }) => where === 'pages')).toMatchObject({ rows: expect.any(Number) })
  // What the whole origin takes is for the browser to say; here there is none.
  expect(await open.storage()).toMatchObject({ kind: 'memory' })
})

row('S-15.2', 'use is counted from what is stored, when somebody asks', async ({ world: start }) => {
  const { system } = await start()
  expect((await system.statistics({ messages: true })).messages).toMatchObject({ total: 0 })
  await system.saveBatch([{ kind: 'save-session', session: { id: 'a', participants: ['ada'] } }, { kind: 'append-messages', sessionId: 'a', messages: [message('one')] }])
  expect(await system.statistics({ messages: true })).toMatchObject({ sessions: { total: 1, byParticipant: [{ id: 'ada', count: 1 }] }, messages: { total: 1, characters: 3 } })
})

row('S-15.2.1', 'when sessions are begun: by day, by week, by hour', async ({ world: start }) => {
  const { system } = await start()
  for (const [id, createdAt] of [['a', at(22, 23)], ['b', at(23, 9)], ['c', at(24, 9)]] as const) await system.storage.createSession({ id, createdAt })
  const { sessions } = await system.statistics()
  expect(sessions.createdByDay.map(({ count }) => count)).toEqual([1, 1, 1])
  expect(sessions.createdByWeek).toEqual([{ day: '2026-11-16', count: 1 }, { day: '2026-11-23', count: 2 }])
  expect([sessions.createdByHour[9], sessions.createdByHour[23]]).toEqual([2, 1])
})

row('S-15.2.2', 'how many messages: of a session, of whom, when', async ({ world: start }) => {
  const { system } = await start()
  for (const [id, said] of [['a', 5], ['b', 1]] as const) {
    const messages = Array.from({ length: said }, (_, i) => ({ ...message('four'), senderId: i === 0 ? 'guide' : 'ada', timestamp: at(23, 9) }))
    await system.saveBatch([{ kind: 'save-session', session: { id } }, { kind: 'append-messages', sessionId: id, messages }])
  }
  const { sessions, messages } = await system.statistics({ messages: true })
  expect(sessions.messages).toEqual({ total: 6, mean: 3, median: 3, most: 5 })
  expect(messages).toMatchObject({ total: 6, characters: 24, bySender: [{ id: 'ada', count: 4 }, { id: 'guide', count: 2 }], byDay: [{ day: '2026-11-23', count: 6 }] })
})

row('S-15.1', 'what the vault is asked, how long it takes, how large it is', async ({ world: start }) => {
  const { system } = await start({ measure: true })
  await system.vault.sessions.create()
  expect(system.metrics!.calls.map(({ name }) => name)).toContain('sessions.create')
  expect((await system.vault.audit()).sealed.length).toBeGreaterThan(0)
})

row('S-15.1.1', 'of every kind of question: how often, how long, the slowest', async ({ tab }) => {
  const meter = new CallMeter()
  const open = meter.measure(await tab())
  const { chatLogId } = await open.sessions.create()
  await open.chatLogs.append(chatLogId, message('needle'))
  for (let i = 0; i < 3; i++) await all(open.search('needle'))
  const search = meter.metrics().calls.find(({ name }) => name === 'search')!
  expect(search).toMatchObject({ calls: 3, running: 0, errors: {} })
  expect(search.slowestMs).toBeGreaterThan(0)
  expect(search.totalMs).toBeGreaterThanOrEqual(search.slowestMs)
  expect(search.medianMs).toBeLessThanOrEqual(search.p95Ms)
})

row('S-15.1.4', 'what failed, by its code, and how much of all that is', async ({ tab }) => {
  const meter = new CallMeter()
  const open = meter.measure(await tab())
  await open.sessions.create({ id: 'a' })
  expect(await outcomeOf(open.sessions.create({ id: 'a' }))).toBe('conflict')
  expect(meter.metrics()).toMatchObject({ errorRate: 0.5, calls: [{ name: 'sessions.create', calls: 2, errors: { conflict: 1 } }] })
})

row('S-15.2.3', 'which calls are used, and how often; what is in them is not kept', async ({ world: start }) => {
  const { system } = await start({ measure: true })
  await system.searchSessions('secret')
  await system.searchSessions('secret')
  await system.saveBatch([{ kind: 'set-preference', key: 'secret', value: 1 }])
  const used = new Map(system.metrics!.calls.map(({ name, calls }) => [name, calls]))
  expect([used.get('searchSessions'), used.get('transact'), used.has('exportArchive')]).toEqual([2, 1, false])
  expect(JSON.stringify(system.metrics)).not.toContain('secret')
})

row('S-15.2.4', 'what takes most time comes first', async ({ tab }) => {
  let now = 0
  const meter = new CallMeter(() => now)
  const plain = await tab()
  const open = meter.measure(plain)
  await open.preferences.get('theme')
  await open.transact(async () => void (now += 500))
  await open.preferences.list()
  expect(meter.metrics().calls[0]).toMatchObject({ name: 'transact', totalMs: 500, slowestMs: 500 })
  meter.reset()
  expect(meter.metrics().calls).toEqual([])
})

row('S-15.1.3', 'how often the index is asked, and how large it is', async ({ tab }) => {
  const meter = new CallMeter()
  const open = meter.measure(await tab())
  const { chatLogId } = await open.sessions.create()
  await open.chatLogs.append(chatLogId, Array.from({ length: 50 }, (_, i) => message(`needle ${i}`)))
  await open.checkpoint()
  const size = async (): Promise<number> => (await open.audit()).sealed.find(({ where }) => where === 'blocks')?.bytes ?? 0
  await open.rebuildIndex()
  expect(await size()).toBeGreaterThan(0)
  await open.searchPlaces('needle')
  await open.searchPlaces('needle')
  await open.suggest('nee')
  const used = new Map(meter.metrics().calls.map(({ name, calls }) => [name, calls]))
  expect([used.get('searchPlaces'), used.get('suggest'), used.get('search')]).toEqual([2, 1, undefined])
  // Without an index the same answers come from reading everything, and nothing of it lies on the disk.
  const without = await tab({ name: 'without', index: false })
  await without.preferences.set('theme', 'dark')
  await without.checkpoint()
  expect((await without.audit()).sealed.filter(({ where, rows }) => where === 'blocks' && rows > 0)).toEqual([])
})
