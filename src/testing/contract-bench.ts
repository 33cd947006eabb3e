// What one test of the contract suite works with.

import type { Backend, BackendFactory } from '../stores/backend.js'

/** @internal Opens backends for one test and closes them after it. */
export interface Bench {
  readonly factory: BackendFactory
  readonly second: BackendFactory
  readonly name: string
  /** Opens the test's vault, in this tab or in another. */
  readonly open: (tab?: 'second') => Promise<Backend>
}

/** @internal Declares a test with a place of its own. */
export type Case = (title: string, body: (bench: Bench) => Promise<void>) => void
