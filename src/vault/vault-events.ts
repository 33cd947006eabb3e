// What an opened vault tells: the events, and the names a `changed` event carries.

import type { VaultError } from '../errors.js'
import type { Change } from './core/log-row.js'
import { itemNameOf, publicNameOf } from './records/reserved-ids.js'
import type { RotationDue, RotationStatus } from './rotation/rotation-status.js'

export type LockReason = 'asked' | 'idle' | 'hidden' | 'other-tab' | 'storage-lost' | 'destroyed' | 'keys-changed'

export type VaultEvent =
  /** A commit is true now: made here (`local`) or in another tab. Names what changed, never content; a collection of the app's own is `app:` and its name. */
  | { readonly kind: 'changed'; readonly seq: number; readonly local: boolean; readonly collections: readonly string[]; readonly chatLogIds: readonly string[] }
  /** The lock has begun: hide what is shown. What was asked for is still being written. */
  | { readonly kind: 'locking'; readonly reason: LockReason }
  | { readonly kind: 'locked'; readonly reason: LockReason; readonly error?: VaultError }
  /** The vault locks as idle in so many ms unless somebody uses it; `inMs` is undefined when somebody did, here or in another tab. */
  | { readonly kind: 'lock-soon'; readonly inMs: number | undefined }
  /** A rotation of keys began, went on, was paused or ended, in this tab. */
  | { readonly kind: 'rotation'; readonly status: RotationStatus }
  /** New keys are due; told once each time the vault is opened. */
  | { readonly kind: 'rotation-due'; readonly reason: RotationDue }
  /** Something is wrong that does not stop the vault: what is left readable stays readable. */
  | { readonly kind: 'warning'; readonly error: VaultError }

/** What a commit touched, by name: enough to know what to read again, nothing of what it says. */
export function namesOf(changes: readonly Change[]): { collections: readonly string[]; chatLogIds: readonly string[] } {
  const collections = new Set<string>()
  const chatLogIds = new Set<string>()
  for (const change of changes) {
    switch (change[0]) {
      case 'put':
      case 'delete':
        collections.add(change[1] === 'brains' ? nameOf(change[2]) : change[1])
        if (change[1] === 'chatLogs') chatLogIds.add(change[2])
        // Its chat logs go with a session.
        if (change[0] === 'delete' && change[1] === 'sessions') collections.add('chatLogs')
        break
      case 'brain':
        collections.add(nameOf(change[1]))
        break
      case 'header':
        collections.add('header')
        break
      // What it covers is named beside it.
      case 'segment':
        break
      case 'chatLog':
      case 'adopt':
      case 'append':
      case 'set':
      case 'unset':
      case 'merge':
        collections.add('sessions').add('chatLogs')
        chatLogIds.add(change[1])
        break
    }
  }
  return { collections: [...collections], chatLogIds: [...chatLogIds] }
}

/** Of what is stored among the brains. */
function nameOf(id: string): string {
  const item = itemNameOf(id)
  return item === undefined ? 'brains' : publicNameOf(item.collection)
}
