// From nothing to an open vault: what is asked, and what is done with the answer. The question goes to the app through one callback.

import { isVaultError, openVault, type Secret, type UnlockedVault, type VaultError, type VaultOptions } from '../index.js'
import type { PersistenceState } from './system-events.js'

export type UnlockQuestion =
  /** There is no vault yet. */
  | { readonly kind: 'create'; readonly name: string }
  /** `waysIn`: kinds of what opens it. `failed`: why the answer before did not. */
  | { readonly kind: 'unlock'; readonly name: string; readonly waysIn: readonly string[]; readonly failed?: VaultError }

/** A secret; `acceptLoss` for a vault that lost its last commits (`storage-lost`). Undefined: not now. */
export type UnlockAnswer = Secret | { readonly secret: Secret; readonly acceptLoss: true } | undefined

export type AskToUnlock = (question: UnlockQuestion) => UnlockAnswer | Promise<UnlockAnswer>

export interface Opening {
  readonly state: PersistenceState
  readonly open?: UnlockedVault
  readonly error?: VaultError
}

/** What is worth another answer. */
const ASK_AGAIN = new Set(['wrong-password', 'invalid-value', 'not-found', 'busy', 'crypto-unavailable', 'storage-lost'])

/**
 * Opens the vault by what needs no question, then by what the app answers. Without somebody to ask, a vault that does not exist is made with a key that the browser keeps (`protect` gives it a
 * password later), and one that has none stays locked.
 * @throws whatever `ask` does
 */
export async function openWorldVault(options: VaultOptions, ask: AskToUnlock | undefined): Promise<Opening> {
  const vault = await openVault(options)
  switch (vault.state) {
    case 'empty': {
      const answer = secretOf(ask === undefined ? { device: true } : await ask({ kind: 'create', name: options.name }))?.secret
      if (answer === undefined) break
      if (typeof answer !== 'string' && !('device' in answer)) throw new TypeError('a vault is created with a password, or with { device: true }')
      return { state: 'open', open: await vault.create(answer as string | { readonly device: true }) }
    }
    case 'locked': {
      const waysIn: readonly string[] = await vault.waysIn().catch(() => [])
      if (options.shareUnlock === true) {
        const joined = await vault.join().catch(() => undefined)
        if (joined !== undefined) return { state: 'open', open: joined }
      }
      let failed: VaultError | undefined
      const attempt = async (secret: Secret, acceptLoss = false): Promise<UnlockedVault | undefined> => {
        try {
          return await vault.unlock(secret, { acceptLoss })
        } catch (error) {
          if (!isVaultError(error) || !ASK_AGAIN.has(error.code) || ask === undefined) {
            await vault.close()
            throw error
          }
          failed = error
          return undefined
        }
      }
      let open = waysIn.includes('device') ? await attempt({ device: true }) : undefined
      while (open === undefined && ask !== undefined) {
        const answer = secretOf(await ask({ kind: 'unlock', name: options.name, waysIn, ...(failed !== undefined && { failed }) }))
        if (answer === undefined) break
        open = await attempt(answer.secret, answer.acceptLoss)
      }
      if (open !== undefined) return { state: 'open', open }
      break
    }
    case 'newer':
    case 'unavailable':
      await vault.close()
      return { state: vault.state, error: vault.error }
    case 'wiped':
      await vault.close()
      return { state: 'wiped' }
  }
  await vault.close()
  return { state: 'locked' }
}

function secretOf(answer: UnlockAnswer): { readonly secret: Secret; readonly acceptLoss: boolean } | undefined {
  if (answer === undefined) return undefined
  if (typeof answer === 'object' && 'secret' in answer) return { secret: answer.secret, acceptLoss: answer.acceptLoss === true }
  return { secret: answer, acceptLoss: false }
}
