// What becomes of a record that was edited here while another tab changed it: field by field, with what both had before them. Pure; asks nobody and writes nothing.

import type { JsonValue } from '../../index.js'

/** By name of the field; undefined where it is not there. */
export type Fields = ReadonlyMap<string, JsonValue | undefined>

/** How two changes of one field go together: `list` by what each put in and took out, `latest` by the greater number, `value` not at all. */
export type FieldKind = 'list' | 'latest' | 'value'

export interface ThreeWay {
  /** What to write: fields that only this side changed, and those that go together. */
  readonly merged: Map<string, JsonValue | undefined>
  /** Fields that both sides changed, and not to the same: somebody has to say which. Not in `merged`. */
  readonly conflicts: readonly string[]
}

/** @param mine the fields that this edit sets, no others */
export function mergeThreeWays(base: Fields, mine: Fields, theirs: Fields, kindOf: (field: string) => FieldKind): ThreeWay {
  const merged = new Map<string, JsonValue | undefined>()
  const conflicts: string[] = []
  for (const [field, value] of mine) {
    const before = base.get(field)
    const now = theirs.get(field)
    // Not changed here, or to the same.
    if (sameJson(value, now) || sameJson(value, before)) continue
    const kind = kindOf(field)
    if (sameJson(before, now)) merged.set(field, value)
    else if (kind === 'list' && isList(value) && isList(now)) merged.set(field, mergeLists(isList(before) ? before : [], value, now))
    else if (kind === 'latest' && typeof value === 'number' && typeof now === 'number') merged.set(field, Math.max(value, now))
    else conflicts.push(field)
  }
  return { merged, conflicts }
}

/** Theirs, without what mine took out, then what mine put in. What both put in comes once; what was there twice may stay twice. */
export function mergeLists(base: readonly JsonValue[], mine: readonly JsonValue[], theirs: readonly JsonValue[]): JsonValue[] {
  // What both took out, or put in, is done already.
  const removed = new Tally(base).without(mine).less(new Tally(base).without(theirs))
  const added = new Tally(mine).without(base).less(new Tally(theirs).without(base))
  const kept = theirs.filter((item) => !removed.take(item))
  // In the order they have in mine; of equal ones the last are those that were put in.
  const putIn = [...mine].reverse().filter((item) => added.take(item)).reverse()
  return [...kept, ...putIn]
}

/** How often each value is in a list. */
class Tally {
  readonly #counts = new Map<string, number>()

  constructor(items: readonly JsonValue[]) {
    for (const item of items) this.#counts.set(canonical(item), (this.#counts.get(canonical(item)) ?? 0) + 1)
  }

  without(items: readonly JsonValue[]): this {
    for (const item of items) this.take(item)
    return this
  }

  less(other: Tally): this {
    for (const [item, count] of other.#counts) this.#counts.set(item, Math.max(0, (this.#counts.get(item) ?? 0) - count))
    return this
  }

  take(item: JsonValue): boolean {
    const count = this.#counts.get(canonical(item)) ?? 0
    if (count > 0) this.#counts.set(canonical(item), count - 1)
    return count > 0
  }
}

/** Whether two JSON values say the same, in whatever order keys come; a key without a value is none. */
export function sameJson(a: unknown, b: unknown): boolean {
  return a === b || canonical(a) === canonical(b)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  ) as string | undefined ?? ''
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}
