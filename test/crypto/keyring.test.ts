import * as fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Bytes, Epoch, HomeId, Seq, Tag, VaultId } from '../../src/brand.ts'
import { equalBytes, fromUtf8, utf8 } from '../../src/crypto/bytes.ts'
import { openEnvelope, sealEnvelope } from '../../src/crypto/envelope.ts'
import { createKeyRingContent, decodeKeyRing, encodeKeyRing, type KeyRingContent, wipeKeyRingContent } from '../../src/crypto/key-ring-content.ts'
import { deriveVaultKeys, headerMac, loadKeyRing } from '../../src/crypto/keyring.ts'
import { codeOf, vaultError } from './errors.ts'
import { counting, flipped, toHex } from './hex.ts'

const vaultId = counting<VaultId>(16)
const stores = ['manifest', 'log', 'pages']
const tag = counting<Tag>(16, 7)

/** Three epochs, as in the middle of a rotation. */
function rotating(): KeyRingContent {
  return {
    epochs: [
      { id: 1 as Epoch, key: counting(32, 1), state: 'quarantine-only' },
      { id: 3 as Epoch, key: counting(32, 3), state: 'retiring' },
      { id: 4 as Epoch, key: counting(32, 4), state: 'active' },
    ],
    slots: [
      { id: counting(16, 5), bindingKey: counting(32, 120) },
      { id: counting(16, 6), bindingKey: counting(32, 160) },
    ],
    canaryKey: counting(32, 40),
    tombstoneKey: counting(32, 80),
    minimumIterations: 600_000,
  }
}

/** Every secret of a content. */
function secretsOf({ epochs, slots, canaryKey, tombstoneKey }: KeyRingContent): Bytes[] {
  return [...epochs.map(({ key }) => key), ...slots.map(({ bindingKey }) => bindingKey), canaryKey, tombstoneKey]
}

afterEach(() => {
  vi.restoreAllMocks()
})

/** Everything the engine derives from now on. */
function watchDerived(): Uint8Array[] {
  const derived: Uint8Array[] = []
  const deriveBits = crypto.subtle.deriveBits.bind(crypto.subtle)
  vi.spyOn(crypto.subtle, 'deriveBits').mockImplementation(async (...args) => {
    const bits = await deriveBits(...args)
    derived.push(new Uint8Array(bits))
    return bits
  })
  return derived
}

