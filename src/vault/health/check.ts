// Opens every row and holds the store against what the vault says of it: counts, chain, multiset hash, heads against
// pages. Reads only; repairing is another call.

import type { Bytes, Epoch, Label, SealedBytes } from '../../brand.js'
import { toBase64Url } from '../../crypto/bytes.js'
import { VaultError } from '../../errors.js'
import type { LabelledStore } from '../core/codec.js'
import type { CommitLog } from '../core/commit-log.js'
import { pendingSegments } from '../core/index-segments.js'
import { epochOf, refsOf, type BlobRef } from '../core/log-row.js'
import { openManifest, Tally, type StoredManifest } from '../core/manifest.js'
import type { StoredPage } from '../core/pages.js'
import { expectedBlocks, expectedPages, pendingRefs, removedPages } from '../core/references.js'
import { decodeShards, openLogRows, readStanding } from '../core/replay.js'
import { Slices } from '../core/slices.js'
import type { Head } from '../core/state.js'
import { isOwn } from '../records/reserved-ids.js'

/** One thing that is not as it should be. `where` names a store, `number` a page or commit. */
export interface Problem {
  readonly code: 'corrupt' | 'missing' | 'left-over' | 'count' | 'multiset' | 'heads' | 'index'
  readonly where: string
  readonly number?: number
  readonly reason?: string
}

export interface CheckReport {
  /** No problem was found; left-overs of interrupted work, cleared by themselves, are none. */
  readonly ok: boolean
  readonly problems: readonly Problem[]
  readonly leftOvers: number
  readonly counts: { readonly commits: number; readonly rows: number; readonly sessions: number; readonly chatLogs: number; readonly messages: number; readonly brains: number; readonly preferences: number; readonly items: number; readonly longValues: number }
}

export interface CheckOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: { readonly phase: string; readonly done: number; readonly total?: number }) => void) | undefined
}

const ROWS_AT_ONCE = 200
/** What a row can be found to be; an epoch nobody has keys for is one of them. */
const DAMAGE = new Set(['corrupt', 'tampered', 'keys-changed', 'unsupported-version'])

/** A check that another tab's checkpoint disturbed starts again this often. */
const MAX_STARTS = 5

export async function checkVault(log: CommitLog, options: CheckOptions = {}): Promise<CheckReport> {
  for (let start = 1; ; start++) {
    log.assertAlive()
    await log.catchUp()
    const { manifest, head } = log
    const report = await new Check(log, manifest, options).run()
    await log.catchUp()
    const undisturbed = manifest === log.manifest && head.seq === log.head.seq
    if (undisturbed || (start >= MAX_STARTS && report.ok)) return report
    if (start >= MAX_STARTS) throw new VaultError('busy', 'the vault changed all the time while it was checked; try again', { where: 'check' })
  }
}

/** Rows that must be there, each under the label of one epoch or another. */
class Expected<T> {
  readonly #rows = new Map<string, { readonly what: T; isFound: boolean }>()

  add(labels: readonly Label[], what: T): void {
    const row = { what, isFound: false }
    for (const label of labels) this.#rows.set(toBase64Url(label), row)
  }

  /** Undefined for a row that nothing refers to, or that was there already under the label of another epoch. */
  take(label: Label): T | undefined {
    const row = this.#rows.get(toBase64Url(label))
    if (row === undefined || row.isFound) return undefined
    row.isFound = true
    return row.what
  }

