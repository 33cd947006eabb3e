// From a password to a secret: docs/format.md, section 3, "Password bytes" and `S`. PBKDF2-HMAC-SHA-256 (RFC 8018, section
// 5.2) by WebCrypto alone; in JavaScript it would be several times slower for the user and not for an attacker. Argon2id where an app asks for it.

import type { Bytes, VaultId } from '../brand.js'
import { VaultError } from '../errors.js'
import { argon2id, calibrateArgon2id, DEFAULT_ARGON2ID_LIMITS, isWithinArgon2id, notLessThan, type Argon2idCost, type Argon2idKdf, type Argon2idLimits } from './argon2id.js'
import { concat, isWellFormed, utf8, wipe } from './bytes.js'
import { importHkdfKey } from './hkdf.js'
import { subtle } from './subtle.js'

/** How much work a password may and must cost, in iterations. */
export interface KdfPolicy {
  /** A slot with fewer is refused: someone made guessing cheaper. */
  minimumIterations: number
  /** No new slot gets more. */
  maximumWritten: number
  /** A slot with more is refused: someone made unlocking hang. */
  maximumRead: number
  /** What one derivation shall take on this machine, in milliseconds. */
  targetMs: number
  /** The same for Argon2id; `DEFAULT_ARGON2ID_LIMITS` when left out. */
  argon2id?: Argon2idLimits
}

/** 600,000 is OWASP's floor for PBKDF2-HMAC-SHA-256 (Password Storage Cheat Sheet, 2023). */
export const DEFAULT_KDF_POLICY: Readonly<KdfPolicy> = {
  minimumIterations: 600_000,
  maximumWritten: 5_000_000,
  maximumRead: 10_000_000,
  targetMs: 500,
}

/** How one slot turns its password into a secret. */
export type PasswordKdf = Pbkdf2Kdf | Argon2idKdf

export interface Pbkdf2Kdf {
  readonly name: 'PBKDF2-HMAC-SHA-256'
  readonly iterations: number
  /** 32 random bytes. */
  readonly salt: Bytes
}

/** What one guess costs: iterations of PBKDF2, or Argon2id. */
export type PasswordCost = number | Argon2idCost

/** Which of the two new passwords get. */
export type PasswordKdfName = 'pbkdf2' | 'argon2id'

export const KDF_SALT_BYTES = 32

const SALT_PREFIX = utf8('sealed-vault/1/password')
const SECRET_BYTES = 32
const MAX_CODE_POINTS = 1024
/**
 * No composed code point stands for more than 4 others, of at most 2 units each (Unicode Annex 15, section 9), so longer
 * text is too long after NFKC as well, and megabytes from the clipboard are not normalised first.
 */
const MAX_UNITS_BEFORE_NFKC = MAX_CODE_POINTS * 4 * 2

const PROBE_ITERATIONS = 100_000
/** A shorter time than this says little by clocks that browsers coarsen. */
const PROBE_MS = 20
const CALIBRATION_STEP = 50_000

/**
 * The bytes of a password: NFKC, so that one typed on another keyboard is the same password, then UTF-8. Never trimmed.
 * The bytes are the caller's, to zero.
 * @throws {TypeError} when it is no string
 * @throws {VaultError} `invalid-value` with field `password` and reason `empty`, `too-long` (over 1,024 code points after
 *   NFKC) or `ill-formed` (a lone surrogate)
 */
export function encodePassword(password: string): Bytes {
  if (typeof password !== 'string') throw new TypeError('a password must be a string')
  if (password.length > MAX_UNITS_BEFORE_NFKC) throw refused('too-long')
  if (!isWellFormed(password)) throw refused('ill-formed')
  const normalised = password.normalize('NFKC')
  if (normalised === '') throw refused('empty')
  if ([...normalised].length > MAX_CODE_POINTS) throw refused('too-long')
  return utf8(normalised)
}

/**
 * Holds the parameters of a slot against the policy. Cheap, and MUST come before any derivation.
 * @throws {VaultError} `tampered` with reason `kdf-limits`
 */
export function checkKdf(kdf: PasswordKdf, policy: KdfPolicy): void {
  if (kdf.salt.length === KDF_SALT_BYTES && isWithinLimits(kdf, policy)) return
  throw new VaultError('tampered', 'the key derivation of a slot is outside of its limits', { where: 'slot', reason: 'kdf-limits' })
}

/** All derivations that one header may ask for, as a multiple of the most that one may: sixteen slots of the most that is ever written. */
const MOST_TOGETHER = 8

/**
 * Holds all passwords of a header against the policy, before the first is derived: each within its limits, and together no more than opening may take.
 * @throws {VaultError} `tampered` with reason `kdf-limits`
 */
export function checkTogether(kdfs: readonly PasswordKdf[], policy: KdfPolicy): void {
  for (const kdf of kdfs) checkKdf(kdf, policy)
  const { maximumRead, argon2id: limits = DEFAULT_ARGON2ID_LIMITS } = policy
  const together = kdfs.reduce((sum, kdf) => sum + (kdf.name === 'Argon2id' ? (kdf.memoryKiB * kdf.passes) / limits.maximumRead : kdf.iterations / maximumRead), 0)
  if (together > MOST_TOGETHER) throw new VaultError('tampered', 'opening this vault would take more work than any vault may ask for', { where: 'slot', reason: 'kdf-limits' })
}

function isWithinLimits(kdf: PasswordKdf, { minimumIterations, maximumRead, argon2id: limits = DEFAULT_ARGON2ID_LIMITS }: KdfPolicy): boolean {
  if (kdf.name === 'Argon2id') return isWithinArgon2id(kdf, limits)
  const { name, iterations } = kdf
  return name === 'PBKDF2-HMAC-SHA-256' && Number.isInteger(iterations) && iterations >= minimumIterations && iterations <= maximumRead
}

