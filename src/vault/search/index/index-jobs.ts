// Long work on the index, each a background job of the vault: merging segments, and making the whole index anew.

import { toBase64Url } from '../../../crypto/bytes.js'
import { VaultError } from '../../../errors.js'
import type { Blocks } from '../../core/blocks.js'
import type { Access } from '../../core/access.js'
import type { CommitLog } from '../../core/commit-log.js'
import type { IndexProgress } from '../../core/index-port.js'
import { decodeIndex, type SearchIndex, type Segment as SegmentEntry } from '../../core/index-segments.js'
import { lostLease, type Job } from '../../core/jobs.js'
import type { SegmentChange } from '../../core/log-row.js'
import { replaceSegments, StagedBlocks, withStaged } from '../../core/replace-segments.js'
import type { Slices } from '../../core/slices.js'
import type { Adoption, Head } from '../../core/state.js'
import { pagesBetween } from '../../core/pages.js'
import { inGroups, readFoldedLogs, readFoldedPages, type FoundMessage } from '../../records/message-pages.js'
import { Gathering, isDamage } from './index-maker.js'
import { LogsByStem, type LiveIndex } from './live-index.js'
import { mergeSegments } from './merge-segments.js'
import { segmentsToMerge } from './merge-policy.js'
import { TOKENIZER } from '../words/tokenizer-version.js'

export interface IndexJobPorts {
  readonly log: CommitLog
  readonly access: Access
  readonly blocks: Blocks
  readonly live: LiveIndex
}

/** Chat logs of a load read together. */
const LOGS_AT_ONCE = 256

/**
 * Makes segments of the chat logs that loads brought, some commits' worth each, and commits them. Their pages are as they were adopted: nobody folds
 * while the job is held, and what is pending over them wins. The last come first: their pages are still in memory.
 */
export async function coverAdopted({ log, access, live }: IndexJobPorts, job: Job, slices: Slices): Promise<void> {
  for (;;) {
    const uncovered = [...(live.current()?.uncovered ?? [])].reverse()
    const last = uncovered[0]
    if (last === undefined) return
    const gathering = new Gathering({ codec: log.codec, access }, slices)
    const logs = new LogsByStem(log.state)
    let from = last.seq
    // Whole commits, for a segment says from which to which it covers.
    for (let at = 0; at < uncovered.length && (uncovered[at]!.seq === from || !gathering.isFull); ) {
      from = uncovered[at]!.seq
      const group = uncovered.slice(at, at + LOGS_AT_ONCE).filter(({ seq }) => seq === from)
      at += group.length
      await gatherAdopted(access, gathering, logs, group)
    }
    await commitSegment({ log, access }, job, gathering, from, last.seq)
  }
}

async function commitSegment({ log, access }: Pick<IndexJobPorts, 'log' | 'access'>, job: Job, gathering: Gathering, from: number, to: number): Promise<void> {
  const staged = new StagedBlocks(log, job)
  const { written, rows } = await gathering.write()
  await staged.write(rows)
  const { stem, blocks, messages, units } = written
  const change: SegmentChange = ['segment', TOKENIZER, stem, blocks, messages, units, toBase64Url(staged.sum.toSparseBytes()), from, to, log.codec.activeEpoch]
  try {
    await access.commit(
      async (draft) => {
        draft.expect.push(job.expectation)
        draft.change(change)
      },
      { alone: true, strict: true },
    )
  } catch (error) {
    // What the commit was prepared with is the lease alone. A commit of unknown outcome may still land: its rows stay.
    throw error instanceof VaultError && error.details.reason === 'refused' ? lostLease() : error
  }
}

async function gatherAdopted(access: Access, gathering: Gathering, logs: LogsByStem, adopted: readonly Adoption[]): Promise<void> {
  const heads = adopted.map(({ stem }) => logs.get(stem)).filter((head) => head !== undefined)
  for (const { head, messages } of await readReadable(access, heads)) for (const { number, body } of messages) await gathering.add(head.value['stem'] as string, head.number, number, body)
}

