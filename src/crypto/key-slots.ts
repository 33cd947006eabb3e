// A slot: one way to open a vault or an archive. docs/format.md, section 3: secret -> commitment and KEK -> the
// slot's private key and binding key -> vault key. The commitment tells a wrong secret from damage, and keeps one slot from opening
// under two, which AES-GCM alone would allow (Len, Grubbs, Ristenpart, "Partitioning Oracle Attacks", 2021).

import type { Bytes, VaultId } from '../brand.js'
import { VaultError } from '../errors.js'
import { importAeadKey, NONCE_BYTES, openBytes, sealBytes, TAG_BYTES } from './aead.js'
import { concat, equalBytes, lengthPrefixed, randomBytes, u32, wipe } from './bytes.js'
import { hkdfFromKey } from './hkdf.js'
import { DEFAULT_ARGON2ID_LIMITS, mayWriteArgon2id } from './argon2id.js'
import { derivePasswordSecret, KDF_SALT_BYTES, type KdfPolicy, type PasswordCost, type PasswordKdf } from './kdf.js'
import { createWrapPair, unwrapVaultKey, wrapVaultKey } from './key-wrap.js'
import { deriveDeviceSecret, derivePasskeySecret, deriveRecoverySecret, type DeviceKdf, type PasskeyKdf, type RecoveryKdf } from './slot-secrets.js'

const ID_BYTES = 16
const WRAP_SALT_BYTES = 32
const COMMITMENT_BYTES = 32
const KEY_BYTES = 32
const POINT_BYTES = 65

/** The fields that slots of every kind have, decoded. */
interface SlotFields {
  /** 16 random bytes. */
  readonly id: Bytes
  /** 32 bytes, new for every wrap of the private key. */
  readonly wrapSalt: Bytes
  /** 32 bytes. */
  readonly commitment: Bytes
  /** Uncompressed P-256 point, 65 bytes. */
  readonly publicKey: Bytes
  /** Sealed binding key and PKCS#8. */
  readonly wrappedPrivateKey: Bytes
  /** Uncompressed P-256 point, 65 bytes. */
  readonly ephemeralKey: Bytes
  /** 48 bytes. */
  readonly wrappedVaultKey: Bytes
  /** What the slot is bound to where that is not the id of what it lies in: archives that a vault makes by itself share one slot. */
  readonly owner?: VaultId
}

export interface PasswordSlot extends SlotFields {
  readonly kind: 'password'
  readonly kdf: PasswordKdf
}

export interface RecoverySlot extends SlotFields {
  readonly kind: 'recovery'
  readonly kdf: RecoveryKdf
}

export interface PasskeySlot extends SlotFields {
  readonly kind: 'passkey'
  readonly kdf: PasskeyKdf
}

export interface DeviceSlot extends SlotFields {
  readonly kind: 'device'
  readonly kdf: DeviceKdf
}

export type SecretSlot = PasswordSlot | RecoverySlot | PasskeySlot | DeviceSlot

/** A slot just made. */
export interface CreatedSlot<Slot extends SecretSlot = PasswordSlot> {
  readonly slot: Slot
  /** 32 random bytes that whoever wraps a vault key for this slot must know; the key ring keeps them. The caller's, to zero. */
  readonly bindingKey: Bytes
}

/** What a slot's commitment and KEK depend on besides the secret. */
type BasisOf<Slot extends SecretSlot> = Pick<Slot, 'id' | 'kind' | 'kdf' | 'wrapSalt'>

/**
 * A new slot, with salts, binding key and key pair of its own, that opens with this password. Takes one key derivation. Password
 * and vault key stay the caller's, to zero.
 * @param passwordBytes of `encodePassword`
 * @param vaultKey 32 bytes
 * @param cost iterations, or what Argon2id is to cost
 * @param id of a slot that is made anew; everything else of it is new
 * @throws {RangeError} when the cost is outside of what the policy lets write, or the vault key has another length
 */
export async function createPasswordSlot(
  passwordBytes: Bytes,
  vaultKey: Bytes,
  vaultId: VaultId,
  cost: PasswordCost,
  policy: KdfPolicy,
  id: Bytes = randomBytes(ID_BYTES),
): Promise<CreatedSlot> {
  const basis: BasisOf<PasswordSlot> = { id, kind: 'password', kdf: newKdf(cost, policy), wrapSalt: randomBytes(WRAP_SALT_BYTES) }
  return fillSlot(basis, await derivePasswordSecret(passwordBytes, basis.kdf, vaultId, policy), vaultKey, vaultId)
}

function newKdf(cost: PasswordCost, { minimumIterations, maximumWritten, argon2id: limits = DEFAULT_ARGON2ID_LIMITS }: KdfPolicy): PasswordKdf {
  const salt = randomBytes(KDF_SALT_BYTES)
  if (typeof cost === 'number') {
    if (cost >= minimumIterations && cost <= maximumWritten) return { name: 'PBKDF2-HMAC-SHA-256', iterations: cost, salt }
    throw new RangeError(`a slot is written with ${minimumIterations} to ${maximumWritten} iterations, not ${cost}`)
  }
  const { memoryKiB, passes, lanes } = cost
  if (mayWriteArgon2id(cost, limits)) return { name: 'Argon2id', memoryKiB, passes, lanes, salt }
  throw new RangeError(`a slot is not written with ${memoryKiB} KiB and ${passes} passes of Argon2id`)
}

