// The vault in a real browser: real IndexedDB, real WebCrypto, the real key derivation.

import { expect, it } from 'vitest'
import { destroyVault, listVaults, openVault, type UnlockedVault } from '../../src/index.js'

const PASSWORD = 'correct horse battery staple'

async function tab(name: string): Promise<UnlockedVault> {
  const vault = await openVault({ name })
  if (vault.state === 'empty') return vault.create(PASSWORD)
  if (vault.state === 'locked') return vault.unlock(PASSWORD)
  throw new Error(`the vault is ${vault.state}`)
}

it('creates, writes, locks, unlocks and reads', async () => {
  const name = `whole ${crypto.randomUUID()}`
  const open = await tab(name)
  const session = await open.sessions.create({ participants: ['ada'] })
  const messages = await open.chatLogs.append(
    session.chatLogId,
    Array.from({ length: 100 }, (_, i) => ({ senderId: 'ada', type: 'user' as const, content: `message ${i} ${'\uD800'}` })),
  )
  const image = 'QUJD'.repeat(100_000)
  const withImage = await open.chatLogs.append(session.chatLogId, { senderId: 'ada', type: 'user', content: 'look', metadata: { images: [image] } })
  await open.checkpoint()
  await open.chatLogs.append(session.chatLogId, { senderId: 'ada', type: 'user', content: 'after' })
  expect(await open.check()).toMatchObject({ ok: true, problems: [] })
  await open.lock()
  await expect(open.sessions.list()).rejects.toMatchObject({ code: 'locked' })

  const locked = await openVault({ name })
  if (locked.state !== 'locked') throw new Error(locked.state)
  await expect(locked.unlock('wrong')).rejects.toMatchObject({ code: 'wrong-password' })
  const again = await locked.unlock(PASSWORD)
  const read = await again.chatLogs.read(session.chatLogId, { limit: 1000 })
  expect(read.slice(0, 100)).toEqual(messages)
  expect(read[100]?.metadata?.images).toEqual([image])
  expect(read[100]?.id).toBe(withImage.id)
  expect(read).toHaveLength(102)
  expect(await again.check()).toMatchObject({ ok: true, problems: [], leftOvers: 0 })
  await again.lock()
  expect(await listVaults()).toContain(name)
  await destroyVault(name)
  expect(await listVaults()).not.toContain(name)
  expect((await openVault({ name })).state).toBe('empty')
})
