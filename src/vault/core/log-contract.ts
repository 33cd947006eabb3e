// What goes into the log, what comes back, and what the log tells of by itself.

import type { Epoch, Seq } from '../../brand.js'
import type { VaultError } from '../../errors.js'
import type { Batch, Expectation, Operation } from '../../stores/backend.js'
import type { Codec } from './codec.js'
import type { Change } from './log-row.js'
import type { LogHead } from './replay.js'
import type { State } from './state.js'

/** What became of a prepared row. */
export type AppendOutcome =
  | { readonly kind: 'applied'; readonly seq: Seq }
  /** Another commit was first, and this one will never be there; what is true now is known again. */
  | { readonly kind: 'raced' }
  /** An expectation of the change itself missed (`index` into its list). */
  | { readonly kind: 'refused'; readonly index: number }

/** Keys that become the vault's with a commit. */
export interface NewKeys {
  /** Seals with them. */
  readonly codec: Codec
  /** Makes them those of this tab, at once. May be called twice. */
  readonly become: () => void
}

export interface Prepared {
  readonly draft: State
  readonly generation: number
  readonly time: number
  readonly operation: number
  readonly changes: readonly Change[]
  readonly expect: readonly Expectation[]
  readonly operations: readonly Operation[]
  readonly durability: Batch['durability']
  /** The epoch that rows written beforehand are sealed in: the commit is refused when it is not the active one any more. */
  readonly sealedIn?: Epoch | undefined
  readonly keys?: NewKeys | undefined
}

export interface LogListener {
  /** A commit is complete and published. `local` when this tab made it. */
  committed(seq: Seq, changes: readonly Change[], local: boolean): void
  /** Another tab's checkpoint made this tab read everything again. */
  reloaded(): void
  /** The store went back or away: nothing this tab holds can be trusted any more. */
  lost(error: VaultError): void
  /**
   * The stored header is not the one this tab has its keys from: takes over the keys it names.
   * @throws {VaultError} `keys-changed` when nobody hands over the vault key that opens it
   */
  headerChanged(): Promise<void>
  /** Before anything is read or written. @throws {VaultError} `locked` when the vault has to be taken for locked, though nobody said so to this tab */
  beforeUse?(): void
  /** Commits that are known beside the store, by proof: none of them may be missing from the log. */
  knownCommits(): Promise<readonly LogHead[]>
}
