// Three tabs that write, load, search, rotate, change passwords, lock and come back, all at once, with and without locks between them, and with hints that get
// lost: whatever was acknowledged is there, and every row is as the manifest says. A short one with every test run; longer with `npm run faults -- rotations`.

import { expect, it } from 'vitest'
import { isVaultError } from '../../src/errors.js'
import type { FairLocks } from '../../src/stores/locks.js'
import type { OpenTabChannel } from '../../src/stores/tab-channel.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { seededRandom, type Random } from '../kit/random.js'
import { memoryChannels, PASSWORD, testBrowser } from '../kit/tabs.js'

const FULL = process.env['SEALED_VAULT_FAULTS'] === 'full'
const SEED = Number(process.env['SEALED_VAULT_SEED'] ?? 1)
const SEEDS = Array.from({ length: FULL ? 8 : 1 }, (_, i) => SEED + i)
const MS = FULL ? 6000 : 2000

const noLocks: FairLocks = {
  available: false,
  request: async (_name, { signal }, callback) => {
    signal?.throwIfAborted()
    return callback(true)
  },
  heldNames: async () => undefined,
}

/** Every other hint is lost, and a lock reaches nobody, so that tabs go on while others come back; the vault key is handed over all the same. */
function lossy(open: OpenTabChannel, random: Random): OpenTabChannel {
  return (name) => {
    const channel = open(name)
    return { ...channel, post: (message) => (message.kind === 'keys' || message.kind === 'keys-wanted' || (message.kind !== 'locked' && random.chance(0.5)) ? channel.post(message) : undefined) }
  }
}

/** What a tab may be told while others do the same. */
const EXPECTED = new Set(['busy', 'conflict', 'locked', 'keys-changed'])

function expected(error: unknown): void {
  if (!isVaultError(error) || !EXPECTED.has(error.code)) throw error
}

const cases = [true, false].flatMap((withLocks) => (['keep', 'discard'] as const).flatMap((damaged) => SEEDS.map((seed) => ({ withLocks, damaged, seed }))))

it.each(cases)('with locks: $withLocks, damaged rows: $damaged, seed $seed', { timeout: 120_000 }, async ({ withLocks, damaged, seed }) => {
  const random = seededRandom(seed)
  const browser = testBrowser({ rotationRows: random.pick([2, 8]), openChannel: lossy(memoryChannels(), random), lockMark: () => undefined, ...(!withLocks && { locks: noLocks }) })
  const tabs: UnlockedVault[] = [await browser.tab(), await browser.tab(), await browser.tab()]
  const saved = new Map<string, string>()
  for (let i = 0; i < 4; i++) await tabs[0]!.sessions.create({ id: `s${i}`, chatLogId: `l${i}` })
  let count = 0
  const act = async (at: number): Promise<void> => {
    const tab = tabs[at]!
    const dice = random.below(100)
    if (dice < 58) {
      const id = `m${count++}`
      const content = random.chance(0.25) ? id.repeat(30_000) : id
      await tab.chatLogs.append(`l${random.below(4)}`, { id, senderId: 'a', type: 'user', content })
      saved.set(id, content)
    } else if (dice < 66) await tab.checkpoint()
    else if (dice < 72) await tab.rotateKeys(PASSWORD, { damaged })
    else if (dice < 76) await tab.changePassword(PASSWORD, PASSWORD)
    else if (dice < 80) await tab.load([{ session: { id: `x${count++}` }, messages: [{ id: 'q', senderId: 'a', type: 'user', content: 'loaded' }] }])
    else if (dice < 86) await tab.chatLogs.read(`l${random.below(4)}`, { limit: 50 })
    else if (dice < 90) for await (const _ of tab.search('loaded', { limit: 5 })) void _
    else if (dice < 93) await tab.rebuildIndex()
    else if (dice < 96) {
      await tab.lock()
      tabs[at] = await browser.tab()
    } else expect((await tab.check()).problems).toEqual([])
  }
  const until = performance.now() + MS
  await Promise.all(
    tabs.map(async (_, at) => {
      while (performance.now() < until) {
        await act(at).catch(expected)
        // One that locked, for it slept through a rotation and nobody had the keys, comes back.
        if (await tabs[at]!.backup.status().then(() => false, () => true)) tabs[at] = await browser.tab()
      }
    }),
  )
  for (const tab of tabs) await tab.lock()
  const again = await browser.tab({ rotation: { continue: false } })
  const found = new Map<string, string>()
  for (let log = 0; log < 4; log++) for (const { id, content } of await again.chatLogs.read(`l${log}`, { limit: 100_000 })) found.set(id, content)
  expect([...saved].filter(([id, content]) => found.get(id) !== content).map(([id]) => id)).toEqual([])
  expect((await again.check()).problems).toEqual([])
  expect(saved.size).toBeGreaterThan(10)
  expect(Math.max(...(await again.audit()).epochs.map(({ id }) => id))).toBeGreaterThan(1)
  await again.lock()
})
