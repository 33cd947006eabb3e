// Merges records into the vault, wherever they come from: as a job, journalled, by commits.

import type { KdfPolicy } from '../../crypto/kdf.js'
import { toBase64Url } from '../../crypto/bytes.js'
import { VaultError } from '../../errors.js'
import type { Access } from '../core/access.js'
import { setAt } from '../core/blobs.js'
import { BulkWriter } from '../core/bulk.js'
import type { CommitLog } from '../core/commit-log.js'
import { runJob, type Job, type JobPorts } from '../core/jobs.js'
import type { Fields } from '../core/log-row.js'
import { Slices } from '../core/slices.js'
import { Causality, knowledgeAfter, type OtherHistory } from '../merge/causality.js'
import { settler, type AskAboutConflict, type Conflict, type ConflictChoice, type ConflictPolicy } from '../merge/conflicts.js'
import type { IncomingSession } from '../merge/incoming.js'
import type { MergeContext } from '../merge/merge-context.js'
import { LogMerge } from '../merge/merge-log.js'
import { Merger } from '../merge/merger.js'
import type { MergeReport } from '../merge/merge-report.js'
import { DeletedRecords, type DeletedIds } from '../merge/tombstones.js'
import { itemIdOf } from '../records/reserved-ids.js'
import { beginImport, endImport, noteKnown, ownHistory } from './history.js'
import type { IncomingItem } from './incoming-records.js'
import { tombstonesOf } from './tombstones.js'

export interface ImportProgress {
  /** `verify`: records, while the file is read for the first time; `import`: messages, after each commit. */
  readonly phase: 'verify' | 'import'
  readonly done: number
  readonly total?: number
}

export interface MergeOptions {
  /** What becomes of what was changed here and there: `keep-newer` when left out. A function is asked each time. */
  readonly onConflict?: ConflictPolicy | AskAboutConflict | undefined
  /** Brings back what was deleted here and is there. */
  readonly restoreDeleted?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
}

export interface ImportPorts {
  readonly access: Access
  readonly log: CommitLog
  readonly jobs: JobPorts
  readonly kdf: KdfPolicy
  readonly now: () => number
  /** Calls back when the vault begins to lock. */
  readonly onLocking: (listener: () => void) => () => void
}

/** Records that were checked, and what is known of where they come from. */
export interface Gathered {
  /** Names it in the journal. */
  readonly name: string
  /** Missing where nothing says which vault it was. */
  readonly from?: OtherHistory
  /** The commit up to which that vault must be known. */
  readonly after?: { readonly archiveId: string; readonly seq: number } | undefined
  /** Whether it names every record that is there: of a chat log every message. */
  readonly isComplete: boolean
  /** Whether it has everything that came after what is known already. */
  readonly isEverything: boolean
  /** Milliseconds, when it was so. */
  readonly at: number
  readonly deleted: DeletedIds
  readonly messages: number
  readonly items: () => AsyncIterable<IncomingItem>
}

/** Ends with the vault as well as with the signal asked for. */
export async function untilLocked<T>(ports: ImportPorts, asked: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  ports.log.assertAlive()
  asked?.throwIfAborted()
  const locking = new AbortController()
  const unsubscribe = ports.onLocking(() => locking.abort(new VaultError('locked', 'the vault was locked during an import')))
  try {
    return await work(asked === undefined ? locking.signal : AbortSignal.any([locking.signal, asked]))
  } finally {
    unsubscribe()
  }
}

/** @throws {VaultError} `conflict`, `busy`, `locked`, `storage-full`; the signal's reason; whatever the question throws */
export async function takeOver(ports: ImportPorts, gathered: Gathered, options: MergeOptions, signal: AbortSignal): Promise<MergeReport> {
  const report = await runJob(ports.jobs, true, (job) => merge(ports, gathered, options, job, signal), signal)
  if (report === undefined) throw new VaultError('busy', 'another tab is doing long work on this vault; try again when it has ended', { where: 'jobs' })
  return report
}

/** What `takeOver` would do. */
export function lookAt(ports: ImportPorts, gathered: Gathered, options: MergeOptions, signal: AbortSignal): Promise<MergeReport> {
  return merge(ports, gathered, options, undefined, signal)
}

