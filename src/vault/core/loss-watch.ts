// Tells when a backend says that the database itself is gone: whoever finds out first, the whole vault must stop. And says of calls that a lock cut off that it was the lock.

import { VaultError } from '../../errors.js'
import type { Backend } from '../../stores/backend.js'

/**
 * The same backend; `onLoss` is called for every call it refuses with `storage-lost`, before the caller hears of it. Calls that fail once the vault is over
 * reject with what `overBy` says, whatever a connection that was closed under them says.
 */
export function watchForLoss(backend: Backend, onLoss: (error: VaultError) => void, overBy: () => VaultError | undefined): Backend {
  const watched = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call
    } catch (error) {
      if (error instanceof VaultError && error.code === 'storage-lost') onLoss(error)
      // Of what may have been written nobody says less than that.
      if (error instanceof VaultError && error.details.reason === 'outcome-unknown') throw error
      throw overBy() ?? error
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
