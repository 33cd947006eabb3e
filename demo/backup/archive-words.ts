// What a backup holds, in words.

import type { ArchiveContents } from 'sealed-vault'
import { formatCount, formatDay, formatTime } from '../format.js'

export function describeContents({ counts, createdAt }: ArchiveContents): string {
  return `${formatCount(counts.sessions, 'conversation')}, ${formatCount(counts.messages, 'message')}, made on ${formatTime(createdAt)}.`
}

/** From when to when its messages are; undefined when there are none. */
export function describeSpan({ span }: ArchiveContents): string | undefined {
  if (span === undefined) return undefined
  const [from, to] = [formatDay(span.from), formatDay(span.to)]
  return from === to ? `Its messages are of ${from}.` : `Its messages are from ${from} to ${to}.`
}

/** Why it is not everything there was, in sentences. */
export function limitsOf({ parent, selection, missing }: ArchiveContents): readonly string[] {
  const sentences: string[] = []
  if (parent !== undefined) sentences.push('It holds only what changed after an earlier backup; keep that one too.')
  if (selection !== undefined) sentences.push('It holds a choice of conversations, not all.')
  if (missing.length > 0) sentences.push(`${formatCount(missing.length, 'part')} of the vault could not be read when it was made.`)
  return sentences
}
