// Backups that the vault makes by itself: what opens them, which stay, and that none goes before a new one has proved readable.

import { describe, expect, it } from 'vitest'
import { createRecoveryCode } from '../../src/crypto/recovery-code.js'
import { verify } from '../../src/vault/archive/verify-archive.js'
import type { VaultEvent } from '../../src/vault/vault-events.js'
import { asJson, jsonOf, readWithTool, timeless } from '../kit/archives.js'
import { memoryDirectory } from '../kit/memory-directory.js'
import { insecureFastKdf, testBrowser } from '../kit/tabs.js'
import { outcomeOf, settle } from '../kit/vault-states.js'

const recoveryCode = createRecoveryCode()
const HOUR = 60 * 60 * 1000
const say = (content: string) => ({ senderId: 'ada', type: 'user' as const, content })

async function prepare() {
  let now = Date.UTC(2026, 0, 1)
  const directory = memoryDirectory()
  const browser = testBrowser({ now: () => now, snapshots: async () => directory })
  const open = await browser.tab()
  const { chatLogId } = await open.sessions.create({ id: 'one' })
  const pass = (ms: number) => (now += ms)
  return { browser, open, directory, chatLogId, pass }
}

describe('a backup of its own', () => {
  it('opens with what was set once, each with a key of its own, in the library and without it', async () => {
    const { open, directory, chatLogId, pass } = await prepare()
    await expect(open.backup.run({ to: 'snapshots' })).rejects.toMatchObject({ code: 'not-found' })
    expect(directory.files.size).toBe(0)
    await open.backup.setSecrets({ password: 'for backups', recoveryCode })
    const first = await open.backup.run({ to: 'snapshots' })
    pass(HOUR)
    await open.chatLogs.append(chatLogId, say('more'))
    const second = await open.backup.run({ to: directory })
    expect((await open.backup.list('snapshots')).map(({ name }) => name)).toEqual([first.name, second.name])
    expect(second).toMatchObject({ counts: { sessions: 1, messages: 1 }, removed: [] })
    expect((await open.backup.status()).last).toMatchObject({ archiveId: second.archiveId, automatic: true })
    const file = await open.backup.read('snapshots', second.name)
    expect((await verify(file, { password: 'for backups' }, insecureFastKdf)).counts.messages).toBe(1)
    const records = await readWithTool(directory.files.get(second.name)!, recoveryCode, { recoveryCode: true })
    expect(asJson(records)).toEqual(timeless(await jsonOf(await open.exportJson({ unprotected: true }))))
    await expect(verify(file, { password: 'another' }, insecureFastKdf)).rejects.toMatchObject({ code: 'wrong-password' })

    // What was set anew opens what comes; what was there opens with what was set then.
    await open.backup.setSecrets({ password: 'a new one' })
    pass(HOUR)
    const third = await open.backup.run({ to: directory })
    expect((await verify(await open.backup.read(directory, third.name), { password: 'a new one' }, insecureFastKdf)).archiveId).toBe(third.archiveId)
    await expect(verify(await open.backup.read(directory, third.name), { recoveryCode }, insecureFastKdf)).rejects.toMatchObject({ code: 'unsupported-version' })
    expect((await verify(await open.backup.read(directory, first.name), { recoveryCode }, insecureFastKdf)).archiveId).toBe(first.archiveId)
    // A slot in another archive opens nothing there.
    const [a, b] = [directory.files.get(first.name)!, directory.files.get(second.name)!]
    const spliced = new Uint8Array([...a.subarray(0, 12 + new DataView(a.buffer).getUint32(8)), ...b.subarray(12 + new DataView(b.buffer).getUint32(8))])
    await expect(verify(spliced, { recoveryCode }, insecureFastKdf)).rejects.toMatchObject({ code: 'corrupt' })
  })

  it('stays with the last few; other files of the directory are left alone', async () => {
    const { open, directory, pass } = await prepare()
    await open.backup.setSecrets({ recoveryCode })
    directory.files.set('holiday.jpg', new Uint8Array(5))
    directory.files.set('backup-2026-01-01T00-00-00-000Z.svarchive', new Uint8Array(0))
    const names: string[] = []
    for (let i = 0; i < 4; i++) {
      pass(HOUR)
      const { name, removed } = await open.backup.run({ to: directory, keep: 2 })
      names.push(name)
      expect(removed).toEqual(i === 0 ? ['backup-2026-01-01T00-00-00-000Z.svarchive'] : i === 1 ? [] : [names[i - 2]])
    }
    expect([...directory.files.keys()].sort()).toEqual([...names.slice(2), 'holiday.jpg'].sort())
    await expect(open.backup.run({ to: directory, keep: 0 })).rejects.toThrow(RangeError)
    await expect(open.backup.read(directory, 'holiday.jpg')).rejects.toMatchObject({ code: 'not-found' })
    await expect(open.backup.read(directory, names[0]!)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('that does not read as it was written, or cannot be written whole, is not kept, and nothing else goes', async () => {
    const { open, directory, pass } = await prepare()
    await open.backup.setSecrets({ recoveryCode })
    const { name, archiveId } = await open.backup.run({ to: directory })
    pass(HOUR)
    directory.damage = (_, bytes) => bytes.map((byte, i) => (i === bytes.length - 40 ? byte ^ 1 : byte))
    await expect(open.backup.run({ to: directory, keep: 1 })).rejects.toMatchObject({ code: 'corrupt' })
    directory.damage = (_, bytes) => bytes.slice(0, -1)
    await expect(open.backup.run({ to: directory, keep: 1 })).rejects.toMatchObject({ code: 'archive-truncated' })
    directory.damage = undefined
    for (const [errorName, code] of [['QuotaExceededError', 'storage-full'], ['NotAllowedError', 'storage-unavailable'], ['NotFoundError', 'not-found']] as const) {
      directory.failWrite = () => new DOMException('no', errorName)
      expect(await outcomeOf(open.backup.run({ to: directory, keep: 1 }))).toBe(code)
    }
    expect([...directory.files.keys()]).toEqual([name])
    expect((await open.backup.status()).last!.archiveId).toBe(archiveId)
    await open.sessions.create({ id: 'two' })
    expect(await open.checkpoint()).toBe(true)
  })

  it('comes by itself when it is time and something changed, from one tab for all, until the lock', async () => {
    const { browser, open, directory, pass, chatLogId } = await prepare()
    const other = await browser.tab()
    await open.backup.setSecrets({ recoveryCode })
    expect(() => open.backup.start({ to: directory, everyMs: 0 })).toThrow(RangeError)
    const wait = async (count: number): Promise<void> => {
      for (let i = 0; i < 1000 && [...directory.files.values()].filter(({ length }) => length > 0).length < count; i++) await settle(10)
      await settle(50)
      expect(directory.files.size).toBe(count)
    }
    // The plan looks as often as its interval says; here the clock of the vault stands still in between.
    const plan = { to: directory, everyMs: 20 }
    const stops = [open.backup.start(plan), other.backup.start(plan)]
    await wait(1)
    pass(HOUR)
    await settle(100)
    expect(directory.files.size).toBe(1)
    await open.chatLogs.append(chatLogId, say('more'))
    await wait(2)
    await other.chatLogs.append(chatLogId, say('soon after'))
    await settle(100)
    expect(directory.files.size).toBe(2)
    for (const stop of stops) stop()
    pass(HOUR)
    await settle(100)
    expect(directory.files.size).toBe(2)
    const warnings: VaultEvent[] = []
    open.subscribe((event) => void (event.kind === 'warning' && warnings.push(event)))
    directory.failWrite = () => new DOMException('no', 'NotAllowedError')
    open.backup.start(plan)
    for (let i = 0; i < 1000 && warnings.length === 0; i++) await settle(10)
    expect(warnings[0]).toMatchObject({ error: { code: 'storage-unavailable' } })
    directory.failWrite = undefined
    await open.lock()
    await settle(100)
    expect(directory.files.size).toBe(2)
  })
})
