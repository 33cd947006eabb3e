// Writes an archive: a snapshot as lines, packed and sealed while it is read. Implements docs/format.md, section "Archives".

import type { Bytes } from '../../brand.js'
import { BlockHash } from '../../crypto/block-hash.js'
import { toBase64Url, utf8, wipe } from '../../crypto/bytes.js'
import { sealFloe } from '../../crypto/floe.js'
import { calibrateIterations, type KdfPolicy } from '../../crypto/kdf.js'
import type { Access } from '../core/access.js'
import { VaultError } from '../../errors.js'
import { Slices } from '../core/slices.js'
import { checkSecrets, createArchiveHeader, type ArchiveHeader, type ArchiveSecrets } from './archive-header.js'
import { encodeLine, encodeRecord, textLines, type ArchiveCounts, type ArchiveManifest, type ArchiveName } from './archive-lines.js'
import { archiveRecords, type ArchiveItem, type MissingRecords, type RecordKind } from './archive-records.js'
import { noteArchive } from './backup-status.js'
import { historyIn } from './history.js'
import { packLines } from './pack.js'
import { SEGMENT_LENGTHS } from './read-archive.js'
import { Selection, type ArchiveSelection } from './selection.js'
import { overSnapshot, type Snapshot, type SnapshotPorts } from './snapshot.js'
import { streamOfPieces } from './stream-of-pieces.js'
import { tombstonesOf } from './tombstones.js'

export interface ArchiveProgress {
  readonly phase: 'export'
  /** Messages. */
  readonly done: number
  /** Messages of the whole vault. */
  readonly total: number
}

export interface ExportOptions extends ArchiveSelection, ArchiveSecrets {
  /** Only what changed, or was deleted, after that archive of this vault. */
  readonly since?: ArchiveName | undefined
  /** What to do about what does not authenticate: end with an error (`refuse`, the default), or leave it out and name it in the archive and in the report. */
  readonly damaged?: 'refuse' | 'skip' | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: ArchiveProgress) => void) | undefined
}

export interface ArchiveReport extends ArchiveName {
  readonly counts: ArchiveCounts
  /** Of the file. */
  readonly bytes: number
  /** What could not be read; empty unless `damaged` is `skip`. */
  readonly missing: readonly MissingRecords[]
}

export interface ArchiveExport {
  /** The file, from its first byte on. Nothing is read before somebody reads this. */
  readonly stream: ReadableStream<Bytes>
  /** Resolves when the stream was read to its end, rejects with what ended it before. */
  readonly report: Promise<ArchiveReport>
}

export interface ExportPorts extends SnapshotPorts {
  readonly access: Access
  readonly kdf: KdfPolicy
  readonly now: () => number
}

interface ExportKind {
  readonly isNoted: boolean
  readonly segmentLength?: number
}

/** Makes the header of an archive and its key, which is zeroed when the archive is written. */
type MakeHeader = () => Promise<{ readonly header: ArchiveHeader; readonly key: Bytes }>

/** UTF-16 units of lines that are packed together. */
const BATCH_UNITS = 128 * 1024
const TOMBSTONES_A_LINE = 512
const COUNTED = { session: 'sessions', chatLog: 'chatLogs', message: 'messages', brain: 'brains', preference: 'preferences', item: 'items' } as const satisfies Record<RecordKind, keyof ArchiveCounts>

/** See `UnlockedVault.exportArchive`. @param segmentLength one of `SEGMENT_LENGTHS` */
export function exportArchive(ports: ExportPorts, options: ExportOptions, segmentLength = SEGMENT_LENGTHS[0]!): ArchiveExport {
  checkSecrets(options)
  const { kdf } = ports
  const makeHeader = async () => createArchiveHeader(options, options.password === undefined ? 0 : await calibrateIterations(kdf, () => performance.now()), kdf)
  return exportUnder(makeHeader, ports, options, { isNoted: true, segmentLength })
}

