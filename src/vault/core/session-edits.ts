// Which fields of a session were edited, when and by which commit: what lets a merge put together what two devices changed.
// Implements docs/format.md, section 16. Counts, times of activity and commits say nothing here: they follow from messages.

import type { Edit, Edits, Fields, Origin } from './log-row.js'

/** Fields that are edited by themselves, with what belongs to them. */
export const SESSION_FIELDS = {
  connectionId: ['connectionId'],
  participants: ['participants'],
  state: ['state'],
  title: ['title', 'titled'],
  keywords: ['keywords', 'keywordsGenerated'],
  createdAt: ['createdAt'],
  chatLogId: ['chatLogId'],
} as const satisfies Readonly<Record<string, readonly string[]>>

export type SessionField = keyof typeof SESSION_FIELDS

export function fieldDiffers(field: SessionField, before: Fields, after: Fields): boolean {
  return SESSION_FIELDS[field].some((name) => !sameValue(before[name], after[name]))
}

/** The edits of a session whose value takes the place of another. */
export function editsAfter(edits: Edits | undefined, before: Fields, after: Fields, { seq, time, origin }: { readonly seq: number; readonly time: number; readonly origin?: Origin | undefined }): Edits | undefined {
  let made = edits
  for (const field of Object.keys(SESSION_FIELDS) as SessionField[]) {
    // Generated ones are nobody's edit.
    if ((field === 'keywords' && after['keywordsGenerated'] === true) || !fieldDiffers(field, before, after)) continue
    const edit: Edit = origin === undefined ? [seq, time] : [origin[1], time, origin[0]]
    made = { ...made, [field]: edit }
  }
  return made
}

/** Strings, numbers, truth values and lists of strings: all that these fields hold. */
function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true
  return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => item === b[i])
}
