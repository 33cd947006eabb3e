// Tells every tab that a vault was locked, without a message: a tab that was cut off from all others looks here before it reads. In localStorage, which answers at
// once and is the same for all tabs of an origin; what a tab wrote is seen by the others within milliseconds (Chromium, WebKit) or in their next task (Firefox).

import { findLocalStorage } from './web-storage-home.js'

export interface LockMark {
  /** Another text after every lock, in whatever tab. */
  read(): string
  /** Never throws. */
  raise(): void
  /** Calls back, sooner or later, when another tab raised it. */
  subscribe(listener: () => void): () => void
}

/** Undefined where there is no localStorage (workers, Node) or it is forbidden: then messages are all there is. */
export function webStorageLockMark(vaultName: string): LockMark | undefined {
  const storage = findLocalStorage()
  if (storage === undefined) return undefined
  const key = `sealed-vault/${vaultName}/locked`
  const read = (): string => {
    try {
      return storage.getItem(key) ?? ''
    } catch {
      return ''
    }
  }
  const write = (): void => {
    try {
      storage.setItem(key, crypto.randomUUID())
    } catch {
      try {
        // A full localStorage: removing makes room, and is another text as well.
        storage.removeItem(key)
        storage.setItem(key, crypto.randomUUID())
      } catch {
        // Then messages are all there is.
      }
    }
  }
  return {
    read: () => {
      // With one from the beginning, another of the same length needs no room.
      if (read() === '') write()
      return read()
    },
    raise: write,
    subscribe: (listener) => {
      const hear = (event: StorageEvent): void => {
        if (event.storageArea === storage && (event.key === key || event.key === null)) listener()
      }
      addEventListener('storage', hear)
      return () => removeEventListener('storage', hear)
    },
  }
}
