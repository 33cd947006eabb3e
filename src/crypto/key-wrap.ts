// Wrapping the vault key to the public key of a slot: docs/format.md, section 3, `wrappedVaultKey`. Ephemeral-static ECDH
// on P-256 (NIST SP 800-56A, C(1e, 1s)), so that rotation can renew the vault key for a slot whose secret nobody typed.
// The public key lies in clear, so the slot's binding key goes into the derivation too: without it anybody who can write
// the header could wrap a vault key of their own, and the right password would open their vault.
// Key pairs cross this file's border as bytes: a public key as its uncompressed point (SEC 1, 2.3.3), a private as PKCS#8.

import type { Bytes, VaultId } from '../brand.js'
import { VaultError } from '../errors.js'
import { importAeadKey, NONCE_BYTES, openBytes, sealBytes } from './aead.js'
import { concat, lengthPrefixed, wipe } from './bytes.js'
import { hkdf } from './hkdf.js'
import { isP256Point } from './p256-point.js'
import { subtle } from './subtle.js'

const CURVE = { name: 'ECDH', namedCurve: 'P-256' }
const SHARED_BITS = 256
const KEY_BYTES = 32

/** A key pair as bytes. The private key is the holder's, to zero. */
interface WrapPair {
  /** 65 bytes. */
  readonly publicKey: Bytes
  /** PKCS#8; its length is the engine's choice. */
  readonly privateKey: Bytes
}

/** Who a vault key is wrapped for. */
interface WrapTarget {
  readonly vaultId: VaultId
  readonly slotId: Bytes
  /** Of the slot, 65 bytes. */
  readonly publicKey: Bytes
  /** Of the slot, 32 bytes, secret: what tells a wrap by the vault from a wrap by anybody. */
  readonly bindingKey: Bytes
}

/** The two fields of a slot that hold the vault key. */
interface WrappedVaultKey {
  /** 65 bytes, new for every wrap. */
  readonly ephemeralKey: Bytes
  /** 48 bytes. */
  readonly wrappedVaultKey: Bytes
}

/** A new pair for a slot. */
export async function createWrapPair(): Promise<WrapPair> {
  // Extractable, since the private key is about to be sealed as bytes.
  const { publicKey, privateKey } = await subtle().generateKey(CURVE, true, ['deriveBits'])
  return {
    publicKey: new Uint8Array(await subtle().exportKey('raw', publicKey)),
    privateKey: new Uint8Array(await subtle().exportKey('pkcs8', privateKey)),
  }
}

/**
 * Wraps the 32 bytes of a vault key so that only private key and binding key of the target together get at it.
 * @throws {RangeError} when the binding key has another length
 * @throws {VaultError} `corrupt` when the target's public key is none
 */
export async function wrapVaultKey(vaultKey: Bytes, target: WrapTarget): Promise<WrappedVaultKey> {
  const recipient = await importPublicKey(target.publicKey)
  const ephemeral = await subtle().generateKey(CURVE, false, ['deriveBits'])
  const ephemeralKey = new Uint8Array(await subtle().exportKey('raw', ephemeral.publicKey))
  const info = vaultKeyInfo(target, ephemeralKey)
  const key = await wrappingKey(ephemeral.privateKey, recipient, target.bindingKey, ephemeralKey, info)
  return { ephemeralKey, wrappedVaultKey: await sealBytes(key, new Uint8Array(NONCE_BYTES), vaultKey, info) }
}

/**
 * The vault key, the caller's to zero. Rejects with whatever the engine thinks of damaged input; the caller, who knows
 * which slot it is, makes that one error.
 */
export async function unwrapVaultKey(wrapped: WrappedVaultKey, target: WrapTarget, privateKey: Bytes): Promise<Bytes> {
  const own = await subtle().importKey('pkcs8', privateKey, CURVE, false, ['deriveBits'])
  const ephemeral = await importPublicKey(wrapped.ephemeralKey)
  const info = vaultKeyInfo(target, wrapped.ephemeralKey)
  const key = await wrappingKey(own, ephemeral, target.bindingKey, wrapped.ephemeralKey, info)
  return openBytes(key, new Uint8Array(NONCE_BYTES), wrapped.wrappedVaultKey, info)
}

async function importPublicKey(point: Bytes): Promise<CryptoKey> {
  if (!isP256Point(point)) throw new VaultError('corrupt', 'a public key is no point of its curve', { where: 'slot', reason: 'public-key' })
  return subtle().importKey('raw', point, CURVE, true, [])
}

/** Used for one seal alone, as the ephemeral key is: hence the nonce of zeros. */
async function wrappingKey(own: CryptoKey, other: CryptoKey, bindingKey: Bytes, ephemeralKey: Bytes, info: Bytes): Promise<CryptoKey> {
  // An empty one would derive as well, and bind to nothing.
  if (bindingKey.length !== KEY_BYTES) throw new RangeError(`a binding key has ${KEY_BYTES} bytes, got ${bindingKey.length}`)
  const shared = new Uint8Array(await subtle().deriveBits({ name: 'ECDH', public: other }, own, SHARED_BITS))
  const both = concat(shared, bindingKey)
  wipe(shared)
  try {
    const raw = await hkdf(both, ephemeralKey, info, KEY_BYTES)
    try {
      return await importAeadKey(raw)
    } finally {
      wipe(raw)
    }
  } finally {
    wipe(both)
  }
}

function vaultKeyInfo({ vaultId, slotId, publicKey }: WrapTarget, ephemeralKey: Bytes): Bytes {
  return lengthPrefixed('sealed-vault/1/vault-key', vaultId, slotId, ephemeralKey, publicKey)
}
