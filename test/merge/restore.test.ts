// A vault from an archive, whatever is there under its name.

import { describe, expect, it } from 'vitest'
import { VaultError } from '../../src/errors.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { createMemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import { restoreVaultIn } from '../../src/vault/restore.js'
import { archiveOf, CODE, contentOf } from '../kit/devices.js'
import { fillOddly } from '../kit/odd-vault.js'
import { PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'

const NEW = 'another password altogether'

async function oddArchive(): Promise<{ bytes: Uint8Array<ArrayBuffer>; content: unknown }> {
  const open = await testBrowser().tab()
  await fillOddly(open)
  return { bytes: await archiveOf(open), content: await contentOf(open) }
}

const restore = ({ environment }: TestBrowser, source: Uint8Array | ReadableStream<Uint8Array>, options: object = {}) => restoreVaultIn(environment, { name: 'test' }, source, { recoveryCode: CODE, newPassword: NEW, ...options })

async function unlocked(browser: TestBrowser, password: string) {
  const vault = await browser.open()
  if (vault.state !== 'locked') throw new Error(vault.state)
  return vault.unlock(password)
}

describe('restoring', () => {
  it('makes a vault where there is none, under the new password', async () => {
    const { bytes, content } = await oddArchive()
    const browser = testBrowser()
    const { open, report } = await restore(browser, new Blob([bytes]).stream())
    expect(report.counts.sessions.added).toBe(4)
    expect(await contentOf(open)).toEqual(content)
    await open.lock()
    expect(await contentOf(await unlocked(browser, NEW))).toEqual(content)
  })

  it('takes the place of a vault whose password is forgotten, when that is said', async () => {
    const { bytes, content } = await oddArchive()
    const browser = testBrowser()
    const before = await browser.tab()
    await before.preferences.set('mine', 1)
    await before.lock()
    await expect(restore(browser, bytes)).rejects.toMatchObject({ code: 'conflict', details: { where: 'restore', reason: 'locked' } })
    expect(await (await unlocked(browser, PASSWORD)).preferences.get('mine')).toBe(1)
    const { open } = await restore(browser, bytes, { replace: true })
    expect(await contentOf(open)).toEqual(content)
    await open.lock()
    await expect(unlocked(browser, PASSWORD)).rejects.toMatchObject({ code: 'wrong-password' })
  })

  it('takes the place of one that was wiped', async () => {
    const { bytes, content } = await oddArchive()
    const homes = new Map<string, string>()
    const lost = testBrowser({ homes: [memoryHome(homes)] })
    await (await lost.tab()).lock()
    const browser = testBrowser({ homes: [memoryHome(homes)] })
    expect((await browser.open()).state).toBe('wiped')
    await expect(restore(browser, bytes)).rejects.toMatchObject({ code: 'conflict', details: { reason: 'wiped' } })
    expect(await contentOf((await restore(browser, bytes, { replace: true })).open)).toEqual(content)
  })

  it('takes the place of one whose database does not open, if it can be deleted', async () => {
    const { bytes, content } = await oddArchive()
    const disk = createMemoryDisk()
    const factory = memoryFactory(disk)
    let isBroken = true
    const backend = () => ({
      ...factory,
      open: async (name: string) => (isBroken ? Promise.reject(new VaultError('storage-unavailable', 'broken')) : factory.open(name)),
      destroy: async (name: string) => {
        isBroken = false
        await factory.destroy(name)
      },
    })
    const browser = testBrowser({ disk, backend })
    expect((await browser.open()).state).toBe('unavailable')
    expect(await contentOf((await restore(browser, bytes, { replace: true })).open)).toEqual(content)
  })

  it('deletes nothing for a file that is damaged, cut off, of changes or a part alone or opened by something else, nor under a password that can be none', async () => {
    const { bytes } = await oddArchive()
    const browser = testBrowser()
    const open = await browser.tab()
    await open.preferences.set('mine', 1)
    const whole = await archiveOf(open)
    await open.preferences.set('mine', 2)
    const changes = await archiveOf(open, { since: whole.named! })
    const part = await archiveOf(open, { sessionIds: [] })
    await open.lock()
    const flipped = bytes.slice()
    flipped[flipped.length - 40]! ^= 1
    const cases: [Uint8Array, object, string][] = [
      [flipped, {}, 'corrupt'],
      [bytes.subarray(0, -9), {}, 'archive-truncated'],
      [changes, {}, 'conflict'],
      [part, {}, 'conflict'],
      [bytes, { recoveryCode: undefined, password: 'wrong' }, 'invalid-value'],
      [bytes, { newPassword: '' }, 'invalid-value'],
    ]
    for (const [file, options, code] of cases) {
      const error = (await restore(browser, file, { replace: true, ...options }).then(
        () => undefined,
        (failure: unknown) => failure,
      )) as VaultError | undefined
      expect(error, code).toBeInstanceOf(VaultError)
      if (code !== 'invalid-value' || 'newPassword' in options) expect(error!.code).toBe(code)
    }
    expect(await (await unlocked(browser, PASSWORD)).preferences.get('mine')).toBe(2)
  })
})
