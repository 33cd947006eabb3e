// The log of one opened vault in one tab: what is true now, and the compare-and-swap that makes a commit so.
// PROTOCOL rules 4-6 and 12. Everything that changes what this tab takes for true runs under one mutex.

import type { Seq, Tag } from '../../brand.js'
import { equalBytes, randomBytes, readU64, toBase64Url } from '../../crypto/bytes.js'
import { VaultError } from '../../errors.js'
import type { Backend, Batch } from '../../stores/backend.js'
import { tagOfRow, type Codec } from './codec.js'
import { isForeign } from './header.js'
import type { AppendOutcome, LogListener, Prepared } from './log-contract.js'
import { encodeLogRow, type LogRow } from './log-row.js'
import { MAX_WRITERS, openManifest, type StoredManifest } from './manifest.js'
import { Mutex } from './mutex.js'
import { headerAfter, noteWriter, openLogRows, readStanding, replayRow, type LogHead, type Standing } from './replay.js'
import { State, type FoldResult } from './state.js'

/** A commit's row may hold many records; past this the change must be split. */
const MAX_ROW = 64 * 1024 * 1024
/** How often an unanswered commit is sent again before its outcome stays unknown. */
const SENT_AGAIN = 5
/** How often newer keys are asked for in one look: rotations may follow each other. */
const KEYS_ASKED = 3

export class CommitLog {
  readonly backend: Backend
  readonly codec: Codec
  /** This opened vault, among all that write to the log. */
  readonly writer = toBase64Url(randomBytes(9))
  readonly #listener: LogListener
  readonly #mutex = new Mutex()
  #standing: Standing
  #logBytes: number
  #operation = 0
  #acknowledged = 0
  #generation = 0
  #catchingUp: Promise<void> | undefined
  #lastLook = 0
  #looking: Promise<void> | undefined
  #dead: VaultError | undefined
  /** Connections that were lost, and how many of them the log has been looked through after. */
  #lostConnections = 0
  #lookedAfter = 0

  constructor(backend: Backend, codec: Codec, standing: Standing, listener: LogListener) {
    this.backend = backend
    this.codec = codec
    this.#standing = standing
    this.#logBytes = standing.logBytes
    this.#listener = listener
  }

  get state(): State {
    return this.#standing.state
  }

  get head(): LogHead {
    return this.#standing.head
  }

  get manifest(): StoredManifest {
    return this.#standing.manifest
  }

  get header(): Standing['header'] {
    return this.#standing.header
  }

  get writers(): ReadonlyMap<string, number> {
    return this.#standing.writers
  }

  get surplus(): Standing['surplus'] {
    return this.#standing.surplus
  }

  /** Changes whenever what is true changes by other hands than the draft being built: then the draft is built anew. */
  get generation(): number {
    return this.#generation
  }

  /** Changes when what a read has seen may no longer belong together: pending went into pages, or away. */
  get ground(): number {
    return this.state.takenAway
  }

