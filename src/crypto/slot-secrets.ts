// From what opens a slot, other than a password, to the secret `S` of docs/format.md, section 3. All of these have 160 random bits or more, so no work
// is needed to make guesses dear.

import type { Bytes, VaultId } from '../brand.js'
import { lengthPrefixed, wipe } from './bytes.js'
import { hkdf, hkdfFromKey, importHkdfKey } from './hkdf.js'

const SECRET_BYTES = 32
const RECOVERY_BYTES = 20
const PRF_BYTES = 32

/** How a recovery code becomes a secret. */
export interface RecoveryKdf {
  readonly name: 'HKDF-SHA-256'
  /** 32 random bytes. */
  readonly salt: Bytes
}

/** How an authenticator's answer becomes a secret: the output of its pseudo-random function (Web Authentication, Level 3, section 10.1.4) for the salt. */
export interface PasskeyKdf {
  readonly name: 'WebAuthn-PRF'
  /** 32 random bytes: what the authenticator is asked to evaluate, and the salt of the HKDF over its answer. */
  readonly salt: Bytes
  /** What the authenticator calls its key. */
  readonly credentialId: Bytes
  /** The site the key belongs to. */
  readonly rpId: string
  /** How the authenticator is reached, as far as it said. */
  readonly transports: readonly string[]
}

/** How a key that a browser keeps becomes a secret. */
export interface DeviceKdf {
  readonly name: 'device-key'
  /** 32 random bytes. */
  readonly salt: Bytes
}

/** `S` of a recovery slot. @throws {RangeError} unless the code has 20 bytes */
export function deriveRecoverySecret(code: Bytes, { salt }: RecoveryKdf, vaultId: VaultId): Promise<CryptoKey> {
  if (code.length !== RECOVERY_BYTES) throw new RangeError(`a recovery code has ${RECOVERY_BYTES} bytes, got ${code.length}`)
  return usingSecret(hkdf(code, salt, lengthPrefixed('sealed-vault/1/recovery-code', vaultId), SECRET_BYTES))
}

/** `S` of a passkey slot. @throws {RangeError} unless the answer has 32 bytes */
export function derivePasskeySecret(answer: Bytes, { salt }: PasskeyKdf, vaultId: VaultId): Promise<CryptoKey> {
  if (answer.length !== PRF_BYTES) throw new RangeError(`an authenticator answers with ${PRF_BYTES} bytes, not ${answer.length}`)
  return usingSecret(hkdf(answer, salt, lengthPrefixed('sealed-vault/1/passkey', vaultId), SECRET_BYTES))
}

/** `S` of a device slot. */
export function deriveDeviceSecret(key: CryptoKey, { salt }: DeviceKdf, vaultId: VaultId): Promise<CryptoKey> {
  return usingSecret(hkdfFromKey(key, salt, lengthPrefixed('sealed-vault/1/device', vaultId), SECRET_BYTES))
}

async function usingSecret(derived: Promise<Bytes>): Promise<CryptoKey> {
  const secret = await derived
  try {
    return await importHkdfKey(secret)
  } finally {
    wipe(secret)
  }
}
