// The parts of one opened vault and what they do in the background: events, checkpoints, canary, tab channel, auto-lock.
// The facade over it is unlocked-vault.ts.

import type { Seq, Tag } from '../brand.js'
import { fromBase64Url, randomBytes, toBase64Url } from '../crypto/bytes.js'
import type { KdfPolicy } from '../crypto/kdf.js'
import { VaultError } from '../errors.js'
import type { Backend } from '../stores/backend.js'
import { findUncleanStop, holdTabLock, leaveMark, removeMark, rollEngineLog } from '../stores/marks.js'
import type { TabChannel } from '../stores/tab-channel.js'
import type { ExportPorts } from './archive/export-archive.js'
import { openAccess, type Access } from './core/access.js'
import { AutoLock, checkAutoLock, type AutoLockOptions } from './core/auto-lock.js'
import type { CheckpointOutcome } from './core/checkpoint.js'
import { Codec } from './core/codec.js'
import { CommitLog } from './core/commit-log.js'
import { CommitQueue } from './core/commit-queue.js'
import { canaryOf, isGenuineCanary, type OpenedHeader } from './core/credentials.js'
import { Events } from './core/events.js'
import type { RebuildOptions } from './core/index-port.js'
import type { JobPorts } from './core/jobs.js'
import { forgetLastMatch } from './core/last-match.js'
import type { Change } from './core/log-row.js'
import { watchForLoss } from './core/loss-watch.js'
import { Maintenance } from './core/maintenance.js'
import { Pages } from './core/pages.js'
import type { LogHead, Standing } from './core/replay.js'
import type { SlotPorts } from './core/slot-openers.js'
import { slotPortsOf, type ClosedParts, type VaultEnvironment, type VaultOptions } from './environment.js'
import { LockWatch } from './lock-watch.js'
import { FetchedSearch } from './search-index.js'
import { SecondCopies } from './second-copies.js'
import { CurrentKeys } from './current-keys.js'
import { namesOf, type LockReason, type VaultEvent } from './vault-events.js'
import { within } from './within.js'

const DRAIN_MS = 5000
const SUPERSEDED_MS = 500
/** Blocks of the search index kept open. */
const INDEX_CACHE_BYTES = 16 * 1024 * 1024

export interface OpenedParts extends ClosedParts {
  readonly opened: OpenedHeader
  readonly standing: Standing
}

export class OpenedVault {
  readonly options: VaultOptions
  readonly environment: VaultEnvironment
  readonly backend: Backend
  readonly log: CommitLog
  readonly pages: Pages
  readonly access: Access
  readonly queue: CommitQueue
  readonly jobs: JobPorts
  readonly search: FetchedSearch
  readonly events = new Events<VaultEvent>()
  /** Rises with every change of what is true; never falls. */
  version = 0
  /** Another tab, or this one before, had the vault open and stopped without closing it. */
  uncleanStop = false
  readonly keys: CurrentKeys
  readonly slotPorts: SlotPorts
  /** What a lock waits for, within reason, before the keys are wiped. */
  readonly drains: (() => Promise<unknown>)[] = []
  /** Collections of the app's own that it asked for, as events name them. */
  readonly collections = new Set<string>()
  readonly #copies: SecondCopies
  readonly #lockWatch: LockWatch
  readonly #channel: TabChannel
  #autoLock: AutoLock
  readonly #mark = toBase64Url(randomBytes(9))
  readonly #stops: (() => void)[] = []
  readonly #maintenance: Maintenance
  #releaseTabLock: () => void = () => {}
  #staleMarks: readonly string[] = []
  #locking: Promise<void> | undefined
  #left = false
  #telling = false
  /** Another tab was heard: somebody listens. */
  #inCompany = false