  /** Log rows and bytes a checkpoint would fold. */
  get backlog(): { readonly rows: number; readonly bytes: number } {
    return { rows: this.head.seq - this.manifest.content.base, bytes: this.#logBytes }
  }

  nextOperation(): number {
    return ++this.#operation
  }

  /** Ends this log: every later call rejects with this error. */
  die(error: VaultError): void {
    this.#dead ??= error
  }

  /** Why it is over, once it is. */
  get deadBy(): VaultError | undefined {
    return this.#dead
  }

  /** Drops what a dead log still holds of the content. */
  forget(): void {
    this.#standing = { ...this.#standing, state: new State() }
  }

  assertAlive(): void {
    if (this.#dead !== undefined) throw this.#dead
    this.#listener.beforeUse?.()
  }

  /**
   * The connection to the store was lost: whoever comes next, to read or to write, first looks whether the store still has what this tab
   * knows and what is known beside the store. Commits of tabs that have closed may be gone as well (PROTOCOL rule 3).
   */
  noteLostConnection(): void {
    this.#lostConnections++
  }

  get #mustLook(): boolean {
    return this.#lostConnections !== this.#lookedAfter
  }

  /** Runs work while nothing else changes what is true in this tab. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#mutex.run(async () => {
      this.assertAlive()
      if (this.#mustLook) await this.#catchUp()
      return work()
    })
  }

  /** Waits for the transactions in flight. */
  idle(): Promise<void> {
    return this.#mutex.idle()
  }

  /**
   * Seals and adds one commit, if nothing came in between.
   * @throws {VaultError} `outcome-unknown` when the store never told, `invalid-value` when the commit is too large, `storage-*`
   */
  append(prepared: Prepared): Promise<AppendOutcome> {
    return this.exclusive(async () => {
      if (prepared.generation !== this.#generation) return { kind: 'raced' }
      // Rows of an epoch that retires are moved, and what nothing refers to yet is not (PROTOCOL rule 10).
      if (prepared.sealedIn !== undefined && prepared.sealedIn !== this.codec.activeEpoch) return { kind: 'refused', index: -1 }
      const head = this.head
      const seq = (head.seq + 1) as Seq
      const logRow: LogRow = { time: prepared.time, writer: this.writer, operation: prepared.operation, changes: prepared.changes }
      const row = await (prepared.keys?.codec ?? this.codec).sealLogRow(seq, head.tag, encodeLogRow(logRow))
      if (row.length > MAX_ROW) throw new VaultError('invalid-value', 'this change is too large for one commit; split it', { where: 'log', number: row.length })
      this.assertAlive()
      const batch: Batch = {
        expect: [{ kind: 'tag', store: 'log', key: head.seq, tag: head.tag }, ...prepared.expect],
        operations: [{ kind: 'add', store: 'log', key: seq, value: row }, ...prepared.operations],
        durability: prepared.durability,
      }
      let result
      try {
        result = await this.backend.apply(batch)
      } catch (error) {
        if (!isUnknown(error)) throw error
        return this.#resolveOutcome(prepared.operation, seq, batch, error)
      }
      if (result.applied) {
        prepared.keys?.become()
        this.#publish(prepared, logRow, seq, tagOfRow(row).slice() as Tag, row.length)
        return { kind: 'applied', seq }
      }
      const before = this.head.seq
      await this.#catchUp()
      if (result.missed > 0 && before === this.head.seq) return { kind: 'refused', index: result.missed - 1 }
      return { kind: 'raced' }
    })
  }

  #publish(prepared: Prepared, row: LogRow, seq: Seq, tag: Tag, bytes: number): void {
    prepared.draft.pour()
    this.#advance(row, { seq, tag }, bytes)
    this.#lastLook = Date.now()
    this.#listener.committed(seq, row.changes, true)
  }

  #advance(row: LogRow, head: LogHead, bytes: number): void {
    noteWriter(this.#standing.writers, row)
    if (row.writer === this.writer) this.#acknowledged = row.operation
    this.#standing = { ...this.#standing, head, header: headerAfter(this.#standing.header, row) }
    this.#logBytes += bytes
  }

  /**
   * The store gave no answer. The log itself is asked, and as long as it ends before this commit, the same sealed batch is sent again: of all
   * sendings one lands at most, since they bear one number. Only a foreign row of that number tells that none will (PROTOCOL rule 6).
   */
  async #resolveOutcome(operation: number, seq: Seq, batch: Batch, cause: VaultError): Promise<AppendOutcome> {
    let failure: unknown = cause
    const failed = (error: unknown): undefined => void (failure = error)
    for (let look = 0; look <= SENT_AGAIN; look++) {
      const fate = await this.#fateOf(operation, seq).catch(failed)
      if (fate === 'landed') return { kind: 'applied', seq }
      if (fate === 'displaced') return { kind: 'raced' }
      // This one did end, if only by an abort: what is not there now will not come.
      if (fate === 'open' && cause.code === 'storage-full') throw new VaultError('storage-full', cause.message, { where: 'log', number: seq, reason: 'full' }, cause)
      // Locked meanwhile: whether it was saved is as open as before.
      if (fate === 'forgotten' || this.#dead !== undefined || look === SENT_AGAIN) break
      const answer = fate === 'open' ? await this.backend.apply(batch).catch(failed) : undefined
      if (answer === undefined) await new Promise((resolve) => setTimeout(resolve, 50 << look))
    }
    throw new VaultError('outcome-unknown', 'the store did not say whether the last change was saved; read it before trying again', { where: 'log', number: seq }, failure)
  }

  /** What became of an operation that was sent as this row of the log. */
  async #fateOf(operation: number, seq: Seq): Promise<'landed' | 'displaced' | 'open' | 'forgotten'> {
    await this.#catchUp()
    const last = this.writers.get(this.writer)
    if (last !== undefined && last >= operation) return 'landed'
    if (this.head.seq < seq) return 'open'
    // Folded away, and a full table of writers may have forgotten this one.
    const maybeForgotten = last === undefined && this.manifest.content.base >= seq && this.writers.size >= MAX_WRITERS
    return maybeForgotten ? 'forgotten' : 'displaced'
  }

