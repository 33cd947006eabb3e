// Keys of vaults as a browser keeps them, in memory: `copy` is what whoever copies the folder has of them.

import type { DeviceKeys } from '../../src/vault/core/slot-openers.js'

export type MemoryDeviceKeys = ((vaultName: string) => DeviceKeys) & { readonly copy: () => MemoryDeviceKeys; readonly size: () => number }

export function memoryDeviceKeys(kept = new Map<string, CryptoKey>()): MemoryDeviceKeys {
  const nameOf = (vaultName: string, slotId: string): string => JSON.stringify([vaultName, slotId])
  const open = (vaultName: string): DeviceKeys => ({
    keep: async (slotId, key) => void kept.set(nameOf(vaultName, slotId), key),
    get: async (slotId) => kept.get(nameOf(vaultName, slotId)),
    forget: async (slotIds) => {
      for (const slotId of slotIds) kept.delete(nameOf(vaultName, slotId))
    },
    kept: async () => [...kept.keys()].map((name) => JSON.parse(name) as [string, string]).filter(([vault]) => vault === vaultName).map(([, slotId]) => slotId),
  })
  return Object.assign(open, { copy: () => memoryDeviceKeys(new Map(kept)), size: () => kept.size })
}
