// The page whose browser is killed: writes a vault and says what was acknowledged as soon as it is, or opens what a killed
// browser left behind and compares it with what was written. Driven by kill-runs.mjs.

import { type ConversationInput, type Message, openVault, type UnlockedVault } from '../../src/index.js'
import type { CorpusOptions } from '../kit/corpus.js'
import { makeArchive, takeAgain, takeArchive } from './import-kill-page.js'
import { goOn, makeVault, rotate } from './rotation-kill-page.js'
import { conversationsOf, NAME, PASSWORD, Teller } from './kill-page-parts.js'

/** The chat that gets single appends. */
const SINGLE = 'single appends'
/** Enough to see what is wrong; a lost page would else bring thousands. */
const FAULTS_SHOWN = 20

export interface Written {
  readonly loadMs: number
  /** How many conversations were acknowledged after each commit of the load. */
  readonly commits: readonly number[]
  readonly appended: number
}

export interface Found {
  /** Tabs that had not closed, as the database said before anybody unlocked it. */
  readonly marks: number
  readonly openMs: number
  readonly unlockMs: number
  readonly leftOvers: number
  readonly conversations: number
  readonly appended: number
  /** Everything that is not as it should be. */
  readonly faults: readonly string[]
}

const singleText = (number: number): string => `single append ${number}, ${'so that it has some length '.repeat(1 + (number % 5))}`

/**
 * Loads all conversations and appends single messages meanwhile, each when the one before is acknowledged.
 * With `endless` the appends go on afterwards, until somebody ends the browser; else the vault is locked as it should be.
 */
async function write(corpus: CorpusOptions, run: number, endless: boolean): Promise<Written> {
  const conversations = conversationsOf(corpus)
  const teller = new Teller(run)
  const vault = await openVault({ name: NAME })
  if (vault.state !== 'empty') throw new Error(`the profile is not fresh: the vault is ${vault.state}`)
  const open = await vault.create(PASSWORD)
  await open.sessions.create({ id: SINGLE, chatLogId: SINGLE })
  teller.tell({ phase: 'ready' })
  await teller.arrived()

  let appended = 0
  let loading = true
  const appendAll = async (): Promise<void> => {
    while (loading || endless) {
      await open.chatLogs.append(SINGLE, { senderId: 'ada', type: 'user', content: singleText(appended) })
      teller.tell({ appended: ++appended })
    }
  }
  const commits: number[] = []
  teller.tell({ phase: 'loading' })
  const started = performance.now()
  const appending = appendAll()
  const report = await open.load(conversations, {
    onProgress: ({ done }) => {
      commits.push(done)
      teller.tell({ conversations: done })
    },
  })
  const loadMs = performance.now() - started
  loading = false
  teller.tell({ phase: 'loaded' })
  if (report.loaded !== conversations.length) throw new Error(`${report.loaded} of ${conversations.length} conversations were loaded`)
  await appending
  await teller.arrived()
  await open.lock()
  return { loadMs, commits, appended }
}

/** Counts what tabs have left in the store `marks`, as any page of the origin could. */
function countMarks(): Promise<number> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(`sealed-vault:${NAME}`)
    let said = ''
    opening.onupgradeneeded = (event) => {
      // Only Chromium says so.
      const { dataLoss, dataLossMessage } = event as IDBVersionChangeEvent & { dataLoss?: string; dataLossMessage?: string }
      said = `${event.oldVersion}, ${dataLoss}: ${dataLossMessage}`
      opening.transaction?.abort()
    }
    opening.onerror = () => reject(new Error(`the database of the vault is gone (${said})`, { cause: opening.error }))
    opening.onsuccess = () => {
      const database = opening.result
      const counting = database.transaction('marks').objectStore('marks').count()
      counting.onerror = () => reject(new Error('the marks cannot be counted', { cause: counting.error }))
      counting.onsuccess = () => {
        database.close()
        resolve(counting.result)
      }
    }
  })
}

