// Says at the foot of the list when a backup is due, when a restore was cut off, or when nothing but a password opens the vault. It waits to be seen, stands in nobody's way and goes for good when told so.

import type { BackupStatus, UnlockedVault } from 'sealed-vault'
import { useState } from 'preact/hooks'
import { formatTime } from '../format.js'
import { useWays } from '../keys/use-ways.js'
import { describeStatus, useBackupStatus } from './status.js'
import type { BackupTask } from './tasks.js'

/** Until the page is left; not kept, so that it comes again on another day. */
const dismissed = new Set<BackupTask>()

/** For who has just been asked elsewhere. */
export function dismissReminder(task: BackupTask): void {
  dismissed.add(task)
}

interface BackupReminderProps {
  readonly vault: UnlockedVault
  /** What is being done: nobody is reminded of that. */
  readonly task: BackupTask | undefined
  readonly onTask: (task: BackupTask) => void
}

export function BackupReminder({ vault, task, onTask }: BackupReminderProps) {
  const status = useBackupStatus(vault, false)
  const [, setDismissals] = useState(0)
  const ways = useWays(vault)
  const reminder = status === undefined ? undefined : reminderOf(status, ways)
  if (reminder === undefined || reminder.task === task || dismissed.has(reminder.task)) return null
  const dismiss = (): void => {
    dismissReminder(reminder.task)
    setDismissals(dismissed.size)
  }
  return (
    <aside class="reminder" aria-label={reminder.label}>
      <p role="status">{reminder.words}</p>
      <div class="actions">
        <button type="button" onClick={() => onTask(reminder.task)}>
          {reminder.action}
        </button>
        <button type="button" class="quiet" onClick={dismiss}>
          Not now
        </button>
      </div>
    </aside>
  )
}

interface Reminder {
  readonly task: BackupTask
  readonly label: string
  readonly words: string
  readonly action: string
}

/** One at a time: who turns down the first is left in peace. */
function reminderOf(status: BackupStatus, ways: readonly string[]): Reminder | undefined {
  const { suggestion, unfinishedImport } = status
  // First: what is missing should be there before the next backup is made.
  if (unfinishedImport !== undefined) {
    return { task: 'import', label: 'Backup', words: `A restore from a backup, begun on ${formatTime(unfinishedImport.startedAt)}, was interrupted. The same file brings the rest.`, action: 'Go on with the restore' }
  }
  if (suggestion === 'none') {
    const isAtRisk = ways.length > 0 && ways.every((kind) => kind === 'password')
    return isAtRisk ? { task: 'recovery-code', label: 'Recovery code', words: 'Nothing but its password opens this vault. A code on paper does when that is forgotten.', action: 'Make a code' } : undefined
  }
  const advice = suggestion === 'first' ? 'Keep a copy of them in a file.' : 'It is time for a new one.'
  return { task: 'download', label: 'Backup', words: `${describeStatus(status, Date.now())} ${advice}`, action: 'Make a backup' }
}
