// Whole rows: swapped, moved, cut, replaced, taken away and added, within one vault and between two.

import { beforeAll, describe, expect, it } from 'vitest'
import type { RowKey, StoreName } from '../../src/stores/backend.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { PASSWORD, testBrowser } from '../kit/tabs.js'
import { buildVault, insider, neverLies, neverLiesOpen, scene, seeded, STORES, type BuiltVault, type Outcome, type Scene } from './kit.js'

let built: BuiltVault
beforeAll(async () => {
  built = await buildVault()
})

const WHOLE: Outcome = { kind: 'opened', refusedReads: new Map() }
const SEALED: readonly StoreName[] = ['header', 'manifest', 'log', 'heads', 'pages', 'blobs']

/** True when the attack was noticed: at opening, or at every read that needed what was attacked. */
function noticed(outcome: Outcome): boolean {
  return outcome.kind !== 'opened' || outcome.refusedReads.size > 0
}

function swap(attacked: Scene, store: StoreName, a: RowKey, b: RowKey): void {
  const rows = attacked.rows(store)
  const [first, second] = [rows.get(a)!, rows.get(b)!]
  rows.set(a, second)
  rows.set(b, first)
}

describe('rows of one vault', () => {
  it('swapped with a neighbour are noticed in every store', async () => {
    for (const store of ['log', 'heads', 'pages', 'blobs'] as const) {
      const keys = scene(built).rows(store).keys()
      for (let i = store === 'log' ? 1 : 0; i + 1 < keys.length; i++) {
        const attacked = scene(built)
        swap(attacked, store, keys[i]!, keys[i + 1]!)
        expect(noticed(await neverLies(attacked)) || store === 'pages', `${store} ${i}`).toBe(true)
      }
    }
  })

  it('swapped pages of one chat, of two chats, of chat and brain are refused where they are read', async () => {
    const inside = await insider(scene(built))
    const pairs: [RowKey, RowKey, string][] = [
      [inside.page('trip-chat', 0), inside.page('trip-chat', 1), 'messages of trip-chat'],
      [inside.page('trip-chat', 0), inside.page('cook-chat', 0), 'messages of cook-chat'],
      [inside.page('cook-chat', 0), inside.brain('guide'), 'brain guide'],
      [inside.brain('cook'), inside.brain('guide'), 'brain cook'],
    ]
    for (const [a, b, name] of pairs) {
      const attacked = scene(built)
      swap(attacked, 'pages', a, b)
      const outcome = await neverLies(attacked)
      expect(outcome.kind === 'opened' && outcome.refusedReads.get(name), name).toBe('corrupt')
    }
  })

  it('moved under another label or number are no rows of that place', async () => {
    const inside = await insider(scene(built))
    for (const [store, from, to] of [
      ['pages', inside.page('trip-chat', 0), inside.page('trip-chat', 3)],
      ['heads', inside.heads('sessions'), inside.heads('chatLogs')],
      ['log', scene(built).rows('log').keys().at(-1)!, scene(built).rows('log').keys().at(-2)!],
    ] as const) {
      const attacked = scene(built)
      attacked.rows(store).set(to, attacked.rows(store).get(from)!)
      expect(noticed(await neverLies(attacked)), `copied in ${store}`).toBe(true)
      const moved = scene(built)
      moved.rows(store).set(to, moved.rows(store).get(from)!)
      moved.rows(store).delete(from)
      expect(noticed(await neverLies(moved)), `moved in ${store}`).toBe(true)
    }
  })

  it('moved to another store are no rows of that store', async () => {
    const inside = await insider(scene(built))
    const label = inside.page('trip-chat', 0)
    for (const [from, fromKey, to, toKey] of [
      ['heads', inside.heads('sessions'), 'pages', label],
      ['blobs', scene(built).rows('blobs').keys()[0]!, 'pages', label],
      ['pages', label, 'heads', inside.heads('sessions')],
      ['pages', label, 'blobs', scene(built).rows('blobs').keys()[0]!],
      ['pages', label, 'manifest', 'manifest'],
      ['manifest', 'manifest', 'pages', label],
      ['log', scene(built).rows('log').keys().at(-1)!, 'pages', label],
      ['pages', label, 'log', scene(built).rows('log').keys().at(-1)!],
      ['manifest', 'manifest', 'header', 'header'],
      ['header', 'header', 'manifest', 'manifest'],
    ] as const) {
      const attacked = scene(built, { mirror: false })
      attacked.rows(to).set(toKey, attacked.rows(from).get(fromKey)!)
      expect(noticed(await neverLies(attacked)), `${from} to ${to}`).toBe(true)
    }
  })

  it('doubled under the next number are no commits', async () => {
    const attacked = scene(built)
    const last = attacked.rows('log').keys().at(-1) as number
    attacked.rows('log').set(last + 1, attacked.rows('log').get(last)!)
    expect(await neverLies(attacked)).toMatchObject({ kind: 'refused', code: 'corrupt', reason: 'log-row' })
  })

  it('cut, emptied, lengthened or replaced by noise are refused', async () => {
    const random = seeded(11)
    const noise = (length: number): Uint8Array => Uint8Array.from({ length }, () => Math.floor(random() * 256))
    for (const store of SEALED) {
      const keys = scene(built).rows(store).keys()
      // The anchor of the log counts by its tag alone, which the row after it proves.
      for (const key of store === 'log' ? [keys[0]!, keys[1]!, keys.at(-1)!] : [keys.at(-1)!]) {
        const row = scene(built).rows(store).get(key)!
        for (const [what, value] of [
          ['empty', new Uint8Array(0)],
          ['one byte', row.slice(0, 1)],
          ['fifteen bytes', row.slice(0, 15)],
          ['34 bytes', row.slice(0, 34)],
          ['35 bytes', row.slice(0, 35)],
          ['a byte less', row.slice(0, -1)],
          ['a byte more', Uint8Array.from([...row.slice(0, 4000), 0])],
          ['noise', noise(row.length)],
          ['zeros', new Uint8Array(row.length)],
        ] as const) {
          const attacked = scene(built, { mirror: false })
          attacked.rows(store).set(key, value)
          const outcome = await neverLies(attacked)
          expect(noticed(outcome) || store === 'pages', `${what} in ${store}`).toBe(true)
        }
      }
    }
  })

  it('taken away, any one of them, are missed', async () => {
    const inside = await insider(scene(built))
    for (const store of SEALED) {
      const keys = scene(built).rows(store).keys()
      for (const key of keys) {
        const attacked = scene(built, { mirror: false })
        attacked.rows(store).delete(key)
        const outcome = await neverLies(attacked)
        if (store === 'pages' && String(key) === String(inside.tombstones())) continue
        expect(noticed(outcome), `${store} ${String(key)}`).toBe(true)
      }
    }
  })

  it('taken away page by page are named by check()', async () => {
    const attacked = scene(built)
    const { tombstones } = await insider(attacked)
    attacked.rows('pages').delete(tombstones())
    const tab = await attacked.browser.tab()
    const report = await tab.check()
    expect(report.ok).toBe(false)
    expect(report.problems).toContainEqual(expect.objectContaining({ code: 'missing', where: 'pages' }))
    // The log holds a deletion, so the next checkpoint needs that page. It writes one that says what was lost.
    expect(await tab.checkpoint()).toBe(true)
    expect((await tab.check()).problems).toContainEqual(expect.objectContaining({ code: 'corrupt', where: 'pages', reason: 'records-lost' }))
    expect(await neverLiesOpen(tab, attacked.truth)).toEqual(new Map())
    await tab.lock()
  })

  it('taken away while their checkpoint is due are lost, said to be lost, and nothing else with them', async () => {
    const attacked = scene(built)
    const inside = await insider(attacked)
    const tab = await attacked.browser.tab()
    // The log holds messages for the last page.
    attacked.rows('pages').delete(inside.page('trip-chat', 3))
    expect(await tab.checkpoint()).toBe(true)
    await expect(tab.chatLogs.read('trip-chat')).rejects.toMatchObject({ code: 'corrupt', details: { where: 'pages' } })
    expect((await neverLiesOpen(tab, attacked.truth)).size).toBeGreaterThan(0)
    await tab.preferences.set('still', 'usable')
    expect(await tab.preferences.get('still')).toBe('usable')
    await tab.lock()
  })
})