  /** Learns what other tabs committed. Single-flight; resolves when this tab knows what the store knew after the call. */
  catchUp(): Promise<void> {
    this.#catchingUp ??= this.exclusive(async () => {
      this.#catchingUp = undefined
      await this.#catchUp()
    }).catch((error: unknown) => {
      this.#catchingUp = undefined
      throw error
    })
    return this.#catchingUp
  }

  /** Looks at the end of the log when nobody has for a second, and catches up if it moved. */
  async refresh(): Promise<void> {
    const age = Date.now() - this.#lastLook
    if (age < 1000 && age >= 0 && !this.#mustLook) return
    // Reads at once share one look, and all of them wait for it.
    this.#looking ??= this.confirmFresh().finally(() => (this.#looking = undefined))
    await this.#looking
  }

  /** Looks at the end of the log and catches up if it moved. */
  async confirmFresh(): Promise<void> {
    const began = Date.now()
    const { seq, tag } = this.head
    const [last, own] = await this.backend.read([
      { kind: 'lastKey', store: 'log' },
      { kind: 'get', store: 'log', key: seq },
    ])
    // A log that went back and grew again may end with the same number.
    if (this.#mustLook || last !== seq || own === undefined || !equalBytes(tagOfRow(own), tag)) await this.catchUp()
    // Only now: a look that failed is none.
    this.#lastLook = began
  }

  async #catchUp(): Promise<void> {
    const lostConnections = this.#lostConnections
    // Before the log is read: what is known now, the log has by then.
    const known = this.#mustLook ? await this.#listener.knownCommits() : []
    await this.#readOn()
    const { head } = this
    if (known.some(({ seq, tag }) => seq > head.seq || (seq === head.seq && !equalBytes(tag, head.tag)))) throw this.#lose(lost('rolled-back', head.seq))
    this.#lookedAfter = lostConnections
  }

  /** As `#readNow`; what no key of this tab opens is read again with the keys of the header there is. */
  async #readOn(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const { tag } = this.header
      try {
        await this.#readNow()
        // Keys that are gone must not be sealed with, nor looked for.
        if (this.header.tag !== tag) await this.#takeKeys(true)
        return
      } catch (error) {
        if (!(error instanceof VaultError) || error.code !== 'keys-changed') throw error
        if (attempt === KEYS_ASKED) throw this.#lose(error)
        await this.#takeKeys(false)
      }
    }
  }

  /** @param areEnough whether the rows there are open with the keys this tab has: then a header that cannot be read is the business of the next unlock */
  async #takeKeys(areEnough: boolean): Promise<void> {
    try {
      await this.#listener.headerChanged()
    } catch (error) {
      if (error instanceof VaultError && error.code === 'keys-changed') throw this.#lose(error)
      if (!areEnough) throw error
    }
  }

  async #readNow(): Promise<void> {
    const head = this.head
    const began = Date.now()
    const [own, rows, manifestRow] = await this.backend.read([
      { kind: 'get', store: 'log', key: head.seq },
      { kind: 'rows', store: 'log', after: head.seq },
      { kind: 'get', store: 'manifest', key: 'manifest' },
    ])
    if (manifestRow === undefined) throw this.#lose(lost('wiped', head.seq))
    const sameManifest = equalBytes(tagOfRow(manifestRow), this.manifest.tag)
    if (own !== undefined && !equalBytes(tagOfRow(own), head.tag)) throw this.#lose(lost('replaced', head.seq))
    if (own === undefined && sameManifest) throw this.#lose(lost('rolled-back', head.seq))
    if (!sameManifest) {
      if (await isForeign(this.backend, this.codec.vaultId)) throw this.#lose(lost('replaced', head.seq))
      // What folded this tab's newest row away has a base beyond it.
      const base = readU64(manifestRow, 8)
      if (own === undefined && base <= head.seq) throw this.#lose(lost('rolled-back', head.seq))
      if (own === undefined || base !== this.manifest.content.base) {
        await this.#reload()
        this.#lastLook = began
        return
      }
      // Rows were moved or put together, and say what they said: what is read of them now may be half of each.
      this.#standing = { ...this.#standing, manifest: await openManifest(this.codec, manifestRow) }
      this.#generation++
    }
    this.#lastLook = began
    if (rows.length === 0) return
    const decoded = await openLogRows(this.codec, head, rows)
    for (const [index, row] of decoded.entries()) {
      const stored = rows[index]!
      const seq = stored.key as Seq
      replayRow(this.state, seq, row)
      this.#advance(row, { seq, tag: tagOfRow(stored.value).slice() as Tag }, stored.value.length)
      this.#generation++
      // Its own row is met here when the store did not say whether it was written.
      this.#listener.committed(seq, row.changes, row.writer === this.writer)
    }
  }

  /** Another tab's checkpoint: everything that belonged to the old manifest is replaced in one step (PROTOCOL rule 12). */
  async #reload(): Promise<void> {
    const standing = await readStanding(this.backend, this.codec)
    // A store that went back is told from one that went on by this tab's own last acknowledged operation (rule 5).
    const known = standing.writers.get(this.writer)
    const forgotten = known === undefined && this.#acknowledged > 0 && standing.writers.size < MAX_WRITERS
    if (standing.head.seq < this.head.seq || forgotten || (known !== undefined && known < this.#acknowledged)) throw this.#lose(lost('rolled-back', this.head.seq))
    this.#standing = standing
    this.#logBytes = standing.logBytes
    this.#generation++
    this.#listener.reloaded()
  }

  /** Nothing this tab holds can be trusted any more, or read. */
  #lose(error: VaultError): VaultError {
    this.die(error)
    this.#listener.lost(error)
    return error
  }

  /** Takes over a manifest this tab has just written; call it inside `exclusive`. */
  publishFold(manifest: StoredManifest, result: FoldResult, foldedBytes: number): void {
    this.state.publishFold(result)
    this.#standing = { ...this.#standing, manifest }
    this.#logBytes = Math.max(0, this.#logBytes - foldedBytes)
    this.#generation++
  }

  /** Takes over a manifest this tab has just written that moved rows and changed nothing they say; call it inside `exclusive`. */
  publishMoved(manifest: StoredManifest): void {
    this.#standing = { ...this.#standing, manifest }
  }

  /** For a job whose own transaction found something else than it expected; call it inside `exclusive`. */
  catchUpInside(): Promise<void> {
    return this.#catchUp()
  }
}

function lost(reason: 'wiped' | 'replaced' | 'rolled-back', seq: number): VaultError {
  return new VaultError('storage-lost', 'the browser lost or replaced saved data under the open vault; open it again to see what is left', { where: 'log', number: seq, reason })
}

/** The store did not say whether it wrote: it may have, and may still. */
export function isUnknown(error: unknown): error is VaultError {
  return error instanceof VaultError && error.details.reason === 'outcome-unknown'
}
