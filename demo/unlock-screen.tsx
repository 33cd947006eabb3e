// There is a vault, and it is locked.

import { isVaultError } from 'sealed-vault'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Card } from './closed-screens.js'
import { GiveUp } from './give-up.js'
import { PasswordField } from './password-field.js'
import { inWords } from './words.js'

interface UnlockScreenProps {
  readonly note: string
  /** Resolves to the error there is to tell, if any. */
  readonly onUnlock: (password: string, acceptLoss: boolean) => Promise<unknown>
  readonly onDestroy: () => Promise<void>
}

export function UnlockScreen({ note, onUnlock, onDestroy }: UnlockScreenProps) {
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState('')
  const [lost, setLost] = useState(false)
  const [acceptLoss, setAcceptLoss] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  // Before the screen is painted: an effect after it would select, and lose, what was typed at once.
  useLayoutEffect(() => {
    if (!busy) field.current?.select()
  }, [busy])

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    setBusy(true)
    setProblem('')
    const error = await onUnlock(password, acceptLoss)
    if (error === undefined) return
    setBusy(false)
    setProblem(inWords(error))
    setLost(isVaultError(error) && error.code === 'storage-lost')
  }

  return (
    <Card screen="locked" title="Unlock the vault">
      <p>{note === '' ? 'The conversations in this browser are sealed.' : note}</p>
      <form autocomplete="off" onSubmit={(event) => void submit(event)}>
        <fieldset disabled={busy}>
          <PasswordField label="Password" value={password} onInput={setPassword} field={field} />
          {lost && (
            <label class="choice">
              <input type="checkbox" autocomplete="off" checked={acceptLoss} onChange={(event) => setAcceptLoss(event.currentTarget.checked)} /> Open with what is left
            </label>
          )}
          <button>Unlock</button>
        </fieldset>
        <p class="note" role="status">
          {busy ? 'Working on the password; this takes a moment on purpose…' : ''}
        </p>
        <p class="note" role="alert">
          {problem}
        </p>
      </form>
      <GiveUp
        summary="Password forgotten?"
        warning="Without the password nothing in here can be read again. You can only delete the vault and begin anew."
        action="Delete the vault for ever"
        onGiveUp={onDestroy}
      />
    </Card>
  )
}
