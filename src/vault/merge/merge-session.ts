// A session that was changed on both sides, put together field by field.

import type { Edit, Edits, Fields } from '../core/log-row.js'
import { fieldDiffers, SESSION_FIELDS, type SessionField } from '../core/session-edits.js'
import type { Head } from '../core/state.js'
import { newerOf, whoChanged, type Conflict, type ConflictChoice } from './conflicts.js'
import type { Causality, Version } from './causality.js'
import type { IncomingSession } from './incoming.js'

export interface MergedSession {
  readonly value: Fields
  readonly edits: Edits | undefined
  /** Fields that both sides had edited, and whose edit was kept. */
  readonly conflicts: readonly { readonly field: SessionField; readonly kept: ConflictChoice }[]
  /** Fields of which both were kept, as the older side has them; undefined when there is none. */
  readonly others: Fields | undefined
}

const FIELDS = Object.keys(SESSION_FIELDS) as SessionField[]

/** Whether two sessions say the same, but for what is counted. */
export function equalSessions(mine: Fields, theirs: Fields): boolean {
  return FIELDS.every((field) => !fieldDiffers(field, mine, theirs)) && mine['lastActivityAt'] === theirs['lastActivityAt']
}

/** The edits of a session of another vault, as they are kept here. */
export function foreignEdits(edits: Edits | undefined, causality: Causality): Edits | undefined {
  if (edits === undefined || causality.them === undefined) return undefined
  const { me, them } = causality
  const entries = Object.entries(edits).map(([field, [rev, modifiedAt, vault = them!]]) => [field, vault === me ? [rev, modifiedAt] : [rev, modifiedAt, vault]] as const)
  return Object.fromEntries(entries) as unknown as Edits
}

/** The value that both versions give together; counts are mine, and the latest activity is the later one. */
export async function mergeSessions(mine: Head, theirs: IncomingSession, causality: Causality, settle: (conflict: Conflict) => Promise<ConflictChoice>): Promise<MergedSession> {
  const value: Record<string, unknown> = { ...mine.value }
  let edits: Record<string, Edit> | undefined = mine.edits
  const conflicts: { readonly field: SessionField; readonly kept: ConflictChoice }[] = []
  let others: Record<string, unknown> | undefined
  const incoming = foreignEdits(theirs.edits, causality) ?? {}
  for (const field of FIELDS) {
    if (!fieldDiffers(field, mine.value, theirs.value)) continue
    let kept: ConflictChoice = whoEdited(field, { mine: mine.edits?.[field], theirs: incoming[field] }, mine, theirs, causality)
    if (kept === 'both') {
      const side = (edit: Edit | undefined, whole: { readonly modifiedAt: number; readonly value: Fields }) => ({ modifiedAt: edit?.[1] ?? whole.modifiedAt, value: whole.value[field] })
      const conflict = { kind: 'session', id: mine.id, field, mine: side(mine.edits?.[field], mine), theirs: side(incoming[field], theirs) } as const
      kept = await settle(conflict)
      conflicts.push({ field, kept })
      if (kept === 'both') {
        kept = newerOf(conflict)
        others ??= {}
        for (const name of SESSION_FIELDS[field]) others[name] = (kept === 'mine' ? theirs : mine).value[name]
      }
    }
    if (kept !== 'theirs') continue
    for (const name of SESSION_FIELDS[field]) value[name] = theirs.value[name]
    const { [field]: _, ...unchanged } = edits ?? {}
    edits = incoming[field] === undefined ? unchanged : { ...unchanged, [field]: incoming[field] }
  }
  value['lastActivityAt'] = Math.max(mine.value['lastActivityAt'] as number, theirs.value['lastActivityAt'] as number)
  return { value: withoutAbsent(value), edits, conflicts, others }
}

interface FieldEdits {
  readonly mine: Edit | undefined
  readonly theirs: Edit | undefined
}

function whoEdited(field: SessionField, edits: FieldEdits, mine: Head, theirs: IncomingSession, causality: Causality): ConflictChoice {
  // What was derived from messages gives way to what somebody wrote, and to what could not be derived yet.
  if (field === 'title' && edits.mine === undefined && edits.theirs === undefined && mine.value['titled'] !== theirs.value['titled']) return mine.value['titled'] === true ? 'mine' : 'theirs'
  if (field === 'keywords') {
    const [own, other] = [isGenerated(mine.value), isGenerated(theirs.value)]
    if (own && other) return mine.modifiedAt >= theirs.modifiedAt ? 'mine' : 'theirs'
    if (own !== other && edits.mine === undefined && edits.theirs === undefined) return own ? 'theirs' : 'mine'
  }
  if (edits.mine === undefined && edits.theirs === undefined) return theirs.version === undefined || !causality.mineKnows(theirs.version) ? 'both' : 'mine'
  if (edits.theirs === undefined) return 'mine'
  if (edits.mine === undefined) return 'theirs'
  return whoChanged(causality, versionOfEdit(edits.mine, causality), theirs.version === undefined ? undefined : versionOfEdit(edits.theirs, causality))
}

function isGenerated({ keywords, keywordsGenerated }: Fields): boolean {
  return keywordsGenerated === true || (keywords as readonly string[]).length === 0
}

function versionOfEdit([rev, , vault]: Edit, { me }: Causality): Version {
  return { vault: vault ?? me, rev }
}

export function withoutAbsent(value: Fields): Fields {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined))
}
