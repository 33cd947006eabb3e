// A store whose calls a test may look at, hold up, and answer wrongly.

import type { ApplyResult, Backend, BackendFactory, Batch } from '../../src/stores/backend.js'
import { createMemoryDisk } from '../../src/stores/memory-disk.js'
import { memoryFactory } from '../../src/stores/memory.js'
import { envelopeEpoch } from '../../src/crypto/envelope.js'
import type { MemoryDisk } from '../../src/stores/memory-disk.js'
import { testBrowser, type BrowserParts } from '../kit/tabs.js'

export interface Hooks {
  beforeApply?: (batch: Batch) => Promise<void> | void
  afterApply?: (batch: Batch, result: ApplyResult) => Promise<void> | void
  beforeRead?: (requests: readonly { kind: string; store: string; key?: unknown }[]) => Promise<void> | void
  afterRead?: (requests: readonly { kind: string; store: string; key?: unknown }[]) => Promise<void> | void
}

/** A browser whose tabs each have hooks of their own: set `next` before opening. */
export function hooked(parts: BrowserParts = {}) {
  const disk = parts.disk ?? createMemoryDisk()
  const control = { next: {} as Hooks }
  const browser = testBrowser({
    ...parts,
    disk,
    backend: () => {
      const hooks = control.next
      const inner = memoryFactory(disk)
      const factory: BackendFactory = {
        ...inner,
        open: async (name) => {
          const backend = await inner.open(name)
          const wrapped: Backend = {
            ...backend,
            read: (async (requests: never) => {
              await hooks.beforeRead?.(requests)
              const found = await backend.read(requests)
              await hooks.afterRead?.(requests)
              return found
            }) as Backend['read'],
            apply: async (batch) => {
              await hooks.beforeApply?.(batch)
              const result = await backend.apply(batch)
              await hooks.afterApply?.(batch, result)
              return result
            },
          }
          return wrapped
        },
      }
      return factory
    },
  })
  return { browser, disk, control }
}

export function epochsOf(disk: MemoryDisk): Record<string, Record<number, number>> {
  const found: Record<string, Record<number, number>> = {}
  for (const store of ['heads', 'pages', 'blobs', 'blocks', 'quarantine'] as const) {
    for (const [, value] of disk.rows('test', store).entries()) {
      let epoch
      try { epoch = envelopeEpoch(value) } catch { epoch = -1 }
      const of = (found[store] ??= {})
      of[epoch] = (of[epoch] ?? 0) + 1
    }
  }
  return found
}
export const writesHeader = (batch: Batch): boolean => batch.operations.some((op) => op.store === 'header' && op.kind === 'put')
export const LONG = 'long text '.repeat(20_000)