describe('the content of a key ring', () => {
  test('is new for every vault and begins with epoch 1', () => {
    const { slots } = rotating()
    const [one, other] = [createKeyRingContent(600_000, slots), createKeyRingContent(600_000, [])]
    expect(one.epochs.map(({ id, state, key }) => [id, state, key.length])).toEqual([[1, 'active', 32]])
    expect(one.minimumIterations).toBe(600_000)
    expect([one.slots, other.slots]).toEqual([slots, []])
    expect(new Set([one, other].flatMap(secretsOf).map(toHex)).size).toBe(2 + 6)
  })

  test('is the JSON of the format, and comes back', () => {
    const json: unknown = JSON.parse(fromUtf8(encodeKeyRing(rotating())))
    expect(json).toEqual({
      v: 1,
      epochs: [
        { id: 1, key: 'AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA', state: 'quarantine-only' },
        { id: 3, key: 'AwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISI', state: 'retiring' },
        { id: 4, key: 'BAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiM', state: 'active' },
      ],
      slots: [
        { id: 'BQYHCAkKCwwNDg8QERITFA', bindingKey: 'eHl6e3x9fn-AgYKDhIWGh4iJiouMjY6PkJGSk5SVlpc' },
        { id: 'BgcICQoLDA0ODxAREhMUFQ', bindingKey: 'oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8' },
      ],
      canaryKey: 'KCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4_QEFCQ0RFRkc',
      tombstoneKey: 'UFFSU1RVVldYWVpbXF1eX2BhYmNkZWZnaGlqa2xtbm8',
      minimumIterations: 600_000,
    })
    expect(decodeKeyRing(encodeKeyRing(rotating()))).toEqual(rotating())
  })

  const good = JSON.parse(fromUtf8(encodeKeyRing(rotating()))) as Record<string, unknown> & Record<'epochs' | 'slots', Record<string, unknown>[]>
  const withEpoch = (change: Record<string, unknown>) => ({ ...good, epochs: [...good.epochs.slice(0, 2), { ...good.epochs[2], ...change }] })
  const withSlot = (change: Record<string, unknown>) => ({ ...good, slots: [good.slots[0], { ...good.slots[1], ...change }] })
  const without = (name: string) => Object.fromEntries(Object.entries(good).filter(([field]) => field !== name))

  test.each<[string, unknown]>([
    ['no object', null],
    ['a list', [good]],
    ['text', 'keys'],
    ['version 0', { ...good, v: 0 }],
    ['version as text', { ...good, v: '1' }],
    ...['v', 'epochs', 'slots', 'canaryKey', 'tombstoneKey', 'minimumIterations'].map((name): [string, unknown] => [`no ${name}`, without(name)]),
    ['a field more', { ...good, extra: 1 }],
    ['no epoch', { ...good, epochs: [] }],
    ['no list of epochs', { ...good, epochs: { 0: good.epochs[2] } }],
    ['an epoch that is none', { ...good, epochs: [null, good.epochs[2]] }],
    ['a field more in an epoch', withEpoch({ extra: 1 })],
    ['two active', { ...good, epochs: good.epochs.map((epoch) => ({ ...epoch, state: 'active' })) }],
    ['none active', withEpoch({ state: 'retiring' })],
    ['an unknown state', { ...good, epochs: [{ ...good.epochs[0], state: 'lost' }, good.epochs[2]] }],
    ['an id twice', withEpoch({ id: 3 })],
    ...[0, -1, 1.5, 2 ** 32, '4', null].map((id): [string, unknown] => [`epoch ${JSON.stringify(id)}`, withEpoch({ id })]),
    ...['', 'AAAA', 'not base64 at all', 'AA==', 7, null].map((key): [string, unknown] => [`key ${JSON.stringify(key)}`, withEpoch({ key })]),
    ['no list of slots', { ...good, slots: { 0: good.slots[0] } }],
    ['a slot that is none', { ...good, slots: [null] }],
    ['a slot without an id', { ...good, slots: [{ bindingKey: good.slots[0]?.['bindingKey'] }] }],
    ['a slot without a key', { ...good, slots: [{ id: good.slots[0]?.['id'] }] }],
    ['a field more in a slot', withSlot({ extra: 1 })],
    ['a slot twice', withSlot({ id: good.slots[0]?.['id'] })],
    ...['', 'AAAA', 'BgcICQoLDA0ODxAREhMUFRY', 7, null].map((id): [string, unknown] => [`slot ${JSON.stringify(id)}`, withSlot({ id })]),
    ...['', 'AAAA', good.slots[0]?.['id'], 7, null].map((key): [string, unknown] => [`binding key ${JSON.stringify(key)}`, withSlot({ bindingKey: key })]),
    ['a short canary key', { ...good, canaryKey: 'AAAA' }],
    ['a tombstone key that is no text', { ...good, tombstoneKey: [] }],
    ...[0, -1, 1.5, '600000', null].map((n): [string, unknown] => [`minimum ${JSON.stringify(n)}`, { ...good, minimumIterations: n }]),
  ])('%s is damage', (_, json) => {
    expect(() => decodeKeyRing(utf8(JSON.stringify(json)))).toThrow(vaultError('corrupt') as Error)
  })

  test('bytes that are no JSON are damage, and the error quotes none of them', async () => {
    for (const bytes of [utf8(''), utf8('{'), Uint8Array.of(0xff), encodeKeyRing(rotating()).slice(0, -1)]) {
      expect(await codeOf(() => decodeKeyRing(bytes))).toBe('corrupt')
    }
    const broken = utf8(`${JSON.stringify(good).slice(0, -1)}secret`)
    expect(() => decodeKeyRing(broken)).toThrow(expect.not.objectContaining({ cause: expect.anything() as unknown }) as Error)
  })

  test('of a newer release is told from damage', () => {
    const newer = utf8(JSON.stringify({ ...good, v: 2, more: true }))
    expect(() => decodeKeyRing(newer)).toThrow(vaultError('unsupported-version') as Error)
  })

  test('is zeroed whole', () => {
    const content = rotating()
    wipeKeyRingContent(content)
    expect(secretsOf(content)).toEqual(Array.from({ length: 7 }, () => new Uint8Array(32)))
  })

  test('that could not be read again is not written and not loaded', async () => {
    const [first] = rotating().epochs
    const [slot] = rotating().slots
    const slots = [[slot, slot], [{ ...slot, id: counting(15) }], [{ ...slot, bindingKey: counting(31) }]].map((all) => ({ slots: all }) as Partial<KeyRingContent>)
    for (const change of [{ epochs: [] }, { epochs: first ? [first] : [] }, { canaryKey: counting(31) }, { minimumIterations: 0 }, ...slots]) {
      expect(() => encodeKeyRing({ ...rotating(), ...change })).toThrow(RangeError)
      await expect(loadKeyRing({ ...rotating(), ...change }, vaultId, stores)).rejects.toThrow(RangeError)
    }
  })
})

