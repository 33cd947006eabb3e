// What the vault knows of its own backups, and whether it is time for one. Kept sealed in the vault: a file system forgets, and others read it.

import * as z from 'zod/mini'
import type { Access } from '../core/access.js'
import { HEAD_COLLECTIONS } from '../core/log-row.js'
import { ownValue, putOwnValue } from '../records/preferences.js'
import { isOwn } from '../records/reserved-ids.js'
import type { ArchiveName } from './archive-lines.js'
import { noteMade, unfinishedImport, type UnfinishedImport } from './history.js'

/** An archive that was written to its end. */
export interface LastArchive extends ArchiveName {
  /** Milliseconds, when it was finished. */
  readonly at: number
  /** Of the file. */
  readonly bytes: number
  /** Whether the vault wrote it by itself. */
  readonly automatic: boolean
}

/** What changed since an archive: records by their kind; deletions are seen in what they were deleted from. */
export interface ChangesSince {
  readonly sessions: number
  readonly chatLogs: number
  readonly brains: number
  readonly preferences: number
  /** Of collections of the app's own. */
  readonly items: number
}

export interface BackupStatus {
  /** Missing when no archive of everything was ever read to its end. Whether somebody kept it the vault cannot know. */
  readonly last?: LastArchive
  readonly changes: ChangesSince
  /** `first`: there is something to lose and no archive of it; `due`: much changed since the last one, or something did and it is old; `none` otherwise. */
  readonly suggestion: 'first' | 'due' | 'none'
  /** An import that was cut off: what it had taken over is there, the rest comes with the same file. */
  readonly unfinishedImport?: UnfinishedImport
}

const NAME = 'last archive'
const lastSchema = z.object({ archiveId: z.string(), seq: z.number(), at: z.number(), bytes: z.number(), automatic: z.boolean() })
/** Sessions, brains, preferences and items changed since the last archive. */
const MANY_CHANGES = 20
const OLD_MS = 7 * 24 * 60 * 60 * 1000

export async function backupStatus(access: Access, now: number): Promise<BackupStatus> {
  return access.view(async (state) => {
    const parsed = lastSchema.safeParse(ownValue(state, NAME))
    const last = parsed.success ? parsed.data : undefined
    const since = last?.seq ?? -1
    const changes = { sessions: 0, chatLogs: 0, brains: 0, preferences: 0, items: 0 }
    for (const collection of HEAD_COLLECTIONS) {
      for (const [id, { rev }] of state.heads[collection].entries()) {
        if (rev <= since) continue
        if (collection === 'sessions' || collection === 'chatLogs' || !isOwn(id)) changes[collection]++
        else if (collection === 'brains') changes.items++
      }
    }
    const changed = changes.sessions + changes.brains + changes.preferences + changes.items
    const isDue = changed >= MANY_CHANGES || (changed + changes.chatLogs > 0 && last !== undefined && now - last.at >= OLD_MS)
    const suggestion = last === undefined ? (changed + changes.chatLogs > 0 ? 'first' : 'none') : isDue ? 'due' : 'none'
    const unfinished = unfinishedImport(state.heads.preferences)
    return { ...(last !== undefined && { last }), changes, suggestion, ...(unfinished !== undefined && { unfinishedImport: unfinished }) }
  })
}

/** Notes an archive that was written to its end. */
export function noteArchive(access: Access, archive: LastArchive): Promise<void> {
  const { archiveId, seq, at, bytes, automatic } = archive
  return access.commit(async (draft) => {
    putOwnValue(draft, NAME, { archiveId, seq, at, bytes, automatic })
    noteMade(draft, archive)
  })
}
