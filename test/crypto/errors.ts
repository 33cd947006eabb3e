// What a test expects of a failure: the code, and what else the error must say.

import { expect } from 'vitest'
import { type VaultErrorCode, type VaultErrorDetails, isVaultError } from '../../src/errors.ts'

/** Matches a VaultError with this code, and these details among others. */
export function vaultError(code: VaultErrorCode, details: VaultErrorDetails = {}): unknown {
  return expect.objectContaining({ name: 'VaultError', code, details: expect.objectContaining(details) })
}

/** The code of what the work fails with; `undefined` when it does not, and whatever was thrown when that is no VaultError. */
export async function codeOf(work: () => unknown): Promise<unknown> {
  try {
    await work()
    return undefined
  } catch (error) {
    return isVaultError(error) ? error.code : error
  }
}
