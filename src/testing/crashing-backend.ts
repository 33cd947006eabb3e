// A backend that fails, or dies with its process, at one chosen call. A test runs its scenario once to learn how many
// calls it makes, then once for each of them, and looks at what is left. Everything happens by count, nothing by time.

import { VaultError, type VaultErrorCode } from '../errors.js'
import type { ApplyResult, Backend, BackendFactory, Batch, ReadRequest, ReadResults, StoreName } from '../stores/backend.js'
import { copyBatch } from '../stores/row-bytes.js'
import { storageError } from '../stores/storage-failure.js'

/**
 * What happens at call number `at` (reads and applies of all backends of the factory, counted from 1).
 *
 * - `none`: nothing, calls are only counted.
 * - `fail-once`, `fail-sticky`: that call, or it and all later ones, rejects with nothing written.
 * - `kill-before`, `kill-after`: the process dies; the call was not executed, or it was. It and all later calls reject.
 * - `withhold`: executed, but answered `outcome-unknown`, or never. Later calls work.
 * - `late`: answered `outcome-unknown` first; the batch lands right before the call `landAfterCalls` later, or when `land()` is called, or never.
 * - `drop-suffix`: the power goes out before the call: transactions since the last strict one are lost, and the process dies.
 */
export type CrashPlan =
  | { readonly mode: 'none' }
  | { readonly mode: 'fail-once' | 'fail-sticky'; readonly at: number; readonly code?: VaultErrorCode; readonly reason?: string }
  | { readonly mode: 'kill-before' | 'kill-after'; readonly at: number }
  | { readonly mode: 'withhold'; readonly at: number; readonly answer?: 'outcome-unknown' | 'never' }
  | { readonly mode: 'late'; readonly at: number; readonly landAfterCalls?: number }
  | { readonly mode: 'drop-suffix'; readonly at: number; readonly disk: { crash(options: { dropUnsynced?: number }): void }; readonly dropUnsynced?: number }

/** One call that was made. */
export interface CrashCall {
  readonly kind: 'read' | 'apply'
  readonly stores: readonly StoreName[]
  /** Of an apply. */
  readonly durability?: Batch['durability']
}

export interface CrashingBackend {
  /** Opens backends that follow the plan. They share one count. */
  readonly factory: BackendFactory
  /** The calls so far; its length is the number of the last one. */
  readonly calls: readonly CrashCall[]
  /** Whether the plan has struck. */
  readonly struck: boolean
  /** Resolves when the process has died: race a scenario against it that would wait for ever. */
  readonly died: Promise<void>
  /** Lets the batch of a `late` plan land now. Undefined when there is none or it has landed. */
  land(): Promise<ApplyResult> | undefined
}

const dead = (): VaultError => storageError('storage-unavailable', 'the process has died', 'connection-lost')
const unknown = (): VaultError => storageError('storage-unavailable', 'no answer came in time', 'outcome-unknown')

/** Wraps a factory so that its backends crash as planned. */
export function createCrashingBackend(factory: BackendFactory, plan: CrashPlan): CrashingBackend {
  const calls: CrashCall[] = []
  let isDead = false
  let struck = false
  let tellDeath = (): void => {}
  const died = new Promise<void>((resolve) => {
    tellDeath = resolve
  })
  let late: { readonly landsAt: number; readonly run: () => Promise<ApplyResult> } | undefined

  const die = (): void => {
    isDead = true
    tellDeath()
  }
  const land = (): Promise<ApplyResult> | undefined => {
    const landing = late?.run()
    late = undefined
    return landing
  }
  /** Answers of a call that was executed: nobody hears them in a dead process. */
  const hear = async <T>(work: Promise<T>): Promise<T> => {
    try {
      const answer = await work
      if (isDead) throw unknown()
      return answer
    } catch (error) {
      throw isDead ? unknown() : error
    }
  }

  const call = async <T>(about: CrashCall, execute: () => Promise<T>, keep?: () => Promise<ApplyResult>): Promise<T> => {
    if (isDead) throw dead()
    calls.push(about)
    const number = calls.length
    if (late !== undefined && number >= late.landsAt) await land()?.catch(() => {})
    if (plan.mode === 'none' || number < plan.at || (number > plan.at && plan.mode !== 'fail-sticky')) return hear(execute())
    struck = true
    switch (plan.mode) {
      case 'fail-once':
      case 'fail-sticky':
        throw new VaultError(plan.code ?? 'storage-unavailable', 'the store failed as planned', { reason: plan.reason ?? 'transient' })
      case 'kill-before':
        die()
        throw dead()
      case 'kill-after': {
        const executed = execute()
        die()
        await executed.catch(() => {})
        throw unknown()
      }
      case 'withhold':
        await execute().catch(() => {})
        if (plan.answer === 'never') return new Promise<never>(() => {})
        throw unknown()
      case 'late':
        if (keep !== undefined) late = { landsAt: number + (plan.landAfterCalls ?? Number.POSITIVE_INFINITY), run: keep }
        throw unknown()
      case 'drop-suffix':
        die()
        plan.disk.crash(plan.dropUnsynced === undefined ? {} : { dropUnsynced: plan.dropUnsynced })
        throw dead()
    }
  }

  const wrap = (inner: Backend): Backend => ({
    kind: inner.kind,
    read: <const Requests extends readonly ReadRequest[]>(requests: Requests): Promise<ReadResults<Requests>> =>
      call({ kind: 'read', stores: requests.map(({ store }) => store) }, () => inner.read(requests)),
    apply: (batch) => {
      const own = copyBatch(batch)
      const stores = [...new Set([...own.expect, ...own.operations].map(({ store }) => store))]
      const execute = (): Promise<ApplyResult> => inner.apply(own)
      return call({ kind: 'apply', stores, durability: own.durability }, execute, execute)
    },
    subscribe: (listener) =>
      inner.subscribe((event) => {
        if (!isDead) listener(event)
      }),
    close: () => inner.close(),
  })
  const alive = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isDead) throw dead()
    return work()
  }
  return {
    factory: {
      kind: factory.kind,
      open: (name) => alive(async () => wrap(await factory.open(name))),
      list: () => alive(() => factory.list()),
      destroy: (name) => alive(() => factory.destroy(name)),
    },
    calls,
    get struck() {
      return struck
    },
    died,
    land,
  }
}
