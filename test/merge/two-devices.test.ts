// Two devices, and three, that diverge and come together. A slice of it with every test run; whole with `npm run faults -- devices`.

import { describe, expect, it } from 'vitest'
import type { ConflictPolicy } from '../../src/index.js'
import { archiveOf, contentOf, take } from '../kit/devices.js'
import { seededRandom } from '../kit/random.js'
import { testBrowser } from '../kit/tabs.js'
import { edit, editsSince, exchange, statements, unnamedLosses, type Device } from './two-devices.js'

const FULL = process.env['SEALED_VAULT_FAULTS'] === 'full'
const SEED = Number(process.env['SEALED_VAULT_SEED'] ?? 1)
const SEEDS = Array.from({ length: FULL ? 10 : 1 }, (_, i) => SEED + i)
const EDITS = FULL ? 1000 : 50

/** Devices whose clocks go on in steps of their own, ahead of each other and behind. */
async function devices(names: readonly string[], seed: number): Promise<Device[]> {
  const random = seededRandom(seed)
  let time = 1_000_000
  return Promise.all(
    names.map(async (name) => {
      const skew = random.below(100_000)
      const open = await testBrowser({ now: () => (time += 1 + random.below(50)) + skew }).tab()
      return { open, name }
    }),
  )
}

async function diverged(seed: number): Promise<{ a: Device; b: Device; random: ReturnType<typeof seededRandom> }> {
  const random = seededRandom(seed)
  const [a, b] = (await devices(['a', 'b'], seed)) as [Device, Device]
  for (let i = 0; i < EDITS; i++) await edit(a, random)
  await take(b.open, await archiveOf(a.open))
  for (let i = 0; i < EDITS; i++) {
    await edit(a, random)
    await edit(b, random)
  }
  return { a, b, random }
}

async function expectSound(...all: readonly Device[]): Promise<void> {
  for (const { open } of all) {
    expect(await open.check()).toMatchObject({ ok: true })
    const before = await contentOf(open)
    await open.checkpoint()
    expect(await contentOf(open)).toEqual(before)
    expect(await open.check()).toMatchObject({ ok: true })
  }
}

describe.each(SEEDS)('two devices, seed %i', (seed) => {
  it.each([true, false])('come to the same by keep-newer, archives made at once: %s', async (atOnce) => {
    const { a, b, random } = await diverged(seed)
    for (let round = 0; round < 3; round++) {
      await exchange(a, b, 'keep-newer', atOnce)
      // What one of them decided reaches the other with the next archive.
      await exchange(a, b, 'keep-newer', false)
      expect(await contentOf(b.open)).toEqual(await contentOf(a.open))
      const before = await contentOf(a.open)
      await exchange(a, b, 'keep-theirs', true)
      expect(await contentOf(a.open)).toEqual(before)
      expect(await contentOf(b.open)).toEqual(before)
      await expectSound(a, b)
      for (let i = 0; i < EDITS / 4; i++) await edit(random.chance(0.5) ? a : b, random)
    }
  }, 600_000)

  it.each<ConflictPolicy>(['keep-newer', 'keep-both'])('come to the same at the first exchange by %s, if archives were made at once', async (onConflict) => {
    const { a, b } = await diverged(seed)
    await exchange(a, b, onConflict, true)
    expect(await contentOf(b.open)).toEqual(await contentOf(a.open))
  }, 600_000)

  it.each<ConflictPolicy>(['keep-newer', 'keep-mine', 'keep-theirs', 'keep-both'])('%s loses nothing that the report does not name', async (onConflict) => {
    const random = seededRandom(seed)
    const [a, b] = (await devices(['a', 'b'], seed)) as [Device, Device]
    for (let i = 0; i < EDITS; i++) await edit(a, random)
    await take(b.open, await archiveOf(a.open))
    const base = await statements(a.open)
    for (let i = 0; i < EDITS; i++) {
      await edit(a, random)
      await edit(b, random)
    }
    const [mine, theirs] = [editsSince(base, await statements(a.open)), editsSince(base, await statements(b.open))]
    const report = await take(a.open, await archiveOf(b.open), { onConflict })
    const after = await statements(a.open)
    expect(unnamedLosses(mine, after, report, 'mine')).toEqual([])
    expect(unnamedLosses(theirs, after, report, 'theirs')).toEqual([])
    // Each keeps what its policy says.
    const gone = (edits: ReadonlyMap<string, unknown>): unknown[] => [...edits].filter(([key, value]) => JSON.stringify(after.get(key)) !== JSON.stringify(value)).map(([key, value]) => [key, value, after.get(key)])
    if (onConflict === 'keep-mine' || onConflict === 'keep-both') expect(report.entries.filter(({ lost }) => lost === 'mine' || lost === 'both')).toEqual([])
    if (onConflict === 'keep-theirs') expect(report.entries.filter(({ lost }) => lost === 'theirs' || lost === 'both')).toEqual([])
    if (onConflict === 'keep-theirs') expect(gone(theirs)).toEqual([])
    await expectSound(a)
  }, 600_000)

  it('and a third come to the same, whoever heard of what from whom', async () => {
    const random = seededRandom(seed)
    const all = (await devices(['a', 'b', 'c'], seed)) as [Device, Device, Device]
    const [a, b, c] = all
    for (let i = 0; i < EDITS; i++) await edit(a, random)
    for (let round = 0; round < 6; round++) {
      const [from, to] = [random.pick(all), random.pick(all)]
      if (from !== to) await take(to.open, await archiveOf(from.open))
      for (let i = 0; i < EDITS / 3; i++) await edit(random.pick(all), random)
    }
    for (let round = 0; round < 3; round++) {
      for (const [from, to] of [[a, b], [b, c], [c, a]] as const) await take(to.open, await archiveOf(from.open))
    }
    expect(await contentOf(b.open)).toEqual(await contentOf(a.open))
    expect(await contentOf(c.open)).toEqual(await contentOf(a.open))
    await expectSound(a, b, c)
  }, 600_000)
})
