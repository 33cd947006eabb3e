// Tells when a backend says that the database itself is gone: whoever finds out first, the whole vault must stop.

import { VaultError } from '../../errors.js'
import type { Backend } from '../../stores/backend.js'

/** The same backend; `onLoss` is called for every call it refuses with `storage-lost`, before the caller hears of it. */
export function watchForLoss(backend: Backend, onLoss: (error: VaultError) => void): Backend {
  const watched = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call
    } catch (error) {
      if (error instanceof VaultError && error.code === 'storage-lost') onLoss(error)
      throw error
    }
  }
  return {
    kind: backend.kind,
    read: (requests) => watched(backend.read(requests)),
    apply: (batch) => watched(backend.apply(batch)),
    subscribe: (listener) => backend.subscribe(listener),
    close: () => backend.close(),
  }
}
