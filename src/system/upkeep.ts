// What happens by itself with sessions and messages: those whose time to be had back is over go, old ones are archived, old messages cleaned up. Begun in a frame, never awaited there.

import { isVaultError, VaultError } from '../index.js'
import { checkArchiveRule, type ArchiveRule } from './life/archiving.js'
import { checkCleanUpRule, type CleanUpRule } from './life/clean-up-rule.js'
import type { SessionLife } from './life/session-life.js'
import type { PersistenceEvent } from './system-events.js'

export interface UpkeepRules {
  readonly archive?: ArchiveRule | undefined
  readonly cleanUp?: CleanUpRule | undefined
}

export interface UpkeepPorts {
  readonly rules: UpkeepRules
  readonly now: () => number
  readonly tell: (event: PersistenceEvent) => void
}

const DAY_MS = 86_400_000
const RETRY_MS = 60_000

export class Upkeep {
  readonly #life: SessionLife
  readonly #ports: UpkeepPorts
  #hidden: ReadonlySet<string> = new Set()
  #nextPurge = Infinity
  /** Rules are due at once: who opens a vault once a day would else never see them run. */
  #nextRules = 0
  #working: Promise<void> | undefined

  constructor(life: SessionLife, ports: UpkeepPorts) {
    this.#life = life
    this.#ports = ports
    if (ports.rules.archive === undefined && ports.rules.cleanUp === undefined) this.#nextRules = Infinity
  }

  /** Reads what is hidden now, and when the next of it goes: at start, and whenever preferences changed, here or in another tab. @throws {VaultError} `locked` */
  async refresh(): Promise<void> {
    this.#hidden = await this.#life.deletes.hidden()
    this.#nextPurge = (await this.#life.deletes.nextDue()) ?? Infinity
  }

  /** Whether a session is deleted and can still be had back. */
  isHidden(sessionId: string): boolean {
    return this.#hidden.has(sessionId)
  }

  tick(): void {
    const now = this.#ports.now()
    if (this.#working !== undefined || (now < this.#nextPurge && now < this.#nextRules)) return
    this.#working = this.#work(now).finally(() => (this.#working = undefined))
  }

  async #work(now: number): Promise<void> {
    const { rules, tell } = this.#ports
    let [archived, deletedSessions, deletedMessages] = [0, 0, 0]
    try {
      if (now >= this.#nextPurge) {
        deletedSessions = (await this.#life.deletes.purgeDue(now)).deleted.length
        await this.refresh()
      }
      if (now >= this.#nextRules) {
        if (rules.archive !== undefined) archived = (await this.#life.archiving.run(rules.archive)).archived.length
        if (rules.cleanUp !== undefined) deletedMessages = (await this.#life.cleanUp.run(rules.cleanUp)).messages
        this.#nextRules = now + DAY_MS
      }
    } catch (cause) {
      if (now >= this.#nextPurge) this.#nextPurge = now + RETRY_MS
      if (now >= this.#nextRules) this.#nextRules = now + RETRY_MS
      const error = isVaultError(cause) ? cause : new VaultError('storage-unavailable', 'old sessions and messages could not be looked after', { where: 'system' }, cause)
      // A lock has an event of its own, and the next unlock begins anew.
      if (error.code !== 'locked') tell({ kind: 'trouble', task: 'life', error, willRetry: true })
    }
    if (archived + deletedSessions + deletedMessages > 0) tell({ kind: 'upkeep', archived, deletedSessions, deletedMessages })
  }
}

/** @throws {RangeError}, {TypeError} for a rule that is none */
export function checkUpkeep({ archive, cleanUp }: UpkeepRules): void {
  if (archive !== undefined) checkArchiveRule(archive)
  if (cleanUp !== undefined) checkCleanUpRule(cleanUp)
}
