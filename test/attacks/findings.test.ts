// Holes that were found by trying, each closed since: none may open again.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { VaultError } from '../../src/errors.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { memoryLocks } from '../../src/stores/locks.js'
import { createMemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import type { Batch } from '../../src/stores/backend.js'
import type { Records } from '../../src/vault/vault-records.js'
import { PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'
import { buildVault, editHeader, flip, headerBody, insider, neverLies, scene, type BuiltVault } from './kit.js'

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (error instanceof VaultError ? error.code : String(error)),
  )

async function lockedOf(browser: TestBrowser) {
  const vault = await browser.open()
  if (vault.state !== 'locked') throw new Error(vault.state)
  return vault
}

let cached: Promise<BuiltVault> | undefined
const built = (): Promise<BuiltVault> => (cached ??= buildVault())

afterEach(() => void vi.useRealTimers())

describe('sizes', () => {
  const long = (megabytes: number) => Array.from({ length: megabytes * 20 }, () => 'x'.repeat(52_000))
  const big = (id: string) => ({ id, senderId: 'ada', type: 'user' as const, content: 'c', metadata: { list: long(14) } })

  it('1a: five valid messages of 14 MiB in one commit do not brick the vault', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    const outcome = await code(tab.chatLogs.append(chatLogId, [big('a'), big('b'), big('c'), big('d'), big('e')]))
    expect(['resolved', 'invalid-value']).toContain(outcome)
    await tab.lock()
    expect(await code((await lockedOf(browser)).unlock(PASSWORD))).toBe('resolved')
  })

  it('1b: nor do five at once by five calls', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((id) => tab.chatLogs.append(chatLogId, big(id))))
    await tab.lock()
    expect(await code((await lockedOf(browser)).unlock(PASSWORD))).toBe('resolved')
  })

  it('1c: five such messages on one page can be read after a checkpoint', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    for (const id of ['a', 'b', 'c', 'd', 'e']) await tab.chatLogs.append(chatLogId, big(id))
    await tab.checkpoint().catch(() => undefined)
    tab.releaseMemory()
    expect(await code(tab.chatLogs.read(chatLogId, { limit: 1 }))).toBe('resolved')
  })

  it('1d: sessions and preferences of 17 MB are refused', async () => {
    const tab = await testBrowser().tab()
    const text = 'x'.repeat(17 * 1024 * 1024)
    const { id } = await tab.sessions.create()
    expect([
      await code(tab.preferences.set('k', text)),
      await code(tab.sessions.create({ title: text })),
      await code(tab.sessions.update(id, { keywords: [text] })),
      await code(tab.brains.put({ entityId: 'e', model: text })),
    ]).toEqual(['invalid-value', 'invalid-value', 'invalid-value', 'invalid-value'])
  })

  it('1e: preferences do not brick the vault together', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    for (let i = 0; i < 5; i++) await code(tab.preferences.set(`k${i}`, 'x'.repeat(15 * 1024 * 1024)))
    await code(tab.checkpoint())
    await tab.lock()
    expect(await code((await lockedOf(browser)).unlock(PASSWORD))).toBe('resolved')
  })
})

