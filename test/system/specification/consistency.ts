// What holds whatever happens, and who is right when two changed the same: docs/specification.md, section 13.

import { expect, vi } from 'vitest'
import { openVault, type Conflict, type UnlockedVault } from '../../../src/index.js'
import { SessionLife } from '../../../src/system/index.js'
import { archiveOf, CODE } from '../../kit/devices.js'
import { contents, idsOf, row, type Stage } from '../../kit/specification-rows.js'
import { PASSWORD } from '../../kit/tabs.js'
import { message, outcomeOf } from '../../kit/vault-states.js'

const PATIENCE = { timeout: 10_000, interval: 20 }

/** Two devices with the same vault, each of which changed it since. */
async function apart({ tab }: Stage, here: (open: UnlockedVault) => Promise<unknown>, there: (open: UnlockedVault) => Promise<unknown>) {
  const mine = await tab()
  await mine.sessions.create({ id: 'a', chatLogId: 'log', title: 'before', keywords: ['old'], participants: ['ada'] })
  await mine.chatLogs.append('log', { ...message('one'), id: 'm1' })
  await mine.preferences.set('theme', 'plain')
  const other = await tab({ name: 'other' })
  await other.importArchive(await archiveOf(mine), { recoveryCode: CODE })
  await here(mine)
  await new Promise((resolve) => setTimeout(resolve, 5))
  await there(other)
  return { mine, theirs: await archiveOf(other) }
}

/** An edit of a session that was shown before another tab changed its title and keywords. */
async function overtaken({ tab }: Stage) {
  const [here, there] = [await tab({ name: 'tabs' }), await tab({ name: 'tabs' })]
  const shown = await here.sessions.create({ id: 'a', title: 'before', keywords: ['old'] })
  await there.sessions.update('a', { title: 'theirs', keywords: ['old', 'theirs'] })
  return { shown, life: new SessionLife({ open: here, now: () => Date.now(), activeSessionIds: () => [] }) }
}

row('S-13', 'tabs that write at once all see the same, and nothing is lost', async ({ tab }) => {
  const tabs = [await tab(), await tab()] as const
  const { chatLogId } = await tabs[0].sessions.create()
  await Promise.all(tabs.flatMap((open, who) => Array.from({ length: 10 }, async (_, i) => open.chatLogs.append(chatLogId, message(`${who} ${i}`)))))
  // Tabs tell each other; a moment may pass.
  await vi.waitFor(async () => {
    const [here, there] = await Promise.all(tabs.map(async (open) => contents(await open.chatLogs.read(chatLogId))))
    expect(here).toEqual(there)
    expect([...here!].sort()).toEqual(Array.from({ length: 20 }, (_, i) => `${i < 10 ? 0 : 1} ${i % 10}`))
  }, PATIENCE)
})

row('S-13.1', 'several changes are one commit that other tabs see whole', async ({ tab }) => {
  const [here, there] = [await tab(), await tab()]
  await here.transact(async (tx) => {
    const { chatLogId } = await tx.sessions.create({ id: 'a', chatLogId: 'log' })
    await tx.chatLogs.append(chatLogId, message('one'))
    // Later steps see earlier ones.
    expect(await tx.chatLogs.count('log')).toBe(1)
  })
  await vi.waitFor(async () => expect(idsOf(await there.sessions.list())).toEqual(['a']), PATIENCE)
  expect(contents(await there.chatLogs.read('log'))).toEqual(['one'])
})

row('S-13.1.1', 'whole or not at all, valid, one after the other, and there after a power cut', async ({ browser, tab }) => {
  const open = await tab({ durability: 'strict' })
  await open.preferences.set('count', 0)
  const add = () =>
    open.transact(async (tx) => {
      const count = (await tx.preferences.get('count')) as number
      await tx.preferences.set('count', count + 1)
    })
  await Promise.all([add(), add(), add(), add()])
  const failed = open.transact(async (tx) => {
    await tx.preferences.set('count', 100)
    await tx.sessions.create({ id: '' })
  })
  expect(await outcomeOf(failed)).toBe('invalid-value')
  browser.disk.crash()
  expect(await (await tab()).preferences.get('count')).toBe(4)
})

row('S-13.1.2', 'what a function threw is undone in every kind of record', async ({ tab }) => {
  const open = await tab()
  await open.sessions.create({ id: 'a', chatLogId: 'log' })
  const undone = open.transact(async (tx) => {
    await tx.chatLogs.append('log', message('one'))
    await tx.sessions.delete('a')
    await tx.brains.put({ entityId: 'guide', model: 'small' })
    throw new Error('no')
  })
  await expect(undone).rejects.toThrow('no')
  expect([idsOf(await open.sessions.list()), await open.chatLogs.count('log'), await open.brains.list()]).toEqual([['a'], 0, []])
})

row('S-13.1.3', 'at its start a vault notices what is missing, and what a crash left', async ({ browser, play, tab }) => {
  const open = await tab()
  await open.preferences.set('precious', 1)
  await open.lock()
  const killed = await tab()
  expect(killed.uncleanStop).toBe(false)
  await killed.preferences.set('more', 1)
  browser.disk.crash({ dropUnsynced: 0 })
  // A browser that was started again: nothing holds a lock.
  play({ disk: browser.disk, homes: await browser.environment.homes() })
  const again = await tab()
  expect([again.uncleanStop, (await again.check()).ok]).toEqual([true, true])
  await again.preferences.set('more', 2)
  await again.lock()
  const log = browser.disk.rows('test', 'log')
  log.delete(Math.max(...(log.keys() as number[])))
  const vault = await openVault({ name: 'test' })
  if (vault.state !== 'locked') throw new Error(vault.state)
  await expect(vault.unlock(PASSWORD)).rejects.toMatchObject({ code: 'storage-lost', details: { missingCommits: 1 } })
})

