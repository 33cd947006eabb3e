// The persistence system of the specification: what happens in a world is in the vault a moment later, and in the world again after a restart. A frame only looks; what is written is begun there and
// never awaited.

import { isVaultError, VaultError, type ArchiveExport, type ArchiveSource, type ExportOptions, type ImportOptions, type ImportReport, type JsonExportOptions, type SessionMatch, type UnlockedVault, type VaultEvent, type VaultOptions } from '../index.js'
import { CallMeter, type Metrics } from './call-meter.js'
import { openWorldVault, type AskToUnlock } from './opening.js'
import { SessionLife } from './life/session-life.js'
import { handOver, readSessions, restoreBrains, type RestoreOptions } from './restoring.js'
import { Saver } from './saver.js'
import { SessionStorage, type StorageOperation } from './session-storage.js'
import { SessionWatch } from './session-watch.js'
import { readStatistics, type Statistics, type StatisticsOptions } from './statistics.js'
import type { PersistenceEvent, PersistenceState, PersistenceTask } from './system-events.js'
import { checkUpkeep, Upkeep, type UpkeepRules } from './upkeep.js'
import { brainOf, checkWorld, sessionSystemOf, type SessionSystem, type World } from './world.js'

export interface PersistenceOptions {
  /** The vault: its name, auto-lock and what else `openVault` takes. The name is `world` when left out. */
  readonly vault?: Partial<VaultOptions> | undefined
  /** Asks the user for what opens the vault. Left out: a key that the browser keeps, which protects from nobody who copies its folder. */
  readonly ask?: AskToUnlock | undefined
  /** The name under which the session system was added; `session` when left out. */
  readonly sessionSystem?: string | undefined
  /** Between two flushes, in ms; 1000 when left out. What happened since the last one is lost in a crash. */
  readonly flushEveryMs?: number | undefined
  readonly restore?: RestoreOptions | undefined
  /** What is done with old sessions and messages by itself: after an unlock, and once a day. Nothing when left out. */
  readonly upkeep?: UpkeepRules | undefined
  /** Count what the vault is asked and how long it takes: see `metrics`. False when left out. */
  readonly measure?: boolean | undefined
  /** Milliseconds of the wall clock. */
  readonly now?: (() => number) | undefined
}

const DEFAULT_FLUSH_MS = 1000

export class PersistenceSystem {
  readonly name = 'persistence'
  readonly #world: World
  readonly #options: PersistenceOptions
  readonly #watch = new SessionWatch()
  readonly #saver: Saver
  readonly #now: () => number
  readonly #listeners = new Set<(event: PersistenceEvent) => void>()
  #state: PersistenceState = 'new'
  #opening: Promise<void> | undefined
  /** Once what was going on is back in the world: nothing is written before. */
  #open: UnlockedVault | undefined
  #storage: SessionStorage | undefined
  #life: SessionLife | undefined
  #upkeep: Upkeep | undefined
  #meter: CallMeter | undefined
  #stops: (() => void)[] = []

  /** @throws {TypeError} for a world without `query` or `getSystem` */
  constructor(world: World, options: PersistenceOptions = {}) {
    checkWorld(world)
    const { flushEveryMs = DEFAULT_FLUSH_MS, now = Date.now, upkeep = {} } = options
    checkUpkeep(upkeep)
    if (!(flushEveryMs >= 0)) throw new RangeError('flushEveryMs must be a number of milliseconds from 0')
    this.#world = world
    this.#options = options
    this.#now = now
    this.#saver = new Saver({ open: () => this.#open, watch: this.#watch, brain: (entityId) => this.#brain(entityId), tell: (event) => this.#tell(event), now, everyMs: flushEveryMs })
  }

  get state(): PersistenceState {
    return this.#state
  }