async function merge({ access, log, now }: ImportPorts, gathered: Gathered, options: MergeOptions, job: Job | undefined, signal: AbortSignal): Promise<MergeReport> {
  await log.catchUp()
  const mine = ownHistory(log.state.heads.preferences, toBase64Url(log.codec.vaultId), log.head.seq)
  const { from, after } = gathered
  const causality = new Causality(mine, from)
  if (after !== undefined && !causality.reaches(after.seq)) {
    throw new VaultError('conflict', 'this archive goes on from another one that was not imported here; import that one first', { where: 'archive', reason: 'parent', fields: [after.archiveId] })
  }
  const slices = new Slices(signal)
  const before = log.state.tombstones.length
  const list = await access.view(() => tombstonesOf(log, access, log.state, -1, () => undefined))
  const deleted = {
    mine: new DeletedRecords({ key: log.codec.tombstoneKey(), list }, { all: () => log.state.tombstones, from: before }),
    theirs: new DeletedRecords(gathered.deleted),
  }
  const context: MergeContext = {
    access,
    slices,
    causality,
    deleted,
    isComplete: gathered.isComplete,
    at: gathered.at,
    restoresDeleted: options.restoreDeleted === true,
    settle: untilAborted(settler(options.onConflict ?? 'keep-newer'), signal),
    now,
    writing: job === undefined ? undefined : { job, writer: new BulkWriter(log, access.pages, job, slices) },
  }
  const merger = new Merger(context, log, { signal, asks: typeof options.onConflict === 'function', onProgress: (done) => options.onProgress?.({ phase: 'import', done, total: gathered.messages }) })
  try {
    if (job !== undefined) await access.commit(async (draft) => beginImport(draft, { archiveId: gathered.name, startedAt: now() }), { strict: true })
    await feed(merger, context, gathered)
    return await merger.finish((draft) => {
      endImport(draft)
      if (from !== undefined && gathered.isEverything && from.vault !== mine.vault) noteKnown(draft, knowledgeAfter(mine, from, gathered.isComplete))
    })
  } finally {
    await merger.settle()
    deleted.mine.wipe()
    deleted.theirs.wipe()
  }
}

/** A question that nobody answers must not hold the vault for ever. */
function untilAborted(settle: (conflict: Conflict) => Promise<ConflictChoice>, signal: AbortSignal): (conflict: Conflict) => Promise<ConflictChoice> {
  return async (conflict) => {
    signal.throwIfAborted()
    let stop = (): void => undefined
    const aborted = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason as Error)
      signal.addEventListener('abort', stop, { once: true })
    })
    try {
      return await Promise.race([settle(conflict), aborted])
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }
}

/** Sessions with their chat logs, then the rest. */
async function feed(merger: Merger, context: MergeContext, { items }: Gathered): Promise<void> {
  let session: IncomingSession | undefined
  let logs: LogMerge[] = []
  const close = async (): Promise<void> => {
    if (session !== undefined || logs.length > 0) await merger.addGroup({ session, logs })
    session = undefined
    logs = []
  }
  for await (const { kind, collection, incoming, value, edits, long } of items()) {
    await context.slices.breathe()
    switch (kind) {
      case 'session':
        await close()
        session = { ...incoming, value: value as Fields, edits }
        break
      case 'chatLog': {
        const { sessionId, createdAt } = value as { readonly sessionId?: string; readonly createdAt: number }
        if (sessionId === undefined || sessionId !== session?.id) await close()
        logs.push(new LogMerge(context, { ...incoming, sessionId, createdAt }))
        break
      }
      case 'message':
        await logs.at(-1)!.take(incoming, value as Fields, long)
        break
      case 'brain':
      case 'preference':
      case 'item':
        await close()
        await merger.addRecord(kind, { ...incoming, id: collection === undefined ? incoming.id : itemIdOf({ collection, id: incoming.id }), value: long.reduce<unknown>((made, { path, text }) => setAt(made, path, text), value) })
        break
    }
  }
  await close()
}
