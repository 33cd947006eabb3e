// What leaves a vault and comes into one: docs/specification.md, sections 3.4 and 10.

import { expect } from 'vitest'
import { createRecoveryCode, restoreVault, verifyArchive, type UnlockedVault } from '../../../src/index.js'
import { archiveOf, CODE } from '../../kit/devices.js'
import { memoryDirectory } from '../../kit/memory-directory.js'
import { bytesOf, jsonOf, type JsonExport } from '../../kit/archive-json.js'
import { contents, idsOf, row, textOf } from '../../kit/specification-rows.js'
import { message, outcomeOf } from '../../kit/vault-states.js'

async function filled(open: UnlockedVault): Promise<UnlockedVault> {
  for (const [id, who, at] of [['a', 'ada', 1000], ['b', 'ben', 2000], ['c', 'ada', 3000]] as const) {
    const { chatLogId } = await open.sessions.create({ id, chatLogId: `log ${id}`, participants: [who, 'guide'], title: `of ${who}`, createdAt: at })
    await open.chatLogs.append(chatLogId, [{ ...message(`${id} one`), timestamp: at }, { ...message(`${id} two`), timestamp: at + 10 }])
  }
  await open.brains.put({ entityId: 'guide', model: 'small' })
  await open.preferences.set('theme', 'dark')
  return open
}

const saidIn = ({ chatLogs }: JsonExport): string[] => chatLogs.flatMap(({ messages }) => messages.map(({ content }) => content as string))
const idsIn = ({ sessions }: JsonExport): string[] => sessions.map(({ id }) => id as string).sort()

row('S-3.4', 'what one vault gave out, another one takes in', async ({ tab }) => {
  const open = await filled(await tab())
  const archive = await archiveOf(open)
  const other = await tab({ name: 'other' })
  expect((await other.importArchive(archive, { recoveryCode: CODE })).counts).toMatchObject({ sessions: { added: 3 }, messages: { added: 6 }, brains: { added: 1 }, preferences: { added: 1 } })
  expect(idsIn(await jsonOf(await other.exportJson({ unprotected: true })))).toEqual(['a', 'b', 'c'])
})

row('S-3.4.1', 'everything comes out as JSON, only where it is said that nothing protects it', async ({ tab }) => {
  const open = await filled(await tab())
  await expect(open.exportJson({} as never)).rejects.toThrow(TypeError)
  const json = await jsonOf(await open.exportJson({ unprotected: true }))
  expect([json.sessions.length, json.chatLogs.length, saidIn(json).length, json.brains.length, json.preferences.length]).toEqual([3, 3, 6, 1, 1])
})

row('S-3.4.2', 'a part comes out when only that is asked for', async ({ tab }) => {
  const open = await filled(await tab())
  const { stream, report } = await open.exportArchive({ recoveryCode: CODE, sessionIds: ['b'], brains: true })
  await bytesOf(stream)
  expect((await report).counts).toMatchObject({ sessions: 1, messages: 2, brains: 1, preferences: 0 })
})

row('S-3.4.3', 'what is taken in is checked first, and nothing of what is wrong comes in', async ({ tab }) => {
  const open = await tab()
  const json = { version: 1, sessions: [{ id: 'a' }, { id: 'b', state: 'sleeping' }], chatLogs: [] }
  expect(await outcomeOf(open.importJson(JSON.stringify(json)))).toBe('invalid-value')
  expect(await open.sessions.count()).toBe(0)
  const damaged = (await archiveOf(await filled(await tab({ name: 'other' })))).slice()
  damaged[damaged.length >> 1]! ^= 1
  expect(await outcomeOf(open.importArchive(damaged, { recoveryCode: CODE }))).toBe('corrupt')
  expect(await open.sessions.count()).toBe(0)
})

row('S-3.4.4', 'a backup is verified, and a vault made of it', async ({ play, tab }) => {
  const directory = memoryDirectory()
  play({ snapshots: async () => directory })
  const open = await filled(await tab())
  await open.backup.setSecrets({ recoveryCode: CODE })
  const { name } = await open.backup.run({ to: 'snapshots' })
  const file = await open.backup.read('snapshots', name)
  expect((await verifyArchive(file, { recoveryCode: CODE })).counts).toMatchObject({ sessions: 3, messages: 6 })
  const { open: restored, report } = await restoreVault({ name: 'restored' }, file, { recoveryCode: CODE, newPassword: 'another one' })
  expect(report.counts.messages.added).toBe(6)
  expect(contents(await restored.chatLogs.read('log b'))).toEqual(['b one', 'b two'])
})

row('S-10', 'out and in again, and nothing is doubled', async ({ tab }) => {
  const open = await filled(await tab())
  const before = await jsonOf(await open.exportJson({ unprotected: true }))
  const report = await open.importArchive(await archiveOf(open), { recoveryCode: CODE })
  expect([report.counts.sessions.added, report.counts.messages.added, report.entries]).toEqual([0, 0, []])
  expect({ ...(await jsonOf(await open.exportJson({ unprotected: true }))), exportedAt: 0 }).toEqual({ ...before, exportedAt: 0 })
})

row('S-10.1', 'the form: a version, a time, and lists of sessions, chat logs with messages, and brains', async ({ tab }) => {
  const open = await filled(await tab())
  const json = await jsonOf(await open.exportJson({ unprotected: true }))
  expect(json).toMatchObject({
    version: 1,
    exportedAt: expect.any(Number),
    sessions: expect.arrayContaining([expect.objectContaining({ id: 'b', participants: ['ben', 'guide'] })]),
    chatLogs: expect.arrayContaining([expect.objectContaining({ id: 'log b', sessionId: 'b', messages: [expect.objectContaining({ content: 'b one' }), expect.anything()] })]),
    brains: [expect.objectContaining({ entityId: 'guide', model: 'small' })],
  })
})

