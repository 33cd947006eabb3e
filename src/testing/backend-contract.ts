// The contract of `Backend` as tests: what every place where a vault keeps its rows must show.
// Written against two functions of a test runner, so that any runner fits.

import type { Backend, BackendFactory } from '../stores/backend.js'
import type { Bench, Case } from './contract-bench.js'
import { describeLifecycle } from './contract-lifecycle.js'
import { describeReads } from './contract-reads.js'
import { describeWrites } from './contract-writes.js'

/** What the suite needs of a test runner. Vitest, Jest, Mocha and node:test have it. */
export interface TestApi {
  describe(name: string, body: () => void): void
  it(name: string, body: () => Promise<void>): void
}

/** A place to test, empty at first. */
export interface ContractSetup {
  readonly factory: BackendFactory
  /** Another factory on the same place, as another tab has it. Without it the same factory is opened twice. */
  readonly second?: BackendFactory
  /** Called after each test, with everything closed. */
  readonly cleanup: () => Promise<void>
}

/**
 * Declares the whole suite.
 * @param setup Gives an empty place for each test.
 */
export function runBackendContract(api: TestApi, setup: () => Promise<ContractSetup>): void {
  let count = 0
  const test: Case = (title, body) => {
    api.it(title, async () => {
      const { factory, second = factory, cleanup } = await setup()
      const opened: Backend[] = []
      count += 1
      const bench: Bench = {
        factory,
        second,
        name: `contract-${count}`,
        open: async (tab) => {
          const backend = await (tab === 'second' ? second : factory).open(bench.name)
          opened.push(backend)
          return backend
        },
      }
      try {
        await body(bench)
      } finally {
        await Promise.all(opened.map((backend) => backend.close()))
        await factory.destroy(bench.name)
        await cleanup()
      }
    })
  }
  api.describe('backend contract: reading', () => describeReads(test))
  api.describe('backend contract: applying', () => describeWrites(test))
  api.describe('backend contract: opening and closing', () => describeLifecycle(test))
}
