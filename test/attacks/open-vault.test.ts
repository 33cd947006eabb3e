// Attacks on a vault that is open: a tab holds the keys while somebody changes the rows under it.

import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { StoreName } from '../../src/stores/backend.js'
import type { MemoryDisk } from '../../src/stores/memory-disk.js'
import type { VaultEvent } from '../../src/vault/vault-events.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { PASSWORD, testBrowser } from '../kit/tabs.js'
import { buildVault, editHeader, neverLies, neverLiesOpen, scene, sealedRows, STORES, type BuiltVault, type HeaderBody, type Scene } from './kit.js'

let built: BuiltVault
beforeAll(async () => {
  built = await buildVault()
})

// A tab looks at the log at most once a second; here that second passes when a test says so.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())
const aWhileLater = (): void => void vi.advanceTimersByTime(2000)

interface OpenScene extends Scene {
  readonly tab: UnlockedVault
  readonly events: VaultEvent[]
}

async function open(): Promise<OpenScene> {
  const attacked = scene(built)
  const tab = await attacked.browser.tab()
  const events: VaultEvent[] = []
  tab.subscribe((event) => events.push(event))
  return { ...attacked, tab, events }
}

function putBack(disk: MemoryDisk, from: MemoryDisk, stores: readonly StoreName[]): void {
  for (const store of stores) {
    const rows = disk.rows('test', store)
    rows.clear()
    for (const [key, value] of from.rows('test', store).entries()) rows.set(key, value)
  }
}

const writes: [string, (tab: UnlockedVault) => Promise<unknown>][] = [
  ['append', (tab) => tab.chatLogs.append('trip-chat', { senderId: 'ada', type: 'user', content: 'over it' })],
  ['set', (tab) => tab.preferences.set('over', 'it')],
  ['put', (tab) => tab.brains.put({ entityId: 'over', model: 'it' })],
  ['create', (tab) => tab.sessions.create({ title: 'over it' })],
  ['delete', (tab) => tab.sessions.delete('trip')],
  ['transact', (tab) => tab.transact(async (tx) => tx.preferences.set('over', 'it'))],
  ['load', (tab) => tab.load([{ session: { id: 'over' }, messages: [] }])],
  ['change the password', (tab) => tab.changePassword(PASSWORD, 'over it')],
]

const content = (attacked: Scene): readonly string[] => sealedRows(attacked).filter((row) => !row.startsWith('blobs/'))

describe('a database that goes back under an open vault', () => {
  it('is noticed by the next write of any kind, which does not land', async () => {
    for (const [name, write] of writes) {
      const attacked = await open()
      putBack(attacked.disk, built.first, STORES)
      const before = content(attacked)
      await expect(write(attacked.tab), name).rejects.toMatchObject({ code: 'storage-lost' })
      expect(content(attacked), name).toEqual(before)
      await expect.poll(() => attacked.events, { message: name }).toContainEqual(expect.objectContaining({ kind: 'locked', reason: 'storage-lost' }))
      await expect(attacked.tab.sessions.list()).rejects.toMatchObject({ code: 'storage-lost' })
      expect(content(attacked), name).toEqual(before)
    }
  })

  it('is noticed by the next read', async () => {
    const attacked = await open()
    putBack(attacked.disk, built.first, STORES)
    const before = content(attacked)
    aWhileLater()
    await expect(attacked.tab.sessions.list()).rejects.toMatchObject({ code: 'storage-lost' })
    await expect.poll(() => attacked.events).toContainEqual(expect.objectContaining({ kind: 'locked', reason: 'storage-lost' }))
    expect(content(attacked)).toEqual(before)
  })

  it('by its log alone is noticed as well', async () => {
    for (const cut of [1, 3]) {
      const attacked = await open()
      for (const seq of attacked.rows('log').keys().slice(-cut)) attacked.rows('log').delete(seq)
      const before = content(attacked)
      await expect(attacked.tab.preferences.set('over', 'it')).rejects.toMatchObject({ code: 'storage-lost' })
      expect(content(attacked)).toEqual(before)
    }
  })

  it('never makes a read wrong, whatever goes back', async () => {
    for (const stores of [['log'], ['manifest'], ['heads'], ['pages'], ['manifest', 'log'], ['manifest', 'heads'], ['pages', 'heads'], ['pages', 'heads', 'manifest'], ['header'], ['blobs']] as StoreName[][]) {
      const attacked = await open()
      putBack(attacked.disk, built.first, stores)
      aWhileLater()
      attacked.tab.releaseMemory()
      await neverLiesOpen(attacked.tab, attacked.truth)
      await attacked.tab.lock()
    }
  })
})

