// Bulk writing: pages of new chat logs are written beforehand, under stems nobody knows yet, and adopted by one commit.
// They are counted by the checkpoint that folds the commit; until it comes they are left-overs.
// PROTOCOL rules 9 and 10; docs/decisions/002-adopted-pages.md says why the switch is a log row and no manifest.

import type { Epoch } from '../../brand.js'
import { toBase64Url } from '../../crypto/bytes.js'
import { Multiset } from '../../crypto/multiset-hash.js'
import type { Operation } from '../../stores/backend.js'
import { randomStem } from './blobs.js'
import type { CommitLog } from './commit-log.js'
import { lostLease, type Job } from './jobs.js'
import { fieldsOf, refsOf, type Adopted, type BlobRef, type Body, type Made } from './log-row.js'
import { encodePage, type KeepPage, type Pages, type StoredRecord } from './pages.js'
import { titleSource } from './reducer.js'
import type { Slices } from './slices.js'
import { PAGE_SHIFT } from './state.js'

/** Staged rows written in one transaction: they are copied and sent as one task, which takes an engine a tenth of a millisecond each. */
const ROWS_AT_ONCE = 128
/** Pages sealed together: enough to keep WebCrypto busy, few enough to give way to the page in time. */
const SEAL_AT_ONCE = 8

/** A chat log whose pages are in the store (after `flush`) and wait for the commit that adopts them. */
export interface StagedLog {
  readonly stem: string
  readonly adopted: Adopted
}

export class BulkWriter {
  readonly #log: CommitLog
  readonly #keep: KeepPage
  readonly #job: Job
  readonly #slices: Slices
  #rows: Operation[] = []
  /** The transaction on its way while the next rows are made. */
  #writing: Promise<void> = Promise.resolve()

  /** @param pages keeps what is made here, for whoever reads it next */
  constructor(log: CommitLog, pages: Pages, job: Job, slices: Slices) {
    this.#log = log
    this.#keep = pages.keeper()
    this.#job = job
    this.#slices = slices
  }

  /**
   * Makes the pages of a new chat log out of its messages, in order. Several chat logs may be staged at once.
   * @param versions of each message, when and where it was made; else they are new
   */
  async stageLog(messages: readonly Body[], versions?: readonly Made[]): Promise<StagedLog> {
    const stem = randomStem()
    const sum = new Multiset()
    const pages = Math.ceil(messages.length / (1 << PAGE_SHIFT))
    for (let start = 0; start < pages; start += SEAL_AT_ONCE) {
      const sealed = await Promise.all(
        Array.from({ length: Math.min(SEAL_AT_ONCE, pages - start) }, async (_, i) => {
          // Before each, for many chat logs are staged at once, and an engine may seal short rows on the page's own thread.
          while (this.#slices.isDue) await this.#slices.breathe()
          const page = start + i
          const records = recordsOf(messages, page, versions)
          const made = await this.#log.codec.sealPage('pages', stem, page, encodePage(stem, page, 0, records))
          this.#keep({ stem, page, version: 0, records, sealedBytes: made.row.length })
          return made
        }),
      )
      for (const { label, row, element } of sealed) {
        sum.add(label, element)
        this.#rows.push({ kind: 'add', store: 'pages', key: label, value: row })
      }
      if (this.#rows.length >= ROWS_AT_ONCE) await this.#write()
    }
    return { stem, adopted: adoptedOf(messages, pages, sum, this.#log.codec.activeEpoch) }
  }

  /** Resolves when every page made so far is on the disk. */
  async flush(): Promise<void> {
    if (this.#rows.length > 0) await this.#write()
    await this.#writing
  }

  /** Resolves when the rows before these are on the disk: one transaction at a time, the next rows are made meanwhile. */
  async #write(): Promise<void> {
    const operations = this.#rows
    this.#rows = []
    const before = this.#writing
    this.#writing = before.then(() => this.#apply(operations))
    this.#writing.catch(() => undefined)
    await before
  }

  async #apply(operations: readonly Operation[]): Promise<void> {
    const result = await this.#log.backend.apply({ expect: [this.#job.expectation], operations, durability: 'strict' })
    if (!result.applied) throw lostLease()
  }
}

function recordsOf(messages: readonly Body[], page: number, made: readonly Made[] | undefined): StoredRecord[] {
  const first = page << PAGE_SHIFT
  return messages.slice(first, first + (1 << PAGE_SHIFT)).map((body, i): StoredRecord => {
    const [modifiedAt = 0, vault, rev] = made?.[first + i] ?? []
    return vault === undefined ? [first + i, 0, modifiedAt, pageBody(body)] : [first + i, 0, modifiedAt, pageBody(body), [vault, rev!]]
  })
}

/** Sums of long values travel in the log only. */
function pageBody(body: Body): Body {
  const refs = refsOf(body)
  return refs.length === 0 ? body : [fieldsOf(body), refs.map((ref) => ref.slice(0, 5) as unknown as BlobRef)]
}

function adoptedOf(messages: readonly Body[], pages: number, sum: Multiset, epoch: Epoch): Adopted {
  let firstContent: string | null = null
  let lastAt: number | null = null
  const blobs: BlobRef[] = []
  for (const body of messages) {
    const fields = fieldsOf(body)
    firstContent ??= titleSource(fields) ?? null
    const timestamp = fields['timestamp'] as number
    if (lastAt === null || timestamp > lastAt) lastAt = timestamp
    for (const ref of refsOf(body)) blobs.push(ref)
  }
  return [messages.length, pages, toBase64Url(sum.toSparseBytes()), firstContent, lastAt, blobs, epoch]
}
