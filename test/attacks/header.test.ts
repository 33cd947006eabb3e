// The header, edited by who does not have the vault key: limits, slots, foreign slots, older headers, newer formats.

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Bytes, SealedBytes, VaultId } from '../../src/brand.js'
import { concat, fromBase64Url, randomBytes, toBase64Url, u16 } from '../../src/crypto/bytes.js'
import { encodePassword } from '../../src/crypto/kdf.js'
import type { Pbkdf2Kdf } from '../../src/crypto/kdf.js'
import { createPasswordSlot, type PasswordSlot } from '../../src/crypto/key-slots.js'
import { wrapVaultKey } from '../../src/crypto/key-wrap.js'
import { deriveVaultKeys, headerMac } from '../../src/crypto/keyring.js'
import { bytesToBase64 } from '../../src/stores/base64.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { insecureFastKdf, PASSWORD, testBrowser } from '../kit/tabs.js'
import { lockedOf } from '../kit/vault-states.js'
import { KINDS, opensWith, vaultWithAll } from '../slots/slot-scene.js'
import { buildVault, editHeader, headerBody, neverLies, scene, sealedRows, type BuiltVault, type HeaderBody, type Outcome, type Scene } from './kit.js'

let built: BuiltVault
beforeAll(async () => {
  built = await buildVault()
})

afterEach(() => {
  vi.restoreAllMocks()
})

const WHOLE: Outcome = { kind: 'opened', refusedReads: new Map() }

function edited(edit: (body: HeaderBody) => void, options: { mirror?: boolean } = { mirror: false }): Scene {
  const attacked = scene(built, options)
  const header = attacked.rows('header')
  header.set('header', editHeader(header.get('header')!, edit))
  return attacked
}

function countDerivations(): () => number {
  const spy = vi.spyOn(crypto.subtle, 'deriveBits')
  return () => spy.mock.calls.filter(([algorithm]) => (algorithm as { name?: string }).name === 'PBKDF2').length
}

const other = (text: string): string => toBase64Url(fromBase64Url(text).map((byte, i) => (i === 5 ? byte ^ 4 : byte)))

describe('key derivation', () => {
  it('outside of the limits is refused before anything is derived', async () => {
    const { minimumIterations, maximumRead } = insecureFastKdf
    for (const iterations of [1, 999, minimumIterations - 1, maximumRead + 1, 2 ** 31, 2 ** 53 - 1]) {
      const attacked = edited((body) => void (body.slots[0]!.kdf.iterations = iterations))
      const derivations = countDerivations()
      expect(await neverLies(attacked)).toMatchObject({ kind: 'refused', code: 'tampered', reason: 'kdf-limits' })
      expect(derivations(), String(iterations)).toBe(0)
      vi.restoreAllMocks()
    }
  })

  it('that is no number of iterations is refused before anything is derived', async () => {
    for (const iterations of [0, -1000, 1500.5, null, '1000', [1000], 1e300]) {
      const attacked = edited((body) => void (body.slots[0]!.kdf.iterations = iterations as number))
      const derivations = countDerivations()
      expect(await neverLies(attacked)).toMatchObject({ kind: 'refused' })
      expect(derivations(), String(iterations)).toBe(0)
      vi.restoreAllMocks()
    }
  })

  it('outside of the limits is healed from the copy', async () => {
    const attacked = edited((body) => void (body.slots[0]!.kdf.iterations = 10), { mirror: true })
    expect(await neverLies(attacked)).toEqual(WHOLE)
    expect(headerBody(attacked.rows('header').get('header')!)).toEqual(headerBody(built.disk.rows('test', 'header').get('header')!))
  })

  it('is healed, or refused, also when a foreign row lies behind the end of the log', async () => {
    const attacked = edited((body) => void (body.slots[0]!.kdf.iterations = 1), { mirror: true })
    attacked.rows('log').set('zz', new Uint8Array(40).fill(1) as SealedBytes)
    const derivations = countDerivations()
    await neverLies(attacked)
    // Whoever waits for the last row to be its own must not wait for ever.
    expect(derivations()).toBeLessThanOrEqual(8)
  })

  it('changed within the limits opens nothing', async () => {
    const { iterations } = headerBody(built.disk.rows('test', 'header').get('header')!).slots[0]!.kdf
    for (const changed of [1000, iterations + 1, iterations - 1, 10_000].filter((candidate) => candidate !== iterations && candidate >= 1000)) {
      expect(await neverLies(edited((body) => void (body.slots[0]!.kdf.iterations = changed)))).toMatchObject({ kind: 'refused', code: 'wrong-password' })
    }
  })

  it('of another name is not guessed at, and the copy that has the right one opens', async () => {
    for (const name of ['PBKDF2-HMAC-SHA-1', 'scrypt', '']) {
      const edit = (body: HeaderBody): void => void (body.slots[0]!.kdf.name = name)
      expect(await neverLies(edited(edit))).toMatchObject({ kind: 'refused', code: 'unsupported-version' })
      expect(await neverLies(edited(edit, { mirror: true }))).toEqual(WHOLE)
    }
    // Parameters of the other derivation are missing: that is damage.
    expect(await neverLies(edited((body) => void (body.slots[0]!.kdf.name = 'Argon2id')))).toMatchObject({ kind: 'refused', code: 'corrupt' })
  })

  it.each(KINDS)('of another name of the kind %s is not guessed at either', async (kind) => {
    const { browser, open, secrets } = await vaultWithAll()
    await open.lock()
    const row = browser.disk.rows('test', 'header').get('header')!
    browser.disk.rows('test', 'header').set('header', editHeader(row, ({ slots }) => void (slots.find((slot) => slot.kind === kind)!.kdf.name = 'of tomorrow')))
    const alone = testBrowser({ disk: browser.disk.snapshot(), homes: [], passkeys: browser.environment.passkeys, deviceKeys: browser.environment.deviceKeys })
    await expect((await lockedOf(alone)).unlock(secrets[kind])).rejects.toMatchObject({ code: 'unsupported-version' })
    expect(await (await lockedOf(alone)).waysIn()).toEqual(KINDS.filter((each) => each !== kind))
    expect(await opensWith(browser, secrets[kind])).toBe('dark')
  })

  it('with Argon2id that asks for too little or too much is refused before anything is computed', async () => {
    for (const [memoryKiB, passes, lanes] of [[31, 2, 1], [257, 2, 1], [64, 1, 1], [64, 21, 1], [64, 2, 5], [2 ** 31, 2 ** 31, 1]]) {
      const started = performance.now()
      const edit = (body: HeaderBody): void => void (body.slots[0]!.kdf = { name: 'Argon2id', memoryKiB, passes, lanes, salt: body.slots[0]!.kdf.salt } as never)
      expect(await neverLies(edited(edit)), String([memoryKiB, passes, lanes])).toMatchObject({ kind: 'refused', code: 'tampered' })
      expect(performance.now() - started).toBeLessThan(2000)
    }
  })

  it('is not done once more for a wrong password when every copy is the same', async () => {
    const derivations = countDerivations()
    expect(await neverLies(scene(built), { password: 'wrong' })).toMatchObject({ kind: 'refused', code: 'wrong-password' })
    expect(derivations()).toBe(1)
  })
})

