// What tests of a vault's states share: a locked vault, a browser whose writes ask first, what became of a promise.

import { isVaultError } from '../../src/errors.js'
import type { ApplyResult, Backend, BackendFactory, Batch } from '../../src/stores/backend.js'
import type { MemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import type { TestBrowser } from './tabs.js'

export type LockedVault = Extract<Awaited<ReturnType<TestBrowser['open']>>, { readonly state: 'locked' }>

export const outcomeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (isVaultError(error) ? error.code : String(error)),
  )

export async function lockedOf(browser: TestBrowser): Promise<LockedVault> {
  const vault = await browser.open()
  if (vault.state !== 'locked') throw new Error(`the vault is ${vault.state}`)
  return vault
}

/** A factory whose writes go through `intercept`, which may hold them back, send them later, or answer something else. */
export function intercepted(disk: MemoryDisk, intercept: (batch: Batch, send: () => Promise<ApplyResult>) => Promise<ApplyResult>): () => BackendFactory {
  const factory = memoryFactory(disk)
  return () => ({
    ...factory,
    open: async (name) => {
      const backend: Backend = await factory.open(name)
      return { ...backend, apply: (batch) => intercept(batch, () => backend.apply(batch)) }
    },
  })
}

/** A factory whose backend asks first. */
export function guarded(disk: MemoryDisk, before: (batch: Batch) => Promise<void>): () => BackendFactory {
  return intercepted(disk, async (batch, send) => {
    await before(batch)
    return send()
  })
}

export const message = (content: string) => ({ senderId: 'ada', type: 'user' as const, content })
export const settle = (ms = 30): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
