// Sessions that the user pinned: kept in the vault, and spared by everything automatic.

import type { JsonValue, Records } from '../../index.js'
import { distinctIds, readEntries, writeEntries, type LifePorts, type SessionOutcome } from './life-ports.js'

export const PINS_KEY = 'persistence-system/pins'
/** A list that is read with every commit of something automatic should stay short, and whoever pins a thousand sessions has pinned none. */
export const MAX_PINS = 1000

/** Pinned ids as they are kept, also of sessions that are gone. */
export async function readPins(tx: Records): Promise<string[]> {
  return readEntries(tx, PINS_KEY, (value: JsonValue) => (typeof value === 'string' ? value : undefined))
}

export class Pins {
  readonly #ports: LifePorts

  constructor(ports: LifePorts) {
    this.#ports = ports
  }

  /**
   * Pins sessions, in one commit: archiving and clean-up leave them alone from then on.
   * @throws {VaultError} `invalid-value` when more than a thousand would be pinned, `locked`, `storage-full`; {TypeError} for what is no list of ids
   */
  pin(ids: readonly string[]): Promise<readonly SessionOutcome[]> {
    return this.#change(ids, (pins, id) => (pins.has(id) ? false : (pins.add(id), true)))
  }

  /** Takes pins away, in one commit. Sessions that are not pinned are `unchanged`. @throws as `pin` */
  unpin(ids: readonly string[]): Promise<readonly SessionOutcome[]> {
    return this.#change(ids, (pins, id) => pins.delete(id))
  }

  /** Ids of the sessions that are pinned and there, in the order in which they were pinned. */
  async list(): Promise<readonly string[]> {
    return present(this.#ports.open, await readPins(this.#ports.open))
  }

  async isPinned(id: string): Promise<boolean> {
    return (await this.list()).includes(id)
  }

  async #change(given: readonly string[], change: (pins: Set<string>, id: string) => boolean): Promise<readonly SessionOutcome[]> {
    const ids = distinctIds(given)
    return this.#ports.open.transact(async (tx) => {
      const kept = await readPins(tx)
      // Who was deleted is forgotten with the next change, so that pins of the dead never fill the list.
      const pins = new Set(await present(tx, kept))
      const outcomes: SessionOutcome[] = []
      for (const id of ids) {
        const isThere = (await tx.sessions.get(id)) !== undefined
        outcomes.push({ id, outcome: !isThere ? 'not-found' : change(pins, id) ? 'done' : 'unchanged' })
      }
      if (outcomes.some(({ outcome }) => outcome === 'done')) await writeEntries(tx, PINS_KEY, [...pins], MAX_PINS)
      return outcomes
    })
  }
}

async function present(tx: Records, ids: readonly string[]): Promise<string[]> {
  const found = await Promise.all(ids.map((id) => tx.sessions.get(id)))
  return ids.filter((_, i) => found[i] !== undefined)
}
