// Slots as JSON, in the header of a vault and in that of an archive. Implements docs/format.md, section 3.

import * as z from 'zod/mini'
import type { Bytes } from '../../brand.js'
import { fromBase64Url, toBase64Url } from '../../crypto/bytes.js'
import type { Pbkdf2Kdf } from '../../crypto/kdf.js'
import type { DeviceSlot, PasskeySlot, PasswordSlot, RecoverySlot, SecretSlot } from '../../crypto/key-slots.js'

/** A slot this code does not know how to use: kept as it is. */
type UnknownSlot = { readonly [field: string]: unknown }

export type Slot = SecretSlot | UnknownSlot

/** Bytes as base64url. @param length undefined for any */
export const bytes = (length?: number) => z.pipe(z.string(), z.transform((text, context): Bytes => {
  try {
    const decoded = fromBase64Url(text)
    if (length === undefined || decoded.length === length) return decoded
  } catch {
    // reported below
  }
  context.issues.push({ code: 'custom', message: 'not base64url of the right length', input: text })
  return z.NEVER
}))

const common = {
  id: bytes(16),
  wrapSalt: bytes(32),
  commitment: bytes(32),
  publicKey: bytes(65),
  wrappedPrivateKey: bytes(),
  ephemeralKey: bytes(65),
  wrappedVaultKey: bytes(48),
}
const positive = z.number().check(z.int(), z.positive())
const pbkdf2 = z.object({ name: z.literal('PBKDF2-HMAC-SHA-256'), iterations: positive, salt: bytes(32) })
const argon2id = z.object({ name: z.literal('Argon2id'), memoryKiB: positive, passes: positive, lanes: positive, salt: bytes(32) })
const passwordSlot = z.object({ ...common, kind: z.literal('password'), kdf: z.discriminatedUnion('name', [pbkdf2, argon2id]) })
const recoverySlot = z.object({ ...common, kind: z.literal('recovery'), kdf: z.object({ name: z.literal('HKDF-SHA-256'), salt: bytes(32) }) })
/** Limits of what an authenticator says of itself, in bytes and UTF-16 units. */
export const MAX_CREDENTIAL_ID = 1023
export const MAX_RP_ID = 253
export const MAX_TRANSPORTS = 8
export const MAX_TRANSPORT = 32
const passkeySlot = z.object({
  ...common,
  kind: z.literal('passkey'),
  kdf: z.object({
    name: z.literal('WebAuthn-PRF'),
    salt: bytes(32),
    credentialId: bytes().check(z.refine((id) => id.length > 0 && id.length <= MAX_CREDENTIAL_ID)),
    rpId: z.string().check(z.minLength(1), z.maxLength(MAX_RP_ID)),
    transports: z.array(z.string().check(z.maxLength(MAX_TRANSPORT))).check(z.maxLength(MAX_TRANSPORTS)),
  }),
})
const deviceSlot = z.object({ ...common, kind: z.literal('device'), kdf: z.object({ name: z.literal('device-key'), salt: bytes(32) }) })
/** Of each kind, the ways from what opens it to a secret. */
const KDF_NAMES: Readonly<Record<string, readonly unknown[]>> = { password: ['PBKDF2-HMAC-SHA-256', 'Argon2id'], recovery: ['HKDF-SHA-256'], passkey: ['WebAuthn-PRF'], device: ['device-key'] }
/** Archives are read by whatever there will be: nothing but WebCrypto is needed for them. */
const ARCHIVE_KDF_NAMES: typeof KDF_NAMES = { password: ['PBKDF2-HMAC-SHA-256'], recovery: ['HKDF-SHA-256'] }

/** A known kind with another key derivation is as unknown as another kind. */
function isOf(kinds: typeof KDF_NAMES, { kind, kdf }: { readonly kind?: unknown; readonly kdf?: unknown }): boolean {
  return typeof kind === 'string' && Object.hasOwn(kinds, kind) && kinds[kind]!.includes((kdf as { readonly name?: unknown } | null | undefined)?.name)
}

const otherThan = (kinds: typeof KDF_NAMES) => z.looseObject({ kind: z.string() }).check(z.refine((slot) => !isOf(kinds, slot)))

/** 1 to 16 of them. */
export const slotList = z.array(z.union([passwordSlot, recoverySlot, passkeySlot, deviceSlot, otherThan(KDF_NAMES)])).check(z.minLength(1), z.maxLength(16))

const owner = z.optional(bytes(16))
/** Slots that may be bound to something else than what they lie in. */
export const ownedSlot = z.union([z.object({ ...common, kind: z.literal('password'), kdf: pbkdf2, owner }), z.extend(recoverySlot, { owner })])
export const archiveSlotList = z.array(z.union([ownedSlot, otherThan(ARCHIVE_KDF_NAMES)])).check(z.minLength(1), z.maxLength(16))

export function isPasswordSlot(slot: Slot): slot is PasswordSlot {
  return slot.kind === 'password' && isKnownSlot(slot)
}

/** A password slot as an archive may have it. */
export function isArchivePasswordSlot(slot: Slot): slot is PasswordSlot & { readonly kdf: Pbkdf2Kdf } {
  return slot.kind === 'password' && isOf(ARCHIVE_KDF_NAMES, slot)
}

export function isRecoverySlot(slot: Slot): slot is RecoverySlot {
  return slot.kind === 'recovery' && isKnownSlot(slot)
}

export function isPasskeySlot(slot: Slot): slot is PasskeySlot {
  return slot.kind === 'passkey' && isKnownSlot(slot)
}

export function isDeviceSlot(slot: Slot): slot is DeviceSlot {
  return slot.kind === 'device' && isKnownSlot(slot)
}

/** Of a device, also one whose key derivation this code does not know. */
export function isOfDevice({ kind }: Slot): boolean {
  return kind === 'device'
}

/** Of a kind this code opens, and wraps keys for. */
export function isKnownSlot(slot: Slot): slot is SecretSlot {
  return isOf(KDF_NAMES, slot)
}

export function encodeSlot(slot: Slot): unknown {
  if (!isKnownSlot(slot)) return slot
  const { id, kind, kdf, wrapSalt, commitment, publicKey, wrappedPrivateKey, ephemeralKey, wrappedVaultKey, owner: boundTo } = slot
  return {
    id: toBase64Url(id),
    kind,
    kdf: { ...kdf, salt: toBase64Url(kdf.salt), ...('credentialId' in kdf && { credentialId: toBase64Url(kdf.credentialId) }) },
    wrapSalt: toBase64Url(wrapSalt),
    commitment: toBase64Url(commitment),
    publicKey: toBase64Url(publicKey),
    wrappedPrivateKey: toBase64Url(wrappedPrivateKey),
    ephemeralKey: toBase64Url(ephemeralKey),
    wrappedVaultKey: toBase64Url(wrappedVaultKey),
    ...(boundTo !== undefined && { owner: toBase64Url(boundTo) }),
  }
}
