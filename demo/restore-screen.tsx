// A vault out of a backup, where there is none, none that opens, or one whose password is forgotten.

import type { Vault } from 'sealed-vault'
import { useState } from 'preact/hooks'
import { ArchiveSecret, OtherSecret } from './backup/archive-secret.js'
import { FileChoice } from './backup/file-choice.js'
import { inArchiveWords } from './backup/file-words.js'
import type { Restored, RestoreRequest } from './backup/restore.js'
import { useArchiveFile } from './backup/use-archive-file.js'
import { useWork, type WorkOptions } from './backup/use-work.js'
import { WorkStatus } from './backup/work-status.js'
import { FocusedTitle } from './focused-title.js'
import { NO_PASSWORD, NewPasswordFields } from './new-password-fields.js'

interface RestoreScreenProps {
  /** What is there now. */
  readonly from: Vault['state']
  readonly onRestore: (request: RestoreRequest, options: WorkOptions) => Promise<Restored>
  /** Called with what came of it, unless all is as it was. */
  readonly onEnd: (restored: Restored) => void
  readonly onBack: () => void
}

export function RestoreScreen({ from, onRestore, onEnd, onBack }: RestoreScreenProps) {
  const archive = useArchiveFile()
  const [chosen, setChosen] = useState(NO_PASSWORD)
  const [understood, setUnderstood] = useState(false)
  const [problem, setProblem] = useState('')
  const work = useWork()
  const warning = WARNINGS[from]

  function choose(file: File): void {
    setProblem('')
    void archive.choose(file)
  }

  function choosePassword(value: typeof chosen): void {
    setChosen(value)
    setProblem('')
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (chosen.password !== chosen.again) return setProblem('The two new passwords are not the same.')
    setProblem('')
    const ended = await work.run((options) => onRestore({ file: archive.file!, secrets: archive.secrets, newPassword: chosen.password }, options))
    if (ended === undefined) return
    if (ended.is === 'done') return onEnd(ended.value)
    setProblem(`${ended.is === 'cancelled' ? 'Cancelled.' : inArchiveWords(ended.error, archive.kind)} Nothing was changed.`)
  }

  return (
    <main data-screen="restore" class="card">
      <FocusedTitle>Restore from a backup</FocusedTitle>
      <p>Makes a vault out of a backup, with all that is in it, under a password that you choose now.</p>
      <FileChoice label="The backup, a file whose name ends in .svault" file={archive.file} disabled={work.isBusy} onChoose={choose} />
      {archive.kinds.length > 0 && (
        <form autocomplete="off" onSubmit={(event) => void submit(event)}>
          <fieldset disabled={work.isBusy}>
            <ArchiveSecret archive={archive} />
            {archive.kinds.length > 1 && (
              <div class="actions">
                <OtherSecret archive={archive} />
              </div>
            )}
            <NewPasswordFields label="New password of the vault" labelAgain="New password again" value={chosen} onInput={choosePassword} />
            {warning !== undefined && (
              <div class="caution">
                <p>
                  <strong>{warning}</strong> It is deleted when the whole file was read and nothing in it is damaged. There is no way back.
                </p>
                <label class="choice">
                  <input type="checkbox" autocomplete="off" required checked={understood} onChange={(event) => setUnderstood(event.currentTarget.checked)} /> Delete it and put the backup in its place
                </label>
              </div>
            )}
            <button class={warning === undefined ? undefined : 'danger'}>Restore</button>
          </fieldset>
        </form>
      )}
      <WorkStatus work={work} opening="Opening the file; this takes a moment on purpose…" />
      <p id="restore-problem" class="note" role="alert">
        {archive.problem === '' ? problem : archive.problem}
      </p>
      <div class="actions">
        <button type="button" class="quiet" disabled={work.isBusy} onClick={onBack}>
          ‹ Go back
        </button>
      </div>
    </main>
  )
}

const WARNINGS: Partial<Readonly<Record<Vault['state'], string>>> = {
  locked: 'The vault that is here is deleted for ever, with every conversation in it that is not in the backup.',
  wiped: 'What is left here of the lost vault is deleted for ever.',
  unavailable: 'If there is a vault here that only cannot be opened now, it is deleted for ever.',
}
