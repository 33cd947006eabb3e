// One byte of one row is changed: every position of the small rows, and of at least one row of each store.

import { beforeAll, describe, expect, it } from 'vitest'
import type { Bytes, SealedBytes } from '../../src/brand.js'
import { isVaultError } from '../../src/errors.js'
import type { RowKey, StoreName } from '../../src/stores/backend.js'
import { decodeHeader } from '../../src/vault/core/header.js'
import { buildVault, flip, insider, neverLies, neverLiesOpen, scene, seeded, type BuiltVault, type Insider, type Outcome, type Scene } from './kit.js'

let built: BuiltVault
beforeAll(async () => {
  built = await buildVault()
})

const ENVELOPE_HEAD = 19
const TAG = 16

/** Every place of the envelope's head and of the tag, and a seeded sample of what lies between. */
function samplePlaces(length: number, sample: number, seed: number): number[] {
  const random = seeded(seed)
  const places = new Set<number>()
  for (let at = 0; at < Math.min(ENVELOPE_HEAD, length); at++) places.add(at)
  for (let at = Math.max(0, length - TAG); at < length; at++) places.add(at)
  for (let i = 0; i < sample; i++) places.add(Math.floor(random() * length))
  return [...places]
}

const everyPlace = (length: number): number[] => Array.from({ length }, (_, i) => i)
const maskOf = (at: number): number => 1 << at % 8

/** Changes one place after the other, asks, and puts the row back. */
async function sweep(attacked: Scene, store: StoreName, key: RowKey, places: readonly number[], ask: (at: number) => Promise<void>): Promise<void> {
  const rows = attacked.rows(store)
  const row = rows.get(key)!
  for (const at of places) {
    rows.set(key, flip(row, at, maskOf(at)))
    try {
      await ask(at)
    } catch (error) {
      throw new Error(`byte ${at} of ${row.length} in ${store}: ${String(error)}`, { cause: error })
    } finally {
      rows.set(key, row)
    }
  }
}

/** Every place of a row of pages, held against its codec alone: what the vault makes of a refusal, samples of the same row show. */
async function sweepSealed(attacked: Scene, { codec }: Insider, store: 'heads' | 'pages' | 'blobs', key: RowKey): Promise<void> {
  const row = attacked.rows(store).get(key)!
  const opened = await Promise.allSettled(everyPlace(row.length).map((at) => codec.openBytes(store, key as Bytes, flip(row, at, maskOf(at)) as SealedBytes)))
  for (const [at, { status }] of opened.entries()) if (status === 'fulfilled') throw new Error(`byte ${at} of ${row.length} in ${store} changes nothing`)
  await expect(codec.openBytes(store, key as Bytes, row)).resolves.toBeInstanceOf(Uint8Array)
}

/** What unlock reads must not open. */
async function refusedAtUnlock({ again }: Insider): Promise<void> {
  let code: string | undefined
  try {
    await again()
  } catch (error) {
    if (isVaultError(error)) code = error.code
    else throw error
  }
  if (code !== 'corrupt' && code !== 'keys-changed' && code !== 'unsupported-version') throw new Error(`answered ${code ?? 'as if nothing was wrong'}`)
}

const isRefusal = (outcome: Outcome): boolean => outcome.kind === 'refused' || (outcome.kind === 'state' && outcome.state === 'newer')

describe('a flipped byte of the header', () => {
  it('is noticed at every place before the MAC, without a password', () => {
    const row = scene(built).rows('header').get('header')!
    for (const at of everyPlace(row.length - 32)) {
      for (const mask of [1, 0x80]) {
        expect(() => decodeHeader(flip(row, at, mask) as SealedBytes), `byte ${at}`).toThrow(expect.objectContaining({ name: 'VaultError' }))
      }
    }
  })

  it('keeps the vault closed where there is no copy', async () => {
    const attacked = scene(built, { mirror: false })
    const { length } = attacked.rows('header').get('header')!
    const places = [...everyPlace(12), ...samplePlaces(length - 64, 12, 1), ...everyPlace(64).map((i) => length - 64 + i)]
    await sweep(attacked, 'header', 'header', places, async () => {
      expect(isRefusal(await neverLies(attacked))).toBe(true)
    })
  })

  it('is healed from the copy', async () => {
    const original = scene(built).rows('header').get('header')!
    const places = [0, 3, 7, 8, 11, 12, ...samplePlaces(original.length - 64, 10, 2), original.length - 64, original.length - 33, original.length - 32, original.length - 1]
    for (const at of places) {
      const attacked = scene(built)
      attacked.rows('header').set('header', flip(original, at, maskOf(at)))
      const outcome = await neverLies(attacked)
      // A damaged version digit looks like a vault of a newer release, which nobody here may touch.
      if (at === 7) expect(isRefusal(outcome)).toBe(true)
      else expect(outcome, `byte ${at}`).toEqual({ kind: 'opened', refusedReads: new Map() })
      if (at !== 7) expect(attacked.rows('header').get('header')).toEqual(original)
    }
  })
})

