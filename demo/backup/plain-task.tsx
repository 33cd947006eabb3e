// All conversations as JSON, for other programs: the one thing that leaves the vault unsealed.

import type { UnlockedVault } from 'sealed-vault'
import { useState } from 'preact/hooks'
import { fileName } from './file-name.js'
import { FocusedHeading } from './focused-heading.js'
import type { FileKind } from './save-file.js'
import { SavingStatus } from './saving-status.js'
import { TaskPane } from './task-pane.js'
import { useSaving } from './use-saving.js'

const PLAIN: FileKind = { description: 'JSON', ending: '.json', type: 'application/json', isSealed: false }

interface PlainTaskProps {
  readonly vault: UnlockedVault
  readonly onBack: () => void
  readonly onLeft: () => void
}

export function PlainTask({ vault, onBack, onLeft }: PlainTaskProps) {
  const [understood, setUnderstood] = useState(false)
  const { saving, save, cancel } = useSaving<undefined>(vault, onLeft)

  function write(event: Event): void {
    event.preventDefault()
    void save({
      name: fileName(vault.name, Date.now(), PLAIN.ending),
      kind: PLAIN,
      make: async (signal) => ({ stream: await vault.exportJson({ unprotected: true, signal }), report: Promise.resolve(undefined) }),
    })
  }

  const busy = saving.step === 'choosing' || saving.step === 'writing'
  return (
    <TaskPane title="Export for other programs" onBack={onBack}>
      {saving.step === 'saved' ? (
        <>
          <FocusedHeading>The file is made</FocusedHeading>
          <p>{`${saving.saved.name} can be read by anyone who gets it. Delete it when the other program has it, also from the bin.`}</p>
          <div class="actions">
            <button type="button" onClick={onBack}>
              Done
            </button>
          </div>
        </>
      ) : (
        <>
          <div class="caution" role="note">
            <p>
              <strong>Anyone who gets this file can read every conversation.</strong> No password protects it, and it stays readable wherever it is copied, synchronised or forgotten. For keeping your
              conversations safe, download a backup instead.
            </p>
          </div>
          <form autocomplete="off" onSubmit={write}>
            <fieldset disabled={busy}>
              <label class="choice">
                <input type="checkbox" autocomplete="off" required checked={understood} onChange={(event) => setUnderstood(event.currentTarget.checked)} /> I want a file that anyone can read
              </label>
              <button class="danger">Download readable JSON</button>
            </fieldset>
          </form>
          <SavingStatus saving={saving} preparing="Writing the file…" onCancel={cancel} />
        </>
      )}
    </TaskPane>
  )
}