describe('rows nobody knows', () => {
  it('in any store, under any key, never change what the vault says', async () => {
    const keys: RowKey[] = ['zz', 99_999, -1.5, new Uint8Array(16).fill(7), new Uint8Array(0), new Uint8Array(40).fill(1)]
    for (const store of STORES) {
      for (const [i, key] of keys.entries()) {
        // Every store meets every second key, so that all pairs of neighbours differ.
        if ((STORES.indexOf(store) + i) % 2 === 1) continue
        const attacked = scene(built)
        attacked.rows(store).set(key, new Uint8Array(i % 2 === 0 ? 0 : 5000).fill(1))
        await neverLies(attacked)
      }
    }
  })

  it('in pages and blobs are cleared, and nothing else goes with them', async () => {
    const attacked = scene(built)
    for (const store of ['pages', 'blobs'] as const) {
      for (let i = 0; i < 20; i++) attacked.rows(store).set(new Uint8Array(16).fill(i), attacked.rows(store).entries()[0]![1])
    }
    const tab = await attacked.browser.tab()
    expect(await tab.check()).toMatchObject({ ok: true })
    await expect.poll(async () => (await tab.check()).leftOvers, { timeout: 3000 }).toBe(0)
    expect(await neverLiesOpen(tab, attacked.truth)).toEqual(new Map())
    await tab.lock()
    expect(await neverLies(attacked)).toEqual(WHOLE)
  })

  it('in place of a deleted one, so that the count is right, are found', async () => {
    for (const store of ['pages', 'blobs', 'heads'] as const) {
      const attacked = scene(built)
      const [[key, row]] = attacked.rows(store).entries() as [[RowKey, Uint8Array], ...unknown[]]
      attacked.rows(store).delete(key)
      attacked.rows(store).set(new Uint8Array(16).fill(3), row)
      const outcome = await neverLies(attacked)
      if (noticed(outcome)) continue
      const tab = await attacked.browser.tab()
      expect(await tab.check()).toMatchObject({ ok: false })
      await tab.lock()
    }
  })
})

