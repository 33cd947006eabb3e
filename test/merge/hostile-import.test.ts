// Archives whose writer holds the key and means harm, or is broken: each is refused whole, with a reason, before anything of it is taken over.

import { describe, expect, it } from 'vitest'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { archiveMaker, fileOf, manifestLine, withEnd, type Line } from '../kit/archive-writer.js'
import { CODE, contentOf } from '../kit/devices.js'
import { fillOddly } from '../kit/odd-vault.js'
import { testBrowser } from '../kit/tabs.js'

const MIB = 2 ** 20
/** Of one line: a gibibyte where everything is tried. */
const MEBIBYTES = process.env['SEALED_VAULT_FAULTS'] === 'full' ? 1024 : 64
const maker = await archiveMaker({ recoveryCode: CODE })
const first = manifestLine(maker)

const stamp = { rev: 1, modifiedAt: 1 }
const session = (changes: object = {}, id = 's'): Line => ({ kind: 'session', id, ...stamp, value: { participants: [], state: 'active', title: '', titled: false, keywords: [], createdAt: 1, lastActivityAt: 1, messageCount: 0, ...changes } })
const log = (changes: object = {}, id = 'l'): Line => ({ kind: 'chatLog', id, ...stamp, value: { sessionId: 's', createdAt: 1, ...changes } })
const message = (changes: object = {}, number = 0): Line => ({ kind: 'message', number, ...stamp, value: { id: `m${number}`, senderId: 'a', type: 'user', content: 'text', timestamp: 1, ...changes } })
const brain = (changes: object = {}, id = 'b'): Line => ({ kind: 'brain', id, ...stamp, value: { model: 'm', configuration: {}, memories: [], ...changes } })
const preference = (value: unknown, id = 'p'): Line => ({ kind: 'preference', id, ...stamp, value })
const item = (changes: object = {}, value: object = {}): Line => ({ kind: 'item', collection: 'notes', id: 'i', ...stamp, value: { head: {}, value: 1, ...value }, ...changes })
const proto = (line: Line): string => JSON.stringify(line).replace('"value":{', '"value":{"__proto__":{"polluted":1},')

async function vault(): Promise<UnlockedVault> {
  const open = await testBrowser().tab()
  await open.sessions.create({ id: 's', chatLogId: 'l', title: 'mine' })
  await open.chatLogs.append('l', { senderId: 'a', type: 'user', content: 'mine' })
  return open
}

type Refusal = [name: string, lines: readonly Line[], details: object, code?: string]

const CASES: Refusal[] = [
  ['a session with an own __proto__', [proto(session())], { reason: 'record', number: 2 }],
  ['a message with an own __proto__', [session(), log(), proto(message())], { reason: 'record', number: 4 }],
  ['a brain with an own __proto__', [proto(brain())], { reason: 'record' }],
  ['a chat log with an own __proto__', [session(), proto(log())], { reason: 'record' }],
  ['two sessions of one id', [session(), session()], { reason: 'duplicate-id', number: 3 }],
  ['two chat logs of one id', [session(), log(), log()], { reason: 'duplicate-id' }],
  ['two messages of one id', [session(), log(), message(), message({ id: 'm0' }, 1)], { reason: 'duplicate-id', number: 5 }],
  ['two brains of one id', [brain(), brain()], { reason: 'duplicate-id' }],
  ['two preferences of one id', [preference(1), preference(2)], { reason: 'duplicate-id' }],
  ['a title that is a number', [session({ title: 7 })], { reason: 'record', fields: ['title'] }],
  ['a state nobody knows', [session({ state: 'lost' })], { reason: 'record', fields: ['state'] }],
  ['a count below zero', [session({ messageCount: -1 })], { reason: 'record', fields: ['messageCount'] }],
  ['a field nobody knows', [session({ admin: true })], { reason: 'record', fields: ['admin'] }],
  ['a message without an id', [session(), log(), message({ id: undefined })], { reason: 'record' }],
  ['a message without a time', [session(), log(), message({ timestamp: null })], { reason: 'record' }],
  ['a message of no type', [session(), log(), message({ type: 'root' })], { reason: 'record', fields: ['type'] }],
  ['metadata that is a list', [session(), log(), message({ metadata: [] })], { reason: 'record', fields: ['metadata'] }],
  ['images that are numbers', [session(), log(), message({ metadata: { images: [1] } })], { reason: 'record' }],
  ['a brain without memories', [brain({ memories: 'many' })], { reason: 'record', fields: ['memories'] }],
  ['a brain whose model is an object', [brain({ model: {} })], { reason: 'record', fields: ['model'] }],
  ['a preference of the vault’s own', [preference([], 'sealed-vault/known vaults')], { reason: 'reserved' }],
  ['a brain of the vault’s own', [brain({}, 'sealed-vault/app/notes/i')], { reason: 'reserved' }],
  ['an item with an own __proto__', [proto(item())], { reason: 'record' }],
  ['an item of __proto__', [item({ collection: '__proto__' })], { reason: 'shape' }],
  ['an item whose collection is a path', [item({ collection: 'a/b' })], { reason: 'shape' }],
  ['an item of no collection', [item({ collection: undefined })], { reason: 'shape' }],
  ['an item without an id', [item({ id: '' })], { reason: 'shape' }],
  ['two items of one id', [item(), item()], { reason: 'duplicate-id', number: 3 }],
  ['an item without a value', [item({}, { value: undefined })], { reason: 'record' }],
  ['an item without a head', [item({}, { head: undefined })], { reason: 'record', fields: ['head'] }],
  ['an item whose head is a list', [item({}, { head: [] })], { reason: 'record', fields: ['head'] }],
  ['an item whose head is too long', [item({}, { head: { a: 'x'.repeat(16_384) } })], { reason: 'record', fields: ['head'] }],
  ['an item with a long head', [{ ...(item({}, { head: { a: 'x' } }) as object), long: [[['head', 'a'], 2]] }, { kind: 'text', text: 'xx' }], { reason: 'long' }],
  ['an item with a field nobody knows', [item({}, { body: 1 })], { reason: 'record', fields: ['body'] }],
  ['an item before a preference', [item(), preference(1)], { reason: 'order' }],
  ['a chat log of a session that is not there', [log()], { reason: 'dangling' }],
  ['a chat log of another session than the one before', [session({}, 's'), session({}, 'other'), log()], { reason: 'dangling' }],
  ['a session whose chat log never comes', [session({ chatLogId: 'l' }), brain()], { reason: 'dangling', number: 2 }],
  ['a session whose chat log is another’s', [session({}, 's'), log(), session({ chatLogId: 'l' }, 'other')], { reason: 'dangling' }],
  ['a deletion that is no hash', [{ kind: 'tombstones', list: [['x', 1, 1]] }], { reason: 'tombstone' }],
  ['an origin of no vault', [{ ...(session() as object), origin: ['x', 1] }], { reason: 'shape' }],
  ['an edit of a field there is not', [{ ...(session() as object), edits: { rev: [1, 1] } }], { reason: 'shape' }],
  ['an edit that is none', [{ ...(session() as object), edits: { title: ['x'] } }], { reason: 'shape' }],
  ['a text longer than any engine holds', [session(), log(), { ...(message() as object), long: [[['content'], 2 ** 30]] }, ...Array.from({ length: 8 }, () => ({ kind: 'text', text: 't'.repeat(65_536) }))], {}, 'archive-too-large'],
]

