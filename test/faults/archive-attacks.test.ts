// Attacks on a file of 64 KiB: a seeded slice with every test run, every bit, every truncation and 10,001 mutations with
// `npm run faults -- archives`.

import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Bytes } from '../../src/brand.js'
import { equalBytes } from '../../src/crypto/bytes.js'
import { createRecoveryCode } from '../../src/crypto/recovery-code.js'
import type * as ArchiveHeaders from '../../src/vault/archive/archive-header.js'
import { verify } from '../../src/vault/archive/verify-archive.js'
import { seededRandom } from '../kit/random.js'
import { flip, mutation, refuseAll, segmentMoves, smallArchive, truncation, type Attack, type Target } from './archive-attacks.js'

const FULL = process.env['SEALED_VAULT_FAULTS'] === 'full'
const SEED = Number(process.env['SEALED_VAULT_SEED'] ?? 1)
/** `--part i/n` of all attacks. */
const [PART, PARTS] = (process.env['SEALED_VAULT_FAULTS_PART'] ?? '1/1').split('/').map(Number) as [number, number]
const MUTATIONS = 10_001
/** Attacks of each kind in the slice. */
const SLICE = { flips: 320, truncations: 120, moves: 160, mutations: 320 }
const MAX_GROWTH = 256 * 1024 * 1024
const timeout = FULL ? 12 * 60 * 60 * 1000 : 120_000

// A third of the time would go into deriving the same key again: it is kept for headers that are the same byte for byte. Everything else
// of the reader is as it is, and a header that was touched is derived from each time.
vi.mock('../../src/vault/archive/archive-header.js', async (importOriginal) => {
  const real = await importOriginal<typeof ArchiveHeaders>()
  const openArchiveKey: typeof real.openArchiveKey = async (header, secrets, policy) => {
    if (!equalBytes(header.bytes, untouched.header)) return real.openArchiveKey(header, secrets, policy)
    untouched.key ??= real.openArchiveKey(header, secrets, policy)
    // Whoever gets it zeroes it.
    return (await untouched.key).slice()
  }
  return { ...real, openArchiveKey }
})
const untouched: { header: Bytes; key?: Promise<Bytes> } = { header: new Uint8Array(0) }

describe('whatever is done to an archive without its secret is refused', () => {
  const recoveryCode = createRecoveryCode()
  let target: Target
  let other: Target
  let before = 0
  beforeAll(async () => {
    target = await smallArchive(SEED, recoveryCode)
    other = await smallArchive(SEED + 1, recoveryCode)
    untouched.header = target.bytes.slice(0, target.sealedAt)
    before = process.memoryUsage.rss()
  }, 60_000)

  const bytes = (): number => target.bytes.length
  const share = (count: number): number[] => Array.from({ length: count }, (_, i) => i).filter((i) => i % PARTS === PART - 1)
  /** All of so many, or some of them. */
  const drawn = (count: number, some: number): number[] => {
    if (FULL) return share(count)
    const random = seededRandom(SEED)
    return Array.from({ length: some }, () => random.below(count))
  }
  const allRefused = async (name: string, attacks: Iterable<Attack>, expected: number): Promise<void> => {
    const { attacks: made, refused, peak, seconds } = await refuseAll(attacks, target, FULL ? (done) => console.info(`${name}: ${done} of ${expected} so far`) : undefined)
    const told = [...refused].sort(([, a], [, b]) => b - a).map(([reason, count]) => `${count} ${reason}`)
    const growth = peak - before
    if (FULL) console.info(`${name}: ${made} refused in ${seconds.toFixed(0)} s, ${(growth / 2 ** 20).toFixed(0)} MiB more at most: ${told.join(', ')}`)
    expect(made).toBe(expected)
    expect(growth).toBeLessThan(MAX_GROWTH)
  }

  it('untouched it is read', async () => {
    expect(Math.abs(bytes() - 65_536)).toBeLessThan(2048)
    expect(target.segments.length).toBeGreaterThan(15)
    const { counts } = await verify(target.bytes, { recoveryCode })
    expect(counts).toMatchObject({ sessions: 1, chatLogs: 2, brains: 1, preferences: 1, tombstones: 1 })
    expect((await verify(other.bytes, { recoveryCode })).counts.messages).toBeGreaterThan(10)
  })

  it('every flipped bit', { timeout }, async () => {
    const bits = drawn(bytes() * 8, SLICE.flips)
    await allRefused('flips', (function* attacks() { for (const bit of bits) yield flip(target, bit) })(), bits.length)
  })

  it('every truncation', { timeout }, async () => {
    const lengths = drawn(bytes(), SLICE.truncations)
    await allRefused('truncations', (function* attacks() { for (const length of lengths) yield truncation(target, length) })(), lengths.length)
  })

  it('segments swapped, doubled, left out, moved and of another archive', { timeout }, async () => {
    const all = [...segmentMoves(target, other, seededRandom(SEED))]
    // The last ones are of headers: these in any case.
    const chosen = FULL ? share(all.length).map((i) => all[i]!) : [...drawn(all.length, SLICE.moves).map((i) => all[i]!), ...all.slice(-20)]
    await allRefused('moves', chosen, chosen.length)
  })

  it('mutations by chance', { timeout }, async () => {
    // Each of a seed of its own, so that one of them can be made again.
    const seeds = drawn(MUTATIONS, SLICE.mutations)
    await allRefused('mutations', (function* attacks() { for (const seed of seeds) yield mutation(target, seededRandom(SEED * 100_003 + seed)) })(), seeds.length)
  })
})
