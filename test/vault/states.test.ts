// The states of a vault and the ways between them: opening, creating, unlocking, names, destruction.

import { afterEach, describe, expect, it, vi } from 'vitest'
import * as z from 'zod/mini'
import { VaultError } from '../../src/errors.js'
import type { Backend } from '../../src/stores/backend.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { createMemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import { destroyVaultIn, listVaultsIn } from '../../src/vault/open-vault.js'
import type { VaultEvent } from '../../src/vault/vault-events.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { PASSWORD, testBrowser } from '../kit/tabs.js'
import { lockedOf, message, outcomeOf, settle } from '../kit/vault-states.js'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('opening', () => {
  it('finds nothing, a locked vault, and nothing again after it was destroyed', async () => {
    const browser = testBrowser()
    const first = await browser.open()
    expect(first).toMatchObject({ state: 'empty', name: 'test' })
    await first.close()
    expect((await browser.open()).state).toBe('empty')
    await (await browser.tab()).lock()
    expect((await browser.open()).state).toBe('locked')
    await destroyVaultIn(browser.environment, 'test')
    expect((await browser.open()).state).toBe('empty')
  })

  it('writes nothing', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const before = browser.disk.unsynced('test').length
    await (await browser.open()).close()
    expect(browser.disk.unsynced('test')).toHaveLength(before)
    expect(browser.disk.rows('test', 'marks').size).toBe(0)
  })

  it('of a storage that does not open is unavailable, can be tried again, and is never empty', async () => {
    const disk = createMemoryDisk()
    const factory = memoryFactory(disk)
    let fails = true
    const browser = testBrowser({
      disk,
      backend: () => ({ ...factory, open: async (name) => (fails ? Promise.reject(new VaultError('storage-blocked', 'in the way')) : factory.open(name)) }),
    })
    const vault = await browser.open()
    if (vault.state !== 'unavailable') throw new Error(vault.state)
    expect(vault.error).toMatchObject({ code: 'storage-blocked' })
    expect((await vault.retry()).state).toBe('unavailable')
    fails = false
    expect((await vault.retry()).state).toBe('empty')
    await vault.close()
  })

  it('of a place that does not exist is unavailable', async () => {
    const browser = testBrowser({
      backend: () => {
        throw new VaultError('storage-unavailable', 'no place')
      },
    })
    expect(await browser.open()).toMatchObject({ state: 'unavailable', error: { code: 'storage-unavailable' } })
  })

  it('of a store that cannot be read is unavailable, and lets go of it', async () => {
    const disk = createMemoryDisk()
    const factory = memoryFactory(disk)
    const browser = testBrowser({
      disk,
      backend: () => ({ ...factory, open: async (name) => ({ ...(await factory.open(name)), read: async () => Promise.reject(new VaultError('storage-unavailable', 'no answer')) }) }),
    })
    expect((await browser.open()).state).toBe('unavailable')
    expect(disk.tabs.size).toBe(0)
  })

  it('of a database made by newer code is newer', async () => {
    const factory = memoryFactory(createMemoryDisk())
    const browser = testBrowser({ backend: () => ({ ...factory, open: async () => Promise.reject(new VaultError('unsupported-version', 'too new')) }) })
    expect(await browser.open()).toMatchObject({ state: 'newer', error: { code: 'unsupported-version' } })
  })

  it('passes on mistakes of the programmer as what they are', async () => {
    const browser = testBrowser()
    await expect(browser.open({ name: '' })).rejects.toThrow(RangeError)
    await expect(browser.open({ name: 'x'.repeat(129) })).rejects.toThrow(RangeError)
    await expect(browser.open({ name: 7 as never })).rejects.toThrow(TypeError)
    for (const idleMs of [0, -1, Number.NaN]) await expect(browser.open({ autoLock: { idleMs } })).rejects.toThrow(RangeError)
    await expect(browser.open({ cacheBytes: -1 })).rejects.toThrow(RangeError)
    expect(browser.disk.names()).toEqual([])
  })

  it('takes names that look like something else', async () => {
    const browser = testBrowser()
    for (const name of ['__proto__', 'constructor', 'a/b', '🗝️', 'שלום', 'x'.repeat(128), 'a\u0000b']) {
      const vault = await browser.open({ name })
      if (vault.state !== 'empty') throw new Error(vault.state)
      const tab = await vault.create(PASSWORD)
      await tab.preferences.set('name', name)
      await tab.lock()
    }
    for (const name of ['__proto__', 'a/b', '🗝️']) {
      const vault = await browser.open({ name })
      if (vault.state !== 'locked') throw new Error(vault.state)
      const tab = await vault.unlock(PASSWORD)
      expect(await tab.preferences.get('name')).toBe(name)
      await tab.lock()
    }
  })
})

