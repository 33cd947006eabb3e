// A recovery code for the vault itself: asked for with the password, kept on paper.

import type { UnlockedVault } from 'sealed-vault'
import { useState } from 'preact/hooks'
import { formatTime } from '../format.js'
import { PasswordField } from '../password-field.js'
import { inWords } from '../words.js'
import { FocusedHeading } from './focused-heading.js'
import { KeepCode } from './keep-code.js'
import { TaskPane } from './task-pane.js'

export function VaultCodeTask({ vault, onBack }: { readonly vault: UnlockedVault; readonly onBack: () => void }) {
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState('')
  const [made, setMade] = useState<{ readonly code: string; readonly at: number }>()
  const [kept, setKept] = useState(false)

  async function make(event: Event): Promise<void> {
    event.preventDefault()
    setBusy(true)
    setProblem('')
    try {
      setMade({ code: await vault.createRecoveryCode(password), at: Date.now() })
      setPassword('')
    } catch (error) {
      setProblem(inWords(error))
    }
    setBusy(false)
  }

  return (
    <TaskPane title="Make a recovery code" onBack={onBack}>
      {made === undefined && (
        <>
          <p>The code opens this vault when you have forgotten its password. From the moment it is shown, a code that was made before opens the vault no longer.</p>
          <form autocomplete="off" onSubmit={(event) => void make(event)}>
            <fieldset disabled={busy}>
              <PasswordField label="Password of the vault" value={password} onInput={setPassword} />
              <button>Make the code</button>
            </fieldset>
            <p class="note" role="status">
              {busy ? 'Making the code; this takes a moment on purpose…' : ''}
            </p>
            <p class="note" role="alert">
              {problem}
            </p>
          </form>
        </>
      )}
      {made !== undefined && !kept && <KeepCode code={made.code} purpose={purposeOf(vault, made.at)} action="Check what I have typed" onKept={() => setKept(true)} />}
      {kept && (
        <>
          <FocusedHeading>The recovery code is ready</FocusedHeading>
          <p>Keep the paper well. When the password is forgotten, choose “Use your recovery code” where the vault asks for it.</p>
          <div class="actions">
            <button type="button" onClick={onBack}>
              Done
            </button>
          </div>
        </>
      )}
    </TaskPane>
  )
}

function purposeOf(vault: UnlockedVault, at: number) {
  return {
    title: 'Recovery code of the vault',
    opens: 'Opens the vault named below when its password is forgotten. Whoever has this paper and can use this browser can read all conversations.',
    facts: [
      ['Vault', vault.name],
      ['Page', location.origin + location.pathname],
      ['Made', formatTime(at)],
    ],
  } as const
}
