// Rotation as an opened vault has it: begun, paused, continued, told of. What it does to rows is in rotation/. DESIGN section 8.

import { wipeKeyRingContent } from '../crypto/key-ring-content.js'
import { wipeVaultKeys, type RingSuccessor } from '../crypto/keyring.js'
import { VaultError } from '../errors.js'
import { STORE_IDS } from '../stores/backend.js'
import { runCheckpoint } from './core/checkpoint.js'
import { isUnknown } from './core/commit-log.js'
import type { UnprovenHeader } from './core/header.js'
import type { PreparedSlot } from './core/new-slot.js'
import { rekeyHeader, retireEpochs, ROTATION_PENDING, type Rekeyed } from './core/slot-edits.js'
import { withOpener, type Secret } from './core/slot-openers.js'
import { runJob, type Job } from './core/jobs.js'
import { sealManifest, sealsAfter, type Manifest } from './core/manifest.js'
import { fetchPart } from './fetch-part.js'
import type { OpenedVault } from './opened-vault.js'
import type { RotationOptions, RotationReport, RotationStatus } from './rotation/rotation-status.js'

/** Half of what one key may seal (NIST SP 800-38D): time enough to rotate. */
const SEALS_DUE = 2 ** 31
/** After unlocking, before a rotation that was cut off goes on: whoever unlocked wants to read first. */
const CONTINUE_AFTER_MS = 500

/** How often, and after how long, a rotation tries to begin beside another tab's long work, without locks. */
const MAX_BUSY = 50
const BUSY_MS = 100

/** What it takes to begin one. */
interface Beginning {
  readonly current: Secret
  /** Takes the place of keys that browsers keep. */
  readonly protect: PreparedSlot | undefined
}

export class KeyRotation {
  readonly #vault: OpenedVault
  readonly #ends = new AbortController()
  #running: Promise<RotationReport> | undefined
  /** It has its turn among the tabs. */
  #isAtIt = false
  #isPaused = false
  #wake: () => void = () => {}

