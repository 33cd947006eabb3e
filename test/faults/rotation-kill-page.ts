// The page whose browser is killed while it rotates the keys of its vault. Driven by rotation-kills.mjs.

import { openVault, type UnlockedVault } from '../../src/index.js'
import type { CorpusOptions } from '../kit/corpus.js'
import { conversationsOf, digestOf, NAME, PASSWORD, Teller } from './kill-page-parts.js'

export interface Continued {
  readonly openMs: number
  /** Whether the rotation had begun and not ended. */
  readonly wasPending: boolean
  /** Rows that were moved by what went on. */
  readonly rows: number
  /** Of everything, before the rotation went on and after. */
  readonly digests: readonly [string, string]
  readonly faults: readonly string[]
}

async function unlocked(): Promise<UnlockedVault> {
  const vault = await openVault({ name: NAME, rotation: { continue: false } })
  if (vault.state !== 'locked') throw new Error(`the vault is ${vault.state}`)
  return vault.unlock(PASSWORD)
}

/** Makes the vault that every kill begins with. @returns what it says */
export async function makeVault(corpus: CorpusOptions): Promise<string> {
  const vault = await openVault({ name: NAME })
  if (vault.state !== 'empty') throw new Error(`the profile is not fresh: the vault is ${vault.state}`)
  const open = await vault.create(PASSWORD)
  await open.load(conversationsOf(corpus))
  await open.brains.put({ entityId: 'guide', model: 'small', memories: ['x'.repeat(100_000)] })
  await open.checkpoint()
  const digest = await digestOf(open)
  await open.lock()
  return digest
}

/** Rotates, and stays open afterwards when `endless`, until somebody ends the browser. @returns how long it took, in ms */
export async function rotate(run: number, endless: boolean): Promise<number> {
  const teller = new Teller(run)
  const open = await unlocked()
  teller.tell({ phase: 'loading' })
  await teller.arrived()
  const started = performance.now()
  await open.rotateKeys(PASSWORD)
  const ms = performance.now() - started
  teller.tell({ phase: 'loaded' })
  if (endless) await new Promise(() => undefined)
  await open.lock()
  return ms
}

/** Opens what a browser left behind, looks at it, and lets the rotation go on. */
export async function goOn(): Promise<Continued> {
  const started = performance.now()
  const open = await unlocked()
  const openMs = performance.now() - started
  const faults: string[] = []
  const check = async (): Promise<void> => {
    const report = await open.check()
    faults.push(...report.problems.map((problem) => `check: ${JSON.stringify(problem)}`))
  }
  const wasPending = open.rotation.state === 'pending'
  const before = await digestOf(open)
  await check()
  const { rows, skipped, keepsOldKeys } = await open.rotation.continue()
  if (skipped.length > 0 || keepsOldKeys) faults.push(`${skipped.length} rows could not be moved`)
  await open.checkpoint()
  await check()
  const { epochs, unsealed } = await open.audit()
  if (epochs.length !== 1 || unsealed.some(({ isExpected }) => !isExpected)) faults.push(`the audit finds ${JSON.stringify(epochs)}`)
  const after = await digestOf(open)
  await open.lock()
  return { openMs, wasPending, rows, digests: [before, after], faults }
}
