// What of the world's sessions is not in the vault yet: looked at in every frame, by comparing a few fields of each session, and taken in small batches.

import type { Session, SessionPatch } from '../index.js'
import { copied, type WorldMessage, type WorldSession } from './world.js'

/** What one session has for the vault. Copies: the world goes on meanwhile. */
export interface SessionBatch {
  readonly sessionId: string
  /** Whether the vault is known to have it. */
  readonly isKnown: boolean
  readonly fields: SessionPatch
  readonly added: readonly WorldMessage[]
  readonly changed: readonly WorldMessage[]
}

/** What was taken of a session. */
interface Taken {
  /** Whether the vault has it; unknown for one that was just met. */
  isKnown: boolean
  /** The last message, as it was then. */
  lastId: string | undefined
  lastContent: string | undefined
  fields: readonly unknown[]
}

interface Watched extends Taken {
  /** Undefined until the world has it. */
  session: WorldSession | undefined
  /** As the vault has it, until it is held against the world's for the first time. */
  stored?: Session | undefined
  /** Ids of messages that were changed elsewhere than at the end. */
  readonly changed: Set<string>
  /** The look at which the world had it. */
  seen: number
  /** The vault had it, and somebody deleted it there: the world may go on with it, and nothing of that is kept. */
  isGone?: boolean
}

/** Sessions that are remembered although the world has left them. */
const SPARE = 64

const NOTHING: Readonly<Taken> = { isKnown: false, lastId: undefined, lastContent: undefined, fields: [] }

const fieldsOf = ({ connectionId, participants, state, title, keywords, createdAt }: WorldSession): readonly unknown[] => [connectionId, participants, state, title, keywords, createdAt]

export class SessionWatch {
  readonly #watched = new Map<string, Watched>()
  readonly #dirty = new Set<string>()
  readonly #before = new WeakMap<SessionBatch, { readonly watched: Watched; readonly taken: Taken }>()
  #looks = 0

  /** Sessions that have something for the vault. */
  get waiting(): ReadonlySet<string> {
    return this.#dirty
  }

  /** The vault has this session, up to this message; the world is about to have it too. */
  agree(session: Session, last: { readonly id: string; readonly content: string } | undefined): void {
    this.#watched.set(session.id, { session: undefined, stored: session, isKnown: true, lastId: last?.id, lastContent: last?.content, fields: [], changed: new Set(), seen: this.#looks })
  }

