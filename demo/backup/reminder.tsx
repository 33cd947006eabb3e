// Says at the foot of the list when a backup is due. It waits to be seen, stands in nobody's way and goes for good when told so.

import type { UnlockedVault } from 'sealed-vault'
import { useState } from 'preact/hooks'
import { describeStatus, useBackupStatus } from './status.js'

/** Until the page is left; not kept, so that it comes again on another day. */
let isDismissed = false

interface BackupReminderProps {
  readonly vault: UnlockedVault
  readonly onBackup: () => void
}

export function BackupReminder(props: BackupReminderProps) {
  const [dismissed, setDismissed] = useState(isDismissed)
  if (dismissed) return null
  const dismiss = (): void => {
    isDismissed = true
    setDismissed(true)
  }
  return <Reminder {...props} onDismiss={dismiss} />
}

function Reminder({ vault, onBackup, onDismiss }: BackupReminderProps & { readonly onDismiss: () => void }) {
  const status = useBackupStatus(vault, false)
  if (status === undefined || status.suggestion === 'none') return null
  const advice = status.suggestion === 'first' ? 'Keep a copy of them in a file.' : 'It is time for a new one.'
  return (
    <aside class="reminder" aria-label="Backup">
      <p role="status">{`${describeStatus(status, Date.now())} ${advice}`}</p>
      <div class="actions">
        <button type="button" onClick={onBackup}>
          Make a backup
        </button>
        <button type="button" class="quiet" onClick={onDismiss}>
          Not now
        </button>
      </div>
    </aside>
  )
}
