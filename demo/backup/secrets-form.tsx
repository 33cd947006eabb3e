// What shall open a backup: a password, a recovery code, or either of them.

import { useState } from 'preact/hooks'
import { NO_PASSWORD, NewPasswordFields } from '../new-password-fields.js'

export interface ChosenSecrets {
  readonly password: string | undefined
  readonly wantsCode: boolean
}

/** `onChosen` is called while the click still counts as one. */
export function SecretsForm({ onChosen }: { readonly onChosen: (chosen: ChosenSecrets) => void }) {
  const [byPassword, setByPassword] = useState(true)
  const [byCode, setByCode] = useState(false)
  const [chosen, setChosen] = useState(NO_PASSWORD)
  const [problem, setProblem] = useState('')

  function choosePassword(value: typeof chosen): void {
    setChosen(value)
    setProblem('')
  }

  function submit(event: Event): void {
    event.preventDefault()
    if (!byPassword && !byCode) return setProblem('Choose at least one of the two: a file that nothing opens is of no use.')
    if (byPassword && chosen.password !== chosen.again) return setProblem('The two passwords are not the same.')
    setProblem('')
    onChosen({ password: byPassword ? chosen.password : undefined, wantsCode: byCode })
  }

  return (
    <form autocomplete="off" onSubmit={submit}>
      <fieldset>
        <legend>What shall open the file? With both, each of them does alone.</legend>
        <label class="choice">
          <input type="checkbox" autocomplete="off" checked={byPassword} onChange={(event) => setByPassword(event.currentTarget.checked)} /> A password that I choose
        </label>
        {byPassword && (
          <div class="chosen">
            <p class="note">It may be that of the vault. Whatever becomes of that one later, this file keeps the password it is made with.</p>
            <NewPasswordFields label="Password for the file" labelAgain="The same password again" value={chosen} onInput={choosePassword} guesser="Whoever gets this file" />
          </div>
        )}
        <label class="choice">
          <input type="checkbox" autocomplete="off" checked={byCode} onChange={(event) => setByCode(event.currentTarget.checked)} /> A recovery code that I print or write down
        </label>
        <button>{byCode ? 'Go on to the code' : 'Download the backup'}</button>
        <p class="note" role="alert">
          {problem}
        </p>
      </fieldset>
    </form>
  )
}