describe('opening where a second home does not answer', () => {
  it('never says that there was no vault', async () => {
    const home = { ...memoryHome(), silent: true }
    expect((await testBrowser({ homes: [home] }).open()).state).toBe('unavailable')
    const disk = createMemoryDisk()
    await (await testBrowser({ disk }).tab()).lock()
    expect((await testBrowser({ disk, homes: [home] }).open()).state).toBe('locked')
  })
})

describe('creating', () => {
  it('from two tabs at once makes one vault and one conflict', async () => {
    const browser = testBrowser()
    const tabs = await Promise.all([browser.open(), browser.open(), browser.open()])
    const outcomes = await Promise.all(tabs.map(async (vault) => (vault.state === 'empty' ? outcomeOf(vault.create(PASSWORD)) : vault.state)))
    expect(outcomes.sort()).toEqual(['conflict', 'conflict', 'resolved'])
    expect((await browser.open()).state).toBe('locked')
    expect(await (await browser.tab()).check()).toMatchObject({ ok: true })
  })

  it('over a vault that was made meanwhile is a conflict and changes nothing', async () => {
    const browser = testBrowser()
    const late = await browser.open()
    const tab = await browser.tab()
    await tab.preferences.set('kept', 1)
    await tab.checkpoint()
    if (late.state !== 'empty') throw new Error(late.state)
    await expect(late.create('another password')).rejects.toMatchObject({ code: 'conflict' })
    await tab.lock()
    expect(await (await browser.tab()).preferences.get('kept')).toBe(1)
  })

  it('ends with the reason of an aborted signal, and leaves nothing', async () => {
    const browser = testBrowser()
    const vault = await browser.open()
    if (vault.state !== 'empty') throw new Error(vault.state)
    const reason = new Error('changed my mind')
    await expect(vault.create(PASSWORD, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const creating = vault.create(PASSWORD, { signal: controller.signal })
    controller.abort(reason)
    await expect(creating).rejects.toBe(reason)
    expect((await browser.open()).state).toBe('empty')
  })
})

describe('unlocking', () => {
  it('while it is being unlocked is busy, and the first goes on', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const locked = await lockedOf(browser)
    const first = locked.unlock(PASSWORD)
    await expect(locked.unlock(PASSWORD)).rejects.toMatchObject({ code: 'busy' })
    expect((await first).state).toBe('unlocked')
  })

  it('may be tried again after a wrong password', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const locked = await lockedOf(browser)
    for (const wrong of ['wrong', `${PASSWORD} `, PASSWORD.toUpperCase()]) await expect(locked.unlock(wrong)).rejects.toMatchObject({ code: 'wrong-password' })
    expect((await locked.unlock(PASSWORD)).state).toBe('unlocked')
  })

  it('is beaten by lock()', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const locked = await lockedOf(browser)
    const pending = locked.unlock(PASSWORD)
    locked.lock()
    await expect(pending).rejects.toMatchObject({ code: 'locked' })
    locked.lock()
    await settle()
    expect(browser.disk.rows('test', 'marks').size).toBe(0)
    expect((await locked.unlock(PASSWORD)).state).toBe('unlocked')
  })

  it('is beaten by a lock in another tab', async () => {
    const disk = createMemoryDisk()
    const browser = testBrowser({ disk })
    const other = await browser.tab()
    const holds: Promise<void>[] = []
    let go = (): void => {}
    const factory = memoryFactory(disk)
    const slow = testBrowser({
      disk,
      openChannel: browser.environment.openChannel,
      backend: () => ({
        ...factory,
        open: async (name) => {
          const backend = await factory.open(name)
          const read: Backend['read'] = async (requests) => (await Promise.all(holds), backend.read(requests))
          return { ...backend, read }
        },
      }),
    })
    const locked = await lockedOf(slow)
    holds.push(new Promise((resolve) => (go = resolve)))
    const pending = outcomeOf(locked.unlock(PASSWORD))
    await other.lock()
    await settle()
    expect(await pending).toBe('locked')
    go()
  })

  it('ends with the reason of a signal that is aborted meanwhile', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const locked = await lockedOf(browser)
    const controller = new AbortController()
    const reason = new Error('gone')
    const pending = locked.unlock(PASSWORD, { signal: controller.signal })
    controller.abort(reason)
    await expect(pending).rejects.toBe(reason)
    expect((await locked.unlock(PASSWORD, { signal: new AbortController().signal })).state).toBe('unlocked')
  })

  it('is ended by close()', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const locked = await lockedOf(browser)
    const pending = outcomeOf(locked.unlock(PASSWORD))
    await locked.close()
    expect(await pending).toBe('locked')
    await expect(locked.unlock(PASSWORD)).rejects.toMatchObject({ name: 'VaultError' })
  })
})

