// Devices that go on from one archive, each on its own, and exchange archives: random edits, and what must be true afterwards. Runs in every engine.

import * as z from 'zod/mini'
import type { ConflictPolicy, ImportReport, MergeEntry } from '../../src/index.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { archiveOf, contentOf, take } from '../kit/devices.js'
import type { Random } from '../kit/random.js'

export interface Device {
  readonly open: UnlockedVault
  readonly name: string
}

/** What one device edited since the last exchange: the record, and what it says now; undefined when it was deleted. */
export type Edits = Map<string, unknown>

let counter = 0

const anything = z.object({ text: z.string() })

const recordKey = (kind: string, id: string, chatLogId = ''): string => JSON.stringify([kind, chatLogId, id])

/** One random edit, small or large, of whatever there is. */
export async function edit({ open, name }: Device, random: Random): Promise<void> {
  const text = `${name} ${++counter}`
  const message = () => ({ id: `m${name}${++counter}`, senderId: name, type: random.chance(0.5) ? ('user' as const) : ('assistant' as const), content: random.chance(0.02) ? `${text} ${'long '.repeat(15_000)}` : text, timestamp: random.below(1000) })
  const sessions = await open.sessions.list()
  const logs = await open.chatLogs.list()
  const dice = random.below(100)
  if (sessions.length < 3 || dice < 8) {
    await open.sessions.create({ id: `s${name}${++counter}`, chatLogId: `l${name}${counter}`, ...(random.chance(0.5) && { title: `title ${text}` }) })
    return
  }
  const session = random.pick(sessions)
  const log = random.pick(logs)
  if (dice < 40) await open.chatLogs.append(log.id, Array.from({ length: 1 + random.below(4) }, message))
  else if (dice < 60) {
    const messages = await open.chatLogs.read(log.id, { limit: 1000 })
    if (messages.length === 0) return
    const { id } = random.pick(messages)
    if (random.chance(0.3)) await open.chatLogs.deleteMessage(log.id, id)
    else await open.chatLogs.update(log.id, id, { content: text })
  } else if (dice < 75) {
    const patches = [{ title: `title ${text}` }, { state: 'archived' as const }, { participants: [name, text] }, { keywords: [text] }, { connectionId: text }]
    await open.sessions.update(session.id, random.pick(patches))
  } else if (dice < 78) await open.sessions.delete(session.id)
  else if (dice < 80) await open.chatLogs.create({ id: `x${name}${++counter}`, ...(random.chance(0.7) && { sessionId: session.id }) })
  else if (dice < 81) await open.chatLogs.delete(log.id)
  else if (dice < 84) await open.collection('notes', { schema: anything, head: ['text'] }).put(`i${random.below(5)}`, { text })
  else if (dice < 88) await open.brains.put({ entityId: `b${random.below(5)}`, model: text, memories: [text] })
  else if (dice < 89) await open.brains.delete(`b${random.below(5)}`)
  else if (dice < 90) await open.collection('notes', { schema: anything }).delete(`i${random.below(5)}`)
  else if (dice < 97) await open.preferences.set(`p${random.below(8)}`, text)
  else if (dice < 98) await open.preferences.delete(`p${random.below(8)}`)
  else await open.checkpoint()
}

/** What every record says, by its name; a session field by field. */
export async function statements(open: UnlockedVault): Promise<Map<string, unknown>> {
  const { sessions, chatLogs, brains, preferences, collections } = await contentOf(open)
  const found = new Map<string, unknown>()
  for (const { id, modifiedAt: _, lastActivityAt: __, messageCount: ___, ...fields } of sessions) {
    for (const [field, value] of Object.entries(fields)) if (!['titled', 'createdAt'].includes(field)) found.set(recordKey(`session.${field}`, id as string), value)
  }
  for (const { id, messages } of chatLogs) for (const message of messages) found.set(recordKey('message', message['id'] as string, id as string), message['content'])
  for (const { entityId, model } of brains) found.set(recordKey('brain', entityId as string), model)
  for (const { key, value } of preferences) found.set(recordKey('preference', key as string), value)
  for (const items of Object.values(collections)) for (const { id, value } of items) found.set(recordKey('item', id as string), (value as { readonly text: string }).text)
  return found
}

/** What a device said at an exchange and says otherwise now. */
export function editsSince(before: ReadonlyMap<string, unknown>, now: ReadonlyMap<string, unknown>): Edits {
  const edits: Edits = new Map()
  for (const [key, value] of now) {
    // What was derived from a message is nobody's.
    if (key.includes('session.title') && !String(value).startsWith('title ')) continue
    if (JSON.stringify(before.get(key)) !== JSON.stringify(value)) edits.set(key, value)
  }
  return edits
}

/** Edits of one side that are not there after a merge and that the report does not name. */
export function unnamedLosses(edits: Edits, after: ReadonlyMap<string, unknown>, report: ImportReport, whose: 'mine' | 'theirs'): string[] {
  const entries = report.entries.filter((entry) => entry.lost === whose || entry.lost === 'both' || entry.outcome === 'deleted')
  const names = (key: string): boolean => {
    const [kind, chatLogId, id] = JSON.parse(key) as [string, string, string]
    return entries.some((entry) => isAbout(entry, kind, chatLogId, id))
  }
  const lost: string[] = []
  const values = new Set([...after.values()].map((value) => JSON.stringify(value)))
  for (const [key, value] of edits) {
    // Kept under another name, where both are.
    if (JSON.stringify(after.get(key)) === JSON.stringify(value) || values.has(JSON.stringify(value))) continue
    if (!names(key)) lost.push(`${whose} ${key}: ${JSON.stringify(value)} -> ${JSON.stringify(after.get(key))}`)
  }
  return lost
}

function isAbout(entry: MergeEntry, kind: string, chatLogId: string, id: string): boolean {
  if (kind === 'message') return (entry.kind === 'message' && entry.id === id && entry.chatLogId === chatLogId) || (entry.kind === 'chatLog' && entry.id === chatLogId)
  if (kind.startsWith('session.')) return entry.kind === 'session' && entry.id === id
  return entry.kind === kind && entry.id === id
}

export interface Exchange {
  readonly reports: readonly [ImportReport, ImportReport]
}

/** Archives of both are made before either is taken over, or one after the other. */
export async function exchange(a: Device, b: Device, onConflict: ConflictPolicy, atOnce: boolean): Promise<Exchange> {
  if (!atOnce) {
    const first = await take(b.open, await archiveOf(a.open), { onConflict })
    return { reports: [await take(a.open, await archiveOf(b.open), { onConflict }), first] }
  }
  const [toB, toA] = [await archiveOf(a.open), await archiveOf(b.open)]
  return { reports: [await take(a.open, toA, { onConflict }), await take(b.open, toB, { onConflict })] }
}
