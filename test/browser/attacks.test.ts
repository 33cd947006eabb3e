// The attacks that matter most, in a real engine with the real key derivation: raw IndexedDB rows of a vault are changed
// behind its back. The many variants run in Node (test/attacks).

import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { DEFAULT_KDF_POLICY } from '../../src/crypto/kdf.ts'
import { destroyVault } from '../../src/index.ts'
import { removeHeaderMirror } from '../../src/stores/canary.ts'
import { opfsHome } from '../../src/stores/opfs-home.ts'
import { webStorageHome } from '../../src/stores/web-storage-home.ts'
import { browserEnvironment, openVaultIn } from '../../src/vault/open-vault.ts'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.ts'
import { editHeader, fillFirst, fillLog, fillSecond, flip, headerBody, neverLiesOpen, tell, type Truth } from '../attacks/kit.ts'

const NAME = `attacks ${crypto.randomUUID()}`
const PASSWORD = 'correct horse battery staple'

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error as Error)
  })

/** One raw transaction, on a connection of its own. */
async function raw(store: string, work: (rows: IDBObjectStore) => void): Promise<void> {
  const database = await settled(indexedDB.open(`sealed-vault:${NAME}`))
  try {
    const transaction = database.transaction(store, 'readwrite')
    work(transaction.objectStore(store))
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error as Error)
    })
  } finally {
    database.close()
  }
}

type Rows = readonly (readonly [key: IDBValidKey, value: Uint8Array])[]

async function rowsOf(store: string): Promise<Rows> {
  let keys: IDBRequest<IDBValidKey[]> | undefined
  let values: IDBRequest<Uint8Array[]> | undefined
  await raw(store, (rows) => {
    keys = rows.getAllKeys()
    values = rows.getAll() as IDBRequest<Uint8Array[]>
  })
  return keys!.result.map((key, i) => [key, values!.result[i]!])
}

const STORES = ['header', 'manifest', 'log', 'heads', 'pages', 'blobs', 'jobs', 'marks']

async function putBack(snapshot: ReadonlyMap<string, Rows>): Promise<void> {
  for (const [store, content] of snapshot) {
    await raw(store, (rows) => {
      rows.clear()
      for (const [key, value] of content) rows.put(value, key)
    })
  }
}

const put = (store: string, key: IDBValidKey, value: Uint8Array): Promise<void> => raw(store, (rows) => void rows.put(value, key))
const remove = (store: string, key: IDBValidKey): Promise<void> => raw(store, (rows) => void rows.delete(key))

/**
 * The real limits, but no password is made dearer behind an unlock, and nothing is learned of what is opened: rows are put back here as they were, and a commit that nobody asked for
 * would be one that is missing.
 */
const openHere = () => openVaultIn({ ...browserEnvironment(), kdf: { ...DEFAULT_KDF_POLICY, targetMs: 1 } }, { name: NAME, prefetch: false })

async function lockedVault() {
  const vault = await openHere()
  if (vault.state !== 'locked') throw new Error(`the vault is ${vault.state}`)
  return vault
}

