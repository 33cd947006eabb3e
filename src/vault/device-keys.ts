// Keys that this browser keeps for a vault, in a database of their own: the vault's holds bytes alone. A page can use such a key and not read it; whoever
// copies the browser's folder finds it there in clear (docs/format.md, section 3, "Device"; SECURITY.md).

import { VaultError } from '../errors.js'
import type { DeviceKeys } from './core/slot-openers.js'

/** No vault has a database of this name: theirs have a colon after the first word. */
const DATABASE = 'sealed-vault-device-keys'
const STORE = 'keys'
const ANSWER_MS = 5000

/** Keys of one vault; what is asked of them fails where there is no IndexedDB. */
export function deviceKeysIn(factory: () => IDBFactory | undefined): (vaultName: string) => DeviceKeys {
  return (vaultName) => {
    const kept = async (): Promise<string[]> => ((await run(factory, 'readonly', (store) => store.getAllKeys())) as [string, string][] | undefined ?? []).filter(([name]) => name === vaultName).map(([, slotId]) => slotId)
    return {
      keep: (slotId, key) => run(factory, 'readwrite', (store) => store.put(key, [vaultName, slotId])).then(() => undefined),
      get: async (slotId) => {
        const key: unknown = await run(factory, 'readonly', (store) => store.get([vaultName, slotId]))
        return isKey(key) ? key : undefined
      },
      forget: async (slotIds) => {
        if (slotIds.length === 0) return
        for (const slotId of slotIds) await run(factory, 'readwrite', (store) => store.delete([vaultName, slotId]))
      },
      kept,
    }
  }
}

function isKey(value: unknown): value is CryptoKey {
  return Object.prototype.toString.call(value) === '[object CryptoKey]'
}

/**
 * One request in a transaction of its own, on a connection of its own: this happens once an unlock at the most. Settles within its deadline.
 * Undefined where nobody ever kept a key and none is to be kept: who looks leaves no database behind.
 */
async function run<T>(factory: () => IDBFactory | undefined, mode: IDBTransactionMode, request: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
  if (mode === 'readonly' && !(await mayExist(factory))) return undefined
  let database = await open(factory, mode === 'readwrite')
  if (database !== undefined && !database.objectStoreNames.contains(STORE)) {
    // Left by an upgrade that was aborted: there is nothing in it.
    database.close()
    if (mode === 'readonly') return undefined
    await inTime<void>((resolve, reject) => {
      const deleting = factory()!.deleteDatabase(DATABASE)
      deleting.onsuccess = () => resolve()
      deleting.onerror = () => reject(deleting.error)
    })
    database = await open(factory, true)
  }
  if (database === undefined) return undefined
  try {
    return await inTime<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: 'strict' })
      const sent = request(transaction.objectStore(STORE))
      transaction.oncomplete = () => resolve(sent.result)
      transaction.onabort = () => reject(transaction.error)
    })
  } finally {
    database.close()
  }
}

/** True where nobody can say. */
async function mayExist(factory: () => IDBFactory | undefined): Promise<boolean> {
  try {
    // WebKit keeps an empty database when the first upgrade is aborted.
    const databases = await inTime<IDBDatabaseInfo[]>((resolve, reject) => void factory()!.databases().then(resolve, reject))
    return databases.some(({ name }) => name === DATABASE)
  } catch {
    return true
  }
}

function open(factory: () => IDBFactory | undefined, mayCreate: boolean): Promise<IDBDatabase | undefined> {
  return inTime<IDBDatabase | undefined>((resolve, reject, isLate) => {
    const opening = factory()?.open(DATABASE, 1)
    if (opening === undefined) return reject(undefined)
    let isMissing = false
    opening.onupgradeneeded = () => {
      if (mayCreate) return void opening.result.createObjectStore(STORE)
      isMissing = true
      // Takes the database back that was about to be made (Indexed Database API 3.0, section 5.8).
      opening.transaction!.abort()
    }
    opening.onsuccess = () => {
      if (isLate()) return opening.result.close()
      // A deletion of the site's data must not wait for us.
      opening.result.onversionchange = () => opening.result.close()
      resolve(opening.result)
    }
    opening.onerror = (event) => {
      // Firefox reports an error that nobody prevented to the page.
      event.preventDefault()
      if (isMissing) resolve(undefined)
      else reject(opening.error)
    }
  })
}

/** @throws {VaultError} `storage-unavailable` for whatever goes wrong, and when nothing has happened for a while */
async function inTime<T>(work: (resolve: (value: T) => void, reject: (cause: unknown) => void, isLate: () => boolean) => void): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isLate = false
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => {
        isLate = true
        reject(unavailable(undefined))
      }, ANSWER_MS)
      work(resolve, (cause) => reject(unavailable(cause)), () => isLate)
    })
  } catch (error) {
    throw error instanceof VaultError ? error : unavailable(error)
  } finally {
    clearTimeout(timer)
  }
}

function unavailable(cause: unknown): VaultError {
  return new VaultError('storage-unavailable', 'the keys that this browser keeps cannot be reached; unlock the vault another way', { where: 'device-key' }, cause)
}
