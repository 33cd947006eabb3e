// Backups as an app sees them: when the last one was made, whether it is time for the next, and those that the vault makes by itself.

import type { BackupStatus } from './archive/backup-status.js'
import type { ArchiveSecrets } from './archive/archive-header.js'
import type { BackupDirectory, BackupFile } from './archive/backup-files.js'
import type { BackupReport, BackupRunOptions } from './archive/rolling-backup.js'
import { VaultError } from '../errors.js'
import { fetchPart } from './fetch-part.js'
import type { OpenedVault } from './opened-vault.js'

const archivePart = () => fetchPart(() => import('./archive/archive-part.js'))

/** A directory that the user chose, or `snapshots`: private files of this origin, which go where the vault goes when the browser clears the site. */
export type BackupPlace = BackupDirectory | 'snapshots'

export interface BackupPlan extends BackupRunOptions {
  readonly to: BackupPlace
  /** How much time passes between two backups, in ms, as long as something changes; a day when left out. */
  readonly everyMs?: number | undefined
}

const DAY_MS = 24 * 60 * 60 * 1000
/** How often a plan looks whether it is time, at most. */
const LOOK_MS = 10 * 60 * 1000

export class Backup {
  readonly #vault: OpenedVault

  /** @internal */
  constructor(vault: OpenedVault) {
    this.#vault = vault
  }

  /**
   * The last archive of everything that was read to its end, what changed since, and whether to suggest one. Reads no more than what is in memory.
   * @throws {VaultError} `locked`
   */
  async status(): Promise<BackupStatus> {
    this.#vault.log.assertAlive()
    const { backupStatus } = await archivePart()
    return backupStatus(this.#vault.access, this.#vault.environment.now())
  }

  /**
   * Sets the password, the recovery code or both that open the backups which `run` and `start` write from now on. Typed once: the vault keeps what it takes to write archives for
   * them, sealed, and not the secrets. Each archive has a key of its own.
   * @throws {VaultError} `invalid-value` for what cannot be a password or a code, `locked`; {TypeError} without any
   */
  async setSecrets(secrets: ArchiveSecrets): Promise<void> {
    this.#vault.log.assertAlive()
    const { setBackupSecrets } = await archivePart()
    await setBackupSecrets(this.#vault.access, secrets, this.#vault.kdf)
  }

  /**
   * Writes a backup now, reads it again to the last byte, and removes the oldest ones beyond `keep`: other files of the directory are left alone, and nothing is removed before the new
   * one has proved readable.
   * @throws {VaultError} `not-found` before `setSecrets`, or when the directory is gone; `corrupt`, `storage-full`, `storage-unavailable` (also when the page may no longer write to the directory), `busy`, `locked`;
   *   {RangeError} for `keep`; the signal's reason
   */
  async run({ to, ...options }: BackupRunOptions & { readonly to: BackupPlace }): Promise<BackupReport> {
    this.#vault.log.assertAlive()
    const { runBackup } = await archivePart()
    return runBackup(this.#vault.archivePorts(), await this.#directory(to), options)
  }

  /**
   * Writes backups by itself as long as the vault is open and something changes: the first at once when the last is older than `everyMs`. One tab does it for all. What goes wrong is
   * told by a `warning`, and tried again later. A directory has to be given anew each time the vault is opened: pages may not keep the right to write to it.
   * @returns what ends it
   * @throws {VaultError} `locked`; {RangeError} for `keep` or `everyMs`
   */
  start({ to, everyMs = DAY_MS, ...options }: BackupPlan): () => void {
    this.#vault.log.assertAlive()
    if (!(everyMs > 0)) throw new RangeError('everyMs must be a positive number of milliseconds')
    const stop = new AbortController()
    let running: Promise<void> | undefined
    const look = (): void => {
      running ??= this.#runIfDue({ ...options, to, signal: stop.signal }, everyMs)
        .catch((error: unknown) => {
          if (!stop.signal.aborted) this.#vault.warn(error)
        })
        .finally(() => {
          running = undefined
        })
    }
    const timer = setInterval(look, Math.min(everyMs, LOOK_MS))
    ;(timer as { unref?: () => void }).unref?.()
    const end = (): void => {
      clearInterval(timer)
      unsubscribe()
      stop.abort(new VaultError('locked', 'backups were stopped'))
    }
    const unsubscribe = this.#vault.events.subscribe(({ kind }) => kind === 'locking' && end())
    look()
    return end
  }

  async #runIfDue(options: BackupRunOptions & { readonly to: BackupPlace }, everyMs: number): Promise<void> {
    const { locks, now } = this.#vault.environment
    await locks.request(`sealed-vault/${this.#vault.options.name}/backup`, { ifAvailable: true }, async (held) => {
      if (!held) return
      const { last, changes } = await this.status()
      const hasChanged = Object.values(changes).some((count) => count > 0)
      // A clock that was set back must not keep backups from being made.
      const isOld = last === undefined || Math.abs(now() - last.at) >= everyMs
      if (hasChanged && isOld) await this.run(options)
    })
  }

  /** The backups that lie in a place, the oldest first. @throws {VaultError} `storage-unavailable`, `not-found`, `locked` */
  async list(to: BackupPlace): Promise<readonly BackupFile[]> {
    this.#vault.log.assertAlive()
    const { listBackups } = await archivePart()
    return listBackups(await this.#directory(to))
  }

  /** One of them, to be kept elsewhere or restored. @throws {VaultError} `not-found`, `storage-unavailable`, `locked` */
  async read(to: BackupPlace, name: string): Promise<Blob> {
    this.#vault.log.assertAlive()
    const { readBackup } = await archivePart()
    return readBackup(await this.#directory(to), name)
  }

  async #directory(to: BackupPlace): Promise<BackupDirectory> {
    if (to !== 'snapshots') return to
    const { environment, options } = this.#vault
    return environment.snapshots(options.name)
  }
}
