// Everything a vault touches outside of itself, in one place, so that tests can play several tabs, clocks and crashes;
// and what an app may choose.

import { DEFAULT_KDF_POLICY, type KdfPolicy, type PasswordKdfName } from '../crypto/kdf.js'
import type { Backend, BackendFactory } from '../stores/backend.js'
import type { AttemptCount } from '../stores/attempts.js'
import type { FairLocks } from '../stores/locks.js'
import type { LockMark } from '../stores/lock-mark.js'
import type { StorageFacts } from '../stores/select-backend.js'
import type { SecondHome } from '../stores/second-home.js'
import type { OpenTabChannel } from '../stores/tab-channel.js'
import type { BackupDirectory } from './archive/backup-files.js'
import type { AutoLockOptions, PageSignals } from './core/auto-lock.js'
import type { DeviceKeys, Passkeys, SlotPorts } from './core/slot-openers.js'
import { throttle } from './throttle.js'

export interface VaultEnvironment {
  /** @throws {VaultError} `storage-unavailable` where there is no place for a vault */
  readonly backend: () => BackendFactory
  /** What the browser says about the place of a vault. */
  readonly storageFacts: (kind: Backend['kind']) => Promise<StorageFacts>
  readonly homes: () => Promise<readonly SecondHome[]>
  readonly openChannel: OpenTabChannel
  readonly locks: FairLocks
  /** Strength of the key derivation; what DEFAULT_KDF_POLICY says when left out. Only tests may weaken it. */
  readonly kdf?: KdfPolicy
  readonly signals: PageSignals
  /** Private files of the origin for backups of a vault. @throws {VaultError} `storage-unavailable` */
  readonly snapshots: (vaultName: string) => Promise<BackupDirectory>
  /** Tells tabs without a message that a vault was locked. */
  readonly lockMark?: ((vaultName: string) => LockMark | undefined) | undefined
  /** Counts wrong passwords over reloads. */
  readonly attempts?: ((vaultName: string) => AttemptCount | undefined) | undefined
  /** Missing where the page has none. */
  readonly passkeys?: Passkeys | undefined
  /** Keys that this browser keeps for a vault. */
  readonly deviceKeys?: ((vaultName: string) => DeviceKeys) | undefined
  /** Rows that a rotation moves in one transaction; left out but by tests, which want many. */
  readonly rotationRows?: number
  /** Runs work when the page is idle, after some time; gives what calls it off. As the engine says when left out: tests say when, and wait for it. */
  readonly idle?: ((work: () => Promise<void>, afterMs: number) => () => void) | undefined
  /** Milliseconds of the wall clock. */
  readonly now: () => number
}

export interface VaultOptions {
  /** Names the vault in this origin: 1 to 128 characters. */
  readonly name: string
  readonly autoLock?: AutoLockOptions
  /** `relaxed` (default): an acknowledged commit survives a killed browser, not a power cut. `strict`: both, and slower. */
  readonly durability?: 'relaxed' | 'strict'
  /**
   * False: no search index is kept, and one that is there is dropped with the next checkpoint. Searches then read every message: for small
   * vaults, or where the disk is dear. True when left out.
   */
  readonly index?: boolean
  /**
   * Rotation of keys. One that was cut off goes on by itself after the vault was unlocked, unless `continue` is false: then `rotation.continue` does it. After
   * `dueAfterMs` the keys are old enough for new ones, and an event says so; without it, age is no reason.
   */
  readonly rotation?: { readonly continue?: boolean | undefined; readonly dueAfterMs?: number | undefined }
  /**
   * True: while this tab has the vault open, other tabs of this origin that say the same open it without a question (`join`): a reloaded tab, or a new one. What they get are keys that can be used
   * and not read, and whatever is in the vault: any script of the origin could ask. False when left out.
   */
  readonly shareUnlock?: boolean
  /**
   * How passwords that are set from now on are hashed: `pbkdf2` (when left out) by the browser itself; `argon2id`, dearer for who guesses with graphics cards, by WebAssembly, which the page's
   * content security policy must allow (`'wasm-unsafe-eval'`). A vault whose password is hashed with PBKDF2 changes to Argon2id behind its next unlock; it never changes back.
   */
  readonly passwordKdf?: PasswordKdfName
  /** Decoded pages kept in memory, in bytes; 32 MiB when left out. */
  readonly cacheBytes?: number
  /**
   * False: nothing is fetched before it is asked for, and which chat logs are opened is not learned; what was learned before is dropped with the next lock. True when left out: what is likely to be
   * opened next is fetched while the page is idle. What is learned for it stays in the vault, sealed (docs/memory.md).
   */
  readonly prefetch?: boolean
}

/** What every state of a vault works with. */
export interface ClosedParts {
  readonly options: VaultOptions
  readonly environment: VaultEnvironment
  readonly backend: Backend
  readonly homes: readonly SecondHome[]
  /** What the mark of locks said before somebody began to open the vault. */
  readonly marked?: string | undefined
}

/** What slots of this vault are made and opened with. */
export function slotPortsOf({ kdf = DEFAULT_KDF_POLICY, passkeys, deviceKeys, attempts, now }: VaultEnvironment, { name, passwordKdf }: VaultOptions): SlotPorts {
  return { kdf, passwordKdf, passkeys, deviceKeys: deviceKeys?.(name), now, guard: throttle(attempts?.(name), now) }
}
