// What went wrong with a file, for people: what it means for the file, and what to try.

import { isVaultError } from 'sealed-vault'
import { inCodeWords } from '../code-words.js'
import { inWords, type SecretKind } from '../words.js'

/** Whether a part of the vault could not be read; the rest can be saved without it. */
export function isDamage(error: unknown): boolean {
  return isVaultError(error) && error.code === 'corrupt'
}

/** Why a file was not saved. */
export function inSavingWords(error: unknown): string {
  if (isDamage(error)) return 'A part of the vault is damaged and cannot be read, so this would not be a whole backup. The rest can be saved.'
  return inDiskWords(error) ?? inWords(error)
}

/** What is wrong with a backup. @param secret what it was to be opened with */
export function inArchiveWords(error: unknown, secret: SecretKind): string {
  if (isVaultError(error)) return inCodeWords(error) ?? forCode(error.code, error.details.reason, secret) ?? inWords(error)
  return inDiskWords(error) ?? inWords(error)
}

/** What is wrong with a file of “Export for other programs”. */
export function inPlainWords(error: unknown): string {
  if (!isVaultError(error)) return inDiskWords(error) ?? inWords(error)
  if (error.code === 'unsupported-version') return 'A newer version of this page made this file. Close every tab of this page, open it again and try once more.'
  if (error.code !== 'invalid-value') return inWords(error)
  if (error.details.reason === 'json') return 'This file is neither a backup nor one of “Export for other programs”, or its end is missing.'
  return `This file is not in the form of “Export for other programs” (${error.message}).`
}

function inDiskWords(error: unknown): string | undefined {
  if (!(error instanceof DOMException)) return undefined
  switch (error.name) {
    case 'QuotaExceededError':
      return 'There is no room for the file. Free some space or choose another place; the conversations are safe.'
    case 'NotReadableError':
    case 'NotFoundError':
      return 'The file could not be read or written to its end: it was moved, changed or taken away meanwhile. Choose it again.'
    case 'NotAllowedError':
    case 'NoModificationAllowedError':
    case 'InvalidStateError':
      return 'The browser may not write to that place. Choose another one.'
    default:
      return undefined
  }
}

function forCode(code: string, reason: string | undefined, secret: SecretKind): string | undefined {
  switch (code) {
    case 'wrong-password':
      return secret === 'password' ? 'That is not the password of this file. It has the one that was chosen when it was made.' : 'That is not the recovery code of this file. It is on the paper with its date.'
    case 'archive-truncated':
      return 'The end of the file is missing: it was not downloaded or copied whole. Try another copy, or make a new backup.'
    case 'archive-too-large':
      return 'This file is no backup of this page: it is built so that reading it would never end. Do not use it.'
    case 'tampered':
      return 'This file was changed so that opening it would be unsafe. Do not use it; make a new backup.'
    case 'unsupported-version':
      if (reason !== 'no-slot') return 'A newer version of this page made this file. Close every tab of this page, open it again and try once more.'
      return secret === 'password' ? 'This file does not open with a password, only with its recovery code.' : 'This file does not open with a recovery code, only with its password.'
    case 'conflict':
      return reason === 'parent' ? 'This file holds only what changed after an earlier backup, and that one has to come first: restore from the earlier file, then from this one.' : undefined
    case 'corrupt':
      return reason === 'magic' ? 'This file is no backup. Choose the one whose name ends in .svault.' : 'This file is damaged: a part of it is not as it was written. Try another copy, or make a new backup.'
    default:
      return undefined
  }
}
