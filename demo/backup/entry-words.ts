// What became of one record that was changed on both sides, or of which a version is lost, in a sentence.

import type { ConflictChoice, MergeEntry } from 'sealed-vault'
import { fieldName, nameOf } from './conflict-words.js'

/** Chat logs go the way of their conversation, which is told. */
export function isTold({ kind, conflict, lost }: MergeEntry): boolean {
  return conflict !== undefined || (lost !== undefined && kind !== 'chatLog')
}

/** @param title see `nameOf` */
export function describeEntry(entry: MergeEntry, title: string): string {
  return `${nameOf(entry, title)}: ${sentencesOn(entry).join(' ')}`
}

function sentencesOn({ kind, outcome, conflict, lost }: MergeEntry): readonly string[] {
  if (outcome === 'deleted') return [lost === 'mine' ? 'deleted, as on the side of the backup. What was here is gone.' : 'deleted.']
  if (outcome === 'added') return ['brought back from the backup.']
  if (conflict === undefined) return ['not taken from the backup.']
  const { kept, fields } = conflict
  if (kept === 'mine' && lost === undefined) return ['kept, although it was deleted on the side of the backup.']
  // Of a conversation that is on both sides the fields are told.
  if (kind === 'session' && fields === undefined && kept === 'mine') return ['stays deleted; the version in the backup was not taken.']
  const words = fields === undefined ? `${CHOICES[kept]}.` : `${Object.entries(fields).map(([field, choice]) => `${fieldName(field)}: ${CHOICES[choice]}`).join('; ')}.`
  if (kept === 'both' && lost === undefined) return [words, kind === 'session' ? 'The other version is a conversation of its own.' : 'The other version is a copy beside it.']
  return [words]
}

const CHOICES: Readonly<Record<ConflictChoice, string>> = {
  mine: 'as it was here, the version in the backup was not taken',
  theirs: 'as in the backup, the version that was here is gone',
  both: 'both were kept',
}