  /** The open vault, for everything that has no name here. @throws {VaultError} `locked` */
  get vault(): UnlockedVault {
    if (this.#open === undefined) throw new VaultError('locked', 'the vault of this world is not open; unlock it first', { where: 'system' })
    return this.#open
  }

  /** The component with the world's data. @throws {VaultError} `locked` */
  get storage(): SessionStorage {
    void this.vault
    return this.#storage!
  }

  /** Pins, archiving, clean-up, deleting with a time to change one's mind, changes to many sessions, edits that another tab may have overtaken. @throws {VaultError} `locked` */
  get life(): SessionLife {
    void this.vault
    return this.#life!
  }

  /** Whether everything that happened is in the vault. */
  get isSaved(): boolean {
    return this.#saver.waiting === 0
  }

  /**
   * Opens the vault and restores what was going on. Resolves when that is done, or when it is known that nobody opens it now: `state` says which. Storage trouble is told as an event and leaves
   * a state; it never keeps a world from starting. Safe to call again.
   * @throws whatever `ask` does
   */
  init(): Promise<void> {
    if (this.#state === 'destroyed') return Promise.reject(new TypeError('this persistence system was destroyed'))
    this.#opening ??= this.#begin().finally(() => (this.#opening = undefined))
    return this.#opening
  }

  /** The same, for a vault that was locked meanwhile, or that nobody wanted to open before. */
  unlock(): Promise<void> {
    return this.init()
  }

  async #begin(): Promise<void> {
    if (this.#open !== undefined) return
    const { vault: given, ask } = this.#options
    let open: UnlockedVault | undefined
    try {
      const opening = await openWorldVault({ ...given, name: given?.name ?? 'world' }, ask)
      open = opening.open
      if (opening.error !== undefined) this.#trouble('open', opening.error, opening.state === 'unavailable')
      if (open === undefined) return this.#become(opening.state)
    } catch (error) {
      this.#become('locked')
      if (!isVaultError(error)) throw error
      return this.#trouble('open', error, false)
    }
    if (this.#isDestroyed) return open.lock()
    this.#stops.push(open.subscribe((event) => this.#hear(event)))
    await this.#restore(open)
  }

  get #isDestroyed(): boolean {
    return this.#state === 'destroyed'
  }

  async #restore(open: UnlockedVault): Promise<void> {
    const life = new SessionLife({ open, now: this.#now, activeSessionIds: () => [...(this.#sessions?.activeSessions ?? [])].map(({ id }) => id) })
    const upkeep = new Upkeep(life, { rules: this.#options.upkeep ?? {}, now: this.#now, tell: (event) => this.#tell(event) })
    await upkeep.refresh().catch(() => undefined)
    const counts = await this.#bringBack(open, upkeep)
    if (counts === undefined) return
    if (this.#options.measure === true) this.#meter ??= new CallMeter()
    this.#open = this.#meter?.measure(open) ?? open
    this.#storage = new SessionStorage(this.#open, (sessionId) => upkeep.isHidden(sessionId))
    this.#life = life
    this.#upkeep = upkeep
    this.#saver.begin()
    this.#listenToPage()
    this.#tell({ kind: 'restored', ...counts })
    this.#become('open')
  }

  /** What is going on in the vault, into the world. Undefined when the vault was locked meanwhile. */
  async #bringBack(open: UnlockedVault, upkeep: Upkeep): Promise<{ readonly sessions: number; readonly brains: number } | undefined> {
    try {
      const system = this.#sessions
      const sessions = system?.restore === undefined ? [] : await readSessions(open, this.#options.restore ?? {}, (sessionId) => upkeep.isHidden(sessionId), (sessionId, error) => this.#tell({ kind: 'trouble', task: 'restore', error, willRetry: false, sessionId }))
      const { restored, unknown } = await restoreBrains(open, this.#world)
      handOver(sessions, system, this.#watch)
      for (const entityId of unknown) this.#saver.markBrain(entityId)
      return { sessions: sessions.length, brains: restored }
    } catch (error) {
      if (!isVaultError(error)) throw error
      // Damage must not keep the world from starting; what is there stays there.
      if (error.code !== 'locked') this.#trouble('restore', error, false)
      return error.code === 'locked' ? undefined : { sessions: 0, brains: 0 }
    }
  }

  /** In every frame: some comparisons for each active session, and the beginning of a batch where one is due. `dt` is not needed: time is that of the clock. */
  update(_dt?: number): void {
    if (this.#isDestroyed) return
    const sessions = this.#sessions
    if (sessions !== undefined) this.#watch.look(sessions.activeSessions)
    this.#saver.tick()
    this.#upkeep?.tick()
  }

  get #sessions(): SessionSystem | undefined {
    return sessionSystemOf(this.#world, this.#options.sessionSystem ?? 'session')
  }

  /** The brain of this entity is other than it was: it is written with the next flush. */
  markBrainDirty(entityId: string): void {
    this.#saver.markBrain(entityId)
  }

  /** This message was changed elsewhere than at the end of its session's last message. */
  noteChange(sessionId: string, messageId: string): void {
    this.#watch.noteChange(sessionId, messageId)
  }

  /** Writes everything that happened so far; durable, as the vault is, when it resolves. @throws {VaultError} `locked`; why something is still waiting */
  async flush(): Promise<void> {
    const sessions = this.#sessions
    if (sessions !== undefined) this.#watch.look(sessions.activeSessions)
    await this.#saver.flush()
  }

  /** Sessions by title, keyword or the beginning of an id, each once, best first; see `searchSessions` of the vault. @throws {VaultError} `locked` */
  async searchSessions(query: string): Promise<readonly SessionMatch[]> {
    const found = await this.vault.searchSessions(query)
    return found.filter(({ session }) => this.#upkeep?.isHidden(session.id) !== true)
  }

  /** See `SessionStorage.saveBatch`. */
  saveBatch(operations: readonly StorageOperation[]): Promise<void> {
    return this.storage.saveBatch(operations)
  }

  /** Everything, or what the options choose, as one encrypted file, with what happened so far. See `exportArchive` of the vault. */
  async exportArchive(options: ExportOptions): Promise<ArchiveExport> {
    await this.flush()
    return this.vault.exportArchive(options)
  }

  /** The form of the specification, as JSON that nothing protects. See `exportJson` of the vault. */
  async exportJson(options: JsonExportOptions): Promise<ReadableStream<Uint8Array>> {
    await this.flush()
    return this.vault.exportJson(options)
  }

  /** Merges an archive, then hands over anew what is going on. See `importArchive` of the vault. */
  async importArchive(source: ArchiveSource, options: ImportOptions): Promise<ImportReport> {
    await this.flush()
    const report = await this.vault.importArchive(source, options)
    const counts = await this.#bringBack(this.vault, this.#upkeep!)
    if (counts !== undefined) this.#tell({ kind: 'restored', ...counts })
    return report
  }

  /** When sessions are begun, how long they get, and with `messages: true` who writes how much and when. Counted here and now. @throws {VaultError} `locked`, `corrupt`; the signal's reason */
  async statistics(options: StatisticsOptions = {}): Promise<Statistics> {
    return readStatistics(this.vault, await this.storage.sessions(), options)
  }

  /** What was asked of the vault since the system was made: how often, how long it took, what failed. Undefined without `measure`, and before the vault was open. */
  get metrics(): Metrics | undefined {
    return this.#meter?.metrics()
  }

  /** @returns what ends it */
  subscribe(listener: (event: PersistenceEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Writes what waits, as far as it can be, and locks the vault, in every tab unless `lock` is false. The system is of no use afterwards. */
  async destroy({ lock = true }: { readonly lock?: boolean } = {}): Promise<void> {
    if (this.#isDestroyed) return
    const open = this.#open
    if (open !== undefined) await this.flush().catch(() => undefined)
    this.#become('destroyed')
    this.#end()
    if (lock) await open?.lock()
    this.#listeners.clear()
  }

  #end(): void {
    for (const stop of this.#stops.splice(0)) stop()
    this.#open = undefined
    this.#storage = undefined
    this.#life = undefined
    this.#upkeep = undefined
  }

  #hear(event: VaultEvent): void {
    // What waits is asked for before the keys go: a lock writes what was asked for.
    if (event.kind === 'locking') this.#saver.flush().catch(() => undefined)
    if (event.kind === 'changed' && event.collections.includes('preferences')) this.#upkeep?.refresh().catch(() => undefined)
    if (event.kind === 'lock-soon') this.#tell(event)
    if (event.kind === 'warning') this.#trouble('background', event.error, false)
    if (event.kind !== 'locked') return
    this.#end()
    if (event.error !== undefined) this.#trouble('background', event.error, false)
    this.#become('locked')
  }

  /** A page that is hidden may never come back. */
  #listenToPage(): void {
    if (typeof document === 'undefined') return
    const leave = (): void => {
      if (document.visibilityState === 'hidden') this.flush().catch(() => undefined)
    }
    document.addEventListener('visibilitychange', leave)
    globalThis.addEventListener('pagehide', leave)
    this.#stops.push(() => {
      document.removeEventListener('visibilitychange', leave)
      globalThis.removeEventListener('pagehide', leave)
    })
  }

  #brain(entityId: string) {
    for (const entity of this.#world.query('brain')) if (entity.id === entityId) return brainOf(entity)
    return undefined
  }

  #become(state: PersistenceState): void {
    if (this.#isDestroyed || this.#state === state) return
    this.#state = state
    this.#tell({ kind: 'state', state })
  }

  #trouble(task: PersistenceTask, error: VaultError, willRetry: boolean): void {
    this.#tell({ kind: 'trouble', task, error, willRetry })
  }

  /** One listener that throws keeps neither the others from hearing nor anything from being saved. */
  #tell(event: PersistenceEvent): void {
    for (const hear of [(heard: PersistenceEvent) => this.#world.emit?.('persistence', heard), ...this.#listeners]) {
      try {
        hear(event)
      } catch (error) {
        // Reported where the page reports its own errors, after our work is done.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
