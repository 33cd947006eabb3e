// What every engine must offer before any other browser test means anything.

import { expect, test } from 'vitest'

test('the page is a secure context with WebCrypto and IndexedDB', () => {
  expect(isSecureContext).toBe(true)
  expect(crypto.subtle).toBeDefined()
  expect(indexedDB).toBeDefined()
})

test('bytes sealed with AES-GCM survive a round trip through IndexedDB', async () => {
  const name = `environment-${crypto.randomUUID()}`
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const plaintext = new TextEncoder().encode('the night train')
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, plaintext))

  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(name, 1)
    request.onupgradeneeded = () => request.result.createObjectStore('rows')
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  await new Promise<void>((resolve, reject) => {
    const transaction = database.transaction('rows', 'readwrite')
    transaction.objectStore('rows').put(sealed, 'first')
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
  const stored = await new Promise<unknown>((resolve, reject) => {
    const request = database.transaction('rows').objectStore('rows').get('first')
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  database.close()
  indexedDB.deleteDatabase(name)

  expect(stored).toBeInstanceOf(Uint8Array)
  const opened = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, stored as Uint8Array<ArrayBuffer>)
  expect(new Uint8Array(opened)).toEqual(plaintext)
})
