// Turns what engines throw into one VaultError. By name and message only: classes differ between engines and
// realms (QuotaExceededError is a class in new Chromium alone), and one name hides many causes.
// The messages quoted here are those that engines were seen to give.

import { isVaultError, VaultError, type VaultErrorCode } from '../errors.js'

/**
 * - `transient`: goes away with a new connection. - `full`: quota or disk. - `wiped`: the data was taken away.
 * - `corrupt`: the engine cannot read its own files. - `newer`: written by newer code. - `denied`: not allowed here.
 * - `refused`: the engine did not take a key or a value.
 */
export type FailureKind = 'transient' | 'full' | 'wiped' | 'corrupt' | 'newer' | 'denied' | 'refused'

/** While opening, or while a transaction runs: the same words can mean different things. */
export type FailurePhase = 'open' | 'work'

/** `details.reason` of every error a store raises. Only `outcome-unknown` leaves open whether something was written. */
export type StorageReason =
  | FailureKind
  | 'outcome-unknown'
  | 'no-indexeddb'
  | 'missing-stores'
  | 'closed'
  | 'connection-lost'
  | 'server-lost'
  | 'stalled'
  | 'open-timeout'
  | 'blocked'
  | 'database-gone'

// Chromium/LevelDB says UnknownError "... FILE_ERROR_NO_SPACE ...", Chromium/SQLite "Encountered disk full while committing transaction".
const FULL = /no[_ ]space|disk full|quota/i
// Chromium: "Connection is closing because of: Force close delete origin".
const WIPED = /delete origin|clear(ed|ing)? (site )?data/i
// WebKit: "Unable to open database file on disk". Chromium: "Data lost due to missing file", "Failed to read large IndexedDB value".
const CORRUPT = /checksum|corrupt|unable to open database file|data lost|irrecoverable|failed to read large/i
// WebKit, after its storage process died. Only a new page or frame gets a working factory again.
const SERVER_LOST = /connection to indexed database server lost/i
// Firefox: private windows of old versions at open; at work it is what the first write after a quota error meets.
const NO_MUTATIONS = /did not allow mutations/i

const TRANSIENT_NAMES = new Set(['UnknownError', 'InvalidStateError', 'AbortError', 'TransactionInactiveError', 'TimeoutError'])

function textOf(error: unknown, property: 'name' | 'message'): string {
  const text = (error as Record<string, unknown> | null | undefined)?.[property]
  return typeof text === 'string' ? text : ''
}

/** What kind of failure an engine's error is. */
export function classifyFailure(error: unknown, phase: FailurePhase): FailureKind {
  const name = textOf(error, 'name')
  const message = textOf(error, 'message')
  // 22 is the code of quota errors since before they had a name of their own.
  if (name === 'QuotaExceededError' || (error as { code?: unknown } | null)?.code === 22 || FULL.test(message)) return 'full'
  if (name === 'VersionError') return 'newer'
  if (name === 'SecurityError' || name === 'NotAllowedError') return 'denied'
  if (NO_MUTATIONS.test(message)) return phase === 'open' ? 'denied' : 'transient'
  // A store that should be there is not: this is not the database that was opened before.
  if (WIPED.test(message) || name === 'NotFoundError') return 'wiped'
  if (name === 'NotReadableError' || CORRUPT.test(message)) return 'corrupt'
  if (name === 'DataError' || name === 'DataCloneError') return phase === 'work' ? 'refused' : 'corrupt'
  return TRANSIENT_NAMES.has(name) || phase === 'open' ? 'transient' : 'refused'
}

const CODES: Record<FailureKind, VaultErrorCode> = {
  transient: 'storage-unavailable',
  full: 'storage-full',
  wiped: 'storage-lost',
  corrupt: 'storage-unavailable',
  newer: 'unsupported-version',
  denied: 'storage-unavailable',
  refused: 'storage-unavailable',
}

const ADVICE: Record<FailureKind, string> = {
  transient: 'the storage engine failed, try again',
  full: 'the storage is full, free some space',
  wiped: 'the stored data was removed from outside',
  corrupt: 'the storage engine cannot read its files',
  newer: 'the database was made by a newer version, update the app',
  denied: 'the browser does not allow storage here',
  refused: 'the storage engine refused a key or a value',
}

/** A storage error of our own making. */
export function storageError(code: VaultErrorCode, message: string, reason: StorageReason, cause?: unknown): VaultError {
  return new VaultError(code, message, { reason }, cause)
}

/**
 * An engine's error as a `VaultError`. Errors that already are one pass through.
 * @param outcomeUnknown The transaction may have been applied although it failed.
 */
export function toStorageError(error: unknown, phase: FailurePhase, outcomeUnknown = false): VaultError {
  if (isVaultError(error)) return error
  const kind = classifyFailure(error, phase)
  const reason = outcomeUnknown ? 'outcome-unknown' : SERVER_LOST.test(textOf(error, 'message')) ? 'server-lost' : kind
  return storageError(CODES[kind], `${phase === 'open' ? 'opening the database' : 'a transaction'} failed: ${ADVICE[kind]}`, reason, error)
}

/** True when nothing was written and another connection may do better. */
export function isTransient(error: VaultError): boolean {
  return error.details.reason === 'transient' || error.details.reason === 'server-lost'
}
