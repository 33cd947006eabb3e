// A password for a vault that has none: everything in it is sealed anew, and this browser keeps no key of its own any more.

import type { Secret, UnlockedVault } from 'sealed-vault'
import { useState } from 'preact/hooks'
import { NO_PASSWORD, NewPasswordFields } from '../new-password-fields.js'
import { inWords } from '../words.js'
import { SecretForm } from './secret-form.js'

interface ProtectPartProps {
  readonly vault: UnlockedVault
  readonly ways: readonly string[]
}

export function ProtectPart({ vault, ways }: ProtectPartProps) {
  const [chosen, setChosen] = useState(NO_PASSWORD)
  const [asks, setAsks] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState('')

  function choose(value: typeof chosen): void {
    setChosen(value)
    setProblem('')
  }

  /** What the page shows when it is done comes by itself: there is a password then. */
  async function protect(secret: Secret): Promise<unknown> {
    setBusy(true)
    try {
      await vault.protect(secret, chosen.password)
      return undefined
    } catch (error) {
      return error
    } finally {
      setBusy(false)
    }
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (chosen.password !== chosen.again) return setProblem('The two passwords are not the same.')
    if (ways.some((way) => way !== 'device')) return setAsks(true)
    const error = await protect({ device: true })
    if (error !== undefined) setProblem(inWords(error))
  }

  return (
    <div id="protect">
      <p class="note">This vault has no password. With one, everything is sealed anew, and this browser opens it without a question no longer.</p>
      {asks ? (
        <SecretForm action="Set the password" isBusy={busy} problemId="protect-problem" ways={ways} onSecret={protect}>
          <button type="button" class="quiet" onClick={() => setAsks(false)}>
            Choose another one
          </button>
        </SecretForm>
      ) : (
        <form autocomplete="off" onSubmit={(event) => void submit(event)}>
          <fieldset disabled={busy}>
            <NewPasswordFields label="New password" labelAgain="New password again" value={chosen} onInput={choose} />
            <button>Set the password</button>
          </fieldset>
          <p class="note" role="status">
            {busy ? 'Setting the password and making new keys…' : ''}
          </p>
          <p class="note" role="alert">
            {problem}
          </p>
        </form>
      )}
    </div>
  )
}
