// Nothing is kept here yet: a password makes the vault.

import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Card } from './closed-screens.js'
import { NO_PASSWORD, NewPasswordFields } from './new-password-fields.js'
import { inWords } from './words.js'

interface CreateScreenProps {
  readonly note: string
  /** Resolves to the error there is to tell, if any. */
  readonly onCreate: (secret: string | { readonly device: true }) => Promise<unknown>
  readonly onRestore: () => void
}

export function CreateScreen({ note, onCreate, onRestore }: CreateScreenProps) {
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
    if (chosen.password !== chosen.again) {
      setProblem('The two passwords are not the same.')
      return
    }
    await create(chosen.password)
  }

  async function create(secret: string | { readonly device: true }): Promise<void> {
    setBusy(true)
    setProblem('')
    const error = await onCreate(secret)
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
          <NewPasswordFields label="Password" labelAgain="The same password again" value={chosen} onInput={choose} field={field} />
          <button>Create the vault</button>
        </fieldset>
        <p class="note" role="status">
          {busy ? 'Making the keys; this takes a moment on purpose…' : ''}
        </p>
        <p class="note" role="alert">
          {problem}
        </p>
      </form>
      <div class="actions">
        <button type="button" class="quiet" disabled={busy} onClick={onRestore}>
          I have a backup
        </button>
      </div>
      <details class="give-up">
        <summary>Begin without a password</summary>
        <p class="note">This browser then keeps a key and opens the vault without asking anybody: whoever uses it, or copies its files, can read everything. You can choose a password later, in the settings.</p>
        <button type="button" disabled={busy} onClick={() => void create({ device: true })}>
          Begin without one
        </button>
      </details>
    </Card>
  )
}
