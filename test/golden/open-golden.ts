// Puts a golden vault on a disk in memory, under the key derivation it was made with.

import { readFileSync } from 'node:fs'
import { importHkdfKey } from '../../src/crypto/hkdf.js'
import { DEFAULT_KDF_POLICY } from '../../src/crypto/kdf.js'
import { STORE_IDS, type StoreName } from '../../src/stores/backend.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import type { RawRows } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import type { LockedVault } from '../../src/vault/closed-vault.js'
import type { Secret } from '../../src/vault/core/slot-openers.js'
import { openVaultIn } from '../../src/vault/open-vault.js'
import { Authenticator } from '../kit/authenticator.js'
import { memoryDeviceKeys } from '../kit/memory-device-keys.js'
import { testBrowser } from '../kit/tabs.js'

export interface Golden {
  readonly name: string
  readonly password: string
  readonly refused: string
  /** What else opens it, an authenticator's secret and keys the browser kept; left out of vaults that had a password alone. */
  readonly alsoOpens?: readonly Secret[]
  readonly slots?: readonly unknown[]
  readonly authenticator?: { readonly credentialId: string; readonly secret: string }
  readonly deviceKeys?: Readonly<Record<string, string>>
  readonly secondHome: [string, string][]
  readonly rows: Record<StoreName, [number | string | { base64: string }, string][]>
  readonly holds: unknown
  /** Messages found by some queries, in order; left out of vaults that had no index. */
  readonly searches?: Readonly<Record<string, readonly string[]>>
}

const bytes = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'))

export async function openGolden(file: string): Promise<{ golden: Golden; vault: LockedVault; again: () => Promise<LockedVault>; rows: (store: StoreName) => RawRows }> {
  const golden = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as Golden
  const deviceKeys = memoryDeviceKeys()
  for (const [id, raw] of Object.entries(golden.deviceKeys ?? {})) await deviceKeys(golden.name).keep(id, await importHkdfKey(bytes(raw)))
  const passkeys = golden.authenticator && Authenticator.of(bytes(golden.authenticator.credentialId), bytes(golden.authenticator.secret)).passkeys
  const browser = testBrowser({ homes: [memoryHome(new Map(golden.secondHome))], deviceKeys, passkeys })
  await (await memoryFactory(browser.disk).open(golden.name)).close()
  const rows = (store: StoreName) => browser.disk.rows(golden.name, store)
  for (const store of Object.keys(STORE_IDS) as StoreName[]) {
    for (const [key, value] of golden.rows[store] ?? []) rows(store).set(typeof key === 'object' ? bytes(key.base64) : key, bytes(value))
  }
  const again = async (): Promise<LockedVault> => {
    const vault = await openVaultIn({ ...browser.environment, kdf: DEFAULT_KDF_POLICY }, { name: golden.name })
    if (vault.state !== 'locked') throw new Error(vault.state)
    return vault
  }
  return { golden, vault: await again(), again, rows }
}
