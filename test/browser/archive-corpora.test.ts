// Every real corpus at hand in an archive that this engine made, read by the stand-alone reader and held against the plain JSON: with
// `npm run faults -- archives`; a made-up corpus otherwise.

import { expect, it } from 'vitest'
import { commands } from 'vitest/browser'
import { createRecoveryCode, destroyVault, openVault, verifyArchive, type ConversationInput } from '../../src/index.ts'

const names = await commands.corporaAtHand()
/** Given to Node at once. */
const PIECE = 3 * 1024 * 1024

async function* conversationsOf(name: string): AsyncGenerator<ConversationInput, void, undefined> {
  for (let from = 0; ; ) {
    const some = JSON.parse(await commands.corpusConversations(name, from)) as ConversationInput[]
    if (some.length === 0) return
    from += some.length
    yield* some
  }
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 32_766) text += String.fromCharCode(...bytes.subarray(at, at + 32_766))
  return btoa(text)
}

async function keep(exportName: string, file: 'archive' | 'json', from: ReadableStream<Uint8Array>): Promise<void> {
  const held: Uint8Array[] = []
  let length = 0
  const give = async (): Promise<void> => {
    const whole = new Uint8Array(await new Blob(held.splice(0) as Uint8Array<ArrayBuffer>[]).arrayBuffer())
    length = 0
    await commands.keepPiece(exportName, file, base64(whole))
  }
  const reader = from.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    held.push(value)
    length += value.length
    if (length >= PIECE) await give()
  }
  await give()
}

/** Of the plain JSON, but for its time. */
async function digestOf(json: ReadableStream<Uint8Array>): Promise<string> {
  const blob = await new Response(json as ReadableStream<Uint8Array<ArrayBuffer>>).blob()
  const head = (await blob.slice(0, 100).text()).indexOf('"chatLogs"')
  return base64(new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.slice(head).arrayBuffer())))
}

for (const name of names) {
  it(`another program reads the archive of ${name}`, { timeout: 1_800_000 }, async () => {
    const vaultName = `corpus ${name} ${crypto.randomUUID()}`
    const vault = await openVault({ name: vaultName })
    if (vault.state !== 'empty') throw new Error(vault.state)
    const open = await vault.create('correct horse battery staple')
    const pending: ConversationInput[] = []
    // The last few stay in the log, as messages that were just written do.
    async function* folded(): AsyncGenerator<ConversationInput, void, undefined> {
      for await (const conversation of conversationsOf(name)) {
        pending.push(conversation)
        if (pending.length > 3) yield pending.shift()!
      }
    }
    expect((await open.load(folded())).refused).toEqual([])
    for (const { session, messages } of pending) {
      const { chatLogId } = await open.sessions.create(session)
      if (chatLogId === undefined) throw new Error('a session has a chat log')
      await open.chatLogs.append(chatLogId, messages)
    }
    const recoveryCode = await createRecoveryCode()
    const { stream, report } = await open.exportArchive({ recoveryCode })
    const [forNode, forUs] = stream.tee()
    const [, contents] = await Promise.all([keep(vaultName, 'archive', forNode), verifyArchive(forUs, { recoveryCode })])
    const { counts } = await report
    expect(contents.counts).toEqual(counts)
    await keep(vaultName, 'json', await open.exportJson({ unprotected: true }))
    expect(await commands.compareExports(vaultName, recoveryCode)).toBe(counts.messages)
    const digest = await digestOf(await open.exportJson({ unprotected: true }))
    const restoredName = `${vaultName} restored`
    const empty = await openVault({ name: restoredName })
    if (empty.state !== 'empty') throw new Error(empty.state)
    const restored = await empty.create('correct horse battery staple')
    const imported = await restored.importArchive((await open.exportArchive({ recoveryCode })).stream, { recoveryCode })
    expect(imported.counts.messages).toMatchObject({ added: counts.messages, changed: 0, skipped: 0 })
    expect(await digestOf(await restored.exportJson({ unprotected: true }))).toBe(digest)
    await restored.lock()
    await destroyVault(restoredName)
    await open.lock()
    await destroyVault(vaultName)
    if (names.length > 1) console.info(`${name}: ${counts.messages} messages of ${counts.sessions} sessions, read by another program as they are, and restored`)
  })
}
