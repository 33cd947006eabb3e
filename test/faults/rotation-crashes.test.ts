// A rotation that is cut off at any call it makes to the store, and at any moment: every record is read at once, search agrees with a count, and what is
// left comes to its end. A sample with every test run; whole with `npm run faults -- rotations`.

import { describe, expect, it } from 'vitest'
import { isVaultError } from '../../src/errors.js'
import { epochsOn, expectRecovered, expectWhole, fork, makeScene, NOT_BY_ITSELF, type Fork, type RotationScene } from '../rotation/rotation-scene.js'
import { seededRandom } from '../kit/random.js'
import { PASSWORD } from '../kit/tabs.js'
import type { CrashPlan } from '../../src/testing/index.js'

const FULL = process.env['SEALED_VAULT_FAULTS'] === 'full'
const SEED = Number(process.env['SEALED_VAULT_SEED'] ?? 1)
const [PART, PARTS] = (process.env['SEALED_VAULT_FAULTS_PART'] ?? '1/1').split('/').map(Number) as [number, number]
const MODES = ['fail-once', 'fail-sticky', 'kill-before', 'kill-after', 'withhold', 'late', 'drop-suffix'] as const
type Mode = (typeof MODES)[number]
const TIMEOUT = FULL ? 6 * 60 * 60 * 1000 : 240_000

async function rotateUntil({ browser, crashing }: Fork, ends: Promise<unknown>): Promise<void> {
  const dead = crashing.died.then(() => Promise.reject(new Error('the process died')))
  dead.catch(() => undefined)
  const rotating = (async () => {
    const open = await browser.tab(NOT_BY_ITSELF)
    await open.rotateKeys(PASSWORD)
    await open.lock()
  })()
  rotating.catch(() => undefined)
  await Promise.race([rotating, dead, ends]).catch((error: unknown) => {
    if (!isVaultError(error) && (error as Error).message !== 'the process died') throw error
  })
}

const never = new Promise<never>(() => {})

async function crashAt(scene: RotationScene, mode: Mode, at: number): Promise<boolean> {
  const forked = fork(scene, (disk): CrashPlan => (mode === 'drop-suffix' ? { mode, at, disk } : mode === 'late' ? { mode, at, landAfterCalls: 3 } : { mode, at }))
  await rotateUntil(forked, never)
  await forked.crashing.land()?.catch(() => undefined)
  forked.disk.crash({ dropUnsynced: 0 })
  await expectRecovered(forked, scene)
  return forked.crashing.struck
}

/** The calls between the unlocked vault and the end of the rotation. */
async function callsOf(scene: RotationScene): Promise<{ readonly begun: number; readonly calls: number; readonly batches: number }> {
  const forked = fork(scene, { mode: 'none' })
  const open = await forked.browser.tab(NOT_BY_ITSELF)
  const begun = forked.crashing.calls.length
  await open.rotateKeys(PASSWORD)
  const rotation = forked.crashing.calls.slice(begun)
  await expectWhole(open, scene)
  expect(epochsOn(forked.disk)).toEqual([2])
  await open.lock()
  const batches = rotation.filter(({ kind, stores }) => kind === 'apply' && stores.includes('manifest') && !stores.includes('header')).length
  return { begun, calls: begun + rotation.length, batches }
}

async function sweepOver(scene: RotationScene, runs: readonly { readonly mode: Mode; readonly at: number }[], what: string): Promise<void> {
  let struck = 0
  for (const [i, { mode, at }] of runs.entries()) {
    const came = await crashAt(scene, mode, at).catch((error: unknown) => {
      throw new Error(`${mode} at call ${at}, seed ${SEED}`, { cause: error })
    })
    if (came) struck++
    if (FULL && i % 50 === 49) console.info(`${what}: ${i + 1} of ${runs.length}`)
  }
  // Calls of the background may come at other places.
  expect(struck).toBeGreaterThan(runs.length * 0.9)
  if (FULL) console.info(`${what}: ${runs.length} runs, ${struck} struck`)
}

const ofPart = <T>(all: readonly T[]): T[] => all.filter((_, i) => i % PARTS === PART - 1)

describe('a rotation that is cut off', () => {
  it('at any call, in any way, loses nothing', async () => {
    const scene = await makeScene(1000, 8)
    const { begun, calls } = await callsOf(scene)
    const random = seededRandom(SEED)
    const every = MODES.flatMap((mode) => Array.from({ length: calls - begun }, (_, i) => ({ mode, at: begun + 1 + i })))
    const wanted = FULL ? ofPart(every) : Array.from({ length: 14 }, (_, i) => ({ mode: MODES[i % MODES.length]!, at: begun + 1 + random.below(calls - begun) }))
    await sweepOver(scene, wanted, `every call of ${calls - begun}, in ${MODES.length} ways`)
  }, TIMEOUT)

  if (FULL) {
    it('at every call, with 50,000 messages in a hundred batches and more, loses nothing', async () => {
      const scene = await makeScene(50_000, 16)
      const { begun, calls, batches } = await callsOf(scene)
      console.info(`50,000 messages: ${batches} batches, ${calls - begun} calls`)
      expect(batches).toBeGreaterThanOrEqual(100)
      await sweepOver(scene, ofPart(Array.from({ length: calls - begun }, (_, i) => ({ mode: 'kill-before' as const, at: begun + 1 + i }))), '50,000 messages')
    }, TIMEOUT)
  }

  it('at any moment loses nothing', async () => {
    const scene = await makeScene(FULL ? 50_000 : 2000, 16)
    const random = seededRandom(SEED + 1)
    const wholeMs = await timeOf(scene)
    const moments = Array.from({ length: FULL ? 200 : 4 }, () => random.below(Math.ceil(wholeMs)))
    for (const moment of FULL ? ofPart(moments) : moments) {
      const forked = fork(scene, { mode: 'none' })
      await rotateUntil(forked, new Promise((resolve) => setTimeout(resolve, moment)))
      forked.disk.crash({ dropUnsynced: random.below(3) })
      await expectRecovered(forked, scene).catch((error: unknown) => {
        throw new Error(`after ${moment} ms of ${wholeMs}, seed ${SEED}`, { cause: error })
      })
    }
    if (FULL) console.info(`200 moments within ${Math.round(wholeMs)} ms`)
  }, TIMEOUT)
})

async function timeOf(scene: RotationScene): Promise<number> {
  const start = performance.now()
  await rotateUntil(fork(scene, { mode: 'none' }), never)
  return performance.now() - start
}
