// The index is derived: what it cannot say, the messages can.

import { VaultError } from '../../../errors.js'
import type { Access } from '../../core/access.js'
import type { LiveIndex } from '../index/live-index.js'

export interface MessageSearchPorts {
  readonly access: Access
  readonly live: LiveIndex
  /** Told of damage of the index: the search goes on without it. */
  readonly damaged: (error: VaultError) => void
}

/** Asks with the index, and once more without it when it is damaged. */
export async function despiteDamage<T>({ live, damaged }: MessageSearchPorts, ask: (live: LiveIndex | undefined) => Promise<T>): Promise<T> {
  try {
    return await ask(live)
  } catch (error) {
    if (!(error instanceof VaultError) || error.details.where !== 'blocks') throw error
    damaged(error)
    return ask(undefined)
  }
}
