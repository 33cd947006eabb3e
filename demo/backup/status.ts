// What the vault says of its backups, in words.

import type { BackupStatus, UnlockedVault } from 'sealed-vault'
import { useRef } from 'preact/hooks'
import { formatAgo, formatCount } from '../format.js'
import { useQuery } from '../use-query.js'

const SETTLE_MS = 400

/** @param atOnce for who came to see it; without it what else the page needs is asked for first */
export function useBackupStatus(vault: UnlockedVault, atOnce: boolean): BackupStatus | undefined {
  const waits = useRef(!atOnce)
  const { answer } = useQuery(
    {
      vault,
      concerns: () => true,
      ask: async () => {
        // Not with every word of an answer that streams in: it looks at every record the vault has.
        if (waits.current) await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
        waits.current = true
        return vault.backup.status()
      },
    },
    [],
  )
  return answer
}

export function describeStatus({ last, changes }: BackupStatus, now: number): string {
  // A message that was written counts once, whether the vault notes it with the conversation, its log or both.
  const conversations = Math.max(changes.sessions, changes.chatLogs)
  if (last === undefined) {
    if (conversations === 0) return 'No backup yet, and no conversations that could be lost.'
    return `No backup yet: ${formatCount(conversations, 'conversation is', 'conversations are')} in this browser only.`
  }
  const since = conversations > 0 ? `${formatCount(conversations, 'conversation')} changed since` : changes.brains + changes.preferences > 0 ? 'settings changed since' : 'nothing changed since'
  return `Backed up ${formatAgo(now - last.at)}; ${since}.`
}
