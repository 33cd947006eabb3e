// Which sessions nothing automatic touches: those in use, those that are pinned, and those that were deleted but can still be had back.

import type { Records } from '../../index.js'
import type { LifePorts } from './life-ports.js'
import { readPendingDeletes } from './pending-list.js'
import { readPins } from './pins.js'

export interface Spared {
  /** In use or pinned. */
  readonly kept: ReadonlySet<string>
  /** Deleted, and hidden until that can be undone no more: they are to come back as they went. */
  readonly hidden: ReadonlySet<string>
}

/** Read in the commit that acts on it: what was pinned or opened a moment ago counts. */
export async function readSpared(tx: Records, ports: Pick<LifePorts, 'activeSessionIds'>): Promise<Spared> {
  const pending = await readPendingDeletes(tx)
  return { kept: new Set([...ports.activeSessionIds(), ...(await readPins(tx))]), hidden: new Set(pending.map(({ id }) => id)) }
}