  /** Looks at every session: as long as nothing happened, some comparisons for each. Nothing is made, nothing awaited. */
  look(sessions: Iterable<WorldSession>): void {
    const look = ++this.#looks
    let found = 0
    for (const session of sessions) {
      found++
      let watched = this.#watched.get(session.id)
      if (watched === undefined) {
        watched = { ...NOTHING, session, changed: new Set(), seen: look }
        this.#watched.set(session.id, watched)
        this.#dirty.add(session.id)
      }
      watched.session = session
      watched.seen = look
      if (watched.stored !== undefined) {
        if (saysTheSame(session, watched.stored)) watched.fields = fieldsOf(session)
        watched.stored = undefined
      }
      if (watched.isGone === true || this.#dirty.has(session.id)) continue
      const last = session.messages.at(-1)
      if (last?.id !== watched.lastId || last?.content !== watched.lastContent || isOther(watched.fields, session)) this.#dirty.add(session.id)
    }
    if (this.#watched.size > 2 * found + SPARE) this.#forgetLeft(look)
  }

  /** Sessions that the world has left, and of which nothing waits: one that comes again is held against the vault anew. */
  #forgetLeft(look: number): void {
    for (const [sessionId, { seen, session, isGone }] of this.#watched) {
      if (seen !== look && session !== undefined && isGone !== true && !this.#dirty.has(sessionId)) this.#watched.delete(sessionId)
    }
  }

  /** A message that is not the last one says something else now, or the last one has other metadata. */
  noteChange(sessionId: string, messageId: string): void {
    const watched = this.#watched.get(sessionId)
    if (watched === undefined || watched.isGone === true) return
    watched.changed.add(messageId)
    this.#dirty.add(sessionId)
  }

  /** The session was deleted in the vault: it is not made anew because the world still has it. */
  noteGone(sessionId: string): void {
    const watched = this.#watched.get(sessionId)
    if (watched !== undefined) watched.isGone = true
    this.#dirty.delete(sessionId)
  }

  /**
   * What is to be written next of these sessions: of as many as fit into one batch, and of none more messages than that. Counts as written until `giveBack`.
   * @param round those that are to be written; who has been taken whole is taken out
   * @param limit messages, and characters, of a batch; a message that is longer comes alone
   */
  take(round: Set<string>, limit: { readonly messages: number; readonly characters: number }): SessionBatch[] {
    const batches: SessionBatch[] = []
    let { messages, characters } = limit
    for (const sessionId of round) {
      if (batches.length > 0 && (messages <= 0 || characters <= 0)) break
      const watched = this.#watched.get(sessionId)
      if (watched?.session === undefined || !this.#dirty.has(sessionId)) {
        round.delete(sessionId)
        continue
      }
      const { session, isKnown, lastId, lastContent } = watched
      const fields = isOther(watched.fields, session) ? patchOf(session) : {}
      const { added, rest } = newMessages(session.messages, lastId, messages, characters, batches.length === 0)
      const grown = lastGrown(session.messages, watched)
      const changed = session.messages.filter(({ id }) => watched.changed.has(id) || id === grown)
      for (const { content } of [...added, ...changed]) {
        messages--
        characters -= content.length
      }
      const batch: SessionBatch = { sessionId, isKnown, fields, added: added.map(copyOf), changed: changed.map(copyOf) }
      this.#before.set(batch, { watched, taken: { isKnown, lastId, lastContent, fields: watched.fields } })
      batches.push(batch)
      watched.changed.clear()
      watched.fields = fieldsOf(session)
      const last = added.at(-1) ?? session.messages.find(({ id }) => id === watched.lastId)
      watched.lastId = last?.id ?? watched.lastId
      watched.lastContent = last?.content ?? watched.lastContent
      watched.isKnown = true
      if (rest) continue
      this.#dirty.delete(sessionId)
      round.delete(sessionId)
    }
    return batches
  }

  /** What was taken did not get into the vault: it is taken again. */
  giveBack(batch: SessionBatch): void {
    const { watched, taken } = this.#before.get(batch)!
    // The world may have left it meanwhile.
    this.#watched.set(batch.sessionId, watched)
    Object.assign(watched, taken)
    for (const { id } of batch.changed) watched.changed.add(id)
    this.#dirty.add(batch.sessionId)
  }
}

/** The messages after the last one that was taken. */
function newMessages(messages: readonly WorldMessage[], lastId: string | undefined, most: number, characters: number, isFirst: boolean): { readonly added: readonly WorldMessage[]; readonly rest: boolean } {
  let from = 0
  // Mostly it is the last one or the one before; a world that dropped it has only newer ones.
  for (let at = messages.length - 1; lastId !== undefined && at >= 0; at--) {
    if (messages[at]!.id !== lastId) continue
    from = at + 1
    break
  }
  let to = from
  let left = characters
  while (to < messages.length && to - from < most && (left > 0 || (isFirst && to === from))) left -= messages[to++]!.content.length
  return { added: messages.slice(from, to), rest: to < messages.length }
}

/** Whether what the world says of a session is what the vault has. */
function saysTheSame(session: WorldSession, stored: Session): boolean {
  return Object.entries(patchOf(session)).every(([field, value]) => JSON.stringify(value) === JSON.stringify(stored[field as keyof Session]))
}

/** Another value, or another list: lists are compared by what they are, not by what is in them. */
function isOther(fields: readonly unknown[], session: WorldSession): boolean {
  const { connectionId, participants, state, title, keywords, createdAt } = session
  return fields[0] !== connectionId || fields[1] !== participants || fields[2] !== state || fields[3] !== title || fields[4] !== keywords || fields[5] !== createdAt
}

function patchOf({ connectionId, participants, state, title, keywords, createdAt }: WorldSession): SessionPatch {
  return {
    ...(connectionId !== undefined && { connectionId }),
    ...(participants !== undefined && { participants: [...participants] }),
    ...(state !== undefined && { state }),
    ...(title !== undefined && { title }),
    ...(keywords !== undefined && { keywords: [...keywords] }),
    ...(createdAt !== undefined && { createdAt }),
  }
}

/** The id of the last message that was taken, where it says more by now. */
function lastGrown(messages: readonly WorldMessage[], { lastId, lastContent }: Taken): string | undefined {
  for (let at = messages.length - 1; lastId !== undefined && at >= 0; at--) {
    const { id, content } = messages[at]!
    if (id === lastId) return content === lastContent ? undefined : id
  }
  return undefined
}

function copyOf({ id, senderId, type, content, timestamp, metadata }: WorldMessage): WorldMessage {
  return { id, senderId, type, content, timestamp, ...(metadata !== undefined && { metadata: copied(metadata) }) }
}
