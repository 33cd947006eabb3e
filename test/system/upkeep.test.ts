// What a world's system does with sessions and messages by itself, and what it shows of those that are deleted and can still be had back.

import { beforeEach, describe, expect, it, vi } from 'vitest'
import type * as opening from '../../src/vault/open-vault.js'
import { PersistenceSystem, type PersistenceOptions } from '../../src/system/index.js'
import { SmallWorld } from '../kit/small-world.js'
import { PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'
import { settle } from '../kit/vault-states.js'

let browser: TestBrowser
let clock = Date.now()

vi.mock('../../src/vault/open-vault.js', async (original) => {
  const real = await original<typeof opening>()
  return { ...real, openVault: (options: Parameters<typeof real.openVault>[0]) => real.openVaultIn(browser.environment, options) }
})

beforeEach(() => {
  browser = testBrowser()
  clock = Date.now()
})

const DAY = 86_400_000

async function started(options: PersistenceOptions = {}, world = new SmallWorld()) {
  const system = new PersistenceSystem(world, { ask: () => PASSWORD, flushEveryMs: 0, now: () => clock, ...options })
  world.addSystem(system, 'persistence')
  await system.init()
  const frames = async (count = 30): Promise<void> => {
    for (let i = 0; i < count; i++) {
      system.update(16)
      await settle(0)
    }
  }
  return { world, system, frames }
}

describe('upkeep', () => {
  it('archives and cleans up by its rules, once a day, and leaves what the world has open', async () => {
    const { world, system } = await started()
    for (const id of ['old', 'open', 'new']) {
      await system.vault.sessions.create({ id, title: id, createdAt: clock - 100 * DAY, lastActivityAt: clock - (id === 'new' ? 1 : 90) * DAY })
      const { chatLogId } = (await system.storage.session(id))!
      await system.vault.chatLogs.append(chatLogId!, [1, 2, 3].map((n) => ({ senderId: 'ada', type: 'user' as const, content: `${n}`, timestamp: clock - n * 40 * DAY })))
    }
    await system.destroy()
    void world

    const next = new SmallWorld()
    next.chats.open('open', 'ada')
    const restoring = vi.spyOn(next.chats, 'restore').mockImplementation(() => {})
    const again = await started({ upkeep: { archive: { inactiveForMs: 30 * DAY }, cleanUp: { olderThanMs: 100 * DAY } } }, next)
    expect(restoring).toHaveBeenCalled()
    await again.frames(60)
    expect(next.events.filter(({ kind }) => kind === 'upkeep')).toEqual([{ kind: 'upkeep', archived: 1, deletedSessions: 0, deletedMessages: 2 }])
    const states = async () => Object.fromEntries(await Promise.all(['old', 'open', 'new'].map(async (id) => [id, [(await again.system.storage.session(id))!.state, (await again.system.storage.messages(id)).length]] as const)))
    expect(await states()).toEqual({ old: ['archived', 2], open: ['active', 3], new: ['active', 2] })
    await again.frames()
    expect(next.events.filter(({ kind }) => kind === 'upkeep')).toHaveLength(1)
    next.chats.chats.delete('open')
    clock += DAY
    await again.frames(60)
    expect(await states()).toMatchObject({ open: ['archived', 2] })
  })

  it('of a rule that is none is refused before anything begins', () => {
    for (const upkeep of [{ cleanUp: {} }, { archive: {} }, { archive: { inactiveForMs: -1 } }]) expect(() => new PersistenceSystem(new SmallWorld(), { upkeep })).toThrow(/rule|inactiveForMs/)
  })
})

describe('a session that is deleted', () => {
  it('is hidden at once, had back while there is time, and gone afterwards, also over a restart', async () => {
    const { system, frames } = await started()
    for (const id of ['kept', 'back', 'gone']) await system.saveBatch([{ kind: 'save-session', session: { id, title: `the ${id} one`, keywords: ['train'] } }])
    await system.life.deletes.deleteSessions(['back', 'gone'], { undoMs: 10_000 })
    await frames(2)
    const seen = async (of = system) => [(await of.storage.sessions()).map(({ id }) => id), (await of.searchSessions('the')).map(({ session }) => session.id), (await of.storage.searchSessions(['train'])).map(({ id }) => id), await of.storage.session('gone')]
    expect(await seen()).toEqual([['kept'], ['kept'], ['kept'], undefined])
    await system.life.deletes.undo(['back'])
    await frames(2)
    expect((await system.storage.sessions()).map(({ id }) => id).sort()).toEqual(['back', 'kept'])
    await system.destroy()
    const next = await started()
    expect((await next.system.storage.sessions()).map(({ id }) => id).sort()).toEqual(['back', 'kept'])
    expect([...next.world.chats.chats.keys()].sort()).toEqual(['back', 'kept'])
    expect(await next.system.vault.sessions.get('gone')).toBeDefined()
    clock += 10_000
    await next.frames()
    expect([await next.system.vault.sessions.get('gone'), next.world.events.at(-1)]).toEqual([undefined, { kind: 'upkeep', archived: 0, deletedSessions: 1, deletedMessages: 0 }])
  })
})