/**
 * A new slot that opens with this recovery code. Code and vault key stay the caller's, to zero.
 * @param code its 20 bytes, of `decodeRecoveryCode`
 * @param vaultKey 32 bytes
 * @throws {RangeError} when either has another length
 */
export async function createRecoverySlot(code: Bytes, vaultKey: Bytes, vaultId: VaultId): Promise<CreatedSlot<RecoverySlot>> {
  const basis: BasisOf<RecoverySlot> = {
    id: randomBytes(ID_BYTES),
    kind: 'recovery',
    kdf: { name: 'HKDF-SHA-256', salt: randomBytes(KDF_SALT_BYTES) },
    wrapSalt: randomBytes(WRAP_SALT_BYTES),
  }
  return fillSlot(basis, await deriveRecoverySecret(code, basis.kdf, vaultId), vaultKey, vaultId)
}

/**
 * A new slot that opens with what an authenticator makes of this salt. Both stay the caller's, to zero.
 * @param secret 32 bytes, of the authenticator
 */
export async function createPasskeySlot(secret: Bytes, kdf: PasskeyKdf, vaultKey: Bytes, vaultId: VaultId): Promise<CreatedSlot<PasskeySlot>> {
  const basis: BasisOf<PasskeySlot> = { id: randomBytes(ID_BYTES), kind: 'passkey', kdf, wrapSalt: randomBytes(WRAP_SALT_BYTES) }
  return fillSlot(basis, await derivePasskeySecret(secret, kdf, vaultId), vaultKey, vaultId)
}

/** A new slot that opens with a key of this browser. @param key for HKDF */
export async function createDeviceSlot(key: CryptoKey, vaultKey: Bytes, vaultId: VaultId): Promise<CreatedSlot<DeviceSlot>> {
  const kdf: DeviceKdf = { name: 'device-key', salt: randomBytes(KDF_SALT_BYTES) }
  const basis: BasisOf<DeviceSlot> = { id: randomBytes(ID_BYTES), kind: 'device', kdf, wrapSalt: randomBytes(WRAP_SALT_BYTES) }
  return fillSlot(basis, await deriveDeviceSecret(key, kdf, vaultId), vaultKey, vaultId)
}

async function fillSlot<Slot extends SecretSlot>(basis: BasisOf<Slot>, secret: CryptoKey, vaultKey: Bytes, vaultId: VaultId): Promise<CreatedSlot<Slot>> {
  if (vaultKey.length !== KEY_BYTES) throw new RangeError(`a vault key has ${KEY_BYTES} bytes, got ${vaultKey.length}`)
  const { commitment, kek } = await deriveSlotKeys(secret, basis, vaultId)
  const { publicKey, privateKey } = await createWrapPair()
  const bindingKey = randomBytes(KEY_BYTES)
  const secrets = concat(bindingKey, privateKey)
  wipe(privateKey)
  try {
    const aad = privateKeyAad(vaultId, basis.id, publicKey)
    const wrappedPrivateKey = await sealBytes(kek, new Uint8Array(NONCE_BYTES), secrets, aad)
    const wrapped = await wrapVaultKey(vaultKey, { vaultId, slotId: basis.id, publicKey, bindingKey })
    return { slot: { ...basis, commitment, publicKey, wrappedPrivateKey, ...wrapped } as unknown as Slot, bindingKey }
  } catch (error) {
    wipe(bindingKey)
    throw error
  } finally {
    wipe(secrets)
  }
}

/**
 * The raw vault key, 32 bytes, the caller's to zero. Takes one key derivation.
 * @throws {VaultError} `tampered` before anything is derived when the slot's parameters are outside of the policy;
 *   `wrong-password` when the commitment differs, as it also does when id, salts, iterations or commitment were damaged;
 *   `corrupt` when a field has the wrong length, or the password is right and what it unlocks is damaged
 */
export async function openPasswordSlot(slot: PasswordSlot, passwordBytes: Bytes, vaultId: VaultId, policy: KdfPolicy): Promise<Bytes> {
  checkLengths(slot)
  return openSlot(slot, await derivePasswordSecret(passwordBytes, slot.kdf, vaultId, policy), vaultId)
}

/**
 * The raw vault key, 32 bytes, the caller's to zero.
 * @throws {VaultError} `wrong-password`, `corrupt` as `openPasswordSlot`
 */
export async function openRecoverySlot(slot: RecoverySlot, code: Bytes, vaultId: VaultId): Promise<Bytes> {
  checkLengths(slot)
  return openSlot(slot, await deriveRecoverySecret(code, slot.kdf, vaultId), vaultId)
}

