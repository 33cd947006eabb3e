// The page whose browser is killed while it takes over an archive. Driven by import-kills.mjs.

import { openVault, type UnlockedVault } from '../../src/index.js'
import type { CorpusOptions } from '../kit/corpus.js'
import { conversationsOf, digestOf, NAME, PASSWORD, Teller } from './kill-page-parts.js'

const CODE = '008J-4CT4-ANK7-F24S-NAXW-SQFE-ZW0J-6HB7-5KJQ'

export interface TakenAgain {
  readonly openMs: number
  /** Messages that were there before the import was done again. */
  readonly found: number
  /** Of everything that is there afterwards. */
  readonly digest: string
  readonly isUnfinished: boolean
  readonly faults: readonly string[]
}

async function created(): Promise<UnlockedVault> {
  const vault = await openVault({ name: NAME })
  if (vault.state !== 'empty') throw new Error(`the profile is not fresh: the vault is ${vault.state}`)
  return vault.create(PASSWORD)
}

/** Loads everything, leaves an archive of it with the harness, and says what it holds. */
export async function makeArchive(corpus: CorpusOptions): Promise<string> {
  const open = await created()
  await open.load(conversationsOf(corpus))
  await open.brains.put({ entityId: 'guide', model: 'small', memories: ['x'.repeat(100_000)] })
  const { stream } = await open.exportArchive({ recoveryCode: CODE })
  const body = await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).blob()
  await fetch('/archive', { method: 'POST', body })
  const digest = await digestOf(open)
  await open.lock()
  return digest
}

const archive = async (): Promise<Blob> => (await fetch('/archive')).blob()

/** Takes the archive over; with `endless` it stays open afterwards, until somebody ends the browser. @returns how long it took, in ms */
export async function takeArchive(run: number, endless: boolean): Promise<number> {
  const teller = new Teller(run)
  const open = await created()
  teller.tell({ phase: 'ready' })
  await teller.arrived()
  const file = await archive()
  teller.tell({ phase: 'loading' })
  const started = performance.now()
  await open.importArchive(file, { recoveryCode: CODE, onProgress: ({ phase, done }) => phase === 'import' && teller.tell({ conversations: done }) })
  const ms = performance.now() - started
  teller.tell({ phase: 'loaded' })
  if (endless) await new Promise(() => undefined)
  await open.lock()
  return ms
}

/** Opens what a browser left behind, looks at it, and takes the archive over once more. */
export async function takeAgain(): Promise<TakenAgain> {
  const started = performance.now()
  const vault = await openVault({ name: NAME })
  if (vault.state !== 'locked') throw new Error(`the vault is ${vault.state}`)
  const open = await vault.unlock(PASSWORD)
  const openMs = performance.now() - started
  const faults: string[] = []
  const check = async (): Promise<void> => {
    const report = await open.check()
    faults.push(...report.problems.map((problem) => `check: ${JSON.stringify(problem)}`))
  }
  await check()
  let found = 0
  const counts = new Map((await open.sessions.list()).map((session) => [session.chatLogId as string, session.messageCount]))
  for await (const { chatLogId, messages } of open.chatLogs.readAll()) {
    found += messages.length
    if (messages.length !== counts.get(chatLogId)) faults.push(`${chatLogId} has ${messages.length} messages, its session says ${counts.get(chatLogId)}`)
  }
  const isUnfinished = (await open.backup.status()).unfinishedImport !== undefined
  await open.importArchive(await archive(), { recoveryCode: CODE })
  await check()
  const digest = await digestOf(open)
  await open.lock()
  return { openMs, found, digest, isUnfinished, faults }
}