row('S-13.1.4', 'values are checked before anything is written, and the field is named', async ({ tab }) => {
  const open = await tab()
  const { chatLogId } = await open.sessions.create()
  for (const [wrong, field] of [[{ type: 'robot' }, 'type'], [{ senderId: '' }, 'senderId'], [{ content: 7 }, 'content'], [{ timestamp: 'now' }, 'timestamp'], [{ metadata: { images: 'one' } }, 'metadata.images']] as const) {
    const refused = open.chatLogs.append(chatLogId, { ...message('hello'), ...wrong } as never)
    await expect(refused, field).rejects.toMatchObject({ code: 'invalid-value', details: { fields: [field] } })
  }
  expect(await open.chatLogs.count(chatLogId)).toBe(0)
})

row('S-13.2', 'where only one side changed something, that is kept without a question', async (stage) => {
  const { mine, theirs } = await apart(stage, (open) => open.chatLogs.append('log', message('mine')), (open) => open.sessions.update('a', { title: 'after' }))
  const asked: Conflict[] = []
  await mine.importArchive(theirs, { recoveryCode: CODE, onConflict: (conflict) => (asked.push(conflict), 'mine') })
  expect([asked, (await mine.sessions.get('a'))!.title, contents(await mine.chatLogs.read('log'))]).toEqual([[], 'after', ['one', 'mine']])
})

row('S-13.2.1', 'the later of two changes is kept, where nothing else is asked for', async (stage) => {
  const { mine, theirs } = await apart(stage, (open) => open.preferences.set('theme', 'dark'), (open) => open.preferences.set('theme', 'light'))
  await mine.importArchive(theirs, { recoveryCode: CODE })
  expect(await mine.preferences.get('theme')).toBe('light')
  const { shown, life } = await overtaken(stage)
  const { value, wasStale } = await life.edits.editSession('a', shown, { title: 'mine' }, { onConflict: 'last-write-wins' })
  expect([value!.title, wasStale]).toEqual(['mine', true])
})

row('S-13.2.2', 'chats are merged message by message, sessions field by field', async (stage) => {
  const { mine, theirs } = await apart(
    stage,
    async (open) => {
      await open.sessions.update('a', { title: 'mine', participants: ['ada', 'ben'] })
      await open.chatLogs.append('log', message('mine'))
    },
    async (open) => {
      await open.sessions.update('a', { keywords: ['theirs'] })
      await open.chatLogs.append('log', message('theirs'))
    },
  )
  await mine.importArchive(theirs, { recoveryCode: CODE, onConflict: 'keep-mine' })
  expect(await mine.sessions.get('a')).toMatchObject({ title: 'mine', participants: ['ada', 'ben'], keywords: ['theirs'] })
  expect(contents(await mine.chatLogs.read('log')).sort()).toEqual(['mine', 'one', 'theirs'])
  const { shown, life } = await overtaken(stage)
  const { value } = await life.edits.editSession('a', shown, { keywords: ['old', 'mine'], participants: ['ada'] }, { onConflict: 'merge' })
  expect(value).toMatchObject({ title: 'theirs', keywords: ['old', 'theirs', 'mine'], participants: ['ada'] })
})

row('S-13.2.3', 'the user is asked about each conflict, with both versions', async (stage) => {
  const { mine, theirs } = await apart(stage, (open) => open.sessions.update('a', { title: 'mine' }), (open) => open.sessions.update('a', { title: 'theirs' }))
  const asked: Conflict[] = []
  await mine.importArchive(theirs, { recoveryCode: CODE, onConflict: (conflict) => (asked.push(conflict), 'mine') })
  expect(asked).toMatchObject([{ kind: 'session', id: 'a', field: 'title', mine: { value: 'mine' }, theirs: { value: 'theirs' } }])
  expect((await mine.sessions.get('a'))!.title).toBe('mine')
  const { shown, life } = await overtaken(stage)
  const { value } = await life.edits.editSession('a', shown, { title: 'mine' }, { onConflict: ({ field, base, theirs: stored }) => ({ merged: { title: `${field}: ${String(base)}, ${String(stored?.value)}` } }) })
  expect(value!.title).toBe('title: before, theirs')
})

row('S-13.2.4', 'a conflict is known from versions, and named in the report', async (stage) => {
  const { mine, theirs } = await apart(stage, (open) => open.chatLogs.update('log', 'm1', { content: 'mine' }), (open) => open.chatLogs.update('log', 'm1', { content: 'theirs' }))
  const look = await mine.inspectArchive(theirs, { recoveryCode: CODE })
  expect(look.entries).toContainEqual(expect.objectContaining({ kind: 'message', id: 'm1', conflict: { kept: 'theirs' }, lost: 'mine' }))
  const report = await mine.importArchive(theirs, { recoveryCode: CODE, onConflict: 'keep-both' })
  expect([report.counts.messages.conflicted, contents(await mine.chatLogs.read('log')).sort()]).toEqual([1, ['mine', 'theirs']])
  const { shown, life } = await overtaken(stage)
  expect((await life.edits.editSession('a', shown, { title: 'mine' }, { onConflict: 'merge' })).conflicts).toEqual(['title'])
  // A second time there is nothing left to decide.
  expect((await mine.importArchive(theirs, { recoveryCode: CODE })).counts.messages.conflicted).toBe(0)
})