describe('a slot with a right checksum', () => {
  const fields = ['id', 'wrapSalt', 'commitment', 'publicKey', 'wrappedPrivateKey', 'ephemeralKey', 'wrappedVaultKey'] as const

  it('of which one field was changed does not open, and heals from the copy', async () => {
    for (const field of fields) {
      const edit = (body: HeaderBody): void => void (body.slots[0]![field] = other(body.slots[0]![field] as string))
      const outcome = await neverLies(edited(edit))
      expect(outcome.kind === 'refused' && ['wrong-password', 'corrupt'].includes(outcome.code), field).toBe(true)
      expect(await neverLies(edited(edit, { mirror: true })), field).toEqual(WHOLE)
    }
    expect(await neverLies(edited((body) => void (body.slots[0]!.kdf.salt = other(body.slots[0]!.kdf.salt))))).toMatchObject({ code: 'wrong-password' })
  })

  it('of which one field has another length, type or is missing does not open', async () => {
    for (const field of [...fields, 'kdf', 'kind']) {
      for (const change of [undefined, '', 'AA', 7, '!!!!', 'A'.repeat(5000)]) {
        const outcome = await neverLies(edited((body) => void (body.slots[0]![field] = change)))
        expect(outcome.kind, `${field} ${JSON.stringify(change)}`).toBe('refused')
      }
    }
    // Zeros at the end of an HMAC key change nothing for HMAC.
    expect(await neverLies(edited((body) => void (body.slots[0]!['wrapSalt'] = toBase64Url(concat(fromBase64Url(body.slots[0]!['wrapSalt'] as string), new Uint8Array(8))))))).toMatchObject({ code: 'corrupt' })
  })

  it('in a header of which something else was changed does not open', async () => {
    const edits: ((body: HeaderBody) => void)[] = [
      (body) => void (body.vaultId = other(body.vaultId)),
      (body) => void (body.homeId = other(body.homeId)),
      (body) => void (body.revision += 1),
      (body) => void (body.revision = 2 ** 40),
      (body) => void (body.keyRing = other(body.keyRing)),
      (body) => void (body.keyRing = ''),
      (body) => void (body.slots = []),
      (body) => void body.slots.push({ ...body.slots[0]!, kind: 'something-new' }),
      (body) => void body.slots.push(body.slots[0]!),
      (body) => void (body['extra'] = 1),
      (body) => void (body.slots = new Array<HeaderBody['slots'][number]>(17).fill(body.slots[0]!)),
    ]
    for (const [i, edit] of edits.entries()) {
      expect((await neverLies(edited(edit))).kind, `edit ${i}`).toBe('refused')
      expect(await neverLies(edited(edit, { mirror: true })), `edit ${i} with a copy`).toEqual(WHOLE)
    }
  })

  it('of a kind nobody knows is refused by itself', async () => {
    expect(await neverLies(edited((body) => void (body.slots[0]!.kind = 'telepathy')))).toMatchObject({ kind: 'refused', code: 'unsupported-version' })
  })
})