async function refused(name: string, file: Uint8Array, details: object, code = 'corrupt', looks = true): Promise<void> {
  const open = await vault()
  const before = await contentOf(open)
  const version = open.version
  for (const work of [() => open.importArchive(file, { recoveryCode: CODE }), ...(looks ? [() => open.inspectArchive(file, { recoveryCode: CODE })] : [])]) {
    const error = (await work().then(
      () => undefined,
      (failure: unknown) => failure,
    )) as { code?: string; details?: object; message: string } | undefined
    expect(error, name).toMatchObject({ code, details: { where: 'archive', ...details } })
    expect(error!.message).not.toContain('polluted')
  }
  expect(open.version, name).toBe(version)
  expect(await contentOf(open), name).toEqual(before)
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  await open.lock()
}

describe('an archive that holds what no vault can hold', () => {
  it.each<Refusal>(CASES)('is refused: %s', async (name, lines, details, code) => {
    await refused(name, await fileOf(maker, withEnd([first, ...lines])), details, code)
  })

  it('is refused for a trailer that lies, a chain of hashes that does not fit, an end that does not come', async () => {
    const good = [session(), log(), message()]
    await refused('counts', await fileOf(maker, withEnd([first, ...good], { counts: { messages: 2 } })), { reason: 'counts' })
    await refused('hash', await fileOf(maker, withEnd([first, ...good], { sha256: 'A'.repeat(43) })), { reason: 'hash' })
    await refused('no end', await fileOf(maker, [first, ...good].map((line) => `${JSON.stringify(line)}\n`).join('')), { reason: 'no-end' })
    await refused('a key that is none', await fileOf(maker, withEnd([manifestLine(maker, { tombstoneKey: 'short' }), ...good])), { reason: 'tombstone-key' })
  })

  it('is refused for a line without end and for one nested without end, in little memory', async () => {
    const began = process.memoryUsage.rss()
    let growth = 0
    const watch = setInterval(() => {
      growth = Math.max(growth, process.memoryUsage.rss() - began)
    }, 5)
    const endless = function* (): Generator<string> {
      yield `${JSON.stringify(first)}\n{"kind":"preference","id":"p","rev":1,"modifiedAt":1,"value":"`
      for (let i = 0; i < MEBIBYTES; i++) yield 'x'.repeat(MIB)
      yield '"}\n'
    }
    await refused('a line without end', await fileOf(maker, endless(), 65_536), {}, 'archive-too-large', false)
    await refused('ten thousand deep', await fileOf(maker, withEnd([first, `{"kind":"preference","id":"p","rev":1,"modifiedAt":1,"value":${'['.repeat(10_000)}${']'.repeat(10_000)}}`])), { reason: 'depth' })
    clearInterval(watch)
    expect(growth / MIB).toBeLessThan(512)
  }, 120_000)

  it('is taken over when there is nothing wrong with it, own __proto__ keys of free JSON included', async () => {
    const open = await vault()
    const free = JSON.parse('{"__proto__":{"polluted":1},"a":[{"__proto__":null}]}') as object
    const lines = [session({ chatLogId: 'l2', title: 'theirs', titled: true }, 's2'), log({ sessionId: 's2' }, 'l2'), message({ metadata: { context: free } }), brain({ configuration: free }), preference(free)]
    await open.importArchive(await fileOf(maker, withEnd([first, ...lines])), { recoveryCode: CODE })
    expect(JSON.stringify((await open.chatLogs.read('l2'))[0]!.metadata)).toBe(JSON.stringify({ context: free }))
    expect(JSON.stringify((await open.brains.get('b'))!.configuration)).toBe(JSON.stringify(free))
    expect(JSON.stringify(await open.preferences.get('p'))).toBe(JSON.stringify(free))
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(await open.sessions.count()).toBe(2)
    expect(await open.check()).toMatchObject({ ok: true })
  })
})

