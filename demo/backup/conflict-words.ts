// What was changed on both sides, as somebody can read it who knows nothing of records.

import type { Conflict, ConflictSide, MergedKind } from 'sealed-vault'
import { formatCount, formatTime } from '../format.js'

/** No more of a version is shown: it is enough to tell two apart. */
const MAX_UNITS = 2000
/** Of a long text the vault gives the beginning, so many units of it. */
const BEGINNING_UNITS = 256

const FIELDS: Readonly<Record<string, string>> = {
  title: 'title',
  keywords: 'keywords',
  participants: 'participants',
  state: 'state',
  createdAt: 'date',
  connectionId: 'connection',
  chatLogId: 'main chat',
}

export function fieldName(field: string): string {
  return FIELDS[field] ?? field
}

/** "The title of “Night train”". @param title of the conversation it is in, or what else names it */
export function nameOf({ kind, field }: { readonly kind: MergedKind; readonly field?: string | undefined }, title: string): string {
  switch (kind) {
    case 'session':
      return field === undefined ? `The conversation “${title}”` : `The ${fieldName(field)} of “${title}”`
    case 'chatLog':
      return `The messages of “${title}”`
    case 'message':
      return `A message in “${title}”`
    case 'brain':
      return `The memory “${title}”`
    case 'preference':
      return `The setting “${title}”`
    case 'item':
      return `The entry “${title}”`
  }
}

export function whatHappened({ mine, theirs }: Conflict): string {
  if (mine === undefined) return 'was deleted here, and is there in the backup.'
  return theirs === undefined ? 'is here, and was deleted on the side of the backup.' : 'was changed here and on the side of the backup.'
}

export interface Version {
  /** Who wrote it, of a message. */
  readonly by?: string
  /** Undefined where it was deleted. */
  readonly text: string | undefined
  readonly time: string | undefined
}

export function versionOf(conflict: Conflict, side: 'mine' | 'theirs'): Version {
  const found = conflict[side]
  if (found === undefined) return { text: undefined, time: conflict.deletedAt === undefined ? undefined : formatTime(conflict.deletedAt) }
  const { by, text } = readable(conflict, found)
  return { ...(by !== undefined && { by }), text: text.length > MAX_UNITS ? `${text.slice(0, MAX_UNITS)}…` : text, time: formatTime(found.modifiedAt) }
}

function readable({ kind, field, deletedAt }: Conflict, { value }: ConflictSide): { readonly by?: string; readonly text: string } {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>
  switch (kind) {
    case 'message': {
      const { senderId, content } = fields as { readonly senderId: string; readonly content: string }
      return { by: senderId, text: content.length === BEGINNING_UNITS ? `${content}…` : content }
    }
    case 'session':
      return { text: field === undefined ? inSessionWords(fields) : inFieldWords(field, value) }
    case 'chatLog':
      return { text: formatCount(Number(fields['messages'] ?? fields['count'] ?? 0), 'message') }
    case 'brain':
    case 'item':
      return { text: JSON.stringify(value, undefined, 1) }
    case 'preference':
      // One that was deleted there comes with what it is stored in.
      return { text: JSON.stringify(deletedAt !== undefined && Object.keys(fields).join() === 'value' ? fields['value'] : value, undefined, 1) }
  }
}

function inSessionWords({ title, participants, lastActivityAt }: Readonly<Record<string, unknown>>): string {
  const facts = [typeof title === 'string' && title !== '' ? title : 'Untitled']
  if (Array.isArray(participants) && participants.length > 0) facts.push(`with ${participants.join(', ')}`)
  if (typeof lastActivityAt === 'number') facts.push(`last message ${formatTime(lastActivityAt)}`)
  return facts.join('\n')
}

function inFieldWords(field: string, value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '(none)' : value.join(', ')
  if (field === 'createdAt' && typeof value === 'number') return formatTime(value)
  return value === undefined || value === '' ? '(none)' : typeof value === 'string' ? value : JSON.stringify(value)
}
