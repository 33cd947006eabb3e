// Backups as an app sees them: when the last one was made, and whether it is time for the next.

import type { BackupStatus } from './archive/backup-status.js'
import { fetchPart } from './fetch-part.js'
import type { OpenedVault } from './opened-vault.js'

const archivePart = () => fetchPart(() => import('./archive/archive-part.js'))

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
}
