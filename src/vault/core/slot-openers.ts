// From what a user has or knows to the vault key: which slots it can open, and what it takes to try them. docs/format.md, section 3.

import type { Bytes, VaultId } from '../../brand.js'
import { equalBytes, toBase64Url, wipe } from '../../crypto/bytes.js'
import { checkTogether, encodePassword, type KdfPolicy, type PasswordKdfName, type PasswordWork } from '../../crypto/kdf.js'
import { openDeviceSlot, openPasskeySlot, openPasswordSlot, openRecoverySlot, type PasskeySlot, type PasswordSlot, type SecretSlot } from '../../crypto/key-slots.js'
import { decodeRecoveryCode } from '../../crypto/recovery-code.js'
import { VaultError } from '../../errors.js'
import type { Header } from './header.js'
import { isDeviceSlot, isKnownSlot, isPasskeySlot, isPasswordSlot, isRecoverySlot, type Slot } from './slot-json.js'

/**
 * What opens a vault: its password; the recovery code made for it; `passkey`, for which the browser asks the user to confirm with an authenticator; `device`, the
 * key that this browser keeps, for which nobody is asked.
 */
export type Secret = string | { readonly recoveryCode: string } | { readonly passkey: true } | { readonly device: true }

export interface PasskeyName {
  readonly credentialId: Bytes
  readonly transports: readonly string[]
}

/** Authenticators as the page reaches them. All of these ask the user, and verify that it is the user. */
export interface Passkeys {
  /**
   * A new key on an authenticator, and its answer to the salt: 32 bytes, the caller's to zero.
   * @throws {VaultError} `crypto-unavailable` where there is no authenticator that can do this; `invalid-value` with reason `declined` when the user did not; the signal's reason
   */
  create(request: { readonly vaultName: string; readonly userName: string; readonly salt: Bytes; readonly exclude: readonly PasskeyName[]; readonly signal?: AbortSignal | undefined }): Promise<PasskeyName & { readonly rpId: string; readonly answer: Bytes }>
  /** Whether this page may ask for keys of this site. */
  serves(rpId: string): boolean
  /** The answer of one of these keys to its own salt, the caller's to zero. @throws as `create` */
  get(request: { readonly rpId: string; readonly keys: readonly (PasskeyName & { readonly salt: Bytes })[]; readonly signal?: AbortSignal | undefined }): Promise<{ readonly credentialId: Bytes; readonly answer: Bytes }>
}

/** Keys that this browser keeps for one vault: they can be used and not be read by pages; on the disk they lie in clear. */
export interface DeviceKeys {
  /** Durable when it resolves. @throws {VaultError} `storage-unavailable` */
  keep(slotId: string, key: CryptoKey): Promise<void>
  get(slotId: string): Promise<CryptoKey | undefined>
  forget(slotIds: readonly string[]): Promise<void>
  /** The ids of all that are kept for this vault, whatever its header says of them. */
  kept(): Promise<readonly string[]>
}

/** What slots need besides the header. */
export interface SlotPorts {
  readonly kdf: KdfPolicy
  /** How passwords made from now on become secrets; `pbkdf2` when left out. */
  readonly passwordKdf?: PasswordKdfName | undefined
  readonly passkeys?: Passkeys | undefined
  readonly deviceKeys?: DeviceKeys | undefined
  /** Milliseconds of the wall clock. */
  readonly now: () => number
  /** Counts wrong passwords and codes, and refuses more of them for a while. */
  readonly guard?: AttemptGuard | undefined
}

export interface AttemptGuard {
  /**
   * Counts an attempt as a wrong one, until it is known what it was.
   * @returns to be told that
   * @throws {VaultError} `busy` with reason `throttled`
   */
  begin(): (outcome: 'right' | 'wrong' | 'neither') => void
}

export interface FoundKey {
  /** 32 bytes, the caller's to zero. */
  readonly vaultKey: Bytes
  /** What it was opened by. */
  readonly slot: SecretSlot
}

/** A secret at work. Headers may be tried one after the other; an authenticator is asked once. */
export interface Opener {
  /** @throws {VaultError} `wrong-password`, `not-found` where there is no such way in, `corrupt`, `tampered`, `unsupported-version`; as the ports */
  find(header: Header): Promise<FoundKey>
  /** What the password that opened it cost, here and now. */
  readonly work?: OpenedPassword | undefined
  /** Whether it did not fit somewhere, whatever else happened. */
  readonly wasWrong?: boolean | undefined
  wipe(): void
}

export interface OpenedPassword extends PasswordWork {
  /** Of its slot. */
  readonly id: Bytes
}

/** @throws {VaultError} `invalid-value` for what cannot be a password or recovery code; {TypeError} for what is no secret */
export function openerOf(secret: Secret, ports: SlotPorts, signal?: AbortSignal): Opener {
  if (typeof secret !== 'object' || secret === null) return passwordOpener(encodePassword(secret), ports.kdf, signal)
  if ('recoveryCode' in secret) return codeOpener(decodeRecoveryCode(secret.recoveryCode))
  if ('passkey' in secret && secret.passkey === true) return passkeyOpener(ports, signal)
  if ('device' in secret && secret.device === true) return deviceOpener(ports)
  throw new TypeError('a vault is opened with its password, { recoveryCode }, { passkey: true } or { device: true }')
}

