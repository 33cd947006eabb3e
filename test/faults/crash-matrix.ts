// The crash matrix: a history of commits by two tabs, cut into segments, and for every call a segment makes to its backend a
// run in which that call fails, dies or stays without answer. What must hold afterwards is in `verify`.

import { isVaultError } from '../../src/errors.js'
import { memoryHome } from '../../src/stores/memory-home.js'
import { createMemoryDisk, type MemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import { createCrashingBackend, type CrashPlan } from '../../src/testing/index.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { canonical, copyModel, drawStep, dumpModel, dumpVault, emptyModel, type Model, type Names } from '../kit/model.js'
import { seededRandom } from '../kit/random.js'
import { PASSWORD, testBrowser, type TestBrowser } from '../kit/tabs.js'

export const MODES = ['fail-once', 'fail-sticky', 'kill-before', 'kill-after', 'withhold', 'late', 'drop-suffix'] as const
export type Mode = (typeof MODES)[number]

/** Commits between two cuts of the history. */
const STEPS_A_SEGMENT = 25

/** Where a segment begins: everything a crash could spoil, and what should be there. */
export interface Segment {
  readonly index: number
  readonly disk: MemoryDisk
  readonly homes: ReadonlyMap<string, string>
  readonly model: Model
  readonly names: number
  readonly seed: number
}

interface Run {
  readonly disk: MemoryDisk
  readonly homes: Map<string, string>
  readonly model: Model
  readonly names: Names
  /** What is in the vault may be any of these: more than one after a change whose fate nobody knows. */
  candidates: Model[]
  /** Everything the vault ever held, for a power cut that takes acknowledged relaxed commits. */
  readonly past: Model[]
  readonly told: string[]
}

/** Plays the whole history without a crash and cuts it into segments. */
export async function cutHistory(seed: number, commits: number): Promise<Segment[]> {
  const segments: Segment[] = []
  let segment: Segment = { index: 0, disk: createMemoryDisk(), homes: new Map(), model: emptyModel(), names: 0, seed }
  for (let index = 0; index * STEPS_A_SEGMENT < commits; index++) {
    segments.push(segment)
    const run = begin(segment)
    const browser = browserOf(run)
    const tabs = [await browser.tab(), await browser.tab()]
    await playSegment(run, segment, tabs, () => false)
    await tabs[0]!.lock()
    await otherTabsHear()
    segment = { index: index + 1, disk: run.disk.snapshot(), homes: new Map(run.homes), model: copyModel(run.model), names: run.names.count, seed: seed * 1009 + index + 1 }
  }
  return segments
}

/** How many calls a segment makes when nothing goes wrong: the places where something can. */
export async function countCalls(segment: Segment): Promise<number> {
  const { calls } = await play(segment, () => ({ mode: 'none' }))
  return calls
}

/** Plays a segment with a crash at one call and verifies what is left. @throws when anything is not as promised */
export function crashAt(segment: Segment, mode: Mode, at: number): Promise<{ readonly calls: number; readonly struck: boolean }> {
  return play(segment, (disk) => {
    if (mode === 'drop-suffix') return { mode, at, disk }
    return mode === 'late' ? { mode, at, landAfterCalls: 3 } : { mode, at }
  })
}

async function play(segment: Segment, planFor: (disk: MemoryDisk) => CrashPlan): Promise<{ readonly calls: number; readonly struck: boolean }> {
  const run = begin(segment)
  const plan = planFor(run.disk)
  const crashing = createCrashingBackend(memoryFactory(run.disk), plan)
  const browser = browserOf(run, () => crashing.factory)
  let died = false
  void crashing.died.then(() => (died = true))
  const dead = crashing.died.then(() => Promise.reject(new Error('the process died')))
  dead.catch(() => undefined)
  const tabs: UnlockedVault[] = []
  for (let i = 0; i < 2 && !died; i++) {
    const opened = await Promise.race([openPatiently(browser, plan.mode), dead]).catch((error: unknown) => expectTyped(run, error, died))
    if (opened !== undefined) tabs.push(opened)
  }
  if (tabs.length > 0) await Promise.race([playSegment(run, segment, tabs, () => died), dead]).catch((error: unknown) => expectTyped(run, error, died))
  const calls = crashing.calls.length
  if (!died && plan.mode !== 'fail-sticky' && tabs.length > 0) {
    await crashing.land()?.catch(() => undefined)
    await tabs[0]!.lock().catch(() => undefined)
    await otherTabsHear()
  }
  await verify(run, plan)
  return { calls, struck: crashing.struck }
}

function begin(segment: Segment): Run {
  const model = copyModel(segment.model)
  const now = copyModel(model)
  return { disk: segment.disk.snapshot(), homes: new Map(segment.homes), model, names: { count: segment.names }, candidates: [now], past: [now], told: [] }
}

function browserOf(run: Run, backend?: () => ReturnType<typeof memoryFactory>): TestBrowser {
  return testBrowser({ disk: run.disk, homes: [memoryHome(run.homes)], ...(backend && { backend }) })
}

/** A store that failed once works at the next try; that is what the app would do. */
async function openPatiently(browser: TestBrowser, mode: string): Promise<UnlockedVault | undefined> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await browser.tab()
    } catch (error) {
      if (attempt === 2 || mode === 'fail-sticky') return undefined
      if (!isVaultError(error) && !String(error).includes('unavailable')) throw error
    }
  }
}

