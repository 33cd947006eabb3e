// What an audit reports, in words for people who have never heard of nonces.

import type { AuditedEpoch, AuditedSlot, UnsealedBytes } from 'sealed-vault'
import { formatNumber } from '../format.js'

const STORES: Readonly<Record<string, string>> = {
  header: 'the lock: ways in and keys',
  manifest: 'the table of contents',
  log: 'the newest changes',
  heads: 'titles and lists',
  pages: 'conversations',
  blobs: 'long messages',
  blocks: 'the index of the search',
  jobs: 'work in the background',
  marks: 'open tabs',
  quarantine: 'damaged rows, set aside',
  outside: 'beside the database',
  names: 'names in the storage',
}

export function inStoreWords(where: string): string {
  return STORES[where] ?? where
}

interface Plain {
  readonly what: string
  readonly why: string
}

/** By what the library calls it. */
const UNSEALED: Readonly<Record<string, Plain>> = {
  'form, epoch and nonce of each row': { what: 'In front of each sealed row: its form, the number of its keys, a random number', why: 'Without them the right key could not be found and used. They are random, or the same in every row.' },
  'ids, ways in with their salts and public keys, checksums': { what: 'What has to be known to try a password or a code', why: 'It is read before there is a key. It does not help to guess, but each guess takes long.' },
  'format and number of the last folded commit': { what: 'The version of the form, and how many changes there were', why: 'So that an older version of this page does not touch what it does not understand.' },
  'numbers of commits': { what: 'The numbers of the newest changes: 1, 2, 3…', why: 'They keep the changes in order.' },
  'who does long work now, a random token, and until when': { what: 'Whether a tab is doing long work, a random number, and until when', why: 'So that two tabs do not do the same work, and one that crashed does not keep it for ever.' },
  'random names of open tabs': { what: 'Random names of the tabs that have the vault open', why: 'They tell a crash from a proper end.' },
  labels: { what: 'The names of the rows', why: 'Rows are looked for by them. They look random to everybody who does not have the keys.' },
  'rows that no key of this vault opens': { what: 'Rows that no key of this vault opens', why: 'They are damaged, or something else than this page has written them.' },
  'canary: vault id, number and tag of a commit, and a MAC': { what: 'A note of how many changes there were, with a seal nobody can forge', why: 'If the browser empties the database, the note tells that there was a vault.' },
  'a random text for the last lock': { what: 'A random text, another one after each lock', why: 'A tab that was not told of a lock learns of it before it shows anything.' },
  'how often the password was wrong, and when': { what: 'How often the password was wrong, and when', why: 'Whoever guesses before this screen has to wait.' },
  'a key that opens the vault without a question': { what: 'The key with which this browser opens the vault without a question', why: 'You asked for it. Whoever copies the files of this browser has it too.' },
  'copies of the header, but for what is sealed in it': { what: 'Copies of the lock, sealed as the lock itself', why: 'They open the vault when the lock is damaged.' },
}

/** What no words are found for is told in those of the library. */
export function inUnsealedWords({ what, why }: Pick<UnsealedBytes, 'what' | 'why'>): Plain & { readonly isPlain: boolean } {
  const plain = UNSEALED[what]
  return plain === undefined ? { what, why, isPlain: false } : { ...plain, isPlain: true }
}

export function inWaysInWords({ kind, iterations, argon2id, strength }: AuditedSlot): string {
  switch (kind) {
    case 'password': {
      const memory = argon2id === undefined ? '' : ` Every guess takes ${formatNumber(argon2id.memoryKiB / 1024)} MB of memory,`
      const cost = iterations === undefined ? memory : ` Every guess costs ${formatNumber(iterations)} rounds of work,`
      const isWeak = strength === 'below recommendation'
      return `A password.${cost} ${isWeak ? 'less than is recommended today: change the password, to the same one if you like.' : 'as is recommended. How safe it is depends on how hard it is to guess.'}`
    }
    case 'recovery':
      return 'A recovery code, made of 160 random bits. Nobody guesses it; keep the paper safe.'
    case 'passkey':
      return 'A passkey: an authenticator that checks who uses it. Nobody guesses it.'
    case 'device':
      return 'This browser, without a question: its key lies in the same files. It protects from nobody who copies them.'
    default:
      return `A way in that this version of the page does not know (${kind}).`
  }
}

export function inStateWords(state: AuditedEpoch['state']): string {
  switch (state) {
    case 'active':
      return 'in use'
    case 'retiring':
      return 'being replaced by new ones'
    case 'quarantine-only':
      return 'kept for damaged rows'
  }
}

/** One key may seal so often; docs/format.md, section 2. */
export const MOST_SEALS = 2 ** 32

export function inUseWords(seals: number): string {
  const percent = (100 * seals) / MOST_SEALS
  return percent > 0 && percent < 0.01 ? 'less than 0.01 %' : `${percent.toFixed(percent < 10 ? 2 : 0)} %`
}

/** Of the words that the list of what a folder tells is written with. */
export const MEANINGS: readonly (readonly [word: string, meaning: string])[] = [
  ['row', 'One sealed piece: some messages, some titles, a part of the index.'],
  ['commit', 'One change that was saved, such as a message that was sent.'],
  ['rotation', 'New keys for everything, made in the place of those before.'],
  ['in steps, padded', 'Filled up to one of few lengths, so that the length of a row does not tell how long a message is.'],
  ...Object.entries(STORES).filter(([store]) => ['heads', 'pages', 'blobs', 'blocks', 'quarantine'].includes(store)),
]
