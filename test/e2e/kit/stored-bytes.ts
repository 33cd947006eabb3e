// The database of the vault as anybody with access to the page’s storage sees it.

import type { Page } from 'playwright'

/** Every byte there is: values, and keys but for the names that are the same in every vault. And what the page keeps beside the database in `localStorage`. */
export function countStoredBytes(page: Page): Promise<{ readonly database: number; readonly outside: number }> {
  return page.evaluate(async () => {
    const asked = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error ?? new Error('no answer'))
      })
    const database = await asked(indexedDB.open('sealed-vault:conversations'))
    const stores = [...database.objectStoreNames]
    const transaction = database.transaction(stores)
    let bytes = 0
    for (const name of stores) {
      const store = transaction.objectStore(name)
      const [keys, values] = await Promise.all([asked(store.getAllKeys()), asked(store.getAll())])
      for (const value of values as Uint8Array[]) bytes += value.length
      for (const key of keys) {
        if (typeof key === 'number') bytes += 8
        else if (typeof key !== 'string') bytes += (key as ArrayBuffer).byteLength
        else if (name === 'marks') bytes += key.length
      }
    }
    database.close()
    const outside = Object.entries(localStorage).filter(([name]) => name.startsWith('sealed-vault/')).reduce((sum, [, value]) => sum + (value as string).length, 0)
    return { database: bytes, outside }
  })
}

/** Changes one byte of a page of records. */
export function damagePage(page: Page): Promise<void> {
  return page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('sealed-vault:conversations')
        opening.onerror = reject
        opening.onsuccess = () => {
          const transaction = opening.result.transaction('pages', 'readwrite')
          const looking = transaction.objectStore('pages').openCursor()
          looking.onsuccess = () => {
            const value = (looking.result!.value as Uint8Array).slice()
            value[value.length >> 1]! ^= 1
            looking.result!.update(value)
          }
          transaction.onerror = reject
          transaction.oncomplete = () => {
            opening.result.close()
            resolve()
          }
        }
      }),
  )
}
