// The password in the settings: another one, or the first where there is none yet.

import type { UnlockedVault } from 'sealed-vault'
import { useState } from 'preact/hooks'
import { NO_PASSWORD, NewPasswordFields } from '../new-password-fields.js'
import { PasswordField } from '../password-field.js'
import { inWords } from '../words.js'
import { ProtectPart } from './protect-part.js'
import { useWays } from './use-ways.js'

export function PasswordPart({ vault }: { readonly vault: UnlockedVault }) {
  const ways = useWays(vault)
  const hasNone = ways.length > 0 && !ways.includes('password')
  return (
    <>
      <h3>{hasNone ? 'Choose a password' : 'Change the password'}</h3>
      {hasNone ? <ProtectPart vault={vault} ways={ways} /> : <ChangeForm vault={vault} />}
    </>
  )
}

function ChangeForm({ vault }: { readonly vault: UnlockedVault }) {
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState(NO_PASSWORD)
  const [busy, setBusy] = useState(false)
  const [note, setNote] = useState('')

  function choose(value: typeof next): void {
    setNext(value)
    setNote('')
  }

  async function change(event: Event): Promise<void> {
    event.preventDefault()
    if (next.password !== next.again) {
      setNote('The two new passwords are not the same.')
      return
    }
    setBusy(true)
    setNote('Changing the password…')
    try {
      await vault.changePassword(current, next.password)
      setCurrent('')
      setNext(NO_PASSWORD)
      setNote('The password is changed. From now on only the new one opens the vault.')
    } catch (error) {
      setNote(inWords(error))
    }
    setBusy(false)
  }

  return (
    <form autocomplete="off" onSubmit={(event) => void change(event)}>
      <fieldset disabled={busy}>
        <PasswordField label="Present password" value={current} onInput={setCurrent} />
        <NewPasswordFields label="New password" labelAgain="New password again" value={next} onInput={choose} />
        <button>Change the password</button>
      </fieldset>
      <p id="password-note" class="note" role="status">
        {note}
      </p>
    </form>
  )
}