describe('header', () => {
  it('2: an old header and the old password do not open the vault of today', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const old = browser.disk.rows('test', 'header').get('header')!
    await tab.changePassword(PASSWORD, 'new password')
    await tab.lock()
    browser.disk.rows('test', 'header').set('header', old)
    expect(await code((await lockedOf(browser)).unlock(PASSWORD))).not.toBe('resolved')
  })

  it('2b: the new password heals a header that was rolled back, with the copy', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const old = browser.disk.rows('test', 'header').get('header')!
    await tab.changePassword(PASSWORD, 'new password')
    await tab.lock()
    browser.disk.rows('test', 'header').set('header', old)
    expect(await code((await lockedOf(browser)).unlock('new password'))).toBe('resolved')
  })

  it('2c: a password whose change was refused as a conflict opens nothing', async () => {
    const browser = testBrowser()
    const a = await browser.tab()
    const b = await browser.tab()
    const outcomes = await Promise.all([code(a.changePassword(PASSWORD, 'from a')), code(b.changePassword(PASSWORD, 'from b'))])
    await a.lock()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await code((await lockedOf(browser)).unlock(outcomes[0] === 'resolved' ? 'from b' : 'from a'))).toBe('wrong-password')
  })

  it('3: changing the password does not sign what somebody wrote into the header meanwhile', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const header = browser.disk.rows('test', 'header')
    header.set('header', editHeader(header.get('header')!, (body) => body.slots.push({ ...body.slots[0]!, id: 'AAAAAAAAAAAAAAAAAAAAAA' })))
    const outcome = await code(tab.changePassword(PASSWORD, 'new password'))
    expect([outcome, headerBody(header.get('header')!).slots.length]).not.toEqual(['resolved', 2])
  })

  it('3b: nor brick the vault with another home id', async () => {
    const browser = testBrowser({ homes: [] })
    const tab = await browser.tab()
    await tab.preferences.set('a', 1)
    const header = browser.disk.rows('test', 'header')
    header.set('header', editHeader(header.get('header')!, (body) => void (body.homeId = 'AAAAAAAAAAAAAAAAAAAAAA')))
    expect(await code(tab.changePassword(PASSWORD, 'new password'))).not.toBe('resolved')
  })

  it('4: a wrong password is called so although the header of the database is damaged', async () => {
    const attacked = scene(await built())
    attacked.rows('header').set('header', flip(attacked.rows('header').get('header')!, 300))
    expect(await code((await lockedOf(attacked.browser)).unlock('wrong'))).toBe('wrong-password')
  })

  it('5: an aborted signal does not block the vault for ever', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const locked = await lockedOf(browser)
    await expect(locked.unlock(PASSWORD, { signal: AbortSignal.abort() })).rejects.toThrow()
    expect(await code(locked.unlock(PASSWORD))).toBe('resolved')
  })

  it('6: a lock while the opened vault starts leaves nothing open', async () => {
    const locks = memoryLocks()
    const stalls: Promise<void>[] = []
    const slow: typeof locks = { ...locks, request: async (name, options, run) => (name.includes('/tab/') ? (await Promise.all(stalls), locks.request(name, options, run)) : locks.request(name, options, run)) }
    const browser = testBrowser({ locks: slow })
    await (await browser.tab()).lock()
    let go = (): void => {}
    stalls.push(new Promise((resolve) => (go = resolve)))
    const locked = await lockedOf(browser)
    const pending = code(locked.unlock(PASSWORD))
    await new Promise((resolve) => setTimeout(resolve, 500))
    locked.lock()
    expect(await pending).toBe('locked')
    go()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect([...((await locks.heldNames()) ?? [])].filter((name) => name.includes('/tab/'))).toEqual([])
    expect(browser.disk.rows('test', 'marks').keys()).toEqual([])
  })

  it('7: a creation that failed leaves no ghost that counts as wiped', async () => {
    const disk = createMemoryDisk()
    let full = true
    const factory = memoryFactory(disk)
    const browser = testBrowser({
      disk,
      backend: () => ({
        ...factory,
        open: async (name) => {
          const backend = await factory.open(name)
          return { ...backend, apply: async (batch: Batch) => (full ? Promise.reject(new VaultError('storage-full', 'full')) : backend.apply(batch)) }
        },
      }),
    })
    expect(await code(browser.tab())).toBe('storage-full')
    full = false
    expect((await browser.open()).state).toBe('empty')
  })

  it('8: after two tabs created at once the copy is that of the vault there is', async () => {
    const values = new Map<string, string>()
    const browser = testBrowser({ homes: [memoryHome(values)] })
    const tabs = await Promise.all([browser.open(), browser.open()])
    const made = await Promise.allSettled(tabs.map((vault) => (vault.state === 'empty' ? vault.create(PASSWORD) : Promise.reject(new Error(vault.state)))))
    expect(made.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    browser.disk.crash({ dropUnsynced: 0 })
    browser.disk.rows('test', 'header').delete('header')
    expect(await code((await lockedOf(browser)).unlock(PASSWORD))).toBe('resolved')
  })

  it('8b: after two tabs changed the password at once the copy is that of the winner', async () => {
    const values = new Map<string, string>()
    const browser = testBrowser({ homes: [memoryHome(values)] })
    const a = await browser.tab()
    const b = await browser.tab()
    const outcomes = await Promise.all([code(a.changePassword(PASSWORD, 'from a')), code(b.changePassword(PASSWORD, 'from b'))])
    expect([...outcomes].sort()).toEqual(['conflict', 'resolved'])
    browser.disk.crash({ dropUnsynced: 0 })
    browser.disk.rows('test', 'header').delete('header')
    expect(await code((await lockedOf(browser)).unlock(outcomes[0] === 'resolved' ? 'from a' : 'from b'))).toBe('resolved')
  })

  it('9: a damaged canary does not keep the vault closed', async () => {
    const attacked = scene(await built())
    const key = 'sealed-vault/test/canary'
    const canary = JSON.parse(attacked.values.get(key)!) as { tag: string }
    attacked.values.set(key, JSON.stringify({ ...canary, tag: '!' }))
    expect(await neverLies(attacked)).toMatchObject({ kind: 'opened' })
  })

  it('10: rows without header, manifest, log and canary are no empty vault', async () => {
    const attacked = scene(await built(), { mirror: false, canary: false })
    for (const store of ['header', 'manifest', 'log'] as const) attacked.rows(store).clear()
    expect((await attacked.browser.open()).state).not.toBe('empty')
  })

  it('11: the database of another vault with the same password is not taken for this one', async () => {
    const one = await built()
    const other = testBrowser()
    const tab = await other.tab()
    await tab.preferences.set('theme', 'of another vault')
    await tab.lock()
    const attacked = scene(one)
    for (const store of ['header', 'manifest', 'log', 'heads', 'pages', 'blobs'] as const) {
      attacked.rows(store).clear()
      for (const [key, value] of other.disk.rows('test', store).entries()) attacked.rows(store).set(key, value)
    }
    await neverLies(attacked)
  })
})