  /** @internal */
  constructor(vault: OpenedVault) {
    this.#vault = vault
    vault.events.subscribe(({ kind }) => {
      if (kind !== 'locking') return
      this.#ends.abort(new VaultError('locked', 'the vault was locked while its keys were rotated; the rotation goes on when it is unlocked', { reason: 'rotation' }))
      this.#wake()
    })
    vault.drains.push(() => this.#running?.catch(() => undefined) ?? Promise.resolve())
    const wants = vault.options.rotation?.continue !== false
    const timer = setTimeout(() => {
      if (this.#ends.signal.aborted) return
      if (this.isPending && wants) this.continue({}).catch((error: unknown) => vault.warn(error))
      const due = this.#statusNow?.due
      if (due !== undefined && !this.isPending) vault.events.emit({ kind: 'rotation-due', reason: due })
    }, CONTINUE_AFTER_MS)
    ;(timer as { unref?: () => void }).unref?.()
  }

  /** `none`, `running` or `paused` in this tab, `pending`: see `RotationStatus`. @throws {VaultError} `locked` */
  get state(): RotationStatus['state'] {
    return this.status.state
  }

  /** Whether it has begun and not ended. */
  get isPending(): boolean {
    return !this.#ends.signal.aborted && this.#vault.log.codec.ring.states.some(({ state }) => state === 'retiring')
  }

  /** How far it is, and whether one is due: a snapshot. @throws {VaultError} `locked` */
  get status(): RotationStatus {
    const { log, options, environment } = this.#vault
    log.assertAlive()
    const { counts, keysMadeAt, seals } = log.manifest.content
    const active = log.codec.activeEpoch
    const sum = (isCounted: (epoch: number) => boolean): number => counts.reduce((rows, count) => (isCounted(count.epoch) ? rows + Math.max(0, count.rows) : rows), 0)
    const state = !this.isPending ? 'none' : !this.#isAtIt ? 'pending' : this.#isPaused ? 'paused' : 'running'
    const maxAge = options.rotation?.dueAfterMs
    const isOld = maxAge !== undefined && keysMadeAt !== undefined && environment.now() - keysMadeAt >= maxAge
    const isWorn = seals.some(([epoch, , count]) => epoch === active && count >= SEALS_DUE)
    return {
      state,
      done: sum((epoch) => epoch === active),
      total: sum(() => true),
      keepsOldKeys: log.codec.ring.states.some((epoch) => epoch.state === 'quarantine-only'),
      keysMadeAt,
      due: isWorn ? 'seals' : isOld ? 'age' : undefined,
    }
  }

  /** Undefined where a lock was faster, of which only the next look tells. */
  get #statusNow(): RotationStatus | undefined {
    try {
      return this.status
    } catch {
      return undefined
    }
  }

  /** @internal Begins a rotation, after one that is pending was brought to its end, and brings it to its own. */
  async rotate(current: Secret, options: RotationOptions, protect?: PreparedSlot): Promise<RotationReport> {
    this.#vault.log.assertAlive()
    options.signal?.throwIfAborted()
    // One after the other; whoever is at it is not disturbed.
    while (this.#running !== undefined) await this.continue().catch(() => undefined)
    return this.#start(options, { current, protect })
  }

  /**
   * Brings a rotation that was cut off, aborted or paused to its end; resolves at once where there is none. One that runs in this tab is joined: the options of the first
   * call count. While another tab is at it, waits and takes over should that tab be closed.
   * @throws {VaultError} `storage-full`, `storage-unavailable`, `busy`, `locked`; the signal's reason
   */
  async continue(options: RotationOptions = {}): Promise<RotationReport> {
    this.#vault.log.assertAlive()
    if (this.#running === undefined) await this.#vault.log.catchUp()
    const running = this.#running ?? this.#start(options)
    this.#isPaused = false
    this.#wake()
    this.#tell()
    return running
  }

  #start(options: RotationOptions, beginning?: Beginning): Promise<RotationReport> {
    const run = this.#run(options, beginning).finally(() => {
      this.#running = undefined
      this.#isAtIt = false
      this.#isPaused = false
      if (!this.#ends.signal.aborted) this.#tell()
    })
    run.catch(() => undefined)
    this.#running = run
    return run
  }

  /** Lets a rotation that runs in this tab stand still, after the rows on their way, until `continue`; its promise goes on waiting. @throws {VaultError} `locked` */
  pause(): void {
    this.#vault.log.assertAlive()
    if (this.#running === undefined || this.#isPaused) return
    this.#isPaused = true
    this.#tell()
  }

  /** @param beginning where a rotation is to be begun */
  async #run({ signal, onProgress, damaged = 'keep' }: RotationOptions, beginning?: Beginning): Promise<RotationReport> {
    const { log, jobs, search, environment, options } = this.#vault
    const { Rotating } = await fetchPart(() => import('./rotation/rotate.js'))
    const ends = new AbortController()
    const end = (source: AbortSignal | undefined) => (): void => {
      ends.abort(source?.reason)
      this.#wake()
    }
    const sources = [signal, this.#ends.signal].map((source) => ({ source, listener: end(source) }))
    for (const { source, listener } of sources) {
      if (source?.aborted === true) listener()
      source?.addEventListener('abort', listener)
    }
    let most = { phase: '', done: 0 }
    const goOn = (): Promise<RotationReport> =>
      new Rotating({
        log,
        index: search,
        jobs,
        end: (job, kept) => this.#end(job, kept),
        gate: () => this.#gate(ends.signal),
        wantsPause: () => this.#isPaused,
        signal: ends.signal,
        onProgress: (progress) => {
          if (progress.phase === most.phase && progress.done < most.done) return
          most = progress
          onProgress?.(progress)
          this.#tell()
        },
        discards: damaged === 'discard',
        rowsAtOnce: environment.rotationRows,
      }).run()
    try {
      // One tab at a time, from beginning to end; who waits takes over where another one was closed.
      return await environment.locks.request(`sealed-vault/${options.name}/rotation`, { signal: ends.signal }, async () => {
        this.#isAtIt = true
        await log.catchUp()
        for (let begun = beginning === undefined; ; ) {
          // A vault that locks knows of no rotation any more, which is not to say that it has ended.
          ends.signal.throwIfAborted()
          if (this.isPending) {
            this.#tell()
            const report = await goOn()
            most = { phase: '', done: 0 }
            if (begun) return report
          } else if (begun) return { rows: 0, skipped: [], mismatches: [], keepsOldKeys: this.status.keepsOldKeys }
          begun = await this.#begin(beginning!, ends.signal)
        }
      })
    } finally {
      for (const { source, listener } of sources) source?.removeEventListener('abort', listener)
    }
  }

  async #gate(signal: AbortSignal): Promise<void> {
    while (this.#isPaused && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    signal.throwIfAborted()
  }

  #tell(): void {
    const status = this.#vault.events.heard ? this.#statusNow : undefined
    if (status !== undefined) this.#vault.events.emit({ kind: 'rotation', status })
  }

  /** The header that begins it, as a job. @returns false when another one has begun that this tab did not know of: that is ended first */
  async #begin({ current, protect }: Beginning, signal: AbortSignal): Promise<boolean> {
    const { jobs, keys, log, search, slotPorts, environment } = this.#vault
    const begun = await patiently(signal, () => runJob(
      jobs,
      true,
      async (job) => {
        // With one epoch as long as there is one: reads are quicker for it.
        await runCheckpoint(log, job, search, { signal })
        if (this.isPending) return false
        try {
          await withOpener(current, slotPorts, (opener) => this.#write(job, (newest) => rekeyHeader(newest, keys.opened.keys, opener, protect), () => ({ ...log.manifest.content, keysMadeAt: environment.now() })), signal)
          if (protect !== undefined) await keys.sweepDeviceKeys().catch((error: unknown) => this.#vault.warn(error))
          return true
        } catch (error) {
          if (error instanceof VaultError && error.details.reason === ROTATION_PENDING) return false
          throw error
        }
      },
      signal,
    ))
    return begun === true
  }

  /** The header that ends it: epochs that are not named leave the ring, and the manifest what it says of them. */
  async #end(job: Job, kept: ReadonlySet<number>): Promise<void> {
    const { keys, log } = this.#vault
    const stays = (epoch: number): boolean => epoch === log.codec.activeEpoch || kept.has(epoch)
    const wasOnDevice = log.codec.ring.states.some(({ onDevice }) => onDevice === true)
    await this.#write(job, (newest) => retireEpochs(newest, keys.opened.keys, kept), () => {
      const { content } = log.manifest
      return { ...content, counts: content.counts.filter(({ epoch }) => stays(epoch)), seals: content.seals.filter(([epoch]) => stays(epoch)) }
    })
    // With the mark gone, nobody would look for them again.
    if (wasOnDevice) await keys.sweepDeviceKeys().catch((error: unknown) => this.#vault.warn(error))
  }