describe('a database that goes away under an open vault', () => {
  it('is noticed by every write, and none makes it anew', async () => {
    for (const [name, write] of writes) {
      const attacked = await open()
      attacked.disk.wipe('test')
      await expect(write(attacked.tab), name).rejects.toMatchObject({ code: 'storage-lost' })
      expect(attacked.disk.names(), name).toEqual([])
      await attacked.tab.lock()
      expect(attacked.disk.names(), name).toEqual([])
      expect((await attacked.browser.open()).state, name).toBe('wiped')
    }
  })

  it('is noticed by the next read', async () => {
    const attacked = await open()
    attacked.disk.wipe('test')
    aWhileLater()
    await expect(attacked.tab.sessions.list()).rejects.toMatchObject({ code: 'storage-lost' })
  })

  it('and comes back empty is noticed, and stays empty', async () => {
    for (const [name, write] of writes) {
      const attacked = await open()
      for (const store of STORES) attacked.rows(store).clear()
      await expect(write(attacked.tab), name).rejects.toMatchObject({ code: 'storage-lost' })
      expect(content(attacked), name).toEqual([])
      await attacked.tab.lock()
      expect(content(attacked), name).toEqual([])
      expect((await attacked.browser.open()).state, name).toBe('wiped')
    }
  })

  it('and comes back as another vault is noticed, and that one is left alone', async () => {
    for (const [name, write] of writes) {
      const attacked = await open()
      const other = testBrowser()
      const tab = await other.tab()
      for (let i = 0; i < 30; i++) await tab.preferences.set('theme', i)
      await tab.lock()
      putBack(attacked.disk, other.disk, STORES)
      const before = content(attacked)
      await expect(write(attacked.tab), name).rejects.toMatchObject({ name: 'VaultError' })
      expect(content(attacked), name).toEqual(before)
      aWhileLater()
      attacked.tab.releaseMemory()
      await neverLiesOpen(attacked.tab, attacked.truth)
      await attacked.tab.lock()
      expect(content(attacked), name).toEqual(before)
    }
  })
})

describe('rows replaced under an open vault', () => {
  it('in the log at its head end the vault with storage-lost', async () => {
    const attacked = await open()
    const [before, last] = attacked.rows('log').keys().slice(-2)
    attacked.rows('log').set(last!, attacked.rows('log').get(before!)!)
    const rows = content(attacked)
    await expect(attacked.tab.preferences.set('over', 'it')).rejects.toMatchObject({ code: 'storage-lost', details: { reason: 'replaced' } })
    await expect.poll(() => attacked.events).toContainEqual(expect.objectContaining({ kind: 'locked', reason: 'storage-lost' }))
    expect(content(attacked)).toEqual(rows)
  })

  it('behind its head are no commits of another tab', async () => {
    const attacked = await open()
    const last = attacked.rows('log').keys().at(-1) as number
    attacked.rows('log').set(last + 1, attacked.rows('log').get(last)!)
    aWhileLater()
    await expect(attacked.tab.preferences.get('theme')).rejects.toMatchObject({ code: 'corrupt' })
    await expect(attacked.tab.preferences.set('over', 'it')).rejects.toMatchObject({ code: 'corrupt' })
    attacked.rows('log').delete(last + 1)
    await attacked.tab.preferences.set('theme', 'light')
    await attacked.tab.lock()
  })

  it('by a manifest of another moment stop checkpoints, not the truth', async () => {
    const attacked = await open()
    putBack(attacked.disk, built.first, ['manifest'])
    const rows = content(attacked)
    await expect(attacked.tab.checkpoint()).rejects.toMatchObject({ code: 'corrupt' })
    expect(content(attacked)).toEqual(rows)
    attacked.tab.releaseMemory()
    await neverLiesOpen(attacked.tab, attacked.truth)
    await attacked.tab.lock()
  })

  it('in the header are noticed when the password is changed', async () => {
    for (const edit of [
      (body: HeaderBody): void => void (body.slots[0]!.kdf.iterations = 10),
      (body: HeaderBody): void => void (body.slots[0]!['wrapSalt'] = body.slots[0]!['commitment']),
    ]) {
      const attacked = await open()
      attacked.rows('header').set('header', editHeader(attacked.rows('header').get('header')!, edit))
      const rows = content(attacked)
      await expect(attacked.tab.changePassword(PASSWORD, 'new one')).rejects.toMatchObject({ name: 'VaultError' })
      expect(content(attacked)).toEqual(rows)
      await attacked.tab.lock()
      expect(await neverLies(attacked)).toEqual({ kind: 'opened', refusedReads: new Map() })
    }
  })
})
