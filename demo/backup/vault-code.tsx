// A recovery code for the vault: on paper first. It counts when a part of it was typed back from there; whoever turns away before has changed nothing.

import { createRecoveryCode, type Secret, type UnlockedVault } from 'sealed-vault'
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { formatTime } from '../format.js'
import { SecretForm } from '../keys/secret-form.js'
import { useWays } from '../keys/use-ways.js'
import { inWords } from '../words.js'
import { FocusedHeading } from './focused-heading.js'
import { KeepCode } from './keep-code.js'

interface VaultCodeProps {
  readonly vault: UnlockedVault
  /** What opens the vault, where that is known; else it is asked for at the end. */
  readonly secret?: Secret | undefined
  /** What the last button is called. */
  readonly done: string
  readonly onDone: () => void
  /** A way out, as long as the code does not count. */
  readonly children?: ComponentChildren
}

type Phase = { readonly is: 'showing' | 'ready' } | { readonly is: 'adding' | 'asking'; readonly typedBack: string }

export function VaultCode({ vault, secret, done, onDone, children }: VaultCodeProps) {
  const [made, setMade] = useState<{ readonly code: string; readonly at: number }>()
  const [phase, setPhase] = useState<Phase>({ is: 'showing' })
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState('')
  const ways = useWays(vault)

  useEffect(() => {
    createRecoveryCode().then(
      (code) => setMade({ code, at: Date.now() }),
      (error: unknown) => setProblem(inWords(error)),
    )
  }, [])

  async function add(given: Secret, typedBack: string): Promise<unknown> {
    setBusy(true)
    try {
      await putCode(vault, given, made!.code, typedBack)
      setPhase({ is: 'ready' })
      return undefined
    } catch (error) {
      return error
    } finally {
      setBusy(false)
    }
  }

  async function kept(typedBack: string): Promise<void> {
    if (secret === undefined) return setPhase({ is: 'asking', typedBack })
    setPhase({ is: 'adding', typedBack })
    const error = await add(secret, typedBack)
    if (error === undefined) return
    // Another tab may have changed the password meanwhile.
    setProblem(inWords(error))
    setPhase({ is: 'asking', typedBack })
  }

  return (
    <>
      {phase.is === 'showing' && made !== undefined && <KeepCode code={made.code} purpose={purposeOf(vault, made.at)} action="Check what I have typed" onKept={(typedBack) => void kept(typedBack)} />}
      {phase.is === 'adding' && (
        <>
          <FocusedHeading>What you have typed is right</FocusedHeading>
          <p class="note" role="status">
            Letting the code open the vault; this takes a moment on purpose…
          </p>
        </>
      )}
      {phase.is === 'asking' && (
        <>
          <FocusedHeading>What you have typed is right</FocusedHeading>
          <p>One thing is left: show that the vault is yours. Then the code opens it.</p>
          <SecretForm action="Let the code open the vault" isBusy={busy} problemId="code-problem" ways={ways} onSecret={(given) => add(given, phase.typedBack)} />
        </>
      )}
      {phase.is === 'ready' ? (
        <>
          <FocusedHeading>The recovery code is ready</FocusedHeading>
          <p>Keep the paper well. When the password is forgotten, choose “Use your recovery code” where the vault asks for it.</p>
          <div class="actions">
            <button type="button" class="primary" onClick={onDone}>
              {done}
            </button>
          </div>
        </>
      ) : (
        <>
          <p class="note" role="alert">
            {problem}
          </p>
          {children}
        </>
      )}
    </>
  )
}

/** In the place of the one before, at once: of two papers somebody would have to guess which is good. */
async function putCode(vault: UnlockedVault, secret: Secret, code: string, typedBack: string): Promise<void> {
  const before = (await vault.slots.list()).find(({ kind }) => kind === 'recovery')
  const slot = { kind: 'recovery', code, typedBack, name: before?.name } as const
  await (before === undefined ? vault.slots.add(secret, slot) : vault.slots.replace(secret, before.id, slot))
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
