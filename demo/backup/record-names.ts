// Names for records that people know: the title of the conversation, or what else there is.

import type { MergedKind, UnlockedVault } from 'sealed-vault'

export interface Named {
  readonly kind: MergedKind
  readonly id: string
  readonly chatLogId?: string | undefined
}

const SHORT = 12

/** Of what is gone there is only its id. */
export async function titleOf(vault: UnlockedVault, { kind, id, chatLogId }: Named): Promise<string> {
  if (kind === 'brain' || kind === 'preference' || kind === 'item') return id
  const log = kind === 'chatLog' ? id : chatLogId
  const sessionId = kind === 'session' ? id : log === undefined ? undefined : (await vault.chatLogs.get(log))?.sessionId
  const session = sessionId === undefined ? undefined : await vault.sessions.get(sessionId)
  if (session === undefined) return id.length > SHORT ? `${id.slice(0, SHORT)}…` : id
  return session.title === '' ? 'Untitled' : session.title
}
