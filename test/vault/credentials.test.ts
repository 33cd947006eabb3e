// Headers and their key rings: what a change of the password keeps, drops and adds.

import { describe, expect, it, vi } from 'vitest'
import type { Epoch } from '../../src/brand.js'
import { decodeKeyRing, encodeKeyRing, type KeyRingContent } from '../../src/crypto/key-ring-content.js'
import { deriveVaultKeys } from '../../src/crypto/keyring.js'
import { equalBytes, randomBytes } from '../../src/crypto/bytes.js'
import { wrapVaultKey } from '../../src/crypto/key-wrap.js'
import { openPasswordSlot } from '../../src/crypto/key-slots.js'
import { encodePassword } from '../../src/crypto/kdf.js'
import { openKeyRing, sealKeyRing } from '../../src/vault/core/codec.js'
import { openWithVaultKey, type BuiltHeader } from '../../src/vault/core/credentials.js'
import { decodeHeader, encodeHeader, type Header } from '../../src/vault/core/header.js'
import { isPasswordSlot } from '../../src/vault/core/slot-json.js'
import { headerWith, unlockedWith, withPassword } from '../kit/headers.js'
import { insecureFastKdf as policy, PASSWORD, testBrowser } from '../kit/tabs.js'

const NEXT = 'another password'

async function contentOf({ row, keys }: Pick<BuiltHeader, 'row' | 'keys'>): Promise<KeyRingContent> {
  return (await openWithVaultKey(decodeHeader(row), keys)).ring.content()
}

function slotOf({ header }: Pick<BuiltHeader, 'header'>) {
  const slots = header.slots.filter(isPasswordSlot)
  if (slots.length !== 1) throw new Error(`the header has ${slots.length} password slots`)
  return slots[0]!
}

/** A header as a writer with more slots and epochs would leave it. */
async function rewritten({ header, keys }: BuiltHeader, slots: Header['slots'], content: KeyRingContent) {
  const parts = { vaultId: header.vaultId, homeId: header.homeId, revision: header.revision, slots }
  const keyRing = await sealKeyRing(keys.keyRingKey, parts, encodeKeyRing(content))
  return decodeHeader(await encodeHeader({ ...parts, keyRing }, keys))
}

