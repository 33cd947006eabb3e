// What becomes of a record that was changed here and in the archive, neither change knowing of the other.

import { canonicalJson } from './equal-json.js'
import type { Causality, Version } from './causality.js'

export type MergedKind = 'session' | 'chatLog' | 'message' | 'brain' | 'preference' | 'item'

/** One of the two versions. */
export interface ConflictSide {
  /** Milliseconds, by the clock of the device where it was made. */
  readonly modifiedAt: number
  /** The record as it is stored, or the field; of an item `{ head, value }`; long strings of messages with their beginning only. */
  readonly value: unknown
}

export interface Conflict {
  readonly kind: MergedKind
  readonly id: string
  /** Of a message. */
  readonly chatLogId?: string
  /** Of an item: the collection of the app's own that it is in. */
  readonly collection?: string
  /** Of a session: which of its fields. */
  readonly field?: string
  /** Missing where it was deleted here. */
  readonly mine?: ConflictSide
  /** Missing where it was deleted in the archive. */
  readonly theirs?: ConflictSide
  /** When it was deleted, where it was. */
  readonly deletedAt?: number
}

export type ConflictChoice = 'mine' | 'theirs' | 'both'

/** `keep-newer` goes by the clocks of the devices; where these agree a change beats a deletion, and of two changes the one whose text is the greater: the same on both sides. */
export type ConflictPolicy = 'keep-newer' | 'keep-mine' | 'keep-theirs' | 'keep-both'

/** Asked about each conflict, one after the other. `newer` leaves it to the clocks. */
export type AskAboutConflict = (conflict: Conflict) => ConflictChoice | 'newer' | Promise<ConflictChoice | 'newer'>

const CHOICES: Readonly<Record<ConflictPolicy, ConflictChoice | 'newer'>> = { 'keep-newer': 'newer', 'keep-mine': 'mine', 'keep-theirs': 'theirs', 'keep-both': 'both' }

/** @throws {TypeError} for what is neither a policy nor a function */
export function settler(onConflict: ConflictPolicy | AskAboutConflict): (conflict: Conflict) => Promise<ConflictChoice> {
  if (typeof onConflict !== 'function' && !Object.hasOwn(CHOICES, onConflict)) throw new TypeError(`onConflict must be a function or one of ${Object.keys(CHOICES).join(', ')}`)
  return async (conflict) => {
    const choice = typeof onConflict === 'function' ? await onConflict(conflict) : CHOICES[onConflict]
    if (choice !== 'newer' && choice !== 'mine' && choice !== 'theirs' && choice !== 'both') throw new TypeError('onConflict must answer mine, theirs, both or newer')
    if (choice === 'newer') return newerOf(conflict)
    // Of something and nothing, both is what there is.
    if (choice === 'both') return conflict.mine === undefined ? 'theirs' : conflict.theirs === undefined ? 'mine' : 'both'
    return choice
  }
}

/** Which of two versions is the newer one: the same on both sides. Where both are kept it is the one that keeps the id. */
export function newerOf({ mine, theirs, deletedAt = 0 }: Conflict): 'mine' | 'theirs' {
  if (mine === undefined) return theirs!.modifiedAt >= deletedAt ? 'theirs' : 'mine'
  if (theirs === undefined) return mine.modifiedAt >= deletedAt ? 'mine' : 'theirs'
  if (mine.modifiedAt !== theirs.modifiedAt) return mine.modifiedAt > theirs.modifiedAt ? 'mine' : 'theirs'
  return canonicalJson(mine.value) >= canonicalJson(theirs.value) ? 'mine' : 'theirs'
}

/** Whether the other version takes the place of mine although both say the same: for its time, and so that both sides have the same version. */
export function isSameButLater(causality: Causality, mine: Version & { readonly modifiedAt: number }, theirs: { readonly version: Version | undefined; readonly modifiedAt: number }): boolean {
  if (mine.modifiedAt === theirs.modifiedAt) return false
  const who = whoChanged(causality, mine, theirs.version)
  return who === 'theirs' || (who === 'both' && theirs.modifiedAt > mine.modifiedAt)
}

/**
 * Whose version counts where two differ: of one vault the later one; else the one that was made in knowledge of the other. Where each side knows the other's and both kept their
 * own, it is a conflict as where neither does.
 * @param theirs undefined where nothing says who made it
 */
export function whoChanged(causality: Causality, mine: Version, theirs: Version | undefined): 'mine' | 'theirs' | 'both' {
  if (theirs === undefined) return 'both'
  if (theirs.vault === mine.vault && theirs.rev !== mine.rev && causality.isLater(theirs)) return theirs.rev > mine.rev ? 'theirs' : 'mine'
  const [isTheirsKnown, isMineKnown] = [causality.mineKnows(theirs), causality.theyKnow(mine)]
  if (isTheirsKnown === isMineKnown) return 'both'
  return isTheirsKnown ? 'mine' : 'theirs'
}