/** A slot as it stands in the header. */
function slotJson(slot: PasswordSlot): HeaderBody['slots'][number] {
  const { kdf } = slot
  const text = Object.fromEntries(Object.entries(slot).flatMap(([name, value]) => (value instanceof Uint8Array ? [[name, toBase64Url(value)]] : [])))
  return { ...text, id: toBase64Url(slot.id), kind: 'password', kdf: { name: kdf.name, iterations: (kdf as Pbkdf2Kdf).iterations, salt: toBase64Url(kdf.salt) } }
}

describe('a slot of the attacker', () => {
  const theirs = 'what the attacker knows'

  async function forge(where: 'first' | 'last' | 'alone', sign: boolean): Promise<(attacked: Scene) => Promise<void>> {
    return async (attacked) => {
      const header = attacked.rows('header')
      const vaultId = fromBase64Url(headerBody(header.get('header')!).vaultId) as VaultId
      const vaultKey = randomBytes(32)
      const slot = slotJson((await createPasswordSlot(encodePassword(theirs), vaultKey, vaultId, 1000, insecureFastKdf)).slot)
      let row = editHeader(header.get('header')!, (body) => {
        body.slots = where === 'alone' ? [slot] : where === 'first' ? [slot, ...body.slots] : [...body.slots, slot]
      })
      if (sign) {
        // With a vault key of their own they can sign the header, for that key.
        const checked = row.slice(0, row.length - 32) as Bytes
        row = concat(checked, await headerMac(await deriveVaultKeys(vaultKey, vaultId), checked)) as SealedBytes
      }
      header.set('header', row)
    }
  }

  it('opens nothing, wherever it stands and whoever signed it', async () => {
    for (const where of ['first', 'last', 'alone'] as const) {
      for (const sign of [false, true]) {
        const attack = await forge(where, sign)
        const bare = scene(built, { mirror: false })
        await attack(bare)
        const before = sealedRows(bare)
        expect((await neverLies(bare, { password: theirs })).kind, `${where}, their password`).toBe('refused')
        expect((await neverLies(bare)).kind, `${where}, ours`).toBe('refused')
        expect(sealedRows(bare)).toEqual(before)
        const mirrored = scene(built)
        await attack(mirrored)
        expect((await neverLies(mirrored, { password: theirs })).kind).toBe('refused')
        expect(await neverLies(mirrored)).toEqual(WHOLE)
        // Healed: their slot is gone.
        expect(headerBody(mirrored.rows('header').get('header')!).slots).toHaveLength(1)
      }
    }
  })

  it('is not needed to wrap another vault key for ours: the public key lies in clear, and is not enough', async () => {
    const attacked = scene(built, { mirror: false })
    const header = attacked.rows('header')
    const { vaultId, slots } = headerBody(header.get('header')!)
    const ours = slots[0]!
    const id = fromBase64Url(vaultId) as VaultId
    const vaultKey = randomBytes(32)
    for (const bindingKey of [new Uint8Array(32), fromBase64Url(ours['commitment'] as string), fromBase64Url(ours['wrapSalt'] as string)]) {
      const target = { vaultId: id, slotId: fromBase64Url(ours.id), publicKey: fromBase64Url(ours['publicKey'] as string), bindingKey }
      const wrapped = await wrapVaultKey(vaultKey, target)
      const row = editHeader(header.get('header')!, (body) => {
        body.slots = [{ ...ours, ephemeralKey: toBase64Url(wrapped.ephemeralKey), wrappedVaultKey: toBase64Url(wrapped.wrappedVaultKey) }]
      })
      const checked = row.slice(0, row.length - 32) as Bytes
      header.set('header', concat(checked, await headerMac(await deriveVaultKeys(vaultKey, id), checked)))
      expect(await neverLies(attacked)).toMatchObject({ kind: 'refused', code: 'corrupt', reason: 'unwrap' })
    }
  })

  it('put into the copy opens nothing either', async () => {
    const attack = await forge('first', true)
    const attacked = scene(built)
    await attack(attacked)
    const forged = attacked.rows('header').get('header')!
    attacked.rows('header').delete('header')
    for (const key of attacked.values.keys()) if (key.includes('/header/')) attacked.values.set(key, bytesToBase64(forged))
    expect((await neverLies(attacked, { password: theirs })).kind).toBe('refused')
    expect((await neverLies(attacked)).kind).toBe('refused')
  })
})

