// What went wrong, for people: what happened, what it means for their data, what to do.

import { isVaultError, type LockReason, type VaultErrorCode } from 'sealed-vault'
import { inCodeWords } from './code-words.js'

/** What opens a vault; a backup opens with the first two. */
export type SecretKind = 'password' | 'code' | 'passkey'

export function inUnlockWords(error: unknown, secret: SecretKind): string {
  if (isVaultError(error) && error.details.reason === 'throttled') return `That was wrong too often. Wait ${Math.ceil((error.details.retryAfterMs ?? 1000) / 1000)} seconds and try again.`
  if (secret === 'passkey') return inPasskeyWords(error)
  if (secret === 'code' && isVaultError(error)) {
    if (error.code === 'wrong-password') return 'That is not the recovery code of this vault. When another one was made later, only that one opens it.'
    if (error.code === 'not-found') return 'No recovery code was made for this vault. Only its password opens it.'
  }
  return inCodeWords(error) ?? inWords(error)
}

/** Browsers do not say whether somebody declined, or whether there was nothing to choose. */
export function inPasskeyWords(error: unknown): string {
  if (!isVaultError(error)) return inWords(error)
  switch (error.details.reason) {
    case 'declined':
      return 'No passkey was given: it was declined, took too long, or there is none that fits.'
    case 'known':
      return 'This authenticator has a passkey of this vault already.'
    case 'prf':
      return 'This authenticator cannot keep a vault: it makes no secrets. Use another one, or a password.'
    case 'user-verification':
      return 'This authenticator does not check who uses it. Use another one, or a password.'
    case undefined:
    default:
      if (error.code === 'crypto-unavailable') return 'This browser has no passkeys here. Use the password.'
      return error.code === 'not-found' ? 'This vault has no passkey. Use its password.' : inWords(error)
  }
}

export function inWords(error: unknown): string {
  if (isVaultError(error)) return forCode(error.code, error.message)
  return `Something unexpected went wrong: ${error instanceof Error ? error.message : String(error)}`
}

function forCode(code: VaultErrorCode, message: string): string {
  switch (code) {
    case 'wrong-password':
      return 'That is not the password of this vault.'
    case 'locked':
      return 'The vault was locked meanwhile. Unlock it and try again.'
    case 'storage-lost':
      return 'The browser lost the last changes that were saved. You can open the vault with what is left; what is missing stays missing.'
    case 'corrupt':
      return `A part of the vault is damaged and cannot be read (${message}). The rest is still readable; “Check the vault” says what is affected.`
    case 'tampered':
      return `The stored vault was changed by something other than this page (${message}). It is not opened as if nothing had happened.`
    case 'unsupported-version':
      return 'A newer version of this page wrote this. Close every tab of this page and open it again.'
    case 'storage-full':
      return 'There is no room left. Free some space and try again; what was saved before is safe.'
    case 'storage-blocked':
      return 'Another tab of this page does not let go of the vault. Close the other tabs and try again.'
    case 'storage-unavailable':
      return `The browser does not give access to its storage (${message}). Private windows and strict settings can cause this.`
    case 'crypto-unavailable':
      return 'The browser offers its cryptography to secure pages only. Open this page over https or on localhost.'
    case 'busy':
      return 'Another tab is doing long work on this vault. Wait until it has ended and try again.'
    case 'conflict':
    case 'keys-changed':
      return 'Another tab changed the vault at the same moment. Try again.'
    case 'outcome-unknown':
      return 'It is not certain whether this was saved. Reload the page to see what is there.'
    case 'not-found':
      return 'This is not in the vault any more.'
    case 'archive-truncated':
      return 'The end of the file is missing: it was not downloaded or copied whole. Try another copy.'
    case 'archive-too-large':
      return 'This file is built so that reading it would never end. Do not use it.'
    case 'invalid-value':
      return `This was refused: ${message}.`
  }
}

/** Whether a search failed only because what is typed asks for nothing, as it is on the way to almost any query. */
export function isNoQueryYet(error: unknown): boolean {
  return isVaultError(error) && error.code === 'invalid-value'
}

export function inSearchWords(error: unknown): string {
  if (!isVaultError(error) || error.code !== 'invalid-value') return inWords(error)
  switch (error.details.reason) {
    case 'infix':
      return 'Three letters or more after a star: *rain'
    case 'too-long':
      return 'This is too long for a search.'
    case undefined:
    default:
      return 'Type a word to look for.'
  }
}

/** Why the unlock screen is there. `minutes` is the time without use after which the page locks. */
export function whyLocked(reason: LockReason, minutes: number): string {
  switch (reason) {
    case 'asked':
      return 'The vault is locked.'
    case 'other-tab':
      return 'The vault was locked in another tab.'
    case 'idle':
      return `The vault locked itself: nobody used it for ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`
    case 'hidden':
      return 'The vault locked itself when the page was hidden.'
    case 'storage-lost':
      return 'The browser lost or replaced the stored vault, so the page let go of it.'
    case 'destroyed':
      return 'The vault was deleted in another tab.'
    case 'keys-changed':
      return 'The keys of the vault were renewed elsewhere while this page slept. Type the password to go on.'
  }
}
