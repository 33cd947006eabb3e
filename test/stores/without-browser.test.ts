// Importing and asking is harmless where there is no browser.

import { expect, test, vi } from 'vitest'
import { opfsHome } from '../../src/stores/opfs-home.ts'
import { storageFacts } from '../../src/stores/select-backend.ts'
import { webStorageHome } from '../../src/stores/web-storage-home.ts'

test('there is no second home, and nothing is known of the storage', async () => {
  vi.stubGlobal('localStorage', undefined)
  expect([webStorageHome(), await opfsHome()]).toEqual([undefined, undefined])
  expect(await storageFacts('memory')).toEqual({ kind: 'memory', why: 'nothing is kept when the page closes' })
  vi.unstubAllGlobals()
})

test('storage that is forbidden is no home', async () => {
  Object.defineProperty(globalThis, 'localStorage', {
    configurable: true,
    get: () => {
      throw new Error('SecurityError')
    },
  })
  expect(webStorageHome()).toBeUndefined()
  vi.stubGlobal('FileSystemFileHandle', class {
    createWritable(): void {}
  })
  vi.stubGlobal('navigator', { storage: { getDirectory: async () => Promise.reject(new Error('SecurityError')) } })
  expect(await opfsHome()).toBeUndefined()
  Reflect.deleteProperty(globalThis, 'localStorage')
  vi.unstubAllGlobals()
})

test('a home that fails later answers nothing and refuses, without throwing', async () => {
  const broken = () => {
    throw new Error('QuotaExceededError')
  }
  const storage = { getItem: () => null, setItem: broken, removeItem: broken, key: broken, length: 1 }
  vi.stubGlobal('localStorage', storage)
  const home = webStorageHome()
  storage.getItem = broken
  expect([await home?.read('a'), await home?.write('a', 'b'), await home?.remove('a'), await home?.keys('')]).toEqual([undefined, false, undefined, []])
  vi.unstubAllGlobals()
})

test('facts that fail to come are left out', async () => {
  vi.stubGlobal('navigator', { storage: { persisted: async () => Promise.reject(new Error('no')), estimate: async () => ({ usage: 7 }) } })
  expect(await storageFacts('indexeddb')).toEqual({ kind: 'indexeddb', why: 'the browser offers IndexedDB', usageBytes: 7 })
  vi.unstubAllGlobals()
})