  /** What was not there. */
  left(): T[] {
    return [...new Set(this.#rows.values())].filter(({ isFound }) => !isFound).map(({ what }) => what)
  }
}

interface FoundPage {
  readonly version: number
  readonly numbers: number
  readonly revs: ReadonlySet<number>
}

class Check {
  readonly #log: CommitLog
  readonly #manifest: StoredManifest
  readonly #options: CheckOptions
  readonly #slices: Slices
  readonly #problems: Problem[] = []
  readonly #pages = new Map<string, FoundPage>()
  readonly #refs = new Map<string, BlobRef>()
  #leftOvers = 0
  #rows = 0

  constructor(log: CommitLog, manifest: StoredManifest, options: CheckOptions) {
    this.#log = log
    this.#manifest = manifest
    this.#options = options
    this.#slices = new Slices(options.signal)
  }

  async run(): Promise<CheckReport> {
    await this.#checkStanding()
    await this.#checkLog()
    // What the manifest counts plus what commits brought since: the sum the store must have.
    const should = new Tally(this.#manifest.content.counts)
    for (const { pages, shards, epoch } of this.#log.state.adoptions) should.addMany(epoch, 'pages', pages, decodeShards(shards))
    for (const { ref } of this.#log.state.blobs) if (ref[5] !== undefined) should.addMany(epochOf(ref[6]), 'blobs', ref[2], decodeShards(ref[5]))
    for (const { blocks, shards, epoch } of pendingSegments(this.#log.state)) should.addMany(epoch, 'blocks', blocks, decodeShards(shards))
    const is = new Tally([])
    await this.#checkPages(is)
    await this.#checkBlobs(is)
    await this.#checkBlocks(is)
    await this.#countHeads(is)
    this.#compare(should, is)
    const { heads } = this.#log.state
    const messages = [...heads.chatLogs.entries()].reduce((sum, [, head]) => sum + (head.value['count'] as number), 0)
    const items = heads.brains.values().filter(({ id }) => isOwn(id)).length
    return {
      ok: this.#problems.length === 0,
      problems: this.#problems,
      leftOvers: this.#leftOvers,
      counts: {
        commits: this.#log.head.seq,
        rows: this.#rows,
        sessions: heads.sessions.size,
        chatLogs: heads.chatLogs.size,
        messages,
        brains: heads.brains.size - items,
        preferences: heads.preferences.size,
        items,
        longValues: this.#refs.size,
      },
    }
  }

  #problem(code: Problem['code'], where: string, number?: number, reason?: string): void {
    this.#problems.push({ code, where, ...(number !== undefined && { number }), ...(reason !== undefined && { reason }) })
  }

  /** Manifest, heads and log, read anew, must say the same as what is in memory. */
  async #checkStanding(): Promise<void> {
    try {
      const standing = await readStanding(this.#log.backend, this.#log.codec)
      for (const collection of ['sessions', 'chatLogs', 'brains', 'preferences'] as const) {
        if (standing.state.heads[collection].size !== this.#log.state.heads[collection].size && standing.head.seq === this.#log.head.seq) this.#problem('heads', collection)
      }
    } catch (error) {
      this.#failed(error, 'heads')
    }
  }

  async #checkLog(): Promise<void> {
    const [manifestRow, rows] = await this.#log.backend.read([
      { kind: 'get', store: 'manifest', key: 'manifest' },
      { kind: 'rows', store: 'log' },
    ])
    try {
      if (manifestRow === undefined) return this.#problem('missing', 'manifest')
      const manifest = await openManifest(this.#log.codec, manifestRow)
      const at = rows.findIndex((row) => row.key === manifest.content.base)
      if (at === -1) return this.#problem('missing', 'log', manifest.content.base, 'anchor')
      const anchor = rows[at]!
      await openLogRows(this.#log.codec, { seq: manifest.content.base, tag: anchor.value.slice(-16) as never }, rows.slice(at + 1))
      this.#rows += rows.length + 2
    } catch (error) {
      this.#failed(error, 'log')
    }
  }

  #failed(error: unknown, where: string): void {
    if (!(error instanceof VaultError) || !DAMAGE.has(error.code)) throw error
    this.#problem('corrupt', error.details.where ?? where, error.details.number, error.details.reason)
  }

  async #eachRow(store: LabelledStore, visit: (label: Label, row: SealedBytes) => Promise<void>): Promise<void> {
    const { backend } = this.#log
    const [total] = await backend.read([{ kind: 'count', store }])
    let after: Bytes | undefined
    let done = 0
    for (;;) {
      const [rows] = await backend.read([{ kind: 'rows', store, limit: ROWS_AT_ONCE, ...(after !== undefined && { after }) }])
      await Promise.all(rows.map((row) => visit(row.key as Label, row.value)))
      await this.#slices.breathe()
      done += rows.length
      this.#rows += rows.length
      this.#options.onProgress?.({ phase: store, done, total })
      if (rows.length < ROWS_AT_ONCE) return
      after = rows.at(-1)!.key as Bytes
    }
  }

  #count(is: Tally, store: LabelledStore, label: Label, row: SealedBytes): void {
    const { epoch, element } = this.#log.codec.elementOf(store, label, row)
    is.add(epoch, store, label, element)
  }

  async #checkPages(is: Tally): Promise<void> {
    const expected = new Expected<{ readonly version: number | undefined; readonly page: number }>()
    const { codec, state } = this.#log
    for (const { stem, folded, page } of expectedPages(this.#log)) {
      const version = stem === 'brains' ? folded?.versions[0] : folded?.versions[page]
      expected.add(codec.labels('pages', stem, page), { version, page })
    }
    for (const { stem, page } of removedPages(state)) expected.add(codec.labels('pages', stem, page), { version: undefined, page })
    await this.#eachRow('pages', async (label, row) => {
      const known = expected.take(label)
      if (known === undefined) {
        this.#leftOvers++
        return
      }
      try {
        this.#count(is, 'pages', label, row)
        const body = (await codec.openPage('pages', label, row)) as StoredPage
        if (known.version !== undefined && body.n !== known.version) this.#problem('corrupt', 'pages', known.page, 'page-replayed')
        this.#pages.set(`${body.s}/${body.p}`, { version: body.n, numbers: body.r.length, revs: new Set(body.r.map((record) => record[1])) })
        if (body.l !== undefined) this.#problem('corrupt', 'pages', body.p, 'records-lost')
        for (const record of body.r) for (const ref of refsOf(record[3])) this.#refs.set(ref[1], ref)
      } catch (error) {
        this.#failed(error, 'pages')
      }
    })
    for (const { page } of expected.left()) this.#problem('missing', 'pages', page)
    for (const [, head] of state.heads.chatLogs.entries()) this.#checkCount(head)
  }

  /** The messages in pages and log must be as many as the head says. */
  #checkCount(head: Head): void {
    const stem = head.value['stem'] as string
    const pending = this.#log.state.pendingOf(stem)
    // Pending messages may cover folded ones, which the pages then count too: only whole logs are compared.
    if (pending !== undefined && pending.size > 0) return
    let found = 0
    for (let page = 0; page < (head.folded?.versions.length ?? 0); page++) found += this.#pages.get(`${stem}/${page}`)?.numbers ?? 0
    if (found !== head.value['count']) this.#problem('heads', 'chatLogs', head.number, 'count')
  }

