// Chat logs and their messages: docs/specification.md, section 8.

import { expect } from 'vitest'
import { all, contents, row } from '../../kit/specification-rows.js'
import { message, outcomeOf } from '../../kit/vault-states.js'

row('S-8', 'a chat log is written, corrected and read', async ({ tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create()
  const [first, second] = await open.chatLogs.append(chatLogId, [message('one'), message('two')])
  await open.chatLogs.update(chatLogId, first!.id, { content: 'one, corrected' })
  await open.chatLogs.deleteMessage(chatLogId, second!.id)
  expect(contents(await open.chatLogs.read(chatLogId))).toEqual(['one, corrected'])
  expect(await open.chatLogs.count(chatLogId)).toBe(1)
})

row('S-8.1', 'every field of the structure is kept under its name, whatever its size', async ({ tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create()
  const picture = btoa(String.fromCharCode(...Array.from({ length: 60_000 }, (_, i) => (i * 31) % 256)))
  const messages = (['user', 'assistant', 'system'] as const).map((type, i) => ({ id: `m${i}`, senderId: 'ada', content: `${type} said`, timestamp: 1000 + i, type, metadata: { images: [picture, 'small'], commands: ['/book'], context: { from: 'Basel', to: ['Vienna'] } } }))
  await open.chatLogs.append(chatLogId, messages)
  await open.checkpoint()
  expect(await open.chatLogs.read(chatLogId)).toMatchObject(messages)
  expect(await open.chatLogs.getMessage(chatLogId, 'm1')).toMatchObject(messages[1]!)
})

row('S-8.2', 'the operations hold together: numbers stay, whatever is deleted', async ({ tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create()
  await open.chatLogs.append(chatLogId, ['a', 'b', 'c'].map((id) => ({ ...message(id), id })))
  await open.chatLogs.deleteMessage(chatLogId, 'b')
  const added = await open.chatLogs.append(chatLogId, message('d'))
  expect(added.number).toBe(3)
  expect((await open.chatLogs.read(chatLogId)).map(({ number }) => number)).toEqual([0, 2, 3])
})

row('S-8.2.1', 'appends to what is there, in the order of saving', async ({ tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create()
  await open.chatLogs.append(chatLogId, { ...message('first'), timestamp: 9000 })
  await open.chatLogs.append(chatLogId, { ...message('second'), timestamp: 10 })
  expect(contents(await open.chatLogs.read(chatLogId))).toEqual(['first', 'second'])
  expect(await outcomeOf(open.chatLogs.append('no log', message('lost')))).toBe('not-found')
})

row('S-8.2.2', 'many messages are one commit; many conversations are loaded at once', async ({ browser, tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create()
  const commits = (): number => browser.disk.rows('test', 'log').size
  const before = commits()
  await open.chatLogs.append(chatLogId, Array.from({ length: 200 }, (_, i) => message(`message ${i}`)))
  expect([commits() - before, await open.chatLogs.count(chatLogId)]).toEqual([1, 200])
  const conversations = Array.from({ length: 30 }, (_, i) => ({ session: { id: `loaded ${i}` }, messages: [message('one'), message('two')] }))
  expect(await open.load(conversations)).toMatchObject({ loaded: 30, messages: 60, skipped: 0 })
  expect(await open.load(conversations)).toMatchObject({ loaded: 0, skipped: 30 })
})

row('S-8.2.3', 'messages are searched by their words, and read around what was found', async ({ tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create({ id: 'a' })
  await open.chatLogs.append(chatLogId, Array.from({ length: 60 }, (_, i) => message(i === 30 ? 'the sleeper to Vienna' : `talk ${i}`)))
  const [hit] = await all(open.search('vienna sleeper'))
  expect(hit).toMatchObject({ session: { id: 'a' }, message: { number: 30 } })
  expect((await open.chatLogs.read(chatLogId, { around: hit!.message.number, limit: 4 })).map(({ number }) => number)).toEqual([28, 29, 30, 31])
  expect((await open.chatLogs.read(chatLogId, { before: 10, limit: 2 })).map(({ number }) => number)).toEqual([8, 9])
})
