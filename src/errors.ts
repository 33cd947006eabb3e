// The one error class of the package. A leaf: imports nothing.
// Errors say what failed, on what, and what to do; they never carry content or key material.

/** What went wrong. Every code has a paragraph in docs/errors.md. */
export type VaultErrorCode =
  | 'locked'
  | 'wrong-password'
  | 'corrupt'
  | 'tampered'
  | 'unsupported-version'
  | 'invalid-value'
  | 'not-found'
  | 'conflict'
  | 'busy'
  | 'keys-changed'
  | 'outcome-unknown'
  | 'storage-unavailable'
  | 'storage-full'
  | 'storage-blocked'
  | 'storage-lost'
  | 'archive-truncated'
  | 'archive-too-large'
  | 'crypto-unavailable'

/** Where it went wrong: ids, names and numbers, never content. */
export interface VaultErrorDetails {
  /** Object store, slot, field path or other place. */
  readonly where?: string
  /** Page, row or commit number. */
  readonly number?: number
  /** Names of fields that were refused. */
  readonly fields?: readonly string[]
  /** A finer reason within the code. */
  readonly reason?: string
  /** Milliseconds until it may be tried again, for `busy` with reason `throttled`. */
  readonly retryAfterMs?: number
  /** How many commits are missing, for `storage-lost`. */
  readonly missingCommits?: number
}

/**
 * Every failure of a vault that is not a programmer's mistake (those are TypeError and RangeError) or an abort
 * (those reject with the signal's reason).
 */
export class VaultError extends Error {
  override readonly name = 'VaultError'
  readonly code: VaultErrorCode
  readonly details: VaultErrorDetails

  constructor(code: VaultErrorCode, message: string, details: VaultErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }
}

/** True for errors of this package, also across realms and duplicate copies of it. */
export function isVaultError(value: unknown): value is VaultError {
  return value instanceof VaultError || (typeof value === 'object' && value !== null && (value as { name?: unknown }).name === 'VaultError' && typeof (value as { code?: unknown }).code === 'string')
}
