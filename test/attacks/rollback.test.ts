// Time turned back: older pages, heads, manifests and logs under a vault that has gone on, and databases that are gone.

import { beforeAll, describe, expect, it } from 'vitest'
import type { StoreName } from '../../src/stores/backend.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import type { MemoryDisk } from '../../src/stores/memory-disk.js'
import { PASSWORD, testBrowser } from '../kit/tabs.js'
import { buildVault, insider, neverLies, neverLiesOpen, scene, tell, type BuiltVault, type Outcome, type Scene, type Truth } from './kit.js'

let built: BuiltVault
beforeAll(async () => {
  built = await buildVault()
})

const WHOLE: Outcome = { kind: 'opened', refusedReads: new Map() }

/** Puts stores of an earlier disk back. */
function putBack(attacked: Scene, from: MemoryDisk, ...stores: StoreName[]): void {
  for (const store of stores) {
    const rows = attacked.rows(store)
    rows.clear()
    for (const [key, value] of from.rows('test', store).entries()) rows.set(key, value)
  }
}

describe('older pages', () => {
  it('of messages are refused where they are read, and only there', async () => {
    const inside = await insider(scene(built))
    for (const [key, name] of [
      [inside.page('trip-chat', 0), 'messages of trip-chat'],
      [inside.page('trip-chat', 1), 'messages of trip-chat'],
      [inside.brain('guide'), 'brain guide'],
    ] as const) {
      const attacked = scene(built)
      expect(attacked.rows('pages').get(key)).not.toEqual(built.first.rows('test', 'pages').get(key))
      attacked.rows('pages').set(key, built.first.rows('test', 'pages').get(key)!)
      const outcome = await neverLies(attacked)
      expect(outcome.kind === 'opened' && outcome.refusedReads.get(name), name).toBe('corrupt')
      const tab = await attacked.browser.tab()
      expect(await tab.check()).toMatchObject({ ok: false })
      await tab.lock()
    }
  })

  it('of heads are refused at unlock, any one or all of them', async () => {
    const inside = await insider(scene(built))
    for (const collection of ['sessions', 'chatLogs', 'brains', 'preferences']) {
      const attacked = scene(built)
      const old = built.first.rows('test', 'heads').get(inside.heads(collection))!
      expect(attacked.rows('heads').get(inside.heads(collection))).not.toEqual(old)
      attacked.rows('heads').set(inside.heads(collection), old)
      expect(await neverLies(attacked), collection).toMatchObject({ kind: 'refused', code: 'corrupt', reason: 'multiset' })
    }
    const all = scene(built)
    putBack(all, built.first, 'heads')
    expect(await neverLies(all)).toMatchObject({ kind: 'refused', code: 'corrupt' })
  })

  it('with their older heads do not pass for the vault', async () => {
    const attacked = scene(built)
    putBack(attacked, built.first, 'heads', 'pages')
    expect(await neverLies(attacked)).toMatchObject({ kind: 'refused', code: 'corrupt' })
  })

  it('are not taken up by a checkpoint', async () => {
    const attacked = scene(built)
    const inside = await insider(attacked)
    const tab = await attacked.browser.tab()
    await tab.chatLogs.update('trip-chat', 'm1', { content: 'a change on that page' })
    attacked.rows('pages').set(inside.page('trip-chat', 0), built.first.rows('test', 'pages').get(inside.page('trip-chat', 0))!)
    expect(await tab.checkpoint()).toBe(true)
    tab.releaseMemory()
    await expect(tab.chatLogs.getMessage('trip-chat', 'm2')).rejects.toMatchObject({ code: 'corrupt' })
    expect((await tab.check()).problems).toContainEqual(expect.objectContaining({ code: 'corrupt', where: 'pages', reason: 'records-lost' }))
    await tab.lock()
  })
})

describe('an older manifest', () => {
  it('alone is refused', async () => {
    for (const older of [built.first, built.second]) {
      const attacked = scene(built)
      putBack(attacked, older, 'manifest')
      const outcome = await neverLies(attacked)
      // The second one is still the current one: the log came after it.
      expect(outcome).toEqual(older === built.second ? WHOLE : expect.objectContaining({ kind: 'refused', code: 'corrupt' }))
    }
  })

  it('with its log, its heads, its pages, in any combination, is refused or told as lost', async () => {
    const others = ['log', 'heads', 'pages', 'blobs'] as const
    for (let choice = 0; choice < 1 << others.length; choice++) {
      const stores = others.filter((_, i) => choice & (1 << i))
      const attacked = scene(built)
      putBack(attacked, built.first, 'manifest', ...stores)
      const outcome = await neverLies(attacked)
      expect(outcome.kind, stores.join(' ')).toBe('refused')
      // Log, heads and manifest of one moment are a whole vault, of which only the canary knows that it went on.
      if (stores.includes('log') && stores.includes('heads')) expect(outcome).toMatchObject({ code: 'storage-lost' })
    }
  })

  it('with everything it belongs to opens as a loss, if that is accepted, and then as what it is', async () => {
    const attacked = scene(built)
    putBack(attacked, built.first, 'manifest', 'log', 'heads', 'pages', 'blobs', 'header')
    const head = built.disk.rows('test', 'log').keys().at(-1) as number
    const older = built.first.rows('test', 'log').keys().at(-1) as number
    expect(await neverLies(attacked)).toMatchObject({ kind: 'refused', code: 'storage-lost', missingCommits: head - older })
    const truthThen = await truthOf(built.first)
    expect(await neverLies(attacked, { acceptLoss: true, truth: truthThen })).toEqual(WHOLE)
    expect(await neverLies(attacked, { truth: truthThen })).toEqual(WHOLE)
  })
})