describe('reading', () => {
  it('12: check() reports a row whose epoch was changed', async () => {
    const attacked = scene(await built())
    const { page } = await insider(attacked)
    const pages = attacked.rows('pages')
    const tab = await attacked.browser.tab()
    pages.set(page('trip-chat', 0), flip(pages.get(page('trip-chat', 0))!, 6))
    const report = await tab.check().catch((error: VaultError) => error.code)
    expect(report).toMatchObject({ ok: false })
  })

  it('14: a path of a deferred value belongs to the caller', async () => {
    const tab = await testBrowser().tab()
    const { chatLogId } = await tab.sessions.create()
    await tab.chatLogs.append(chatLogId, { id: 'm', senderId: 'a', type: 'user', content: 'c', metadata: { note: 'x'.repeat(70_000) } })
    const [deferred] = await tab.chatLogs.read(chatLogId, { longValues: 'defer' })
    ;(deferred!.deferred![0]!.path as (string | number)[])[1] = 'other'
    expect((await tab.chatLogs.getMessage(chatLogId, 'm'))!.metadata!['note']).toHaveLength(70_000)
  })

  it('15: a place that is no number is refused, not empty', async () => {
    const tab = await testBrowser().tab()
    const { chatLogId } = await tab.sessions.create()
    await tab.chatLogs.append(chatLogId, { senderId: 'a', type: 'user', content: 'c' })
    for (const place of [{ before: Number.NaN }, { after: Number.NaN }, { around: Number.NaN }]) await expect(tab.chatLogs.read(chatLogId, place)).rejects.toThrow()
  })
})

