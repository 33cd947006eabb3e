// The states a vault can be in before it is open: a closed union by `state`; data exists only on the unlocked one.
// What opens a vault (crypto, log, records) is a chunk of its own, fetched while the user types: a page that only asks for
// the password loads a fraction of the code.

import { isVaultError, VaultError } from '../errors.js'
import type { Secret } from './core/slot-openers.js'
import type { ClosedParts } from './environment.js'
import { fetchPart } from './fetch-part.js'
import type { UnlockedVault } from './unlocked-vault.js'

/** What every closed state knows. */
interface ClosedVault {
  readonly name: string
  /** Lets go of the storage. The object is of no use afterwards. */
  close(): Promise<void>
}

export interface UnlockOptions {
  readonly signal?: AbortSignal | undefined
  /** Open although saved commits are gone (`storage-lost`), and take what is left for the truth from now on. */
  readonly acceptLoss?: boolean | undefined
}

/** Nothing was ever saved under this name in this browser. */
export interface EmptyVault extends ClosedVault {
  readonly state: 'empty'
  /**
   * Creates the vault and opens it. With `{ device: true }` it has no password: the browser keeps its key, where whoever copies the browser's folder finds it, and opens it without a question;
   * `protect` gives it a password later.
   * @throws {VaultError} `invalid-value` for a password that is empty, over 1,024 code points or ill-formed, `conflict` when another tab was faster,
   * `storage-full`, `storage-unavailable`, `crypto-unavailable`
   */
  create(password: string | { readonly device: true }, options?: { readonly signal?: AbortSignal | undefined }): Promise<UnlockedVault>
}

export interface LockedVault extends ClosedVault {
  readonly state: 'locked'
  /**
   * Opens the vault, with its password, `{ recoveryCode }`, `{ passkey: true }` or `{ device: true }`. A lock in any tab, or the signal, ends a pending unlock.
   * @throws {VaultError} `wrong-password` (also for a recovery code); `invalid-value` for what cannot be one; `not-found` where there is no recovery code, passkey or key of this browser; `crypto-unavailable`, and `invalid-value` with reason `declined`, for a passkey; `corrupt`, `tampered`; `storage-lost` with the number of missing commits, until `acceptLoss`; `locked` when a lock came first;
   * `busy` with reason `throttled` and `retryAfterMs` after the fifth wrong password or code in a row: it slows down who guesses before this screen, and nobody who has the folder
   */
  unlock(secret: Secret, options?: UnlockOptions): Promise<UnlockedVault>
  /**
   * Opens the vault with the keys of a tab that has it open, without a question: where both tabs said `shareUnlock`. What a reloaded page tries first.
   * @throws {VaultError} `not-found` when no tab answers within a second; otherwise as `unlock`; {TypeError} without `shareUnlock`
   */
  join(options?: { readonly signal?: AbortSignal | undefined }): Promise<UnlockedVault>
  /** Ends a pending unlock: it rejects with `locked`. */
  lock(): void
  /**
   * What may be asked for: the kinds of its slots, `device` only where this browser has the key. Read before there is any key, so it is a hint and nothing more.
   * @throws {VaultError} `corrupt` when the header is damaged; an unlock tries its copies
   */
  waysIn(): Promise<readonly string[]>
}

/** The browser says there is no vault, but something outside of the database remembers one. Nothing is created over it. */
export interface WipedVault extends ClosedVault {
  readonly state: 'wiped'
  readonly reason: 'database-empty' | 'header-missing'
  /** The last commit that is known to have existed, if any. */
  readonly lastKnownCommit?: number
}

/** A newer version of the app wrote this vault. Nothing is changed. */
export interface NewerVault extends ClosedVault {
  readonly state: 'newer'
  readonly error: VaultError
}

/** The storage cannot be opened. Nothing is known of the vault; least of all that it is empty. */
export interface UnavailableVault extends ClosedVault {
  readonly state: 'unavailable'
  readonly error: VaultError
  /** Tries again. */
  retry(): Promise<Vault>
}

export type Vault = EmptyVault | LockedVault | WipedVault | NewerVault | UnavailableVault

/** Begins to fetch what opens a vault; a fetch that failed is tried again when it is needed. */
function fetchUnlocking() {
  const fetch = () => fetchPart(() => import('./unlocking.js'))
  fetch().catch(() => undefined)
  return fetch
}

export function emptyVault(parts: ClosedParts): EmptyVault {
  const unlocking = fetchUnlocking()
  return {
    state: 'empty',
    name: parts.options.name,
    close: () => parts.backend.close(),
    create: async (password, { signal } = {}) => (await unlocking()).createVault(parts, password, signal),
  }
}

export function lockedVault(parts: ClosedParts): LockedVault {
  const unlocking = fetchUnlocking()
  let pending: AbortController | undefined
  let isSpent = false
  const { options, environment, backend } = parts
  const abort = (): void => pending?.abort(new VaultError('locked', 'the vault was locked while it was being unlocked', { reason: 'asked' }))

  /** One at a time; a lock in any tab beats keys that are still being worked on. */
  async function opening(signal: AbortSignal | undefined, open: (part: Awaited<ReturnType<typeof unlocking>>, now: ClosedParts, ends: AbortSignal) => Promise<UnlockedVault>): Promise<UnlockedVault> {
    if (isSpent) throw new VaultError('conflict', 'this vault was unlocked already; to unlock it again, open it again', { where: 'unlock' })
    if (pending !== undefined) throw new VaultError('busy', 'this vault is being unlocked already', { where: 'unlock' })
    signal?.throwIfAborted()
    const own = new AbortController()
    pending = own
    const marked = environment.lockMark?.(options.name)?.read()
    const follow = (): void => own.abort(signal?.reason)
    signal?.addEventListener('abort', follow, { once: true })
    const channel = environment.openChannel(options.name)
    const stop = channel.subscribe((message) => {
      if (message.kind === 'locked' || message.kind === 'destroyed') abort()
    })
    try {
      const aborted = new Promise<never>((_, reject) => own.signal.addEventListener('abort', () => reject(own.signal.reason as Error), { once: true }))
      const work = unlocking().then((part) => open(part, { ...parts, marked }, own.signal))
      // Opened after all, when nobody waits any more: closed again at once.
      work.then(
        (opened) => (own.signal.aborted ? opened.lock() : undefined),
        () => undefined,
      ).catch(() => undefined)
      aborted.catch(() => undefined)
      const opened = await Promise.race([work, aborted])
      isSpent = true
      return opened
    } catch (error) {
      // Opened, and locked again at once: the store is closed.
      if (isVaultError(error) && error.code === 'locked' && error.details.reason === 'other-tab') isSpent = true
      throw error
    } finally {
      pending = undefined
      signal?.removeEventListener('abort', follow)
      stop()
      channel.close()
    }
  }

  return {
    state: 'locked',
    name: options.name,
    close: async () => {
      abort()
      await backend.close()
    },
    lock: abort,
    waysIn: async () => (await unlocking()).waysInto(parts),
    unlock: async (secret, { signal, acceptLoss = false } = {}) => {
      return opening(signal, (part, now, ends) => part.unlockVault(now, secret, acceptLoss, ends))
    },
    join: async ({ signal } = {}) => {
      if (options.shareUnlock !== true) throw new TypeError('this vault was looked up without shareUnlock')
      return opening(signal, (part, now, ends) => part.joinVault(now, ends))
    },
  }
}
