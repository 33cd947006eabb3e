// A world whose chats and brains are in the vault a moment later, and in the next world after that.

import { beforeEach, describe, expect, it, vi } from 'vitest'
import type * as opening from '../../src/vault/open-vault.js'
import { PersistenceSystem, type PersistenceOptions, type UnlockQuestion } from '../../src/system/index.js'
import { createMemoryDisk } from '../../src/stores/memory-disk.js'
import { VaultError } from '../../src/errors.js'
import { SmallWorld } from '../kit/small-world.js'
import { PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'
import { intercepted, settle } from '../kit/vault-states.js'

let browser: TestBrowser

vi.mock('../../src/vault/open-vault.js', async (original) => {
  const real = await original<typeof opening>()
  return { ...real, openVault: (options: Parameters<typeof real.openVault>[0]) => real.openVaultIn(browser.environment, options) }
})

beforeEach(() => {
  browser = testBrowser()
})

const ask = (): string => PASSWORD

async function started(options: PersistenceOptions = {}, world = new SmallWorld()) {
  const system = new PersistenceSystem(world, { ask, flushEveryMs: 0, ...options })
  world.addSystem(system, 'persistence')
  await system.init()
  const frames = async (count = 20): Promise<void> => {
    for (let i = 0; i < count; i++) {
      system.update(16)
      await settle(0)
    }
  }
  return { world, system, frames }
}

describe('a world', () => {
  it('comes back as it was: chats, their messages, brains of its entities', async () => {
    const { world, system } = await started()
    world.entities.set('guide', { id: 'guide', brain: { model: 'small', configuration: { mood: 'calm' }, memories: ['likes trains'] } })
    world.entities.set('stone', { id: 'stone' })
    const trip = world.chats.open('trip', 'ada', 'guide')
    world.chats.say('trip', 'Book the night train', { metadata: { commands: ['/book'], context: { from: 'Basel' } } })
    world.chats.say('trip', 'Done.', { senderId: 'guide', type: 'assistant' })
    trip.title = 'Night train'
    world.chats.open('empty', 'ada')
    system.markBrainDirty('guide')
    await system.flush()
    expect(system.isSaved).toBe(true)
    const before = world.saved() as { chats: unknown; entities: unknown }
    await system.destroy()

    const again = new SmallWorld()
    again.entities.set('guide', { id: 'guide', brain: { model: 'none yet' } })
    again.entities.set('stone', { id: 'stone' })
    await started({}, again)
    expect(again.saved()).toEqual(before)
    expect(again.events).toEqual([{ kind: 'restored', sessions: 2, brains: 1 }, { kind: 'state', state: 'open' }])
  })

  it('is written frame by frame, without anything being awaited in one', async () => {
    const { world, system, frames } = await started()
    world.chats.open('a', 'ada')
    for (let i = 0; i < 40; i++) world.chats.say('a', `message ${i}`)
    expect(system.update(16)).toBeUndefined()
    await frames()
    expect((await system.storage.messages('a')).map(({ content }) => content)).toEqual(Array.from({ length: 40 }, (_, i) => `message ${i}`))
    // Eight at a time.
    expect(world.events.flatMap((event) => (event.kind === 'saved' ? [event.messages] : []))).toEqual([8, 8, 8, 8, 8])
  })

  it('keeps a streamed answer as it grows, and what was changed elsewhere when it is told', async () => {
    const { world, system, frames } = await started()
    world.chats.open('a', 'ada', 'guide')
    world.chats.say('a', 'Where to?')
    world.chats.say('a', 'To', { type: 'assistant' })
    for (const word of [' Vienna', ' by', ' night']) {
      await frames(2)
      world.chats.grow('a', word)
    }
    const { messages } = world.chats.chats.get('a')!
    messages[0] = { ...messages[0]!, content: 'Where to, then?' }
    system.noteChange('a', messages[0].id)
    await system.flush()
    expect((await system.storage.messages('a')).map(({ content }) => content)).toEqual(['Where to, then?', 'To Vienna by night'])
  })

  it('may drop what it does not show any more: nothing of that is deleted', async () => {
    const { world, system } = await started()
    const chat = world.chats.open('a', 'ada')
    for (let i = 0; i < 30; i++) world.chats.say('a', `message ${i}`)
    await system.flush()
    chat.messages.splice(0, 25)
    chat.messages.push({ id: 'next', senderId: 'ada', type: 'user', content: 'the next', timestamp: 1 })
    await system.flush()
    chat.messages.splice(0)
    chat.messages.push({ id: 'after', senderId: 'ada', type: 'user', content: 'after all', timestamp: 2 })
    await system.flush()
    expect((await system.storage.messages('a')).map(({ id }) => id)).toEqual([...Array.from({ length: 30 }, (_, i) => `a-${i}`), 'next', 'after'])
  })

  it('that has left a session is not held on to, and one that comes again goes on where it was', async () => {
    const { world, system } = await started()
    for (let i = 0; i < 150; i++) {
      world.chats.chats.clear()
      world.chats.open(`chat ${i}`, 'ada')
      world.chats.say(`chat ${i}`, 'hello')
      await system.flush()
    }
    world.chats.chats.clear()
    world.chats.open('chat 0', 'ada')
    world.chats.say('chat 0', 'hello')
    world.chats.say('chat 0', 'again')
    await system.flush()
    expect((await system.storage.messages('chat 0')).map(({ content }) => content)).toEqual(['hello', 'again'])
    expect(world.troubles()).toEqual([])
  })

  it('that was restored writes nothing by itself', async () => {
    const { world, system } = await started()
    world.chats.open('a', 'ada')
    world.chats.say('a', 'hello')
    await system.flush()
    await system.destroy()
    const rows = browser.disk.rows('world', 'log').size
    const next = await started()
    await next.frames()
    expect([next.system.isSaved, browser.disk.rows('world', 'log').size]).toEqual([true, rows])
    next.world.chats.grow('a', ', world')
    next.world.chats.say('a', 'again')
    await next.system.flush()
    expect((await next.system.storage.messages('a')).map(({ content }) => content)).toEqual(['hello, world', 'again'])
  })

  it('with fewer messages than the vault restores the newest and says that there are older ones', async () => {
    const { world, system } = await started()
    world.chats.open('a', 'ada')
    for (let i = 0; i < 10; i++) world.chats.say('a', `message ${i}`)
    await system.flush()
    await system.destroy()
    const other = new SmallWorld()
    const seen = vi.spyOn(other.chats, 'restore')
    const next = await started({ restore: { messages: 3 } }, other)
    expect(seen.mock.calls[0]![0]).toMatchObject([{ hasOlder: true, messages: [{ content: 'message 7' }, { content: 'message 8' }, { content: 'message 9' }] }])
    expect(await next.system.storage.messages('a', { before: 'a-7', limit: 2 })).toMatchObject([{ content: 'message 5' }, { content: 'message 6' }])
  })

  it('with a session system that comes later, or restores nothing, is kept as well', async () => {
    const world = new SmallWorld()
    const chats = world.chats
    world.systems.delete('session')
    const { system, frames } = await started({}, world)
    await frames(2)
    const plain = { activeSessions: [] as unknown[] }
    world.systems.set('session', plain)
    plain.activeSessions.push(chats.open('late', 'ada'))
    chats.say('late', 'hello')
    await system.flush()
    expect(await system.storage.messages('late')).toHaveLength(1)
  })
})

describe('a vault', () => {
  it('is made with a key of the browser where nobody is asked, and opened by it', async () => {
    const first = await started({ ask: undefined })
    expect([first.system.state, (await first.system.vault.slots.list()).map(({ kind }) => kind)]).toEqual(['open', ['device']])
    await first.system.destroy()
    expect((await started({ ask: undefined })).system.state).toBe('open')
  })

  it('is asked for until it opens, or nobody wants to; what happens meanwhile waits', async () => {
    await (await started()).system.destroy()
    const answers = [undefined, 'wrong', '', { recoveryCode: 'no code' }, PASSWORD]
    const questions: UnlockQuestion[] = []
    const { world, system, frames } = await started({
      ask: (question) => {
        questions.push(question)
        return answers.shift()
      },
    })
    expect([system.state, world.events]).toEqual(['locked', [{ kind: 'state', state: 'locked' }]])
    expect(() => system.vault).toThrow(expect.objectContaining({ code: 'locked' }))
    world.chats.open('a', 'ada')
    world.chats.say('a', 'said while it was locked')
    await frames()
    await expect(system.flush()).rejects.toMatchObject({ code: 'locked' })
    await system.unlock()
    expect(questions).toMatchObject([{ kind: 'unlock', waysIn: ['password'] }, {}, { failed: { code: 'wrong-password' } }, { failed: { code: 'invalid-value' } }, { failed: { code: 'invalid-value' } }])
    await frames()
    expect((await system.storage.messages('a')).map(({ content }) => content)).toEqual(['said while it was locked'])
  })

  it('that is locked by its user, or in another tab, is told of and opened again', async () => {
    const { world, system, frames } = await started()
    world.chats.open('a', 'ada')
    world.chats.say('a', 'before')
    await system.vault.lock()
    expect(system.state).toBe('locked')
    world.chats.say('a', 'meanwhile')
    await frames()
    await system.init()
    await frames()
    expect((await system.storage.messages('a')).map(({ content }) => content)).toEqual(['before', 'meanwhile'])
  })

  it('that was wiped stays so: nothing is created over it', async () => {
    await (await started()).system.destroy()
    browser.disk.wipe('world')
    const { world, system } = await started()
    expect([system.state, world.events]).toEqual(['wiped', [{ kind: 'state', state: 'wiped' }]])
  })

  it('that cannot be reached is told of, and the world starts', async () => {
    browser = testBrowser({ backend: () => ({ kind: 'memory', open: () => Promise.reject(new VaultError('storage-unavailable', 'private window')), list: async () => [], destroy: async () => {} }) as never })
    const { world, system, frames } = await started()
    await frames(2)
    expect([system.state, world.events]).toMatchObject(['unavailable', [{ kind: 'trouble', task: 'open', willRetry: true, error: { code: 'storage-unavailable' } }, { kind: 'state', state: 'unavailable' }]])
  })
})

describe('what cannot be kept', () => {
  it('for the disk is full, is told once, tried again, and nothing is lost', async () => {
    let full = false
    let clock = 0
    const disk = createMemoryDisk()
    browser = testBrowser({ disk, backend: intercepted(disk, async (batch, send) => {
      if (full && batch.operations.some(({ store }) => store === 'log')) throw new VaultError('storage-full', 'the disk is full')
      return send()
    }) })
    const { world, system, frames } = await started({ now: () => clock })
    world.chats.open('a', 'ada')
    world.entities.set('guide', { id: 'guide', brain: { model: 'small' } })
    world.chats.say('a', 'one')
    system.markBrainDirty('guide')
    full = true
    await frames()
    expect(world.troubles()).toMatchObject([{ task: 'save', willRetry: true, error: { code: 'storage-full' } }])
    world.chats.say('a', 'two')
    world.chats.grow('a', ' and a half')
    clock += 1000
    await frames()
    expect(world.troubles()).toHaveLength(2)
    full = false
    await frames()
    expect(system.isSaved).toBe(false)
    clock += 2000
    await frames()
    expect(world.events.some(({ kind }) => kind === 'recovered')).toBe(true)
    expect((await system.storage.messages('a')).map(({ content }) => content)).toEqual(['one', 'two and a half'])
    expect(await system.storage.brain('guide')).toMatchObject({ model: 'small' })
  })

  it('of a session that the world has left meanwhile, is kept all the same', async () => {
    let full = false
    const live: { system?: PersistenceSystem } = {}
    const disk = createMemoryDisk()
    browser = testBrowser({ disk, backend: intercepted(disk, async (batch, send) => {
      if (!full || !batch.operations.some(({ store }) => store === 'log')) return send()
      await settle(0)
      // The world has left so many sessions that they are forgotten, but for what is on its way.
      live.system?.update(16)
      throw new VaultError('storage-full', 'the disk is full')
    }) })
    const { world, system } = await started()
    for (let i = 0; i < 80; i++) world.chats.open(`b${i}`, 'ada')
    world.chats.open('left', 'ada')
    await system.flush()
    world.chats.say('left', 'the last word')
    full = true
    live.system = system
    const flushing = system.flush()
    world.chats.chats.clear()
    await expect(flushing).rejects.toMatchObject({ code: 'storage-full' })
    full = false
    await system.flush()
    expect((await system.storage.messages('left')).map(({ content }) => content)).toEqual(['the last word'])
  })

  it('while several flushes are asked for, comes in the order in which it was said', async () => {
    let fails = 0
    const disk = createMemoryDisk()
    browser = testBrowser({ disk, backend: intercepted(disk, async (batch, send) => {
      if (batch.operations.some(({ store }) => store === 'log') && fails-- > 0) throw new VaultError('storage-full', 'the disk is full')
      return send()
    }) })
    const { world, system } = await started()
    world.chats.open('a', 'ada')
    for (let i = 0; i < 60; i++) world.chats.say('a', `${i}`)
    fails = 1
    const flushes = await Promise.allSettled([system.flush(), system.flush(), system.flush()])
    expect(flushes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
    expect((await system.storage.messages('a', { limit: 100 })).map(({ content }) => content)).toEqual(Array.from({ length: 60 }, (_, i) => `${i}`))
  })

  it('by any vault, is given up by name, and keeps nothing else from being kept', async () => {
    const { world, system } = await started()
    world.chats.open('a', 'ada')
    world.chats.say('a', 'one')
    world.chats.say('a', 'two', { metadata: { context: { call: () => 1 } } as never })
    world.chats.say('a', 'three', { senderId: '' })
    world.chats.say('a', 'four')
    world.chats.open('b', 'ada').title = 7 as never
    world.chats.say('b', 'five')
    for (const id of ['bad', 'good']) {
      world.entities.set(id, { id, brain: { model: id === 'bad' ? (7 as never) : 'small' } })
      system.markBrainDirty(id)
    }
    await system.flush()
    expect(world.troubles().map(({ sessionId, messageId, entityId, willRetry, error }) => [sessionId, messageId, entityId, willRetry, error.code])).toEqual([
      ['a', 'a-1', undefined, false, 'invalid-value'],
      ['a', 'a-2', undefined, false, 'invalid-value'],
      ['b', undefined, undefined, false, 'invalid-value'],
      [undefined, undefined, 'bad', false, 'invalid-value'],
    ])
    expect((await system.storage.messages('a')).map(({ content }) => content)).toEqual(['one', 'four'])
    expect((await system.storage.messages('b')).map(({ content }) => content)).toEqual(['five'])
    expect((await system.storage.brains()).map(({ entityId }) => entityId)).toEqual(['good'])
    expect(system.isSaved).toBe(true)
  })

  it('for its session was deleted, is told once and not made anew', async () => {
    const { world, system, frames } = await started()
    world.chats.open('a', 'ada')
    world.chats.say('a', 'one')
    await system.flush()
    await system.storage.deleteSession('a')
    world.chats.say('a', 'two')
    await system.flush()
    world.chats.say('a', 'three')
    await frames()
    expect(world.troubles()).toMatchObject([{ sessionId: 'a', willRetry: false, error: { code: 'not-found' } }])
    expect(await system.storage.sessions()).toEqual([])
  })
})

describe('a system', () => {
  it('of no world, or with options that make no sense, is none', () => {
    for (const world of [undefined, {}, { query: () => [] }, null]) expect(() => new PersistenceSystem(world as never)).toThrow(TypeError)
    expect(() => new PersistenceSystem(new SmallWorld(), { flushEveryMs: -1 })).toThrow(RangeError)
  })

  it('that was destroyed has written what waited, and does nothing more', async () => {
    const { world, system, frames } = await started()
    world.chats.open('a', 'ada')
    world.chats.say('a', 'the last word')
    system.update(16)
    await system.destroy()
    await system.destroy()
    world.chats.say('a', 'too late')
    await frames(2)
    await expect(system.init()).rejects.toThrow(TypeError)
    const next = await started()
    expect((await next.system.storage.messages('a')).map(({ content }) => content)).toEqual(['the last word'])
  })

  it('goes on when a listener throws', async () => {
    const { world, system } = await started()
    const heard: unknown[] = []
    const unheard = new Promise<unknown>((resolve) => process.once('uncaughtException', resolve))
    world.emit = () => {
      throw new Error('a bad listener')
    }
    system.subscribe((event) => heard.push(event))
    world.chats.open('a', 'ada')
    await system.flush()
    expect(await unheard).toMatchObject({ message: 'a bad listener' })
    expect(heard).toMatchObject([{ kind: 'saved' }])
  })

  it('saves a batch whole or not at all, and finds and exports what is there', async () => {
    const { system } = await started()
    await system.saveBatch([
      { kind: 'save-session', session: { id: 'a', title: 'Night train', keywords: ['vienna', 'sleeper'], participants: ['ada'] } },
      { kind: 'append-messages', sessionId: 'a', messages: [{ senderId: 'ada', type: 'user', content: 'Two berths' }] },
      { kind: 'save-brain', brain: { entityId: 'guide', model: 'small' } },
      { kind: 'set-preference', key: 'theme', value: 'dark' },
    ])
    await expect(system.saveBatch([{ kind: 'delete-session', sessionId: 'a' }, { kind: 'append-messages', sessionId: 'nobody', messages: [] }])).rejects.toMatchObject({ code: 'not-found' })
    await expect(system.saveBatch([{ kind: 'none' } as never])).rejects.toThrow(TypeError)
    expect((await system.searchSessions('night')).map(({ session }) => session.id)).toEqual(['a'])
    expect((await system.storage.searchByTitle('TRAIN')).map(({ id }) => id)).toEqual(['a'])
    expect((await system.storage.searchSessions(['vien', 'nothing'])).map(({ id }) => id)).toEqual(['a'])
    const text = await new Response(await system.exportJson({ unprotected: true })).text()
    expect(JSON.parse(text)).toMatchObject({ version: 1, sessions: [{ id: 'a' }], brains: [{ entityId: 'guide' }] })
    await system.saveBatch([{ kind: 'delete-session', sessionId: 'a' }, { kind: 'delete-brain', entityId: 'guide' }, { kind: 'delete-preference', key: 'theme' }])
    expect([await system.storage.sessions(), await system.storage.brains(), await system.storage.preference('theme')]).toEqual([[], [], undefined])
  })
})