describe('a flipped byte of what unlock reads', () => {
  it('is refused at every place of the manifest', async () => {
    const attacked = scene(built)
    const inside = await insider(attacked)
    await sweep(attacked, 'manifest', 'manifest', everyPlace(attacked.rows('manifest').get('manifest')!.length), () => refusedAtUnlock(inside))
  })

  it('is refused at every place of a commit in the log', async () => {
    const attacked = scene(built)
    const inside = await insider(attacked)
    const seqs = attacked.rows('log').keys()
    const middle = seqs[Math.floor(seqs.length / 2)]!
    await sweep(attacked, 'log', middle, everyPlace(attacked.rows('log').get(middle)!.length), () => refusedAtUnlock(inside))
  })

  it('is refused in every other commit, at its head, tag and a sample', async () => {
    const attacked = scene(built)
    const inside = await insider(attacked)
    // The first row is the anchor, of which only the tag counts; its tag is what the second row is chained to.
    const [anchor, ...seqs] = attacked.rows('log').keys()
    for (const seq of seqs) await sweep(attacked, 'log', seq, samplePlaces(attacked.rows('log').get(seq)!.length, 10, 3), () => refusedAtUnlock(inside))
    const { length } = attacked.rows('log').get(anchor!)!
    await sweep(attacked, 'log', anchor!, everyPlace(TAG).map((i) => length - TAG + i), () => refusedAtUnlock(inside))
  })

  it('is refused at every place of a page of heads', async () => {
    const attacked = scene(built)
    const inside = await insider(attacked)
    for (const collection of ['sessions', 'chatLogs', 'brains', 'preferences']) {
      const key = inside.heads(collection)
      if (collection === 'chatLogs') await sweepSealed(attacked, inside, 'heads', key)
      await sweep(attacked, 'heads', key, samplePlaces(attacked.rows('heads').get(key)!.length, 20, 4), () => refusedAtUnlock(inside))
    }
  })

  it('is refused by the vault as it is by its parts', async () => {
    const attacked = scene(built)
    const inside = await insider(attacked)
    const rows: [StoreName, RowKey][] = [
      ['manifest', 'manifest'],
      ['log', attacked.rows('log').keys().at(-1)!],
      ['heads', inside.heads('sessions')],
    ]
    for (const [store, key] of rows) {
      const { length } = attacked.rows(store).get(key)!
      await sweep(attacked, store, key, [0, 3, 6, 7, 9, 15, 16, 20, 200, length - 17, length - 16, length - 1], async () => {
        expect(isRefusal(await neverLies(attacked))).toBe(true)
      })
    }
  })
})

