// Calls that a vault must refuse, and what each refusal has to name. No error may repeat the secret.

import { isVaultError } from '../../src/errors.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import type { Records } from '../../src/vault/vault-records.js'

export const SECRET = 'the secret that no error may repeat'

/** Everything a vault says, for before and after. */
export async function dump(tab: UnlockedVault): Promise<string> {
  const logs = await tab.chatLogs.list()
  const heads = await tab.brains.list()
  return JSON.stringify([
    await tab.sessions.list({ order: 'oldest' }),
    logs,
    await Promise.all(logs.map(({ id }) => tab.chatLogs.read(id, { limit: 10_000 }))),
    await Promise.all(heads.map(({ entityId }) => tab.brains.get(entityId))),
    await tab.preferences.list(),
  ])
}

export async function populate(tab: UnlockedVault): Promise<void> {
  await tab.sessions.create({ id: 's', chatLogId: 'c', title: 'T', participants: ['a'], createdAt: 1 })
  await tab.chatLogs.append('c', { id: 'm', senderId: 'a', type: 'user', content: 'hello', timestamp: 1, metadata: { images: ['x'] } })
  await tab.brains.put({ entityId: 'e', model: 'm', configuration: { a: 1 }, memories: [1] })
  await tab.preferences.set('k', { a: 1 })
}

export const any = (value: unknown): never => value as never
export const message = { senderId: 'a', type: 'user' as const, content: SECRET }
export const proto = (json: string): never => JSON.parse(json) as never
export class Custom {
  field = SECRET
}
export const cycle: Record<string, unknown> = { secret: SECRET }
cycle['self'] = cycle
export const deep = (levels: number): unknown => Array.from({ length: levels }).reduce<unknown>((inner) => ({ a: inner }), SECRET)
export const sparse: number[] = []
sparse[0] = 1
sparse[2] = 3

/** Values that no JSON can hold, and where in them the trouble is. */
export const NOT_JSON: readonly [name: string, value: unknown, at: string][] = [
  ['NaN', Number.NaN, ''],
  ['Infinity', { x: [1, Number.POSITIVE_INFINITY] }, '.x.1'],
  ['a function', { x: { f: () => SECRET } }, '.x.f'],
  ['a symbol', { x: Symbol(SECRET) }, '.x'],
  ['a bigint', { x: 10n }, '.x'],
  ['a date', { x: new Date(0) }, '.x'],
  ['a map', { x: new Map([[SECRET, 1]]) }, '.x'],
  ['bytes', { x: new Uint8Array(3) }, '.x'],
  ['a class', { x: new Custom() }, '.x'],
  ['a hole', { x: sparse }, '.x.1'],
  ['undefined in a list', { x: [undefined] }, '.x.0'],
]

export interface BadCall {
  readonly name: string
  readonly call: (records: Records) => Promise<unknown>
  readonly fields?: readonly string[]
}

