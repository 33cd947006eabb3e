// Numbers about how a vault is used, on days and in hours that were chosen, and held against a count by hand.

import { expect, it } from 'vitest'
import { readStatistics } from '../../src/system/statistics.js'
import { testBrowser } from '../kit/tabs.js'
import { message } from '../kit/vault-states.js'

/** In the time zone of whoever runs this, as the numbers are. */
const at = (day: number, hour: number): number => new Date(2026, 10, day, hour, 30).getTime()

async function filled() {
  const open = await testBrowser().tab()
  const chats = [
    // The 23rd of November 2026 is a Monday.
    { id: 'a', createdAt: at(22, 23), participants: ['ada', 'guide', 'ada'], said: 3 },
    { id: 'b', createdAt: at(23, 0), participants: ['ada'], said: 0, state: 'archived' as const },
    { id: 'c', createdAt: at(23, 9), participants: ['ben', 'guide'], said: 1 },
    { id: 'd', createdAt: at(29, 9), participants: [], said: 8, state: 'inactive' as const },
  ]
  for (const { said, ...session } of chats) {
    const { chatLogId } = await open.sessions.create(session)
    await open.chatLogs.append(chatLogId, Array.from({ length: said }, (_, i) => ({ senderId: i % 2 === 0 ? 'ada' : 'guide', type: i % 2 === 0 ? ('user' as const) : ('assistant' as const), content: 'four', timestamp: session.createdAt + i })))
  }
  return open
}

it('says when sessions are begun, and how long they get', async () => {
  const open = await filled()
  const { sessions, messages } = await readStatistics(open, await open.sessions.list())
  expect(messages).toBeUndefined()
  expect(sessions).toMatchObject({
    total: 4,
    byState: { active: 2, inactive: 1, archived: 1 },
    createdByDay: [{ day: '2026-11-22', count: 1 }, { day: '2026-11-23', count: 2 }, { day: '2026-11-29', count: 1 }],
    createdByWeek: [{ day: '2026-11-16', count: 1 }, { day: '2026-11-23', count: 3 }],
    messages: { total: 12, mean: 3, median: 2, most: 8 },
    byParticipant: [{ id: 'ada', count: 2 }, { id: 'guide', count: 2 }, { id: 'ben', count: 1 }],
  })
  expect(sessions.createdByHour.flatMap((count, hour) => (count > 0 ? [[hour, count]] : []))).toEqual([[0, 1], [9, 2], [23, 1]])
})

it('says who writes how much, and when, of the sessions asked for', async () => {
  const open = await filled()
  const { chatLogId } = await open.sessions.create({ id: 'long' })
  await open.chatLogs.append(chatLogId, { ...message('x'.repeat(70_000)), timestamp: at(24, 5) })
  const nobody = await open.chatLogs.create()
  await open.chatLogs.append(nobody.id, message('of no session'))
  const chosen = (await open.sessions.list()).filter(({ id }) => id !== 'c')
  const { messages } = await readStatistics(open, chosen, { messages: true })
  expect(messages).toMatchObject({
    total: 12,
    characters: 70_000 + 11 * 4,
    byType: { user: 7, assistant: 5, system: 0 },
    bySender: [{ id: 'ada', count: 7 }, { id: 'guide', count: 5 }],
    byDay: [{ day: '2026-11-22', count: 3 }, { day: '2026-11-24', count: 1 }, { day: '2026-11-29', count: 8 }],
  })
  expect([messages!.byHour[23], messages!.byHour[5], messages!.byHour[9]]).toEqual([3, 1, 8])
})

it('of nothing are zeros, and can be given up', async () => {
  const open = await testBrowser().tab()
  expect((await readStatistics(open, [], { messages: true })).sessions.messages).toEqual({ total: 0, mean: 0, median: 0, most: 0 })
  await open.sessions.create()
  await expect(readStatistics(open, [], { messages: true, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
})
