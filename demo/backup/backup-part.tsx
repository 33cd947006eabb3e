// Backups in the settings: how things stand, and the ways to what can be done about it.

import type { UnlockedVault } from 'sealed-vault'
import { describeStatus, useBackupStatus } from './status.js'
import type { BackupTask } from './tasks.js'

interface BackupPartProps {
  readonly vault: UnlockedVault
  readonly onTask: (task: BackupTask) => void
}

export function BackupPart({ vault, onTask }: BackupPartProps) {
  const status = useBackupStatus(vault, true)
  return (
    <>
      <p id="backup-status" role="status">
        {status && describeStatus(status, Date.now())}
      </p>
      <p class="note">A backup is one file with all conversations. Nobody can read it without the password or the code that you choose for it, so you may keep it anywhere.</p>
      <div class="actions">
        <button type="button" onClick={() => onTask('download')}>
          Download a backup
        </button>
        <button type="button" onClick={() => onTask('verify')}>
          Verify a backup
        </button>
        <button type="button" onClick={() => onTask('import')}>
          Restore from a backup
        </button>
        <button type="button" class="quiet" onClick={() => onTask('plain')}>
          Export for other programs
        </button>
      </div>
      <h3>If the password is forgotten</h3>
      <p class="note">A recovery code on paper opens this vault in this browser in the place of the password. It is no backup: if the browser loses the vault, only a backup helps.</p>
      <div class="actions">
        <button type="button" onClick={() => onTask('recovery-code')}>
          Make a recovery code
        </button>
      </div>
    </>
  )
}
