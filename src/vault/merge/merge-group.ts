// A session of an archive with its chat logs: they come, or stay away, together.

import type { Change, Made } from '../core/log-row.js'
import type { Head } from '../core/state.js'
import { isSameButLater, whoChanged, type ConflictChoice } from './conflicts.js'
import { copyIdOf } from './copy-id.js'
import { madeOf, type IncomingSession } from './incoming.js'
import { fateOfTheirs, Step, versionHere, type MergeContext } from './merge-context.js'
import type { LogMerge, SessionFate } from './merge-log.js'
import type { MergeEntry } from './merge-report.js'
import { equalSessions, foreignEdits, mergeSessions, withoutAbsent } from './merge-session.js'

/** A session with its chat logs, or chat logs of none. */
export interface GroupMerge {
  readonly session: IncomingSession | undefined
  readonly logs: readonly LogMerge[]
}

export async function planGroup(context: MergeContext, { session, logs }: GroupMerge): Promise<Step> {
  const step = new Step()
  const fate = session === undefined ? 'stays' : await planSession(context, step, session, logs)
  for (const log of logs) await log.plan(step, fate)
  if (session !== undefined) await settleMainLog(context, step, session)
  return step
}

async function planSession(context: MergeContext, step: Step, theirs: IncomingSession, logs: readonly LogMerge[]): Promise<SessionFate> {
  const { causality } = context
  const mine = await context.access.view(async (state) => state.heads.sessions.get(theirs.id))
  step.guard('sessions', theirs.id, mine)
  if (mine === undefined) return planNew(context, step, theirs, logs)
  const here = versionHere(mine, causality)
  if (equalSessions(mine.value, theirs.value)) {
    if (isSameButLater(causality, here, theirs)) step.changes.push(['put', 'sessions', mine.id, mine.value, madeOf(theirs), mine.edits ?? {}])
    step.report.addMany('session', 'skipped', 1)
    return 'stays'
  }
  const who = whoChanged(causality, here, theirs.version)
  if (who === 'mine') step.report.addMany('session', 'skipped', 1)
  else if (who === 'theirs') {
    const value = { ...theirs.value, messageCount: mine.value['messageCount'] }
    step.changes.push(['put', 'sessions', mine.id, value, madeOf(theirs), foreignEdits(theirs.edits, causality) ?? {}])
    step.report.add({ kind: 'session', id: mine.id, outcome: 'changed' })
  } else await planBoth(context, step, mine, theirs)
  return 'stays'
}

async function planNew(context: MergeContext, step: Step, theirs: IncomingSession, logs: readonly LogMerge[]): Promise<SessionFate> {
  const { id, value, modifiedAt } = theirs
  const fate = await fateOfTheirs(context, 'sessions', undefined, theirs, (deletedAt) => ({ kind: 'session', id, theirs: { modifiedAt, value }, deletedAt }), logs.map(({ version }) => version))
  const conflict = fate?.kept === undefined ? {} : { conflict: { kept: fate.kept } }
  if (fate !== undefined && !fate.isThere) {
    step.report.add({ kind: 'session', id, outcome: 'skipped', ...conflict, ...(fate.kept !== undefined && { lost: 'theirs' as const }) })
    return fate.kept === undefined ? 'gone' : 'lost'
  }
  const isRestored = fate?.isRestored === true
  const made = madeOf(isRestored ? { version: undefined, modifiedAt: context.now() } : theirs)
  const edits = foreignEdits(theirs.edits, context.causality)
  const kept = { ...value, messageCount: 0 }
  step.changes.push(edits === undefined ? ['put', 'sessions', id, kept, made] : ['put', 'sessions', id, kept, made, edits])
  step.report.add({ kind: 'session', id, outcome: 'added', ...conflict })
  return isRestored ? 'restored' : 'comes'
}

