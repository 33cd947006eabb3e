// What was going on, back into the world: the active sessions with their newest messages, and the brains of the entities there are.

import { isVaultError, type Session, type UnlockedVault, type VaultError } from '../index.js'
import type { SessionWatch } from './session-watch.js'
import type { RestoredSession, SessionSystem, World } from './world.js'

export interface RestoreOptions {
  /** Active sessions, the most recent ones; 50 when left out. */
  readonly sessions?: number | undefined
  /** Newest messages of each; 100 when left out. */
  readonly messages?: number | undefined
}

/**
 * A chat that is damaged is left out and told of: the others are there.
 * @param damaged told of each
 * @throws {VaultError} `locked`
 */
export async function readSessions(open: UnlockedVault, { sessions = 50, messages = 100 }: RestoreOptions, isHidden: (sessionId: string) => boolean, damaged: (sessionId: string, error: VaultError) => void): Promise<readonly RestoredSession[]> {
  const active = (await open.sessions.list({ state: 'active' })).filter(({ id }) => !isHidden(id)).slice(0, sessions)
  const read = async (session: Session): Promise<RestoredSession[]> => {
    if (session.chatLogId === undefined) return [{ session, messages: [], hasOlder: false }]
    try {
      const newest = await open.chatLogs.read(session.chatLogId, { limit: messages })
      return [{ session, messages: newest, hasOlder: (await open.chatLogs.count(session.chatLogId)) > newest.length }]
    } catch (error) {
      if (!isVaultError(error) || error.code !== 'corrupt') throw error
      damaged(session.id, error)
      return []
    }
  }
  return (await Promise.all(active.map(read))).flat()
}

/** Hands them to the session system, which takes them without waiting for anything. */
export function handOver(restored: readonly RestoredSession[], system: SessionSystem | undefined, watch: SessionWatch): void {
  if (system?.restore === undefined) return
  for (const { session, messages } of restored) watch.agree(session, messages.at(-1))
  system.restore(restored)
}

/**
 * Brains into their entities, in place. Those that have none here keep what they have, which is theirs to be saved.
 * @returns how many were restored, and the entities whose brain the vault does not have
 * @throws {VaultError} `corrupt`, `locked`
 */
export async function restoreBrains(open: UnlockedVault, world: World): Promise<{ readonly restored: number; readonly unknown: readonly string[] }> {
  const heads = new Set((await open.brains.list()).map(({ entityId }): string => entityId))
  const unknown: string[] = []
  let restored = 0
  for (const entity of [...world.query('brain')]) {
    if (!heads.delete(entity.id)) {
      unknown.push(entity.id)
      continue
    }
    const brain = await open.brains.get(entity.id)
    // The world may have dropped the component meanwhile.
    if (brain === undefined || entity.brain === undefined) continue
    const { model, configuration, memories } = brain
    Object.assign(entity.brain, { model, configuration, memories })
    restored++
  }
  for (const entityId of world.restoreEntity === undefined ? [] : heads) {
    const brain = await open.brains.get(entityId)
    if (brain === undefined) continue
    world.restoreEntity?.(brain)
    restored++
  }
  return { restored, unknown }
}
