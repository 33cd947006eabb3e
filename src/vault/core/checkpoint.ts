// Folds the log into pages: what commits brought is merged with the pages it changes, and one transaction writes rows
// and manifest and deletes the folded log. Killed anywhere before that, the log still has everything.
// Implements docs/format.md, sections 6 to 8; PROTOCOL rule 7.

import type { Bytes } from '../../brand.js'
import { VaultError } from '../../errors.js'
import type { Operation } from '../../stores/backend.js'
import { tagOfRow, type Codec, type LabelledRow, type LabelledStore } from './codec.js'
import type { CommitLog } from './commit-log.js'
import { foldIndex, type FoldedIndex } from './fold-index.js'
import { planFold, type FoldPlan, type StemPlan } from './fold-plan.js'
import { encodeHead } from './head-row.js'
import type { IndexPort } from './index-port.js'
import type { Job } from './jobs.js'
import { epochOf, refsOf, type BlobRef } from './log-row.js'
import { MAX_WRITERS, sealManifest, sealsAfter, Tally, type Manifest, type StoredManifest } from './manifest.js'
import { mergePage, openOrDamaged } from './merge-page.js'
import { readLabelled, type LabelledValue } from './labelled-rows.js'
import { encodePage, type KeepPage, type MadePage, type StoredRecord } from './pages.js'
import { decodeShards } from './replay.js'
import { Slices, type Pace } from './slices.js'
import { BRAIN_STEM, pageOf, type FoldedHead, type Folded } from './state.js'

const READ_AT_ONCE = 200
/** Pages that are kept decoded until they are in the store: a checkpoint may change any number of them. */
const MAX_KEPT = 256
const TOMBSTONES = 'tombstones'

export interface CheckpointOptions {
  readonly signal?: AbortSignal | undefined
  readonly pace?: Pace | undefined
  /** Takes the pages it made, for whoever reads them next. */
  readonly keep?: KeepPage | undefined
}

export type CheckpointOutcome = 'folded' | 'nothing-to-do' | 'superseded'

/** Rows and sums of a checkpoint while it is being prepared. */
class Fold {
  readonly operations: Operation[] = []
  /** Pages of chat logs: who wrote on them mostly goes on, and what is added to a chat log is held against the ids in them. */
  readonly madePages: MadePage[] = []
  readonly tally: Tally
  readonly #codec: Codec

  constructor(codec: Codec, manifest: Manifest) {
    this.#codec = codec
    this.tally = new Tally(manifest.counts)
  }

