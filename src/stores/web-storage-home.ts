// A second home in localStorage. It survived every wipe of IndexedDB that was tried, and is lost together with it only
// when the whole origin is cleared. What is written reaches the disk up to 40 s later (Chromium), so it lags, never leads.

import type { SecondHome } from './second-home.js'

/** Undefined where there is none, or it is forbidden. */
export function findLocalStorage(): Storage | undefined {
  try {
    // Reading is the test: at quota a vault must still be able to read what it wrote before.
    if (typeof localStorage !== 'object' || localStorage === null) return undefined
    localStorage.getItem('sealed-vault')
    return localStorage
  } catch {
    // Blocked cookies and frames without an origin throw from the getter itself.
    return undefined
  }
}

/** localStorage as a second home; undefined where there is none (workers, Node) or it is forbidden. */
export function webStorageHome(): SecondHome | undefined {
  const storage = findLocalStorage()
  if (storage === undefined) return undefined
  return {
    kind: 'local-storage',
    silent: false,
    read: async (key) => {
      try {
        return storage.getItem(key) ?? undefined
      } catch {
        return undefined
      }
    },
    write: async (key, value) => {
      try {
        storage.setItem(key, value)
        return true
      } catch {
        return false
      }
    },
    remove: async (key) => {
      try {
        storage.removeItem(key)
      } catch {
        // Best effort.
      }
    },
    keys: async (prefix) => {
      try {
        return Array.from({ length: storage.length }, (_, i) => storage.key(i)).filter((key): key is string => key?.startsWith(prefix) ?? false).sort()
      } catch {
        return []
      }
    },
  }
}
