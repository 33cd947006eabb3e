// What can be given new keys.

import type { Conversation } from '../corpus.ts'

export interface RotateSubject {
  build(conversations: readonly Conversation[]): Promise<void>
  reopen(): Promise<void>
  /** Milliseconds until nothing is under the old keys. */
  rotate(): Promise<number>
  /** The same for the same content. */
  digest(): Promise<string>
  check(): Promise<void>
  close(): Promise<void>
}
