// The states in which there is nothing to type a password for.

import type { VaultError, WipedVault } from 'sealed-vault'
import type { ComponentChildren } from 'preact'
import { GiveUp } from './give-up.js'
import { inWords } from './words.js'

export function Card({ screen, title, children }: { readonly screen: string; readonly title: string; readonly children: ComponentChildren }) {
  return (
    <main data-screen={screen} class="card">
      <h1>{title}</h1>
      {children}
    </main>
  )
}

export function LookingScreen({ note }: { readonly note: string }) {
  return (
    <Card screen="looking" title="Sealed conversations">
      <p role="status">{note}</p>
    </Card>
  )
}

interface WipedScreenProps {
  readonly vault: WipedVault
  readonly onLookAgain: () => void
  readonly onRestore: () => void
  readonly onForget: () => Promise<void>
}

export function WipedScreen({ vault, onLookAgain, onRestore, onForget }: WipedScreenProps) {
  const what =
    vault.reason === 'database-empty'
      ? 'There was a vault here, but the browser has deleted what was stored.'
      : 'What opens the vault with your password is missing, so the rest cannot be read.'
  const known = vault.lastKnownCommit === undefined ? '' : ` Its last known change had the number ${vault.lastKnownCommit}.`
  return (
    <Card screen="wiped" title="The vault is gone">
      <p>{`${what} Nothing was created in its place.${known}`}</p>
      <div class="actions">
        <button type="button" class="primary" onClick={onRestore}>
          Restore from a backup
        </button>
        <button type="button" onClick={onLookAgain}>
          Look again
        </button>
      </div>
      <GiveUp summary="Begin anew" warning="This forgets the lost vault. Do it only when you do not expect its data to come back." action="Forget the lost vault" onGiveUp={onForget} />
    </Card>
  )
}

export function NewerScreen({ onLookAgain }: { readonly onLookAgain: () => void }) {
  return (
    <Card screen="newer" title="Made by a newer version">
      <p>A newer version of this page wrote the vault, and this one cannot read it. Nothing was changed. Close every tab of this page and open it again to get the newer version.</p>
      <button type="button" onClick={onLookAgain}>
        Look again
      </button>
    </Card>
  )
}

export function UnavailableScreen({ error, onLookAgain, onRestore }: { readonly error: VaultError; readonly onLookAgain: () => void; readonly onRestore: () => void }) {
  return (
    <Card screen="unavailable" title="The storage cannot be opened">
      <p>{inWords(error)}</p>
      <p>This says nothing about your data: it may well be all there.</p>
      <div class="actions">
        <button type="button" onClick={onLookAgain}>
          Try again
        </button>
        <button type="button" class="quiet" onClick={onRestore}>
          Restore from a backup
        </button>
      </div>
    </Card>
  )
}