  constructor({ options, environment, backend: place, homes, opened, standing, marked = environment.lockMark?.(options.name)?.read() }: OpenedParts) {
    const backend = watchForLoss(place, (error) => {
      this.log.die(error)
      void this.lock('storage-lost', error)
    }, () => this.log.deadBy)
    this.options = options
    this.environment = environment
    this.slotPorts = slotPortsOf(environment, options)
    this.#lockWatch = new LockWatch(environment.lockMark?.(options.name), marked, () => void this.lock('other-tab'))
    this.backend = backend
    this.#copies = new SecondCopies(homes, options.name, () => canaryOf(this.keys.opened, this.log.head.seq, this.log.head.tag))
    const { vaultId, homeId } = opened.header
    const codec = new Codec({ vaultId, homeId, ring: opened.ring })
    this.log = new CommitLog(backend, codec, standing, {
      committed: (seq, changes, local) => this.#committed(seq, changes, local),
      reloaded: () => this.#reloaded(),
      lost: (error) => void this.lock(error.code === 'keys-changed' ? 'keys-changed' : 'storage-lost', error),
      headerChanged: () => this.keys.takeStored(),
      knownCommits: () => this.#knownCommits(),
      beforeUse: () => this.#lockWatch.check(),
    })
    this.pages = new Pages(backend, codec, options.cacheBytes ?? 32 * 1024 * 1024)
    this.#channel = environment.openChannel(options.name)
    this.queue = new CommitQueue(this.log, {
      locks: environment.locks,
      lockName: `sealed-vault/${options.name}/commit`,
      durability: options.durability ?? 'relaxed',
      now: environment.now,
      tellContended: () => this.#channel.post({ kind: 'contended' }),
    })
    this.keys = new CurrentKeys(opened, { log: this.log, queue: this.queue, copies: this.#copies, backend, channel: this.#channel, vaultName: options.name, locks: environment.locks, slotPorts: this.slotPorts, shares: options.shareUnlock === true })
    this.access = openAccess({ log: this.log, queue: this.queue, pages: this.pages })
    this.jobs = { backend, locks: environment.locks, lockName: `sealed-vault/${options.name}/job`, now: environment.now, running: { count: 0, awaited: 0 } }
    this.search = new FetchedSearch(() => ({ log: this.log, access: this.access, cacheBytes: INDEX_CACHE_BYTES, kept: options.index !== false, damaged: (error) => this.wantIndex(error) }))
    this.#maintenance = new Maintenance(this.log, this.pages, this.search, this.jobs, {
      warn: (error) => this.#warn(error),
      folded: () => void this.#copies.writeCanary(),
      isCommitting: () => this.queue.isCommitting,
    })
    this.#autoLock = this.#startAutoLock(options.autoLock ?? {})
  }