describe('two vaults on one disk', () => {
  it('do not take rows of each other, with the same password', async () => {
    const values = new Map<string, string>()
    const browser = testBrowser({ homes: [memoryHome(values)] })
    for (const name of ['one', 'two']) {
      const vault = await browser.open({ name })
      if (vault.state !== 'empty') throw new Error(vault.state)
      const tab = await vault.create(PASSWORD)
      await tab.sessions.create({ id: 's', chatLogId: 'c', title: name, createdAt: 1 })
      await tab.chatLogs.append('c', { id: 'm', senderId: name, type: 'user', content: `from ${name}`, metadata: { long: 'x'.repeat(70_000) } })
      await tab.brains.put({ entityId: 'e', model: name })
      await tab.checkpoint()
      await tab.preferences.set('p', name)
      await tab.preferences.set('q', name)
      await tab.lock()
    }
    for (const store of SEALED) {
      const foreign = browser.disk.rows('one', store).entries()
      const own = browser.disk.rows('two', store).keys()
      for (const [i, [key, row]] of foreign.entries()) {
        // Over the row of the same place, and beside it.
        for (const target of [own[i] ?? key, key]) {
          const disk = browser.disk.snapshot()
          disk.rows('two', store).set(target, row)
          const attacked = testBrowser({ disk, homes: [memoryHome(new Map())] })
          const vault = await attacked.open({ name: 'two' })
          expect(vault.state).not.toBe('empty')
          if (vault.state !== 'locked') continue
          const tab = await vault.unlock(PASSWORD).catch((error: { code: string }) => {
            expect(['corrupt', 'tampered', 'keys-changed', 'wrong-password']).toContain(error.code)
          })
          if (tab === undefined) continue
          const told = await Promise.allSettled([tab.sessions.get('s'), tab.chatLogs.read('c'), tab.brains.get('e'), tab.preferences.get('p')])
          for (const answer of told) {
            if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ name: 'VaultError', code: 'corrupt' })
            else expect(JSON.stringify(answer.value)).not.toMatch(/one/)
          }
          await tab.lock()
        }
      }
    }
  })

  it('do not open with the header of another one', async () => {
    const other = await buildVault('test', 'another password')
    const attacked = scene(built, { mirror: false })
    attacked.rows('header').set('header', other.disk.rows('test', 'header').get('header')!)
    expect(await neverLies(attacked)).toMatchObject({ kind: 'refused', code: 'wrong-password' })
    expect(await neverLies(attacked, { password: 'another password' })).toMatchObject({ kind: 'refused', code: 'corrupt' })
    const healed = scene(built)
    healed.rows('header').set('header', other.disk.rows('test', 'header').get('header')!)
    await neverLies(healed)
    expect(await neverLies(healed, { password: 'another password' })).toMatchObject({ kind: 'refused' })
  })
})
