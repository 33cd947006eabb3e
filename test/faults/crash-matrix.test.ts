// A seeded slice of the crash matrix with every test run, all of it with `npm run faults`.

import { describe, expect, it } from 'vitest'
import { seededRandom } from '../kit/random.js'
import { countCalls, crashAt, cutHistory, MODES, type Mode } from './crash-matrix.js'

const FULL = process.env['SEALED_VAULT_FAULTS'] === 'full'
const SEED = Number(process.env['SEALED_VAULT_SEED'] ?? 1)
const COMMITS = 500
/** `--part i/n` of the full matrix. */
const [PART, PARTS] = (process.env['SEALED_VAULT_FAULTS_PART'] ?? '1/1').split('/').map(Number) as [number, number]
/** Runs of the slice: spread over segments, calls and modes. */
const SLICE = 63
/** Modes that meet every call; the others meet every fifth. */
const EVERY: readonly Mode[] = ['fail-once', 'fail-sticky', 'kill-after']

describe('the crash matrix', () => {
  it(
    FULL ? 'holds at every call of 500 commits' : 'holds at a sample of its calls',
    async () => {
      const segments = await cutHistory(SEED, COMMITS)
      const random = seededRandom(SEED)
      let runs = 0
      let struck = 0
      const crash = async (index: number, mode: Mode, at: number): Promise<void> => {
        const result = await crashAt(segments[index]!, mode, at).catch((error: unknown) => {
          throw new Error(`segment ${index}, ${mode} at call ${at}, seed ${SEED}`, { cause: error })
        })
        runs++
        if (result.struck) struck++
      }
      if (FULL) {
        for (const segment of segments.filter(({ index }) => index % PARTS === PART - 1)) {
          const calls = await countCalls(segment)
          for (let at = 1; at <= calls; at++) for (const mode of MODES) if (EVERY.includes(mode) || at % 5 === segment.index % 5) await crash(segment.index, mode, at)
          console.info(`segment ${segment.index}: ${calls} calls, ${runs} runs so far`)
        }
      } else {
        for (let i = 0; i < SLICE; i++) {
          const segment = segments[i % segments.length]!
          await crash(segment.index, MODES[i % MODES.length]!, 1 + random.below(150))
        }
      }
      // A plan past the last call strikes nothing: most must have struck, or the matrix tests nothing.
      expect(struck).toBeGreaterThan(runs * 0.5)
    },
    FULL ? 6 * 60 * 60 * 1000 : 180_000,
  )
})