/** Unlocks what was left behind, checks it, and holds every message against what was written. */
async function verify(corpus: CorpusOptions): Promise<Found> {
  const marks = await countMarks()
  const started = performance.now()
  const vault = await openVault({ name: NAME })
  const openMs = performance.now() - started
  if (vault.state !== 'locked') throw new Error(`the vault is ${vault.state}`)
  const open = await vault.unlock(PASSWORD)
  const unlockMs = performance.now() - started - openMs
  const faults: string[] = []
  open.subscribe((event) => {
    if (event.kind === 'warning') faults.push(`warning: ${event.error.code} ${JSON.stringify(event.error.details)}`)
    if (event.kind === 'locked' && event.reason !== 'asked') faults.push(`locked by itself: ${event.reason}`)
  })
  const report = await open.check()
  faults.push(...report.problems.map((problem) => `check: ${JSON.stringify(problem)}`))
  const conversations = await compareConversations(open, conversationsOf(corpus), faults)
  const appended = await compareAppends(open, faults)
  await open.lock()
  const marksLeft = await countMarks()
  if (marksLeft > 0) faults.push(`${marksLeft} marks are left, but every tab has closed`)
  return { marks, openMs, unlockMs, leftOvers: report.leftOvers, conversations, appended, faults: faults.slice(0, FAULTS_SHOWN) }
}

/** Resolves to how many there are; each must be whole, and nothing else must be there. */
async function compareConversations(open: UnlockedVault, wanted: readonly ConversationInput[], faults: string[]): Promise<number> {
  const sessions = new Map((await open.sessions.list()).map((session) => [session.id as string, session]))
  const texts = new Map<string, readonly Message[]>()
  for await (const { chatLogId, messages } of open.chatLogs.readAll()) texts.set(chatLogId, messages)
  sessions.delete(SINGLE)
  texts.delete(SINGLE)
  let found = 0
  let missing = 0
  for (const { session, messages } of wanted) {
    const id = session.id!
    const stored = sessions.get(id)
    const read = texts.get(`${id}/log`)
    sessions.delete(id)
    texts.delete(`${id}/log`)
    if (stored === undefined && read === undefined) {
      missing++
      continue
    }
    found++
    if (missing > 0) faults.push(`${id} is there, one loaded before is not`)
    if (stored === undefined || read === undefined) faults.push(`${id} has ${stored === undefined ? 'no session' : 'no chat log'}`)
    else if (stored.messageCount !== messages.length || read.length !== messages.length) faults.push(`${id} has ${read.length} messages and says ${stored.messageCount}, not ${messages.length}`)
    else if (!read.every((message, i) => isSame(message, messages[i]!))) faults.push(`${id} has other messages than were loaded`)
  }
  for (const id of sessions.keys()) faults.push(`session ${id} was never written`)
  for (const id of texts.keys()) faults.push(`chat log ${id} was never written`)
  return found
}

function isSame(message: Message, wanted: ConversationInput['messages'][number]): boolean {
  return message.id === wanted.id && message.senderId === wanted.senderId && message.type === wanted.type && message.content === wanted.content && message.timestamp === wanted.timestamp
}

/** Resolves to how many there are: the first ones, in order, without a gap. */
async function compareAppends(open: UnlockedVault, faults: string[]): Promise<number> {
  const messages = await open.chatLogs.read(SINGLE, { limit: 1_000_000 })
  const session = await open.sessions.get(SINGLE)
  if (session?.messageCount !== messages.length) faults.push(`the session of the appends says ${session?.messageCount}, not ${messages.length}`)
  for (const [place, { number, content }] of messages.entries()) {
    if (number !== place || content !== singleText(place)) faults.push(`append ${place} is number ${number}: ${content}`)
  }
  return messages.length
}

Object.assign(globalThis, { killPage: { write, verify, makeArchive, takeArchive, takeAgain, makeVault, rotate, goOn } })
