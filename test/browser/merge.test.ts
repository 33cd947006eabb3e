// Two vaults that go on from one archive and take over each other's, in the store of this engine.

import { expect, it } from 'vitest'
import { destroyVault, openVault, restoreVault } from '../../src/index.ts'
import { archiveOf, CODE, contentOf, take } from '../kit/devices.ts'
import { fillOddly } from '../kit/odd-vault.ts'
import { seededRandom } from '../kit/random.ts'
import { edit, exchange, type Device } from '../merge/two-devices.ts'

async function device(name: string): Promise<Device> {
  const vault = await openVault({ name: `${name} ${crypto.randomUUID()}` })
  if (vault.state !== 'empty') throw new Error(vault.state)
  return { open: await vault.create('correct horse battery staple'), name }
}

it('come to the same', { timeout: 60_000 }, async () => {
  const random = seededRandom(1)
  const [a, b] = [await device('a'), await device('b')]
  await fillOddly(a.open)
  await take(b.open, await archiveOf(a.open))
  expect(await contentOf(b.open)).toEqual(await contentOf(a.open))
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 15; i++) for (const side of [a, b]) await edit(side, random)
    await exchange(a, b, 'keep-newer', true)
    await exchange(a, b, 'keep-newer', false)
    expect(await contentOf(b.open)).toEqual(await contentOf(a.open))
    for (const { open } of [a, b]) {
      await open.checkpoint()
      expect(await open.check()).toMatchObject({ ok: true })
    }
  }
  expect(await contentOf(b.open)).toEqual(await contentOf(a.open))
  for (const { open } of [a, b]) {
    await open.lock()
    await destroyVault(open.name)
  }
})

it('a vault whose password is forgotten gives way to an archive', { timeout: 60_000 }, async () => {
  const { open } = await device('source')
  await fillOddly(open)
  const [file, content] = [await archiveOf(open), await contentOf(open)]
  await open.lock()
  await expect(restoreVault({ name: open.name }, file, { recoveryCode: CODE, newPassword: 'another one entirely' })).rejects.toMatchObject({ code: 'conflict' })
  const restored = await restoreVault({ name: open.name }, new Blob([file]), { recoveryCode: CODE, newPassword: 'another one entirely', replace: true })
  expect(await contentOf(restored.open)).toEqual(content)
  await restored.open.lock()
  const again = await openVault({ name: open.name })
  if (again.state !== 'locked') throw new Error(again.state)
  const unlocked = await again.unlock('another one entirely')
  expect(await contentOf(unlocked)).toEqual(content)
  await unlocked.lock()
  await destroyVault(open.name)
})
