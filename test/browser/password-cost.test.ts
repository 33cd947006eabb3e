// Argon2id as an app gets it, at its full price, in a real engine; and a database for keys of the browser that nobody asked for.

import { expect, it } from 'vitest'
import { destroyVault, openVault, type UnlockedVault } from '../../src/index.ts'

const PASSWORD = 'correct horse battery staple'

async function unlocked(name: string): Promise<UnlockedVault> {
  const vault = await openVault({ name, passwordKdf: 'argon2id' })
  if (vault.state === 'empty') return vault.create(PASSWORD)
  if (vault.state !== 'locked') throw new Error(vault.state)
  return vault.unlock(PASSWORD)
}

it('a vault is created and opened with Argon2id, 64 MiB and three passes at least', async () => {
  const name = `argon2id-${Date.now()}`
  try {
    const open = await unlocked(name)
    await open.preferences.set('theme', 'dark')
    const [{ argon2id }] = (await open.slots.list()) as unknown as [{ argon2id: { memoryKiB: number; passes: number; lanes: number } }]
    expect(argon2id).toMatchObject({ memoryKiB: 65_536, lanes: 1 })
    expect(argon2id.passes).toBeGreaterThanOrEqual(3)
    expect((await open.audit()).slots).toMatchObject([{ kind: 'password', argon2id, strength: 'as recommended' }])
    await open.lock()
    const started = performance.now()
    const again = await unlocked(name)
    console.log(`unlocked with ${argon2id.passes} passes of Argon2id after ${Math.round(performance.now() - started)} ms`)
    expect(await again.preferences.get('theme')).toBe('dark')
    await again.lock()
  } finally {
    await destroyVault(name)
  }
})

it('who only looks for keys of the browser leaves no database behind', async () => {
  const name = `no-keys-${Date.now()}`
  // Other tests may have kept some.
  await new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase('sealed-vault-device-keys')
    request.onsuccess = resolve
    request.onerror = reject
  })
  const open = await unlocked(name)
  expect((await open.audit()).isUnprotected).toBe(false)
  await open.lock()
  await destroyVault(name)
  expect((await indexedDB.databases()).map((database) => database.name)).not.toContain('sealed-vault-device-keys')
})