row('S-10.2', 'the four choices hold together', async ({ tab }) => {
  const open = await filled(await tab())
  const json = await jsonOf(await open.exportJson({ unprotected: true, sessionIds: ['a', 'b'], participants: ['ada'], from: 1005, to: 5000 }))
  expect([json.sessions.map(({ id }) => id), saidIn(json)]).toEqual([['a'], ['a two']])
})

row('S-10.2.1', 'everything, in one encrypted file', async ({ tab }) => {
  const open = await filled(await tab())
  const { stream, report } = await open.exportArchive({ recoveryCode: await createRecoveryCode() })
  const bytes = await bytesOf(stream)
  expect((await report).counts).toMatchObject({ sessions: 3, chatLogs: 3, messages: 6, brains: 1, preferences: 1, missing: 0 })
  expect(new TextDecoder('latin1').decode(bytes)).not.toContain('of ada')
})

row('S-10.2.2', 'some sessions, with what belongs to them', async ({ tab }) => {
  const open = await filled(await tab())
  const json = await jsonOf(await open.exportJson({ unprotected: true, sessionIds: ['c'] }))
  expect([json.sessions.map(({ id }) => id), saidIn(json), json.brains ?? []]).toEqual([['c'], ['c one', 'c two'], []])
})

row('S-10.2.3', 'messages of a time, and the sessions they are in', async ({ tab }) => {
  const open = await filled(await tab())
  const json = await jsonOf(await open.exportJson({ unprotected: true, from: 1010, to: 2000 }))
  expect([idsIn(json), saidIn(json).sort()]).toEqual([['a', 'b'], ['a two', 'b one']])
})

row('S-10.2.4', 'sessions of a participant', async ({ tab }) => {
  const open = await filled(await tab())
  const json = await jsonOf(await open.exportJson({ unprotected: true, participants: ['ada'] }))
  expect(idsIn(json)).toEqual(['a', 'c'])
})

row('S-10.3', 'a look first: what an import would do, without doing it', async ({ tab }) => {
  const archive = await archiveOf(await filled(await tab()))
  const other = await tab({ name: 'other' })
  expect((await other.inspectArchive(archive, { recoveryCode: CODE })).counts).toMatchObject({ sessions: { added: 3 }, messages: { added: 6 } })
  expect(await other.sessions.count()).toBe(0)
  expect(await outcomeOf(other.importArchive(archive, { recoveryCode: await createRecoveryCode() }))).toBe('wrong-password')
})

row('S-10.3.1', 'what a newer version wrote is refused as such', async ({ tab }) => {
  const open = await tab()
  expect(await outcomeOf(open.importJson(JSON.stringify({ version: 2, sessions: [], chatLogs: [] })))).toBe('unsupported-version')
  const archive = (await archiveOf(open)).slice()
  // The version stands behind the name of the form.
  archive[7]! += 1
  expect(['unsupported-version', 'corrupt']).toContain(await outcomeOf(open.importArchive(archive, { recoveryCode: CODE })))
})

row('S-10.3.2', 'a bit that is changed, an end that is missing: nothing is taken over', async ({ tab }) => {
  const archive = await archiveOf(await filled(await tab()))
  const other = await tab({ name: 'other' })
  const flipped = archive.slice()
  flipped[archive.length - 40]! ^= 1
  expect(await outcomeOf(verifyArchive(flipped, { recoveryCode: CODE }))).toBe('corrupt')
  expect(['archive-truncated', 'corrupt']).toContain(await outcomeOf(other.importArchive(archive.slice(0, -100), { recoveryCode: CODE })))
  expect(await other.sessions.count()).toBe(0)
})

row('S-10.3.3', 'what is there already is told from what is new, message by message', async ({ tab }) => {
  const open = await filled(await tab())
  const archive = await archiveOf(open)
  await open.sessions.delete('a')
  await open.chatLogs.append('log b', message('b three'))
  const { counts } = await open.importArchive(archive, { recoveryCode: CODE })
  // What was deleted here stays deleted.
  expect([counts.sessions.added, counts.messages.added, idsOf(await open.sessions.list({ order: 'oldest' }))]).toEqual([0, 0, ['b', 'c']])
  expect(contents(await open.chatLogs.read('log b'))).toEqual(['b one', 'b two', 'b three'])
  expect((await open.importArchive(archive, { recoveryCode: CODE, restoreDeleted: true })).counts.sessions.added).toBe(1)
})

row('S-10.3.4', 'an archive of changes brings what came after the one before', async ({ tab }) => {
  const open = await filled(await tab())
  const whole = await archiveOf(open)
  await open.chatLogs.append('log b', message('b three'))
  await open.sessions.delete('c')
  const changes = await archiveOf(open, { since: whole.named! })
  const other = await tab({ name: 'other' })
  // Alone it would leave a gap.
  expect(await outcomeOf(other.importArchive(changes, { recoveryCode: CODE }))).toBe('conflict')
  await other.importArchive(whole, { recoveryCode: CODE })
  const { counts } = await other.importArchive(changes, { recoveryCode: CODE })
  expect([counts.messages.added, counts.sessions.deleted]).toEqual([1, 1])
  expect(await textOf(await other.exportJson({ unprotected: true }))).toContain('b three')
})