async function truthOf(disk: MemoryDisk): Promise<Truth> {
  const tab = await testBrowser({ disk: disk.snapshot(), homes: [memoryHome(new Map())] }).tab()
  const truth = await tell(tab)
  await tab.lock()
  return truth
}

describe('the log', () => {
  const seqs = (): number[] => built.disk.rows('test', 'log').keys() as number[]

  it('without rows in its middle is refused', async () => {
    for (const [from, count] of [[1, 1], [2, 1], [3, 2], [1, 4]] as const) {
      const attacked = scene(built)
      for (const seq of seqs().slice(from, from + count)) attacked.rows('log').delete(seq)
      expect(await neverLies(attacked)).toMatchObject({ kind: 'refused', code: 'corrupt' })
    }
  })

  it('renumbered to hide a deleted row is refused', async () => {
    const attacked = scene(built)
    const [, , third, ...rest] = seqs()
    attacked.rows('log').delete(third!)
    for (const seq of rest) {
      attacked.rows('log').set(seq - 1, attacked.rows('log').get(seq)!)
      attacked.rows('log').delete(seq)
    }
    expect(await neverLies(attacked)).toMatchObject({ kind: 'refused', code: 'corrupt' })
  })

  it('without its anchor is refused', async () => {
    const attacked = scene(built)
    attacked.rows('log').delete(seqs()[0]!)
    expect(await neverLies(attacked)).toMatchObject({ kind: 'refused', code: 'corrupt', reason: 'anchor' })
  })

  it('cut at its end says how much is missing, opens when that is accepted, and says it no more', async () => {
    for (const cut of [1, 2, seqs().length - 1]) {
      const attacked = scene(built)
      for (const seq of seqs().slice(-cut)) attacked.rows('log').delete(seq)
      expect(await neverLies(attacked)).toMatchObject({ kind: 'refused', code: 'storage-lost', missingCommits: cut })
      // Still so the next time, until somebody decides.
      expect(await neverLies(attacked)).toMatchObject({ kind: 'refused', code: 'storage-lost', missingCommits: cut })
      const locked = await attacked.browser.open()
      if (locked.state !== 'locked') throw new Error(locked.state)
      const tab = await locked.unlock(PASSWORD, { acceptLoss: true })
      expect(await tab.chatLogs.getMessage('trip-chat', 'm3')).toMatchObject({ content: 'message 3, changed' })
      await tab.preferences.set('after the loss', true)
      const left = await tab.preferences.list()
      await tab.lock()
      const again = await attacked.browser.tab()
      expect(await again.preferences.list()).toEqual(left)
      expect(await again.check()).toMatchObject({ ok: true })
      await again.lock()
    }
  })

  it('whose end was replaced by other commits of the same vault is told as lost', async () => {
    const attacked = scene(built)
    // A copy of the profile that went its own way from the second checkpoint on.
    const fork = testBrowser({ disk: built.second.snapshot(), homes: [memoryHome(new Map())] })
    const tab = await fork.tab()
    for (let i = 0; i < seqs().length - 1; i++) await tab.preferences.set('fork', i)
    await tab.lock()
    putBack(attacked, fork.disk, 'log')
    expect(await neverLies(attacked)).toMatchObject({ kind: 'refused', code: 'storage-lost', missingCommits: 1 })
  })

  it('empty beside everything else is refused', async () => {
    const attacked = scene(built)
    attacked.rows('log').clear()
    expect(await neverLies(attacked)).toMatchObject({ kind: 'refused', code: 'corrupt' })
  })
})

