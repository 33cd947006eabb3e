// Tabs of one browser, played in one process: a disk, second homes and channels they share, and a KDF that costs nothing.
// Never weaken what an app gets: all of this comes in through the environment, which no public option reaches.

import { memoryDeviceKeys } from './memory-device-keys.js'
import { memoryDirectory } from './memory-directory.js'
import type { BackendFactory } from '../../src/stores/backend.js'
import { memoryLocks, type FairLocks } from '../../src/stores/locks.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { createMemoryDisk, type MemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import type { SecondHome } from '../../src/stores/second-home.js'
import type { OpenTabChannel, TabMessage } from '../../src/stores/tab-channel.js'
import type { VaultEnvironment, VaultOptions } from '../../src/vault/environment.js'
import { openVaultIn } from '../../src/vault/open-vault.js'
import type { Vault } from '../../src/vault/closed-vault.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'

export const PASSWORD = 'correct horse battery staple'

/** A KDF policy of no strength at all: a thousand iterations, or 64 KiB. */
export const insecureFastKdf = {
  minimumIterations: 1000,
  maximumWritten: 5000,
  maximumRead: 10_000,
  targetMs: 1,
  argon2id: { memoryKiB: 64, minimumMemoryKiB: 32, maximumMemoryKiB: 256, minimumPasses: 2, maximumWritten: 640, maximumRead: 1280 },
}

/** Channels that reach the other tabs of the same browser, each message in a task of its own. */
export function memoryChannels(): OpenTabChannel {
  const listeners = new Map<string, Set<{ readonly owner: object; readonly hear: (message: TabMessage) => void }>>()
  return (name) => {
    const owner = {}
    const all = listeners.get(name) ?? new Set()
    listeners.set(name, all)
    const mine = new Set<{ readonly owner: object; readonly hear: (message: TabMessage) => void }>()
    return {
      post: (message) => {
        for (const listener of all) if (listener.owner !== owner) setTimeout(() => listeners.get(name)?.has(listener) && listener.hear(message), 0)
      },
      subscribe: (hear) => {
        const listener = { owner, hear }
        all.add(listener)
        mine.add(listener)
        return () => all.delete(listener)
      },
      close: () => {
        for (const listener of mine) all.delete(listener)
      },
    }
  }
}

/** What slots are opened with where no vault is open. */
export const fastSlotPorts = { kdf: insecureFastKdf, now: (): number => Date.now() }

/** A mark that all tabs of the browser see at once; nobody is called. */
export function memoryLockMark(): NonNullable<VaultEnvironment['lockMark']> {
  const marks = new Map<string, number>()
  return (name) => ({
    read: () => String(marks.get(name) ?? 0),
    raise: () => void marks.set(name, (marks.get(name) ?? 0) + 1),
    subscribe: () => () => {},
  })
}

/** A count of failed attempts that a reload does not forget. */
export function memoryAttempts(): NonNullable<VaultEnvironment['attempts']> {
  let attempts = { count: 0, at: 0 }
  return () => ({ read: () => attempts, write: (next) => void (attempts = next ?? { count: 0, at: 0 }) })
}

const silentSignals: VaultEnvironment['signals'] = {
  onActivity: () => () => {},
  onHidden: () => () => {},
  onShown: () => () => {},
  onWoken: () => () => {},
  onLeaving: () => () => {},
}

export interface BrowserParts {
  readonly disk?: MemoryDisk
  readonly homes?: readonly SecondHome[]
  readonly locks?: FairLocks
  readonly backend?: () => BackendFactory
  readonly openChannel?: OpenTabChannel
  readonly now?: () => number
  readonly snapshots?: VaultEnvironment['snapshots']
  readonly signals?: Partial<VaultEnvironment['signals']>
  readonly rotationRows?: number
  readonly passkeys?: VaultEnvironment['passkeys']
  readonly lockMark?: VaultEnvironment['lockMark']
  readonly attempts?: VaultEnvironment['attempts']
  readonly deviceKeys?: VaultEnvironment['deviceKeys']
  readonly idle?: VaultEnvironment['idle']
}

export interface TestBrowser {
  readonly disk: MemoryDisk
  readonly environment: VaultEnvironment
  open(options?: Partial<VaultOptions>): Promise<Vault>
  /** Opens the vault, created if it is not there: one more tab. */
  tab(options?: Partial<VaultOptions>): Promise<UnlockedVault>
}

export function testBrowser(parts: BrowserParts = {}): TestBrowser {
  const disk = parts.disk ?? createMemoryDisk()
  const homes = parts.homes ?? [memoryHome()]
  const environment: VaultEnvironment = {
    backend: parts.backend ?? (() => memoryFactory(disk)),
    storageFacts: async (kind) => ({ kind, why: 'a test' }),
    homes: async () => homes,
    openChannel: parts.openChannel ?? memoryChannels(),
    locks: parts.locks ?? memoryLocks(),
    kdf: insecureFastKdf,
    signals: { ...silentSignals, ...parts.signals },
    snapshots: parts.snapshots ?? (async () => memoryDirectory()),
    now: parts.now ?? (() => Date.now()),
    passkeys: parts.passkeys,
    lockMark: parts.lockMark ?? memoryLockMark(),
    attempts: parts.attempts,
    deviceKeys: parts.deviceKeys ?? memoryDeviceKeys(),
    idle: parts.idle,
    ...(parts.rotationRows !== undefined && { rotationRows: parts.rotationRows }),
  }
  const open = (options: Partial<VaultOptions> = {}): Promise<Vault> => openVaultIn(environment, { name: 'test', ...options })
  return {
    disk,
    environment,
    open,
    tab: async (options) => {
      const vault = await open(options)
      if (vault.state === 'empty') return vault.create(PASSWORD)
      if (vault.state === 'locked') return vault.unlock(PASSWORD)
      throw new Error(`the vault is ${vault.state}`)
    },
  }
}

/** The header that is stored is damaged past recognition: what opens the vault from now on is a copy of it. */
export function damageHeader(disk: MemoryDisk): void {
  const rows = disk.rows('test', 'header')
  rows.set('header', new Uint8Array(rows.get('header')!.length))
}
