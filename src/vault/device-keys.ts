// Keys that this browser keeps for a vault, in a database of their own: the vault's holds bytes alone. A page can use such a key and not read it; whoever
// copies the browser's folder finds it there in clear (docs/format.md, section 3, "Device"; SECURITY.md).

import { VaultError } from '../errors.js'
import type { DeviceKeys } from './core/slot-openers.js'

/** No vault has a database of this name: theirs have a colon after the first word. */
const DATABASE = 'sealed-vault-device-keys'
const STORE = 'keys'
const OPEN_MS = 5000

/** Keys of one vault. Undefined where there is no IndexedDB. */
export function deviceKeysIn(factory: IDBFactory | undefined): ((vaultName: string) => DeviceKeys) | undefined {
  if (factory === undefined) return undefined
  return (vaultName) => ({
    keep: (slotId, key) => run(factory, 'readwrite', (store) => store.put(key, [vaultName, slotId])).then(() => undefined),
    get: async (slotId) => {
      const key: unknown = await run(factory, 'readonly', (store) => store.get([vaultName, slotId]))
      return isKey(key) ? key : undefined
    },
    keepOnly: async (slotIds) => {
      const found = (await run(factory, 'readonly', (store) => store.getAllKeys())) as [string, string][]
      for (const [name, slotId] of found) if (name === vaultName && !slotIds.includes(slotId)) await run(factory, 'readwrite', (store) => store.delete([name, slotId]))
    },
  })
}

function isKey(value: unknown): value is CryptoKey {
  return Object.prototype.toString.call(value) === '[object CryptoKey]'
}

/** One request in a transaction of its own, on a connection of its own: this happens once an unlock at the most. */
async function run<T>(factory: IDBFactory, mode: IDBTransactionMode, request: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open(factory)
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: 'strict' })
      const sent = request(transaction.objectStore(STORE))
      transaction.oncomplete = () => resolve(sent.result)
      transaction.onabort = () => reject(unavailable(transaction.error))
    })
  } finally {
    database.close()
  }
}

function open(factory: IDBFactory): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = factory.open(DATABASE, 1)
    const timer = setTimeout(() => reject(unavailable(undefined)), OPEN_MS)
    opening.onupgradeneeded = () => void opening.result.createObjectStore(STORE)
    opening.onsuccess = () => {
      clearTimeout(timer)
      // A deletion of the site's data must not wait for us.
      opening.result.onversionchange = () => opening.result.close()
      resolve(opening.result)
    }
    opening.onerror = () => {
      clearTimeout(timer)
      reject(unavailable(opening.error))
    }
  })
}

function unavailable(cause: unknown): VaultError {
  return new VaultError('storage-unavailable', 'the keys that this browser keeps cannot be reached; unlock the vault another way', { where: 'device-key' }, cause)
}
