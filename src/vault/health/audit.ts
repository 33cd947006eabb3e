// What of a vault lies where in clear, and why; how strong its ways in and how old its keys are; what whoever copies the folder learns. Looks at every row that is
// there, not at what should be there. docs/format.md, sections 1 to 3, 9 and 10.

import type { Epoch, SealedBytes } from '../../brand.js'
import { ENVELOPE_OVERHEAD } from '../../crypto/envelope.js'
import { DEFAULT_ARGON2ID_LIMITS, isWithinArgon2id } from '../../crypto/argon2id.js'
import { DEFAULT_KDF_POLICY } from '../../crypto/kdf.js'
import type { PasswordSlot } from '../../crypto/key-slots.js'
import type { Header } from '../core/header.js'
import { isDeviceSlot, isKnownSlot, isPasskeySlot, isPasswordSlot, isRecoverySlot } from '../core/slot-json.js'
import type { CommitLog } from '../core/commit-log.js'
import { Slices } from '../core/slices.js'

/** Bytes of one kind that are not sealed. */
export interface UnsealedBytes {
  /** A store, `outside` for what is beside the database, or `names`. */
  readonly where: string
  readonly what: string
  readonly why: string
  readonly rows: number
  readonly bytes: number
  /** False for what this library did not write, or what was damaged past recognition. */
  readonly isExpected: boolean
}

export interface AuditedSlot {
  /** `password`, `recovery`, `passkey`, `device`, or a kind this version does not know. */
  readonly kind: string
  /** Of a password that is hashed with PBKDF2: how often a guess has to be hashed. */
  readonly iterations?: number
  /** Of a password that is hashed with Argon2id: what a guess takes. */
  readonly argon2id?: { readonly memoryKiB: number; readonly passes: number; readonly lanes: number }
  /** What a guess costs, or how many there are to make; undefined for a kind this version does not know. */
  readonly strength?: 'as recommended' | 'below recommendation' | '160 random bits' | 'an authenticator and its user' | 'none: the key lies beside what it opens'
}

export interface AuditedEpoch {
  readonly id: number
  readonly state: 'active' | 'retiring' | 'quarantine-only'
  /** Milliseconds, where it is known: of the active one. */
  readonly madeAt?: number
  /** Seals of its most used key, as far as checkpoints have counted; 2^32 is the limit. */
  readonly seals: number
  /** Rows sealed with its keys. */
  readonly rows: number
}

export interface AuditReport {
  /** Whoever copies the folder can read what is stored, or could with a copy made earlier: see `slots.isUnprotected`. */
  readonly isUnprotected: boolean
  readonly slots: readonly AuditedSlot[]
  readonly epochs: readonly AuditedEpoch[]
  readonly unsealed: readonly UnsealedBytes[]
  /** Ciphertext and its tags, by store. */
  readonly sealed: readonly { readonly where: string; readonly rows: number; readonly bytes: number }[]
  /** What the folder tells to who has no key, in words and numbers. */
  readonly tells: readonly { readonly what: string; readonly value: number | string }[]
}

/** What lies beside the database. */
export interface SecondCopiesSeen {
  /** Characters of canaries and copies of the header. */
  readonly canaries: number
  readonly canaryBytes: number
  readonly headers: number
  readonly headerBytes: number
}

/** What lies outside besides, and what the header does not tell of its device slots. */
export interface BesidesSeen {
  /** Characters that tell tabs of the last lock, and of passwords that were wrong. */
  readonly lockMark: number
  readonly attempts: number
  /** Keys that open this vault without a question. */
  readonly deviceKeys: number
  readonly isUnprotected: boolean
}

const ENVELOPE_CLEAR = ENVELOPE_OVERHEAD - 16
const LABELLED = ['heads', 'pages', 'blobs', 'blocks', 'quarantine'] as const
const ROWS_AT_ONCE = { heads: 200, pages: 200, blobs: 16, blocks: 200, quarantine: 50 }
const LABEL_BYTES = 16
const MANIFEST_CLEAR = 16
const DEVICE_KEY_BYTES = 32

