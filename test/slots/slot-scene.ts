// A vault with one slot of each kind, and what opens each of them.

import { createRecoveryCode } from '../../src/crypto/recovery-code.js'
import type { Secret } from '../../src/vault/core/slot-openers.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { Authenticator } from '../kit/authenticator.js'
import { memoryDeviceKeys, type MemoryDeviceKeys } from '../kit/memory-device-keys.js'
import { PASSWORD, testBrowser, type BrowserParts, type TestBrowser } from '../kit/tabs.js'
import { lockedOf } from '../kit/vault-states.js'

export type Kind = 'password' | 'recovery' | 'passkey' | 'device'
export const KINDS: readonly Kind[] = ['password', 'recovery', 'passkey', 'device']

export interface SlotScene {
  readonly browser: TestBrowser
  readonly authenticator: Authenticator
  readonly deviceKeys: MemoryDeviceKeys
  readonly open: UnlockedVault
  readonly secrets: Record<Kind, Secret>
  readonly ids: Record<Kind, string>
}

/** A vault with a password, and what else there could be. */
export async function vaultWithPassword(parts: BrowserParts = {}): Promise<Omit<SlotScene, 'secrets' | 'ids'>> {
  const authenticator = new Authenticator()
  const deviceKeys = memoryDeviceKeys()
  const browser = testBrowser({ passkeys: authenticator.passkeys, deviceKeys, ...parts })
  const open = await browser.tab()
  await open.preferences.set('theme', 'dark')
  return { browser, authenticator, deviceKeys, open }
}

export async function vaultWithAll(parts: BrowserParts = {}): Promise<SlotScene> {
  const scene = await vaultWithPassword(parts)
  const { open } = scene
  const code = createRecoveryCode()
  const recovery = await open.slots.add(PASSWORD, { kind: 'recovery', code, typedBack: code.toLowerCase(), name: 'in the drawer' })
  const passkey = await open.slots.add(PASSWORD, { kind: 'passkey', name: 'my phone' })
  const device = await open.slots.add(PASSWORD, { kind: 'device', name: 'this laptop' })
  const [password] = await open.slots.list()
  return {
    ...scene,
    secrets: { password: PASSWORD, recovery: { recoveryCode: code }, passkey: { passkey: true }, device: { device: true } },
    ids: { password: password!.id, recovery: recovery.id, passkey: passkey.id, device: device.id },
  }
}

/** Opens with one of them, says what the vault says, and locks again. */
export async function opensWith(browser: TestBrowser, secret: Secret): Promise<unknown> {
  const open = await (await lockedOf(browser)).unlock(secret)
  const theme = await open.preferences.get('theme')
  const report = await open.check()
  await open.lock()
  return report.ok ? theme : report
}
