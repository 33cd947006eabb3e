// What a vault should hold, as plain Maps, and random changes that are made to both. The model knows nothing of logs and pages.

import * as z from 'zod/mini'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import type { Records } from '../../src/vault/vault-records.js'
import type { Random } from './random.js'

interface ModelMessage {
  readonly id: string
  readonly senderId: string
  readonly type: 'user' | 'assistant' | 'system'
  readonly content: string
  readonly timestamp: number
}

interface ModelSession {
  readonly title: string
  readonly titled: boolean
  readonly participants: readonly string[]
  readonly state: string
  readonly keywords: readonly string[]
  readonly createdAt: number
  readonly lastActivityAt: number
  readonly messageCount: number
  readonly chatLogId?: string
}

export interface Model {
  readonly sessions: Map<string, ModelSession>
  readonly chatLogs: Map<string, { readonly sessionId?: string; readonly messages: readonly ModelMessage[] }>
  readonly brains: Map<string, { readonly model: string; readonly memories: readonly string[] }>
  readonly preferences: Map<string, unknown>
  readonly notes: Map<string, ModelNote>
}

interface ModelNote {
  readonly title: string
  readonly text: string
  readonly pinned?: boolean
}

export function emptyModel(): Model {
  return { sessions: new Map(), chatLogs: new Map(), brains: new Map(), preferences: new Map(), notes: new Map() }
}

export function copyModel(model: Model): Model {
  return { sessions: new Map(model.sessions), chatLogs: new Map(model.chatLogs), brains: new Map(model.brains), preferences: new Map(model.preferences), notes: new Map(model.notes) }
}

/** One change: made to a vault, and (when the vault said so) to the model. */
export interface Step {
  readonly what: string
  run(vault: UnlockedVault): Promise<unknown>
  apply(model: Model): void
}

interface RecordStep {
  readonly what: string
  change(records: Records): Promise<unknown>
  apply(model: Model): void
}

const LONG = 'long '.repeat(14_000)

/** Ids never collide within a history, whatever failed before. */
export interface Names {
  count: number
}

export function drawStep(random: Random, model: Model, names: Names): Step {
  if (random.chance(0.06)) return drawTransaction(random, model, names)
  if (random.chance(0.03)) return drawLoad(random, names)
  const step = drawRecordStep(random, model, names)
  return { what: step.what, run: (vault) => step.change(vault), apply: (now) => step.apply(now) }
}

function drawTransaction(random: Random, model: Model, names: Names): Step {
  const ahead = copyModel(model)
  const steps: RecordStep[] = []
  for (let i = 0; i < 1 + random.below(4); i++) {
    const step = drawRecordStep(random, ahead, names)
    step.apply(ahead)
    steps.push(step)
  }
  const fails = random.chance(0.3)
  return {
    what: `transact(${steps.map((step) => step.what).join(', ')}${fails ? ', fails' : ''})`,
    run: async (vault) => {
      const planned = new Error('planned')
      try {
        await vault.transact(async (tx) => {
          for (const step of steps) await step.change(tx)
          if (fails) throw planned
        })
      } catch (error) {
        if (error !== planned) throw error
      }
    },
    apply: (now) => {
      if (!fails) for (const step of steps) step.apply(now)
    },
  }
}

function drawLoad(random: Random, names: Names): Step {
  const conversations = Array.from({ length: 1 + random.below(3) }, () => {
    const id = `loaded-${names.count++}`
    return { id, messages: drawMessages(random, names, random.below(70)) }
  })
  return {
    what: `load(${conversations.map(({ id, messages }) => `${id}:${messages.length}`).join(' ')})`,
    run: (vault) => vault.load(conversations.map(({ id, messages }) => ({ session: { id, chatLogId: `${id}-log`, createdAt: 5 }, messages }))),
    apply: (model) => {
      for (const { id, messages } of conversations) {
        model.sessions.set(id, newSession({ createdAt: 5, chatLogId: `${id}-log` }))
        model.chatLogs.set(`${id}-log`, { sessionId: id, messages: [] })
        addMessages(model, `${id}-log`, messages)
      }
    },
  }
}

