// An archive that this engine makes is read by the stand-alone reader in Node, and by the engine itself.

import { afterAll, expect, it } from 'vitest'
import { commands } from 'vitest/browser'
import { createRecoveryCode, destroyVault, isVaultError, openVault, verifyArchive } from '../../src/index.ts'
import { asJson, timeless, type JsonExport, type ToolRecord } from '../kit/archive-json.ts'
import { fillOddly, ODD_COUNTS } from '../kit/odd-vault.ts'

const NAME = `archive ${crypto.randomUUID()}`
afterAll(() => destroyVault(NAME))

const base64 = (bytes: Uint8Array): string => {
  let text = ''
  for (let at = 0; at < bytes.length; at += 32_768) text += String.fromCharCode(...bytes.subarray(at, at + 32_768))
  return btoa(text)
}

it('is read by another program, verifies, and says what is wrong with a damaged one', { timeout: 60_000 }, async () => {
  const vault = await openVault({ name: NAME })
  if (vault.state !== 'empty') throw new Error(vault.state)
  const open = await vault.create('correct horse battery staple')
  await fillOddly(open)
  const recoveryCode = await createRecoveryCode()
  const { stream, report } = await open.exportArchive({ recoveryCode, password: 'a long password' })
  const file = await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).blob()
  expect((await report).counts).toEqual(ODD_COUNTS)
  const plain = JSON.parse(await new Response((await open.exportJson({ unprotected: true })) as ReadableStream<Uint8Array<ArrayBuffer>>).text()) as JsonExport
  const anonymous = JSON.parse(await new Response((await open.exportJson({ unprotected: true, anonymise: {} })) as ReadableStream<Uint8Array<ArrayBuffer>>).text()) as JsonExport
  expect(anonymous.chatLogs.map(({ messages }) => messages.length)).toEqual(plain.chatLogs.map(({ messages }) => messages.length))
  expect(anonymous.sessions.map(({ id }) => id)).toEqual(plain.sessions.map((_, i) => `session-${i + 1}`))
  const bytes = new Uint8Array(await file.arrayBuffer())
  const lines = (await commands.openWithTool(base64(bytes), recoveryCode)).trimEnd().split('\n').map((line) => JSON.parse(line) as ToolRecord)
  expect(asJson(lines)).toEqual(timeless(plain))
  for (const source of [file, file.stream(), bytes]) expect((await verifyArchive(source, { recoveryCode })).counts).toEqual(ODD_COUNTS)
  expect((await verifyArchive(file, { password: 'a long password' })).counts).toEqual(ODD_COUNTS)
  const outcome = (source: Blob | Uint8Array, secret: object = { recoveryCode }): Promise<string> =>
    verifyArchive(source, secret).then(
      () => 'verified',
      (error: unknown) => (isVaultError(error) ? error.code : String(error)),
    )
  expect(await outcome(file.slice(0, file.size - 1))).toBe('archive-truncated')
  expect(await outcome(file.slice(0, 100))).toBe('archive-truncated')
  expect(await outcome(new Blob([file, 'x']))).toBe('corrupt')
  for (const at of [20, 3000, bytes.length >> 1, bytes.length - 20]) {
    const damaged = bytes.slice()
    damaged[at]! ^= 4
    expect(['corrupt', 'wrong-password', 'tampered', 'unsupported-version'], `byte ${at}`).toContain(await outcome(damaged))
  }
  expect(await outcome(file, { recoveryCode: await createRecoveryCode() })).toBe('wrong-password')
  expect(await open.check()).toMatchObject({ ok: true })
  await open.lock()
})