export const BAD: readonly BadCall[] = [
  // sessions
  { name: 'session null', call: (r) => r.sessions.create(any(null)) },
  { name: 'session string', call: (r) => r.sessions.create(any(SECRET)) },
  { name: 'session list', call: (r) => r.sessions.create(any([SECRET])) },
  { name: 'session unknown field', call: (r) => r.sessions.create(any({ title: SECRET, titel: SECRET })), fields: ['titel'] },
  { name: 'session empty id', call: (r) => r.sessions.create({ id: '' }), fields: ['id'] },
  { name: 'session long id', call: (r) => r.sessions.create({ id: SECRET.repeat(100) }), fields: ['id'] },
  { name: 'session number id', call: (r) => r.sessions.create(any({ id: 7 })), fields: ['id'] },
  { name: 'session title', call: (r) => r.sessions.create(any({ title: { toString: () => SECRET } })), fields: ['title'] },
  { name: 'session null title', call: (r) => r.sessions.create(any({ title: null })), fields: ['title'] },
  { name: 'session state', call: (r) => r.sessions.create(any({ state: SECRET })), fields: ['state'] },
  { name: 'session participants', call: (r) => r.sessions.create(any({ participants: ['a', 7] })), fields: ['participants.1'] },
  { name: 'session keywords', call: (r) => r.sessions.create(any({ keywords: SECRET })), fields: ['keywords'] },
  { name: 'session NaN date', call: (r) => r.sessions.create({ createdAt: Number.NaN }), fields: ['createdAt'] },
  { name: 'session Date', call: (r) => r.sessions.create(any({ lastActivityAt: new Date() })), fields: ['lastActivityAt'] },
  { name: 'session infinite date', call: (r) => r.sessions.create({ lastActivityAt: Number.POSITIVE_INFINITY }), fields: ['lastActivityAt'] },
  { name: 'session chat log', call: (r) => r.sessions.create(any({ chatLogId: true })), fields: ['chatLogId'] },
  { name: 'session connection', call: (r) => r.sessions.create(any({ connectionId: 1 })), fields: ['connectionId'] },
  { name: 'session derived field', call: (r) => r.sessions.create(any({ messageCount: 5 })), fields: ['messageCount'] },
  { name: 'session inner field', call: (r) => r.sessions.update('s', any({ titled: true })), fields: ['titled'] },
  { name: 'session patch rev', call: (r) => r.sessions.update('s', any({ rev: 1, title: SECRET })), fields: ['rev'] },
  { name: 'session patch id', call: (r) => r.sessions.update('s', any({ id: 'other' })), fields: ['id'] },
  { name: 'session patch null', call: (r) => r.sessions.update('s', any(null)) },
  { name: 'session patch NaN', call: (r) => r.sessions.update('s', { createdAt: Number.NaN }), fields: ['createdAt'] },
  { name: 'session touch', call: (r) => r.sessions.touch('s', Number.NaN), fields: ['lastActivityAt'] },
  // chat logs and messages
  { name: 'chat log unknown field', call: (r) => r.chatLogs.create(any({ stem: SECRET })), fields: ['stem'] },
  { name: 'chat log id', call: (r) => r.chatLogs.create({ id: '' }), fields: ['id'] },
  { name: 'chat log session', call: (r) => r.chatLogs.create(any({ sessionId: 1 })), fields: ['sessionId'] },
  { name: 'message null', call: (r) => r.chatLogs.append('c', any(null)) },
  { name: 'message undefined', call: (r) => r.chatLogs.append('c', any(undefined)) },
  { name: 'message string', call: (r) => r.chatLogs.append('c', any(SECRET)) },
  { name: 'message nothing', call: (r) => r.chatLogs.append('c', any({})), fields: ['senderId', 'type', 'content'] },
  { name: 'message sender', call: (r) => r.chatLogs.append('c', { ...message, senderId: '' }), fields: ['senderId'] },
  { name: 'message type', call: (r) => r.chatLogs.append('c', any({ ...message, type: SECRET })), fields: ['type'] },
  { name: 'message content', call: (r) => r.chatLogs.append('c', any({ ...message, content: [SECRET] })), fields: ['content'] },
  { name: 'message NaN time', call: (r) => r.chatLogs.append('c', { ...message, timestamp: Number.NaN }), fields: ['timestamp'] },
  { name: 'message Date', call: (r) => r.chatLogs.append('c', any({ ...message, timestamp: new Date() })), fields: ['timestamp'] },
  { name: 'message id', call: (r) => r.chatLogs.append('c', { ...message, id: '' }), fields: ['id'] },
  { name: 'message unknown field', call: (r) => r.chatLogs.append('c', any({ ...message, text: SECRET })), fields: ['text'] },
  { name: 'message number', call: (r) => r.chatLogs.append('c', any({ ...message, number: 3 })), fields: ['number'] },
  { name: 'metadata string', call: (r) => r.chatLogs.append('c', any({ ...message, metadata: SECRET })), fields: ['metadata'] },
  { name: 'metadata list', call: (r) => r.chatLogs.append('c', any({ ...message, metadata: [SECRET] })), fields: ['metadata'] },
  { name: 'metadata null', call: (r) => r.chatLogs.append('c', any({ ...message, metadata: null })), fields: ['metadata'] },
  { name: 'metadata images', call: (r) => r.chatLogs.append('c', any({ ...message, metadata: { images: SECRET } })), fields: ['metadata.images'] },
  { name: 'metadata image', call: (r) => r.chatLogs.append('c', any({ ...message, metadata: { images: ['a', { data: SECRET }] } })), fields: ['metadata.images.1'] },
  { name: 'metadata commands', call: (r) => r.chatLogs.append('c', any({ ...message, metadata: { commands: [1] } })), fields: ['metadata.commands.0'] },
  { name: 'metadata context', call: (r) => r.chatLogs.append('c', any({ ...message, metadata: { context: [SECRET] } })), fields: ['metadata.context'] },
  { name: 'metadata cycle', call: (r) => r.chatLogs.append('c', any({ ...message, metadata: cycle })) },
  { name: 'metadata too deep', call: (r) => r.chatLogs.append('c', any({ ...message, metadata: deep(200) })) },
  ...NOT_JSON.flatMap(([name, value, at]): BadCall[] => [
    { name: `metadata ${name}`, call: (r) => r.chatLogs.append('c', any({ ...message, metadata: { free: value } })), fields: [`metadata.free${at}`] },
    { name: `patched metadata ${name}`, call: (r) => r.chatLogs.update('c', 'm', any({ metadata: { free: value } })), fields: [`metadata.free${at}`] },
    { name: `configuration ${name}`, call: (r) => r.brains.put(any({ entityId: 'e', model: SECRET, configuration: { free: value } })), fields: [`configuration.free${at}`] },
    { name: `memory ${name}`, call: (r) => r.brains.put(any({ entityId: 'e', model: 'm', memories: [SECRET, value] })), fields: [`memories.1${at}`] },
    { name: `preference ${name}`, call: (r) => r.preferences.set('k', any(value)), fields: [`value${at}`] },
  ]),
  { name: 'patch null', call: (r) => r.chatLogs.update('c', 'm', any(null)) },
  { name: 'patch id', call: (r) => r.chatLogs.update('c', 'm', any({ id: 'other' })), fields: ['id'] },
  { name: 'patch content', call: (r) => r.chatLogs.update('c', 'm', any({ content: null })), fields: ['content'] },
  { name: 'patch sender', call: (r) => r.chatLogs.update('c', 'm', { senderId: '' }), fields: ['senderId'] },
  // brains and preferences
  { name: 'brain null', call: (r) => r.brains.put(any(null)) },
  { name: 'brain nothing', call: (r) => r.brains.put(any({})), fields: ['entityId', 'model'] },
  { name: 'brain id', call: (r) => r.brains.put({ entityId: '', model: SECRET }), fields: ['entityId'] },
  { name: 'brain unknown field', call: (r) => r.brains.put(any({ entityId: 'e', model: 'm', memory: SECRET })), fields: ['memory'] },
  { name: 'brain memories', call: (r) => r.brains.put(any({ entityId: 'e', model: 'm', memories: SECRET })), fields: ['memories'] },
  { name: 'brain configuration', call: (r) => r.brains.put(any({ entityId: 'e', model: 'm', configuration: [SECRET] })), fields: ['configuration'] },
  { name: 'preference empty key', call: (r) => r.preferences.set('', SECRET), fields: ['key'] },
  { name: 'preference long key', call: (r) => r.preferences.set(SECRET.repeat(100), 1), fields: ['key'] },
  { name: 'preference number key', call: (r) => r.preferences.set(any(3), SECRET), fields: ['key'] },
  { name: 'preference undefined', call: (r) => r.preferences.set('k', any(undefined)), fields: ['value'] },
  { name: 'preference delete', call: (r) => r.preferences.delete(any(null)), fields: ['key'] },
  // own __proto__ keys are keys, and unknown ones
  { name: 'session __proto__', call: (r) => r.sessions.create(proto('{"__proto__": {"title": "x"}}')), fields: ['__proto__'] },
  { name: 'message spread', call: (r) => r.chatLogs.append('c', { ...message, ...(JSON.parse('{"x": 1}') as object) }), fields: ['x'] },
]

