// Pictures in the store of this engine: how much room they take, that they come back, and that nobody reads them unasked.

import { expect, it } from 'vitest'
import { destroyVault, type UnlockedVault } from '../../src/index.ts'
import type { BackendFactory } from '../../src/stores/backend.ts'
import type { VaultEnvironment } from '../../src/vault/environment.ts'
import { browserEnvironment, openVaultIn } from '../../src/vault/open-vault.ts'
import { noise } from '../kit/pictures.ts'

const PASSWORD = 'correct horse battery staple'
const KDF = { minimumIterations: 1000, maximumWritten: 5000, maximumRead: 10_000, targetMs: 1 }
const MEBIBYTE = 2 ** 20
const COUNT = 8
const picture = (i: number): string => noise((MEBIBYTE / 4) * 3, 'base64', i + 1)

/** Bytes of all values of all stores, as they lie. */
async function bytesAtRest(name: string): Promise<number> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(`sealed-vault:${name}`)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error!)
  })
  let bytes = 0
  for (const store of database.objectStoreNames) {
    const rows = await new Promise<Uint8Array[]>((resolve, reject) => {
      const request = database.transaction(store).objectStore(store).getAll()
      request.onsuccess = () => resolve(request.result as Uint8Array[])
      request.onerror = () => reject(request.error!)
    })
    for (const row of rows) bytes += row.byteLength
  }
  database.close()
  return bytes
}

/** The environment of this browser, counting reads of rows of long values. */
function watched(): { readonly environment: VaultEnvironment; reads: number } {
  const environment = { ...browserEnvironment(), kdf: { ...browserEnvironment().kdf, ...KDF } }
  const counted = {
    reads: 0,
    environment: {
      ...environment,
      backend: (...given: Parameters<VaultEnvironment['backend']>): BackendFactory => {
        const factory = environment.backend(...given)
        return {
          ...factory,
          open: async (name) => {
            const opened = await factory.open(name)
            return {
              ...opened,
              read: (requests) => {
                counted.reads += requests.filter(({ store, kind }) => store === 'blobs' && (kind === 'get' || kind === 'rows')).length
                return opened.read(requests)
              },
            }
          },
        }
      },
    },
  }
  return counted
}

async function unlocked(environment: VaultEnvironment, name: string): Promise<UnlockedVault> {
  const vault = await openVaultIn(environment, { name })
  if (vault.state === 'empty') return vault.create(PASSWORD)
  if (vault.state === 'locked') return vault.unlock(PASSWORD)
  throw new Error(vault.state)
}

it('pictures take at most 0.78 of their base64, come back as they came, and are read by whoever asks for them alone', { timeout: 120_000 }, async () => {
  const name = `pictures ${crypto.randomUUID()}`
  const counted = watched()
  let open = await unlocked(counted.environment, name)
  const { chatLogId } = await open.sessions.create({ title: 'Pictures', participants: ['ada'] })
  for (let i = 0; i < COUNT; i++) await open.chatLogs.append(chatLogId, { senderId: 'ada', type: 'user', content: `a lighthouse, number ${i}`, metadata: { images: [picture(i)] } })
  await open.checkpoint()
  await open.lock()
  const share = (await bytesAtRest(name)) / (COUNT * MEBIBYTE)
  expect(share).toBeLessThanOrEqual(0.78)

  open = await unlocked(counted.environment, name)
  counted.reads = 0
  expect(await open.sessions.list()).toHaveLength(1)
  expect(await open.chatLogs.list()).toHaveLength(1)
  const deferred = await open.chatLogs.read(chatLogId, { longValues: 'defer' })
  expect(deferred.map((message) => message.deferred)).toEqual(Array.from({ length: COUNT }, () => [{ path: ['metadata', 'images', 0], bytes: MEBIBYTE }]))
  for (const indexed of [true, false]) {
    let hits = 0
    for await (const { message } of open.search('lighthouse')) if (message.deferred?.length === 1) hits++
    expect(hits).toBe(COUNT)
    expect(await open.searchPlaces('lighthouse')).toHaveLength(COUNT)
    expect(await open.searchSessions('pictures')).toHaveLength(1)
    if (indexed) await open.rebuildIndex()
  }
  expect(counted.reads).toBe(0)

  let i = 0
  for await (const { metadata } of open.chatLogs.messages(chatLogId, { order: 'oldest' })) expect(metadata!.images![0] === picture(i++)).toBe(true)
  expect(i).toBe(COUNT)
  expect(await open.check()).toMatchObject({ ok: true, problems: [] })
  await open.lock()
  await destroyVault(name)
})

it('whatever an app calls a picture comes back as it came, by the methods of this engine and by the table', { timeout: 120_000 }, async () => {
  const texts = [noise(60_001, 'base64'), `data:image/png;base64,${noise(60_002, 'base64')}`, noise(60_000, 'base64url'), `${noise(60_000, 'base64')}\n`, noise(60_001, 'base64').slice(0, -1), `\ud800${noise(60_000, 'base64')}`, `${noise(60_000, 'base64').slice(0, -1)} `]
  const name = `any pictures ${crypto.randomUUID()}`
  const { environment } = watched()
  const open = await unlocked(environment, name)
  const { chatLogId } = await open.sessions.create()
  const native = Uint8Array as { fromBase64?: unknown }
  const prototype = Uint8Array.prototype as { toBase64?: unknown }
  const kept = [native.fromBase64, prototype.toBase64]
  const use = (table: boolean): void => {
    if (kept[0] === undefined || kept[1] === undefined) return
    native.fromBase64 = table ? undefined : kept[0]
    prototype.toBase64 = table ? undefined : kept[1]
  }
  try {
    for (const byTable of [false, true]) {
      use(byTable)
      await open.chatLogs.append(chatLogId, { senderId: 'ada', type: 'user', content: 'look', metadata: { images: texts } })
    }
    for (const byTable of [false, true]) {
      use(byTable)
      for (const { metadata } of await open.chatLogs.read(chatLogId)) expect(metadata!.images!.map((image, i) => image === texts[i])).toEqual(texts.map(() => true))
    }
  } finally {
    use(false)
  }
  await open.lock()
  await destroyVault(name)
})
