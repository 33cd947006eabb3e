// Asks once more for what opens the vault, before its keys change.

import type { Secret } from 'sealed-vault'
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { CodeField } from '../code-field.js'
import { PasswordField } from '../password-field.js'
import { inUnlockWords, type SecretKind } from '../words.js'

interface SecretFormProps {
  readonly action: string
  readonly isBusy: boolean
  /** Of the element that says what went wrong; one of several forms on a page needs another one. */
  readonly problemId?: string | undefined
  /** Kinds of what opens the vault. */
  readonly ways: readonly string[]
  /** Resolves to the error there is to tell, if any. */
  readonly onSecret: (secret: Secret) => Promise<unknown>
  /** Another button. */
  readonly children?: ComponentChildren
}

export function SecretForm({ action, isBusy, ways, problemId = 'keys-problem', onSecret, children }: SecretFormProps) {
  const [wanted, setWanted] = useState<SecretKind>('password')
  const [typed, setTyped] = useState('')
  const [problem, setProblem] = useState('')
  // What the vault has no way in for is not asked for; until the ways are known, a password.
  const kind = ways.length === 0 || ways.includes('password') ? wanted : ways.includes('recovery') ? 'code' : undefined
  // Its key proves nothing of who sits here, but where there is nothing else it is enough.
  const isDevice = ways.length > 0 && ways.every((way) => way === 'device')
  const passwordField = useRef<HTMLInputElement>(null)
  const codeField = useRef<HTMLTextAreaElement>(null)
  useLayoutEffect(() => {
    if (problem === '' || isBusy) return
    passwordField.current?.select()
    // A code with one mistake in it is not typed anew.
    codeField.current?.focus()
  }, [problem, isBusy])

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    await give(isDevice ? { device: true } : kind === 'password' ? typed : { recoveryCode: typed }, kind ?? 'password')
  }

  async function give(secret: Secret, given: SecretKind): Promise<void> {
    setProblem('')
    const error = await onSecret(secret)
    if (error === undefined) setTyped('')
    else setProblem(`${inUnlockWords(error, given)} Nothing was changed.`)
  }

  function change(): void {
    setWanted(kind === 'password' ? 'code' : 'password')
    setTyped('')
    setProblem('')
  }

  return (
    <form autocomplete="off" onSubmit={(event) => void submit(event)}>
      <fieldset disabled={isBusy}>
        {kind === 'password' && <PasswordField label="Password of the vault" value={typed} onInput={setTyped} field={passwordField} />}
        {kind === 'code' && <CodeField label="Recovery code of the vault" value={typed} onInput={setTyped} field={codeField} />}
        <div class="actions">
          {(kind !== undefined || isDevice) && <button>{action}</button>}
          {ways.includes('password') && ways.includes('recovery') && (
            <button type="button" class="quiet" onClick={change}>
              {kind === 'password' ? 'Use the recovery code' : 'Use the password'}
            </button>
          )}
          {ways.includes('passkey') && (
            <button type="button" class="quiet" onClick={() => void give({ passkey: true }, 'passkey')}>
              Use a passkey
            </button>
          )}
          {children}
        </div>
      </fieldset>
      <p class="note" role="status">
        {isBusy ? 'Making the keys; this takes a moment on purpose…' : ''}
      </p>
      <p id={problemId} class="note" role="alert">
        {problem}
      </p>
    </form>
  )
}
