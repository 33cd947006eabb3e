// Sessions: docs/specification.md, section 7.

import { expect } from 'vitest'
import { contents, idsOf, row } from '../../kit/specification-rows.js'
import { message, outcomeOf } from '../../kit/vault-states.js'

row('S-7', 'a session from its beginning to its end', async ({ tab }) => {
  const open = await tab()
  const { id, chatLogId } = await open.sessions.create({ participants: ['ada'] })
  await open.sessions.update(id, { title: 'Night train' })
  await open.sessions.archive(id)
  expect(await open.sessions.get(id)).toMatchObject({ title: 'Night train', state: 'archived' })
  expect([await open.sessions.delete(id), await open.sessions.delete(id)]).toEqual([true, false])
  expect(await open.chatLogs.get(chatLogId)).toBeUndefined()
})

row('S-7.1', 'every field of the structure is kept under its name', async ({ tab }) => {
  const open = await tab()
  const fields = { id: 's1', connectionId: 'c1', participants: ['player', 'ai'], state: 'inactive' as const, title: 'Night train', keywords: ['vienna', 'sleeper'], createdAt: 1000, lastActivityAt: 2000, chatLogId: 'l1' }
  await open.sessions.create(fields)
  await open.chatLogs.append('l1', [message('one'), message('two')])
  const { lastActivityAt, ...session } = (await open.sessions.get('s1'))!
  const { lastActivityAt: _, ...given } = fields
  expect(session).toMatchObject({ ...given, messageCount: 2 })
  expect(lastActivityAt).toBeGreaterThanOrEqual(2000)
  // A title that nobody gave comes from what was said; keywords from all that was.
  const own = await open.sessions.create()
  await open.chatLogs.append(own.chatLogId, message('Glaciers of Iceland'))
  await open.generateKeywords()
  expect(await open.sessions.get(own.id)).toMatchObject({ title: 'Glaciers of Iceland', keywords: expect.arrayContaining(['Iceland']) })
})

row('S-7.2', 'operations on sessions are commits: what was refused changed nothing', async ({ tab }) => {
  const open = await tab()
  await open.sessions.create({ id: 'a', title: 'before' })
  expect(await outcomeOf(open.sessions.update('a', { title: 'after', state: 'sleeping' as never }))).toBe('invalid-value')
  expect(await outcomeOf(open.sessions.update('nobody', { title: 'after' }))).toBe('not-found')
  expect(await open.sessions.get('a')).toMatchObject({ title: 'before', state: 'active' })
})

row('S-7.2.1', 'creates a session with metadata, and its chat log', async ({ tab }) => {
  const open = await tab()
  const made = await open.sessions.create({ participants: ['ada', 'guide'], title: 'Night train', keywords: ['sleeper'] })
  expect(made).toMatchObject({ participants: ['ada', 'guide'], title: 'Night train', keywords: ['sleeper'], state: 'active', messageCount: 0 })
  expect(await open.chatLogs.get(made.chatLogId)).toMatchObject({ sessionId: made.id })
})

row('S-7.2.2', 'updates state, and activity by itself and on demand', async ({ tab }) => {
  const open = await tab()
  const { id, chatLogId } = await open.sessions.create({ createdAt: 1000 })
  expect((await open.sessions.update(id, { state: 'inactive' })).state).toBe('inactive')
  await open.chatLogs.append(chatLogId, { ...message('later'), timestamp: 5000 })
  expect((await open.sessions.get(id))!.lastActivityAt).toBeGreaterThanOrEqual(5000)
  const far = Date.now() + 60_000
  await open.sessions.touch(id, far)
  // Activity never goes back.
  expect((await open.sessions.touch(id, 2000)).lastActivityAt).toBe(far)
})

row('S-7.2.4', 'deletes a session with all of its chat logs, and nothing else', async ({ tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create({ id: 'a' })
  await open.chatLogs.create({ id: 'second', sessionId: 'a' })
  await open.chatLogs.append('second', message('gone too'))
  const other = await open.sessions.create({ id: 'b' })
  await open.chatLogs.append(other.chatLogId, message('stays'))
  await open.sessions.delete('a')
  expect([await open.chatLogs.get(chatLogId), await open.chatLogs.get('second'), idsOf(await open.sessions.list())]).toEqual([undefined, undefined, ['b']])
  expect(contents(await open.chatLogs.read(other.chatLogId))).toEqual(['stays'])
})
