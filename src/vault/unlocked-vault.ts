// The open vault as an app sees it: its records, and what is done with it as a whole.

import type { StorageFacts } from '../stores/select-backend.js'
import { Backup } from './backup.js'
import type { AutoLockOptions } from './core/auto-lock.js'
import type { Secret } from './core/slot-openers.js'
import type { RebuildOptions } from './core/index-port.js'
import type { AuditReport } from './health/audit.js'
import type { CheckOptions, CheckReport } from './health/check.js'
import type { ArchiveExport, ExportOptions } from './archive/export-archive.js'
import type { PlainExportOptions } from './archive/export-json.js'
import type { ArchiveSource } from './archive/archive-source.js'
import type { ImportOptions, ImportReport } from './archive/import-archive.js'
import type { ImportPorts, MergeOptions } from './archive/take-over.js'
import type { MergeReport } from './merge/merge-report.js'
import type { OpenedVault } from './opened-vault.js'
import type { VaultEvent } from './vault-events.js'
import { KeyRotation } from './key-rotation.js'
import { PageCacheView } from './page-cache-view.js'
import { Prefetcher } from './prefetcher.js'
import { Slots } from './slots.js'
import { checkOpened } from './checking.js'
import type { RotationOptions, RotationReport } from './rotation/rotation-status.js'
import { fetchPart } from './fetch-part.js'
import type { AnonymiseOptions } from './privacy/anonymise.js'
import { VaultRecords } from './vault-records.js'

export interface JsonExportOptions extends PlainExportOptions {
  /** Tells what was said and not who said it, as far as that can be done; `{}` for all that is usual. */
  readonly anonymise?: AnonymiseOptions | undefined
}

export class UnlockedVault extends VaultRecords {
  readonly state = 'unlocked'
  readonly name: string
  readonly backup: Backup
  /** How far a rotation of keys is, and its pause; it begins with `rotateKeys`. */
  readonly rotation: KeyRotation
  /** The ways into this vault. */
  readonly slots: Slots
  /** How well pages are kept in memory, in figures. */
  readonly cache: PageCacheView
  /**
   * Whether this vault was left without being closed: a tab that crashed, was killed or lost its power. What a promise said was saved is there,
   * except what a power cut took from the last moments of `relaxed` writes; the canary tells of such a loss only if it knew of it.
   */
  readonly uncleanStop: boolean
  readonly #vault: OpenedVault

  /** @internal */
  constructor(vault: OpenedVault) {
    super(vault)
    this.name = vault.options.name
    this.uncleanStop = vault.uncleanStop
    this.#vault = vault
    this.backup = new Backup(vault)
    this.rotation = new KeyRotation(vault)
    this.slots = new Slots(vault)
    this.cache = new PageCacheView(vault)
    new Prefetcher(vault)
  }