/** The same under a header that is made when somebody reads. @param kind whether the vault remembers it as its last archive when it was read to its end */
export function exportUnder(makeHeader: MakeHeader, ports: ExportPorts, options: Omit<ExportOptions, keyof ArchiveSecrets>, kind: ExportKind): ArchiveExport {
  ports.log.assertAlive()
  options.signal?.throwIfAborted()
  const work = new Export(makeHeader, ports, options, kind)
  let settle!: { readonly resolve: (report: ArchiveReport) => void; readonly reject: (error: unknown) => void }
  const report = new Promise<ArchiveReport>((resolve, reject) => {
    settle = { resolve, reject }
  })
  // Whoever looks at the stream alone hears of the failure there.
  report.catch(() => undefined)
  const stream = streamOfPieces(work.pieces(), (outcome) => ('error' in outcome ? settle.reject(outcome.error) : work.noted().then(settle.resolve)))
  return { stream, report }
}

class Export {
  readonly #makeHeader: MakeHeader
  readonly #ports: ExportPorts
  readonly #options: Omit<ExportOptions, keyof ArchiveSecrets>
  readonly #isNoted: boolean
  readonly #selection: Selection
  readonly #segmentLength: number
  readonly #missing: MissingRecords[] = []
  readonly #counts = { sessions: 0, chatLogs: 0, messages: 0, brains: 0, preferences: 0, items: 0, tombstones: 0, missing: 0 }
  #name: ArchiveName | undefined
  #bytes = 0

  constructor(makeHeader: MakeHeader, ports: ExportPorts, options: Omit<ExportOptions, keyof ArchiveSecrets>, { isNoted, segmentLength = SEGMENT_LENGTHS[0]! }: ExportKind) {
    this.#makeHeader = makeHeader
    this.#ports = ports
    this.#options = options
    this.#isNoted = isNoted
    this.#selection = new Selection(options)
    this.#segmentLength = segmentLength
    checkSince(options.since)
  }

