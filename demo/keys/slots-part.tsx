// The ways into the vault, in the settings: which there are and what each is worth, one more, another name, one less.

import { isVaultError, type Secret, type UnlockedVault, type VaultSlot } from 'sealed-vault'
import { useState } from 'preact/hooks'
import { useQuery } from '../use-query.js'
import { inPasskeyWords, inWords } from '../words.js'
import { SecretForm } from './secret-form.js'
import { kindInWords, madeInWords, nameInWords, worthInWords } from './slot-words.js'

/** What somebody is about to do, before the password is asked for. */
type Intent =
  | { readonly kind: 'passkey' }
  | { readonly kind: 'device' }
  | { readonly kind: 'rename'; readonly slot: VaultSlot }
  | { readonly kind: 'remove'; readonly slot: VaultSlot }

export function SlotsPart({ vault }: { readonly vault: UnlockedVault }) {
  const { answer, error } = useQuery({ vault, concerns: ({ collections }) => collections.includes('header'), ask: async () => ({ slots: await vault.slots.list(), isUnprotected: await vault.slots.isUnprotected() }) }, [])
  const [intent, setIntent] = useState<Intent>()
  const [name, setName] = useState('')
  const [busy, setBusy] = useState(false)
  const [note, setNote] = useState('')
  const begin = (next: Intent): void => {
    setIntent(next)
    setName(next.kind === 'rename' ? (next.slot.name ?? '') : '')
    setNote('')
  }

  async function act(secret: Secret): Promise<unknown> {
    if (intent === undefined) return undefined
    setBusy(true)
    try {
      setNote(await carryOut(vault, secret, intent, name.trim() === '' ? undefined : name.trim()))
      setIntent(undefined)
      return undefined
    } catch (problem) {
      // The question for a passkey has words of its own; what was typed wrong, the form says.
      if (!isVaultError(problem) || problem.code === 'wrong-password') return problem
      setNote(`${problem.details.where === 'passkey' ? inPasskeyWords(problem) : inWords(problem)} Nothing was changed.`)
      return undefined
    } finally {
      setBusy(false)
    }
  }

  if (answer === undefined) return <p class="note">{error === undefined ? '' : inWords(error)}</p>
  const { slots, isUnprotected } = answer
  const ways = slots.map(({ kind }) => kind)
  return (
    <div id="slots">
      <ul class="slots">
        {slots.map((slot) => (
          <li key={slot.id}>
            <strong>{nameInWords(slot)}</strong>
            <span class="note">
              {worthInWords(slot)} {madeInWords(slot)}
            </span>
            <span class="actions">
              <button type="button" class="quiet" aria-label={`Rename: ${nameInWords(slot)}`} onClick={() => begin({ kind: 'rename', slot })}>
                Rename
              </button>
              {slots.length > 1 && (
                <button type="button" class="quiet" aria-label={`Remove: ${nameInWords(slot)}`} onClick={() => begin({ kind: 'remove', slot })}>
                  Remove
                </button>
              )}
            </span>
          </li>
        ))}
      </ul>
      {isUnprotected && (
        <p id="unprotected" class="caution">
          {ways.every((way) => way === 'device')
            ? 'Whoever copies the files of this browser can read this vault. Choose a password, above: then such a copy tells nothing of what comes after.'
            : 'Whoever copied the files of this browser while it opened the vault without a question can read what was written until then. Remove that way in and make new keys, below: then the copy tells nothing of what comes after.'}
        </p>
      )}
      {intent === undefined ? (
        <div class="actions">
          <button type="button" onClick={() => begin({ kind: 'passkey' })}>
            Add a passkey
          </button>
          {!ways.includes('device') && (
            <button type="button" class="quiet" onClick={() => begin({ kind: 'device' })}>
              Open without a question here
            </button>
          )}
        </div>
      ) : (
        <>
          <p>{question(intent)}</p>
          {intent.kind !== 'remove' && (
            <label>
              Name
              <input autocomplete="off" maxLength={128} value={name} onInput={(event) => setName(event.currentTarget.value)} />
            </label>
          )}
          <SecretForm key={intent.kind} action={actionOf(intent)} isBusy={busy} problemId="slots-problem" ways={ways} onSecret={act}>
            <button type="button" class="quiet" onClick={() => setIntent(undefined)}>
              Leave it as it is
            </button>
          </SecretForm>
        </>
      )}
      <p id="slots-note" class="note" role="status">
        {note}
      </p>
    </div>
  )
}

/** What there is to say when it was done. */
async function carryOut(vault: UnlockedVault, secret: Secret, intent: Intent, name: string | undefined): Promise<string> {
  switch (intent.kind) {
    case 'passkey':
    case 'device':
      return `${nameInWords(await vault.slots.add(secret, { kind: intent.kind, name }))} opens the vault from now on.`
    case 'rename':
      return `It is called ${nameInWords(await vault.slots.rename(secret, intent.slot.id, name))} now.`
    case 'remove':
      await vault.slots.remove(secret, intent.slot.id)
      return `${nameInWords(intent.slot)} opens the vault no more. It still opens copies that were made before.`
  }
}

function question(intent: Intent): string {
  switch (intent.kind) {
    case 'passkey':
      return 'Your phone, security key or this device can open the vault in place of the password. Show first that you may add it; then the browser asks for it.'
    case 'device':
      return 'This browser would keep a key and open the vault without asking anybody. Whoever copies its files, or sits before it, can read everything.'
    case 'rename':
      return `Another name for ${nameInWords(intent.slot)}; it is sealed like everything else.`
    case 'remove':
      return `${kindInWords(intent.slot.kind)} will open the vault no more.`
  }
}

function actionOf(intent: Intent): string {
  switch (intent.kind) {
    case 'passkey':
      return 'Add the passkey'
    case 'device':
      return 'Let this browser open it'
    case 'rename':
      return 'Rename it'
    case 'remove':
      return 'Remove it'
  }
}
