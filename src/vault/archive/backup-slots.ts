// What opens the archives that the vault writes by itself: slots whose secret was typed once. The vault keeps their public keys and binding keys, sealed, and
// wraps the key of each archive for them; the secret itself it does not keep.

import * as z from 'zod/mini'
import type { Bytes, VaultId } from '../../brand.js'
import { fromBase64Url, randomBytes, toBase64Url, wipe } from '../../crypto/bytes.js'
import { calibrateIterations, encodePassword, type KdfPolicy } from '../../crypto/kdf.js'
import { createPasswordSlot, createRecoverySlot, rewrapSlot, type CreatedSlot, type SecretSlot } from '../../crypto/key-slots.js'
import { decodeRecoveryCode } from '../../crypto/recovery-code.js'
import { VaultError } from '../../errors.js'
import type { Access } from '../core/access.js'
import { encodeSlot, ownedSlot } from '../core/slot-json.js'
import { ownValue, setOwnValue } from '../records/preferences.js'
import type { JsonValue } from '../records/values.js'
import { checkSecrets, encodeArchiveHeader, type ArchiveHeader, type ArchiveSecrets } from './archive-header.js'

const NAME = 'backup slots'
const stored = z.array(z.object({ slot: ownedSlot, bindingKey: z.string() })).check(z.minLength(1))

/**
 * Sets what opens archives from now on; those written before keep opening with what was set then.
 * @throws {VaultError} `invalid-value`; {TypeError} without any secret
 */
export async function setBackupSecrets(access: Access, secrets: ArchiveSecrets, policy: KdfPolicy): Promise<void> {
  checkSecrets(secrets)
  const { password, recoveryCode } = secrets
  const made: CreatedSlot<SecretSlot>[] = []
  // What a slot holds when it is made is of no use to anybody: each archive has a key of its own.
  const none = randomBytes(32)
  const owner = randomBytes(16) as VaultId
  try {
    if (recoveryCode !== undefined) made.push(await usingBytes(decodeRecoveryCode(recoveryCode), (code) => createRecoverySlot(code, none, owner)))
    if (password !== undefined) {
      const iterations = await calibrateIterations(policy, () => performance.now())
      made.push(await usingBytes(encodePassword(password), (bytes) => createPasswordSlot(bytes, none, owner, iterations, policy)))
    }
    await setOwnValue(access, NAME, made.map(({ slot, bindingKey }) => ({ slot: encodeSlot({ ...slot, owner }) as JsonValue, bindingKey: toBase64Url(bindingKey) })))
  } finally {
    wipe(none)
    for (const { bindingKey } of made) wipe(bindingKey)
  }
}

/** Whether there is something to write archives for. */
export function hasBackupSecrets(access: Access): Promise<boolean> {
  return access.view(async (state) => ownValue(state, NAME) !== undefined)
}

/**
 * The header of the next archive, and its key, the caller's to zero.
 * @throws {VaultError} `not-found` when no secret was ever set
 */
export async function createBackupHeader(access: Access): Promise<{ readonly header: ArchiveHeader; readonly key: Bytes }> {
  const value = await access.view(async (state) => ownValue(state, NAME))
  const parsed = stored.safeParse(value)
  if (!parsed.success) throw new VaultError('not-found', 'nothing says what is to open the archives of this vault; set a password or recovery code for them first', { where: 'backup' })
  const archiveId = randomBytes(16) as VaultId
  const key = randomBytes(32)
  const slots = []
  for (const { slot, bindingKey } of parsed.data) {
    const known = slot as SecretSlot
    slots.push(await usingBytes(fromBase64Url(bindingKey), (bytes) => rewrapSlot(known, bytes, key, known.owner!)))
  }
  return { header: encodeArchiveHeader(archiveId, slots), key }
}

async function usingBytes<T>(bytes: Bytes, work: (bytes: Bytes) => Promise<T>): Promise<T> {
  try {
    return await work(bytes)
  } finally {
    wipe(bytes)
  }
}
