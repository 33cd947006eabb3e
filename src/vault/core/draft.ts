// A change while it is built: over what is true, true for nobody yet.

import type { Epoch } from '../../brand.js'
import type { Expectation, Operation } from '../../stores/backend.js'
import type { NewKeys } from './log-contract.js'
import type { Change } from './log-row.js'
import { applyChange, type CommitStamp } from './reducer.js'
import type { State } from './state.js'

/** What a change works on: reads see its own writes, nothing is true before the commit. */
export class Draft {
  readonly state: State
  readonly changes: Change[] = []
  readonly expect: Expectation[] = []
  readonly operations: Operation[] = []
  /** The epoch that rows written beforehand are sealed in: it must still be the active one. */
  sealedIn: Epoch | undefined
  /** Keys that this commit brings: it is sealed with them. */
  keys: NewKeys | undefined
  readonly #stamp: CommitStamp
  #closed = false

  constructor(state: State, stamp: CommitStamp) {
    this.state = state
    this.#stamp = stamp
  }

  /** The time of the commit, in ms: what `modifiedAt` will be. */
  get time(): number {
    return this.#stamp.time
  }

  /** The number the commit will have: what `rev` will be. */
  get seq(): number {
    return this.#stamp.seq
  }

  /** The function that built it has ended: what a call that nobody waited for still does must not come in behind the sealed row. */
  close(): void {
    this.#closed = true
    Object.freeze(this.expect)
    Object.freeze(this.operations)
  }

  change(change: Change): void {
    if (this.#closed) throw new TypeError('this change has ended; await everything inside of it')
    applyChange(this.state, change, this.#stamp)
    this.changes.push(change)
  }
}

/** Runs over what is true now; may run again, so it has no other effect than the draft. */
export type ChangeFunction<T> = (draft: Draft) => Promise<T>