/** Calls about records that are not there, or are there already. */
export const MISPLACED: readonly { readonly name: string; readonly call: (records: Records) => Promise<unknown>; readonly code: string }[] = [
  { name: 'append to no chat log', call: (r) => r.chatLogs.append('nowhere', message), code: 'not-found' },
  { name: 'append nothing to no chat log', call: (r) => r.chatLogs.append('nowhere', []), code: 'not-found' },
  { name: 'append to __proto__', call: (r) => r.chatLogs.append('__proto__', message), code: 'not-found' },
  { name: 'read no chat log', call: (r) => r.chatLogs.read('nowhere'), code: 'not-found' },
  { name: 'count no chat log', call: (r) => r.chatLogs.count('constructor'), code: 'not-found' },
  { name: 'message of no chat log', call: (r) => r.chatLogs.getMessage('nowhere', 'm'), code: 'not-found' },
  { name: 'read before no message', call: (r) => r.chatLogs.read('c', { before: 'nothing' }), code: 'not-found' },
  { name: 'update no message', call: (r) => r.chatLogs.update('c', 'nothing', { content: SECRET }), code: 'not-found' },
  { name: 'update in no chat log', call: (r) => r.chatLogs.update('nowhere', 'm', { content: SECRET }), code: 'not-found' },
  { name: 'delete messages of no chat log', call: (r) => r.chatLogs.deleteMessages('nowhere', ['m']), code: 'not-found' },
  { name: 'delete a message of no chat log', call: (r) => r.chatLogs.deleteMessage('nowhere', 'm'), code: 'not-found' },
  { name: 'chat log of no session', call: (r) => r.chatLogs.create({ sessionId: 'nowhere' }), code: 'not-found' },
  { name: 'update no session', call: (r) => r.sessions.update('nowhere', { title: SECRET }), code: 'not-found' },
  { name: 'touch no session', call: (r) => r.sessions.touch('nowhere'), code: 'not-found' },
  { name: 'archive no session', call: (r) => r.sessions.archive('toString'), code: 'not-found' },
  { name: "another session's chat log", call: (r) => r.sessions.update('s', { chatLogId: 'nowhere' }), code: 'not-found' },
  { name: 'session id taken', call: (r) => r.sessions.create({ id: 's', title: SECRET }), code: 'conflict' },
  { name: 'chat log id taken', call: (r) => r.chatLogs.create({ id: 'c' }), code: 'conflict' },
  { name: 'chat log id taken by a session', call: (r) => r.sessions.create({ id: 'new', chatLogId: 'c' }), code: 'conflict' },
  { name: 'message id taken', call: (r) => r.chatLogs.append('c', { ...message, id: 'm' }), code: 'conflict' },
  { name: 'message id twice', call: (r) => r.chatLogs.append('c', [{ ...message, id: 'n' }, { ...message, id: 'n' }]), code: 'conflict' },
  { name: 'one good and one taken', call: (r) => r.chatLogs.append('c', [{ ...message, id: 'n' }, { ...message, id: 'm' }]), code: 'conflict' },
]

export async function refusal(promise: Promise<unknown>): Promise<{ code: string; details: { fields?: readonly string[] }; text: string }> {
  try {
    await promise
  } catch (error) {
    if (!isVaultError(error)) throw new Error(`not a VaultError: ${String(error)}`, { cause: error })
    return { code: error.code, details: error.details, text: `${error.message} ${JSON.stringify(error)} ${error.stack ?? ''} ${error.cause === undefined ? '' : JSON.stringify(error.cause)}` }
  }
  throw new Error('it was taken')
}
