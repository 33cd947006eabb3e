// A new way in, from what the user gave or confirmed to a slot. What asks the user is done once, beforehand; what depends on the
// header is done for every header that is tried. docs/format.md, section 3.

import type { Bytes, VaultId } from '../../brand.js'
import { equalBytes, randomBytes, toBase64Url, wipe } from '../../crypto/bytes.js'
import { importHkdfKey } from '../../crypto/hkdf.js'
import { costOfPassword, encodePassword, KDF_SALT_BYTES, type PasswordCost } from '../../crypto/kdf.js'
import { isSlotName } from '../../crypto/key-ring-content.js'
import { createDeviceSlot, createPasskeySlot, createPasswordSlot, createRecoverySlot, type CreatedSlot, type SecretSlot } from '../../crypto/key-slots.js'
import { decodeRecoveryCode } from '../../crypto/recovery-code.js'
import type { PasskeyKdf } from '../../crypto/slot-secrets.js'
import { VaultError } from '../../errors.js'
import type { NewSlot } from './credentials.js'
import { isPasskeySlot, isPasswordSlot, MAX_CREDENTIAL_ID, MAX_RP_ID, MAX_TRANSPORT, MAX_TRANSPORTS, type Slot } from './slot-json.js'
import type { SlotPorts } from './slot-openers.js'

/** A way in that does not exist yet. `name` is what the user calls it, 1 to 128 characters; it is sealed. */
export type SlotInput = (
  | { readonly kind: 'password'; readonly password: string }
  /** A code of `createRecoveryCode`, and what the user typed back to show that it was written down. */
  | { readonly kind: 'recovery'; readonly code: string; readonly typedBack: string }
  /** The browser asks the user for an authenticator. `userName` is what the authenticator shows; the vault's name when left out. */
  | { readonly kind: 'passkey'; readonly userName?: string | undefined }
  /** A key that this browser keeps, readable for who copies the browser's folder. */
  | { readonly kind: 'device' }
) & { readonly name?: string | undefined }

/** A way in that is ready to be wrapped for. */
export interface PreparedSlot {
  readonly kind: SlotInput['kind']
  /** Of a password that is there already, made anew: the salt of the slot it takes the place of, and of no other. */
  readonly inPlaceOf?: Bytes | undefined
  /** @param slots those there are: a new password is worth as much work as the others */
  create(vaultKey: Bytes, vaultId: VaultId, slots: readonly Slot[]): Promise<NewSlot>
  wipe(): void
}