  put(store: LabelledStore, { label, row, element }: LabelledRow, before: LabelledValue | undefined): void {
    if (before !== undefined) this.uncount(store, before)
    this.operations.push({ kind: 'put', store, key: label, value: row })
    this.tally.add(this.#codec.activeEpoch, store, label, element)
    if (before !== undefined && !sameBytes(before.label, label)) this.operations.push({ kind: 'delete', store, key: before.label })
  }

  /** Keeps a damaged row aside before another one takes its place. It is not counted there. */
  quarantine({ label, value }: LabelledValue): void {
    this.operations.push({ kind: 'put', store: 'quarantine', key: label, value })
  }

  remove(store: LabelledStore, before: LabelledValue): void {
    this.uncount(store, before)
    this.operations.push({ kind: 'delete', store, key: before.label })
  }

  /** @returns what the manifest says of the index from now on */
  takeIndex(folded: FoldedIndex): unknown {
    if (folded.kind === 'none') return null
    if (folded.kind === 'dropped') {
      this.tally.forget('blocks')
      this.operations.push({ kind: 'clear', store: 'blocks' })
      return null
    }
    for (const { blocks, shards, epoch } of folded.adopted) this.tally.addMany(epoch, 'blocks', blocks, decodeShards(shards))
    for (const row of folded.made?.rows ?? []) this.put('blocks', row, undefined)
    return folded.index
  }

  uncount(store: LabelledStore, before: LabelledValue): void {
    this.tally.remove(before.epoch, store, before.label, this.#codec.elementIn(before.epoch, store, before.label, before.value))
  }
}

/**
 * Folds everything that was committed when it began. Commits made meanwhile stay in the log.
 * A damaged page that has to be changed is moved aside; the one in its place says which records were lost, so reading them fails as before.
 * @throws {VaultError} `corrupt` when a page is missing that is there at an unchanged manifest no more, `storage-*`
 */
export async function runCheckpoint(log: CommitLog, job: Job, index: IndexPort, options: CheckpointOptions = {}): Promise<CheckpointOutcome> {
  // Another tab may have folded since this one last looked; while the job is held, nobody else does.
  await log.catchUp()
  const { manifest } = log
  try {
    return await foldLog(log, job, index, new Slices(options.signal, options.pace), options.keep)
  } catch (error) {
    // Another tab took over the job: it folds.
    if (error instanceof VaultError && error.details.reason === 'lease-lost') {
      await log.catchUp()
      return 'superseded'
    }
    if (!(error instanceof VaultError) || error.code !== 'corrupt') throw error
    // Not damage if the job was lost to another tab that folded meanwhile.
    await log.catchUp()
    if (manifest !== log.manifest) return 'superseded'
    throw error
  }
}

async function foldLog(log: CommitLog, job: Job, port: IndexPort, slices: Slices, keep: KeepPage | undefined): Promise<CheckpointOutcome> {
  const { codec, backend } = log
  if (log.state.adoptions.length > 0 && log.manifest.content.index !== null) await port.cover(job, slices)
  const plan = planFold(log)
  if (plan === undefined) return 'nothing-to-do'
  const fold = new Fold(codec, plan.manifest.content)
  const dead: BlobRef[] = []
  const live = new Set<string>()

  const folded: FoldedHead[] = []
  for (const stem of plan.stems) folded.push(await foldStem(log, fold, stem, { dead, live }, slices))
  await foldHeads(log, fold, plan, folded, slices)
  const tombstones = await foldTombstones(log, fold, plan, slices)
  for (const { pages, shards, epoch } of plan.adoptions) fold.tally.addMany(epoch, 'pages', pages, decodeShards(shards))
  for (const removal of plan.removals) await removePages(log, fold, removal, dead, slices)
  await settleBlobs(log, fold, plan, dead, live, slices)

  const index = fold.takeIndex(await foldIndex(plan, port, slices))

  const manifest = nextManifest(codec, plan, fold, tombstones, index)
  const row = await sealManifest(codec, manifest)
  const stored: StoredManifest = { content: manifest, tag: tagOfRow(row).slice() as StoredManifest['tag'] }
  return log.exclusive(async () => {
    const result = await backend.apply({
      expect: [
        { kind: 'tag', store: 'manifest', key: 'manifest', tag: plan.manifest.tag },
        { kind: 'tag', store: 'log', key: plan.base, tag: plan.baseTag },
        job.expectation,
      ],
      operations: [...fold.operations, { kind: 'put', store: 'manifest', key: 'manifest', value: row }, { kind: 'deleteBelow', store: 'log', key: plan.base }],
      durability: 'strict',
    })
    if (!result.applied) {
      await log.catchUpInside()
      return 'superseded'
    }
    log.publishFold(stored, { base: plan.base, folded }, plan.logBytes)
    if (keep !== undefined) for (const page of fold.madePages) keep(page)
    return 'folded'
  })
}

async function foldStem(log: CommitLog, fold: Fold, plan: StemPlan, blobs: { dead: BlobRef[]; live: Set<string> }, slices: Slices): Promise<FoldedHead> {
  const { codec, backend } = log
  const { stem, bodies, head } = plan
  const versions = [...(plan.folded?.versions ?? [])]
  const offset = stem === BRAIN_STEM ? head.number : 0
  const byPage = new Map<number, StemPlan['bodies']>()
  for (const body of bodies) {
    const page = pageOf(stem, body.number)
    byPage.set(page, [...(byPage.get(page) ?? []), body])
  }
  // Numbers are given without gaps and a deleted one stays pending as deleted, so no page is left out.
  const pages = [...byPage.keys()].sort((a, b) => a - b)
  for (let start = 0; start < pages.length; start += READ_AT_ONCE) {
    const slice = pages.slice(start, start + READ_AT_ONCE)
    const before = await readLabelled(backend, codec, 'pages', slice.map((page) => ({ stem, page })))
    const sealed = await Promise.all(
      slice.map(async (page, i) => {
        const version = versions[page - offset]
        const { records, lost, damaged } = await mergePage(codec, { stem, page, version, next: plan.folded?.next ?? 0 }, before[i], byPage.get(page) ?? [], blobs)
        if (damaged !== undefined) fold.quarantine(damaged)
        while (slices.isDue) await slices.breathe()
        const next = version === undefined ? 0 : version + 1
        versions[page - offset] = next
        const row = await codec.sealPage('pages', stem, page, encodePage(stem, page, next, records, lost))
        return { row, made: { stem, page, version: next, records }, isWhole: lost.length === 0 }
      }),
    )
    for (const [i, { row, made, isWhole }] of sealed.entries()) {
      fold.put('pages', row, before[i])
      // Reading one of which records were lost fails, and goes on to.
      if (stem !== BRAIN_STEM && isWhole && fold.madePages.length < MAX_KEPT) fold.madePages.push({ ...made, sealedBytes: row.row.length })
    }
  }
  const next = stem === BRAIN_STEM ? 1 : Math.max(plan.folded?.next ?? 0, (bodies.at(-1)?.number ?? -1) + 1)
  const now: Folded = { next, versions }
  return { collection: stem === BRAIN_STEM ? 'brains' : 'chatLogs', id: head.id, number: head.number, stem, folded: now }
}

async function foldHeads(log: CommitLog, fold: Fold, plan: FoldPlan, folded: readonly FoldedHead[], slices: Slices): Promise<void> {
  const now = new Map(folded.map((entry) => [`${entry.collection}/${entry.number}`, entry.folded]))
  for (let start = 0; start < plan.headPages.length; start += READ_AT_ONCE) {
    const slice = plan.headPages.slice(start, start + READ_AT_ONCE)
    const before = await readLabelled(log.backend, log.codec, 'heads', slice.map(({ collection, page }) => ({ stem: collection, page })))
    for (const [i, { collection, page, heads }] of slice.entries()) {
      await slices.breathe()
      if (heads.length === 0) {
        if (before[i] !== undefined) fold.remove('heads', before[i])
        continue
      }
      const rows = heads.map((head) => {
        const pages = now.get(`${collection}/${head.number}`) ?? head.folded
        return encodeHead(head, pages)
      })
      fold.put('heads', await log.codec.sealPage('heads', collection, page, { s: collection, p: page, r: rows }), before[i])
    }
  }
}

async function foldTombstones(log: CommitLog, fold: Fold, plan: FoldPlan, slices: Slices): Promise<Folded> {
  const { codec } = log
  let { next } = plan.manifest.content.tombstones
  const versions = [...plan.manifest.content.tombstones.versions]
  const byPage = new Map<number, StoredRecord[]>()
  for (const { collection, parent, id, rev, modifiedAt, origin } of plan.tombstones) {
    const number = next++
    const page = pageOf(TOMBSTONES, number)
    const records = byPage.get(page) ?? []
    const hash = { h: codec.tombstoneHash(collection, parent, id) }
    records.push(origin === undefined ? [number, rev, modifiedAt, hash] : [number, rev, modifiedAt, hash, origin])
    byPage.set(page, records)
  }
  for (const [page, added] of byPage) {
    await slices.breathe()
    const [before] = await readLabelled(log.backend, codec, 'pages', [{ stem: TOMBSTONES, page }])
    const version = versions[page]
    const none: { dead: BlobRef[]; live: Set<string> } = { dead: [], live: new Set() }
    const bodies = added.map(([number, rev, modifiedAt, body, origin]) => ({ number, rev, modifiedAt, body, ...(origin && { origin }) }))
    const { records, lost, damaged } = await mergePage(codec, { stem: TOMBSTONES, page, version, next: plan.manifest.content.tombstones.next }, before, bodies, none)
    if (damaged !== undefined) fold.quarantine(damaged)
    versions[page] = version === undefined ? 0 : version + 1
    fold.put('pages', await codec.sealPage('pages', TOMBSTONES, page, encodePage(TOMBSTONES, page, versions[page], records, lost)), before)
  }
  return { next, versions }
}

async function removePages(log: CommitLog, fold: Fold, removal: FoldPlan['removals'][number], dead: BlobRef[], slices: Slices): Promise<void> {
  const { stem, from, to, blobs } = removal
  for (let start = from; start < to; start += READ_AT_ONCE) {
    const wanted = Array.from({ length: Math.min(READ_AT_ONCE, to - start) }, (_, i) => ({ stem, page: start + i }))
    const rows = await readLabelled(log.backend, log.codec, 'pages', wanted)
    for (const row of rows) {
      await slices.breathe()
      if (row === undefined) continue
      fold.remove('pages', row)
      if (!blobs) continue
      // The long values of a damaged page stay behind: nothing says any more which they were.
      const page = await openOrDamaged(log.codec, row)
      for (const record of page?.r ?? []) dead.push(...refsOf(record[3]))
    }
  }
}

/** Counts the long values that commits brought and that are still referred to; takes out the rows of all others. */
async function settleBlobs(log: CommitLog, fold: Fold, plan: FoldPlan, dead: readonly BlobRef[], live: ReadonlySet<string>, slices: Slices): Promise<void> {
  const brought = new Set<string>()
  for (const ref of plan.blobs) {
    brought.add(ref[1])
    if (ref[5] !== undefined) fold.tally.addMany(epochOf(ref[6]), 'blobs', ref[2], decodeShards(ref[5]))
  }
  const adopted = new Set(plan.adoptedBlobs.map((ref) => ref[1]))
  const removed = new Map<string, BlobRef>()
  for (const ref of dead) if (!live.has(ref[1])) removed.set(ref[1], ref)
  // Brought by a commit, replaced by a later one before any page held it.
  for (const ref of plan.blobs) if (!live.has(ref[1]) && !adopted.has(ref[1])) removed.set(ref[1], ref)
  for (const [stem, ref] of removed) {
    for (let start = 0; start < ref[2]; start += 16) {
      await slices.breathe()
      const wanted = Array.from({ length: Math.min(16, ref[2] - start) }, (_, i) => ({ stem, page: start + i }))
      for (const row of await readLabelled(log.backend, log.codec, 'blobs', wanted)) if (row !== undefined) fold.remove('blobs', row)
    }
  }
}

function nextManifest(codec: Codec, plan: FoldPlan, fold: Fold, tombstones: Folded, index: unknown): Manifest {
  const before = plan.manifest.content
  return {
    ...before,
    base: plan.base,
    header: plan.header,
    next: plan.next,
    tombstones,
    counts: fold.tally.counts(),
    writers: plan.writers.slice(-MAX_WRITERS),
    seals: sealsAfter(before, codec),
    index,
  }
}

function sameBytes(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

