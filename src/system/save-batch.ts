// Writes what the world has: sessions with their messages, and brains, each batch as one commit. What no vault can hold is found and left out, so that it keeps nothing else from being kept.

import { isVaultError, type BrainInput, type Records, type SessionPatch, type UnlockedVault, type VaultError } from '../index.js'
import { mainChatLog } from './session-storage.js'
import type { SessionBatch } from './session-watch.js'
import type { WorldMessage } from './world.js'

/** Something that was given up. */
export interface Refused {
  readonly error: VaultError
  readonly sessionId?: string
  readonly messageId?: string
  readonly entityId?: string
}

export interface SavedSessions {
  readonly messages: number
  /** Sessions that are not in the vault any more. */
  readonly gone: readonly string[]
  readonly refused: readonly Refused[]
}

/**
 * Durable, as the vault is, when it resolves.
 * @throws {VaultError} for everything but `invalid-value`: nothing of what is left was written
 */
export async function saveSessions(open: UnlockedVault, batches: readonly SessionBatch[]): Promise<SavedSessions> {
  try {
    return await saveTogether(open, batches)
  } catch (error) {
    if (!isVaultError(error) || error.code !== 'invalid-value') throw error
    const parts = batches.length > 1 ? batches : piecesOf(batches[0]!)
    const [only] = parts
    if (parts.length === 1 && only !== undefined && only === batches[0]) return { messages: 0, gone: [], refused: [refusedOf(only, error)] }
    const saved = { messages: 0, gone: [] as string[], refused: [] as Refused[] }
    for (const part of parts) {
      const { messages, gone, refused } = await saveSessions(open, [part])
      saved.messages += messages
      saved.gone.push(...gone)
      saved.refused.push(...refused)
    }
    return saved
  }
}

function refusedOf({ sessionId, added, changed }: SessionBatch, error: VaultError): Refused {
  const [message] = [...added, ...changed]
  return { error, sessionId, ...(message !== undefined && { messageId: message.id }) }
}

/** One for the fields, one for each message; the batch itself where there is nothing to be taken apart. */
function piecesOf(batch: SessionBatch): readonly SessionBatch[] {
  const { fields, added, changed } = batch
  const none = { added: [], changed: [], fields: {} }
  const pieces = [
    ...(Object.keys(fields).length > 0 ? [{ ...batch, ...none, fields }] : []),
    ...added.map((message) => ({ ...batch, ...none, added: [message] })),
    ...changed.map((message) => ({ ...batch, ...none, changed: [message] })),
  ]
  return pieces.length > 1 ? pieces.map((piece, i) => (i === 0 ? piece : { ...piece, isKnown: batch.isKnown })) : [batch]
}

async function saveTogether(open: UnlockedVault, batches: readonly SessionBatch[]): Promise<SavedSessions> {
  return open.transact(async (tx) => {
    const gone: string[] = []
    let messages = 0
    for (const batch of batches) {
      const chatLogId = await requireSession(tx, batch)
      if (chatLogId === undefined) {
        gone.push(batch.sessionId)
        continue
      }
      messages += await addMessages(tx, chatLogId, batch)
      for (const message of batch.changed) await changeMessage(tx, chatLogId, message)
    }
    return { messages, gone, refused: [] }
  })
}

/** The chat log of the session, which is made where the vault never had it. Undefined for one that was deleted there. */
async function requireSession(tx: Records, { sessionId, isKnown, fields }: SessionBatch): Promise<string | undefined> {
  const session = await tx.sessions.get(sessionId)
  if (session === undefined) return isKnown ? undefined : (await tx.sessions.create({ id: sessionId, ...fields })).chatLogId
  const patch = Object.fromEntries(Object.entries(fields).filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(session[field as keyof SessionPatch])))
  if (Object.keys(patch).length > 0) await tx.sessions.update(sessionId, patch)
  return mainChatLog(tx, session)
}

/** Adds those that are not there: after a crash, or in another tab, some may be. */
async function addMessages(tx: Records, chatLogId: string, { added }: SessionBatch): Promise<number> {
  if (added.length === 0) return 0
  try {
    return (await tx.chatLogs.append(chatLogId, added)).length
  } catch (error) {
    if (!isVaultError(error) || error.code !== 'conflict') throw error
  }
  const missing: WorldMessage[] = []
  for (const message of added) {
    const stored = await tx.chatLogs.getMessage(chatLogId, message.id)
    if (stored === undefined) missing.push(message)
    else if (stored.content !== message.content) await changeMessage(tx, chatLogId, message)
  }
  return (await tx.chatLogs.append(chatLogId, missing)).length
}

async function changeMessage(tx: Records, chatLogId: string, { id, ...fields }: WorldMessage): Promise<void> {
  try {
    await tx.chatLogs.update(chatLogId, id, fields)
  } catch (error) {
    // Deleted meanwhile: a deletion is not undone by who did not know of it.
    if (!isVaultError(error) || error.code !== 'not-found') throw error
  }
}

/** Writes brains as one commit. @returns those that no vault takes. @throws as `saveSessions` */
export async function saveBrains(open: UnlockedVault, brains: readonly BrainInput[]): Promise<readonly Refused[]> {
  try {
    await open.transact(async (tx) => {
      for (const brain of brains) await tx.brains.put(brain)
    })
    return []
  } catch (error) {
    if (!isVaultError(error) || error.code !== 'invalid-value') throw error
    if (brains.length === 1) return [{ error, entityId: brains[0]!.entityId }]
    const refused: Refused[] = []
    for (const brain of brains) refused.push(...(await saveBrains(open, [brain])))
    return refused
  }
}