export async function audit(log: CommitLog, header: Header, headerBytes: number, outside: SecondCopiesSeen & BesidesSeen, signal?: AbortSignal): Promise<AuditReport> {
  const slices = new Slices(signal)
  const unsealed: UnsealedBytes[] = []
  const sealed: { where: string; rows: number; bytes: number }[] = []
  const clear = (where: string, what: string, why: string, rows: number, bytes: number, isExpected = true): void => {
    if (bytes > 0) unsealed.push({ where, what, why, rows, bytes, isExpected })
  }
  const envelopes = (where: string, rows: number, bytes: number): void => {
    sealed.push({ where, rows, bytes: bytes - rows * ENVELOPE_CLEAR })
    clear(where, 'form, epoch and nonce of each row', 'to find the key and open it; random, or the same in every row', rows, rows * ENVELOPE_CLEAR)
  }

  const secret = sealedCharacters(header)
  clear('header', 'ids, ways in with their salts and public keys, checksums', 'read before there is a key', 1, headerBytes - secret)
  sealed.push({ where: 'header', rows: 1, bytes: secret })

  const [manifest, logRows, jobs, marks] = await log.backend.read([
    { kind: 'get', store: 'manifest', key: 'manifest' },
    { kind: 'rows', store: 'log' },
    { kind: 'rows', store: 'jobs' },
    { kind: 'rows', store: 'marks' },
  ])
  clear('manifest', 'format and number of the last folded commit', 'so that older code keeps its hands off; authenticated', 1, MANIFEST_CLEAR)
  envelopes('manifest', 1, (manifest?.length ?? 0) - MANIFEST_CLEAR)
  clear('log', 'numbers of commits', 'the order of the log', logRows.length, 8 * logRows.length)
  envelopes('log', logRows.length, sum(logRows.map(({ value }) => value.length)))
  clear('jobs', 'who does long work now, a random token, and until when', 'tabs that died must not keep it for ever', jobs.length, sum(jobs.map(({ value }) => value.length)))
  clear('marks', 'random names of open tabs', 'to know a crash from a clean end', marks.length, sum(marks.map(({ key, value }) => (key as string).length + value.length)))

  const rowsOf = new Map<number, number>()
  const sizes: { readonly store: string; readonly rows: number }[] = []
  for (const store of LABELLED) {
    let [rows, bytes, foreign, foreignBytes] = [0, 0, 0, 0]
    for (let after: Uint8Array<ArrayBuffer> | undefined; ; ) {
      const [found] = await log.backend.read([{ kind: 'rows', store, limit: ROWS_AT_ONCE[store], ...(after !== undefined && { after }) }])
      for (const { value } of found) {
        const epoch = epochOrNone(log, value)
        if (epoch === undefined || log.codec.ring.epoch(epoch) === undefined) {
          foreign++
          foreignBytes += value.length
          continue
        }
        rows++
        bytes += value.length
        rowsOf.set(epoch, (rowsOf.get(epoch) ?? 0) + 1)
      }
      await slices.breathe()
      if (found.length < ROWS_AT_ONCE[store]) break
      after = found.at(-1)!.key as Uint8Array<ArrayBuffer>
    }
    clear(store, 'labels', 'names that say nothing to who lacks the key: HMAC-SHA-256, cut to 128 bits', rows, rows * LABEL_BYTES)
    envelopes(store, rows, bytes)
    clear(store, 'rows that no key of this vault opens', 'damaged, or not written by it', foreign, foreignBytes, false)
    sizes.push({ store, rows })
  }
  clear('outside', 'canary: vault id, number and tag of a commit, and a MAC', 'tells a database that was emptied from a new one', outside.canaries, outside.canaryBytes)
  // As base64; sealed in the same proportion as the header is.
  const sealedOutside = Math.round((outside.headerBytes * secret) / headerBytes)
  clear('outside', 'copies of the header, but for what is sealed in it', 'opens the vault when the header is damaged', outside.headers, outside.headerBytes - sealedOutside)
  if (sealedOutside > 0) sealed.push({ where: 'outside', rows: outside.headers, bytes: sealedOutside })

  clear('outside', 'a random text for the last lock', 'tabs that no message reached learn from it that they are locked', 1, outside.lockMark)
  clear('outside', 'how often the password was wrong, and when', 'whoever guesses before the screen is slowed down', 1, outside.attempts)
  clear('outside', 'a key that opens the vault without a question', 'asked for by who made this way in; whoever copies the folder has it', outside.deviceKeys, outside.deviceKeys * DEVICE_KEY_BYTES)

  const { seals, keysMadeAt } = log.manifest.content
  const active = log.codec.activeEpoch
  const epochs = log.codec.ring.states.map(({ id, state }): AuditedEpoch => ({
    id,
    state,
    ...(id === active && keysMadeAt !== undefined && { madeAt: keysMadeAt }),
    seals: Math.max(0, ...seals.filter(([epoch]) => epoch === id).map(([, , count]) => count)),
    rows: rowsOf.get(id) ?? 0,
  }))
  return { isUnprotected: outside.isUnprotected, slots: header.slots.map(auditSlot), epochs, unsealed, sealed, tells: whatItTells(log, header, sizes, sum(sealed.map(({ bytes }) => bytes))) }
}