describe('a vault in this engine', () => {
  let truth: Truth
  let olderPages: Rows
  let snapshot: ReadonlyMap<string, Rows>
  let tab: UnlockedVault | undefined

  beforeAll(async () => {
    const vault = await openHere()
    if (vault.state !== 'empty') throw new Error(`the vault is ${vault.state}`)
    const made = await vault.create(PASSWORD)
    await fillFirst(made)
    await made.checkpoint()
    olderPages = await rowsOf('pages')
    await fillSecond(made)
    await made.checkpoint()
    await fillLog(made)
    truth = await tell(made)
    await made.lock()
    snapshot = new Map(await Promise.all(STORES.map(async (store) => [store, await rowsOf(store)] as const)))
  })

  beforeEach(async () => {
    vi.restoreAllMocks()
    if (tab === undefined) await putBack(snapshot)
  })

  afterAll(async () => {
    await tab?.lock()
    await destroyVault(NAME)
  })

  const pages = (): Rows => snapshot.get('pages')!
  /** One tab for all attacks on pages: they are read when asked for. */
  const opened = async (): Promise<UnlockedVault> => (tab ??= await (await lockedVault()).unlock(PASSWORD))
  const refusals = async (): Promise<string[]> => {
    const vault = await opened()
    vault.releaseMemory()
    return [...new Set((await neverLiesOpen(vault, truth)).values())]
  }

  it('says the truth when nobody touched it', async () => {
    expect(await refusals()).toEqual([])
  })

  it('refuses pages of which one byte was changed', async () => {
    let refused = 0
    for (const [i, [key, value]] of pages().entries()) {
      await opened()
      await put('pages', key, flip(value, [0, 6, 7, 18, 19, 1000, value.length - 16, value.length - 1][i % 8]!))
      refused += (await refusals()).length > 0 ? 1 : 0
      await put('pages', key, value)
    }
    // Only tombstones are read by nobody here.
    expect(refused).toBe(pages().length - 1)
    expect(await refusals()).toEqual([])
  })

  it('refuses pages that changed places', async () => {
    for (let i = 0; i + 1 < pages().length; i += 2) {
      await opened()
      const [[a, first], [b, second]] = [pages()[i]!, pages()[i + 1]!]
      await put('pages', a, second)
      await put('pages', b, first)
      expect(await refusals()).toEqual(['corrupt'])
      await put('pages', a, first)
      await put('pages', b, second)
    }
  })

  it('refuses what lay on deleted pages, and tells by a check', async () => {
    let refused = 0
    for (const [key, value] of pages()) {
      const vault = await opened()
      await remove('pages', key)
      refused += (await refusals()).length > 0 ? 1 : 0
      expect((await vault.check()).ok).toBe(false)
      await put('pages', key, value)
    }
    expect(refused).toBe(pages().length - 1)
  })

  it('refuses pages of an earlier moment', async () => {
    let replayed = 0
    for (const [key, value] of pages()) {
      await opened()
      const older = olderPages.find(([candidate]) => indexedDB.cmp(candidate, key) === 0)?.[1]
      if (older === undefined || older.every((byte, i) => byte === value[i])) continue
      replayed++
      await put('pages', key, older)
      expect(await refusals()).toEqual(['corrupt'])
      await put('pages', key, value)
    }
    expect(replayed).toBe(3)
    await tab?.lock()
    tab = undefined
  })

  it('refuses to open with a gap in the log', async () => {
    const log = await rowsOf('log')
    await remove('log', log[Math.floor(log.length / 2)]![0])
    const vault = await lockedVault()
    await expect(vault.unlock(PASSWORD)).rejects.toMatchObject({ code: 'corrupt', details: { where: 'log' } })
    await vault.close()
  })

  it('says how many commits are gone from the end of the log', async () => {
    const log = await rowsOf('log')
    await remove('log', log.at(-1)![0])
    await remove('log', log.at(-2)![0])
    const vault = await lockedVault()
    await expect(vault.unlock(PASSWORD)).rejects.toMatchObject({ code: 'storage-lost', details: { missingCommits: 2 } })
    await vault.close()
  })

  it('refuses a cheaper key derivation before deriving anything', async () => {
    const [[key, header]] = (await rowsOf('header')) as [[IDBValidKey, Uint8Array]]
    expect(headerBody(header).slots[0]!.kdf.iterations).toBeGreaterThanOrEqual(600_000)
    const homes = [webStorageHome(), await opfsHome()].filter((home) => home !== undefined)
    for (const revision of [0, 1]) await removeHeaderMirror(homes, NAME, revision)
    await put('header', key, editHeader(header, (body) => void (body.slots[0]!.kdf.iterations = 599_999)))
    const derive = vi.spyOn(crypto.subtle, 'deriveBits')
    const vault = await lockedVault()
    await expect(vault.unlock(PASSWORD)).rejects.toMatchObject({ code: 'tampered', details: { reason: 'kdf-limits' } })
    expect(derive).not.toHaveBeenCalled()
    await vault.close()
  })

  it('is wiped, not empty, when its database is deleted, and nothing is made in its place', async () => {
    await settled(indexedDB.deleteDatabase(`sealed-vault:${NAME}`))
    const vault = await openHere()
    expect(vault).toMatchObject({ state: 'wiped', reason: 'database-empty' })
    expect('create' in vault).toBe(false)
    await vault.close()
    expect((await openHere()).state).toBe('wiped')
  })
})
