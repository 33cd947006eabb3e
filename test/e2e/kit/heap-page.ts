// The page whose memory is looked at: it fills a vault, uses it, begins something and locks in the middle of it, and goes on holding everything that an app
// gets from a vault. Texts are made where they are given away, and nothing here keeps one. Driven by heap.test.ts.

import type { UnlockedVault, Vault } from '../../../src/index.js'
import { plantedPassword, plantedText } from './heap-secrets.js'

/** Apart from this page, so that what the library keeps is told from what the page does. */
const { openVault } = await import('../../../src/index.js')

/** What is looked for behind these: the vault, and what else came from it. */
const held: { vault?: Vault; open?: UnlockedVault } = {}
const taken = new Set<unknown>()
let archive: Uint8Array | undefined
let working: Promise<string>[] = []

// ---- a derivation that stands still, so that there is time to look ----

let atGate: (() => void) | undefined
let openGate = (): void => {}
let gate: Promise<void> | undefined
const derive = crypto.subtle.deriveBits.bind(crypto.subtle)
crypto.subtle.deriveBits = async (...given: Parameters<SubtleCrypto['deriveBits']>) => {
  const bits = await derive(...given)
  atGate?.()
  await gate
  return bits
}

/** Resolves when somebody derives a key from a password, and goes on waiting. */
function nextDerivation(): Promise<void> {
  gate = new Promise((resolve) => (openGate = resolve))
  // In the place of the browser's own work, which is what keeps a caller alive that waits for it.
  taken.add(gate)
  return new Promise((resolve) => (atGate = resolve))
}

// ---- the vault ----

const message = (content: string, metadata?: { readonly [name: string]: string }) => ({ senderId: 'ada', type: 'user', content, ...(metadata !== undefined && { metadata: { context: metadata } }) }) as const

/** The texts 0 to 6 in messages, 7 to 9 titles, 10 and 11 keywords, 12 and 13 in a brain, 14 a preference, 15 and 16 in metadata; the rest are queries. */
async function fill(): Promise<void> {
  const vault = await openVault({ name: 'heap' })
  if (vault.state !== 'empty') throw new Error(`the vault is ${vault.state}`)
  const open = await vault.create(plantedPassword())
  for (let i = 0; i < 3; i++) await open.sessions.create({ id: `s${i}`, chatLogId: `l${i}`, title: `about ${plantedText(7 + i)}`, keywords: i < 2 ? [plantedText(10 + i)] : [] })
  // Comes and goes with imports.
  await open.sessions.create({ id: 'guest', chatLogId: 'guest' })
  await open.chatLogs.append('guest', Array.from({ length: 40 }, (_, i) => message(`other ${i}`)))
  for (let i = 0; i < 4; i++) await open.chatLogs.append(`l${i % 3}`, [...Array.from({ length: 40 }, (_, j) => message(`night train ${j}`)), message(`night ${plantedText(i)} train`)])
  await open.chatLogs.append('l0', message('night with a note', { note: plantedText(15), [plantedText(16)]: 'named' }))
  await open.brains.put({ entityId: 'guide', model: 'm', configuration: { prompt: plantedText(12) }, memories: [plantedText(13)] })
  await open.preferences.set('mood', plantedText(14))
  await open.checkpoint()
  archive = await exported(open)
  // These stay in the log.
  for (let i = 4; i < 7; i++) await open.chatLogs.append(`l${i % 3}`, message(`night ${plantedText(i)} train`))
  await open.lock()
}

async function exported(open: UnlockedVault): Promise<Uint8Array> {
  const { stream } = await open.exportArchive({ password: plantedPassword() })
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** Everything is read, and each kind of iteration left standing in the middle. */
async function use(open: UnlockedVault): Promise<void> {
  for (let i = 0; i < 3; i++) await open.chatLogs.read(`l${i}`)
  await open.sessions.list()
  await open.brains.get('guide')
  await open.preferences.get('mood')
  const iterations = [
    open.search(`night -${plantedText(17)}`),
    open.search(`about -${plantedText(18)}`, { in: 'sessions' }),
    open.searchBySession(`night -${plantedText(19)}`),
    open.search('m', { in: 'brains' }),
    open.chatLogs.messages('l1'),
    open.chatLogs.readAll(),
  ]
  for (const iteration of iterations) {
    if ((await iteration.next()).done === true) throw new Error('an iteration has ended at once')
    taken.add(iteration)
  }
}

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 0))
}

/** Things that take a while, or go on for ever. Those with a password wait at the gate first. */
const work: Record<string, (open: UnlockedVault) => Promise<unknown>> = {
  write: (open) => Promise.all(Array.from({ length: 5 }, (_, i) => open.chatLogs.append('l1', message(`${plantedText(0)} again ${i}`)))),
  search: async (open) => {
    for (;;) {
      for await (const hit of open.search(`${plantedText(0)} night*`, { typos: true })) void hit
      await turns(1)
    }
  },
  export: async (open) => {
    for (;;) {
      const { stream } = await open.exportArchive({ password: plantedPassword() })
      const reader = stream.getReader()
      taken.add(stream).add(reader)
      while (!(await reader.read()).done);
    }
  },
  import: async (open) => {
    for (;;) {
      await open.sessions.delete('guest').catch(() => undefined)
      await open.importArchive(archive!.slice(), { password: plantedPassword(), restoreDeleted: true })
    }
  },
  rotate: async (open) => {
    for (;;) await open.rotateKeys(plantedPassword())
  },
  password: (open) => open.changePassword(plantedPassword(), plantedPassword()),
}

/** What it resolves to is the app's; a promise that waits, and why one was rejected, are of the vault. */
function begin<T>(promise: Promise<T>): Promise<T> {
  taken.add(promise)
  const done = (): string => {
    taken.delete(promise)
    return 'resolved'
  }
  working.push(promise.then(done, (error: Error & { readonly code?: string }) => error.code ?? error.message))
  return promise
}

/** Goes to the moment before the lock: a vault in use, and a password at work where there is one. */
async function prepare(scene: string, hasPassword: boolean): Promise<void> {
  // Of a scene that failed in the middle.
  openGate()
  gate = undefined
  taken.clear()
  working = []
  const vault = await openVault({ name: 'heap' })
  if (vault.state !== 'locked') throw new Error(`the vault is ${vault.state}`)
  held.vault = vault
  delete held.open
  if (scene !== 'unlock') {
    held.open = await vault.unlock(plantedPassword())
    await use(held.open)
  }
  if (!hasPassword) return
  const derivation = nextDerivation()
  if (scene === 'unlock') void begin(vault.unlock(plantedPassword())).then((open) => (held.open = open)).catch(() => undefined)
  else begin(work[scene]!(held.open!)).catch(() => undefined)
  await derivation
  atGate = undefined
}

/** Goes on for so many tasks, and locks. @returns how everything ended */
async function lock(scene: string, hasPassword: boolean, after: number): Promise<string[]> {
  openGate()
  gate = undefined
  if (!hasPassword && scene in work) begin(work[scene]!(held.open!)).catch(() => undefined)
  await turns(after)
  if (held.vault?.state === 'locked') held.vault.lock()
  await held.open?.lock()
  const outcomes = await Promise.all(working)
  working = []
  return outcomes
}

const heapPage = { fill, prepare, lock }
export type HeapPage = typeof heapPage
Object.assign(globalThis, { held, taken, heapPage })
