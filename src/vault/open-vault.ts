// Where a vault is put together: the only file that names concrete stores. Opening looks, it never writes and never guesses:
// what cannot be read is `unavailable`, what should be there and is not is `wiped`, and only what never was is `empty`.

import { isVaultError, VaultError } from '../errors.js'
import type { Backend } from '../stores/backend.js'
import { readCanaries, readHeaderMirrors, removeCanary, removeHeaderMirror } from '../stores/canary.js'
import { webStorageAttempts } from '../stores/attempts.js'
import { webStorageLockMark } from '../stores/lock-mark.js'
import { webLocks } from '../stores/locks.js'
import { opfsHome } from '../stores/opfs-home.js'
import { openSnapshots } from '../stores/opfs-snapshots.js'
import type { SecondHome } from '../stores/second-home.js'
import { selectBackend, storageFacts } from '../stores/select-backend.js'
import { openBroadcastChannel } from '../stores/tab-channel.js'
import { webStorageHome } from '../stores/web-storage-home.js'
import { checkAutoLock, pageSignals } from './core/auto-lock.js'
import { refuseNewerHeader, refuseNewerManifest } from './core/format-version.js'
import { deviceKeysIn } from './device-keys.js'
import type { ClosedParts, VaultEnvironment, VaultOptions } from './environment.js'
import { pagePasskeys } from './passkeys.js'
import { emptyVault, lockedVault, type Vault } from './closed-vault.js'

const MAX_NAME = 128

/** This browser: IndexedDB, Web Locks, localStorage and OPFS for what must outlive the database. */
export function browserEnvironment(): VaultEnvironment {
  return {
    backend: () => selectBackend(),
    storageFacts,
    homes: async () => [webStorageHome(), await opfsHome()].filter((home): home is SecondHome => home !== undefined),
    openChannel: openBroadcastChannel,
    locks: webLocks(),
    signals: pageSignals(),
    snapshots: openSnapshots,
    lockMark: webStorageLockMark,
    attempts: webStorageAttempts,
    passkeys: pagePasskeys(),
    deviceKeys: deviceKeysIn(() => globalThis.indexedDB),
    now: () => Date.now(),
  }
}

/**
 * Looks up a vault of this origin. Never throws for what it finds: the state says it.
 * @throws {TypeError | RangeError} for options that make no sense
 */
export function openVault(options: VaultOptions): Promise<Vault> {
  return openVaultIn(browserEnvironment(), options)
}

/** The same in an environment of one's own: what tests use, and only they may weaken. */
export async function openVaultIn(environment: VaultEnvironment, options: VaultOptions): Promise<Vault> {
  checkOptions(options)
  const reopen = (): Promise<Vault> => openVaultIn(environment, options)
  let backend: Backend
  try {
    backend = await environment.backend().open(options.name)
  } catch (error) {
    return unopened(options.name, error, reopen)
  }
  try {
    return await look({ options, environment, backend, homes: await environment.homes() })
  } catch (error) {
    await backend.close()
    return unopened(options.name, error, reopen)
  }
}

function unopened(name: string, error: unknown, retry: () => Promise<Vault>): Vault {
  const close = async (): Promise<void> => {}
  if (!isVaultError(error)) throw error
  if (error.code === 'unsupported-version') return { state: 'newer', name, error, close }
  return { state: 'unavailable', name, error, retry, close }
}

async function look(parts: ClosedParts): Promise<Vault> {
  const { backend, homes, options } = parts
  const { name } = options
  const [header, manifest, ...last] = await backend.read([
    { kind: 'get', store: 'header', key: 'header' },
    { kind: 'get', store: 'manifest', key: 'manifest' },
    { kind: 'lastKey', store: 'log' },
    { kind: 'lastKey', store: 'heads' },
    { kind: 'lastKey', store: 'pages' },
    { kind: 'lastKey', store: 'blobs' },
  ])
  if (manifest !== undefined) refuseNewer(() => refuseNewerManifest(manifest))
  if (header !== undefined) {
    refuseNewer(() => refuseNewerHeader(header))
    return lockedVault(parts)
  }
  const canaries = await readCanaries(homes, name)
  const copies = await readHeaderMirrors(homes, name)
  const hasRows = manifest !== undefined || last.some((key) => key !== undefined)
  if (hasRows && copies.length > 0) return lockedVault(parts)
  if (!hasRows && canaries.length === 0 && copies.length === 0) {
    // A vault that was wiped is remembered there; without an answer nobody knows whether there was one.
    if (homes.some((home) => home.silent)) throw new VaultError('storage-unavailable', 'a part of the browser’s storage does not answer; reload the page', { where: 'second-home', reason: 'no-answer' })
    return emptyVault(parts)
  }
  const lastKnownCommit = Math.max(0, ...canaries.map((canary) => canary.seq))
  return {
    state: 'wiped',
    name,
    reason: hasRows ? 'header-missing' : 'database-empty',
    ...(lastKnownCommit > 0 && { lastKnownCommit }),
    close: () => backend.close(),
  }
}

