// A vault before a rotation, to be forked as often as a test wants, and what must be true of it whatever happened to the rotation.

import { createHash } from 'node:crypto'
import { envelopeEpoch } from '../../src/crypto/envelope.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import type { MemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import { createCrashingBackend, type CrashingBackend, type CrashPlan } from '../../src/testing/index.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { fillOddly } from '../kit/odd-vault.js'
import { seededRandom } from '../kit/random.js'
import { PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'

export interface RotationScene {
  readonly disk: MemoryDisk
  readonly homes: ReadonlyMap<string, string>
  readonly digest: string
  /** Words, and how many messages hold each, counted by a walk over all of them. */
  readonly counts: ReadonlyMap<string, number>
  readonly rotationRows: number
}

/** SHA-256 of everything the vault says, as its plain JSON has it, but for the time of the export. */
export async function digestOf(open: UnlockedVault): Promise<string> {
  const hash = createHash('sha256')
  let head = ''
  for await (const piece of (await open.exportJson({ unprotected: true })) as unknown as AsyncIterable<Uint8Array>) {
    if (head.length < 200) {
      head += Buffer.from(piece).toString('latin1')
      if (head.length >= 200) hash.update(head.replace(/"exportedAt":[^,]*/, ''), 'latin1')
    } else hash.update(piece)
  }
  return hash.digest('hex')
}

const WORDS = ['amber', 'birch', 'cedar', 'delta', 'ember', 'fjord', 'grove', 'heron', 'islet', 'jetty']

/** Odd records of all kinds, and as many messages as wanted in chats of fifty. */
export async function makeScene(messages: number, rotationRows: number): Promise<RotationScene> {
  const homes = new Map<string, string>()
  const browser = testBrowser({ homes: [memoryHome(homes)], now: clock(1_000_000) })
  const open = await browser.tab()
  await fillOddly(open)
  const random = seededRandom(messages)
  const counts = new Map<string, number>(WORDS.map((word) => [word, 0]))
  const message = (id: number) => {
    const words = Array.from({ length: 6 }, () => random.pick(WORDS))
    for (const word of new Set(words)) counts.set(word, counts.get(word)! + 1)
    return { id: `m${id}`, senderId: 'ada', type: 'user' as const, content: `${words.join(' ')} ${id} ${random.below(1e9).toString(36)}`, timestamp: id }
  }
  await open.load(Array.from({ length: Math.ceil(messages / 50) }, (_, i) => ({ session: { id: `s${i}`, chatLogId: `l${i}`, title: `title ${i}` }, messages: Array.from({ length: 50 }, (__, j) => message(50 * i + j)) })))
  await open.checkpoint()
  // Something that no page holds yet.
  await open.chatLogs.append('l0', [{ id: 'pending', senderId: 'ada', type: 'user', content: 'x'.repeat(70_000) }])
  await open.lock()
  const scene = { disk: browser.disk.snapshot(), homes: new Map(homes), counts, rotationRows, digest: '' }
  const { after } = fork(scene, { mode: 'none' })
  const again = await after.tab()
  const digest = await digestOf(again)
  await again.lock()
  return { ...scene, digest }
}

function clock(start: number): () => number {
  let time = start
  return () => (time += 10)
}

export interface Fork {
  readonly browser: TestBrowser
  /** The same disk and homes, without the crash. */
  readonly after: TestBrowser
  readonly crashing: CrashingBackend
  readonly disk: MemoryDisk
}

export function fork(scene: Pick<RotationScene, 'disk' | 'homes' | 'rotationRows'>, plan: CrashPlan | ((disk: MemoryDisk) => CrashPlan)): Fork {
  const disk = scene.disk.snapshot()
  const homes = new Map(scene.homes)
  const crashing = createCrashingBackend(memoryFactory(disk), typeof plan === 'function' ? plan(disk) : plan)
  const parts = { disk, homes: [memoryHome(homes)], now: clock(9_000_000), rotationRows: scene.rotationRows }
  return { browser: testBrowser({ ...parts, backend: () => crashing.factory }), after: testBrowser(parts), crashing, disk }
}

export const NOT_BY_ITSELF = { rotation: { continue: false } } as const

/** Reads every record, asks the index, and holds every row against counts and sums. @throws when anything is not as it was */
export async function expectWhole(open: UnlockedVault, scene: Pick<RotationScene, 'digest' | 'counts'>): Promise<void> {
  await expectSame(open, scene)
  const report = await open.check()
  if (!report.ok) throw new Error(`check: ${JSON.stringify(report.problems.slice(0, 5))}`)
}

/** Reads every record and asks the index. */
async function expectSame(open: UnlockedVault, scene: Pick<RotationScene, 'digest' | 'counts'>): Promise<void> {
  const digest = await digestOf(open)
  if (digest !== scene.digest) throw new Error('the vault says something else than before')
  for (const [word, count] of scene.counts) {
    const { length } = await open.searchPlaces(word, { limit: 1_000_000 })
    if (length !== count) throw new Error(`a search for ${word} finds ${length} messages of ${count}`)
  }
}

/** The epochs that rows are sealed in, whatever store they are in, the anchor of the log aside. */
export function epochsOn(disk: MemoryDisk): number[] {
  const epochs = new Set<number>()
  for (const store of ['heads', 'pages', 'blobs', 'blocks', 'quarantine'] as const) for (const [, row] of disk.rows('test', store).entries()) epochs.add(envelopeEpoch(row))
  for (const [, row] of disk.rows('test', 'log').entries().slice(1)) epochs.add(envelopeEpoch(row))
  for (const [, row] of disk.rows('test', 'manifest').entries()) epochs.add(envelopeEpoch(row.subarray(16)))
  return [...epochs].sort((a, b) => a - b)
}

/** Opens what a rotation that was cut off has left, finds everything, brings it to its end, and finds everything again. */
export async function expectRecovered({ after, disk }: Fork, scene: RotationScene): Promise<void> {
  const vault = await after.open(NOT_BY_ITSELF)
  if (vault.state !== 'locked') throw new Error(`the vault is ${vault.state}`)
  const open = await vault.unlock(PASSWORD)
  await expectSame(open, scene)
  const began = open.rotation.state === 'pending'
  await open.rotation.continue()
  await open.checkpoint()
  await expectWhole(open, scene)
  if (began) {
    const epochs = epochsOn(disk)
    if (epochs.length !== 1) throw new Error(`rows are sealed in epochs ${epochs.join()}`)
  }
  if (open.rotation.state !== 'none') throw new Error('the rotation has not ended')
  await open.lock()
}