const notes = { schema: z.string(), searchable: (note: string) => [note] }

/** Every call of the open vault that a locked one must refuse. A method missing here fails the test below. */
const calls: Record<string, (vault: UnlockedVault) => Promise<unknown>> = {
  transact: (vault) => vault.transact(async () => 1),
  load: (vault) => vault.load([]),
  exportArchive: (vault) => vault.exportArchive({ password: PASSWORD }),
  importArchive: (vault) => vault.importArchive(new Uint8Array(0), { password: PASSWORD }),
  inspectArchive: (vault) => vault.inspectArchive(new Uint8Array(0), { password: PASSWORD }),
  importJson: (vault) => vault.importJson('{}'),
  'backup.status': (vault) => vault.backup.status(),
  'backup.setSecrets': (vault) => vault.backup.setSecrets({ password: PASSWORD }),
  'backup.run': (vault) => vault.backup.run({ to: 'snapshots' }),
  'backup.list': (vault) => vault.backup.list('snapshots'),
  'backup.read': (vault) => vault.backup.read('snapshots', 'backup'),
  'backup.start': async (vault) => vault.backup.start({ to: 'snapshots' }),
  exportJson: (vault) => vault.exportJson({ unprotected: true }),
  changePassword: (vault) => vault.changePassword(PASSWORD, 'next'),
  audit: (vault) => vault.audit(),
  rotateKeys: (vault) => vault.rotateKeys(PASSWORD),
  'rotation.rotate': (vault) => vault.rotation.rotate(PASSWORD, {}),
  'rotation.continue': (vault) => vault.rotation.continue(),
  'rotation.pause': async (vault) => vault.rotation.pause(),
  'rotation.state': async (vault) => vault.rotation.state,
  'rotation.status': async (vault) => vault.rotation.status,
  createRecoveryCode: (vault) => vault.createRecoveryCode(PASSWORD),
  protect: (vault) => vault.protect(PASSWORD, 'next'),
  'cache.status': async (vault) => vault.cache.status(),
  'cache.resetCounts': async (vault) => vault.cache.resetCounts(),
  'slots.list': (vault) => vault.slots.list(),
  'slots.add': (vault) => vault.slots.add(PASSWORD, { kind: 'device' }),
  'slots.replace': (vault) => vault.slots.replace(PASSWORD, 'id', { kind: 'device' }),
  'slots.rename': (vault) => vault.slots.rename(PASSWORD, 'id', 'name'),
  'slots.remove': (vault) => vault.slots.remove(PASSWORD, 'id'),
  'slots.isUnprotected': (vault) => vault.slots.isUnprotected(),
  search: (vault) => vault.search('train').next(),
  searchBySession: (vault) => vault.searchBySession('train').next(),
  searchPlaces: (vault) => vault.searchPlaces('train'),
  searchSessions: (vault) => vault.searchSessions('train'),
  suggest: (vault) => vault.suggest('tra'),
  check: (vault) => vault.check(),
  checkpoint: (vault) => vault.checkpoint(),
  generateKeywords: (vault) => vault.generateKeywords(),
  rebuildIndex: (vault) => vault.rebuildIndex(),
  setAutoLock: async (vault) => vault.setAutoLock({}),
  'sessions.create': (vault) => vault.sessions.create(),
  'sessions.get': (vault) => vault.sessions.get('s'),
  'sessions.update': (vault) => vault.sessions.update('s', { title: 't' }),
  'sessions.touch': (vault) => vault.sessions.touch('s'),
  'sessions.archive': (vault) => vault.sessions.archive('s'),
  'sessions.delete': (vault) => vault.sessions.delete('s'),
  'sessions.list': (vault) => vault.sessions.list(),
  'sessions.count': (vault) => vault.sessions.count(),
  'chatLogs.create': (vault) => vault.chatLogs.create(),
  'chatLogs.get': (vault) => vault.chatLogs.get('c'),
  'chatLogs.list': (vault) => vault.chatLogs.list(),
  'chatLogs.delete': (vault) => vault.chatLogs.delete('c'),
  'chatLogs.append': (vault) => vault.chatLogs.append('c', message('m')),
  'chatLogs.update': (vault) => vault.chatLogs.update('c', 'm', { content: 'n' }),
  'chatLogs.deleteMessage': (vault) => vault.chatLogs.deleteMessage('c', 'm'),
  'chatLogs.deleteMessages': (vault) => vault.chatLogs.deleteMessages('c', ['m']),
  'chatLogs.getMessage': (vault) => vault.chatLogs.getMessage('c', 'm'),
  'chatLogs.count': (vault) => vault.chatLogs.count('c'),
  'chatLogs.read': (vault) => vault.chatLogs.read('c'),
  'chatLogs.messages': (vault) => vault.chatLogs.messages('c').next(),
  'chatLogs.readAll': (vault) => vault.chatLogs.readAll().next(),
  'brains.put': (vault) => vault.brains.put({ entityId: 'e', model: 'm' }),
  'brains.get': (vault) => vault.brains.get('e'),
  'brains.list': (vault) => vault.brains.list(),
  'brains.delete': (vault) => vault.brains.delete('e'),
  collection: (vault) => vault.collection('notes', notes).list(),
  'collection.add': (vault) => vault.collection('notes', notes).add('note'),
  'collection.put': (vault) => vault.collection('notes', notes).put('n', 'note'),
  'collection.update': (vault) => vault.collection('notes', notes).update('n', () => 'other'),
  'collection.get': (vault) => vault.collection('notes', notes).get('n'),
  'collection.delete': (vault) => vault.collection('notes', notes).delete('n'),
  'collection.count': (vault) => vault.collection('notes', notes).count(),
  'collection.list': (vault) => vault.collection('notes', notes).list(),
  'collection.items': (vault) => vault.collection('notes', notes).items().next(),
  'collection.search': (vault) => vault.collection('notes', notes).search('note').next(),
  'preferences.set': (vault) => vault.preferences.set('k', 1),
  'preferences.get': (vault) => vault.preferences.get('k'),
  'preferences.delete': (vault) => vault.preferences.delete('k'),
  'preferences.list': (vault) => vault.preferences.list(),
}
/** Safe on a locked vault, for they touch no content. */
const HARMLESS = ['lock', 'subscribe', 'noteUse', 'releaseMemory', 'storage', 'version', 'rotation.isPending']