/** Damage is the business of unlock, which may have a copy; a newer format is the business of nobody here. */
function refuseNewer(look: () => unknown): void {
  try {
    look()
  } catch (error) {
    if (isVaultError(error) && error.code === 'unsupported-version') throw error
  }
}

/** Names of the vaults of this origin, those whose database was wiped included. Works while they are locked. */
export function listVaults(): Promise<readonly string[]> {
  return listVaultsIn(browserEnvironment())
}

export async function listVaultsIn(environment: VaultEnvironment): Promise<readonly string[]> {
  const names = new Set(await environment.backend().list())
  for (const home of await environment.homes()) {
    for (const key of await home.keys('sealed-vault/')) {
      const name = /^sealed-vault\/(.*)\/(?:canary|header\/[01])$/.exec(key)?.[1]
      if (name !== undefined) names.add(name)
    }
  }
  return [...names].sort()
}

/**
 * Deletes a vault for ever: database, canary, copies of the header. Works while it is locked (a forgotten password); open tabs lock.
 * Browsers and disks may keep deleted bytes for a while; they are sealed.
 * @throws {VaultError} `storage-blocked` when another tab does not let go of the database
 */
export function destroyVault(name: string): Promise<void> {
  return destroyVaultIn(browserEnvironment(), name)
}

export async function destroyVaultIn(environment: VaultEnvironment, name: string): Promise<void> {
  checkOptions({ name })
  const channel = environment.openChannel(name)
  channel.post({ kind: 'destroyed' })
  try {
    await environment.backend().destroy(name)
    // Last: as long as something is left of the vault, its canary says so.
    const homes = await environment.homes()
    await Promise.all([removeHeaderMirror(homes, name, 0), removeHeaderMirror(homes, name, 1)])
    // Before the canary: with it gone, another tab may make a vault of this name, and keys for it.
    await forgetDeviceKeys(environment, name)
    environment.attempts?.(name)?.write(undefined)
    await removeCanary(homes, name)
  } finally {
    channel.close()
  }
}

async function forgetDeviceKeys({ deviceKeys }: VaultEnvironment, name: string): Promise<void> {
  const keys = deviceKeys?.(name)
  try {
    await keys?.forget(await keys.kept())
  } catch {
    // They open nothing any more.
  }
}

function checkOptions({ name, autoLock, cacheBytes, prefetch, index, rotation, shareUnlock, passwordKdf }: VaultOptions): void {
  if (typeof name !== 'string') throw new TypeError('name must be a string')
  if (name.length === 0 || name.length > MAX_NAME) throw new RangeError(`name must have 1 to ${MAX_NAME} characters`)
  if (autoLock !== undefined) checkAutoLock(autoLock)
  if (index !== undefined && typeof index !== 'boolean') throw new TypeError('index must be true or false')
  if (prefetch !== undefined && typeof prefetch !== 'boolean') throw new TypeError('prefetch must be true or false')
  if (shareUnlock !== undefined && typeof shareUnlock !== 'boolean') throw new TypeError('shareUnlock must be true or false')
  if (passwordKdf !== undefined && passwordKdf !== 'pbkdf2' && passwordKdf !== 'argon2id') throw new TypeError('passwordKdf must be pbkdf2 or argon2id')
  if (rotation?.continue !== undefined && typeof rotation.continue !== 'boolean') throw new TypeError('rotation.continue must be true or false')
  if (rotation?.dueAfterMs !== undefined && !(typeof rotation.dueAfterMs === 'number' && rotation.dueAfterMs > 0)) throw new RangeError('rotation.dueAfterMs must be a positive number of milliseconds')
  if (cacheBytes !== undefined && !(cacheBytes >= 0)) throw new RangeError('cacheBytes must be a number of bytes from 0')
}