describe('the key ring of a header', () => {
  it('holds the binding key of the slot, which renews the vault key without the password', async () => {
    const created = await headerWith(PASSWORD)
    const slot = slotOf(created)
    const [entry, ...others] = created.ring.content().slots
    expect(others).toEqual([])
    expect(entry?.id).toEqual(slot.id)
    expect(await contentOf(created)).toEqual(created.ring.content())

    const { vaultId } = created.header
    const vaultKey = randomBytes(32)
    const renewed = { ...slot, ...(await wrapVaultKey(vaultKey, { vaultId, slotId: slot.id, publicKey: slot.publicKey, bindingKey: entry!.bindingKey })) }
    expect(await openPasswordSlot(renewed, encodePassword(PASSWORD), vaultId, policy)).toEqual(vaultKey)
  })

  it('has the new slot in the place of the replaced one, and the same data keys', async () => {
    const created = await headerWith(PASSWORD)
    const before = created.ring.content()
    const replaced = await withPassword(created, created.keys, PASSWORD, NEXT)
    expect(replaced.header.revision).toBe(2)
    const opened = await unlockedWith(decodeHeader(replaced.row), NEXT)
    const { slots, ...rest } = opened.ring.content()
    expect({ ...rest, slots: before.slots }).toEqual(before)
    expect(slots.map(({ id }) => id)).toEqual([slotOf(replaced).id])
    expect(slots[0]?.id).not.toEqual(before.slots[0]?.id)
    expect(slots[0]?.bindingKey).not.toEqual(before.slots[0]?.bindingKey)
    await expect(unlockedWith(decodeHeader(replaced.row), PASSWORD)).rejects.toMatchObject({ code: 'wrong-password' })
    // The ring that the open vault works with is not touched.
    expect(created.ring.content()).toEqual(before)
    expect(created.ring.active.label('pages', 'brains', 0)).toEqual(opened.ring.active.label('pages', 'brains', 0))
  })

  it('keeps the entries of slots that this code does not know', async () => {
    const created = await headerWith(PASSWORD)
    const unknown = { id: 'AAAAAAAAAAAAAAAAAAAAAA', kind: 'séance', anything: [1, { b: null }], by: 'Müller' }
    const entry = { id: new Uint8Array(16), bindingKey: randomBytes(32) }
    const content = created.ring.content()
    const newest = await rewritten(created, [unknown, slotOf(created)], { ...content, slots: [entry, ...content.slots] })
    const replaced = await withPassword(newest, created.keys, PASSWORD, NEXT)
    expect(replaced.header.slots).toEqual([unknown, slotOf(replaced)])
    const { slots } = await contentOf(replaced)
    expect(slots).toHaveLength(2)
    expect(slots[0]).toEqual(entry)
    expect(slots[1]?.id).toEqual(slotOf(replaced).id)
  })

  it('fits for sixteen slots and many epochs', async () => {
    const created = await headerWith(PASSWORD)
    const content = created.ring.content()
    const many: KeyRingContent = {
      ...content,
      slots: [...content.slots, ...Array.from({ length: 15 }, () => ({ id: randomBytes(16), bindingKey: randomBytes(32) }))],
      epochs: [...content.epochs, ...Array.from({ length: 30 }, (_, i) => ({ id: (i + 2) as Epoch, key: randomBytes(32), state: 'quarantine-only' as const }))],
    }
    const slot = slotOf(created)
    const newest = await rewritten(created, Array.from({ length: 16 }, () => slot), many)
    expect((await openWithVaultKey(newest, created.keys)).ring.content()).toEqual(many)
  })

  it('leaves nothing raw behind: random bytes in clear alone, and none of what was sealed', async () => {
    const drawn: Uint8Array[] = []
    const getRandomValues = crypto.getRandomValues.bind(crypto)
    const spy = vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
      drawn.push(array as unknown as Uint8Array)
      return getRandomValues(array)
    })
    const sealed: Uint8Array[] = []
    const encrypt = crypto.subtle.encrypt.bind(crypto.subtle)
    const sealSpy = vi.spyOn(crypto.subtle, 'encrypt').mockImplementation((algorithm, key, data) => {
      sealed.push(data as Uint8Array)
      return encrypt(algorithm, key, data)
    })
    const secretsLeft = ({ header }: Pick<BuiltHeader, 'header'>) => {
      const { id, kdf, wrapSalt } = slotOf({ header })
      const inClear = [header.vaultId, header.homeId, id, kdf.salt, wrapSalt, header.keyRing.subarray(7, 19)]
      return drawn.filter((bytes) => bytes.some((byte) => byte !== 0) && !inClear.some((known) => equalBytes(known, bytes)))
    }
    try {
      const created = await headerWith(PASSWORD)
      // Vault key, binding key, data key, canary key, tombstone key.
      expect(drawn).toHaveLength(6 + 5)
      expect(secretsLeft(created)).toEqual([])
      drawn.length = 0
      const replaced = await withPassword(created, created.keys, PASSWORD, NEXT)
      expect(drawn).toHaveLength(4 + 1)
      expect(secretsLeft(replaced)).toEqual([])
      // Twice private key, vault key and key ring.
      expect(sealed).toHaveLength(6)
      expect(sealed.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true)
    } finally {
      spy.mockRestore()
      sealSpy.mockRestore()
    }
  })

  it('is not built on when the header is of another vault key', async () => {
    const [created, other] = [await headerWith(PASSWORD), await headerWith(PASSWORD)]
    await expect(withPassword(created, other.keys, PASSWORD, NEXT)).rejects.toMatchObject({ code: 'tampered' })
    const attackers = await deriveVaultKeys(randomBytes(32), created.header.vaultId)
    const forged = decodeHeader(await encodeHeader(created.header, attackers))
    await expect(withPassword(forged, created.keys, PASSWORD, NEXT)).rejects.toMatchObject({ code: 'tampered' })
    await expect(withPassword(created, created.keys, 'wrong', NEXT)).rejects.toMatchObject({ code: 'wrong-password' })
  })
})

describe('tabs that change the password in turn', () => {
  it('each build on the newest header, and go on reading and writing', async () => {
    const browser = testBrowser()
    const [a, b] = [await browser.tab(), await browser.tab()]
    await a.preferences.set('a', 1)
    await a.changePassword(PASSWORD, 'second')
    await b.changePassword('second', 'third')
    await expect(a.changePassword('second', 'fourth')).rejects.toMatchObject({ code: 'wrong-password' })
    await a.changePassword('third', 'fourth')
    await a.preferences.set('b', 2)
    await b.preferences.set('c', 3)
    await b.checkpoint()
    expect(await a.check()).toMatchObject({ ok: true, problems: [] })

    const row = browser.disk.rows('test', 'header').get('header')!
    const opened = await unlockedWith(decodeHeader(row), 'fourth')
    expect(opened.header.revision).toBe(4)
    const plain = await openKeyRing(opened.keys.keyRingKey, opened.header, opened.header.keyRing)
    expect(decodeKeyRing(plain).slots.map(({ id }) => id)).toEqual([slotOf(opened).id])

    await a.lock()
    const locked = await browser.open()
    if (locked.state !== 'locked') throw new Error(locked.state)
    const again = await locked.unlock('fourth')
    expect([await again.preferences.get('a'), await again.preferences.get('b'), await again.preferences.get('c')]).toEqual([1, 2, 3])
  })
})