export interface PrepareOptions {
  readonly ports: SlotPorts
  readonly vaultName: string
  readonly slots: readonly Slot[]
  /** A password that is there already, and what a guess shall cost from now on. */
  readonly anew?: { readonly cost: PasswordCost; readonly id: Bytes; readonly salt: Bytes } | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * @throws {VaultError} `invalid-value` for a password, code or name that cannot be one, and, with reason `not-typed-back`, for a code that was not typed back right;
 *   as `Passkeys.create`; `crypto-unavailable` where Argon2id cannot run
 * @throws {TypeError} for what is no way in
 */
export async function prepareSlot(input: SlotInput, options: PrepareOptions): Promise<PreparedSlot> {
  checkSlotName(input.name)
  const entry = { ...(input.name !== undefined && { name: input.name }), madeAt: options.ports.now() }
  const { anew } = options
  const ready = (create: (vaultKey: Bytes, vaultId: VaultId, slots: readonly Slot[]) => Promise<CreatedSlot<SecretSlot>>, secret?: Bytes): PreparedSlot => ({
    kind: input.kind,
    inPlaceOf: anew?.salt,
    create: async (vaultKey, vaultId, slots) => ({ ...entry, ...(await create(vaultKey, vaultId, slots)) }),
    wipe: () => {
      if (secret !== undefined) wipe(secret)
    },
  })
  switch (input.kind) {
    case 'password': {
      const { kdf, passwordKdf = 'pbkdf2' } = options.ports
      const bytes = encodePassword(input.password)
      return ready(async (vaultKey, vaultId, slots) => {
        const cost = anew?.cost ?? (await costOfPassword(slots.filter(isPasswordSlot).map((slot) => slot.kdf), passwordKdf, kdf))
        return createPasswordSlot(bytes, vaultKey, vaultId, cost, kdf, anew?.id)
      }, bytes)
    }
    case 'recovery': {
      const bytes = decodeRecoveryCode(input.code)
      checkTypedBack(bytes, input.typedBack)
      return ready((vaultKey, vaultId) => createRecoverySlot(bytes, vaultKey, vaultId), bytes)
    }
    case 'passkey': {
      const { answer, kdf } = await enrol(input.userName ?? options.vaultName, options)
      return ready((vaultKey, vaultId) => createPasskeySlot(answer, kdf, vaultKey, vaultId), answer)
    }
    case 'device':
      return ready((vaultKey, vaultId) => makeDeviceSlot(options.ports, vaultKey, vaultId))
    default:
      throw new TypeError('a way in is of the kind password, recovery, passkey or device')
  }
}

/** @throws {VaultError} `invalid-value` */
export function checkSlotName(name: unknown): void {
  if (name !== undefined && !isSlotName(name)) throw new VaultError('invalid-value', 'the name of a way in has 1 to 128 characters', { fields: ['name'] })
}

function checkTypedBack(code: Bytes, typed: string): void {
  let back: Bytes | undefined
  try {
    back = decodeRecoveryCode(typed)
    if (equalBytes(code, back)) return
  } catch (error) {
    if (!(error instanceof VaultError)) throw error
  } finally {
    if (back !== undefined) wipe(back)
  }
  wipe(code)
  throw new VaultError('invalid-value', 'what was typed back is not the recovery code; compare it with what was written down', { fields: ['typedBack'], reason: 'not-typed-back' })
}

async function enrol(userName: string, { ports: { passkeys }, vaultName, slots, signal }: PrepareOptions): Promise<{ readonly answer: Bytes; readonly kdf: PasskeyKdf }> {
  if (passkeys === undefined) throw new VaultError('crypto-unavailable', 'this browser has no passkeys', { where: 'passkey' })
  const salt = randomBytes(KDF_SALT_BYTES)
  const { answer, credentialId, rpId, transports } = await passkeys.create({ vaultName, userName, salt, exclude: slots.filter(isPasskeySlot).map(({ kdf }) => kdf), signal })
  // Whatever stands between the page and the authenticator: what is written must be read again.
  if (credentialId.length === 0 || credentialId.length > MAX_CREDENTIAL_ID || rpId === '' || rpId.length > MAX_RP_ID || answer.length !== KDF_SALT_BYTES) {
    wipe(answer)
    throw new VaultError('crypto-unavailable', 'this authenticator cannot be used here; use another one, or another way', { where: 'passkey', reason: 'malformed' })
  }
  const known = transports.filter((transport) => typeof transport === 'string' && transport.length <= MAX_TRANSPORT).slice(0, MAX_TRANSPORTS)
  return { answer, kdf: { name: 'WebAuthn-PRF', salt, credentialId, rpId, transports: known } }
}

/** The key is kept before anything says that it opens the vault: a crash in between leaves a key of nothing. */
async function makeDeviceSlot({ deviceKeys }: SlotPorts, vaultKey: Bytes, vaultId: VaultId): Promise<CreatedSlot<SecretSlot>> {
  if (deviceKeys === undefined) throw new VaultError('storage-unavailable', 'this browser keeps no keys', { where: 'device-key' })
  const raw = randomBytes(32)
  const key = await importHkdfKey(raw)
  wipe(raw)
  const created = await createDeviceSlot(key, vaultKey, vaultId)
  await deviceKeys.keep(toBase64Url(created.slot.id), key)
  return created
}