function drawRecordStep(random: Random, model: Model, names: Names): RecordStep {
  const sessions = [...model.sessions.keys()]
  const logs = [...model.chatLogs.keys()]
  const full = logs.filter((id) => model.chatLogs.get(id)!.messages.length > 0)
  const kind = random.below(100)
  if (kind < 10 || sessions.length === 0) return createSession(random, names)
  if (kind < 45 && logs.length > 0) return append(random, random.pick(logs), names)
  if (kind < 57 && full.length > 0) return updateMessage(random, model, random.pick(full))
  if (kind < 65 && full.length > 0) return deleteMessage(random, model, random.pick(full))
  if (kind < 70) return updateSession(random, random.pick(sessions))
  if (kind < 72) return touchSession(random, random.pick(sessions))
  if (kind < 75) return deleteSession(random.pick(sessions))
  if (kind < 80) return createChatLog(random, sessions, names)
  if (kind < 82 && logs.length > 0) return deleteChatLog(random.pick(logs))
  if (kind < 85) return putBrain(random)
  if (kind < 90) return changeNote(random, model)
  if (kind < 92) return deleteBrain(random, model)
  return random.chance(0.8) ? setPreference(random) : deletePreference(random, model)
}

function newSession(given: Partial<ModelSession>): ModelSession {
  const createdAt = given.createdAt ?? 0
  return { title: '', titled: given.title !== undefined, participants: [], state: 'active', keywords: [], createdAt, lastActivityAt: createdAt, messageCount: 0, ...given }
}

function changeSession(model: Model, id: string | undefined, change: (session: ModelSession) => ModelSession): void {
  const session = id === undefined ? undefined : model.sessions.get(id)
  if (session !== undefined) model.sessions.set(id!, change(session))
}

function titleOf(messages: readonly ModelMessage[]): string | undefined {
  return messages.find((message) => message.type === 'user' && message.content.trim() !== '')?.content
}

function addMessages(model: Model, logId: string, messages: readonly ModelMessage[]): void {
  const log = model.chatLogs.get(logId)!
  model.chatLogs.set(logId, { ...log, messages: [...log.messages, ...messages] })
  noteActivity(model, log.sessionId, messages, messages.length)
}

function noteActivity(model: Model, sessionId: string | undefined, messages: readonly ModelMessage[], added: number): void {
  changeSession(model, sessionId, (session) => {
    const title = titleOf(messages.map((message) => (message.content === LONG ? { ...message, content: `${LONG.slice(0, 80)}…` } : message)))
    const derived = !session.titled && title !== undefined
    return {
      ...session,
      messageCount: session.messageCount + added,
      lastActivityAt: Math.max(session.lastActivityAt, ...messages.map((message) => message.timestamp)),
      ...(derived && { title, titled: true }),
    }
  })
}

function drawMessages(random: Random, names: Names, count: number): ModelMessage[] {
  return Array.from({ length: count }, () => ({
    id: `m${names.count++}`,
    senderId: random.pick(['ada', 'guide']),
    type: random.pick(['user', 'assistant', 'system'] as const),
    content: random.chance(0.02) ? LONG : random.chance(0.1) ? '' : `said ${random.below(1000)} ${'x'.repeat(random.below(60))}`.trim(),
    timestamp: random.below(100_000),
  }))
}

function createSession(random: Random, names: Names): RecordStep {
  const id = `s${names.count++}`
  const chatLogId = random.chance(0.85) ? `${id}-log` : undefined
  const given = { createdAt: random.below(1000), participants: ['ada'], ...(random.chance(0.5) && { title: `title ${id}` }) }
  return {
    what: `create ${id}`,
    change: ({ sessions }) => sessions.create({ id, ...given, chatLogId: chatLogId ?? false }),
    apply: (model) => {
      model.sessions.set(id, newSession({ ...given, ...(chatLogId !== undefined && { chatLogId }) }))
      if (chatLogId !== undefined) model.chatLogs.set(chatLogId, { sessionId: id, messages: [] })
    },
  }
}

function append(random: Random, logId: string, names: Names): RecordStep {
  const messages = drawMessages(random, names, random.chance(0.12) ? 1 + random.below(50) : 1)
  return {
    what: `append ${messages.length} to ${logId}`,
    change: ({ chatLogs }) => (messages.length === 1 ? chatLogs.append(logId, messages[0]!) : chatLogs.append(logId, messages)),
    apply: (model) => addMessages(model, logId, messages),
  }
}

