// One chat log that both sides have: which messages change, go, come, and where. Plans only; what is true is not touched.

import { VaultError } from '../../errors.js'
import type { HeadCollectionName } from '../core/log-row.js'
import { fieldsOf, refsOf, type Body, type Made } from '../core/log-row.js'
import type { FoundMessage } from '../records/message-pages.js'
import { isSameButLater, newerOf, whoChanged, type Conflict } from './conflicts.js'
import { copyIdOf } from './copy-id.js'
import { equalJson } from './equal-json.js'
import type { IncomingMessage } from './incoming.js'
import { fateOfMine, fateOfTheirs, versionHere, type MergeContext } from './merge-context.js'
import type { ReportMaker } from './merge-report.js'
import { mergedOrder, type Placed } from './message-order.js'

export interface ChangedMessage {
  readonly number: number
  readonly message: IncomingMessage
  /** It says the same: its body is the one that is here, with the rows of its long strings. */
  readonly keepsBody: boolean
}

export interface MergedMessages {
  /** Messages that are here, with what takes their place. */
  readonly changed: readonly ChangedMessage[]
  readonly removed: readonly { readonly number: number; readonly id: string; readonly deletion: Made }[]
  /** Messages that come. */
  readonly added: ReadonlyMap<string, IncomingMessage>
  /** Those of `added` that are copies of what is here: their long strings need rows of their own. */
  readonly copiedFromHere: ReadonlySet<string>
  /** Ids of all messages from now on, in order. */
  readonly order: readonly string[]
  /** Whether those that are here stay where they are and all that come follow them. */
  readonly isTail: boolean
}

const COLLECTION = 'messages' as HeadCollectionName

export function idOfMessage({ body }: { readonly body: Body }): string {
  return fieldsOf(body)['id'] as string
}

export async function mergeMessages(context: MergeContext, chatLogId: string, mine: readonly FoundMessage[], theirs: readonly IncomingMessage[], report: ReportMaker): Promise<MergedMessages> {
  const here = new Map(mine.map((message) => [idOfMessage(message), message]))
  const changed: ChangedMessage[] = []
  const removed: { number: number; id: string; deletion: Made }[] = []
  const named = new Map(theirs.map((message) => [message.id, message]))
  const added = new Map<string, IncomingMessage>()
  const listed: IncomingMessage[] = []
  const gone = new Set<string>()
  const copies = new Map<string, { readonly copy: IncomingMessage; readonly isFromHere: boolean }>()
  /** Under an id where neither side has anything else: a copy made before may have been edited since. */
  const freeCopyOf = (message: IncomingMessage): IncomingMessage => {
    let copy = copyOf(message)
    while ([here.get(copy.id), named.get(copy.id)].some((other) => other !== undefined && !equalJson(sayingOf(other.body), sayingOf(copy.body)))) copy = copyOf(copy)
    return copy
  }
  for (const message of theirs) {
    await context.slices.breathe()
    const own = here.get(message.id)
    if (own === undefined && typeof message.here === 'object') throw changedMeanwhile()
    if (own === undefined) {
      const coming = await comes(context, chatLogId, message, report)
      if (coming === undefined) continue
      added.set(message.id, coming)
      listed.push(message)
      continue
    }
    listed.push(message)
    const version = versionHere(own, context.causality)
    if (equalMessages(own, message)) {
      if (isSameButLater(context.causality, version, message)) changed.push({ number: own.number, message: { ...message, body: own.body }, keepsBody: true })
      report.addMany('message', 'skipped', 1)
      continue
    }
    const who = message.here === 'damaged' ? 'theirs' : whoChanged(context.causality, version, message.version)
    if (who === 'mine') report.addMany('message', 'skipped', 1)
    else if (who === 'theirs') {
      changed.push({ number: own.number, message, keepsBody: false })
      report.add({ kind: 'message', id: message.id, chatLogId, outcome: 'changed' })
    } else {
      const conflict = conflictOf(chatLogId, own, message)
      const kept = await context.settle(conflict)
      const first = kept === 'both' ? newerOf(conflict) : kept
      const copy = kept !== 'both' ? undefined : first === 'mine' ? freeCopyOf(message) : freeCopyOf({ ...own, id: message.id, version: undefined, here: 'another' })
      if (first === 'theirs') changed.push({ number: own.number, message, keepsBody: false })
      if (copy !== undefined) copies.set(message.id, { copy, isFromHere: first === 'theirs' })
      const lost = ({ mine: 'theirs', theirs: 'mine', both: undefined } as const)[kept]
      report.add({ kind: 'message', id: message.id, chatLogId, outcome: first === 'theirs' ? 'changed' : 'skipped', conflict: { kept }, ...(lost && { lost }), ...(copy && { copyId: copy.id }) })
    }
  }
  // Either side may have the same copy from before: that one stays, or comes. One that was deleted since is made again: both were to be kept.
  const wanted = new Set([...copies.values()].map(({ copy }) => copy.id))
  const made = new Map([...copies].filter(([, { copy }]) => !here.has(copy.id) && !added.has(copy.id)))
  for (const { copy } of made.values()) added.set(copy.id, copy)
  report.addMany('message', 'added', made.size)
  if (context.isComplete || !context.deleted.theirs.isEmpty) {
    for (const message of mine) {
      await context.slices.breathe()
      const id = idOfMessage(message)
      if (named.has(id) || wanted.has(id)) continue
      const fate = await fateOfMine(context, COLLECTION, chatLogId, { ...message, id }, (deletedAt) => ({ kind: 'message', id, chatLogId, mine: sideOf(message), deletedAt }))
      if (fate === undefined) continue
      const conflict = fate.kept === undefined ? {} : { conflict: { kept: fate.kept } }
      if (fate.isThere) {
        if (fate.kept !== undefined) report.add({ kind: 'message', id, chatLogId, outcome: 'skipped', ...conflict })
        continue
      }
      gone.add(id)
      removed.push({ number: message.number, id, deletion: fate.deletion })
      report.add({ kind: 'message', id, chatLogId, outcome: 'deleted', ...conflict, ...(fate.kept !== undefined && { lost: 'mine' as const }) })
    }
  }
  const kept = mine.filter((message) => !gone.has(idOfMessage(message)))
  const copiedFromHere = new Set([...made.values()].flatMap(({ copy, isFromHere }) => (isFromHere ? [copy.id] : [])))
  const copyIds = new Map([...made].map(([id, { copy }]) => [id, copy.id]))
  return { changed, removed, added, copiedFromHere, ...placed(context, kept, listed, added, copyIds) }
}