  async #checkBlobs(is: Tally): Promise<void> {
    for (const ref of pendingRefs(this.#log.state)) this.#refs.set(ref[1], ref)
    const chunks = [...this.#refs.values()].flatMap(([, stem, count]) => Array.from({ length: count }, (_, page) => ({ stem, page })))
    await this.#checkBytes('blobs', chunks, is)
  }

  /** Whether every block of the search index is there; what they say is held against the messages by search itself. */
  async #checkBlocks(is: Tally): Promise<void> {
    await this.#checkBytes('blocks', expectedBlocks(this.#log), is)
  }

  async #checkBytes(store: 'blobs' | 'blocks', rows: Iterable<{ readonly stem: string; readonly page: number }>, is: Tally): Promise<void> {
    const { codec } = this.#log
    const expected = new Expected<number>()
    for (const { stem, page } of rows) expected.add(codec.labels(store, stem, page), page)
    await this.#eachRow(store, async (label, row) => {
      if (expected.take(label) === undefined) {
        this.#leftOvers++
        return
      }
      try {
        this.#count(is, store, label, row)
        await codec.openBytes(store, label, row)
      } catch (error) {
        this.#failed(error, store)
      }
    })
    for (const page of expected.left()) this.#problem('missing', store, page)
  }

  async #countHeads(is: Tally): Promise<void> {
    await this.#eachRow('heads', async (label, row) => {
      try {
        this.#count(is, 'heads', label, row)
      } catch (error) {
        this.#failed(error, 'heads')
      }
    })
  }

  #compare(should: Tally, is: Tally): void {
    const key = (epoch: Epoch, store: string): string => `${epoch}/${store}`
    const found = new Map(is.counts().map((count) => [key(count.epoch, count.store), count]))
    for (const { epoch, store, rows, sum } of should.counts()) {
      const have = found.get(key(epoch, store))
      found.delete(key(epoch, store))
      if (have?.rows !== rows) this.#problem('count', store, rows - (have?.rows ?? 0))
      else if (!have.sum.equals(sum)) this.#problem('multiset', store)
    }
    for (const { store, rows } of found.values()) this.#problem('count', store, -rows)
  }
}