function updateMessage(random: Random, model: Model, logId: string): RecordStep {
  const { id } = random.pick(model.chatLogs.get(logId)!.messages)
  const content = random.chance(0.05) ? LONG : `changed ${random.below(1000)}`
  return {
    what: `update ${id} in ${logId}`,
    change: ({ chatLogs }) => chatLogs.update(logId, id, { content }),
    apply: (now) => {
      const log = now.chatLogs.get(logId)!
      now.chatLogs.set(logId, { ...log, messages: log.messages.map((message) => (message.id === id ? { ...message, content } : message)) })
      noteActivity(now, log.sessionId, now.chatLogs.get(logId)!.messages.filter((message) => message.id === id), 0)
    },
  }
}

function deleteMessage(random: Random, model: Model, logId: string): RecordStep {
  const { id } = random.pick(model.chatLogs.get(logId)!.messages)
  return {
    what: `delete ${id} from ${logId}`,
    change: ({ chatLogs }) => chatLogs.deleteMessage(logId, id),
    apply: (now) => {
      const log = now.chatLogs.get(logId)!
      now.chatLogs.set(logId, { ...log, messages: log.messages.filter((message) => message.id !== id) })
      changeSession(now, log.sessionId, (session) => ({ ...session, messageCount: session.messageCount - 1 }))
    },
  }
}

function updateSession(random: Random, id: string): RecordStep {
  const patch = random.chance(0.5) ? { title: `new ${random.below(100)}` } : { state: random.pick(['active', 'inactive', 'archived'] as const), keywords: [`k${random.below(9)}`] }
  return {
    what: `update ${id}`,
    change: ({ sessions }) => sessions.update(id, patch),
    apply: (model) => changeSession(model, id, (session) => ({ ...session, ...patch, ...('title' in patch && { titled: true }) })),
  }
}

function touchSession(random: Random, id: string): RecordStep {
  const at = random.below(200_000)
  return {
    what: `touch ${id}`,
    change: ({ sessions }) => sessions.touch(id, at),
    apply: (model) => changeSession(model, id, (session) => ({ ...session, lastActivityAt: Math.max(session.lastActivityAt, at) })),
  }
}

function deleteSession(id: string): RecordStep {
  return {
    what: `delete ${id}`,
    change: ({ sessions }) => sessions.delete(id),
    apply: (model) => {
      model.sessions.delete(id)
      for (const [logId, log] of model.chatLogs) if (log.sessionId === id) model.chatLogs.delete(logId)
    },
  }
}

function createChatLog(random: Random, sessions: readonly string[], names: Names): RecordStep {
  const id = `log${names.count++}`
  const sessionId = random.chance(0.7) ? random.pick(sessions) : undefined
  return {
    what: `create ${id}`,
    change: ({ chatLogs }) => chatLogs.create({ id, sessionId }),
    apply: (model) => void model.chatLogs.set(id, { ...(sessionId !== undefined && { sessionId }), messages: [] }),
  }
}

function deleteChatLog(id: string): RecordStep {
  return {
    what: `delete ${id}`,
    change: ({ chatLogs }) => chatLogs.delete(id),
    apply: (model) => {
      const log = model.chatLogs.get(id)!
      model.chatLogs.delete(id)
      changeSession(model, log.sessionId, ({ chatLogId, ...session }) => ({ ...session, messageCount: session.messageCount - log.messages.length, ...(chatLogId !== undefined && chatLogId !== id && { chatLogId }) }))
    },
  }
}

function putBrain(random: Random): RecordStep {
  const entityId = `entity${random.below(5)}`
  const brain = { model: random.pick(['small', 'large']), memories: Array.from({ length: random.below(5) }, () => `memory ${random.below(1000)}`) }
  return {
    what: `brain ${entityId}`,
    change: ({ brains }) => brains.put({ entityId, ...brain }),
    apply: (model) => void model.brains.set(entityId, brain),
  }
}

function deleteBrain(random: Random, model: Model): RecordStep {
  const entityId = model.brains.size === 0 ? 'nobody' : random.pick([...model.brains.keys()])
  return { what: `delete ${entityId}`, change: ({ brains }) => brains.delete(entityId), apply: (now) => void now.brains.delete(entityId) }
}

