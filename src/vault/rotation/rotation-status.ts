// What is told of rotations, and what may be asked of them.

/** Rows. `total` may grow while others write. */
export interface RotationProgress {
  readonly phase: 'rekey' | 'verify'
  readonly done: number
  readonly total: number
}

export interface RotationOptions {
  readonly signal?: AbortSignal | undefined
  /** Called after rows were saved; `done` never falls within a phase. */
  readonly onProgress?: ((progress: RotationProgress) => void) | undefined
  /** `discard`: rows that do not open are given up, and no old key is kept for them. `keep` when left out. */
  readonly damaged?: 'keep' | 'discard' | undefined
}

/** A row that does not open, and so could not be sealed anew. */
export interface SkippedRow {
  /** The store. */
  readonly where: string
  readonly page: number
  /** The chat log it belongs to, where that is known. */
  readonly chatLogId?: string
}

export interface Mismatch {
  /** The store. */
  readonly where: string
  readonly counted: number
  readonly found: number
}

export interface RotationReport {
  /** Rows sealed anew by this call; what earlier ones did is not counted again. */
  readonly rows: number
  readonly skipped: readonly SkippedRow[]
  /** Where old rows were counted that are not what is there: lost, put back to older ones, or belonging to a damaged page. Empty in a sound vault; `check()` says more. */
  readonly mismatches: readonly Mismatch[]
  /** Whether keys of before are kept for rows that do not open. */
  readonly keepsOldKeys: boolean
}

/** Why new keys are due: their age, as the vault's options have it, or how much they have sealed. */
export type RotationDue = 'age' | 'seals'

export interface RotationStatus {
  /**
   * `none`; `running` and `paused` in this tab; `pending`: begun and not ended, and this tab is not at it: another one is, or it was cut off. The vault is as
   * readable and as safe to write in all of them.
   */
  readonly state: 'none' | 'running' | 'paused' | 'pending'
  /** Rows sealed with the newest keys, and all rows. */
  readonly done: number
  readonly total: number
  /** Whether keys of before are kept for rows that do not open. */
  readonly keepsOldKeys: boolean
  /** Milliseconds: when the newest keys were made; undefined where nobody noted it. */
  readonly keysMadeAt: number | undefined
  readonly due: RotationDue | undefined
}