async function planBoth(context: MergeContext, step: Step, mine: Head, theirs: IncomingSession): Promise<void> {
  const { value, edits, conflicts, others } = await mergeSessions(mine, theirs, context.causality, context.settle)
  const fields = Object.fromEntries(conflicts.map(({ field, kept: choice }) => [field, choice]))
  const keeps = (choice: ConflictChoice): boolean => conflicts.some((one) => one.kept === choice)
  const kept = keeps('both') || (keeps('mine') && keeps('theirs')) ? 'both' : keeps('theirs') ? 'theirs' : 'mine'
  const copyId = others === undefined ? undefined : copyIdOf(mine.id, others)
  const lost = keeps('mine') && keeps('theirs') ? 'both' : keeps('theirs') ? 'mine' : keeps('mine') ? 'theirs' : undefined
  const isChanged = !equalSessions(value, mine.value)
  const conflict: Partial<MergeEntry> = conflicts.length === 0 ? {} : { conflict: { kept, fields }, ...(lost && { lost }), ...(copyId !== undefined && { copyId }) }
  step.report.add({ kind: 'session', id: mine.id, outcome: isChanged ? 'changed' : 'skipped', ...conflict })
  if (isChanged || theirs.modifiedAt > mine.modifiedAt) {
    // Nothing of mine is left in it: then it is theirs.
    const isTheirs = equalSessions(value, theirs.value) && theirs.modifiedAt >= mine.modifiedAt
    const made: Made = isTheirs ? madeOf(theirs) : [Math.max(mine.modifiedAt, theirs.modifiedAt)]
    step.changes.push(['put', 'sessions', mine.id, value, made, edits ?? {}])
  }
  if (copyId === undefined) return
  const before = await context.access.view(async (state) => state.heads.sessions.get(copyId))
  step.guard('sessions', copyId, before)
  if (before !== undefined) return
  const { chatLogId: _, ...copied } = { ...value, ...others }
  step.changes.push(['put', 'sessions', copyId, withoutAbsent({ ...copied, messageCount: 0 }), [Math.max(mine.modifiedAt, theirs.modifiedAt)]])
  step.report.add({ kind: 'session', id: copyId, outcome: 'added' })
}

/** Its main chat log is one of its own that is there once the step is done: what the archive names may have gone, or belong to another session here. */
async function settleMainLog({ access, writing }: MergeContext, step: Step, { id, value: theirs, modifiedAt }: IncomingSession): Promise<void> {
  // In a dry run no chat log comes.
  if (writing === undefined) return
  const at = step.changes.findIndex((change) => change[0] === 'put' && change[1] === 'sessions' && change[2] === id)
  const put = at === -1 ? undefined : (step.changes[at] as Change & readonly ['put', ...unknown[]])
  const before = await access.view(async (state) => ({ session: state.heads.sessions.get(id), logs: new Set((state.logsOfSession.get(id) ?? []).filter((logId) => state.heads.chatLogs.has(logId))) }))
  const value = put?.[3] ?? before.session?.value
  if (value === undefined) return
  const coming = new Set(step.changes.flatMap((change) => (change[0] === 'adopt' && change[2]['sessionId'] === id ? [change[1]] : [])))
  const isOwn = (logId: unknown): boolean => typeof logId === 'string' && (coming.has(logId) || before.logs.has(logId))
  const { chatLogId, ...rest } = value
  // One that went with its chat log comes back with it.
  // One that is still here stays it: should it go after all, the session loses it then.
  const wanted = chatLogId ?? (coming.has(theirs['chatLogId'] as string) ? theirs['chatLogId'] : before.session?.value['chatLogId'])
  const settled = isOwn(wanted) ? { ...rest, chatLogId: wanted } : rest
  if (settled.chatLogId === chatLogId) return
  if (put !== undefined) step.changes[at] = ['put', 'sessions', id, settled, put[4], put[5]] as Change
  else step.changes.unshift(['put', 'sessions', id, settled, [Math.max(before.session!.modifiedAt, modifiedAt)], before.session!.edits ?? {}])
}
