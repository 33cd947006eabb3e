// What the persistence system tells, to the world and to listeners of its own.

import type { VaultError } from '../index.js'

/**
 * `new`: not begun. `locked`: there is a vault, and nobody opened it. `open`: what happens in the world is kept. `wiped`, `newer`, `unavailable`: as a vault says of itself
 * (docs/errors.md); nothing is created over it. `destroyed`: at its end.
 */
export type PersistenceState = 'new' | 'locked' | 'open' | 'wiped' | 'newer' | 'unavailable' | 'destroyed'

/** What was being done when something went wrong. */
export type PersistenceTask = 'open' | 'restore' | 'save' | 'life' | 'background'

export type PersistenceEvent =
  | { readonly kind: 'state'; readonly state: PersistenceState }
  /** What was going on is back in the world. */
  | { readonly kind: 'restored'; readonly sessions: number; readonly brains: number }
  /** A batch is in the vault; `waiting` says how many sessions and brains are not yet. */
  | { readonly kind: 'saved'; readonly messages: number; readonly brains: number; readonly waiting: number }
  /**
   * Something cannot be kept, found or opened: to be shown. `willRetry`: it is tried again by itself, and nothing is lost as long as the page is there. Otherwise it is given up: a message or brain
   * that no vault can hold, named by its ids.
   */
  | { readonly kind: 'trouble'; readonly task: PersistenceTask; readonly error: VaultError; readonly willRetry: boolean; readonly sessionId?: string; readonly messageId?: string; readonly entityId?: string }
  /** What was done with old sessions and messages, and with sessions whose time to be had back was over. Only when something was. */
  | { readonly kind: 'upkeep'; readonly archived: number; readonly deletedSessions: number; readonly deletedMessages: number }
  /** What went wrong before works again. */
  | { readonly kind: 'recovered' }
  /** The vault locks as idle unless somebody uses it; undefined when somebody did. */
  | { readonly kind: 'lock-soon'; readonly inMs: number | undefined }
