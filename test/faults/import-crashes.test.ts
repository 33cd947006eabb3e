// An import that is cut off at any call it makes to the store: the vault is readable at once, and importing the same file again comes to what an
// import that nobody disturbed comes to. A sample of the calls with every test run, every call and mode with `npm run faults -- imports`.

import { describe, expect, it } from 'vitest'
import { isVaultError } from '../../src/errors.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import type { MemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import { createCrashingBackend, type CrashPlan } from '../../src/testing/index.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { archiveOf, contentOf, take } from '../kit/devices.js'
import { fillOddly } from '../kit/odd-vault.js'
import { seededRandom } from '../kit/random.js'
import { PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'

const FULL = process.env['SEALED_VAULT_FAULTS'] === 'full'
const SEED = Number(process.env['SEALED_VAULT_SEED'] ?? 1)
const [PART, PARTS] = (process.env['SEALED_VAULT_FAULTS_PART'] ?? '1/1').split('/').map(Number) as [number, number]
const MODES = ['fail-once', 'fail-sticky', 'kill-before', 'kill-after', 'withhold', 'late', 'drop-suffix'] as const

type Mode = (typeof MODES)[number]

/** A vault that has something already, and an archive that changes, adds, deletes, and puts messages in between. */
interface Scene {
  readonly disk: MemoryDisk
  readonly homes: ReadonlyMap<string, string>
  readonly archive: Uint8Array
  /** What an undisturbed import makes of it. */
  readonly expected: unknown
  readonly before: unknown
}

const say = (content: string, timestamp: number, id?: string) => ({ senderId: 'ada', type: 'user' as const, content, timestamp, ...(id !== undefined && { id }) })

async function makeScene(): Promise<Scene> {
  const homes = new Map<string, string>()
  const here = testBrowser({ homes: [memoryHome(homes)], now: clock(1_000_000) })
  const mine = await here.tab()
  await fillOddly(mine)
  await mine.sessions.create({ id: 'both', chatLogId: 'both' })
  await mine.chatLogs.append('both', Array.from({ length: 70 }, (_, i) => say(`common ${i}`, 100 * i, `c${i}`)))
  const theirs = await testBrowser({ now: clock(2_000_000) }).tab()
  await take(theirs, await archiveOf(mine))
  await mine.chatLogs.append('both', [say('mine', 10_000, 'm1'), say('x'.repeat(80_000), 30_000, 'm2')])
  await mine.preferences.set('theme', 'mine')
  await mine.checkpoint()
  await theirs.chatLogs.append('both', [say('theirs', 20_000, 't1'), say('y'.repeat(80_000), 40_000, 't2')])
  await theirs.chatLogs.deleteMessage('both', 'c3')
  await theirs.sessions.update('odd', { title: 'renamed' })
  await theirs.sessions.delete('empty')
  await theirs.brains.put({ entityId: 'other', model: 'm', memories: ['z'.repeat(70_000)] })
  await theirs.preferences.set('theme', 'theirs')
  await theirs.load(Array.from({ length: 20 }, (_, i) => ({ session: { id: `new ${i}`, chatLogId: `log ${i}` }, messages: Array.from({ length: 40 }, (_, j) => say(`new ${i} ${j}`, j)) })))
  const archive = await archiveOf(theirs)
  const before = await contentOf(mine)
  await mine.lock()
  const scene = { disk: here.disk.snapshot(), homes, archive, before }
  const { browser } = stage(scene, { mode: 'none' })
  const open = await browser.tab()
  await take(open, archive)
  return { ...scene, expected: await contentOf(open) }
}

function clock(start: number): () => number {
  let time = start
  return () => (time += 10)
}

function stage(scene: Pick<Scene, 'disk' | 'homes'>, plan: CrashPlan | ((disk: MemoryDisk) => CrashPlan)): { browser: TestBrowser; after: TestBrowser; crashing: ReturnType<typeof createCrashingBackend> } {
  const disk = scene.disk.snapshot()
  const homes = new Map(scene.homes)
  const crashing = createCrashingBackend(memoryFactory(disk), typeof plan === 'function' ? plan(disk) : plan)
  const parts = { disk, homes: [memoryHome(homes)], now: clock(9_000_000) }
  return { browser: testBrowser({ ...parts, backend: () => crashing.factory }), after: testBrowser(parts), crashing }
}

/** Imports with a crash at one call, then again without. @returns whether the crash came */
async function crashAt(scene: Scene, mode: Mode, at: number): Promise<boolean> {
  const { browser, after, crashing } = stage(scene, (disk) => (mode === 'drop-suffix' ? { mode, at, disk } : mode === 'late' ? { mode, at, landAfterCalls: 3 } : { mode, at }))
  const dead = crashing.died.then(() => Promise.reject(new Error('the process died')))
  dead.catch(() => undefined)
  const importing = (async () => {
    const open = await browser.tab()
    await take(open, scene.archive)
    await open.lock()
  })()
  await Promise.race([importing, dead]).catch((error: unknown) => {
    if (!isVaultError(error) && (error as Error).message !== 'the process died') throw error
  })
  await crashing.land()?.catch(() => undefined)
  const open = await reopened(after)
  // Readable at once: nothing of it is half there.
  expect(await open.check()).toMatchObject({ ok: true })
  await contentOf(open)
  await take(open, scene.archive)
  expect(await contentOf(open)).toEqual(scene.expected)
  expect((await open.backup.status()).unfinishedImport).toBeUndefined()
  expect(await open.check()).toMatchObject({ ok: true })
  await open.lock()
  return crashing.struck
}

async function reopened(browser: TestBrowser): Promise<UnlockedVault> {
  const vault = await browser.open()
  if (vault.state !== 'locked') throw new Error(`the vault is ${vault.state}`)
  return vault.unlock(PASSWORD, { acceptLoss: true })
}

describe('an import that is cut off', () => {
  it('leaves a readable vault, and comes to the same when it is done again', async () => {
    const scene = await makeScene()
    const { browser, crashing } = stage(scene, { mode: 'none' })
    const open = await browser.tab()
    const begun = crashing.calls.length
    await take(open, scene.archive)
    const calls = crashing.calls.length
    expect(await contentOf(open)).toEqual(scene.expected)
    await open.lock()
    const random = seededRandom(SEED)
    const every = MODES.flatMap((mode) => Array.from({ length: calls - begun }, (_, i) => ({ mode, at: begun + 1 + i })))
    const wanted = FULL ? every.filter((_, i) => i % PARTS === PART - 1) : Array.from({ length: 7 }, (_, i) => ({ mode: MODES[i % MODES.length]!, at: begun + 1 + random.below(calls - begun) }))
    let struck = 0
    for (const { mode, at } of wanted) {
      const came = await crashAt(scene, mode, at).catch((error: unknown) => {
        throw new Error(`${mode} at call ${at} of ${calls}, seed ${SEED}`, { cause: error })
      })
      if (came) struck++
    }
    // Calls of the background may come at other places.
    expect(struck).toBeGreaterThan(wanted.length * 0.9)
    if (FULL) console.info(`imports: ${wanted.length} runs over ${calls - begun} calls, ${struck} struck`)
  }, 3_600_000)
})
