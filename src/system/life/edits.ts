// Edits that were begun on what a tab showed and are saved after another tab may have changed it. Tabs share one vault, so commits come one after the other: an edit is in conflict when
// what is stored is of another commit than what it was based on. Nobody is asked inside of a commit, which would keep the other tabs waiting.

import { VaultError } from '../../index.js'
import type { Brain, Conflict, JsonValue, Preference, Session, SessionPatch } from '../../index.js'
import { editedBrain, editedPreference, editedSession, type BrainPatch, type EditedRecord, type Stored } from './edit-records.js'
import type { LifePorts } from './life-ports.js'
import { mergeThreeWays, type Fields } from './three-way.js'

/** A field that both sides changed; without `field`, a record that was deleted while this edit was made. `mine` is what the edit wants, `theirs` what is stored. */
export interface EditConflict extends Conflict {
  /** What the field was before both. */
  readonly base?: unknown
}

/** Whose value counts, or fields that take the place of both; those are asked about no more. Of a preference that is no object, the whole value. */
export type EditAnswer<Patch> = 'mine' | 'theirs' | { readonly merged: Patch }

/**
 * - `last-write-wins`: the edit is written as it is.
 * - `merge`: fields that only one side changed stay changed; of lists, what either put in and took out; of times of activity the later. Of other fields that both changed, this edit's value, as the later one.
 * - a function: the same, but it is asked about each of these other fields, one after the other. When the record changes again while it thinks, it is asked anew.
 */
export type OnEditConflict<Patch> = 'last-write-wins' | 'merge' | ((conflict: EditConflict) => EditAnswer<Patch> | Promise<EditAnswer<Patch>>)

export interface EditOptions<Patch> {
  readonly onConflict: OnEditConflict<Patch>
}

export interface EditReport<T> {
  /** The record as it is now; undefined where it was deleted meanwhile, and stays so. */
  readonly value: T | undefined
  /** Whether somebody had changed it since. */
  readonly wasStale: boolean
  /** Fields that both sides had changed, each in its own way. */
  readonly conflicts: readonly string[]
}

/** A record that changes faster than somebody can answer is not to be edited now. */
const MAX_ROUNDS = 5

export class Edits {
  readonly #ports: LifePorts

  constructor(ports: LifePorts) {
    this.#ports = ports
  }

  /**
   * Changes the fields of `patch` in a session that was shown as `basedOn`.
   * @throws {VaultError} `not-found` when it was deleted, `invalid-value`, `locked`, `storage-full`; `conflict` when it changed again and again while somebody was asked; what the function throws
   */
  editSession(id: string, basedOn: Session, patch: SessionPatch, options: EditOptions<SessionPatch>): Promise<EditReport<Session>> {
    return this.#edit(editedSession(id, basedOn, patch), options)
  }

  /**
   * Changes model, configuration or memories of a brain that was shown as `basedOn`, or makes one where there was none. The configuration is compared key by key, of memories what each side
   * added is kept. Of a brain that was deleted meanwhile a function is asked; otherwise the edit brings it back.
   * @throws as `editSession`, without `not-found`
   */
  editBrain(entityId: string, basedOn: Brain | undefined, patch: BrainPatch, options: EditOptions<BrainPatch>): Promise<EditReport<Brain>> {
    return this.#edit(editedBrain(entityId, basedOn, patch), options)
  }

  /**
   * Saves a preference that was shown as `basedOn` (of `preferences.list`). Objects are compared key by key, lists by what each side put in and took out, other values whole.
   * @throws as `editBrain`
   */
  editPreference(key: string, basedOn: Preference | undefined, value: JsonValue, options: EditOptions<JsonValue>): Promise<EditReport<JsonValue>> {
    return this.#edit(editedPreference(key, basedOn, value), options)
  }

