// When the world is written: a batch at a time, begun in a frame and never awaited there, again after what went wrong.

import { isVaultError, VaultError, type BrainInput, type UnlockedVault } from '../index.js'
import { saveBrains, saveSessions, type Refused, type SavedSessions } from './save-batch.js'
import type { SessionWatch } from './session-watch.js'
import type { PersistenceEvent } from './system-events.js'

/** Messages and characters of one commit: what is sealed and written in one go is work of one frame. */
const BATCH = { messages: 8, characters: 8192 }
/** Brains of one flush, and characters of them, as far as these are cheap to count. */
const BRAINS_AT_ONCE = 6
const RETRY_MS = 1000
const MAX_RETRY_MS = 60_000

export interface SaverPorts {
  readonly open: () => UnlockedVault | undefined
  readonly watch: SessionWatch
  /** The brain of an entity as it is now. */
  readonly brain: (entityId: string) => BrainInput | undefined
  readonly tell: (event: PersistenceEvent) => void
  readonly now: () => number
  /** Between two flushes, in ms. */
  readonly everyMs: number
}

/** What one flush writes: what was waiting when it began, so that a world that never rests does not keep it from ending. */
interface Round {
  readonly sessions: Set<string>
  readonly brains: Set<string>
}

export class Saver {
  readonly #ports: SaverPorts
  readonly #brains = new Set<string>()
  #round: Round | undefined
  #writing: Promise<void> | undefined
  /** The flush that was asked for last: one after the other, or two batches of one session could come in the wrong order when the first one fails. */
  #flushing: Promise<void> | undefined
  #dueAt = 0
  /** After something went wrong, nothing is tried before this time. */
  #notBefore = 0
  #failures = 0

  constructor(ports: SaverPorts) {
    this.#ports = ports
  }

  /** How many sessions and brains have something that is not in the vault. */
  get waiting(): number {
    return this.#ports.watch.waiting.size + this.#brains.size
  }

  markBrain(entityId: string): void {
    this.#brains.add(entityId)
  }

  /** The vault was opened, or is another one: what waits is due. */
  begin(): void {
    this.#failures = 0
    this.#notBefore = 0
    this.#dueAt = 0
  }

  /** In a frame: begins a batch if one is due and none is on its way. A flush that takes several goes on frame by frame. */
  tick(): void {
    const { open, now, everyMs } = this.#ports
    if (this.#writing !== undefined || this.#flushing !== undefined || open() === undefined) return
    if (this.#round === undefined) {
      if (this.waiting === 0 || now() < Math.max(this.#dueAt, this.#notBefore)) return
      this.#dueAt = now() + everyMs
    }
    this.#write().catch(() => undefined)
  }

  /** Writes everything that waits when it is called. @throws {VaultError} why something of it is still waiting */
  flush(): Promise<void> {
    const flushing = (this.#flushing ?? Promise.resolve()).catch(() => undefined).then(() => this.#flush())
    const ended = flushing.finally(() => {
      if (this.#flushing === ended) this.#flushing = undefined
    })
    ended.catch(() => undefined)
    this.#flushing = ended
    return ended
  }

  async #flush(): Promise<void> {
    // What is on its way was taken before.
    await this.#writing?.catch(() => undefined)
    this.#round = undefined
    if (this.waiting === 0) return
    do await this.#write()
    while (this.#round !== undefined)
  }

  #write(): Promise<void> {
    this.#round ??= { sessions: new Set(this.#ports.watch.waiting), brains: new Set(this.#brains) }
    const writing = this.#batch(this.#round).finally(() => {
      if (this.#writing === writing) this.#writing = undefined
    })
    this.#writing = writing
    return writing
  }

  async #batch(round: Round): Promise<void> {
    const { open: current, watch, brain } = this.#ports
    const batches = watch.take(round.sessions, BATCH)
    const ids = batches.length > 0 ? [] : [...round.brains].slice(0, BRAINS_AT_ONCE)
    for (const id of ids) {
      round.brains.delete(id)
      this.#brains.delete(id)
    }
    try {
      const open = current()
      if (open === undefined) throw new VaultError('locked', 'the vault is locked; what happened meanwhile waits for it', { where: 'system' })
      if (batches.length > 0) this.#savedSessions(await saveSessions(open, batches))
      else if (ids.length > 0) {
        const brains = ids.map(brain).filter((found) => found !== undefined)
        const refused = await saveBrains(open, brains)
        this.#saved(0, brains.length - refused.length, refused)
      }
      if (round.sessions.size === 0 && round.brains.size === 0 && this.#round === round) this.#round = undefined
    } catch (cause) {
      for (const batch of batches) watch.giveBack(batch)
      for (const id of ids) this.#brains.add(id)
      this.#round = undefined
      const error = isVaultError(cause) ? cause : new VaultError('storage-unavailable', 'what happened in the world could not be saved', { where: 'system' }, cause)
      // A lock has an event of its own; what waits is written after the next unlock.
      if (error.code !== 'locked') this.#failed(error)
      throw error
    }
  }

  #savedSessions({ messages, gone, refused }: SavedSessions): void {
    const { watch, tell } = this.#ports
    for (const sessionId of gone) {
      watch.noteGone(sessionId)
      tell({ kind: 'trouble', task: 'save', willRetry: false, sessionId, error: new VaultError('not-found', 'this session was deleted; what is still said in it is not kept', { where: 'sessions' }) })
    }
    this.#saved(messages, 0, refused)
  }

  #saved(messages: number, brains: number, refused: readonly Refused[]): void {
    const { tell } = this.#ports
    for (const what of refused) tell({ kind: 'trouble', task: 'save', willRetry: false, ...what })
    if (this.#failures > 0) tell({ kind: 'recovered' })
    this.#failures = 0
    this.#notBefore = 0
    tell({ kind: 'saved', messages, brains, waiting: this.waiting })
  }

  #failed(error: VaultError): void {
    this.#failures++
    this.#notBefore = this.#ports.now() + Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** (this.#failures - 1))
    this.#ports.tell({ kind: 'trouble', task: 'save', error, willRetry: true })
  }
}
