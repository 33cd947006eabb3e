// Nothing is kept here yet: a password makes the vault.

import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Card } from './closed-screens.js'
import { PasswordField } from './password-field.js'
import { StrengthHint } from './strength.js'
import { inWords } from './words.js'

interface CreateScreenProps {
  readonly note: string
  /** Resolves to the error there is to tell, if any. */
  readonly onCreate: (password: string) => Promise<unknown>
}

export function CreateScreen({ note, onCreate }: CreateScreenProps) {
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState('')
  const field = useRef<HTMLInputElement>(null)
  // Before the screen is painted: who types at once must not lose a letter.
  useLayoutEffect(() => field.current?.focus(), [])

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (password !== again) {
      setProblem('The two passwords are not the same.')
      return
    }
    setBusy(true)
    setProblem('')
    const error = await onCreate(password)
    if (error === undefined) return
    setBusy(false)
    setProblem(inWords(error))
  }

  return (
    <Card screen="empty" title="Create a vault">
      {note !== '' && <p>{note}</p>}
      <p>
        Nothing is kept here yet. Choose a password: everything you load or write is sealed with it, in this browser only. Nobody can open the vault without it, and nobody can tell you what it
        was.
      </p>
      <form autocomplete="off" onSubmit={(event) => void submit(event)}>
        <fieldset disabled={busy}>
          <PasswordField label="Password" value={password} onInput={setPassword} describedBy="strength" field={field} />
          <StrengthHint id="strength" password={password} />
          <PasswordField label="The same password again" value={again} onInput={setAgain} />
          <button>Create the vault</button>
        </fieldset>
        <p class="note" role="status">
          {busy ? 'Making the keys; this takes a moment on purpose…' : ''}
        </p>
        <p class="note" role="alert">
          {problem}
        </p>
      </form>
    </Card>
  )
}
