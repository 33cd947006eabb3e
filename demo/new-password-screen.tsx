// A recovery code has opened the vault: the moment to choose a password in the place of the forgotten one.

import type { UnlockedVault } from 'sealed-vault'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Card } from './closed-screens.js'
import { NO_PASSWORD, NewPasswordFields } from './new-password-fields.js'
import { inUnlockWords } from './words.js'

interface NewPasswordScreenProps {
  readonly vault: UnlockedVault
  readonly recoveryCode: string
  readonly onDone: () => void
}

export function NewPasswordScreen({ vault, recoveryCode, onDone }: NewPasswordScreenProps) {
  const [chosen, setChosen] = useState(NO_PASSWORD)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState('')
  const field = useRef<HTMLInputElement>(null)
  // Before the screen is painted: who types at once must not lose a letter.
  useLayoutEffect(() => field.current?.focus(), [])

  function choose(value: typeof chosen): void {
    setChosen(value)
    setProblem('')
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (chosen.password !== chosen.again) return setProblem('The two passwords are not the same.')
    setBusy(true)
    setProblem('')
    try {
      await vault.changePassword({ recoveryCode }, chosen.password)
      onDone()
    } catch (error) {
      setProblem(inUnlockWords(error, 'code'))
      setBusy(false)
    }
  }

  return (
    <Card screen="new-password" title="Choose a new password">
      <p>The recovery code has opened the vault. Choose a password for the next time; the forgotten one opens it no longer. The code on your paper stays good.</p>
      <form autocomplete="off" onSubmit={(event) => void submit(event)}>
        <fieldset disabled={busy}>
          <NewPasswordFields label="New password" labelAgain="New password again" value={chosen} onInput={choose} field={field} />
          <div class="actions">
            <button>Set the password</button>
            <button type="button" class="quiet" onClick={onDone}>
              Not now
            </button>
          </div>
        </fieldset>
        <p class="note" role="status">
          {busy ? 'Setting the password; this takes a moment on purpose…' : ''}
        </p>
        <p class="note" role="alert">
          {problem}
        </p>
      </form>
    </Card>
  )
}