describe('an older header', () => {
  const next = 'the password after the change'

  async function changed() {
    const values = new Map<string, string>()
    const browser = testBrowser({ homes: [memoryHome(values)] })
    const tab = await browser.tab()
    await tab.preferences.set('before', 1)
    const oldRow = browser.disk.rows('test', 'header').get('header')!
    const oldValues = new Map(values)
    await tab.changePassword(PASSWORD, next)
    await tab.preferences.set('after', 2)
    await tab.lock()
    const open = async (password: string, mirror: ReadonlyMap<string, string>, row: SealedBytes | undefined) => {
      const disk = browser.disk.snapshot()
      if (row === undefined) disk.rows('test', 'header').delete('header')
      else disk.rows('test', 'header').set('header', row)
      const vault = await testBrowser({ disk, homes: [memoryHome(new Map(mirror))] }).open()
      if (vault.state !== 'locked') return vault.state
      try {
        const again = await vault.unlock(password)
        expect(await again.preferences.get('after')).toBe(2)
        await again.lock()
        return 'opened'
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    const mirrorOnly = (from: ReadonlyMap<string, string>) => new Map([...from].filter(([key]) => key.includes('/header/')))
    return { open, oldRow, oldMirror: mirrorOnly(oldValues), values, newRow: browser.disk.rows('test', 'header').get('header')! }
  }

  it('alone opens neither with the old nor with the new password', async () => {
    const { open, oldRow } = await changed()
    expect(await open(PASSWORD, new Map(), oldRow)).toBe('tampered')
    expect(await open(next, new Map(), oldRow)).toBe('wrong-password')
  })

  it('with its own copy opens neither', async () => {
    const { open, oldRow, oldMirror } = await changed()
    expect(await open(PASSWORD, oldMirror, oldRow)).toBe('tampered')
    expect(await open(next, oldMirror, oldRow)).toBe('wrong-password')
  })

  it('as the only copy of a deleted one opens neither', async () => {
    const { open, oldMirror } = await changed()
    expect(await open(PASSWORD, oldMirror, undefined)).toBe('tampered')
    expect(await open(next, oldMirror, undefined)).toBe('wrong-password')
  })

  it('as the copy beside the current one changes nothing', async () => {
    const { open, oldMirror, newRow } = await changed()
    expect(await open(PASSWORD, oldMirror, newRow)).toBe('wrong-password')
    expect(await open(next, oldMirror, newRow)).toBe('opened')
  })

  it('was not kept: after a change only the new password opens', async () => {
    const { open, values, newRow } = await changed()
    expect([...values.keys()].filter((key) => key.includes('/header/'))).toHaveLength(1)
    expect(await open(PASSWORD, values, newRow)).toBe('wrong-password')
    expect(await open(next, values, newRow)).toBe('opened')
    expect(await open(next, values, undefined)).toBe('opened')
    expect(await open(PASSWORD, values, undefined)).toBe('wrong-password')
  })
})

describe('a newer format', () => {
  it('of header or manifest is told before unlocking, and nothing is written', async () => {
    const attacks: ((attacked: Scene) => void)[] = [
      ({ rows }) => rows('header').set('header', editHeader(rows('header').get('header')!, (body) => void (body.format = 2))),
      ({ rows }) => {
        const row = rows('header').get('header')!
        row[7] = '2'.charCodeAt(0)
        rows('header').set('header', row)
      },
      ({ rows }) => {
        const row = rows('manifest').get('manifest')!
        row.set(u16(2), 4)
        row.set(u16(2), 6)
        rows('manifest').set('manifest', row)
      },
    ]
    for (const attack of attacks) {
      const attacked = scene(built)
      attack(attacked)
      expect(await neverLies(attacked)).toEqual({ kind: 'state', state: 'newer' })
      expect(attacked.rows('marks').size + attacked.rows('jobs').size).toBe(0)
    }
  })

  it('claimed for a manifest that old code may write is no key to it', async () => {
    const attacked = scene(built)
    const row = attacked.rows('manifest').get('manifest')!
    row.set(u16(2), 4)
    attacked.rows('manifest').set('manifest', row)
    expect(await neverLies(attacked)).toMatchObject({ kind: 'refused', code: 'corrupt' })
  })

  it('of an envelope is refused as such', async () => {
    const attacked = scene(built)
    const [seq] = attacked.rows('log').keys().slice(-1)
    const row = attacked.rows('log').get(seq!)!
    row[0] = 2
    attacked.rows('log').set(seq!, row)
    expect(await neverLies(attacked)).toMatchObject({ kind: 'refused', code: 'unsupported-version' })
  })
})