describe('a loaded key ring', () => {
  test('knows its epochs and no others', async () => {
    const ring = await loadKeyRing(rotating(), vaultId, stores)
    expect(ring.active.id).toBe(4)
    expect(ring.epochs.map(({ id }) => id)).toEqual([1, 3, 4])
    expect(ring.epoch(3 as Epoch)?.id).toBe(3)
    expect(ring.epoch(4 as Epoch)).toBe(ring.active)
    for (const id of [0, 2, 5]) expect(ring.epoch(id as Epoch)).toBeUndefined()
  })

  test('has one sealing key for each store and epoch, of no use elsewhere', async () => {
    const ring = await loadKeyRing(rotating(), vaultId, stores)
    const context = { homeId: counting<HomeId>(16), vaultId, storeId: 5, rowKey: counting(16) }
    const frame = counting(20)
    const envelope = await sealEnvelope(ring.active.sealKey('pages'), ring.active.id, context, frame)
    for (const epoch of ring.epochs) {
      for (const store of stores) {
        const opened = await codeOf(() => openEnvelope(epoch.sealKey(store), context, envelope))
        expect(opened, `${epoch.id} ${store}`).toBe(epoch === ring.active && store === 'pages' ? undefined : 'corrupt')
      }
    }
    expect(ring.active.sealKey('pages').extractable).toBe(false)
    expect(() => ring.active.sealKey('blobs')).toThrow(RangeError)
  })

  test('of the same content and vault gives the same, of another vault nothing of it', async () => {
    const make = async (id: VaultId) => {
      const { active } = await loadKeyRing(rotating(), id, stores)
      const label = active.label('pages', 'brains', 3)
      return [toHex(label), toHex(active.element('pages', label, tag))]
    }
    const [one, same, other] = [await make(vaultId), await make(vaultId), await make(flipped(vaultId, 0))]
    expect(same).toEqual(one)
    expect(other[0]).not.toBe(one[0])
    expect(other[1]).not.toBe(one[1])
  })

  test('labels have 16 bytes and differ by epoch, store, stem and page', async () => {
    const ring = await loadKeyRing(rotating(), vaultId, stores)
    const seen = new Set<string>()
    for (const epoch of ring.epochs) {
      for (const store of ['heads', 'pages', 'page']) {
        for (const stem of ['brains', 'app:brains', '', 's', 'sbrains']) {
          for (const page of [0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
            const label = epoch.label(store, stem, page)
            expect(label).toHaveLength(16)
            expect(epoch.label(store, stem, page)).toEqual(label)
            seen.add(toHex(label))
          }
        }
      }
    }
    expect(seen.size).toBe(3 * 3 * 5 * 4)
    for (const page of [-1, 0.5, 2 ** 53]) expect(() => ring.active.label('pages', 'brains', page)).toThrow(RangeError)
  })

  test('elements have 32 bytes and differ by epoch, store, label and tag', async () => {
    const ring = await loadKeyRing(rotating(), vaultId, stores)
    const label = ring.active.label('pages', 'brains', 0)
    const elements = ring.epochs.flatMap((epoch) => [
      epoch.element('pages', label, tag),
      epoch.element('heads', label, tag),
      epoch.element('pages', flipped(label, 0), tag),
      epoch.element('pages', label, flipped(tag, 15)),
    ])
    expect(elements.every((element) => element.length === 32)).toBe(true)
    expect(new Set(elements.map(toHex)).size).toBe(12)
  })

  test('labels do not disturb each other when elements are asked for in between', async () => {
    const { active } = await loadKeyRing(rotating(), vaultId, stores)
    const stem = fc.string({ unit: 'grapheme', maxLength: 100 })
    fc.assert(
      fc.property(stem, fc.maxSafeNat(), (name, page) => {
        const label = active.label('pages', name, page)
        active.element('pages', label, tag)
        active.label('heads', 'other', 1)
        expect(equalBytes(active.label('pages', name, page), label)).toBe(true)
      }),
    )
  })

  test('the MAC of a canary depends on vault, seq and tag, and not on the epoch', async () => {
    const ring = await loadKeyRing(rotating(), vaultId, stores)
    const mac = ring.canaryMac(vaultId, 5 as Seq, tag)
    expect(mac).toHaveLength(32)
    for (const other of [
      ring.canaryMac(flipped(vaultId, 0), 5 as Seq, tag),
      ring.canaryMac(vaultId, 6 as Seq, tag),
      ring.canaryMac(vaultId, 5 as Seq, flipped(tag, 0)),
    ]) {
      expect(other).not.toEqual(mac)
    }
    const later = rotating()
    const next = await loadKeyRing({ ...later, epochs: later.epochs.slice(2) }, vaultId, stores)
    expect(next.canaryMac(vaultId, 5 as Seq, tag)).toEqual(mac)
  })

  test('tombstones stand for any id, ill-formed ones too, with and without a parent', async () => {
    const ring = await loadKeyRing(rotating(), vaultId, stores)
    const ids = ['', 'a', '"a"', 'null', '\ud800', '\udfff', '\\ud800', '\ufffd', 'ż', 'z\u0307', 'a\u0000']
    const seen = new Set<string>()
    for (const parent of [undefined, ...ids]) {
      for (const id of ids) {
        const hash = ring.tombstoneHash('messages', parent, id)
        expect(hash).toHaveLength(16)
        seen.add(toHex(hash))
      }
    }
    expect(seen.size).toBe((ids.length + 1) * ids.length)
    expect(ring.tombstoneHash('sessions', undefined, 'a')).not.toEqual(ring.tombstoneHash('brains', undefined, 'a'))
  })

  test('leaves none of the derived keys behind as bytes', async () => {
    const derived = watchDerived()
    await loadKeyRing(rotating(), vaultId, stores)
    expect(derived).toEqual(Array.from({ length: 3 * (stores.length + 2) }, () => new Uint8Array(32)))
  })

  test('neither keeps the bytes it was given nor gives its own away', async () => {
    const given = rotating()
    const ring = await loadKeyRing(given, vaultId, stores)
    const hash = ring.tombstoneHash('sessions', undefined, 'a')
    for (const { id } of given.slots) id.fill(0)
    wipeKeyRingContent(given)
    expect(ring.content()).toEqual(rotating())
    for (const { id } of ring.content().slots) id.fill(0)
    wipeKeyRingContent(ring.content())
    expect(ring.content()).toEqual(rotating())
    expect(ring.tombstoneHash('sessions', undefined, 'a')).toEqual(hash)
  })
})

describe('a wiped key ring', () => {
  test('does nothing any more, nor do its epochs', async () => {
    const ring = await loadKeyRing(rotating(), vaultId, stores)
    const { active, epochs } = ring
    const label = active.label('pages', 'brains', 0)
    ring.wipe()
    ring.wipe()
    for (const epoch of [...epochs, active]) {
      expect(await codeOf(() => epoch.sealKey('pages'))).toBe('locked')
      expect(await codeOf(() => epoch.sealKey('none'))).toBe('locked')
      expect(await codeOf(() => epoch.label('pages', 'brains', 0))).toBe('locked')
      expect(await codeOf(() => epoch.element('pages', label, tag))).toBe('locked')
    }
    expect(await codeOf(() => ring.epoch(4 as Epoch))).toBe('locked')
    expect(await codeOf(() => ring.canaryMac(vaultId, 1 as Seq, tag))).toBe('locked')
    expect(await codeOf(() => ring.tombstoneHash('sessions', undefined, 'a'))).toBe('locked')
    expect(await codeOf(() => ring.content())).toBe('locked')
  })

  test('has zeroed every byte it held', async () => {
    // Every key the ring copies goes through slice; these are the copies.
    const content = rotating()
    const copies: Bytes[] = []
    const watch = (bytes: Bytes): Bytes => {
      bytes.slice = (...range) => {
        const copy = Uint8Array.prototype.slice.apply(bytes, range) as Bytes
        copies.push(copy)
        return copy
      }
      return bytes
    }
    secretsOf(content).forEach(watch)
    const ring = await loadKeyRing(content, vaultId, stores)
    expect(copies).toHaveLength(7)
    expect(copies.every((copy) => copy.some((byte) => byte !== 0))).toBe(true)
    ring.wipe()
    expect(copies.every((copy) => copy.every((byte) => byte === 0))).toBe(true)
  })

  test('takes no other ring with it', async () => {
    const ring = await loadKeyRing(rotating(), vaultId, stores)
    const next = await loadKeyRing(ring.content(), vaultId, stores)
    ring.wipe()
    expect(next.content()).toEqual(rotating())
    expect(next.active.label('pages', 'brains', 0)).toHaveLength(16)
  })
})

describe('the keys of the vault key', () => {
  test('are left nowhere as bytes', async () => {
    const derived = watchDerived()
    await deriveVaultKeys(counting(32), vaultId)
    expect(derived).toEqual([new Uint8Array(32), new Uint8Array(32)])
  })

  test('cannot be read back, and depend on vault key and vault', async () => {
    const data = utf8('header')
    const keys = await deriveVaultKeys(counting(32), vaultId)
    expect([keys.headerMacKey.extractable, keys.keyRingKey.extractable]).toEqual([false, false])
    const mac = await headerMac(keys, data)
    expect(mac).toHaveLength(32)
    expect(await headerMac(await deriveVaultKeys(counting(32), vaultId), data)).toEqual(mac)
    expect(await headerMac(await deriveVaultKeys(counting(32, 1), vaultId), data)).not.toEqual(mac)
    expect(await headerMac(await deriveVaultKeys(counting(32), flipped(vaultId, 0)), data)).not.toEqual(mac)
    expect(await headerMac(keys, utf8('heades'))).not.toEqual(mac)
    expect(await crypto.subtle.verify('HMAC', keys.headerMacKey, mac, data)).toBe(true)
  })
})
