// Headers without a vault around them, made and opened with passwords that cost nothing.

import type { VaultKeys } from '../../src/crypto/keyring.js'
import { createHeader, unlockHeader, type BuiltHeader, type OpenedHeader } from '../../src/vault/core/credentials.js'
import type { UnprovenHeader } from '../../src/vault/core/header.js'
import { prepareSlot } from '../../src/vault/core/new-slot.js'
import { replacePassword } from '../../src/vault/core/slot-edits.js'
import { openerOf, withOpener, type Secret } from '../../src/vault/core/slot-openers.js'
import { fastSlotPorts } from './tabs.js'

const passwordSlot = (password: string) => prepareSlot({ kind: 'password', password }, { ports: fastSlotPorts, vaultName: 'test', slots: [] })

export async function headerWith(password: string): Promise<OpenedHeader> {
  const slot = await passwordSlot(password)
  try {
    return await createHeader(fastSlotPorts.kdf, (vaultKey, vaultId) => slot.create(vaultKey, vaultId, []))
  } finally {
    slot.wipe()
  }
}

export function unlockedWith(unproven: UnprovenHeader, secret: Secret): Promise<OpenedHeader> {
  return unlockHeader(unproven, openerOf(secret, fastSlotPorts))
}

export async function withPassword(newest: UnprovenHeader, keys: VaultKeys, current: Secret, next: string): Promise<BuiltHeader> {
  const slot = await passwordSlot(next)
  try {
    return await withOpener(current, fastSlotPorts, (opener) => replacePassword(newest, keys, opener, slot))
  } finally {
    slot.wipe()
  }
}