describe('plain JSON', () => {
  const whole = (changes: object = {}): string => JSON.stringify({ version: 1, exportedAt: 1, sessions: [{ id: 's2' }], chatLogs: [{ id: 'l2', sessionId: 's2', messages: [{ id: 'm', senderId: 'a', type: 'user', content: 'hello', timestamp: 5 }] }], ...changes })

  it.each<[string, string, object, string?]>([
    ['no JSON', '{', { reason: 'json' }],
    ['no object', '[]', {}],
    ['a version to come', whole({ version: 2 }), {}, 'unsupported-version'],
    ['no chat logs', JSON.stringify({ version: 1, sessions: [] }), { fields: ['chatLogs'] }],
    ['a message without text', whole({ chatLogs: [{ id: 'l2', sessionId: 's2', messages: [{ id: 'm', senderId: 'a', type: 'user', timestamp: 5 }] }] }), { fields: ['content'] }],
    ['a session that is not there', whole({ sessions: [] }), { reason: 'dangling' }],
    ['two sessions of one id', whole({ sessions: [{ id: 's2' }, { id: 's2' }] }), { reason: 'duplicate-id' }],
    ['a collection of __proto__', whole().replace(/\}$/, ',"collections":{"__proto__":[{"id":"i","value":1}]}}'), { reason: 'collection' }],
    ['a collection that is no list', whole({ collections: { notes: { id: 'i' } } }), { fields: ['collections.notes'] }],
    ['collections that are a list', whole({ collections: [] }), { fields: ['collections'] }],
    ['an item without a value', whole({ collections: { notes: [{ id: 'i' }] } }), { reason: 'record' }],
    ['an item without an id', whole({ collections: { notes: [{ value: 1 }] } }), { fields: ['id'] }],
    ['two items of one id', whole({ collections: { notes: [{ id: 'i', value: 1 }, { id: 'i', value: 2 }] } }), { reason: 'duplicate-id' }],
    ['an item whose head is none', whole({ collections: { notes: [{ id: 'i', head: 'x', value: 1 }] } }), { fields: ['head'] }],
    ['a title that is none', whole({ sessions: [{ id: 's2', title: 5 }] }), { fields: ['title'] }],
  ])('is refused: %s', async (_, text, details, code = 'invalid-value') => {
    const open = await vault()
    const before = await contentOf(open)
    await expect(open.importJson(text)).rejects.toMatchObject({ code, details })
    expect(await contentOf(open)).toEqual(before)
  })

  it('comes as the specification writes it, and merges', async () => {
    const open = await vault()
    const report = await open.importJson(whole({ brains: [{ entityId: 'b', model: 'm' }] }))
    expect(report.counts).toMatchObject({ sessions: { added: 1 }, chatLogs: { added: 1 }, messages: { added: 1 }, brains: { added: 1 } })
    expect(await open.chatLogs.read('l2')).toMatchObject([{ id: 'm', content: 'hello', timestamp: 5 }])
    expect((await open.importJson(whole({ brains: [{ entityId: 'b', model: 'm' }] }))).entries).toEqual([])
    const changed = whole({ chatLogs: [{ id: 'l2', sessionId: 's2', messages: [{ id: 'm', senderId: 'a', type: 'user', content: 'bye', timestamp: 5, modifiedAt: 9e15 }] }] })
    expect((await open.importJson(changed)).entries).toMatchObject([{ kind: 'chatLog', outcome: 'changed' }, { kind: 'message', id: 'm', outcome: 'changed', lost: 'mine' }])
    expect(await open.check()).toMatchObject({ ok: true })
  })

  it('of a whole vault comes back whole', async () => {
    const open = await testBrowser().tab()
    await fillOddly(open)
    const other = await testBrowser().tab()
    await other.importJson(await open.exportJson({ unprotected: true }))
    expect(await contentOf(other)).toEqual(await contentOf(open))
  })
})