describe('a flipped byte of what is read later', () => {
  it('is refused at every place of a page of messages', async () => {
    const attacked = scene(built)
    const inside = await insider(attacked)
    for (const key of [inside.page('trip-chat', 1), inside.brain('cook')]) await sweepSealed(attacked, inside, 'pages', key)
    const tab = await attacked.browser.tab()
    const key = inside.page('trip-chat', 1)
    await sweep(attacked, 'pages', key, samplePlaces(attacked.rows('pages').get(key)!.length, 100, 8), async () => {
      tab.releaseMemory()
      await expect(tab.chatLogs.getMessage('trip-chat', 'm33')).rejects.toMatchObject({ name: 'VaultError' })
    })
    tab.releaseMemory()
    expect(await neverLiesOpen(tab, attacked.truth)).toEqual(new Map())
    await tab.lock()
  })

  it('is refused in every page, and spoils no other', async () => {
    const attacked = scene(built)
    const inside = await insider(attacked)
    const tab = await attacked.browser.tab()
    const spoilt: [RowKey, readonly string[]][] = [
      [inside.page('trip-chat', 0), ['messages of trip-chat', 'a message']],
      [inside.page('trip-chat', 2), ['messages of trip-chat']],
      [inside.page('cook-chat', 0), ['messages of cook-chat', 'newest of cook-chat']],
      [inside.brain('guide'), ['brain guide']],
      [inside.brain('cook'), ['brain cook']],
      [inside.tombstones(), []],
    ]
    for (const [key, names] of spoilt) {
      await sweep(attacked, 'pages', key, samplePlaces(attacked.rows('pages').get(key)!.length, 4, 5).filter((_, i) => i % 4 === 0), async () => {
        tab.releaseMemory()
        const refused = await neverLiesOpen(tab, attacked.truth)
        for (const name of names) expect(refused.has(name), name).toBe(true)
        // Looking for a message by its id may have to pass a damaged page, and the newest ones are read with the page before.
        for (const name of refused.keys()) expect([...names, 'newest of trip-chat', 'a message', 'a deleted message', 'around']).toContain(name)
      })
    }
    await tab.lock()
  })

  it('is refused in every part of a long value', async () => {
    const attacked = scene(built)
    const tab = await attacked.browser.tab()
    for (const key of attacked.rows('blobs').keys()) {
      const { length } = attacked.rows('blobs').get(key)!
      await sweep(attacked, 'blobs', key, samplePlaces(length, 40, 6), async () => {
        const answers = await Promise.allSettled([tab.chatLogs.getMessage('cook-chat', 'picture'), tab.chatLogs.getMessage('trip-chat', 'late1')])
        const refused = answers.filter((answer) => answer.status === 'rejected')
        expect(refused).toHaveLength(1)
        expect(refused[0]).toMatchObject({ reason: { name: 'VaultError' } })
      })
    }
    // The rest of the vault does not need it.
    const [key] = attacked.rows('blobs').keys()
    attacked.rows('blobs').set(key!, flip(attacked.rows('blobs').get(key!)!, 5000))
    const refused = await neverLiesOpen(tab, attacked.truth)
    expect(refused.size).toBeGreaterThan(0)
    for (const name of refused.keys()) expect(name).toMatch(/^(?:messages|newest) of (?:trip|cook)-chat$/)
    await tab.lock()
  })

  it('is found at every place of a small long value', async () => {
    const attacked = scene(built)
    const tab = await attacked.browser.tab()
    await tab.chatLogs.append('last-chat', { id: 'flat', senderId: 'ada', type: 'user', content: 'flat '.repeat(14_000) })
    const key = attacked.rows('blobs').keys().find((candidate) => attacked.rows('blobs').get(candidate)!.length < 5000)!
    await sweepSealed(attacked, await insider(attacked), 'blobs', key)
    await sweep(attacked, 'blobs', key, samplePlaces(attacked.rows('blobs').get(key)!.length, 100, 9), async () => {
      await expect(tab.chatLogs.getMessage('last-chat', 'flat')).rejects.toMatchObject({ name: 'VaultError' })
    })
    expect((await tab.chatLogs.getMessage('last-chat', 'flat'))?.content).toHaveLength(70_000)
    await tab.lock()
  })

  it('is reported by check()', async () => {
    const attacked = scene(built)
    const { page } = await insider(attacked)
    const tab = await attacked.browser.tab()
    await sweep(attacked, 'pages', page('trip-chat', 1), [0, 8, 20, 2000, 4130].filter((at) => at !== 0), async () => {
      const report = await tab.check()
      expect(report.ok).toBe(false)
      expect(report.problems).toContainEqual(expect.objectContaining({ where: 'pages' }))
    })
    expect(await tab.check()).toMatchObject({ ok: true })
    await tab.lock()
  })
})

describe('a flipped byte where nothing is sealed', () => {
  it('of a lease or a mark never stops or misleads the vault', async () => {
    const attacked = scene(built)
    attacked.rows('jobs').set('lease', new Uint8Array(24).fill(0xff))
    attacked.rows('marks').set('somebody', Uint8Array.of(0))
    expect(await neverLies(attacked)).toEqual({ kind: 'opened', refusedReads: new Map() })
    for (const lease of [new Uint8Array(0), new Uint8Array(3), new Uint8Array(16), new Uint8Array(23).fill(9), new Uint8Array(40).fill(255)]) {
      const next = scene(built)
      next.rows('jobs').set('lease', lease)
      const tab = await next.browser.tab()
      expect(await tab.checkpoint()).toBe(true)
      expect(await neverLiesOpen(tab, next.truth)).toEqual(new Map())
      await tab.lock()
    }
  })

  it('of the canary never empties the vault or changes what it says', async () => {
    const key = 'sealed-vault/test/canary'
    const text = built.values.get(key)!
    for (let at = 0; at < text.length; at += 5) {
      const attacked = scene(built)
      attacked.values.set(key, `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ 1)}${text.slice(at + 1)}`)
      await neverLies(attacked)
    }
  })

  it('of the copy of the header changes nothing while the header is whole', async () => {
    const key = [...built.values.keys()].find((name) => name.includes('/header/'))!
    const text = built.values.get(key)!
    for (const at of [0, 9, 40, 900, text.length - 40, text.length - 1]) {
      const attacked = scene(built)
      attacked.values.set(key, `${text.slice(0, at)}!${text.slice(at + 1)}`)
      expect(await neverLies(attacked)).toEqual({ kind: 'opened', refusedReads: new Map() })
      // And unlocking wrote a good one.
      expect(attacked.values.get(key)).toBe(text)
    }
  })
})
