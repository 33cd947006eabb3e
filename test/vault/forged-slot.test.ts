// Whoever can write the profile once, without the password: every row can be forged under a vault key of their own, and
// the slot's public key lies in clear to wrap that vault key to. The slot's binding key is all they lack (format.md, section 3).

import { describe, expect, it } from 'vitest'
import type { Bytes, HomeId, SealedBytes, Seq, Tag, VaultId } from '../../src/brand.js'
import { randomBytes, toBase64Url } from '../../src/crypto/bytes.js'
import type { PasswordSlot } from '../../src/crypto/key-slots.js'
import { wrapVaultKey } from '../../src/crypto/key-wrap.js'
import { createKeyRingContent, encodeKeyRing } from '../../src/crypto/key-ring-content.js'
import { deriveVaultKeys, loadKeyRing } from '../../src/crypto/keyring.js'
import { STORE_IDS, type StoreName } from '../../src/stores/backend.js'
import { writeCanary, writeHeaderMirror } from '../../src/stores/canary.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import type { MemoryDisk } from '../../src/stores/memory-disk.js'
import { Codec, sealKeyRing, tagOfRow } from '../../src/vault/core/codec.js'
import { canaryOf, headerName } from '../../src/vault/core/credentials.js'
import { decodeHeader, encodeHeader } from '../../src/vault/core/header.js'
import { isPasswordSlot } from '../../src/vault/core/slot-json.js'
import { encodeLogRow } from '../../src/vault/core/log-row.js'
import { emptyManifest, sealManifest } from '../../src/vault/core/manifest.js'
import { unlockedWith } from '../kit/headers.js'
import { insecureFastKdf, PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'

const NAME = 'test'
const STORES = Object.keys(STORE_IDS) as StoreName[]

interface Victim {
  readonly browser: TestBrowser
  readonly disk: MemoryDisk
  /** What lies in the second home: canary and copies of the header. */
  readonly values: Map<string, string>
  readonly slot: PasswordSlot
}

/** A vault with something in it, locked. */
async function victim(): Promise<Victim> {
  const values = new Map<string, string>()
  const browser = testBrowser({ homes: [memoryHome(values)] })
  const tab = await browser.tab()
  await tab.preferences.set('owner', 'the user')
  await tab.lock()
  const slot = decodeHeader(headerRow(browser.disk)).header.slots.find(isPasswordSlot)
  if (slot === undefined) throw new Error('the vault has no password slot')
  return { browser, disk: browser.disk, values, slot }
}

function headerRow(disk: MemoryDisk): SealedBytes {
  return disk.rows(NAME, 'header').get('header') as SealedBytes
}

/** What the vault itself knows of its slot, and an attacker does not. */
async function realBindingKey({ disk }: Victim): Promise<Bytes> {
  const { ring } = await unlockedWith(decodeHeader(headerRow(disk)), PASSWORD)
  return ring.content().slots[0]!.bindingKey
}

interface Forgery {
  readonly row: SealedBytes
  /** Puts rows, canary and copies of the attacker's vault in the place of all that was there. */
  takeOver(): Promise<void>
}

/** The victim's slot around another vault: its commitment holds, the vault key behind it is the attacker's. */
async function forge({ disk, values, slot }: Victim, bindingKey: Bytes): Promise<Forgery> {
  const { vaultId, homeId, revision }: { vaultId: VaultId; homeId: HomeId; revision: number } = decodeHeader(headerRow(disk)).header
  const vaultKey = randomBytes(32)
  const keys = await deriveVaultKeys(vaultKey, vaultId)
  const content = createKeyRingContent(insecureFastKdf.minimumIterations, [{ id: slot.id, bindingKey }])
  const ring = await loadKeyRing(content, vaultId, STORES)
  const forgedSlot = { ...slot, ...(await wrapVaultKey(vaultKey, { vaultId, slotId: slot.id, publicKey: slot.publicKey, bindingKey })) }
  const parts = { vaultId, homeId, revision, slots: [forgedSlot] }
  const header = { ...parts, keyRing: await sealKeyRing(keys.keyRingKey, parts, encodeKeyRing(content)) }
  const row = await encodeHeader(header, keys)
  const opened = { header, row, tag: tagOfRow(row), keys, ring }
  return {
    row,
    takeOver: async () => {
      const codec = new Codec({ vaultId, homeId, ring })
      const name = headerName(opened)
      const logRow = async (seq: number, previous: Uint8Array, change: Parameters<typeof encodeLogRow>[0]['changes'][number]) =>
        codec.sealLogRow(seq as Seq, previous as Tag, encodeLogRow({ time: seq, writer: toBase64Url(randomBytes(9)), operation: 1, changes: [change] }))
      const first = await logRow(1, new Uint8Array(16), ['header', name.revision, name.tag])
      const second = await logRow(2, tagOfRow(first), ['put', 'preferences', 'owner', { value: 'the attacker' }])
      for (const store of STORES) disk.rows(NAME, store).clear()
      disk.rows(NAME, 'header').set('header', row)
      disk.rows(NAME, 'log').set(1, first)
      disk.rows(NAME, 'log').set(2, second)
      disk.rows(NAME, 'manifest').set('manifest', await sealManifest(codec, emptyManifest(1 as Seq, name)))
      values.clear()
      await writeHeaderMirror([memoryHome(values)], NAME, revision, row)
      await writeCanary([memoryHome(values)], NAME, canaryOf(opened, 2, tagOfRow(second)), { force: true })
    },
  }
}

async function unlock({ browser }: Victim) {
  const vault = await browser.open()
  if (vault.state !== 'locked') throw new Error(`the vault is ${vault.state}`)
  return vault.unlock(PASSWORD)
}

function everything({ disk, values }: Victim): unknown {
  return [STORES.map((store) => [store, disk.rows(NAME, store).entries()]), [...values]]
}

describe('a slot around a vault key of somebody else', () => {
  it('opens for who knows the binding key, so the forgery below lacks nothing else', async () => {
    const attacked = await victim()
    await (await forge(attacked, await realBindingKey(attacked))).takeOver()
    const tab = await unlock(attacked)
    expect(await tab.preferences.get('owner')).toBe('the attacker')
  })

  it('is refused with the right password, and nothing is written', async () => {
    const attacked = await victim()
    const guesses = [randomBytes(32), new Uint8Array(32), attacked.slot.wrapSalt, (await realBindingKey(await victim()))]
    for (const guess of guesses) {
      await (await forge(attacked, guess)).takeOver()
      const before = everything(attacked)
      await expect(unlock(attacked)).rejects.toMatchObject({ code: 'corrupt', details: { where: 'slot' } })
      expect(everything(attacked)).toEqual(before)
    }
  })

  it('is refused as a copy beside a damaged header as well', async () => {
    const attacked = await victim()
    await (await forge(attacked, randomBytes(32))).takeOver()
    attacked.disk.rows(NAME, 'header').set('header', headerRow(attacked.disk).slice(0, -1))
    await expect(unlock(attacked)).rejects.toMatchObject({ code: 'corrupt' })
  })

  it('in the header alone gives way to the genuine copy', async () => {
    const attacked = await victim()
    const genuine = headerRow(attacked.disk)
    attacked.disk.rows(NAME, 'header').set('header', (await forge(attacked, randomBytes(32))).row)
    const tab = await unlock(attacked)
    expect(await tab.preferences.get('owner')).toBe('the user')
    expect(headerRow(attacked.disk)).toEqual(genuine)
  })
})