  /** Header, log row and manifest in one strict transaction that compares them and the job, sealed with the keys that the header brings (PROTOCOL rule 13). */
  async #write(job: Job, build: (newest: UnprovenHeader) => Promise<Rekeyed>, content: () => Manifest): Promise<void> {
    try {
      await this.#writeOnce(job, build, content)
    } catch (error) {
      // Another tab made a password dearer in the same moment: that is no reason to give up.
      if (!(error instanceof VaultError) || error.code !== 'conflict' || error.details.reason !== 'refused') throw error
      await this.#vault.log.catchUp()
      await this.#writeOnce(job, build, content)
    }
  }

  async #writeOnce(job: Job, build: (newest: UnprovenHeader) => Promise<Rekeyed>, content: () => Manifest): Promise<void> {
    const { keys, log } = this.#vault
    const { ring, header, keys: before } = keys.opened
    let rekeyed: Rekeyed | undefined
    let successor: RingSuccessor | undefined
    let withdraw = (): void => {}
    try {
      await keys.settled()
      await keys.change(
        async (newest) => {
          rekeyed = await build(newest)
          withdraw = keys.offer(rekeyed.keys)
          return rekeyed
        },
        async (draft, built) => {
          successor?.wipeNew()
          const next = await ring.successor(built.content, header.vaultId, Object.keys(STORE_IDS))
          successor = next
          const codec = log.codec.withRing(next.ring)
          const { manifest } = log
          const begun = content()
          const row = await sealManifest(codec, { ...begun, seals: sealsAfter(begun, log.codec) })
          draft.expect.push(job.expectation, { kind: 'tag', store: 'manifest', key: 'manifest', tag: manifest.tag })
          draft.operations.push({ kind: 'put', store: 'manifest', key: 'manifest', value: row })
          draft.keys = {
            codec,
            become: () => {
              next.become()
              keys.take(built)
            },
          }
        },
      )
      withdraw()
      // The manifest that was written with it.
      await log.catchUp()
    } catch (error) {
      // What nobody knows the end of may still come to be the header there is: its keys stay on offer.
      const isOpen = error instanceof VaultError && (error.code === 'outcome-unknown' || isUnknown(error))
      if (!isOpen) withdraw()
      if (!isOpen && rekeyed !== undefined && keys.opened.keys !== rekeyed.keys && rekeyed.keys !== before) wipeVaultKeys(rekeyed.keys)
      throw error
    } finally {
      if (rekeyed !== undefined) wipeKeyRingContent(rekeyed.content)
      successor?.wipeNew()
    }
  }
}

/** Where tabs cannot wait for each other, again until the other's long work has ended. */
async function patiently<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === MAX_BUSY || !(error instanceof VaultError) || error.code !== 'busy') throw error
      await new Promise((resolve) => setTimeout(resolve, BUSY_MS))
      signal.throwIfAborted()
    }
  }
}
