// A backup is made: what opens it is chosen, a code is on paper before there is a file that needs it, then the file is written.

import { createRecoveryCode, type ArchiveReport, type UnlockedVault } from 'sealed-vault'
import { useState } from 'preact/hooks'
import { formatTime } from '../format.js'
import { inWords } from '../words.js'
import { fileName } from './file-name.js'
import { isDamage } from './file-words.js'
import { FocusedHeading } from './focused-heading.js'
import { KeepCode } from './keep-code.js'
import type { FileKind } from './save-file.js'
import { SavedBackup } from './saved-backup.js'
import { SavingStatus } from './saving-status.js'
import { SecretsForm, type ChosenSecrets } from './secrets-form.js'
import { TaskPane } from './task-pane.js'
import { useSaving } from './use-saving.js'

const BACKUP: FileKind = { description: 'Sealed backup', ending: '.svault', type: 'application/octet-stream', isSealed: true }

interface DownloadTaskProps {
  readonly vault: UnlockedVault
  readonly onBack: () => void
  /** `file` is the backup, where the browser tells the page where it is. */
  readonly onVerify: (file: File | undefined) => void
  readonly onLeft: () => void
}

/** What was chosen; kept over a dialog that was closed and a file that was not made, so that nobody writes a code down twice. */
interface Plan {
  readonly password: string | undefined
  readonly recoveryCode: string | undefined
  readonly at: number
  /** Of the file, unless the person gives it another one. */
  readonly name: string
}

type Phase = { readonly is: 'choosing' } | { readonly is: 'keeping-code'; readonly plan: Plan; readonly code: string } | { readonly is: 'saving'; readonly plan: Plan }

export function DownloadTask({ vault, onBack, onVerify, onLeft }: DownloadTaskProps) {
  const [phase, setPhase] = useState<Phase>({ is: 'choosing' })
  const [problem, setProblem] = useState('')
  const { saving, save, cancel } = useSaving<ArchiveReport>(vault, onLeft)

  function write(plan: Plan, damaged: 'refuse' | 'skip' = 'refuse'): void {
    setPhase({ is: 'saving', plan })
    const { password, recoveryCode, name } = plan
    void save({
      name,
      kind: BACKUP,
      make: (signal, onDone) => vault.exportArchive({ password, recoveryCode, damaged, signal, onProgress: ({ done, total }) => onDone(total === 0 ? 1 : done / total) }),
    })
  }

  async function choose({ password, wantsCode }: ChosenSecrets): Promise<void> {
    const at = Date.now()
    const plan = { password, recoveryCode: undefined, at, name: fileName(vault.name, at, BACKUP.ending) }
    // At once: the click must still count when the place is asked for.
    if (!wantsCode) return write(plan)
    try {
      const code = await createRecoveryCode()
      setPhase({ is: 'keeping-code', plan: { ...plan, recoveryCode: code }, code })
    } catch (error) {
      setProblem(inWords(error))
    }
  }

  const isStopped = saving.step === 'idle' || saving.step === 'cancelled' || saving.step === 'failed'
  return (
    <TaskPane title="Download a backup" onBack={onBack}>
      {phase.is === 'choosing' && (
        <>
          <p>All conversations go into one file that is sealed as the vault is. Whoever has the file and what opens it can read everything; nobody else can.</p>
          <SecretsForm onChosen={(chosen) => void choose(chosen)} />
          <p class="note" role="alert">
            {problem}
          </p>
        </>
      )}
      {phase.is === 'keeping-code' && <KeepCode code={phase.code} purpose={purposeOf(vault, phase.plan)} action="Download the backup" onKept={() => write(phase.plan)} />}
      {phase.is === 'saving' && saving.step !== 'saved' && (
        <>
          <FocusedHeading key={isStopped ? 'stopped' : 'busy'}>{isStopped ? 'The file is not saved' : 'Saving the file'}</FocusedHeading>
          <SavingStatus saving={saving} preparing={phase.plan.password === undefined ? 'Writing the file…' : 'Making the key; this takes a moment on purpose…'} onCancel={cancel} />
          {isStopped && (
            <div class="actions">
              {saving.step === 'failed' && isDamage(saving.error) ? (
                <button type="button" onClick={() => write(phase.plan, 'skip')}>
                  Save what is readable
                </button>
              ) : (
                <button type="button" onClick={() => write(phase.plan)}>
                  {saving.step === 'idle' ? 'Choose where the file goes' : 'Try again'}
                </button>
              )}
              <button type="button" class="quiet" onClick={() => setPhase({ is: 'choosing' })}>
                Begin anew
              </button>
            </div>
          )}
        </>
      )}
      {saving.step === 'saved' && phase.is === 'saving' && <SavedBackup saved={saving.saved} report={saving.report} onVerify={onVerify} onBack={onBack} />}
    </TaskPane>
  )
}

function purposeOf(vault: UnlockedVault, { password, name, at }: Plan) {
  return {
    title: 'Recovery code of a backup',
    opens: `Opens the backup file named below${password === undefined ? '. Nothing else opens it' : ', when its password is forgotten'}. Whoever has this paper and the file can read all conversations in it.`,
    facts: [
      ['File', name],
      ['Vault', vault.name],
      ['Made', formatTime(at)],
    ],
  } as const
}
