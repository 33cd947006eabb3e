// The life of sessions and messages, as the persistence system offers it: one object over an open vault. What the parts promise stands with them.

import type { UnlockedVault } from '../../index.js'
import { Archiving } from './archiving.js'
import { BulkChanges } from './bulk.js'
import { CleanUp } from './clean-up.js'
import { Edits } from './edits.js'
import type { LifePorts } from './life-ports.js'
import { PendingDeletes } from './pending-deletes.js'
import { Pins } from './pins.js'

export interface SessionLifeOptions {
  readonly open: UnlockedVault
  /** Milliseconds since 1970: what ages are counted from. */
  readonly now: () => number
  /** Sessions in use right now, in this tab: archiving and clean-up leave them alone. */
  readonly activeSessionIds: () => readonly string[]
}

/**
 * Everything here lives in the vault itself: pins, what was archived last and what is to be deleted are preferences under `persistence-system/`, so that they hold in every tab, after
 * a restart, and in an archive. Nothing is kept in memory between calls, and nothing happens by itself: whoever owns it calls `archiving.run`, `cleanUp.run` and `deletes.purgeDue`.
 */
export class SessionLife {
  /** Sessions that nothing automatic touches. */
  readonly pins: Pins
  /** Archiving of old sessions by a rule, with preview and undo. */
  readonly archiving: Archiving
  /** Clean-up of old messages by a rule, with preview; not to be undone. */
  readonly cleanUp: CleanUp
  /** Deleting sessions so that it can be undone for a while. */
  readonly deletes: PendingDeletes
  /** One change to many sessions. */
  readonly bulk: BulkChanges
  /** Edits that another tab may have overtaken. */
  readonly edits: Edits

  constructor({ open, now, activeSessionIds }: SessionLifeOptions) {
    const ports: LifePorts = { open, now, activeSessionIds }
    this.pins = new Pins(ports)
    this.archiving = new Archiving(ports)
    this.cleanUp = new CleanUp(ports)
    this.deletes = new PendingDeletes(ports)
    this.bulk = new BulkChanges(ports, this.pins, this.deletes)
    this.edits = new Edits(ports)
  }
}
