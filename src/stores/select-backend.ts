// Which store a vault gets, and what the browser says about it. There is no silent second choice: where there is no
// IndexedDB this throws, and the app decides what to tell its user.

import type { Backend, BackendFactory } from './backend.js'
import { type IndexedDbOptions, indexedDbFactory, requireIndexedDb } from './indexeddb.js'

/** @throws {VaultError} `storage-unavailable`, with the reason `no-indexeddb` or `denied`. */
export function selectBackend(options: IndexedDbOptions = {}): BackendFactory {
  if (options.indexedDB === undefined) requireIndexedDb()
  return indexedDbFactory(options)
}

/** What can be known of the place a vault lives in. Absent: the browser does not say. */
export interface StorageFacts {
  readonly kind: Backend['kind']
  readonly why: string
  /** The browser promised not to evict this origin on its own. */
  readonly persisted?: boolean
  /** Estimates, not promises: Chromium reports free space that does not exist. */
  readonly usageBytes?: number
  readonly quotaBytes?: number
}

const WHY: Record<Backend['kind'], string> = {
  indexeddb: 'the browser offers IndexedDB',
  'web-storage': 'the browser offers localStorage only',
  memory: 'nothing is kept when the page closes',
}

/** Asks the browser about its storage; never rejects. Every member is missing somewhere: `navigator.storage` in WebKitGTK, all of it in Node. */
export async function storageFacts(kind: Backend['kind']): Promise<StorageFacts> {
  const storage = typeof navigator === 'undefined' ? undefined : (navigator.storage as Partial<StorageManager> | undefined)
  const ask = async <T>(question: () => Promise<T> | undefined): Promise<T | undefined> => {
    try {
      return await question()
    } catch {
      return undefined
    }
  }
  const [persisted, estimate] = await Promise.all([ask(() => storage?.persisted?.()), ask(() => storage?.estimate?.())])
  return {
    kind,
    why: WHY[kind],
    ...(persisted === undefined ? {} : { persisted }),
    ...(estimate?.usage === undefined ? {} : { usageBytes: estimate.usage }),
    ...(estimate?.quota === undefined ? {} : { quotaBytes: estimate.quota }),
  }
}
