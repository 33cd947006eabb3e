// Follows the making of new keys for as long as the vault is open, whatever the page shows meanwhile, and whoever began it: this page, another tab, or this one before it was
// loaded again.

import type { RotationReport, RotationStatus, Secret, UnlockedVault } from 'sealed-vault'
import { useEffect, useState } from 'preact/hooks'

export interface RotationNow {
  /** Nothing once the vault is locked. */
  readonly status: RotationStatus | undefined
  /** Whether a password or code is being worked on, before anything is changed. */
  readonly isBeginning: boolean
  /** How the last one ended that ended in this tab. */
  readonly report: RotationReport | undefined
  /** What stopped it. */
  readonly problem: unknown
}

export class RotationWatch {
  readonly #vault: UnlockedVault
  readonly #listeners = new Set<() => void>()
  #joined = false
  now: RotationNow

  constructor(vault: UnlockedVault) {
    this.#vault = vault
    this.now = { status: statusOf(vault), isBeginning: false, report: undefined, problem: undefined }
    vault.subscribe(({ kind }) => {
      // Another tab that begins or ends one says so by a change.
      if (kind !== 'rotation' && kind !== 'rotation-due' && kind !== 'changed') return
      this.#set({ status: statusOf(vault), ...(kind === 'rotation' && { isBeginning: false }) })
      this.#join()
    })
    this.#join()
  }

  /**
   * Begins one; goes on by itself from then on.
   * @param damaged whether rows that do not open, and the old keys with them, are given up
   * @returns what went wrong before anything was changed, if anything did
   */
  async begin(secret: Secret, damaged: 'keep' | 'discard'): Promise<unknown> {
    this.#set({ isBeginning: true, report: undefined, problem: undefined })
    let hasBegun = false
    const began = this.subscribe(() => (hasBegun ||= this.now.status?.state === 'running'))
    try {
      await this.#vault.rotateKeys(secret, { damaged })
    } catch (error) {
      // What stops it later is told to whoever has joined.
      if (!hasBegun) return error
    } finally {
      began()
      this.#set({ isBeginning: false })
    }
    return undefined
  }

  pause(): void {
    this.#vault.rotation.pause()
  }

  /** Ends a pause; takes over what another tab has left. */
  continue(): void {
    this.#set({ problem: undefined })
    if (this.#joined) void this.#vault.rotation.continue().catch(() => undefined)
    else this.#follow()
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** To continue what runs is to wait for its end. */
  #join(): void {
    if (!this.#joined && this.now.status?.state === 'running') this.#follow()
  }

  #follow(): void {
    this.#joined = true
    this.#vault.rotation.continue().then(
      (report) => this.#ended({ report }),
      (problem: unknown) => this.#ended({ problem }),
    )
  }

  #ended(end: Partial<RotationNow>): void {
    this.#joined = false
    this.#set({ ...end, status: statusOf(this.#vault) })
  }

  #set(change: Partial<RotationNow>): void {
    this.now = { ...this.now, ...change }
    for (const listener of this.#listeners) listener()
  }
}

function statusOf(vault: UnlockedVault): RotationStatus | undefined {
  try {
    return vault.rotation.status
  } catch {
    // Locked; the page is about to say so.
    return undefined
  }
}

const watches = new WeakMap<UnlockedVault, RotationWatch>()

/** The same one for every part of the page. */
export function watchRotation(vault: UnlockedVault): RotationWatch {
  const watch = watches.get(vault) ?? new RotationWatch(vault)
  watches.set(vault, watch)
  return watch
}

export function useRotation(vault: UnlockedVault): RotationNow & { readonly watch: RotationWatch } {
  const watch = watchRotation(vault)
  const [now, setNow] = useState(watch.now)
  useEffect(() => {
    const look = (): void => setNow(watch.now)
    look()
    return watch.subscribe(look)
  }, [watch])
  return { ...now, watch }
}
