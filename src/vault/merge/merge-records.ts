// Brains, preferences and items of an archive: each one whole. And what the archive says was deleted.

import type { Fields, HeadCollectionName } from '../core/log-row.js'
import type { Head } from '../core/state.js'
import { readBrainBodies } from '../records/brains.js'
import { VaultError } from '../../errors.js'
import { SuspectPage } from '../core/pages.js'
import { isOwn, itemIdOf, itemNameOf, type ItemName } from '../records/reserved-ids.js'
import { isSameButLater, newerOf, whoChanged, type Conflict, type ConflictChoice, type ConflictSide, type MergedKind } from './conflicts.js'
import { copyIdOf } from './copy-id.js'
import { equalJson } from './equal-json.js'
import { madeOf, type IncomingRecord } from './incoming.js'
import { planRemovedMessages } from './merge-log.js'
import { fateOfMine, fateOfTheirs, Step, versionHere, type MergeContext } from './merge-context.js'

export type WholeKind = 'brain' | 'preference' | 'item'
/** Where they are stored. */
const COLLECTIONS = { brain: 'brains', preference: 'preferences', item: 'brains' } as const

/** A brain (`{ model, configuration, memories }`), the value of a preference, or an item (`{ head, value }`) under the id of the brain that it is stored as. */
export async function planRecord(context: MergeContext, kind: WholeKind, theirs: IncomingRecord): Promise<Step> {
  const step = new Step()
  const collection = COLLECTIONS[kind]
  const { id } = theirs
  const name = nameOf(kind, id)
  const mine = await read(context, kind, id)
  step.guard(collection, id, mine?.head)
  if (mine === undefined) {
    const fate = await fateOfTheirs(context, collection, undefined, theirs, (deletedAt) => ({ ...name, theirs, deletedAt }))
    const conflict = fate?.kept === undefined ? {} : { conflict: { kept: fate.kept } }
    const isThere = fate === undefined || fate.isThere
    if (isThere) await put(context, step, kind, id, fate?.isRestored === true ? { ...theirs, version: undefined, modifiedAt: context.now() } : theirs)
    step.report.add({ ...name, outcome: isThere ? 'added' : 'skipped', ...conflict, ...(!isThere && fate?.kept !== undefined && { lost: 'theirs' as const }) })
    return step
  }
  const here = versionHere(mine.head, context.causality)
  const isSame = equalJson(mine.value, theirs.value)
  if (isSame && isSameButLater(context.causality, here, theirs)) await put(context, step, kind, id, theirs)
  const who = isSame ? 'mine' : mine.value === undefined ? 'theirs' : whoChanged(context.causality, here, theirs.version)
  if (who === 'mine') step.report.addMany(kind, 'skipped', 1)
  else if (who === 'theirs') {
    await put(context, step, kind, id, theirs)
    step.report.add({ ...name, outcome: 'changed' })
  } else {
    const { modifiedAt } = mine.head
    const conflict = { ...name, mine: { modifiedAt, value: mine.value }, theirs }
    const kept = await context.settle(conflict)
    await planConflict(context, step, kind, conflict, theirs, kept)
  }
  return step
}

async function planConflict(context: MergeContext, step: Step, kind: WholeKind, conflict: Conflict & { readonly mine: ConflictSide }, theirs: IncomingRecord, kept: ConflictChoice): Promise<void> {
  const { id } = theirs
  const first = kept === 'both' ? newerOf(conflict) : kept
  if (first === 'theirs') await put(context, step, kind, id, theirs)
  const other = first === 'theirs' ? conflict.mine : theirs
  const copyId = kept === 'both' ? copyOf(kind, id, other.value) : undefined
  const lost = ({ mine: 'theirs', theirs: 'mine', both: undefined } as const)[kept]
  step.report.add({ ...nameOf(kind, id), outcome: first === 'theirs' ? 'changed' : 'skipped', conflict: { kept }, ...(lost && { lost }), ...(copyId !== undefined && { copyId: nameOf(kind, copyId).id }) })
  if (copyId === undefined) return
  const before = await read(context, kind, copyId)
  step.guard(COLLECTIONS[kind], copyId, before?.head)
  if (before !== undefined) return
  // Nobody there has it: a version of its own, or their next archive would take it away.
  await put(context, step, kind, copyId, { id: copyId, version: undefined, modifiedAt: other.modifiedAt, value: other.value })
  step.report.add({ ...nameOf(kind, copyId), outcome: 'added' })
}

