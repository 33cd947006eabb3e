// Which messages of a chat are shown: a stretch that grows at both ends, from its newest message or from one that was found.

import type { Message, Session, UnlockedVault } from 'sealed-vault'

/** Messages shown at first, and fetched more at a time. */
export const STEP = 40

/** Numbers of messages; without `last` all up to the end, also those that come. */
export type Range = { readonly kind: 'newest' } | { readonly kind: 'around'; readonly number: number } | { readonly kind: 'between'; readonly first: number; readonly last: number | undefined }

export interface Stretch {
  readonly session: Session
  readonly chatLogId: string | undefined
  readonly messages: readonly Message[]
  /** How many messages the chat has in all. */
  readonly count: number
  /** As it was asked for. */
  readonly asked: Range
  /** The same messages, by their numbers. */
  readonly range: Range & { readonly kind: 'between' }
}

/** @param chatLogId the session's first one when left out */
export async function readStretch(vault: UnlockedVault, sessionId: string, asked: Range, chatLogId?: string): Promise<Stretch> {
  const session = await vault.sessions.get(sessionId)
  if (session === undefined) throw new Error('this conversation was deleted')
  const log = chatLogId ?? session.chatLogId
  if (log === undefined) return { session, chatLogId: log, messages: [], count: 0, asked, range: { kind: 'between', first: 0, last: undefined } }
  const [read, count] = await Promise.all([vault.chatLogs.read(log, optionsFor(asked)), vault.chatLogs.count(log)])
  const messages = withoutSpare(asked, read)
  const last = messages.length === read.length ? undefined : asked.kind === 'between' ? asked.last : messages.at(-1)?.number
  const first = asked.kind === 'between' ? asked.first : messages.length === count ? 0 : (messages[0]?.number ?? 0)
  return { session, chatLogId: log, messages, count, asked, range: { kind: 'between', first, last } }
}

/** One message more than is shown tells whether there are newer ones. */
function optionsFor(asked: Range): { readonly limit: number; readonly after?: number; readonly around?: number } {
  switch (asked.kind) {
    case 'newest':
      return { limit: STEP }
    case 'around':
      return { around: asked.number, limit: STEP + 1 }
    case 'between':
      // Where messages were deleted this reads beyond the last one.
      return { after: asked.first - 1, limit: asked.last === undefined ? Number.MAX_SAFE_INTEGER : asked.last - asked.first + 2 }
  }
}

function withoutSpare(asked: Range, read: readonly Message[]): readonly Message[] {
  if (asked.kind === 'around') return read.slice(0, STEP)
  return asked.kind === 'between' && asked.last !== undefined ? read.filter(({ number }) => number <= asked.last!) : read
}