/** @throws {VaultError} `wrong-password`, `corrupt` as `openPasswordSlot` */
export async function openPasskeySlot(slot: PasskeySlot, secret: Bytes, vaultId: VaultId): Promise<Bytes> {
  checkLengths(slot)
  return openSlot(slot, await derivePasskeySecret(secret, slot.kdf, vaultId), vaultId)
}

/** @throws {VaultError} `wrong-password`, `corrupt` as `openPasswordSlot` */
export async function openDeviceSlot(slot: DeviceSlot, key: CryptoKey, vaultId: VaultId): Promise<Bytes> {
  checkLengths(slot)
  return openSlot(slot, await deriveDeviceSecret(key, slot.kdf, vaultId), vaultId)
}

const SECRET_NAMES: Readonly<Record<SecretSlot['kind'], string>> = { password: 'password', recovery: 'recovery code', passkey: 'passkey', device: 'key of this browser' }

async function openSlot(slot: SecretSlot, secret: CryptoKey, vaultId: VaultId): Promise<Bytes> {
  const { commitment, kek } = await deriveSlotKeys(secret, slot, vaultId)
  if (!equalBytes(commitment, slot.commitment)) {
    throw new VaultError('wrong-password', `the ${SECRET_NAMES[slot.kind]} does not fit; try it again`, { where: 'slot' })
  }
  try {
    const aad = privateKeyAad(vaultId, slot.id, slot.publicKey)
    const secrets = await openBytes(kek, new Uint8Array(NONCE_BYTES), slot.wrappedPrivateKey, aad)
    try {
      const target = { vaultId, slotId: slot.id, publicKey: slot.publicKey, bindingKey: secrets.subarray(0, KEY_BYTES) }
      return await unwrapVaultKey(slot, target, secrets.subarray(KEY_BYTES))
    } finally {
      wipe(secrets)
    }
  } catch (cause) {
    // Behind a matching commitment every failure is damage, be it a tag, a point off the curve or a malformed key.
    throw new VaultError('corrupt', 'a slot is damaged; restore the header from its copy', { where: 'slot', reason: 'unwrap' }, cause)
  }
}

/** A salt is an HMAC key, which zeros at its end do not change: without this, two headers could be one slot. */
function checkLengths({ id, kdf, wrapSalt, commitment, publicKey, ephemeralKey, wrappedVaultKey }: SecretSlot): void {
  const sound =
    id.length === ID_BYTES &&
    (kdf.name === 'PBKDF2-HMAC-SHA-256' || kdf.name === 'Argon2id' || kdf.salt.length === KDF_SALT_BYTES) &&
    wrapSalt.length === WRAP_SALT_BYTES &&
    commitment.length === COMMITMENT_BYTES &&
    publicKey.length === POINT_BYTES &&
    ephemeralKey.length === POINT_BYTES &&
    wrappedVaultKey.length === KEY_BYTES + TAG_BYTES
  if (!sound) throw new VaultError('corrupt', 'a slot is malformed; restore the header from its copy', { where: 'slot', reason: 'length' })
}

/** Commitment and key-encryption key, from one expansion. Every wrap has a new `wrapSalt`, hence the nonce of zeros above. */
async function deriveSlotKeys(secret: CryptoKey, basis: BasisOf<SecretSlot>, vaultId: VaultId): Promise<{ commitment: Bytes; kek: CryptoKey }> {
  const { id, kind, kdf, wrapSalt } = basis
  const info = lengthPrefixed('sealed-vault/1/slot', vaultId, id, kind, kdf.name, costBytes(kdf), kdf.salt)
  const both = await hkdfFromKey(secret, wrapSalt, info, COMMITMENT_BYTES + KEY_BYTES)
  try {
    return { commitment: both.slice(0, COMMITMENT_BYTES), kek: await importAeadKey(both.subarray(COMMITMENT_BYTES)) }
  } finally {
    wipe(both)
  }
}

function costBytes(kdf: SecretSlot['kdf']): Bytes {
  if (kdf.name === 'Argon2id') return concat(u32(kdf.memoryKiB), u32(kdf.passes), u32(kdf.lanes))
  return u32(kdf.name === 'PBKDF2-HMAC-SHA-256' ? kdf.iterations : 0)
}

function privateKeyAad(vaultId: VaultId, slotId: Bytes, publicKey: Bytes): Bytes {
  return lengthPrefixed('sealed-vault/1/slot-private-key', vaultId, slotId, publicKey)
}

/**
 * The same slot around another key: what a vault does for its next archive, whose secret nobody types.
 * @param bindingKey of the slot
 * @throws {RangeError}, {VaultError} `corrupt` as `wrapVaultKey`
 */
export async function rewrapSlot<Slot extends SecretSlot>(slot: Slot, bindingKey: Bytes, key: Bytes, owner: VaultId): Promise<Slot> {
  return { ...slot, ...(await wrapVaultKey(key, { vaultId: owner, slotId: slot.id, publicKey: slot.publicKey, bindingKey })), owner }
}