async function read({ access }: MergeContext, kind: WholeKind, id: string): Promise<{ readonly head: Head; readonly value: unknown } | undefined> {
  return access.view(async (state) => {
    const head = state.heads[COLLECTIONS[kind]].get(id)
    if (head === undefined) return undefined
    if (kind === 'preference') return { head, value: head.value['value'] }
    try {
      const [body] = await readBrainBodies(access, state, [head])
      return { head, value: { ...head.value, ...(await access.restore(body!)) } }
    } catch (error) {
      // What does not open says nothing: any version that does is better.
      if (error instanceof SuspectPage || (error instanceof VaultError && error.code === 'corrupt')) return { head, value: undefined }
      throw error
    }
  })
}

async function put({ access, writing }: MergeContext, step: Step, kind: WholeKind, id: string, theirs: IncomingRecord): Promise<void> {
  if (writing === undefined) return
  if (kind === 'preference') {
    step.changes.push(['put', 'preferences', id, { value: theirs.value }, madeOf(theirs)])
    return
  }
  if (kind === 'item') {
    const { head, value } = theirs.value as { readonly head: Fields; readonly value: unknown }
    const { body } = await access.stage({ value }, 'item', writing.job)
    step.changes.push(['brain', id, { head }, body, madeOf(theirs)])
    return
  }
  const { model, configuration, memories } = theirs.value as { readonly model: string; readonly configuration: unknown; readonly memories: unknown }
  const { body } = await access.stage({ configuration, memories }, 'brain', writing.job)
  step.changes.push(['brain', id, { model }, body, madeOf(theirs)])
}

/** As reports and questions name a record. */
function nameOf(kind: MergedKind, id: string): { readonly kind: MergedKind; readonly id: string } | ({ readonly kind: 'item' } & ItemName) {
  return kind === 'item' ? { kind, ...itemNameOf(id)! } : { kind, id }
}

/** The id of a copy: of an item, of the id that the app gave it. */
function copyOf(kind: WholeKind, id: string, value: unknown): string {
  if (kind !== 'item') return copyIdOf(id, value)
  const { collection, id: itemId } = itemNameOf(id)!
  return itemIdOf({ collection, id: copyIdOf(itemId, value) })
}

const KINDS = { sessions: 'session', chatLogs: 'chatLog', brains: 'brain', preferences: 'preference' } as const satisfies Readonly<Record<HeadCollectionName, MergedKind>>

/** A record that is here, was not in the archive, and may have been deleted there; undefined when it was not. */
export async function planDeletion(context: MergeContext, collection: HeadCollectionName, head: Head): Promise<Step | undefined> {
  if (collection === 'preferences' && isOwn(head.id)) return undefined
  const { id, modifiedAt } = head
  const kind = collection === 'brains' && itemNameOf(id) !== undefined ? 'item' : KINDS[collection]
  const name = nameOf(kind, id)
  // Whoever did not know a chat log of it did not know the session as it is.
  const logs = collection === 'sessions' ? await logsOf(context, id) : []
  const others = logs.map((log) => versionHere(log, context.causality))
  const fate = await fateOfMine(context, collection, undefined, head, (deletedAt) => ({ ...name, mine: { modifiedAt, value: kind === 'preference' ? head.value['value'] : head.value }, deletedAt }), others)
  if (fate === undefined) return undefined
  const step = new Step()
  step.guard(collection, id, head)
  for (const log of logs) step.guard('chatLogs', log.id, log)
  const conflict = fate.kept === undefined ? {} : { conflict: { kept: fate.kept } }
  if (fate.isThere) {
    if (fate.kept === undefined) return undefined
    step.report.add({ ...name, outcome: 'skipped', ...conflict })
    if (collection === 'chatLogs') await planRemovedMessages(context, step, head)
    return step
  }
  step.changes.push(['delete', collection, id, fate.deletion])
  const lost = fate.kept === undefined ? {} : { lost: 'mine' as const }
  step.report.add({ ...name, outcome: 'deleted', ...conflict, ...lost })
  if (collection === 'chatLogs') step.report.addMany('message', 'deleted', head.value['count'] as number)
  for (const log of logs) {
    step.report.add({ kind: 'chatLog', id: log.id, outcome: 'deleted', ...lost })
    step.report.addMany('message', 'deleted', log.value['count'] as number)
  }
  return step
}

function logsOf({ access }: MergeContext, sessionId: string): Promise<Head[]> {
  return access.view(async (state) => (state.logsOfSession.get(sessionId) ?? []).flatMap((id) => state.heads.chatLogs.get(id) ?? []))
}
