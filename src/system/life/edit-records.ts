// Sessions, brains and preferences as fields that two tabs may have changed: how each is read, cut into fields, and written back inside of a commit.

import type { Brain, BrainInput, JsonValue, MergedKind, Preference, Records, Session, SessionPatch } from '../../index.js'
import { isObject } from './life-ports.js'
import type { FieldKind, Fields } from './three-way.js'

/** A record as it is stored now. */
export interface Stored<T> {
  readonly value: T
  readonly rev: number
  readonly modifiedAt: number
}

/** What the edit was made on, what it sets, and what is stored, in fields that can be held against each other. */
export interface Sides {
  readonly base: Fields
  readonly mine: Fields
  readonly theirs: Fields
  /** Fields of an answer that brings values of its own. */
  readonly toFields: (merged: never) => Fields
}

export interface EditedRecord<T> {
  readonly kind: MergedKind
  readonly id: string
  /** The commit of what the edit was made on; undefined where there was nothing. */
  readonly baseRev: number | undefined
  readonly kindOf: (field: string) => FieldKind
  readonly read: (records: Records) => Promise<Stored<T> | undefined>
  readonly sides: (stored: T | undefined) => Sides
  /** Changes the fields given; others stay as they are stored, or as the edit was made on them where nothing is stored any more. */
  readonly write: (tx: Records, stored: T | undefined, fields: Fields) => Promise<T>
  /** The edit takes the place of what is there, as if nobody had changed anything. */
  readonly overwrite: (tx: Records, stored: T | undefined) => Promise<T>
}

const NONE: Fields = new Map()
const SESSION_FIELDS = ['connectionId', 'participants', 'state', 'title', 'keywords', 'createdAt', 'lastActivityAt', 'chatLogId'] as const
const LISTS = ['participants', 'keywords', 'memories']

const kindOf = (field: string): FieldKind => (LISTS.includes(field) ? 'list' : field === 'lastActivityAt' ? 'latest' : 'value')

function sessionFields(session: Session | SessionPatch): Fields {
  return new Map(SESSION_FIELDS.flatMap((field): [string, JsonValue][] => (session[field] === undefined ? [] : [[field, session[field]]])))
}

export function editedSession(id: string, basedOn: Session, patch: SessionPatch): EditedRecord<Session> {
  return {
    kind: 'session',
    id,
    baseRev: basedOn.rev,
    kindOf,
    read: async ({ sessions }) => {
      const value = await sessions.get(id)
      return value && { value, rev: value.rev, modifiedAt: value.modifiedAt }
    },
    sides: (stored) => ({ base: sessionFields(basedOn), mine: sessionFields(patch), theirs: stored ? sessionFields(stored) : NONE, toFields: (merged: SessionPatch) => sessionFields(merged) }),
    // A session that was deleted does not come back, for its messages are gone: the vault says `not-found`.
    write: async (tx, stored, fields) => (stored !== undefined && fields.size === 0 ? stored : tx.sessions.update(id, Object.fromEntries(fields))),
    // As it is, for the vault to refuse what no session has.
    overwrite: (tx) => tx.sessions.update(id, patch),
  }
}

export type BrainPatch = Omit<BrainInput, 'entityId' | 'model'> & { readonly model?: string | undefined }

/** Configuration is compared key by key. */
const CONFIGURATION = 'configuration.'

function brainFields({ model, configuration, memories }: BrainPatch): Map<string, JsonValue | undefined> {
  return new Map([...(model === undefined ? [] : [['model', model] as const]), ...(memories === undefined ? [] : [['memories', memories] as const]), ...keyFields(CONFIGURATION, configuration ?? {})])
}

export function editedBrain(entityId: string, basedOn: Brain | undefined, patch: BrainPatch): EditedRecord<Brain> {
  const base = basedOn === undefined ? NONE : brainFields(basedOn)
  const mine = brainFields(patch)
  if (patch.configuration !== undefined) addRemovals(mine, base, CONFIGURATION)
  const put = async (tx: Records, fields: Fields): Promise<Brain> => {
    await tx.brains.put({ entityId, model: fields.get('model') as string, configuration: fromKeyFields(CONFIGURATION, fields), memories: fields.get('memories') as JsonValue[] | undefined })
    return (await tx.brains.get(entityId))!
  }
  return {
    kind: 'brain',
    id: entityId,
    baseRev: basedOn?.rev,
    kindOf,
    read: async ({ brains }) => {
      const value = await brains.get(entityId)
      return value && { value, rev: value.rev, modifiedAt: value.modifiedAt }
    },
    sides: (stored) => ({ base, mine, theirs: stored ? brainFields(stored) : NONE, toFields: (merged: BrainPatch) => brainFields(merged) }),
    write: async (tx, stored, fields) => (stored !== undefined && fields.size === 0 ? stored : put(tx, new Map([...(stored ? brainFields(stored) : base), ...fields]))),
    overwrite: (tx, stored) => {
      const there = [...(stored ? brainFields(stored) : base)]
      return put(tx, new Map([...there.filter(([field]) => patch.configuration === undefined || !field.startsWith(CONFIGURATION)), ...mine]))
    },
  }
}

const WHOLE = 'value'
const KEY = 'value.'

export function editedPreference(key: string, basedOn: Preference | undefined, value: JsonValue): EditedRecord<JsonValue> {
  const set = async (tx: Records, next: JsonValue): Promise<JsonValue> => {
    await tx.preferences.set(key, next)
    return next
  }
  return {
    kind: 'preference',
    id: key,
    baseRev: basedOn?.rev,
    // Only lists go together; what is none conflicts.
    kindOf: () => 'list',
    read: async ({ preferences }) => (await preferences.list()).find((preference) => preference.key === key),
    // Key by key where all are objects, else whole.
    sides: (stored) => {
      const byKey = [value, basedOn?.value, stored].every((side) => side === undefined || isObject(side))
      const fieldsOf = (side: JsonValue | undefined): Map<string, JsonValue | undefined> => (side === undefined ? new Map() : byKey && isObject(side) ? keyFields(KEY, side) : new Map([[WHOLE, side]]))
      const [base, mine] = [fieldsOf(basedOn?.value), fieldsOf(value)]
      if (byKey) addRemovals(mine, base, KEY)
      return { base, mine, theirs: fieldsOf(stored), toFields: fieldsOf }
    },
    write: async (tx, stored, fields) => {
      if (fields.has(WHOLE)) return set(tx, fields.get(WHOLE)!)
      if (stored !== undefined && fields.size === 0) return stored
      const there = stored ?? basedOn?.value
      return set(tx, fromKeyFields(KEY, new Map([...(isObject(there) ? keyFields(KEY, there) : []), ...fields])))
    },
    overwrite: (tx) => set(tx, value),
  }
}

function keyFields(prefix: string, value: object): Map<string, JsonValue | undefined> {
  return new Map(Object.entries(value).map(([key, inner]) => [prefix + key, inner as JsonValue]))
}

function fromKeyFields(prefix: string, fields: Fields): { [key: string]: JsonValue } {
  return Object.fromEntries([...fields].flatMap(([field, value]) => (field.startsWith(prefix) && value !== undefined ? [[field.slice(prefix.length), value]] : [])))
}

/** Keys that were there and are no more were taken out. */
function addRemovals(mine: Map<string, JsonValue | undefined>, base: Fields, prefix: string): void {
  for (const field of base.keys()) if (field.startsWith(prefix) && !mine.has(field)) mine.set(field, undefined)
}