  report(): ArchiveReport {
    return { ...this.#name!, counts: { ...this.#counts }, bytes: this.#bytes, missing: this.#missing }
  }

  /** The report; the vault remembers an archive from which everything can be restored, alone or with those it goes on from. */
  async noted(): Promise<ArchiveReport> {
    const report = this.report()
    // What was written is as good when nobody remembers it: a locked vault or a full store must not make it look failed.
    if (this.#isNoted && !this.#selection.isPartial) await noteArchive(this.#ports.access, { ...this.#name!, at: this.#ports.now(), bytes: this.#bytes, automatic: false }).catch(() => undefined)
    return report
  }

  async *pieces(): AsyncGenerator<Bytes, void, undefined> {
    // Before the snapshot: a key derivation takes a while, and nothing else shall wait for it.
    const { header, key } = await this.#makeHeader()
    try {
      for await (const piece of overSnapshot(this.#ports, this.#options.signal, (snapshot, stop) => this.#file(header, key, snapshot, stop))) {
        this.#bytes += piece.length
        yield piece
      }
    } finally {
      wipe(key)
    }
  }

  async *#file(header: ArchiveHeader, key: Bytes, snapshot: Snapshot, stop: AbortSignal): AsyncGenerator<Bytes, void, undefined> {
    if (this.#options.since !== undefined && this.#options.since.seq > snapshot.seq) throw new VaultError('invalid-value', 'the archive to go on from is newer than this vault, or of another one', { where: 'export', fields: ['since'] })
    this.#name = { archiveId: toBase64Url(header.archiveId), seq: snapshot.seq }
    yield header.bytes
    const reader = streamOfPieces(this.#lines(header, snapshot, stop)).pipeThrough(packLines(), { signal: stop }).pipeThrough(sealFloe(key, header.bytes, this.#segmentLength)).getReader()
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        yield value
      }
    } finally {
      await reader.cancel().catch(() => undefined)
    }
  }

  /** All lines as UTF-8, some at a time. */
  async *#lines(header: ArchiveHeader, snapshot: Snapshot, stop: AbortSignal): AsyncGenerator<Bytes, void, undefined> {
    const hash = new BlockHash()
    const slices = new Slices(stop)
    let batch = ''
    const take = (): Bytes => {
      const bytes = utf8(batch)
      batch = ''
      hash.update(bytes)
      return bytes
    }
    for await (const lines of this.#textLines(header, snapshot, slices)) {
      for (const line of lines) {
        batch += line
        if (batch.length < BATCH_UNITS) continue
        yield take()
        // Whoever takes it packs it before asking for more, as part of the same task.
        await slices.breathe()
        await hash.settle()
      }
    }
    yield take()
    const { items, ...counts } = this.#counts
    yield utf8(encodeLine({ kind: 'end', counts: { ...counts, ...(items > 0 && { items }) }, sha256: toBase64Url(await hash.digest()) }))
  }

  async *#textLines(header: ArchiveHeader, snapshot: Snapshot, slices: Slices): AsyncGenerator<Iterable<string>, void, undefined> {
    const { log, access } = this.#ports
    const { since, damaged, onProgress } = this.#options
    yield [encodeLine(this.#manifest(header, snapshot))]
    const after = since?.seq ?? -1
    const skipsDamage = damaged === 'skip'
    const total = snapshot.heads.chatLogs.reduce((sum, { value }) => sum + (value['count'] as number), 0)
    for await (const items of archiveRecords({ access, snapshot, selection: this.#selection, since: after, slices, skipsDamage })) {
      yield this.#linesOf(items)
      onProgress?.({ phase: 'export', done: this.#counts.messages, total })
    }
    if (!this.#selection.isPartial) {
      const lost: MissingRecords[] = []
      const all = await tombstonesOf(log, access, snapshot, after, skipsDamage ? (missing) => void lost.push(missing) : undefined)
      yield lost.map((missing) => this.#missingLine(missing))
      this.#counts.tombstones = all.length
      for (let at = 0; at < all.length; at += TOMBSTONES_A_LINE) yield [encodeLine({ kind: 'tombstones', list: all.slice(at, at + TOMBSTONES_A_LINE) })]
    }
    onProgress?.({ phase: 'export', done: this.#counts.messages, total })
  }

  *#linesOf(items: readonly ArchiveItem[]): Generator<string> {
    for (const item of items) {
      if (item.kind === 'missing') {
        yield this.#missingLine(item.missing)
        continue
      }
      this.#counts[COUNTED[item.kind]]++
      yield encodeRecord(item)
      for (const { text } of item.long ?? []) yield* textLines(text)
    }
  }

  #missingLine(missing: MissingRecords): string {
    this.#missing.push(missing)
    this.#counts.missing++
    const { kind, ...rest } = missing
    return encodeLine({ kind: 'missing', of: kind, ...rest })
  }

  #manifest({ archiveId }: ArchiveHeader, { seq, heads }: Snapshot): ArchiveManifest {
    const { knows, made } = historyIn(new Map(heads.preferences.map((head) => [head.id, head])))
    const { codec } = this.#ports.log
    const { since } = this.#options
    const { described } = this.#selection
    return {
      kind: 'archive',
      v: 1,
      archiveId: toBase64Url(archiveId),
      vaultId: toBase64Url(codec.vaultId),
      createdAt: this.#ports.now(),
      seq,
      ...(since !== undefined && { parent: { archiveId: since.archiveId, seq: since.seq } }),
      ...(described !== undefined && { selection: { ...described } }),
      tombstoneKey: codec.tombstoneKey(),
      ...(knows.length > 0 && { knows }),
      ...(made.length > 0 && { made }),
    }
  }
}

function checkSince(since: ArchiveName | undefined): void {
  if (since === undefined) return
  if (typeof since !== 'object' || typeof since.archiveId !== 'string' || !Number.isSafeInteger(since.seq) || since.seq < 0) throw new TypeError('since must name an archive, as a report of exportArchive or verifyArchive does')
}