  /** Marks this tab as open, deals with tabs that stopped without closing, starts what runs in the background. */
  async start(): Promise<void> {
    const { locks, signals } = this.environment
    const unclean = await findUncleanStop(this.backend, locks, this.options.name)
    this.uncleanStop = unclean.marks.length > 0
    this.#releaseTabLock = await holdTabLock(locks, this.options.name, this.#mark)
    try {
      // The vault has been read and held against its canary; nothing has been written yet: Chromium may have a torn log to write behind.
      if (this.uncleanStop) await rollEngineLog(this.backend)
      await leaveMark(this.backend, this.#mark)
      if (unclean.certain) for (const mark of unclean.marks) await removeMark(this.backend, mark)
      else this.#staleMarks = unclean.marks
    } catch (error) {
      // A full disk must not keep anybody from reading, nor from deleting to make room.
      if (!(error instanceof VaultError) || error.code !== 'storage-full') throw error
      setTimeout(() => this.#warn(error), 0)
    }
    this.#stops.push(
      this.#channel.subscribe((message) => {
        this.#inCompany = true
        this.keys.hear(message)
        if (message.kind === 'hello') this.#channel.post({ kind: 'here', seq: this.log.head.seq })
        if (message.kind === 'hello' || message.kind === 'here') this.#lookPast(message.seq)
        else if (message.kind === 'used') this.#autoLock.noteUseElsewhere()
        else if (message.kind === 'locked') void this.lock('other-tab')
        else if (message.kind === 'destroyed') void this.lock('destroyed')
        else if (message.kind === 'contended') this.queue.turns.noteContention()
        else if (message.kind === 'committed') this.#heard(message.seq)
      }),
      // The connection went away or was taken away: what this tab takes for true is held against the store before anything else.
      this.backend.subscribe((event) => {
        this.log.noteLostConnection()
        const look = (): void => void this.log.catchUp().catch((error: unknown) => this.#warn(error))
        // Who supersedes this connection deletes the vault, or upgrades it: the tab channel says which, a moment later.
        if (event === 'superseded') setTimeout(look, SUPERSEDED_MS)
        else look()
      }),
      signals.onShown(() => this.#return()),
      // Hidden or not: it may write again, and must not without its mark.
      signals.onWoken(() => this.#return()),
      signals.onLeaving(() => this.#leave()),
    )
    this.#channel.post({ kind: 'hello', seq: this.log.head.seq })
    this.#copies.raiseCanary()
    // Keys of this browser that a crash left behind; a vault that never had one is not looked for in another database.
    if (this.log.codec.ring.states.some(({ onDevice }) => onDevice === true)) this.keys.sweepDeviceKeys().catch((error: unknown) => this.#warn(error))
    this.#maintenance.considerSurplus()
    this.#maintenance.considerCheckpoint()
    // The next checkpoint needs it; by then a redeployed app may not have this version of it any more. It says so itself when it fails.
    // With it there, what was left to be merged is merged.
    this.search.part().then(
      () => this.#maintenance.considerMerge(),
      () => undefined,
    )
  }

  /** Another tab committed. */
  #heard(seq: number): void {
    this.queue.turns.noteForeignCommit()
    this.#lookPast(seq)
  }

  #lookPast(seq: number): void {
    if (seq > this.log.head.seq) this.log.catchUp().catch((error: unknown) => this.#warn(error))
  }

  async #knownCommits(): Promise<LogHead[]> {
    const canaries = await this.#copies.readCanaries()
    return canaries.filter((canary) => isGenuineCanary(this.keys.opened, canary)).map(({ seq, tag }) => ({ seq: seq as Seq, tag: fromBase64Url(tag) as unknown as Tag }))
  }

  /** What lies beside the database. */
  async copiesSeen() {
    const { lockMark, attempts } = this.environment
    const failed = attempts?.(this.options.name)?.read()
    return { ...(await this.#copies.seen()), lockMark: lockMark?.(this.options.name)?.read().length ?? 0, attempts: failed === undefined || failed.count === 0 ? 0 : `${failed.count} ${failed.at}`.length }
  }

  get header(): OpenedHeader {
    return this.keys.opened
  }

  #startAutoLock(options: AutoLockOptions): AutoLock {
    const { signals, now } = this.environment
    return new AutoLock(options, signals, now, {
      lock: (reason) => void this.lock(reason),
      warn: (inMs) => this.events.emit({ kind: 'lock-soon', inMs }),
      tellUse: () => {
        if (this.#inCompany) this.#channel.post({ kind: 'used' })
      },
    })
  }

  setAutoLock(options: AutoLockOptions): void {
    checkAutoLock(options)
    this.log.assertAlive()
    // A lock that has begun goes on.
    if (this.#locking !== undefined) return
    this.#autoLock.stop()
    this.#autoLock = this.#startAutoLock(options)
  }

  /** The vault was used: puts auto-lock off. */
  noteUse(): void {
    this.#autoLock.noteUse()
  }

  #committed(seq: number, changes: readonly Change[], local: boolean): void {
    this.version++
    if (local) {
      this.#tellOthers()
      this.noteUse()
    }
    this.#copies.raiseCanary()
    this.#maintenance.considerCheckpoint()
    if (this.events.heard) this.events.emit({ kind: 'changed', seq, local, ...namesOf(changes) })
  }

  /**
   * In a task of its own, and only when other tabs were ever heard of: posting costs as much as a fifth of an append. A tab that was
   * missed looks at the log by itself before it reads.
   */
  #tellOthers(): void {
    if (this.#telling || !this.#inCompany) return
    this.#telling = true
    setTimeout(() => {
      this.#telling = false
      this.#channel.post({ kind: 'committed', seq: this.log.head.seq })
    }, 0)
  }

  #reloaded(): void {
    this.version++
    this.events.emit({ kind: 'changed', seq: this.log.head.seq, local: false, collections: ['sessions', 'chatLogs', 'brains', 'preferences', ...this.collections], chatLogIds: [] })
  }

  /** Resolves when this tab does nothing in the background. */
  quiet(signal?: AbortSignal): Promise<void> {
    return this.#maintenance.quiet(signal)
  }

  /** Folds the log soon if a load brought much. */
  noteLoad(): void {
    this.#maintenance.considerCheckpoint()
  }

  rebuildIndex(options: RebuildOptions): Promise<void> {
    return this.#maintenance.rebuildIndex(options)
  }

  /** The search index is missing, or damaged, as this error says: it is made anew some time. */
  wantIndex(damage?: VaultError): void {
    if (damage !== undefined) this.#warn(damage)
    if (this.options.index !== false) this.#maintenance.considerRebuild()
  }

  /** Folds the log now. */
  async checkpoint(): Promise<CheckpointOutcome | undefined> {
    return this.#maintenance.checkpoint(true)
  }

  #warn(error: unknown): void {
    if (this.#locking !== undefined) return
    if (error instanceof VaultError && error.code !== 'busy') this.events.emit({ kind: 'warning', error })
  }

  /** Tells of what went wrong where nobody waits for it. */
  warn(error: unknown): void {
    this.#warn(error)
  }

  /** What exports need of the vault. */
  archivePorts(): ExportPorts {
    // Pages of its own, none of which it keeps: an export reads each once, and what the app works with stays in the cache.
    const access = { ...this.access, pages: new Pages(this.backend, this.log.codec, 0) }
    const onLocking = (listener: () => void): (() => void) => this.events.subscribe(({ kind }) => kind === 'locking' && listener())
    return { log: this.log, access, jobs: this.jobs, kdf: this.kdf, now: this.environment.now, onLocking }
  }

  /** How much work passwords must cost. */
  get kdf(): KdfPolicy {
    return this.slotPorts.kdf
  }

  /**
   * Ends this opened vault: what was asked for is written, keys are wiped, other tabs lock too. Safe to call twice.
   * `storage-lost` and `destroyed` write nothing.
   */
  lock(reason: LockReason, error?: VaultError): Promise<void> {
    this.#locking ??= this.#lock(reason, error)
    return this.#locking
  }

  async #lock(reason: LockReason, error: VaultError | undefined): Promise<void> {
    const over = error ?? new VaultError('locked', 'the vault is locked; unlock it with the password', { reason })
    // Without the keys there are now, nothing can be written; other tabs have them.
    const writes = reason !== 'storage-lost' && reason !== 'destroyed' && reason !== 'keys-changed'
    this.events.emit({ kind: 'locking', reason })
    this.#autoLock.stop()
    this.#copies.stop()
    this.keys.stop(over)
    const tell = writes && reason !== 'other-tab'
    this.#lockWatch.end(tell)
    if (tell) this.#channel.post({ kind: 'locked', reason })
    this.#maintenance.stop(over)
    if (writes) {
      await within(DRAIN_MS, this.queue.drain())
      await within(DRAIN_MS, Promise.all([this.#maintenance.idle(), ...this.drains.map((drain) => drain())]))
    }
    this.log.die(over)
    this.queue.abandon(over)
    await within(DRAIN_MS, this.log.idle())
    if (writes) await this.#copies.writeCanary()
    if (writes || reason === 'keys-changed') await within(DRAIN_MS, this.#unmark())
    this.#release()
    await within(DRAIN_MS, this.backend.close())
    forgetLastMatch()
    this.events.emit({ kind: 'locked', reason, ...(error !== undefined && { error }) })
    this.events.clear()
  }

  /** Lets go of a vault whose start failed, as if it had never been opened: no other tab hears of it. */
  discard(error: VaultError): void {
    this.#locking ??= Promise.resolve()
    this.#lockWatch.end(false)
    this.#maintenance.stop(error)
    this.#autoLock.stop()
    this.#copies.stop()
    this.log.die(error)
    this.queue.abandon(error)
    this.#release()
  }

  #release(): void {
    this.#releaseTabLock()
    for (const stop of this.#stops) stop()
    this.#channel.close()
    this.pages.clear()
    this.search.clear()
    this.access.iterations.end()
    this.log.forget()
    this.keys.wipe()
  }

  async #unmark(): Promise<void> {
    for (const mark of [this.#mark, ...this.#staleMarks]) await removeMark(this.backend, mark)
  }

  /** Back from the background: what other tabs did meanwhile counts, and so does this tab again. */
  #return(): void {
    // Tabs that came meanwhile may not have been heard.
    this.#channel.post({ kind: 'hello', seq: this.log.head.seq })
    if (this.#left) {
      this.#left = false
      leaveMark(this.backend, this.#mark).catch((error: unknown) => this.#warn(error))
    }
    this.log.catchUp().catch((error: unknown) => this.#warn(error))
  }

  /** The page may never come back: leave nothing waiting and say that it stopped cleanly, as far as time allows. */
  #leave(): void {
    this.#left = true
    this.queue.releaseHeld()
    void this.#copies.writeCanary()
    void this.#unmark().catch(() => undefined)
  }
}
