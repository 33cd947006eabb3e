// New keys for a vault in the store of this engine, alone and among other tabs.

import { expect, it } from 'vitest'
import { destroyVault, type UnlockedVault } from '../../src/index.ts'
import { openBroadcastChannel } from '../../src/stores/tab-channel.ts'
import { browserEnvironment, openVaultIn } from '../../src/vault/open-vault.ts'
import { contentOf } from '../kit/devices.ts'
import { fillOddly } from '../kit/odd-vault.ts'
import { rotateAmongTabs, sleepyChannel } from '../rotation/many-tabs.ts'

const PASSWORD = 'correct horse battery staple'
const KDF = { minimumIterations: 1000, maximumWritten: 5000, maximumRead: 10_000, targetMs: 1 }
const NOT_BY_ITSELF = { rotation: { continue: false } }

/** The epochs of the envelopes that lie in the stores of a database. */
async function epochsIn(name: string): Promise<number[]> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(`sealed-vault:${name}`)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error!)
  })
  const epochs = new Set<number>()
  for (const store of ['heads', 'pages', 'blobs', 'blocks', 'quarantine']) {
    const rows = await new Promise<Uint8Array[]>((resolve, reject) => {
      const request = database.transaction(store).objectStore(store).getAll()
      request.onsuccess = () => resolve(request.result as Uint8Array[])
      request.onerror = () => reject(request.error!)
    })
    for (const row of rows) epochs.add(new DataView(row.buffer, row.byteOffset).getUint32(3))
  }
  database.close()
  return [...epochs]
}

it('leaves no row under the old keys, and everything as it was', { timeout: 90_000 }, async () => {
  const name = `rotated ${crypto.randomUUID()}`
  const environment = { ...browserEnvironment(), kdf: KDF }
  const vault = await openVaultIn(environment, { name })
  if (vault.state !== 'empty') throw new Error(vault.state)
  const open = await vault.create(PASSWORD)
  await fillOddly(open)
  await open.load(Array.from({ length: 40 }, (_, i) => ({ session: { id: `s${i}`, chatLogId: `l${i}` }, messages: Array.from({ length: 50 }, (__, j) => ({ id: `m${j}`, senderId: 'ada', type: 'user' as const, content: `word ${i} ${j}`, timestamp: j })) })))
  await open.checkpoint()
  const before = await contentOf(open)
  expect(await epochsIn(name)).toEqual([1])
  const { skipped, keepsOldKeys } = await open.rotateKeys(PASSWORD)
  expect({ skipped, keepsOldKeys }).toEqual({ skipped: [], keepsOldKeys: false })
  expect(await epochsIn(name)).toEqual([2])
  expect(await contentOf(open)).toEqual(before)
  expect(await open.searchPlaces('word', { limit: 10_000 })).toHaveLength(2000)
  expect(await open.check()).toMatchObject({ ok: true })
  await open.lock()
  const locked = await openVaultIn(environment, { name })
  if (locked.state !== 'locked') throw new Error(locked.state)
  const again = await locked.unlock(PASSWORD)
  expect(await contentOf(again)).toEqual(before)
  await again.lock()
  await destroyVault(name)
})

it('while two tabs write, one unlocks and one sleeps loses nothing and troubles nobody', { timeout: 170_000 }, async () => {
  const name = `among tabs ${crypto.randomUUID()}`
  const environment = { ...browserEnvironment(), kdf: KDF, rotationRows: 16 }
  const { open: openChannel, sleep, wake } = sleepyChannel(openBroadcastChannel)
  const tab = async (own = environment): Promise<UnlockedVault> => {
    const vault = await openVaultIn(own, { name, ...NOT_BY_ITSELF })
    if (vault.state === 'empty') return vault.create(PASSWORD)
    if (vault.state !== 'locked') throw new Error(vault.state)
    return vault.unlock(PASSWORD)
  }
  const a = await tab()
  await a.load(Array.from({ length: 40 }, (_, i) => ({ session: { id: `s${i}` }, messages: Array.from({ length: 50 }, (__, j) => ({ id: `m${j}`, senderId: 'ada', type: 'user' as const, content: `word ${i} ${j}`, timestamp: j })) })))
  await a.checkpoint()
  const b = await tab()
  const sleeper = await tab({ ...environment, openChannel })
  const { texts, expected, problems } = await rotateAmongTabs({ writers: [a, b], third: () => tab(), sleeper: { open: sleeper, sleep, wake }, rotate: () => a.rotateKeys(PASSWORD) })
  expect(problems).toEqual([])
  for (const text of texts) expect(text === expected).toBe(true)
  expect(await epochsIn(name)).toEqual([2])
  await a.lock()
  await destroyVault(name)
})