describe('writing', () => {
  it('16: a write that comes after its transaction does not resolve as if it were saved', async () => {
    const tab = await testBrowser().tab()
    let leaked: Records | undefined
    await tab.transact(async (tx) => {
      leaked = tx
      await tx.preferences.set('a', 1)
    })
    const outcome = await code(leaked!.preferences.set('late', 1))
    expect([outcome, await tab.preferences.get('late')]).not.toEqual(['resolved', undefined])
  })

  it('16b: nor one that nobody waited for', async () => {
    const tab = await testBrowser().tab()
    const { chatLogId } = await tab.sessions.create()
    let forgotten: Promise<unknown> | undefined
    await tab.transact(async (tx) => {
      forgotten = tx.chatLogs.append(chatLogId, { senderId: 'a', type: 'user', content: 'c'.repeat(400_000) })
      forgotten.catch(() => undefined)
    })
    const outcome = await code(forgotten!)
    expect([outcome, await tab.chatLogs.count(chatLogId)]).not.toEqual(['resolved', 0])
  })

  it('17: two loaded conversations with one chat log id: the second is refused, not skipped', async () => {
    const tab = await testBrowser().tab()
    const messages = [{ senderId: 'a', type: 'user' as const, content: 'c' }]
    const report = await tab.load([
      { session: { id: 'a', chatLogId: 'c' }, messages },
      { session: { id: 'b', chatLogId: 'c' }, messages },
    ])
    expect(report).toMatchObject({ loaded: 1, skipped: 0, refused: [{ index: 1 }] })
  })

  it('18: load refuses conversations of a wrong shape one by one', async () => {
    const tab = await testBrowser().tab()
    const good = { session: { id: 'good' }, messages: [] }
    const bad = [null, 'x', {}, { session: { id: 'a' } }, { session: { id: 'a' }, messages: 'x' }, { session: { id: 'a' }, messages: {} }, { session: { id: 'a' }, messages: [], extra: 1 }]
    const outcomes: string[] = []
    for (const conversation of bad) {
      const report = await tab.load([conversation as never]).catch((error: unknown) => `${JSON.stringify(conversation)}: ${String(error)}`)
      if (typeof report === 'string' || report.refused.length !== 1) outcomes.push(typeof report === 'string' ? report : JSON.stringify([conversation, report]))
    }
    expect(outcomes).toEqual([])
    expect(await tab.load([good])).toMatchObject({ loaded: 1 })
  })

  it('19: free JSON behind a proxy (reactive frameworks) is taken or refused by name', async () => {
    const tab = await testBrowser().tab()
    const { chatLogId } = await tab.sessions.create()
    const proxy = new Proxy({ a: 1 }, {})
    for (const attempt of [tab.preferences.set('p', proxy), tab.brains.put({ entityId: 'e', model: 'm', configuration: proxy }), tab.chatLogs.append(chatLogId, { senderId: 'a', type: 'user', content: 'c', metadata: proxy })]) {
      expect(['resolved', 'invalid-value']).toContain(await code(attempt))
    }
  })

  it('20: shared references deep down do not stop the page', async () => {
    const tab = await testBrowser().tab()
    let shared: Record<string, unknown> = { end: true }
    // Walked leaf by leaf, it would take until the end of the day.
    for (let i = 0; i < 40; i++) shared = { a: shared, b: shared }
    await code(tab.preferences.set('k', shared as never))
  })

  it('25: calls that are not waited for are applied in their order', async () => {
    const tab = await testBrowser().tab()
    const { chatLogId } = await tab.sessions.create()
    const ask = { senderId: 'a', type: 'user' as const }
    await Promise.all([tab.chatLogs.append(chatLogId, { ...ask, content: 'x'.repeat(3_000_000) }), tab.chatLogs.append(chatLogId, { ...ask, content: 'second' })])
    const messages = await tab.chatLogs.read(chatLogId, { longValues: 'defer' })
    expect(messages.map(({ content }) => content.slice(0, 6))).toEqual(['xxxxxx', 'second'])
  })

  it('26: a database that is gone locks the open vault', async () => {
    const attacked = scene(await built())
    const tab = await attacked.browser.tab()
    const reasons: string[] = []
    tab.subscribe((event) => event.kind === 'locked' && reasons.push(event.reason))
    attacked.disk.wipe('test')
    expect(await code(tab.preferences.set('a', 1))).toBe('storage-lost')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(reasons).toEqual(['storage-lost'])
  })

  it('21: a refused message in a list is named by its position', async () => {
    const tab = await testBrowser().tab()
    const { chatLogId } = await tab.sessions.create()
    const ok = { senderId: 'a', type: 'user' as const, content: 'c' }
    const error = await tab.chatLogs.append(chatLogId, [ok, ok, { ...ok, metadata: { context: { x: Number.NaN } } }]).catch((reason: VaultError) => reason)
    expect((error as VaultError).details.fields).toEqual(['2.metadata.context.x'])
  })

  it('22: an own __proto__ field is unknown like any other', async () => {
    const tab = await testBrowser().tab()
    expect(await code(tab.sessions.create(JSON.parse('{"__proto__": {"title": "x"}}') as object))).toBe('invalid-value')
  })

  it('23: symbols in free JSON are refused, not dropped', async () => {
    const tab = await testBrowser().tab()
    expect(await code(tab.preferences.set('k', { [Symbol('s')]: 1 } as never))).toBe('invalid-value')
  })
  it('24: -0 reads the same before and after the vault was opened again', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    await tab.preferences.set('k', -0)
    const before = await tab.preferences.get('k')
    await tab.lock()
    expect(await (await browser.tab()).preferences.get('k')).toBe(before)
  })
})
