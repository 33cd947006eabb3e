// What a vault says it holds, through the calls an app has, beside what it should hold.

import type { UnlockedVault } from '../../../src/vault/unlocked-vault.js'
import type { World } from './history.js'
import type { TruthMessage } from './truth.js'

export interface ReadBack {
  readonly messages: readonly TruthMessage[]
  /** All of it as a string, to be held against that of a world. */
  readonly canonical: string
}

/** Reads everything, after the vault has heard of all commits of other tabs. */
export async function readBack(vault: UnlockedVault): Promise<ReadBack> {
  const logs = await vault.transact(async ({ chatLogs }) => chatLogs.list())
  const sessions = new Map((await vault.sessions.list()).map(({ id, participants }) => [id as string, participants]))
  const places = new Map(logs.map(({ id, sessionId }, logNumber) => [id, { logId: id as string, logNumber, ...(sessionId !== undefined && { sessionId, participants: sessions.get(sessionId)! }) }]))
  const all: TruthMessage[] = []
  const linesOf = new Map<string, unknown[]>()
  for await (const { chatLogId, messages } of vault.chatLogs.readAll()) {
    for (const { number, id, content, timestamp, senderId, type } of messages) all.push({ ...places.get(chatLogId)!, number, id, content, timestamp, senderId, type })
    linesOf.set(chatLogId, messages.map(({ id, content, timestamp, senderId, type }) => [id, content, timestamp, senderId, type]))
  }
  return { messages: all, canonical: canonicalOf(sessions, logs.map(({ id, sessionId }) => [id, sessionId, linesOf.get(id)])) }
}

/** The same of a world: chat logs in order of creation, messages as they were added. */
export function canonicalWorld({ sessions, logs }: World): string {
  return canonicalOf(sessions, [...logs].map(([id, { sessionId, lines }]) => [id, sessionId, lines.map((line) => [line.id, line.content, line.timestamp, line.senderId, line.type])]))
}

function canonicalOf(sessions: ReadonlyMap<string, readonly string[]>, logs: readonly unknown[]): string {
  return JSON.stringify([[...sessions].sort(([a], [b]) => (a < b ? -1 : 1)), logs])
}
