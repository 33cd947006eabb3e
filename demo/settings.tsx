// What belongs to the vault as a whole: its backups, its password and keys, when it locks, where it is kept, and whether everything is in order.

import type { UnlockedVault } from 'sealed-vault'
import { useState } from 'preact/hooks'
import { AuditPart } from './audit/audit-part.js'
import { IDLE_MINUTES, readIdleMinutes, writeIdleMinutes } from './auto-lock.js'
import { BackupPart } from './backup/backup-part.js'
import type { BackupTask } from './backup/tasks.js'
import { CheckPart } from './check-part.js'
import { formatBytes } from './format.js'
import { NewKeysPart } from './keys/new-keys-part.js'
import { PasswordPart } from './keys/password-part.js'
import { SlotsPart } from './keys/slots-part.js'
import { SharePart } from './share-part.js'
import { useQuery } from './use-query.js'
import { inWords } from './words.js'

interface SettingsProps {
  readonly vault: UnlockedVault
  readonly onBack: () => void
  readonly onTask: (task: BackupTask) => void
  /** Whether somebody was led to the keys. */
  readonly toKeys?: boolean | undefined
}

export function Settings({ vault, onBack, onTask, toKeys = false }: SettingsProps) {
  return (
    <div id="settings">
      <div class="pane-head">
        <button type="button" class="back" onClick={onBack}>
          Back to the list
        </button>
        <h2>Settings</h2>
      </div>
      <h3>Backup</h3>
      <BackupPart vault={vault} onTask={onTask} />
      <PasswordPart vault={vault} />
      <h3>Ways in</h3>
      <SlotsPart vault={vault} />
      <NewKeysPart vault={vault} isWanted={toKeys} />
      <h3>Lock by itself</h3>
      <AutoLockPart vault={vault} />
      <SharePart vault={vault} />
      <h3>Storage</h3>
      <StoragePart vault={vault} />
      <h3>Check</h3>
      <CheckPart vault={vault} />
      <h3>What the browser stores</h3>
      <AuditPart vault={vault} />
    </div>
  )
}

function AutoLockPart({ vault }: { readonly vault: UnlockedVault }) {
  const [problem, setProblem] = useState('')
  const { answer } = useQuery({ vault, concerns: ({ collections }) => collections.includes('preferences'), ask: () => readIdleMinutes(vault) }, [])
  const choose = (minutes: number): void => {
    writeIdleMinutes(vault, minutes).catch((error: unknown) => setProblem(inWords(error)))
  }
  return (
    <>
      <label>
        When nobody has used it for
        <select id="idle-minutes" autocomplete="off" value={answer} disabled={answer === undefined} onChange={(event) => choose(Number(event.currentTarget.value))}>
          {IDLE_MINUTES.map((minutes) => (
            <option key={minutes} value={minutes}>
              {minutes === 0 ? 'never' : minutes === 1 ? 'a minute' : `${minutes} minutes`}
            </option>
          ))}
        </select>
      </label>
      <p class="note" role="alert">
        {problem}
      </p>
    </>
  )
}

function StoragePart({ vault }: { readonly vault: UnlockedVault }) {
  const { answer, error } = useQuery({ vault, concerns: () => true, ask: () => vault.storage() }, [])
  if (answer === undefined) return <p class="note">{error === undefined ? '' : inWords(error)}</p>
  const { kind, why, persisted, usageBytes, quotaBytes } = answer
  const unsaid = 'the browser does not say'
  const rows = [
    ['Kept in', `${kind} (${why})`],
    ['Promise', persisted === undefined ? unsaid : persisted ? 'the browser keeps it until you delete it' : 'the browser may delete it when room gets short'],
    ['Used by this site', usageBytes === undefined ? unsaid : `about ${formatBytes(usageBytes)}${quotaBytes === undefined ? '' : ` of ${formatBytes(quotaBytes)} it may use`}`],
  ] as const
  return (
    <dl id="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
