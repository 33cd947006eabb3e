// There is a vault, and it is locked.

import { isVaultError, type Secret } from 'sealed-vault'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Card } from './closed-screens.js'
import { CodeField } from './code-field.js'
import { GiveUp } from './give-up.js'
import { PasswordField } from './password-field.js'
import { inUnlockWords, type SecretKind } from './words.js'

interface UnlockScreenProps {
  readonly note: string
  /** Kinds of the slots that may be asked for; where these are not known, a password. */
  readonly waysIn: readonly string[]
  /** Resolves to the error there is to tell, if any. */
  readonly onUnlock: (secret: Secret, acceptLoss: boolean) => Promise<unknown>
  readonly onRestore: () => void
  readonly onDestroy: () => Promise<void>
}

export function UnlockScreen({ note, waysIn, onUnlock, onRestore, onDestroy }: UnlockScreenProps) {
  const [kind, setKind] = useState<SecretKind>('password')
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState('')
  const [lost, setLost] = useState(false)
  const [acceptLoss, setAcceptLoss] = useState(false)
  /** Nothing opens it but a key of this browser: whoever has locked it is asked at least whether. */
  const asksNobody = waysIn.length > 0 && waysIn.every((way) => way === 'device')
  const passwordField = useRef<HTMLInputElement>(null)
  const codeField = useRef<HTMLTextAreaElement>(null)
  // Before the screen is painted: an effect after it would select, and lose, what was typed at once.
  useLayoutEffect(() => {
    if (busy) return
    passwordField.current?.select()
    // A code with one mistake in it is not typed anew.
    codeField.current?.focus()
  }, [busy, kind])

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    await give(asksNobody ? { device: true } : kind === 'password' ? typed : { recoveryCode: typed }, kind)
  }

  async function give(secret: Secret, given: SecretKind): Promise<void> {
    setBusy(true)
    setProblem('')
    const error = await onUnlock(secret, acceptLoss)
    if (error === undefined) return
    setBusy(false)
    setProblem(inUnlockWords(error, given))
    setLost(isVaultError(error) && error.code === 'storage-lost')
  }

  function change(): void {
    setKind(kind === 'password' ? 'code' : 'password')
    setTyped('')
    setProblem('')
  }

  return (
    <Card screen="locked" title="Unlock the vault">
      <p>{note === '' ? 'The conversations in this browser are sealed.' : note}</p>
      <form autocomplete="off" onSubmit={(event) => void submit(event)}>
        <fieldset disabled={busy}>
          {asksNobody ? null : kind === 'password' ? (
            <PasswordField label="Password" value={typed} onInput={setTyped} field={passwordField} />
          ) : (
            <CodeField label="Recovery code" value={typed} onInput={setTyped} field={codeField} />
          )}
          {lost && (
            <label class="choice">
              <input type="checkbox" autocomplete="off" checked={acceptLoss} onChange={(event) => setAcceptLoss(event.currentTarget.checked)} /> Open with what is left
            </label>
          )}
          <div class="actions">
            <button>Unlock</button>
            {!asksNobody && (
              <button type="button" class="quiet" onClick={change}>
                {kind === 'password' ? 'Use your recovery code' : 'Use your password'}
              </button>
            )}
            {waysIn.includes('device') && !asksNobody && !waysIn.includes('password') && (
              <button type="button" class="quiet" onClick={() => void give({ device: true }, 'password')}>
                Let this browser open it
              </button>
            )}
            {waysIn.includes('passkey') && (
              <button type="button" class="quiet" onClick={() => void give({ passkey: true }, 'passkey')}>
                Use your passkey
              </button>
            )}
          </div>
        </fieldset>
        <p class="note" role="status">
          {!busy ? '' : kind === 'password' && !asksNobody ? 'Working on the password; this takes a moment on purpose…' : 'Opening the vault…'}
        </p>
        <p class="note" role="alert">
          {problem}
        </p>
      </form>
      <GiveUp
        summary={asksNobody ? 'It does not open?' : 'Password forgotten?'}
        warning={`Without ${asksNobody ? 'the key that this browser keeps' : 'the password or its recovery code'} nothing in here can be read again. Without a backup you can only delete the vault and begin anew.`}
        action="Delete the vault for ever"
        onGiveUp={onDestroy}
      >
        <p>With a backup you get back what is in it, under a new password.</p>
        <button type="button" onClick={onRestore}>
          Restore from a backup
        </button>
      </GiveUp>
    </Card>
  )
}
