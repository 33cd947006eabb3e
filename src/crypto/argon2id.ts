// Argon2id (RFC 9106, version 19) for passwords: docs/format.md, section 3. What WebCrypto has not is computed by hash-wasm, fetched when it is first
// used; a page's content security policy must allow it ('wasm-unsafe-eval'). It runs on the thread that asks, which stands still meanwhile.

import type { Bytes } from '../brand.js'
import { VaultError } from '../errors.js'

/** What one guess costs. */
export interface Argon2idCost {
  readonly memoryKiB: number
  readonly passes: number
  readonly lanes: number
}

/** How one slot turns its password into a secret. */
export interface Argon2idKdf extends Argon2idCost {
  readonly name: 'Argon2id'
  /** 32 random bytes. */
  readonly salt: Bytes
}

/** What is written and what is read. Memory times passes bounds the time. */
export interface Argon2idLimits {
  /** Of a new slot. */
  readonly memoryKiB: number
  readonly minimumMemoryKiB: number
  readonly maximumMemoryKiB: number
  readonly minimumPasses: number
  /** KiB times passes that a new slot may have. */
  readonly maximumWritten: number
  /** KiB times passes that are read. */
  readonly maximumRead: number
}

/**
 * At least 19 MiB and two passes: OWASP's floor (Password Storage Cheat Sheet). New ones take 64 MiB, RFC 9106's second recommendation (section 4), with one lane instead of four:
 * here lanes would be computed one after the other, and help who guesses on several cores.
 */
export const DEFAULT_ARGON2ID_LIMITS: Argon2idLimits = {
  memoryKiB: 65_536,
  minimumMemoryKiB: 19_456,
  maximumMemoryKiB: 262_144,
  minimumPasses: 2,
  maximumWritten: 65_536 * 16,
  maximumRead: 65_536 * 32,
}

/** RFC 9106's passes for 64 MiB. */
const LEAST_NEW_PASSES = 3
const MAX_LANES = 4

/** Whether a new slot may have these. */
export function mayWriteArgon2id(cost: Argon2idCost, limits: Argon2idLimits): boolean {
  return isWithinArgon2id(cost, limits) && cost.memoryKiB * cost.passes <= limits.maximumWritten
}

/** At least as much memory and as many passes as each of these, and no more than may be written. */
export function notLessThan(costs: readonly Argon2idCost[], limits: Argon2idLimits): Argon2idCost {
  const memoryKiB = Math.max(...costs.map((cost) => cost.memoryKiB))
  const passes = Math.max(...costs.map((cost) => cost.passes))
  return { memoryKiB, passes: Math.min(passes, Math.floor(limits.maximumWritten / memoryKiB)), lanes: 1 }
}

/** Whether a slot with these parameters may be opened. */
export function isWithinArgon2id({ memoryKiB, passes, lanes }: Argon2idCost, limits: Argon2idLimits): boolean {
  const sound = [memoryKiB, passes, lanes].every(Number.isInteger)
  return sound && lanes >= 1 && lanes <= MAX_LANES && passes >= limits.minimumPasses && memoryKiB >= limits.minimumMemoryKiB && memoryKiB <= limits.maximumMemoryKiB && memoryKiB * passes <= limits.maximumRead
}

/**
 * What a new slot costs here: as many passes as take about `targetMs`, at least three. Takes the time of two derivations of the fewest passes.
 * @throws {VaultError} `crypto-unavailable` as `argon2id`
 */
export async function calibrateArgon2id(limits: Argon2idLimits, targetMs: number, now: () => number): Promise<Argon2idCost> {
  const { memoryKiB, minimumPasses, maximumWritten } = limits
  const most = Math.floor(maximumWritten / memoryKiB)
  const least = Math.min(most, Math.max(minimumPasses, LEAST_NEW_PASSES))
  const none = new Uint8Array(32)
  const took = async (passes: number): Promise<number> => {
    const start = now()
    await argon2id(none, none, { memoryKiB, passes, lanes: 1 }, 32)
    return now() - start
  }
  // The first one compiles; the second is what a pass costs.
  await took(minimumPasses)
  const passMs = (await took(minimumPasses)) / minimumPasses
  const passes = passMs > 0 ? Math.floor(targetMs / passMs) : most
  return { memoryKiB, passes: Math.min(most, Math.max(least, passes)), lanes: 1 }
}

/**
 * Argon2id itself: `length` bytes. No limits are checked.
 * @throws {VaultError} `crypto-unavailable` where the page may not or cannot run it, or has not the memory; `storage-unavailable` with reason `not-loaded` when it could not be fetched
 */
export async function argon2id(password: Bytes, salt: Bytes, { memoryKiB, passes, lanes }: Argon2idCost, length: number): Promise<Bytes> {
  const { argon2id: compute } = await import('./argon2id-wasm.js').catch((cause: unknown) => {
    throw new VaultError('storage-unavailable', 'a part of the app could not be loaded; check the connection or reload the page', { where: 'argon2id', reason: 'not-loaded' }, cause)
  })
  // Several in a row are several tasks: the page has its turn, and a lock or an abort is heard, between them.
  await new Promise((resolve) => setTimeout(resolve, 0))
  try {
    const hash = await compute({ password, salt, iterations: passes, parallelism: lanes, memorySize: memoryKiB, hashLength: length, outputType: 'binary' })
    return hash as Bytes
  } catch (cause) {
    throw new VaultError('crypto-unavailable', 'Argon2id cannot be computed here: the page’s content security policy must allow ’wasm-unsafe-eval’, and there must be memory for it', { where: 'argon2id' }, cause)
  }
}
