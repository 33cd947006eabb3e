// Everything a vault touches outside of itself, in one place, so that tests can play several tabs, clocks and crashes.

import type { KdfPolicy } from '../crypto/kdf.js'
import type { Backend, BackendFactory } from '../stores/backend.js'
import type { FairLocks } from '../stores/locks.js'
import type { StorageFacts } from '../stores/select-backend.js'
import type { SecondHome } from '../stores/second-home.js'
import type { OpenTabChannel } from '../stores/tab-channel.js'
import type { PageSignals } from './core/auto-lock.js'

export interface VaultEnvironment {
  /** @throws {VaultError} `storage-unavailable` where there is no place for a vault */
  readonly backend: () => BackendFactory
  /** What the browser says about the place of a vault. */
  readonly storageFacts: (kind: Backend['kind']) => Promise<StorageFacts>
  readonly homes: () => Promise<readonly SecondHome[]>
  readonly openChannel: OpenTabChannel
  readonly locks: FairLocks
  readonly kdf: KdfPolicy
  readonly signals: PageSignals
  /** Milliseconds of the wall clock. */
  readonly now: () => number
}