/** A message that is not here, as it comes, if it does: not when it was deleted here by who knew it. */
export async function comes(context: MergeContext, chatLogId: string, message: IncomingMessage, report: ReportMaker): Promise<IncomingMessage | undefined> {
  const fate = await fateOfTheirs(context, COLLECTION, chatLogId, message, (deletedAt) => ({ kind: 'message', id: message.id, chatLogId, theirs: sideOf(message), deletedAt }))
  if (fate === undefined || fate.isThere) {
    if (fate?.kept === undefined) report.addMany('message', 'added', 1)
    else report.add({ kind: 'message', id: message.id, chatLogId, outcome: 'added', conflict: { kept: fate.kept } })
    return fate?.isRestored === true ? { ...message, version: undefined, modifiedAt: context.now() } : message
  }
  if (fate.kept === undefined) report.addMany('message', 'skipped', 1)
  else report.add({ kind: 'message', id: message.id, chatLogId, outcome: 'skipped', conflict: { kept: fate.kept }, lost: 'theirs' })
  return undefined
}

function equalMessages(mine: FoundMessage, theirs: IncomingMessage): boolean {
  if (theirs.here === 'damaged') return false
  if (theirs.here !== 'another') {
    // Its long strings were compared when they came, and not kept.
    if (theirs.here.rev !== mine.rev || theirs.here.number !== mine.number) throw changedMeanwhile()
    return true
  }
  // Long strings were compared when they came.
  return refsOf(mine.body).length === 0 && refsOf(theirs.body).length === 0 && equalJson(fieldsOf(mine.body), fieldsOf(theirs.body))
}

function sideOf({ modifiedAt, body }: { readonly modifiedAt: number; readonly body: Body }): { modifiedAt: number; value: unknown } {
  return { modifiedAt, value: fieldsOf(body) }
}

function conflictOf(chatLogId: string, mine: FoundMessage, theirs: IncomingMessage): Conflict {
  return { kind: 'message', id: theirs.id, chatLogId, mine: sideOf(mine), theirs: sideOf(theirs) }
}

function idOfCopy(id: string, body: Body): string {
  return copyIdOf(id, sayingOf(body))
}

/** Of long strings where they stand and how long they are. */
function sayingOf(body: Body): unknown {
  return [fieldsOf(body), refsOf(body).map(([path, , , bytes]) => [path, bytes])]
}

/** Somebody else wrote what was compared with the archive. What was taken over stays. */
export function changedMeanwhile(): VaultError {
  return new VaultError('busy', 'a long message was changed while the archive was merged with it; import it again', { where: 'import', reason: 'changed' })
}

function copyOf(message: IncomingMessage): IncomingMessage {
  const { body } = message
  const refs = refsOf(body)
  const id = idOfCopy(message.id, body)
  const fields = { ...fieldsOf(body), id }
  // Nobody there has it: a version of its own, or their next archive would take it away.
  return { ...message, id, version: undefined, body: refs.length === 0 ? fields : [fields, refs] }
}

function placed(context: MergeContext, mine: readonly FoundMessage[], listed: readonly IncomingMessage[], added: ReadonlyMap<string, IncomingMessage>, copies: ReadonlyMap<string, string>): Pick<MergedMessages, 'order' | 'isTail'> {
  const own = mine.map(placeOf)
  const others = listed.map(placeOf)
  const theirs = context.isComplete ? others : woven(context, mine, others)
  const { me, them } = context.causality
  // The same way round on both sides, so that both come to the same order.
  const merged = them === undefined || me <= them ? mergedOrder(own, theirs) : mergedOrder(theirs, own)
  const present = new Set([...own.map(({ id }) => id), ...added.keys()])
  // A copy that is made now has no place on either side: behind its message it stands alike on both, whichever of the two makes it.
  const order = merged.flatMap(({ id }) => [id, copies.get(id)]).filter((id) => id !== undefined && present.has(id)) as string[]
  return { order, isTail: own.every(({ id }, i) => order[i] === id) }
}

function placeOf({ body }: { readonly body: Body }): Placed {
  const { id, timestamp } = fieldsOf(body) as { readonly id: string; readonly timestamp: number }
  return { id, timestamp }
}

/** What the archive names, with what it leaves out because it did not change: that stands where it stands here, and before anything new. */
function woven({ causality }: MergeContext, mine: readonly FoundMessage[], listed: readonly Placed[]): Placed[] {
  const named = new Set(listed.map(({ id }) => id))
  const following = new Map<string, Placed[]>([['', []]])
  let last = following.get('')!
  for (const message of mine) {
    const place = placeOf(message)
    if (named.has(place.id)) following.set(place.id, (last = []))
    else if (causality.theyKnow(versionHere(message, causality))) last.push(place)
  }
  return [...following.get('')!, ...listed.flatMap((place) => [place, ...(following.get(place.id) ?? [])])]
}
