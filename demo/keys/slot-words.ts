// What a way into the vault is called, and what it is worth.

import type { VaultSlot } from 'sealed-vault'
import { formatTime } from '../format.js'

export function kindInWords(kind: string): string {
  switch (kind) {
    case 'password':
      return 'Password'
    case 'recovery':
      return 'Recovery code'
    case 'passkey':
      return 'Passkey'
    case 'device':
      return 'This browser, without a question'
    default:
      return 'Something a newer version of this page knows'
  }
}

export function worthInWords({ kind, iterations, argon2id, isHere }: VaultSlot): string {
  switch (kind) {
    case 'password':
      if (argon2id !== undefined) return `A guess takes ${Math.round(argon2id.memoryKiB / 1024)} MB of memory, ${argon2id.passes} times over.`
      return iterations === undefined ? '' : `A guess costs ${iterations.toLocaleString('en')} hashes.`
    case 'recovery':
      return '160 random bits: nobody guesses it.'
    case 'passkey':
      return 'Opens with your authenticator, on this site alone.'
    case 'device':
      return isHere === true ? 'Whoever copies the files of this browser can open the vault.' : 'Its key is not in this browser.'
    default:
      return ''
  }
}

export function madeInWords({ madeAt }: VaultSlot): string {
  return madeAt === undefined ? '' : `Made ${formatTime(madeAt)}.`
}

/** How a list and a question name it. */
export function nameInWords(slot: VaultSlot): string {
  return slot.name === undefined ? kindInWords(slot.kind) : `${kindInWords(slot.kind)} “${slot.name}”`
}
