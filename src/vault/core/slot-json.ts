// Slots as JSON, in the header of a vault and in that of an archive. Implements docs/format.md, section 3.

import * as z from 'zod/mini'
import type { Bytes } from '../../brand.js'
import { fromBase64Url, toBase64Url } from '../../crypto/bytes.js'
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
const passwordSlot = z.object({
  ...common,
  kind: z.literal('password'),
  kdf: z.object({ name: z.literal('PBKDF2-HMAC-SHA-256'), iterations: z.number().check(z.int(), z.positive()), salt: bytes(32) }),
})
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
const KNOWN: readonly unknown[] = ['password', 'recovery', 'passkey', 'device']
const otherThan = (kinds: readonly unknown[]) => z.looseObject({ kind: z.string().check(z.refine((kind) => !kinds.includes(kind))) })

/** 1 to 16 of them. */
export const slotList = z.array(z.union([passwordSlot, recoverySlot, passkeySlot, deviceSlot, otherThan(KNOWN)])).check(z.minLength(1), z.maxLength(16))

const owner = z.optional(bytes(16))
/** Slots that may be bound to something else than what they lie in. */
export const ownedSlot = z.union([z.extend(passwordSlot, { owner }), z.extend(recoverySlot, { owner })])
export const archiveSlotList = z.array(z.union([ownedSlot, otherThan(['password', 'recovery'])])).check(z.minLength(1), z.maxLength(16))

export function isPasswordSlot(slot: Slot): slot is PasswordSlot {
  return slot.kind === 'password'
}

export function isRecoverySlot(slot: Slot): slot is RecoverySlot {
  return slot.kind === 'recovery'
}

export function isPasskeySlot(slot: Slot): slot is PasskeySlot {
  return slot.kind === 'passkey'
}

export function isDeviceSlot(slot: Slot): slot is DeviceSlot {
  return slot.kind === 'device'
}

/** Of a kind this code opens, and wraps keys for. */
export function isKnownSlot(slot: Slot): slot is SecretSlot {
  return KNOWN.includes(slot.kind)
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