function auditSlot(slot: Header['slots'][number]): AuditedSlot {
  if (isPasswordSlot(slot)) return auditPassword(slot)
  if (isRecoverySlot(slot)) return { kind: slot.kind, strength: '160 random bits' }
  if (isPasskeySlot(slot)) return { kind: slot.kind, strength: 'an authenticator and its user' }
  if (isDeviceSlot(slot)) return { kind: slot.kind, strength: 'none: the key lies beside what it opens' }
  return { kind: String(slot.kind) }
}

function auditPassword({ kind, kdf }: PasswordSlot): AuditedSlot {
  if (kdf.name === 'Argon2id') {
    const { memoryKiB, passes, lanes } = kdf
    return { kind, argon2id: { memoryKiB, passes, lanes }, strength: isWithinArgon2id(kdf, DEFAULT_ARGON2ID_LIMITS) ? 'as recommended' : 'below recommendation' }
  }
  return { kind, iterations: kdf.iterations, strength: kdf.iterations >= DEFAULT_KDF_POLICY.minimumIterations ? 'as recommended' : 'below recommendation' }
}

function whatItTells(log: CommitLog, header: Header, sizes: readonly { readonly store: string; readonly rows: number }[], bytes: number): AuditReport['tells'] {
  return [
    { what: 'commits ever made', value: log.head.seq },
    { what: 'changes of a password, a code or keys', value: header.revision - 1 },
    { what: 'ways in', value: header.slots.map(({ kind }) => String(kind)).join(', ') },
    ...sizes.filter(({ rows }) => rows > 0).map(({ store, rows }) => ({ what: `rows of ${store}, each of a size in steps`, value: rows })),
    { what: 'bytes in all, padded', value: bytes },
    { what: 'rotations of keys ever begun', value: log.codec.activeEpoch - 1 },
  ]
}

/** Characters of what is wrapped or sealed inside of the header's JSON. */
function sealedCharacters({ keyRing, slots }: Header): number {
  const characters = (bytes: Uint8Array): number => Math.ceil((bytes.length * 4) / 3)
  const wrapped = slots.map((slot) => (isKnownSlot(slot) ? characters(slot.wrappedPrivateKey) + characters(slot.wrappedVaultKey) : 0))
  return characters(keyRing) + sum(wrapped)
}

function epochOrNone(log: CommitLog, row: SealedBytes): Epoch | undefined {
  try {
    return log.codec.epochOf(row)
  } catch {
    return undefined
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