function setPreference(random: Random): RecordStep {
  const key = random.pick(['theme', 'font', '__proto__', 'constructor'])
  const value = random.pick<never>([1, 'dark', null, { nested: [true, { deep: 'x' }] }] as never[])
  return { what: `set ${key}`, change: ({ preferences }) => preferences.set(key, value), apply: (model) => void model.preferences.set(key, value) }
}

function deletePreference(random: Random, model: Model): RecordStep {
  const key = model.preferences.size === 0 ? 'theme' : random.pick([...model.preferences.keys()])
  return { what: `unset ${key}`, change: ({ preferences }) => preferences.delete(key), apply: (now) => void now.preferences.delete(key) }
}

const noteSchema = z.object({ title: z.string(), text: z.string(), pinned: z.optional(z.boolean()) })

/** The collection of the app's own that histories write to, here or in a transaction. */
export function notesOf(records: Records) {
  return records.collection('notes', { schema: noteSchema, head: ['title', 'pinned'], searchable: ['title', 'text'] })
}

function changeNote(random: Random, model: Model): RecordStep {
  const id = random.pick(['a', 'a/b', '__proto__', 'constructor', 'd'])
  if (random.chance(0.2)) return { what: `delete note ${id}`, change: (records) => notesOf(records).delete(id), apply: (now) => void now.notes.delete(id) }
  const text = random.chance(0.1) ? LONG : `text ${random.below(1000)}`
  if (model.notes.has(id) && random.chance(0.5)) {
    return { what: `update note ${id}`, change: (records) => notesOf(records).update(id, { text, pinned: undefined }), apply: (now) => void now.notes.set(id, { title: now.notes.get(id)!.title, text }) }
  }
  const note = { title: `note ${random.below(100)}`, text, ...(random.chance(0.5) && { pinned: random.chance(0.5) }) }
  return { what: `put note ${id}`, change: (records) => notesOf(records).put(id, note), apply: (now) => void now.notes.set(id, note) }
}

function without(value: object, ...keys: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)))
}

/** Everything a model holds, as plain JSON in a fixed order. */
export function dumpModel(model: Model): unknown {
  const sorted = <V>(map: ReadonlyMap<string, V>): [string, V][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    sessions: sorted(model.sessions).map(([id, session]) => ({ id, ...without(session, 'titled') })),
    chatLogs: sorted(model.chatLogs).map(([id, { sessionId, messages }]) => ({ id, sessionId, messages })),
    brains: sorted(model.brains).map(([entityId, brain]) => ({ entityId, ...brain })),
    preferences: sorted(model.preferences),
    // Golden files are of vaults that had none.
    ...(model.notes.size > 0 && { notes: sorted(model.notes).map(([id, note]) => ({ id, value: note, head: without(note, 'text') })) }),
  }
}

/** Everything a vault holds, in the same form, read in one transaction: what was true at one moment. */
export async function dumpVault(vault: UnlockedVault): Promise<unknown> {
  return vault.transact(async (tx) => {
    const { sessions, chatLogs, brains, preferences } = tx
    const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1)
    const logs = []
    for (const { id, sessionId, count } of [...(await chatLogs.list())].sort(byId)) {
      const messages = await chatLogs.read(id, { limit: 10_000 })
      if (messages.length !== count) throw new Error(`chat log ${id} says ${count} messages, has ${messages.length}`)
      logs.push({ id, sessionId, messages: messages.map(({ id: messageId, senderId, type, content, timestamp }) => ({ id: messageId, senderId, type, content, timestamp })) })
    }
    const bodies = []
    for (const { entityId } of await brains.list()) {
      const { model, memories } = (await brains.get(entityId))!
      bodies.push({ entityId, model, memories })
    }
    const notes = []
    for (const { id, head } of await notesOf(tx).list({ sortBy: (a, b) => (a.id < b.id ? -1 : 1) })) notes.push({ id, value: (await notesOf(tx).get(id))!.value, head: { ...head } })
    return {
      sessions: [...(await sessions.list())].sort(byId).map((session) => without(session, 'rev', 'modifiedAt')),
      chatLogs: logs,
      brains: bodies,
      preferences: (await preferences.list()).map(({ key, value }) => [key, value]),
      ...(notes.length > 0 && { notes }),
    }
  })
}

/** JSON with sorted keys: equal dumps are equal strings. */
export function canonical(dump: unknown): string {
  return JSON.stringify(dump, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  )
}
