// One random history over one or two tabs, in several lives: each but the last may end between any two calls to the store. After every
// few steps random queries are answered as a walk over what the vault itself reads back says.

import { isVaultError } from '../../../src/errors.js'
import { createMemoryDisk, type MemoryDisk } from '../../../src/stores/memory-disk.js'
import { memoryHome } from '../../../src/stores/memory-home.js'
import { memoryFactory } from '../../../src/stores/memory.js'
import { createCrashingBackend, type CrashPlan } from '../../../src/testing/index.js'
import type { UnlockedVault } from '../../../src/vault/unlocked-vault.js'
import { seededRandom, type Random } from '../../kit/random.js'
import { testBrowser, type TestBrowser } from '../../kit/tabs.js'
import { compareQueries } from './compare.js'
import { emptyWorld, Histories, type World } from './history.js'
import { QuerySource } from './queries.js'
import { canonicalWorld, readBack } from './read-back.js'
import { compareSuggestions } from './suggestions.js'
import { Truth } from './truth.js'

interface Run {
  readonly random: Random
  readonly histories: Histories
  readonly disk: MemoryDisk
  readonly homes: Map<string, string>
  /** What may be in the vault: more than one after something was cut short. */
  worlds: readonly World[]
  readonly told: string[]
  queries: number
  crashes: number
}

const STEPS_A_LIFE = 30
const LIVES = 4
const QUERIES_A_LOOK = 4
const SUGGESTIONS_A_LOOK = 2
/** @throws with the seed and all steps when anything is not as it should be */
export async function playSearchHistory(seed: number): Promise<{ readonly queries: number; readonly crashes: number }> {
  const random = seededRandom(seed)
  const run: Run = { random, histories: new Histories(random), disk: createMemoryDisk(), homes: new Map(), worlds: [emptyWorld], told: [], queries: 0, crashes: 0 }
  try {
    for (let life = 1; life <= LIVES; life++) await live(run, life === LIVES ? { mode: 'none' } : drawPlan(random))
  } catch (error) {
    throw new Error(`seed ${seed} after\n${run.told.join('\n')}`, { cause: error })
  }
  return { queries: run.queries, crashes: run.crashes }
}

function drawPlan(random: Random): CrashPlan {
  const mode = random.pick(['none', 'kill-before', 'kill-before', 'kill-after', 'kill-after', 'fail-once'] as const)
  return mode === 'none' ? { mode } : { mode, at: 1 + random.below(160) }
}

async function live(run: Run, plan: CrashPlan): Promise<void> {
  run.told.push(`-- opened; ${JSON.stringify(plan)}`)
  const crashing = createCrashingBackend(memoryFactory(run.disk), plan)
  const browser = testBrowser({ disk: run.disk, homes: [memoryHome(run.homes)], backend: () => crashing.factory })
  let died = false
  const dead = crashing.died.then(() => {
    died = true
    throw new Error('the process died')
  })
  const tabs: UnlockedVault[] = []
  const work = liveOn(run, tabs, () => openPatiently(browser, () => crashing.struck), () => died, () => crashing.struck)
  // Whichever loses the race says nothing more.
  for (const promise of [work, dead]) promise.catch(() => undefined)
  try {
    await Promise.race([work, dead])
  } catch (error) {
    // A store that failed as planned may end a life early; a wrong answer is no such error.
    if (!died && !(crashing.struck && isVaultError(error))) throw error
    if (died && !isVaultError(error) && !String(error).includes('the process died')) throw error
  }
  if (crashing.struck) {
    run.crashes++
    run.told.push('-- struck')
  }
  if (!died) await tabs[0]?.lock().catch(() => undefined)
  await aMoment()
}

/** A store that failed once works at the next try: that is what the app would do. */
async function openPatiently(browser: TestBrowser, hasStruck: () => boolean): Promise<UnlockedVault> {
  const before = hasStruck()
  return browser.tab().catch((error: unknown) => {
    if (!before && hasStruck()) return browser.tab()
    throw error
  })
}

async function liveOn(run: Run, tabs: UnlockedVault[], openTab: () => Promise<UnlockedVault>, isDead: () => boolean, hasStruck: () => boolean): Promise<void> {
  const { random } = run
  const count = 1 + random.below(2)
  for (let i = 0; i < count; i++) tabs.push(await openTab())
  await settle(run, tabs[0]!)
  for (let i = 0; i < STEPS_A_LIFE && !isDead(); i++) {
    const tab = random.pick(tabs)
    const event = random.below(100)
    if (event < 10) await mend(run, tab, 'checkpoint', hasStruck, () => tab.checkpoint())
    else if (event < 16) await mend(run, tab, 'rebuildIndex', hasStruck, () => tab.rebuildIndex())
    else if (event < 19) tab.releaseMemory()
    else if (event < 22) {
      run.told.push('lock and unlock')
      await tab.lock()
      // The other tab hears of it a moment later.
      await aMoment()
      for (const at of tabs.keys()) tabs[at] = await openTab()
    } else await step(run, tab, isDead, hasStruck)
    if (i % 4 === 3 && !isDead()) await look(run, random.pick(tabs))
  }
  const tab = random.pick(tabs)
  await look(run, tab)
  const report = await tab.check()
  if (!report.ok && !isDead()) throw new Error(`check found ${JSON.stringify(report.problems)}`)
}

async function step(run: Run, tab: UnlockedVault, isDead: () => boolean, hasStruck: () => boolean): Promise<void> {
  const drawn = run.histories.draw(run.worlds[0]!)
  run.told.push(drawn.what)
  const outcomes = drawn.outcomes(run.worlds[0]!)
  // While it is under way, and if the process dies in it, any of them may be true.
  run.worlds = outcomes
  await mend(run, tab, undefined, hasStruck, async () => {
    await drawn.run(tab)
    if (!isDead()) run.worlds = [outcomes.at(-1)!]
  })
}

/** Does something; when it fails because the store failed as planned, the vault goes on with what it holds now. */
async function mend(run: Run, tab: UnlockedVault, what: string | undefined, hasStruck: () => boolean, act: () => Promise<unknown>): Promise<void> {
  if (what !== undefined) run.told.push(what)
  try {
    await act()
  } catch (error) {
    if (!hasStruck() || !isVaultError(error)) throw error
    run.told.push(`failed: ${error.code}`)
    await settle(run, tab)
  }
}

/** Which of the worlds that may be is the one. */
async function settle(run: Run, tab: UnlockedVault): Promise<void> {
  const { canonical } = await readBack(tab)
  const found = run.worlds.findLast((world) => canonicalWorld(world) === canonical)
  if (found === undefined) throw new Error('the vault holds something else than what was acknowledged or under way')
  run.worlds = [found]
}

async function look(run: Run, tab: UnlockedVault): Promise<void> {
  const { messages, canonical } = await readBack(tab)
  if (canonical !== canonicalWorld(run.worlds[0]!)) throw new Error('the vault holds something else than what was acknowledged')
  const truth = new Truth(messages)
  if (truth.vocabulary.length === 0) return
  const { unequal: queries } = await compareQueries(tab, truth, new QuerySource(truth, run.random), { queries: QUERIES_A_LOOK, slowEvery: 2 })
  run.queries += QUERIES_A_LOOK
  const unequal = [...queries, ...(await compareSuggestions(tab, truth, run.random, SUGGESTIONS_A_LOOK))]
  if (unequal.length > 0) throw new Error(unequal.join('\n'))
}

function aMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5))
}
