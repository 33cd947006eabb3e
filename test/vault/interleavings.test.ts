// Calls that overlap: with each other, with this tab's own checkpoint, with another tab that says nothing. Each of these
// schedules once gave a wrong value.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { VaultError } from '../../src/errors.js'
import type { Backend, BackendFactory, ReadRequest } from '../../src/stores/backend.js'
import { memoryLocks } from '../../src/stores/locks.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { createMemoryDisk, type MemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import type { OpenTabChannel } from '../../src/stores/tab-channel.js'
import { destroyVaultIn } from '../../src/vault/open-vault.js'
import { memoryChannels, PASSWORD, testBrowser } from '../kit/tabs.js'
import { lockedOf, settle } from '../kit/vault-states.js'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const message = (content: string, id?: string) => ({ senderId: 'ada', type: 'user' as const, content, ...(id !== undefined && { id }) })
const silence: OpenTabChannel = () => ({ post: () => {}, subscribe: () => () => {}, close: () => {} })

/** A backend whose answers to some reads are held back, as those of a busy disk are: read already, not yet told. */
function slowReads(disk: MemoryDisk) {
  let wanted: (requests: readonly ReadRequest[]) => boolean = () => false
  let release = (): void => {}
  let held = (): void => {}
  const factory = memoryFactory(disk)
  const backend = (): BackendFactory => ({
    ...factory,
    open: async (name) => {
      const inner: Backend = await factory.open(name)
      const read: Backend['read'] = async (requests) => {
        const hold = wanted(requests)
        if (hold) wanted = () => false
        const answers = await inner.read(requests)
        if (hold) {
          await new Promise<void>((resolve) => {
            release = resolve
            held()
          })
        }
        return answers
      }
      return { ...inner, read }
    },
  })
  /** Holds the next read of this store back; resolves when it is held, to the function that lets it go. */
  const holdNext = (store: string): Promise<() => void> => {
    wanted = (requests) => requests.some((request) => request.store === store)
    return new Promise((resolve) => (held = () => resolve(() => release())))
  }
  return { backend, holdNext }
}

