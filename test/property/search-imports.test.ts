// Two vaults with random histories that take over each other's archives: every search answers as a walk over what the vault reads back, before and after the
// index has taken in what came. A slice of seeds with every test run, more with `npm run faults -- histories`.

import { describe, expect, it } from 'vitest'
import { isVaultError } from '../../src/errors.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { archiveOf, take } from '../kit/devices.js'
import { seededRandom, type Random } from '../kit/random.js'
import { testBrowser } from '../kit/tabs.js'
import { compareQueries } from '../search/kit/compare.js'
import { Histories, type World } from '../search/kit/history.js'
import { QuerySource } from '../search/kit/queries.js'
import { readBack } from '../search/kit/read-back.js'
import { Truth } from '../search/kit/truth.js'

const SEEDS = Number(process.env['SEALED_VAULT_SEEDS'] ?? 1)
const FIRST = Number(process.env['SEALED_VAULT_SEED'] ?? 1)
const ROUNDS = 4
const STEPS = 25

interface Side {
  readonly open: UnlockedVault
  readonly histories: Histories
}

/** What a history goes on from, as the vault tells it. */
async function worldOf(open: UnlockedVault): Promise<World> {
  const { messages } = await readBack(open)
  const logs = new Map<string, { sessionId?: string; lines: { id: string; content: string; timestamp: number; senderId: string; type: 'user' | 'assistant' | 'system' }[] }>()
  for (const { id, sessionId } of await open.chatLogs.list()) logs.set(id, { ...(sessionId !== undefined && { sessionId }), lines: [] })
  for (const { logId, id, content, timestamp, senderId, type } of messages) logs.get(logId)!.lines.push({ id, content, timestamp, senderId, type: type as 'user' })
  return { sessions: new Map((await open.sessions.list()).map(({ id, participants }) => [id as string, participants])), logs }
}

async function live({ open, histories }: Side, random: Random): Promise<void> {
  for (let i = 0; i < STEPS; i++) {
    const step = histories.draw(await worldOf(open))
    // Both sides draw the same names, so that one may be taken by what came from the other.
    await step.run(open).catch((error: unknown) => {
      if (!isVaultError(error) || (error.code !== 'conflict' && error.code !== 'not-found')) throw error
    })
    if (random.chance(0.1)) await open.checkpoint()
  }
}

async function unequalOf(open: UnlockedVault, random: Random): Promise<readonly string[]> {
  const truth = new Truth((await readBack(open)).messages)
  if (truth.vocabulary.length === 0) return []
  return (await compareQueries(open, truth, new QuerySource(truth, random), { queries: 8, slowEvery: 4 })).unequal
}

describe('what was taken over is searched as what was written here', () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    it(`seed ${seed}`, { timeout: 120_000 }, async () => {
      const random = seededRandom(seed)
      const sides: Side[] = []
      for (let i = 0; i < 2; i++) sides.push({ open: await testBrowser().tab(), histories: new Histories(random) })
      const [a, b] = sides as [Side, Side]
      for (let round = 0; round < ROUNDS; round++) {
        for (const side of sides) await live(side, random)
        const onConflict = random.pick(['keep-newer', 'keep-mine', 'keep-theirs', 'keep-both'] as const)
        const [toA, toB] = [await archiveOf(b.open), await archiveOf(a.open)]
        await take(a.open, toA, { onConflict })
        await take(b.open, toB, { onConflict })
        for (const { open } of sides) {
          expect(await unequalOf(open, random)).toEqual([])
          expect(await open.check()).toMatchObject({ ok: true })
          if (!random.chance(0.5)) continue
          await open.checkpoint()
          expect(await unequalOf(open, random)).toEqual([])
          expect(await open.check()).toMatchObject({ ok: true })
        }
      }
      for (const { open } of sides) await open.lock()
    })
  }
})