/** What the pages of chat logs hold. A page that is damaged is left out: check() names it, and the index is of what can be read. */
async function readReadable(access: Access, heads: readonly Head[]): Promise<{ readonly head: Head; readonly messages: readonly FoundMessage[] }[]> {
  try {
    return await access.view(async () => (await readFoldedLogs(access, heads)).map((messages, i) => ({ head: heads[i]!, messages })))
  } catch (error) {
    if (!isDamage(error)) throw error
    const one = heads[0]
    if (one === undefined) return []
    if (heads.length > 1) return [...(await readReadable(access, [one])), ...(await readReadable(access, heads.slice(1)))]
    const messages: FoundMessage[] = []
    for (const page of pagesBetween(0, one.folded?.next ?? 0)) {
      try {
        messages.push(...(await access.view(() => readFoldedPages(access, one, [page]))))
      } catch (damage) {
        if (!isDamage(damage)) throw damage
      }
    }
    return [{ head: one, messages }]
  }
}

/** Whether there is something to merge. */
export function wantsMerge({ log }: IndexJobPorts): boolean {
  const index = decodeIndex(log.manifest.content.index)
  return index?.tokenizer === TOKENIZER && segmentsToMerge(index.segments).length > 0
}

/** Merges what the policy says, once. @returns false when there was nothing to do, or the vault changed meanwhile */
export async function mergeOnce({ log, blocks, live, access }: IndexJobPorts, job: Job, slices: Slices): Promise<boolean> {
  await log.catchUp()
  const { manifest } = log
  const index = decodeIndex(manifest.content.index)
  if (index?.tokenizer !== TOKENIZER) return false
  const chosen = new Set(segmentsToMerge(index.segments).map(({ stem }) => stem))
  if (chosen.size === 0) return false
  // What is hidden now stays hidden: messages are not brought back, and of what is pending the pages tell.
  const view = await access.view(() => live.view({ folded: true }))
  if (view === undefined || manifest !== log.manifest) return false
  const merged = view.segments.filter(({ segment }) => chosen.has(segment.entry.stem))
  const others = view.segments.filter(({ segment }) => !chosen.has(segment.entry.stem))
  const kept = index.segments.filter(({ stem }) => !chosen.has(stem))
  const merge = async (staged: StagedBlocks): Promise<boolean> => {
    const entry = await mergeSegments({ codec: log.codec, blocks, staged, slices }, merged, others, view.logs)
    const next: SearchIndex = { tokenizer: TOKENIZER, segments: entry === undefined ? kept : [...kept, entry] }
    return replaceSegments(log, job, manifest, next, staged, index.segments.filter(({ stem }) => chosen.has(stem)), slices)
  }
  return withStaged(log, job, merge, (done) => done)
}

/**
 * Makes the index anew from the pages. The log must have been folded in the same job, so that pages hold all there is up to the base;
 * what is committed meanwhile stays pending.
 * @returns false when the vault was folded by others meanwhile
 */
export function rebuild(ports: IndexJobPorts, job: Job, slices: Slices, onProgress?: (progress: IndexProgress) => void): Promise<boolean> {
  return withStaged(ports.log, job, (staged) => rebuildInto(ports, job, staged, slices, onProgress), (done) => done)
}

async function rebuildInto({ log, access }: IndexJobPorts, job: Job, staged: StagedBlocks, slices: Slices, onProgress?: (progress: IndexProgress) => void): Promise<boolean> {
  const { manifest } = log
  const ports = { codec: log.codec, access }
  const segments: SegmentEntry[] = []
  const logs = [...log.state.heads.chatLogs.entries()].map(([chatLogId, head]) => ({ chatLogId, messages: head.folded?.next ?? 0 }))
  const total = logs.reduce((sum, { messages }) => sum + messages, 0)
  let done = 0
  let gathering = new Gathering(ports, slices)
  const write = async (): Promise<void> => {
    if (gathering.isEmpty) return
    const { written, rows } = await gathering.write()
    await staged.write(rows)
    segments.push({ ...written, order: manifest.content.base })
    gathering = new Gathering(ports, slices)
  }
  for (const group of inGroups(logs)) {
    const heads = group.map((chatLogId) => log.state.heads.chatLogs.get(chatLogId)).filter((head) => head !== undefined)
    for (const { head, messages } of await readReadable(access, heads)) {
      for (const { number, body } of messages) {
        await gathering.add(head.value['stem'] as string, head.number, number, body)
        if (gathering.isFull) await write()
      }
      done += messages.length
    }
    onProgress?.({ phase: 'index', done, total: Math.max(done, total) })
  }
  await write()
  return replaceSegments(log, job, manifest, { tokenizer: TOKENIZER, segments }, staged, 'all', slices)
}