describe('a locked vault', () => {
  it('refuses every call', async () => {
    const open = await testBrowser().tab()
    const { chatLogId } = await open.sessions.create({ id: 's', chatLogId: 'c' })
    await open.chatLogs.append(chatLogId, { ...message('m'), id: 'm' })
    await open.brains.put({ entityId: 'e', model: 'm' })
    await open.preferences.set('k', 1)
    await open.collection('notes', notes).put('n', 'note')
    const halfway = open.chatLogs.messages('c')
    await open.lock()
    for (const [name, call] of Object.entries(calls)) await expect(call(open), name).rejects.toMatchObject({ code: 'locked' })
    await expect(halfway.next()).rejects.toMatchObject({ code: 'locked' })
    for (const harmless of [() => open.releaseMemory(), () => open.noteUse(), () => void open.version, () => open.subscribe(() => {})()]) expect(harmless).not.toThrow()
    await expect(open.lock()).resolves.toBeUndefined()
  })

  it('has no public method that the list above forgot', async () => {
    const open = await testBrowser().tab()
    const methodsOf = (target: object): string[] => {
      const proto = Object.getPrototypeOf(target) as object
      return proto === Object.prototype ? [] : [...methodsOf(proto), ...Object.getOwnPropertyNames(proto).filter((name) => name !== 'constructor')]
    }
    const all = [...methodsOf(open), ...(['sessions', 'chatLogs', 'brains', 'preferences', 'backup', 'rotation', 'slots', 'cache'] as const).flatMap((kind) => methodsOf(open[kind]).map((name) => `${kind}.${name}`)), ...methodsOf(open.collection('notes', notes)).map((name) => `collection.${name}`)]
    expect(all.filter((name) => !HARMLESS.includes(name)).sort()).toEqual(Object.keys(calls).sort())
    await open.lock()
  })

  it('has saved what was asked for before', async () => {
    const browser = testBrowser()
    const open = await browser.tab()
    const { chatLogId } = await open.sessions.create()
    const appends = Array.from({ length: 50 }, (_, i) => open.chatLogs.append(chatLogId, message(`m${i}`)))
    await open.lock()
    await Promise.all(appends)
    expect(await (await browser.tab()).chatLogs.count(chatLogId)).toBe(50)
  })

  it('tells why it was locked, once', async () => {
    const browser = testBrowser()
    const a = await browser.tab()
    const b = await browser.tab()
    const heard: VaultEvent[] = []
    a.subscribe((event) => event.kind === 'locked' && heard.push(event))
    b.subscribe((event) => event.kind === 'locked' && heard.push(event))
    await Promise.all([a.lock(), a.lock()])
    await expect.poll(() => heard.length).toBe(2)
    expect(heard.map((event) => event.kind === 'locked' && event.reason)).toEqual(['asked', 'other-tab'])
    await expect(b.sessions.list()).rejects.toMatchObject({ code: 'locked', details: { reason: 'other-tab' } })
  })
})