  async #edit<T, Patch>(record: EditedRecord<T>, { onConflict }: EditOptions<Patch>): Promise<EditReport<T>> {
    const { open } = this.#ports
    if (typeof onConflict !== 'function' && onConflict !== 'last-write-wins' && onConflict !== 'merge') throw new TypeError('onConflict must be last-write-wins, merge or a function')
    if (typeof onConflict !== 'function') {
      return open.transact(async (tx) => {
        const stored = await record.read(tx)
        const { merged, conflicts, wasStale } = compare(record, stored)
        const { mine } = record.sides(stored?.value)
        for (const field of conflicts) merged.set(field, mine.get(field))
        const overwrites = onConflict === 'last-write-wins' || !wasStale
        return { value: await (overwrites ? record.overwrite(tx, stored?.value) : record.write(tx, stored?.value, merged)), wasStale, conflicts }
      })
    }
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const seen = await record.read(open)
      const report = compare(record, seen)
      const fields = await askAll(record, seen, report, onConflict, this.#ports.now())
      const outcome = await open.transact(async (tx) => {
        const stored = await record.read(tx)
        if (stored?.rev !== seen?.rev) return undefined
        if (fields === undefined) return { value: undefined }
        return { value: await (report.wasStale ? record.write(tx, stored?.value, fields) : record.overwrite(tx, stored?.value)) }
      })
      if (outcome !== undefined) return { value: outcome.value, wasStale: report.wasStale, conflicts: report.conflicts }
    }
    throw new VaultError('conflict', 'other tabs changed this each time before the answer came; try again when they are done', { where: record.kind, reason: 'changing' })
  }
}

function compare<T>(record: EditedRecord<T>, stored: Stored<T> | undefined): { merged: Map<string, JsonValue | undefined>; conflicts: readonly string[]; wasStale: boolean } {
  const { base, mine, theirs } = record.sides(stored?.value)
  const wasStale = stored?.rev !== record.baseRev
  if (!wasStale) return { merged: new Map(mine), conflicts: [], wasStale }
  // What was deleted has no fields to hold against these: all of the edit, or nothing.
  if (stored === undefined) return { merged: new Map(mine), conflicts: [], wasStale }
  return { ...mergeThreeWays(base, mine, theirs, record.kindOf), wasStale }
}

/** What to write by the answers; undefined where what was deleted stays so. */
async function askAll<T, Patch>(record: EditedRecord<T>, stored: Stored<T> | undefined, { merged, conflicts, wasStale }: ReturnType<typeof compare>, ask: (conflict: EditConflict) => EditAnswer<Patch> | Promise<EditAnswer<Patch>>, now: number): Promise<Fields | undefined> {
  const { base, mine, theirs, toFields } = record.sides(stored?.value)
  const about = { kind: record.kind, id: record.id }
  if (stored === undefined) {
    // Sessions cannot come back, so there is nothing to choose.
    if (!wasStale || record.kind === 'session') return merged
    const answer = checked(await ask({ ...about, mine: { modifiedAt: now, value: Object.fromEntries(mine) } }))
    if (answer === 'theirs') return undefined
    return answer === 'mine' ? merged : new Map([...merged, ...toFields(answer.merged as never)])
  }
  const fields = new Map(merged)
  const settled = new Set<string>()
  for (const field of conflicts) {
    if (settled.has(field)) continue
    const side = (values: Fields, modifiedAt: number) => (values.get(field) === undefined ? {} : { modifiedAt, value: values.get(field) })
    const [own, other] = [side(mine, now), side(theirs, stored.modifiedAt)]
    const answer = checked(await ask({ ...about, field, base: base.get(field), ...('value' in own && { mine: own as never }), ...('value' in other && { theirs: other as never }) }))
    if (answer === 'mine') fields.set(field, mine.get(field))
    if (answer === 'mine' || answer === 'theirs') continue
    for (const [name, value] of toFields(answer.merged as never)) {
      settled.add(name)
      fields.set(name, value)
    }
  }
  return fields
}

function checked<Patch>(answer: EditAnswer<Patch>): EditAnswer<Patch> {
  if (answer === 'mine' || answer === 'theirs' || (typeof answer === 'object' && answer !== null && 'merged' in answer)) return answer
  throw new TypeError('onConflict must answer mine, theirs or { merged }')
}