describe('a database that is gone', () => {
  it('is a wiped vault, never an empty one, and nothing is created over it', async () => {
    const head = built.disk.rows('test', 'log').keys().at(-1) as number
    for (const options of [{}, { mirror: false }]) {
      const attacked = scene(built, options)
      attacked.disk.wipe('test')
      const vault = await attacked.browser.open()
      expect(vault).toMatchObject({ state: 'wiped', reason: 'database-empty', lastKnownCommit: head })
      expect('create' in vault).toBe(false)
      await vault.close()
      expect(await neverLies(attacked)).toEqual({ kind: 'state', state: 'wiped' })
    }
    const copyOnly = scene(built, { canary: false })
    copyOnly.disk.wipe('test')
    expect(await neverLies(copyOnly)).toEqual({ kind: 'state', state: 'wiped' })
  })

  it('is one also when a hand emptied all stores', async () => {
    const attacked = scene(built)
    for (const store of ['header', 'manifest', 'log', 'heads', 'pages', 'blobs'] as const) attacked.rows(store).clear()
    expect(await neverLies(attacked)).toEqual({ kind: 'state', state: 'wiped' })
  })

  it('is no empty vault because of a damaged canary', async () => {
    const attacked = scene(built)
    attacked.values.set('sealed-vault/test/canary', '{"v":1}')
    attacked.disk.wipe('test')
    expect(await neverLies(attacked)).toEqual({ kind: 'state', state: 'wiped' })
  })

  it('but for its header is healed from the copy, else said to be wiped', async () => {
    const healed = scene(built)
    healed.rows('header').delete('header')
    expect(await neverLies(healed)).toEqual(WHOLE)
    expect(healed.rows('header').get('header')).toEqual(built.disk.rows('test', 'header').get('header'))
    const lost = scene(built, { mirror: false })
    lost.rows('header').delete('header')
    expect(await neverLies(lost)).toEqual({ kind: 'state', state: 'wiped' })
    const withoutCanary = scene(built, { mirror: false, canary: false })
    withoutCanary.rows('header').delete('header')
    expect(await neverLies(withoutCanary)).toEqual({ kind: 'state', state: 'wiped' })
  })

  it('but for its header is not opened by what is left', async () => {
    for (const store of ['manifest', 'log', 'heads'] as const) {
      const attacked = scene(built)
      attacked.rows(store).clear()
      expect((await neverLies(attacked)).kind, store).toBe('refused')
    }
    const onlyHeader = scene(built)
    for (const store of ['manifest', 'log', 'heads', 'pages', 'blobs'] as const) onlyHeader.rows(store).clear()
    expect((await neverLies(onlyHeader)).kind).toBe('refused')
  })

  it('under a vault that was only looked at is noticed at unlock', async () => {
    const attacked = scene(built)
    const vault = await attacked.browser.open()
    if (vault.state !== 'locked') throw new Error(vault.state)
    attacked.disk.wipe('test')
    await expect(vault.unlock(PASSWORD)).rejects.toMatchObject({ name: 'VaultError' })
    await vault.close()
    expect(attacked.disk.names()).toEqual([])
  })
})

describe('a missing canary', () => {
  it('takes nothing away', async () => {
    for (const options of [{ canary: false }, { canary: false, mirror: false }]) expect(await neverLies(scene(built, options))).toEqual(WHOLE)
  })

  it('that is forged counts for nothing', async () => {
    const key = 'sealed-vault/test/canary'
    const canary = JSON.parse(built.values.get(key)!) as { v: number; vaultId: string; seq: number; tag: string; mac: string }
    for (const forged of [{ ...canary, seq: canary.seq + 100 }, { ...canary, seq: Number.MAX_SAFE_INTEGER }, { ...canary, mac: canary.tag }]) {
      const attacked = scene(built)
      attacked.values.set(key, JSON.stringify(forged))
      expect(await neverLies(attacked)).toEqual(WHOLE)
    }
  })

  it('of another vault says that the vault was replaced, until the loss is accepted', async () => {
    const key = 'sealed-vault/test/canary'
    const other = await buildVault('other')
    const attacked = scene(built)
    attacked.values.set(key, other.values.get('sealed-vault/other/canary')!)
    const locked = await attacked.browser.open()
    if (locked.state !== 'locked') throw new Error(locked.state)
    await expect(locked.unlock(PASSWORD)).rejects.toMatchObject({ code: 'storage-lost' })
    await (await locked.unlock(PASSWORD, { acceptLoss: true })).lock()
    expect(await neverLies(attacked)).toEqual(WHOLE)
  })

  it('that is older says nothing, and is raised again', async () => {
    const attacked = scene(built)
    const tab = await attacked.browser.tab()
    const older = new Map(attacked.values)
    await tab.preferences.set('later', 1)
    const truth = await tell(tab)
    await tab.lock()
    const newer = attacked.values.get('sealed-vault/test/canary')
    for (const [key, value] of older) attacked.values.set(key, value)
    expect(await neverLies(attacked, { truth })).toEqual(WHOLE)
    expect(attacked.values.get('sealed-vault/test/canary')).toBe(newer)
    const again = await attacked.browser.tab()
    expect(await neverLiesOpen(again, truth)).toEqual(new Map())
    await again.lock()
  })
})