/**
 * `S` of a slot, as a key for HKDF that cannot be read back. Takes about `policy.targetMs`.
 * @throws {VaultError} `tampered` before anything is derived when the parameters are outside of the policy; `crypto-unavailable` where Argon2id cannot run
 */
export async function derivePasswordSecret(
  passwordBytes: Bytes,
  kdf: PasswordKdf,
  vaultId: VaultId,
  policy: KdfPolicy,
): Promise<CryptoKey> {
  checkKdf(kdf, policy)
  const salt = concat(SALT_PREFIX, vaultId, kdf.salt)
  const secret = await (kdf.name === 'Argon2id' ? argon2id(passwordBytes, salt, kdf, SECRET_BYTES) : pbkdf2(passwordBytes, salt, kdf.iterations, SECRET_BYTES))
  try {
    return await importHkdfKey(secret)
  } finally {
    wipe(secret)
  }
}

/**
 * What a password is to cost that comes to these others: as much as is right here and now where there are none, and never less than they do, whatever this
 * device thinks of its own speed. @throws {VaultError} `crypto-unavailable` where Argon2id is asked for, or in use, and cannot run
 */
export async function costOfPassword(others: readonly PasswordKdf[], wanted: PasswordKdfName, policy: KdfPolicy): Promise<PasswordCost> {
  const now = (): number => performance.now()
  const limits = policy.argon2id ?? DEFAULT_ARGON2ID_LIMITS
  const argon2ids = others.filter((kdf) => kdf.name === 'Argon2id')
  if (argon2ids.length > 0) return notLessThan(argon2ids, limits)
  if (wanted === 'argon2id') return calibrateArgon2id(limits, policy.targetMs, now)
  const before = others.flatMap((kdf) => (kdf.name === 'Argon2id' ? [] : [kdf.iterations]))
  return Math.min(policy.maximumWritten, before.length === 0 ? await calibrateIterations(policy, now) : Math.max(...before, policy.minimumIterations))
}

/** The derivation of a password as it happened. */
export interface PasswordWork {
  readonly kdf: PasswordKdf
  readonly ms: number
}

/** How many times too quick a derivation must be to be made dearer. Noise makes one slower and never quicker, but the first measurement may have been a noisy one. */
const FAR_TOO_QUICK = 4

/**
 * A higher cost for a password that was derived like this, where there is reason for one: it is far too quick here, or Argon2id is wanted now.
 * @param others the passwords there are besides
 */
export async function dearerCost({ kdf, ms }: PasswordWork, others: readonly PasswordKdf[], wanted: PasswordKdfName, policy: KdfPolicy): Promise<PasswordCost | undefined> {
  const { targetMs, maximumWritten, argon2id: limits = DEFAULT_ARGON2ID_LIMITS } = policy
  if (kdf.name !== 'Argon2id' && wanted === 'argon2id') return costOfPassword(others, wanted, policy)
  if (ms * FAR_TOO_QUICK > targetMs) return undefined
  const times = targetMs / Math.max(ms, 1)
  if (kdf.name === 'Argon2id') {
    const memoryKiB = Math.max(kdf.memoryKiB, limits.memoryKiB)
    const most = Math.floor(limits.maximumWritten / memoryKiB)
    const passes = Math.min(most, Math.max(kdf.passes, Math.floor((kdf.passes * kdf.memoryKiB * times) / memoryKiB)))
    return passes >= kdf.passes && memoryKiB * passes > kdf.memoryKiB * kdf.passes ? { memoryKiB, passes, lanes: kdf.lanes } : undefined
  }
  const iterations = Math.min(maximumWritten, Math.floor((kdf.iterations * times) / CALIBRATION_STEP) * CALIBRATION_STEP)
  return iterations > kdf.iterations ? iterations : undefined
}

/**
 * The iterations that take about `policy.targetMs` here, in steps of 50,000, within what may be written. Takes a few
 * tens of milliseconds, and nothing when the policy leaves no choice.
 * @param now a clock in milliseconds, best a monotonic one
 */
export async function calibrateIterations(policy: KdfPolicy, now: () => number): Promise<number> {
  const { minimumIterations, maximumWritten, targetMs } = policy
  if (minimumIterations >= maximumWritten) return minimumIterations
  const salt = new Uint8Array(KDF_SALT_BYTES)
  // A coarse clock may see no time pass: the probe doubles until it does.
  let probe = Math.min(PROBE_ITERATIONS, maximumWritten)
  let elapsedMs = 0
  for (;;) {
    const start = now()
    await pbkdf2(SALT_PREFIX, salt, probe, SECRET_BYTES)
    elapsedMs = now() - start
    if (elapsedMs >= PROBE_MS || probe >= maximumWritten) break
    probe = Math.min(probe * 2, maximumWritten)
  }
  const wanted = elapsedMs > 0 ? (probe * targetMs) / elapsedMs : maximumWritten
  const rounded = Math.ceil(wanted / CALIBRATION_STEP) * CALIBRATION_STEP
  return Math.min(Math.max(rounded, minimumIterations), maximumWritten)
}

/** PBKDF2-HMAC-SHA-256 itself: `length` bytes. No limits are checked; they belong to who reads the parameters. */
export async function pbkdf2(password: Bytes, salt: Bytes, iterations: number, length: number): Promise<Bytes> {
  const key = await subtle().importKey('raw', password, 'PBKDF2', false, ['deriveBits'])
  return new Uint8Array(await subtle().deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations }, key, length * 8))
}

function refused(reason: 'empty' | 'too-long' | 'ill-formed'): VaultError {
  return new VaultError('invalid-value', `the password is ${reason}`, { fields: ['password'], reason })
}
