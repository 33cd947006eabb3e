// The task that was asked for. After a backup was made the next one is to look whether it opens.

import type { UnlockedVault } from 'sealed-vault'
import { useState } from 'preact/hooks'
import { DownloadTask } from './download-task.js'
import { ImportTask } from './import-task.js'
import { PlainTask } from './plain-task.js'
import type { BackupTask } from './tasks.js'
import { VaultCodeTask } from './vault-code-task.js'
import { VerifyTask } from './verify-task.js'

interface TaskScreenProps {
  readonly vault: UnlockedVault
  readonly task: BackupTask
  readonly onBack: () => void
  /** Called when a file was not made because the page shows something else now. */
  readonly onLeft: () => void
}

export function TaskScreen({ vault, task: asked, onBack, onLeft }: TaskScreenProps) {
  const [{ task, file }, setNow] = useState<{ readonly task: BackupTask; readonly file?: File | undefined }>({ task: asked })
  switch (task) {
    case 'download':
      return <DownloadTask vault={vault} onBack={onBack} onLeft={onLeft} onVerify={(made) => setNow({ task: 'verify', file: made })} />
    case 'verify':
      return <VerifyTask vault={vault} file={file} onBack={onBack} />
    case 'import':
      return <ImportTask vault={vault} onBack={onBack} />
    case 'recovery-code':
      return <VaultCodeTask vault={vault} onBack={onBack} />
    case 'plain':
      return <PlainTask vault={vault} onBack={onBack} onLeft={onLeft} />
  }
}