describe('names and destruction', () => {
  it('lists vaults, those that were wiped included, while all are locked', async () => {
    const browser = testBrowser()
    for (const name of ['b', 'a', 'c']) {
      const vault = await browser.open({ name })
      if (vault.state === 'empty') await (await vault.create(PASSWORD)).lock()
    }
    expect(await listVaultsIn(browser.environment)).toEqual(['a', 'b', 'c'])
    browser.disk.wipe('b')
    expect(await listVaultsIn(browser.environment)).toEqual(['a', 'b', 'c'])
    await destroyVaultIn(browser.environment, 'b')
    await destroyVaultIn(browser.environment, 'a')
    expect(await listVaultsIn(browser.environment)).toEqual(['c'])
    expect((await browser.open({ name: 'c' })).state).toBe('locked')
  })

  it('destroys an open vault: its tabs lock and write nothing more', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    await tab.preferences.set('a', 1)
    const reasons: string[] = []
    tab.subscribe((event) => event.kind === 'locked' && reasons.push(event.reason))
    await destroyVaultIn(browser.environment, 'test')
    await expect.poll(() => reasons).toEqual(['destroyed'])
    await expect(tab.preferences.set('b', 1)).rejects.toMatchObject({ name: 'VaultError' })
    expect(browser.disk.names()).toEqual([])
    expect((await browser.open()).state).toBe('empty')
  })

  it('refuses names that are none', async () => {
    const { environment } = testBrowser()
    await expect(destroyVaultIn(environment, '')).rejects.toThrow(RangeError)
    await expect(destroyVaultIn(environment, undefined as never)).rejects.toThrow(TypeError)
    await expect(destroyVaultIn(environment, 'never was')).resolves.toBeUndefined()
  })
})
