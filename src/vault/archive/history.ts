// What a vault has taken over from others, and which archives others may have taken over from it: sealed among its own preferences.
// Implements docs/format.md, section 16.

import * as z from 'zod/mini'
import type { Draft } from '../core/draft.js'
import { MAX_MADE, vaultKey, type KnownVault, type MadeArchive, type OwnHistory, type VaultHistory } from '../merge/causality.js'
import { ownValueIn, putOwnValue, type OwnValues } from '../records/preferences.js'
import type { ArchiveName } from './archive-lines.js'

const KNOWN = 'known vaults'
const MADE = 'made archives'
const UNFINISHED = 'unfinished import'

const knownSchema = z.array(z.tuple([z.string(), z.number(), z.string()]))
const madeSchema = z.array(z.tuple([z.string(), z.number()]))
const unfinishedSchema = z.object({ archiveId: z.string(), startedAt: z.number() })

/** An import that began and did not come to its end; with the same file again it does. */
export interface UnfinishedImport {
  readonly archiveId: string
  /** Milliseconds. */
  readonly startedAt: number
}

export function historyIn(values: OwnValues): VaultHistory {
  const known = knownSchema.safeParse(ownValueIn(values, KNOWN))
  const made = madeSchema.safeParse(ownValueIn(values, MADE))
  return { knows: known.success ? (known.data as KnownVault[]) : [], made: made.success ? (made.data as MadeArchive[]) : [] }
}

export function ownHistory(values: OwnValues, vaultId: string, seq: number): OwnHistory {
  return { vault: vaultKey(vaultId), seq, ...historyIn(values) }
}

/** Adds to a change that an archive was made. */
export function noteMade(draft: Draft, { archiveId, seq }: ArchiveName): void {
  const { made } = historyIn(draft.state.heads.preferences)
  putOwnValue(draft, MADE, [...made, [archiveId, seq]].slice(-MAX_MADE) as [string, number][])
}

export function noteKnown(draft: Draft, known: readonly KnownVault[]): void {
  putOwnValue(draft, KNOWN, known.map((entry) => [...entry]))
}

export function beginImport(draft: Draft, unfinished: UnfinishedImport): void {
  putOwnValue(draft, UNFINISHED, { ...unfinished })
}

export function endImport(draft: Draft): void {
  putOwnValue(draft, UNFINISHED, undefined)
}

export function unfinishedImport(values: OwnValues): UnfinishedImport | undefined {
  const parsed = unfinishedSchema.safeParse(ownValueIn(values, UNFINISHED))
  return parsed.success ? parsed.data : undefined
}
