// What the last automatic archiving did, as it is kept in the vault: written in the commits that archive, so that undo knows of every session, whatever was interrupted.

import type { JsonValue, Records, SessionState } from '../../index.js'
import { isObject } from './life-ports.js'

export const ARCHIVED_KEY = 'persistence-system/archived'
/** What is older is nobody's slip of the finger any more. */
export const UNDO_FOR_MS = 30 * 24 * 60 * 60 * 1000
/** Of more sessions than these, those archived last can be had back. */
export const MAX_UNDOABLE = 10_000

export interface ArchivedSession {
  readonly id: string
  readonly state: SessionState
  /** The commit that archived it, or that cleaned up in it afterwards: a session of a later one was changed since. */
  readonly rev: number
}

export interface ArchiveJournal {
  readonly token: string
  readonly at: number
  /** False while there is more to archive: whoever goes on does so under the same token. */
  readonly isFinished: boolean
  readonly sessions: readonly ArchivedSession[]
}

/** The journal, unless it has expired or was never one. */
export async function readJournal(tx: Records, now: number): Promise<ArchiveJournal | undefined> {
  const value = await tx.preferences.get(ARCHIVED_KEY)
  if (!isObject(value)) return undefined
  const { token, at, isFinished, sessions } = value
  if (typeof token !== 'string' || typeof at !== 'number' || typeof isFinished !== 'boolean' || !Array.isArray(sessions)) return undefined
  if (now - at > UNDO_FOR_MS) return undefined
  return { token, at, isFinished, sessions: sessions.map(toEntry).filter((entry) => entry !== undefined) }
}

export async function writeJournal(tx: Records, { token, at, isFinished, sessions }: ArchiveJournal): Promise<void> {
  await tx.preferences.set(ARCHIVED_KEY, { token, at, isFinished, sessions: sessions.slice(-MAX_UNDOABLE).map(({ id, state, rev }) => [id, state, rev]) })
}

export async function dropJournal(tx: Records): Promise<void> {
  await tx.preferences.delete(ARCHIVED_KEY)
}

/**
 * Runs a change of ours over sessions, in the same commit, so that it does not count as a change of theirs: cleaning up in an archived session is no reason not to
 * have it back.
 */
export async function keepingUndo<T>(tx: Records, now: number, ids: readonly string[], change: () => Promise<T>): Promise<T> {
  const journal = await readJournal(tx, now)
  const touched = new Set(ids)
  const untouched = new Set<string>()
  for (const { id, rev } of journal?.sessions ?? []) if (touched.has(id) && (await tx.sessions.get(id))?.rev === rev) untouched.add(id)
  const result = await change()
  if (journal === undefined || untouched.size === 0) return result
  const sessions: ArchivedSession[] = []
  for (const entry of journal.sessions) sessions.push(untouched.has(entry.id) ? { ...entry, rev: (await tx.sessions.get(entry.id))?.rev ?? entry.rev } : entry)
  if (sessions.some(({ rev }, i) => rev !== journal.sessions[i]!.rev)) await writeJournal(tx, { ...journal, sessions })
  return result
}

function toEntry(value: JsonValue): ArchivedSession | undefined {
  if (!Array.isArray(value)) return undefined
  const [id, state, rev] = value as readonly unknown[]
  if (typeof id !== 'string' || typeof rev !== 'number' || (state !== 'active' && state !== 'inactive')) return undefined
  return { id, state, rev }
}