it('is the state at one commit of a vault that two tabs write to meanwhile', { timeout: 60_000 }, async () => {
  const vault = await openVault({ name: NAME })
  const beside = await openVault({ name: NAME })
  if (vault.state !== 'locked' || beside.state !== 'locked') throw new Error(`${vault.state}, ${beside.state}`)
  const [open, other] = await Promise.all([vault.unlock('correct horse battery staple'), beside.unlock('correct horse battery staple')])
  const text = (i: number, j: number): string => `text ${i} ${j} ${Math.sin(i * 100 + j)}`.repeat(1 + (j % 40))
  await open.load(Array.from({ length: 40 }, (_, i) => ({ session: { id: `storm ${i}`, chatLogId: `storm ${i}/log` }, messages: Array.from({ length: 80 }, (__, j) => ({ id: `${i}/${j}`, senderId: 'ada', type: 'user' as const, content: text(i, j), timestamp: j })) })))
  const plainOf = async (): Promise<JsonExport> => JSON.parse(await new Response((await open.exportJson({ unprotected: true })) as ReadableStream<Uint8Array<ArrayBuffer>>).text()) as JsonExport
  const recoveryCode = await createRecoveryCode()
  // One export waits for the other; nothing is written between the two.
  const plain = await plainOf()
  const { stream } = await open.exportArchive({ recoveryCode })
  const reader = stream.getReader()
  const parts = [(await reader.read()).value!]
  let ended = false
  let written = 0
  const storm = async (tab: typeof open, which: number): Promise<void> => {
    for (let i = which; !ended; i += 2) {
      await tab.chatLogs.append(`storm ${20 + (i % 20)}/log`, { senderId: 'bob', type: 'assistant', content: `meanwhile ${i}` })
      if (i < 16) await tab.sessions.delete(`storm ${i}`)
      written++
    }
  }
  const storms = Promise.all([storm(open, 0), storm(other, 1)])
  for (;;) {
    // However slow the engine is: both tabs have written a few times between any two pieces.
    for (const enough = written + 4; written < enough; ) await new Promise((resolve) => setTimeout(resolve, 5))
    const { done, value } = await reader.read()
    if (done) break
    parts.push(value)
  }
  ended = true
  await storms
  expect(parts.length).toBeGreaterThan(2)
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer())
  const lines = (await commands.openWithTool(base64(bytes), recoveryCode)).trimEnd().split('\n').map((line) => JSON.parse(line) as ToolRecord)
  expect(asJson(lines)).toEqual(timeless(plain))
  expect(await open.check()).toMatchObject({ ok: true })
  await open.lock()
})

it('ends with the page’s wish, and leaves the vault free', { timeout: 60_000 }, async () => {
  const vault = await openVault({ name: NAME })
  if (vault.state !== 'locked') throw new Error(vault.state)
  const open = await vault.unlock('correct horse battery staple')
  const stop = new AbortController()
  const { stream, report } = await open.exportArchive({ recoveryCode: await createRecoveryCode(), signal: stop.signal })
  const reader = stream.getReader()
  await reader.read()
  stop.abort(new Error('enough'))
  await expect((async () => { for (;;) if ((await reader.read()).done) return })()).rejects.toThrow('enough')
  await expect(report).rejects.toThrow('enough')
  await open.sessions.create()
  expect(await open.checkpoint()).toBe(true)
  await open.lock()
})

it('writes snapshots into private files, verifies them, and keeps the last', { timeout: 60_000 }, async () => {
  const vault = await openVault({ name: NAME })
  if (vault.state !== 'locked') throw new Error(vault.state)
  const open = await vault.unlock('correct horse battery staple')
  const recoveryCode = await createRecoveryCode()
  await open.backup.setSecrets({ recoveryCode })
  if (!('createWritable' in FileSystemFileHandle.prototype)) {
    // Private files that a page cannot write, as in this build of WebKitGTK: said, and nothing else changes.
    await expect(open.backup.run({ to: 'snapshots' })).rejects.toMatchObject({ code: 'storage-unavailable' })
    expect((await open.backup.status()).last?.automatic).not.toBe(true)
    await open.lock()
    return
  }
  const first = await open.backup.run({ to: 'snapshots', keep: 1 })
  const second = await open.backup.run({ to: 'snapshots', keep: 1 })
  expect(second.removed).toEqual([first.name])
  const files = await open.backup.list('snapshots')
  expect(files.map(({ name, bytes }) => [name, bytes])).toEqual([[second.name, second.bytes]])
  const file = await open.backup.read('snapshots', second.name)
  expect((await verifyArchive(file, { recoveryCode })).archiveId).toBe(second.archiveId)
  expect((await open.backup.status()).last).toMatchObject({ archiveId: second.archiveId, automatic: true })
  await open.lock()
  const root = await navigator.storage.getDirectory()
  await (await root.getDirectoryHandle('sealed-vault-snapshots')).removeEntry(encodeURIComponent(NAME), { recursive: true })
})
