// One random history over three tabs, with checkpoints, locks and reopenings, held against plain Maps.

import { expect } from 'vitest'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { drawStep, dumpModel, dumpVault, emptyModel } from './model.js'
import { seededRandom } from './random.js'

/** Opens one more tab of the same vault. */
export type OpenTab = () => Promise<UnlockedVault>

export async function playHistory(seed: number, steps: number, openTab: OpenTab): Promise<void> {
  const random = seededRandom(seed)
  const tabs: UnlockedVault[] = [await openTab(), await openTab(), await openTab()]
  const model = emptyModel()
  const names = { count: 0 }
  const told: string[] = []
  for (let i = 0; i < steps; i++) {
    const at = random.below(tabs.length)
    const event = random.below(100)
    if (event < 4) {
      told.push(`checkpoint by ${at}`)
      await tabs[at]!.checkpoint()
    } else if (event < 6) {
      told.push('lock and unlock')
      await tabs[at]!.lock()
      // The other tabs hear of the lock a moment later.
      await new Promise((resolve) => setTimeout(resolve, 20))
      for (let tab = 0; tab < tabs.length; tab++) tabs[tab] = await openTab()
    } else if (event < 10) {
      told.push(`dump by ${at}`)
      expect(await dumpVault(tabs[at]!), told.join('\n')).toEqual(dumpModel(model))
    } else {
      const step = drawStep(random, model, names)
      told.push(`${at}: ${step.what}`)
      await step.run(tabs[at]!).catch((error: unknown) => {
        throw new Error(`seed ${seed}, step ${i}: ${told.slice(-12).join('\n')}`, { cause: error })
      })
      step.apply(model)
    }
  }
  for (const tab of tabs) expect(await dumpVault(tab), told.join('\n')).toEqual(dumpModel(model))
  expect(await tabs[0]!.check()).toMatchObject({ ok: true, problems: [] })
  await tabs[1]!.checkpoint()
  expect(await tabs[2]!.check()).toMatchObject({ ok: true, problems: [] })
  expect(await dumpVault(tabs[0]!)).toEqual(dumpModel(model))
  await tabs[0]!.lock()
  // Long values of transactions that failed are left-overs: the next unlock clears them.
  const again = await openTab()
  await expect.poll(async () => (await again.check()).leftOvers).toBe(0)
  expect(await dumpVault(again)).toEqual(dumpModel(model))
  await again.lock()
}
