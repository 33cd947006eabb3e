// What is wrong with a recovery code, for people who have it on paper.

import { isVaultError } from 'sealed-vault'

/** @returns undefined when the error is about something else than how the code was typed */
export function inCodeWords(error: unknown): string | undefined {
  if (!isVaultError(error) || error.code !== 'invalid-value' || error.details.fields?.includes('recoveryCode') !== true) return undefined
  switch (error.details.reason) {
    case 'length':
      return 'A recovery code has nine groups of four characters. Here some are missing, or there are too many.'
    case 'character':
      return 'There is a character in it that no recovery code has: only digits, letters and hyphens are used.'
    case undefined:
    default:
      return 'There is a typing mistake in it. Compare it with your paper, group by group.'
  }
}