/** Works with a secret, of which nothing is left afterwards. */
export async function withOpener<T>(secret: Secret, ports: SlotPorts, work: (opener: Opener) => Promise<T>, signal?: AbortSignal): Promise<T> {
  const opener = openerOf(secret, ports, signal)
  try {
    // Nobody guesses an authenticator, and the browser's own key is no guess.
    const isGuess = typeof secret === 'string' || 'recoveryCode' in secret
    const tell = isGuess ? ports.guard?.begin() : undefined
    try {
      const result = await work(opener)
      tell?.('right')
      return result
    } catch (error) {
      tell?.(opener.wasWrong === true || (error instanceof VaultError && error.code === 'wrong-password') ? 'wrong' : 'neither')
      throw error
    }
  } finally {
    opener.wipe()
  }
}

/** Nothing that was given is asked for by any way in, but there is one this version does not know; or the header was damaged. */
export const UNKNOWN_WAY = 'unknown-way-in'

/** What is said where no slot asks for this kind of secret. */
function without(slots: readonly Slot[], message: string): VaultError {
  if (slots.every(isKnownSlot)) return new VaultError('not-found', message, { where: 'slot' })
  return new VaultError('unsupported-version', 'no way into this vault that this version knows asks for that; update the app', { where: 'header', reason: UNKNOWN_WAY })
}

function passwordOpener(bytes: Bytes, policy: KdfPolicy, signal: AbortSignal | undefined): Opener {
  let work: OpenedPassword | undefined
  let wasWrong = false
  const open = async (slot: PasswordSlot, vaultId: VaultId): Promise<Bytes> => {
    const started = performance.now()
    const vaultKey = await openPasswordSlot(slot, bytes, vaultId, policy)
    work = { id: slot.id, kdf: slot.kdf, ms: performance.now() - started }
    return vaultKey
  }
  return {
    find: async ({ slots, vaultId }) => {
      const own = slots.filter(isPasswordSlot)
      // All of them before the first is tried, or a header could make opening hang for minutes.
      checkTogether(own.map(({ kdf }) => kdf), policy)
      const found = await firstThatOpens(own, without(slots, 'this vault has no password; unlock it another way'), (slot) => open(slot, vaultId), { signal, wrong: () => (wasWrong = true) })
      wasWrong = false
      return found
    },
    get work() {
      return work
    },
    get wasWrong() {
      return wasWrong
    },
    wipe: () => wipe(bytes),
  }
}

function codeOpener(code: Bytes): Opener {
  return {
    find: ({ slots, vaultId }) => firstThatOpens(slots.filter(isRecoverySlot), without(slots, 'this vault has no recovery code; unlock it with the password'), (slot) => openRecoverySlot(slot, code, vaultId)),
    wipe: () => wipe(code),
  }
}

function passkeyOpener({ passkeys }: SlotPorts, signal: AbortSignal | undefined): Opener {
  let answered: ReturnType<Passkeys['get']> | undefined
  let asked: string | undefined
  const forget = (): void => {
    answered?.then(({ answer }) => wipe(answer), () => undefined)
    answered = undefined
  }
  const ask = (slots: readonly Slot[], own: readonly PasskeySlot[]): ReturnType<Passkeys['get']> => {
    const first = own.find(({ kdf }) => passkeys?.serves(kdf.rpId) === true) ?? own[0]
    if (first === undefined) throw without(slots, 'this vault has no passkey; unlock it another way')
    if (passkeys === undefined) throw new VaultError('crypto-unavailable', 'this browser has no passkeys; unlock the vault another way', { where: 'passkey' })
    const { rpId } = first.kdf
    // Keys of another site cannot be asked for in the same breath.
    return passkeys.get({ rpId, keys: own.filter(({ kdf }) => kdf.rpId === rpId).map(({ kdf }) => kdf), signal })
  }
  return {
    find: async ({ slots, vaultId }) => {
      const own = slots.filter(isPasskeySlot)
      // Another header may have another salt for the same key: then the answer is to another question.
      const salts = own.map(({ kdf }) => toBase64Url(kdf.salt)).join()
      if (salts !== asked) forget()
      asked = salts
      const { credentialId, answer } = await (answered ??= ask(slots, own))
      const slot = own.find(({ kdf }) => equalBytes(kdf.credentialId, credentialId))
      if (slot === undefined) throw new VaultError('wrong-password', 'this passkey does not open this vault', { where: 'slot' })
      return { vaultKey: await openPasskeySlot(slot, answer, vaultId), slot }
    },
    wipe: forget,
  }
}

function deviceOpener({ deviceKeys }: SlotPorts): Opener {
  return {
    find: async ({ slots, vaultId }) => {
      for (const slot of slots.filter(isDeviceSlot)) {
        const key = await deviceKeys?.get(toBase64Url(slot.id))
        if (key !== undefined) return { vaultKey: await openDeviceSlot(slot, key, vaultId), slot }
      }
      throw without(slots, 'this browser keeps no key of this vault; unlock it another way')
    },
    wipe: () => {},
  }
}

interface Attempts {
  readonly signal?: AbortSignal | undefined
  /** Told of each slot that it does not fit. */
  readonly wrong?: () => void
}

async function firstThatOpens<S extends SecretSlot>(slots: readonly S[], none: VaultError, open: (slot: S) => Promise<Bytes>, { signal, wrong }: Attempts = {}): Promise<FoundKey> {
  let failure: VaultError | undefined
  for (const slot of slots) {
    signal?.throwIfAborted()
    try {
      return { vaultKey: await open(slot), slot }
    } catch (error) {
      if (!(error instanceof VaultError) || (error.code !== 'wrong-password' && error.code !== 'crypto-unavailable')) throw error
      if (error.code === 'wrong-password') wrong?.()
      // A password that could not be tried everywhere is not known to be wrong.
      if (failure?.code !== 'crypto-unavailable') failure = error
    }
  }
  throw failure ?? none
}