async function playSegment(run: Run, segment: Segment, tabs: readonly UnlockedVault[], isDead: () => boolean): Promise<void> {
  const random = seededRandom(segment.seed)
  for (let i = 0; i < STEPS_A_SEGMENT && !isDead(); i++) {
    const tab = tabs[random.below(2) % tabs.length]!
    if (random.chance(0.12)) {
      run.told.push('checkpoint')
      await tab.checkpoint().catch((error: unknown) => expectTyped(run, error, isDead()))
    }
    const step = drawStep(random, run.model, run.names)
    run.told.push(step.what)
    const ahead = copyModel(run.model)
    step.apply(ahead)
    // While it is under way, and if the process dies in it, both may be true.
    run.candidates.push(ahead)
    try {
      await step.run(tab)
    } catch (error) {
      expectTyped(run, error, isDead())
      if (isDead()) return
      if (isVaultError(error) && error.code === 'locked') return
      // A failed call says that nothing was written; of an unknown outcome, and of a load of several commits, the vault is asked.
      const unknown = (isVaultError(error) && error.code === 'outcome-unknown') || step.what.startsWith('load')
      const found = unknown ? await dumped(tab) : undefined
      if (found === undefined || found !== canonical(dumpModel(ahead))) {
        run.candidates = run.candidates.slice(0, 1)
        continue
      }
    }
    step.apply(run.model)
    run.past.push(ahead)
    run.candidates = [ahead]
  }
}

async function dumped(tab: UnlockedVault): Promise<string | undefined> {
  return dumpVault(tab).then(canonical, () => undefined)
}

function expectTyped(run: Run, error: unknown, died: boolean): undefined {
  if (isVaultError(error) || died) return undefined
  throw new Error(`not a typed error after ${run.told.slice(-3).join('; ')}`, { cause: error })
}

/** Every acknowledged commit is there, no half commit, and check() finds nothing wrong. */
async function verify(run: Run, plan: { readonly mode: string }): Promise<void> {
  const browser = browserOf(run)
  const vault = await browser.open()
  if (vault.state === 'empty' && run.past.length === 1 && run.past[0]!.sessions.size + run.past[0]!.chatLogs.size + run.past[0]!.brains.size + run.past[0]!.preferences.size === 0) return
  if (vault.state !== 'locked') throw new Error(`the vault is ${vault.state} after ${run.told.slice(-3).join('; ')}`)
  const open = await vault.unlock(PASSWORD, { acceptLoss: plan.mode === 'drop-suffix' })
  const report = await open.check()
  if (!report.ok) throw new Error(`check found ${JSON.stringify(report.problems)} after ${run.told.slice(-3).join('; ')}`)
  const found = canonical(await dumpVault(open))
  const allowed = (plan.mode === 'drop-suffix' ? [...run.candidates, ...run.past.reverse()] : run.candidates).map((model) => () => canonical(dumpModel(model)))
  if (!allowed.some((expected) => expected() === found)) throw new Error(`the vault holds something else than what was acknowledged, after ${run.told.slice(-4).join('; ')}: ${firstDifference(found, allowed.at(-1)!())}`)
  await open.lock()
}

function otherTabsHear(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2))
}

function firstDifference(found: string, expected: string): string {
  let at = 0
  while (at < found.length && found[at] === expected[at]) at++
  return `found …${found.slice(Math.max(0, at - 80), at + 80)}…, expected …${expected.slice(Math.max(0, at - 80), at + 80)}…`
}