describe('a read that overlaps this tab’s own checkpoint', () => {
  async function prepare() {
    const disk = createMemoryDisk()
    const { backend, holdNext } = slowReads(disk)
    const tab = await testBrowser({ disk, backend }).tab()
    const { chatLogId } = await tab.sessions.create()
    await tab.chatLogs.append(chatLogId, Array.from({ length: 100 }, (_, i) => message(`${i}`, `m${i}`)))
    await tab.checkpoint()
    await tab.chatLogs.append(chatLogId, Array.from({ length: 30 }, (_, i) => message(`${100 + i}`, `m${100 + i}`)))
    await tab.chatLogs.update(chatLogId, 'm99', { content: '99, edited' })
    tab.releaseMemory()
    return { tab, chatLogId, holdNext }
  }

  it('misses no acknowledged message and no edit', async () => {
    const { tab, chatLogId, holdNext } = await prepare()
    const holding = holdNext('pages')
    const reading = tab.chatLogs.read(chatLogId, { limit: 50 })
    const release = await holding
    await tab.checkpoint()
    release()
    expect((await reading).map(({ content }) => content)).toEqual(Array.from({ length: 50 }, (_, i) => (80 + i === 99 ? '99, edited' : `${80 + i}`)))
  })

  it('finds a message that was edited', async () => {
    const { tab, chatLogId, holdNext } = await prepare()
    const holding = holdNext('pages')
    const reading = tab.chatLogs.getMessage(chatLogId, 'm99')
    const release = await holding
    await tab.checkpoint()
    release()
    expect((await reading)?.content).toBe('99, edited')
  })

  it('gives no half of a chat that is deleted meanwhile', async () => {
    const { tab, chatLogId, holdNext } = await prepare()
    const holding = holdNext('pages')
    const reading = tab.chatLogs.read(chatLogId, { limit: 50 })
    const release = await holding
    await tab.chatLogs.delete(chatLogId)
    release()
    await expect(reading).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('a read that overlaps the lock', () => {
  it('is refused as locked, never answered with nothing', async () => {
    for (const store of ['log', 'pages']) {
      const disk = createMemoryDisk()
      const { backend, holdNext } = slowReads(disk)
      const tab = await testBrowser({ disk, backend }).tab()
      const { chatLogId } = await tab.sessions.create()
      await tab.chatLogs.append(chatLogId, message('there'))
      await tab.checkpoint()
      tab.releaseMemory()
      vi.spyOn(Date, 'now').mockImplementation(() => 2_000_000_000_000)
      const holding = holdNext(store)
      const reads = [tab.chatLogs.read(chatLogId), ...(store === 'log' ? [tab.sessions.list(), tab.sessions.count(), tab.chatLogs.getMessage(chatLogId, 'm')] : [])]
      const outcomes = Promise.all(reads.map((read) => read.then(() => 'answered', (error: unknown) => (error as VaultError).code)))
      const release = await holding
      await tab.lock()
      release()
      expect(new Set(await outcomes)).toEqual(new Set(['locked']))
      vi.restoreAllMocks()
    }
  })
})

describe('updates of one message', () => {
  it('keep their order whatever fields they change', async () => {
    const tab = await testBrowser().tab()
    const { chatLogId } = await tab.sessions.create()
    const { id } = await tab.chatLogs.append(chatLogId, message(''))
    await tab.chatLogs.update(chatLogId, id, { content: 'first' })
    const held = tab.chatLogs.update(chatLogId, id, { content: 'second' })
    const last = tab.chatLogs.update(chatLogId, id, { content: 'final', metadata: { commands: ['stop'] } })
    await Promise.all([held, last])
    await settle(300)
    expect(await tab.chatLogs.getMessage(chatLogId, id)).toMatchObject({ content: 'final', metadata: { commands: ['stop'] } })
  })

  it('keep their order when one kind comes back after another', async () => {
    const tab = await testBrowser().tab()
    const { chatLogId } = await tab.sessions.create()
    const { id } = await tab.chatLogs.append(chatLogId, message(''))
    const updates = ['a', 'b', 'c'].flatMap((content) => [tab.chatLogs.update(chatLogId, id, { content }), tab.chatLogs.update(chatLogId, id, { content: `${content}!`, timestamp: 5 })])
    updates.push(tab.chatLogs.update(chatLogId, id, { content: 'end' }))
    await Promise.all(updates)
    await settle(300)
    expect(await tab.chatLogs.getMessage(chatLogId, id)).toMatchObject({ content: 'end', timestamp: 5 })
  })

  it('of two streams at once still make few commits', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    const [one, two] = await tab.chatLogs.append(chatLogId, [message(''), message('')])
    const before = browser.disk.rows('test', 'log').size
    const updates: Promise<unknown>[] = []
    for (let i = 0; i < 40; i++) {
      updates.push(tab.chatLogs.update(chatLogId, one!.id, { content: `one ${i}` }), tab.chatLogs.update(chatLogId, two!.id, { content: `two ${i}` }))
      await settle(1)
    }
    await Promise.all(updates)
    expect(browser.disk.rows('test', 'log').size - before).toBeLessThanOrEqual(6)
    expect((await tab.chatLogs.read(chatLogId)).map(({ content }) => content)).toEqual(['one 39', 'two 39'])
  })
})

describe('a tab that hears nothing of the others', () => {
  it('looks before every read that comes after a second, also the second one at once', async () => {
    const browser = testBrowser({ openChannel: silence })
    const [a, b] = [await browser.tab(), await browser.tab()]
    await b.sessions.list()
    await a.preferences.set('theme', 'dark')
    const later = Date.now() + 3_600_000
    vi.spyOn(Date, 'now').mockImplementation(() => later)
    expect(await Promise.all([b.sessions.count(), b.preferences.get('theme')])).toEqual([0, 'dark'])
  })

  it('does not take a look that failed for a look', async () => {
    const disk = createMemoryDisk()
    const factory = memoryFactory(disk)
    let failing = false
    const backend = (): BackendFactory => ({
      ...factory,
      open: async (name) => {
        const inner = await factory.open(name)
        const read: Backend['read'] = async (requests) => {
          if (failing) throw new VaultError('storage-unavailable', 'no answer', { reason: 'test' })
          return inner.read(requests)
        }
        return { ...inner, read }
      },
    })
    const shared = { disk, homes: [memoryHome()], locks: memoryLocks(), openChannel: silence }
    const a = await testBrowser(shared).tab()
    const b = await testBrowser({ ...shared, backend }).tab()
    await a.preferences.set('theme', 'dark')
    const later = Date.now() + 3_600_000
    vi.spyOn(Date, 'now').mockImplementation(() => later)
    failing = true
    await expect(b.preferences.get('theme')).rejects.toMatchObject({ code: 'storage-unavailable' })
    failing = false
    expect(await b.preferences.get('theme')).toBe('dark')
  })

  it('adds a conversation that another tab has deleted since', async () => {
    const browser = testBrowser({ openChannel: silence })
    const [a, b] = [await browser.tab(), await browser.tab()]
    await a.sessions.create({ id: 's' })
    expect(await b.sessions.count()).toBeGreaterThanOrEqual(0)
    vi.spyOn(Date, 'now').mockImplementation(() => 2_000_000_000_000)
    expect(await b.sessions.count()).toBe(1)
    await a.sessions.delete('s')
    expect(await b.load([{ session: { id: 's' }, messages: [message('again')] }])).toMatchObject({ loaded: 1, skipped: 0 })
    expect(await b.sessions.count()).toBe(1)
  })

  it('says storage-lost when the vault was destroyed and another one made in its place', async () => {
    const browser = testBrowser({ openChannel: silence })
    const old = await browser.tab()
    await old.preferences.set('a', 1)
    await destroyVaultIn(browser.environment, 'test')
    const fresh = await browser.tab()
    vi.spyOn(Date, 'now').mockImplementation(() => 2_000_000_000_000)
    await expect(old.preferences.get('a')).rejects.toMatchObject({ code: 'storage-lost' })
    await settle()
    // Nor has it left anything that would make the new vault look damaged.
    await fresh.preferences.set('b', 2)
    await fresh.lock()
    expect(await (await browser.tab()).preferences.get('b')).toBe(2)
  })
})

describe('a tab that says hello while another one commits', () => {
  it('is told of the commit it just missed', async () => {
    const openAll = memoryChannels()
    let holdHello = false
    const late: (() => void)[] = []
    const openChannel: OpenTabChannel = (name) => {
      const channel = openAll(name)
      return {
        ...channel,
        post: (posted) => {
          if (holdHello && posted.kind === 'hello') late.push(() => channel.post(posted))
          else channel.post(posted)
        },
      }
    }
    const browser = testBrowser({ openChannel })
    const a = await browser.tab()
    holdHello = true
    const b = await browser.tab()
    holdHello = false
    await b.sessions.list()
    const heard: boolean[] = []
    b.subscribe((event) => event.kind === 'changed' && heard.push(event.local))
    await a.preferences.set('theme', 'dark')
    for (const post of late) post()
    await vi.waitFor(() => expect(heard).toEqual([false]))
  })
})

describe('calls at once inside a transaction', () => {
  it('do not undo each other', async () => {
    const tab = await testBrowser().tab()
    const { chatLogId } = await tab.sessions.create()
    const { id } = await tab.chatLogs.append(chatLogId, message('old'))
    await tab.checkpoint()
    // Its page is at hand, so both find the message before either changes it.
    await tab.chatLogs.getMessage(chatLogId, id)
    await tab.transact(async (tx) => {
      await Promise.all([tx.chatLogs.update(chatLogId, id, { content: 'new' }), tx.chatLogs.update(chatLogId, id, { timestamp: 5 })])
    })
    expect(await tab.chatLogs.getMessage(chatLogId, id)).toMatchObject({ content: 'new', timestamp: 5 })
  })

  it('delete a message once, and take an id once', async () => {
    const tab = await testBrowser().tab()
    const { id: sessionId, chatLogId } = await tab.sessions.create()
    await tab.chatLogs.append(chatLogId, [message('a', 'a'), message('b', 'b')])
    await tab.checkpoint()
    tab.releaseMemory()
    const deleted = await tab.transact((tx) => Promise.all([tx.chatLogs.deleteMessage(chatLogId, 'a'), tx.chatLogs.deleteMessage(chatLogId, 'a')]))
    expect(deleted.toSorted()).toEqual([false, true])
    expect([await tab.chatLogs.count(chatLogId), (await tab.sessions.get(sessionId))?.messageCount]).toEqual([1, 1])
    const twice = tab.transact((tx) => Promise.all([tx.chatLogs.append(chatLogId, message('x', 'c')), tx.chatLogs.append(chatLogId, message('y', 'c'))]))
    await expect(twice).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('ids of messages', () => {
  it('stay taken after a transaction that deleted one and failed', async () => {
    const tab = await testBrowser().tab()
    const { chatLogId } = await tab.sessions.create()
    await tab.chatLogs.append(chatLogId, Array.from({ length: 64 }, (_, i) => message(`${i}`, `m${i}`)))
    await tab.checkpoint()
    tab.releaseMemory()
    const failed = tab.transact(async (tx) => {
      await tx.chatLogs.deleteMessage(chatLogId, 'm5')
      await tx.chatLogs.append(chatLogId, message('x', 'x'))
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    await expect(tab.chatLogs.append(chatLogId, message('again', 'm5'))).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('a password that is changed while another tab unlocks', () => {
  it('lets the old one be refused as wrong, and the new one in', async () => {
    const disk = createMemoryDisk()
    const { backend, holdNext } = slowReads(disk)
    const shared = { disk, homes: [memoryHome()], locks: memoryLocks(), openChannel: silence }
    const a = await testBrowser(shared).tab()
    for (const [password, outcome] of [
      [PASSWORD, 'wrong-password'],
      ['third', 'open'],
    ] as const) {
      const vault = await lockedOf(testBrowser({ ...shared, backend }))
      const holding = holdNext('header')
      const unlocking = vault.unlock(password).then(
        () => 'open',
        (error: unknown) => (error as VaultError).code,
      )
      const release = await holding
      await (password === PASSWORD ? a.changePassword(PASSWORD, 'second') : a.changePassword('second', 'third'))
      release()
      expect(await unlocking).toBe(outcome)
    }
  })
})

describe('a tab that stands still while it unlocks', () => {
  it('never puts an old header back over a new one', async () => {
    for (const changes of [['second'], ['second', 'third']]) {
      const disk = createMemoryDisk()
      const { backend, holdNext } = slowReads(disk)
      const shared = { disk, homes: [memoryHome()], locks: memoryLocks(), openChannel: silence }
      const a = await testBrowser(shared).tab()
      const vault = await lockedOf(testBrowser({ ...shared, backend }))
      // What belongs to the old header is read, and then nothing for a while.
      const holding = holdNext('manifest')
      const unlocking = vault.unlock(PASSWORD).then(
        () => 'open',
        (error: unknown) => (error as VaultError).code,
      )
      const release = await holding
      let current = PASSWORD
      for (const next of changes) {
        await a.changePassword(current, next)
        current = next
      }
      release()
      expect(await unlocking).toBe('wrong-password')
      await a.lock()
      const again = await lockedOf(testBrowser(shared))
      expect(await (await again.unlock(current)).sessions.count()).toBe(0)
    }
  })
})

describe('a call inside a transaction that nobody waits for', () => {
  it('changes nothing after the transaction has ended', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    await tab.chatLogs.append(chatLogId, Array.from({ length: 64 }, (_, i) => message(`${i}`, `m${i}`)))
    await tab.checkpoint()
    tab.releaseMemory()
    let late: Promise<unknown> = Promise.resolve()
    await tab.transact(async (tx) => {
      await tx.preferences.set('a', 1)
      late = tx.chatLogs.append(chatLogId, message('too late', 'late'))
      late.catch(() => undefined)
    })
    await late.catch(() => undefined)
    await settle()
    const other = await browser.tab()
    expect([await tab.chatLogs.count(chatLogId), await other.chatLogs.count(chatLogId)]).toEqual([64, 64])
    expect(await tab.chatLogs.getMessage(chatLogId, 'late')).toBeUndefined()
  })
})

describe('locks that the browser refuses', () => {
  it('reject the change instead of leaving it hanging', async () => {
    const locks = memoryLocks()
    const browser = testBrowser({
      locks: {
        ...locks,
        available: true,
        request: ((name: string, ...rest: unknown[]) =>
          name.endsWith('/commit') ? Promise.reject(new DOMException('no', 'SecurityError')) : (locks.request as (...all: unknown[]) => Promise<unknown>)(name, ...rest)) as typeof locks.request,
      },
      openChannel: silence,
    })
    const [a, b] = [await browser.tab(), await browser.tab()]
    await a.preferences.set('k', 1)
    // The race it loses sends it to the lock.
    await expect(b.preferences.set('k', 2)).rejects.toMatchObject({ code: 'storage-unavailable' })
    expect(await a.preferences.get('k')).toBe(1)
  })
})