  /**
   * A backup in one encrypted file, as it is read: of everything, or of what the options choose; with `since`, of what changed after an earlier one. It opens with
   * the password or recovery code given here, for ever, whatever becomes of the vault and its own password. The vault is as it was at one commit: what is written
   * meanwhile is not in it. Until the stream has been read or cancelled, changes are saved as always, but checkpoints and loads wait. Memory stays bounded.
   * The file tells whoever has it no more than its length, rounded up by at most 12 %, and what kind of secret opens it.
   * @throws {VaultError} `invalid-value` for a password, a recovery code or a choice that cannot be one, `locked`; {TypeError} without a password or recovery code.
   *   The stream and the report fail with `corrupt` for what does not authenticate (unless `damaged: 'skip'`), with `locked`, `busy`, and with the signal's reason
   */
  async exportArchive(options: ExportOptions): Promise<ArchiveExport> {
    this.#vault.log.assertAlive()
    const { exportArchive } = await fetchPart(() => import('./archive/archive-part.js'))
    return exportArchive(this.#vault.archivePorts(), options)
  }

  /**
   * The same as JSON that anybody can read, `{ version: 1, exportedAt, chatLogs, sessions, brains, preferences, collections }` in UTF-8: for other programs. Nothing protects it, so
   * `unprotected: true` has to be said. With `anonymise` it tells what was said and not who said it: all ids are numbered anew, names of people and entities are replaced in titles, keywords and
   * messages, as are links, e-mail addresses and long numbers; metadata, memories and settings of brains, preferences and collections are left out. What else is said may still tell who said it.
   * @throws {VaultError} `invalid-value`, `locked`; {TypeError} unless `unprotected` is true. The stream fails as that of `exportArchive`
   */
  async exportJson({ anonymise, ...options }: JsonExportOptions): Promise<ReadableStream<Uint8Array>> {
    this.#vault.log.assertAlive()
    const { exportJson } = await fetchPart(() => import('./archive/archive-part.js'))
    if (anonymise === undefined) return exportJson(this.#vault.archivePorts(), options)
    const { anonymiserOf } = await fetchPart(() => import('./privacy/anonymise.js'))
    return exportJson(this.#vault.archivePorts(), options, anonymiserOf(anonymise))
  }

  /**
   * Takes over what an archive holds: what is new comes, what was changed there is changed here, what was deleted there goes, and what was changed on both sides is
   * settled as `onConflict` says: chats message by message, sessions field by field, brains, preferences and items each as a whole. Whose change came after whose is known from the versions,
   * not from clocks. What was deleted here stays deleted, unless `restoreDeleted`. Nothing of a file that is damaged, truncated or made up is ever taken over: it is read to its end first.
   * Importing twice changes nothing; cut off by a crash, an abort or a lock, the same file brings the rest. Changes go on meanwhile; checkpoints and loads wait. Durable when it resolves, and after each progress event of its phase `import`.
   * A stream is kept as a Blob, for it is read twice. Of chat logs that both sides have, one at a time is in memory.
   * @throws {VaultError} as `verifyArchive`; `corrupt` with a reason also for what no vault can hold; `conflict` for an archive of changes whose parent was not imported;
   *   `storage-full`, `locked`, `busy`; {TypeError} for options; the signal's reason; whatever `onConflict` throws
   */
  async importArchive(source: ArchiveSource, options: ImportOptions): Promise<ImportReport> {
    this.#vault.log.assertAlive()
    const { importArchive } = await fetchPart(() => import('./archive/archive-part.js'))
    try {
      return await importArchive(this.#importPorts(), source, options)
    } finally {
      this.#vault.noteLoad()
    }
  }

  /** What `importArchive` would do with the same options, without doing it. @throws as `importArchive` */
  async inspectArchive(source: ArchiveSource, options: ImportOptions): Promise<ImportReport> {
    this.#vault.log.assertAlive()
    const { previewImport } = await fetchPart(() => import('./archive/archive-part.js'))
    return previewImport(this.#importPorts(), source, options)
  }

  /**
   * Takes over what `exportJson` wrote, or another program in its form: merged as an archive is. Nothing in it says who changed what, so that whatever differs is a conflict. The whole text is held in memory.
   * @throws {VaultError} `invalid-value` for what is no such JSON, with the number of the record and the reason; `unsupported-version`, `storage-full`, `locked`, `busy`; as `importArchive`
   */
  async importJson(source: ArchiveSource | string, options: MergeOptions = {}): Promise<MergeReport> {
    this.#vault.log.assertAlive()
    const { importJson } = await fetchPart(() => import('./archive/archive-part.js'))
    try {
      return await importJson(this.#importPorts(), source, options)
    } finally {
      this.#vault.noteLoad()
    }
  }

  /** With pages that are kept: what an import brings is what is read next. */
  #importPorts = (): ImportPorts => ({ ...this.#vault.archivePorts(), access: this.#vault.access })

  /**
   * Changes the password: at once, however much data there is. The data keys stay the same, so a copy of the vault made before
   * still opens with the old password; rotate keys when that matters. Who forgot the password gives the recovery code in its place.
   * @throws {VaultError} `wrong-password` (also for a recovery code), `invalid-value` (the new password: empty, over 1,024 code points, ill-formed; a recovery code that cannot be one),
   *   `conflict` when another tab changed it meanwhile, `locked`
   */
  changePassword(current: Secret, next: string): Promise<void> {
    return this.#vault.keys.changePassword(current, next)
  }

  /**
   * Makes a recovery code that opens this vault beside the password: 160 random bits as nine groups of four letters and digits. Show it once, for the user to write
   * down: nothing keeps it. The code made before opens the vault no longer, though it does open a copy of the vault made before.
   * @param current the password, or the recovery code there is
   * @throws {VaultError} `wrong-password`, `invalid-value`, `conflict` when another tab changed the password or code meanwhile, `locked`
   */
  createRecoveryCode(current: Secret): Promise<string> {
    return this.#vault.keys.createRecoveryCode(current)
  }

  /**
   * New keys for everything: a new vault key for every way in, without its secret, and every row sealed anew, while the vault is in use here and in other tabs. A copy of the vault made before opens
   * with what opened it then, and tells nothing of what is written afterwards. A crash, an abort or a lock at any moment leaves a vault that is read and written as before, in which the rest is
   * done later: after the next unlock by itself, or by `rotation.continue`. Changes, reads, searches and exports go on; loads and imports take turns with it. Archives are not touched.
   * Durable when it resolves: then the old keys are gone, but for rows that do not open (`skipped`), whose keys are kept as long as they are there. `current` is the password, or the recovery code.
   * @throws {VaultError} `wrong-password`, `invalid-value`; `conflict` when another tab changed a way in at the same moment; `unsupported-version` when this version does not know one of the ways in; `storage-full`, `busy`, `locked`; the signal's reason
   */
  rotateKeys(current: Secret, options: RotationOptions = {}): Promise<RotationReport> {
    return this.rotation.rotate(current, options)
  }

  /**
   * Gives a vault that opens by a key of the browser its password: that key is dropped, and everything is sealed anew with keys that it never opened. Until that has ended `slots.isUnprotected()` is true,
   * and a rotation that was cut off goes on as any other; afterwards a copy of the folder made before still opens, and what is written from now on does not. Other ways in stay. Durable when it resolves.
   * @param current a password, recovery code or passkey where there is one, else `{ device: true }`
   * @throws as `rotateKeys`; {VaultError} `invalid-value` for a password that cannot be one
   */
  async protect(current: Secret, password: string, options: RotationOptions = {}): Promise<RotationReport> {
    this.#vault.log.assertAlive()
    return this.#vault.keys.withSlot({ kind: 'password', password }, options.signal, (slot) => this.rotation.rotate(current, options, slot))
  }

  /** Writes what waits, wipes the keys and locks every tab of this vault. To unlock, open the vault again. */
  lock(): Promise<void> {
    return this.#vault.lock('asked')
  }

  /**
   * Opens every row and holds the store against what the vault says of it. Reads only.
   * @throws {VaultError} `locked`, `busy` when other tabs keep changing the vault; the signal's reason when aborted
   */
  async check(options: CheckOptions = {}): Promise<CheckReport> {
    return checkOpened(this.#vault, this.rotation.isPending, options)
  }

  /**
   * What of this vault lies in the browser's storage in clear, byte by byte, and why; how strong its ways in are and how old its keys; and what whoever copies the
   * folder learns from it. Reads every row that is there, whatever should be; opens none. What other code of the origin stores is not looked at.
   * @throws {VaultError} `locked`; the signal's reason when aborted
   */
  async audit({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<AuditReport> {
    const { audit } = await fetchPart(() => import('./health/audit.js'))
    const { log, keys } = this.#vault
    log.assertAlive()
    // Also those of slots there are no more.
    const kept = await this.#vault.slotPorts.deviceKeys?.kept().catch(() => [])
    return audit(log, keys.opened.header, keys.opened.row.length, { ...(await this.#vault.copiesSeen()), deviceKeys: kept?.length ?? 0, isUnprotected: await this.slots.isUnprotected() }, signal)
  }

  /**
   * Makes the search index anew from the messages. For an index that `check()` finds wrong; a vault without one, with a damaged one, or with one made by
   * another version gets it by itself after the first search. Searches go on with the old one until the new one takes its place at once.
   * Messages on damaged pages are left out; `check()` names the pages.
   * @throws {VaultError} `locked`, `busy`, `storage-full`; {TypeError} in a vault opened with `index: false`; the signal's reason when aborted
   */
  async rebuildIndex(options: RebuildOptions = {}): Promise<void> {
    this.#vault.log.assertAlive()
    if (this.#vault.options.index === false) throw new TypeError('this vault was opened with index: false')
    await this.#vault.rebuildIndex(options)
  }

  /** Folds the commit log into pages now instead of when it has grown. Resolves to false when there was nothing to fold. */
  async checkpoint(): Promise<boolean> {
    this.#vault.log.assertAlive()
    return (await this.#vault.checkpoint()) === 'folded'
  }

  /** Rises with every change of what is true, here or in another tab: a snapshot for `useSyncExternalStore`. */
  get version(): number {
    return this.#vault.version
  }

  /** Tells of changes, the lock and warnings. What a listener throws is reported to the page and stops nothing. */
  subscribe(listener: (event: VaultEvent) => void): () => void {
    return this.#vault.events.subscribe(listener)
  }

  /**
   * Locks by itself from now on as these options say, in place of those the vault was opened with: for a setting that is kept in the
   * vault. Counts as use. Each tab has its own; the first that locks locks all.
   * @throws {RangeError} for a time that is no positive number; {VaultError} `locked`
   */
  setAutoLock(options: AutoLockOptions): void {
    this.#vault.setAutoLock(options)
  }

  /** Says that somebody uses the vault, so that it does not lock as idle. Input events of the page and changes say so by themselves. */
  noteUse(): void {
    this.#vault.noteUse()
  }

  /** Forgets decoded pages and opened blocks of the index. Of each indexed message three or four bytes stay: its time and length. For when memory is short. */
  releaseMemory(): void {
    this.#vault.pages.clear()
    this.#vault.search.release()
  }

  /** Where the vault lives and what the browser promises about it. */
  storage(): Promise<StorageFacts> {
    return this.#vault.environment.storageFacts(this.#vault.backend.kind)
  }
}
