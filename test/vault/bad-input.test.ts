// What careless and hostile apps pass in: refused by name without a trace, or kept exactly as it was given.

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isVaultError } from '../../src/errors.js'
import type { Records, UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { testBrowser } from '../kit/tabs.js'

const SECRET = 'the secret that no error may repeat'

/** Everything a vault says, for before and after. */
async function dump(tab: UnlockedVault): Promise<string> {
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

async function populate(tab: UnlockedVault): Promise<void> {
  await tab.sessions.create({ id: 's', chatLogId: 'c', title: 'T', participants: ['a'], createdAt: 1 })
  await tab.chatLogs.append('c', { id: 'm', senderId: 'a', type: 'user', content: 'hello', timestamp: 1, metadata: { images: ['x'] } })
  await tab.brains.put({ entityId: 'e', model: 'm', configuration: { a: 1 }, memories: [1] })
  await tab.preferences.set('k', { a: 1 })
}

const any = (value: unknown): never => value as never
const message = { senderId: 'a', type: 'user' as const, content: SECRET }
const proto = (json: string): never => JSON.parse(json) as never
class Custom {
  field = SECRET
}
const cycle: Record<string, unknown> = { secret: SECRET }
cycle['self'] = cycle
const deep = (levels: number): unknown => Array.from({ length: levels }).reduce<unknown>((inner) => ({ a: inner }), SECRET)
const sparse: number[] = []
sparse[0] = 1
sparse[2] = 3

/** Values that no JSON can hold, and where in them the trouble is. */
const NOT_JSON: readonly [name: string, value: unknown, at: string][] = [
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

interface BadCall {
  readonly name: string
  readonly call: (records: Records) => Promise<unknown>
  readonly fields?: readonly string[]
}

const BAD: readonly BadCall[] = [
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
const MISPLACED: readonly { readonly name: string; readonly call: (records: Records) => Promise<unknown>; readonly code: string }[] = [
  { name: 'append to no chat log', call: (r) => r.chatLogs.append('nowhere', message), code: 'not-found' },
  { name: 'append nothing to no chat log', call: (r) => r.chatLogs.append('nowhere', []), code: 'not-found' },
  { name: 'append to __proto__', call: (r) => r.chatLogs.append('__proto__', message), code: 'not-found' },
  { name: 'read no chat log', call: (r) => r.chatLogs.read('nowhere'), code: 'not-found' },
  { name: 'count no chat log', call: (r) => r.chatLogs.count('constructor'), code: 'not-found' },
  { name: 'message of no chat log', call: (r) => r.chatLogs.getMessage('nowhere', 'm'), code: 'not-found' },
  { name: 'read before no message', call: (r) => r.chatLogs.read('c', { before: 'nothing' }), code: 'not-found' },
  { name: 'update no message', call: (r) => r.chatLogs.update('c', 'nothing', { content: SECRET }), code: 'not-found' },
  { name: 'update in no chat log', call: (r) => r.chatLogs.update('nowhere', 'm', { content: SECRET }), code: 'not-found' },
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

async function refusal(promise: Promise<unknown>): Promise<{ code: string; details: { fields?: readonly string[] }; text: string }> {
  try {
    await promise
  } catch (error) {
    if (!isVaultError(error)) throw new Error(`not a VaultError: ${String(error)}`, { cause: error })
    return { code: error.code, details: error.details, text: `${error.message} ${JSON.stringify(error)} ${error.stack ?? ''} ${error.cause === undefined ? '' : JSON.stringify(error.cause)}` }
  }
  throw new Error('it was taken')
}

describe('bad input', () => {
  let tab: UnlockedVault
  let before: string
  beforeAll(async () => {
    tab = await testBrowser().tab()
    await populate(tab)
    before = await dump(tab)
  })
  afterAll(async () => {
    expect(await tab.check()).toMatchObject({ ok: true })
    await tab.lock()
  })

  for (const { name, call, fields } of BAD) {
    it(`is refused by name: ${name}`, async () => {
      const refused = await refusal(call(tab))
      expect(refused.code).toBe('invalid-value')
      if (fields !== undefined) expect(refused.details.fields).toEqual(fields)
      expect(refused.text).not.toContain(SECRET)
      expect(await dump(tab)).toBe(before)
    })
  }

  for (const { name, call, code } of MISPLACED) {
    it(`is refused: ${name}`, async () => {
      const refused = await refusal(call(tab))
      expect(refused.code).toBe(code)
      expect(refused.text).not.toContain(SECRET)
      expect(await dump(tab)).toBe(before)
    })
  }

  it('inside a transaction takes the whole transaction with it', async () => {
    for (const { name, call } of [...BAD, ...MISPLACED]) {
      const refused = await refusal(
        tab.transact(async (tx) => {
          await tx.preferences.set('in vain', 1)
          await tx.chatLogs.append('c', { ...message, id: 'in vain' })
          await call(tx)
        }),
      )
      expect(refused.text, name).not.toContain(SECRET)
    }
    expect(await dump(tab)).toBe(before)
  })

  it('beside good calls spoils none of them', async () => {
    const own = await testBrowser().tab()
    await populate(own)
    const outcomes = await Promise.allSettled([
      own.chatLogs.append('c', { ...message, id: 'a' }),
      own.chatLogs.append('nowhere', message),
      own.chatLogs.append('c', any({ ...message, type: 'x' })),
      own.sessions.create({ id: 's' }),
      own.chatLogs.append('c', { ...message, id: 'a' }),
      own.chatLogs.append('c', { ...message, id: 'b' }),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected', 'rejected', 'fulfilled'])
    expect((await own.chatLogs.read('c')).map(({ id }) => id)).toEqual(['m', 'a', 'b'])
    await own.lock()
  })

  it('of reads is a mistake of the programmer', async () => {
    for (const limit of [-1, 1.5, Number.NaN, '3']) {
      await expect(tab.chatLogs.read('c', { limit: any(limit) })).rejects.toThrow(RangeError)
      if (limit !== '3') await expect(tab.sessions.list({ limit: any(limit) })).rejects.toThrow(RangeError)
    }
    await expect(tab.sessions.list({ offset: -1 })).rejects.toThrow(RangeError)
  })

  it('about ids that nothing has is no answer but undefined or false', async () => {
    for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '\u0000', '\ud800']) {
      expect([await tab.sessions.get(id), await tab.chatLogs.get(id), await tab.chatLogs.getMessage('c', id), await tab.brains.get(id), await tab.preferences.get(id)]).toEqual([undefined, undefined, undefined, undefined, undefined])
      expect([await tab.sessions.delete(id), await tab.chatLogs.delete(id), await tab.chatLogs.deleteMessage('c', id), await tab.brains.delete(id)]).toEqual([false, false, false, false])
    }
    expect(await dump(tab)).toBe(before)
  })

  it('of a load is reported by position, and saves the good ones', async () => {
    const own = await testBrowser().tab()
    const report = await own.load([
      { session: { id: 'good' }, messages: [{ ...message, id: 'x' }] },
      { session: any({ id: 'bad', titel: SECRET }), messages: [] },
      { session: { id: 'bad' }, messages: [message, any({ ...message, type: SECRET })] },
      { session: { id: 'bad' }, messages: [{ ...message, timestamp: Number.NaN }] },
      { session: { id: 'bad' }, messages: [{ ...message, metadata: any(cycle) }] },
      { session: { id: 'bad' }, messages: [{ ...message, id: 'x' }, { ...message, id: 'x' }] },
      { session: any(null), messages: [] },
      { session: { id: 'good too' }, messages: [] },
    ])
    expect(report).toMatchObject({ loaded: 2, messages: 1, skipped: 0 })
    expect(report.refused.map(({ index, error }) => [index, error.code])).toEqual([[1, 'invalid-value'], [2, 'invalid-value'], [3, 'invalid-value'], [4, 'invalid-value'], [5, 'conflict'], [6, 'invalid-value']])
    expect(JSON.stringify(report.refused.map(({ error }) => [error.message, error]))).not.toContain(SECRET)
    expect((await own.sessions.list()).map(({ id }) => id).sort()).toEqual(['good', 'good too'])
    await own.checkpoint()
    expect(await own.check()).toMatchObject({ ok: true })
    await own.lock()
  })

  it('of 17 MB in small pieces is refused as too large, and the vault goes on', async () => {
    const own = await testBrowser().tab()
    await populate(own)
    const was = await dump(own)
    const pieces = Array.from({ length: 340 }, () => SECRET.repeat(1500))
    const attempts: ((records: Records) => Promise<unknown>)[] = [
      (r) => r.chatLogs.append('c', { ...message, metadata: { pieces } }),
      (r) => r.chatLogs.update('c', 'm', { metadata: { pieces } }),
      (r) => r.brains.put({ entityId: 'e', model: 'm', memories: pieces }),
    ]
    for (const attempt of attempts) {
      const refused = await refusal(attempt(own))
      expect(refused).toMatchObject({ code: 'invalid-value', details: { reason: 'too-large' } })
      expect(refused.text).not.toContain(SECRET)
    }
    expect(await refusal(own.transact((tx) => attempts[0]!(tx)))).toMatchObject({ code: 'invalid-value' })
    expect(await dump(own)).toBe(was)
    await own.lock()
  })
})

/** Strings that have broken databases. */
const STRINGS: readonly [name: string, text: string][] = [
  ['empty', ''],
  ['a lone high surrogate', 'a\ud800b'],
  ['a lone low surrogate', '\udc00'],
  ['surrogates the wrong way round', '\udc00\ud800'],
  ['NUL', 'a\u0000b\u0000'],
  ['emoji', '👩‍👩‍👧‍👦🏳️‍🌈'],
  ['right to left', 'שלום \u202eעולם\u202c مرحبا'],
  ['a byte order mark', '\ufefftext'],
  ['nothing but a byte order mark', '\ufeff'],
  ['a non-character', '\uffff\ufffe'],
  ['line separators', 'a\u2028b\u2029c\r\n\t\b\f'],
  ['combining marks', 'e\u0301 vs \u00e9'],
  ['quotes and slashes', '"\\\'</script>\\u0000'],
  ['a name of Object', '__proto__'],
  ['65,536 units', 'ä'.repeat(65_536)],
  ['65,537 units', 'ä'.repeat(65_537)],
  ['65,537 units, ill-formed', `${'x'.repeat(65_536)}\ud800`],
  ['65,538 units, a byte order mark first', `\ufeff${'x'.repeat(65_537)}`],
  ['many units, a surrogate pair over each border', `x${'😀'.repeat(70_000)}`],
  ['many units, ill-formed', '\ud83d'.repeat(150_000)],
]

describe('strings', () => {
  it('come back exactly as they were given, from every field, before and after a checkpoint and another unlock', async () => {
    const browser = testBrowser()
    let tab = await browser.tab()
    const ids = STRINGS.filter(([, text]) => text.length > 0 && text.length <= 1024)
    for (const [i, [, text]] of STRINGS.entries()) {
      await tab.sessions.create({ id: `s${i}`, chatLogId: `c${i}`, title: text, connectionId: text, participants: [text, text], keywords: [text] })
      await tab.chatLogs.append(`c${i}`, { id: `m${i}`, senderId: 'a', type: 'user', content: text, metadata: { images: [text], commands: [text, ''], context: { deep: [{ text }] }, [text.slice(0, 1000)]: text } })
      await tab.brains.put({ entityId: `e${i}`, model: text, configuration: { [text.slice(0, 1000)]: text }, memories: [text, [text]] })
      await tab.preferences.set(`k${i}`, { text, [text.slice(0, 1000)]: [text] })
    }
    for (const [, text] of ids) {
      await tab.sessions.create({ id: text, chatLogId: `${text}#` })
      await tab.chatLogs.append(`${text}#`, { id: text, senderId: text, type: 'assistant', content: '' })
      await tab.brains.put({ entityId: text, model: '' })
      await tab.preferences.set(text, text)
    }
    // As JSON, which tells every unit apart and is quick for long ones.
    const same = (told: unknown, given: unknown, name: string): void => {
      if (JSON.stringify(told) !== JSON.stringify(given)) throw new Error(`${name} came back as something else`)
    }
    const verify = async (): Promise<void> => {
      for (const [i, [name, text]] of STRINGS.entries()) {
        const key = text.slice(0, 1000)
        const session = (await tab.sessions.get(`s${i}`))!
        same([session.title, session.connectionId, session.participants, session.keywords], [text, text, [text, text], [text]], name)
        const found = (await tab.chatLogs.getMessage(`c${i}`, `m${i}`))!
        if (found.content !== text) throw new Error(`content of ${name}`)
        const { images, commands, context, ...rest } = found.metadata!
        same([images, commands, context, Object.entries(rest)], [[text], [text, ''], { deep: [{ text }] }, [[key, text]]], name)
        const brain = (await tab.brains.get(`e${i}`))!
        same([brain.model, Object.entries(brain.configuration), brain.memories], [text, [[key, text]], [text, [text]]], name)
        const preference = (await tab.preferences.get(`k${i}`)) as Record<string, unknown>
        same([Object.keys(preference).length, preference['text'], preference[key]], [2, text, [text]], name)
      }
      for (const [name, text] of ids) {
        expect((await tab.sessions.get(text))?.id, name).toBe(text)
        expect((await tab.chatLogs.getMessage(`${text}#`, text))?.senderId, name).toBe(text)
        expect((await tab.brains.get(text))?.entityId, name).toBe(text)
        expect(await tab.preferences.get(text), name).toBe(text)
      }
    }
    await verify()
    await tab.checkpoint()
    tab.releaseMemory()
    await verify()
    await tab.lock()
    tab = await browser.tab()
    await verify()
    // And deleting works by the same ids: tombstones hash what UTF-8 cannot hold.
    for (const [name, text] of ids) {
      expect([await tab.chatLogs.deleteMessage(`${text}#`, text), await tab.sessions.delete(text), await tab.brains.delete(text), await tab.preferences.delete(text)], name).toEqual([true, true, true, true])
    }
    await tab.checkpoint()
    expect(await tab.check()).toMatchObject({ ok: true })
    await tab.lock()
  }, 60_000)

  it('of 20 MB of base64 go to blobs and come back', async () => {
    const browser = testBrowser()
    const tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    const image = 'iVBORw0KGgoAAAANSUhEUgAA'.repeat(Math.ceil((20 * 1024 * 1024) / 24))
    const { id } = await tab.chatLogs.append(chatLogId, { senderId: 'a', type: 'user', content: 'look', metadata: { images: [image] } })
    const whole = async (): Promise<boolean> => (await tab.chatLogs.getMessage(chatLogId, id))!.metadata!.images![0] === image
    expect(await whole()).toBe(true)
    await tab.checkpoint()
    tab.releaseMemory()
    expect(await whole()).toBe(true)
    const [deferred] = await tab.chatLogs.read(chatLogId, { longValues: 'defer' })
    expect(deferred!.deferred).toMatchObject([{ path: ['metadata', 'images', 0], bytes: image.length }])
    // What stands in its place is no more than a beginning.
    const [beginning] = deferred!.metadata!.images as [string]
    expect(beginning.length < 65_536 && image.startsWith(beginning)).toBe(true)
    expect(await tab.check()).toMatchObject({ ok: true })
    await tab.lock()
  }, 60_000)
})

describe('keys', () => {
  const poisoned = '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}, "toString": 1, "hasOwnProperty": null, "then": "x", "toJSON": 2, "1": 1, "0": 0}'

  it('that are names of Object stay own keys, with and without long values beside them', async () => {
    const browser = testBrowser()
    let tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    const free = (): Record<string, unknown> => JSON.parse(poisoned) as Record<string, unknown>
    const withLong = (): Record<string, unknown> => {
      const value = JSON.parse(`{"__proto__": {"long": ""}, "plain": 1}`) as Record<string, Record<string, string>>
      value['__proto__']!['long'] = 'x'.repeat(70_000)
      return value
    }
    for (const [id, metadata] of [['free', free()], ['long', withLong()]] as const) await tab.chatLogs.append(chatLogId, { id, senderId: 'a', type: 'user', content: '', metadata: any(metadata) })
    await tab.brains.put({ entityId: '__proto__', model: 'm', configuration: any(free()), memories: [any(withLong())] })
    await tab.preferences.set('__proto__', any(free()))
    for (const round of ['pending', 'folded', 'opened again']) {
      const same = (value: unknown, expected: unknown): void => expect(JSON.stringify(value), round).toBe(JSON.stringify(expected))
      same((await tab.chatLogs.getMessage(chatLogId, 'free'))!.metadata, free())
      same((await tab.chatLogs.getMessage(chatLogId, 'long'))!.metadata, withLong())
      same((await tab.brains.get('__proto__'))!.configuration, free())
      same((await tab.brains.get('__proto__'))!.memories, [withLong()])
      same(await tab.preferences.get('__proto__'), free())
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
      if (round === 'pending') await tab.checkpoint()
      if (round === 'pending') tab.releaseMemory()
      if (round === 'folded') {
        await tab.lock()
        tab = await browser.tab()
      }
    }
    await tab.lock()
  })

  it('with undefined are left out, as JSON leaves them out', async () => {
    const browser = testBrowser()
    let tab = await browser.tab()
    await tab.preferences.set('k', { a: undefined, b: 1 })
    expect(await tab.preferences.get('k')).toEqual({ b: 1 })
    await tab.lock()
    tab = await browser.tab()
    expect(Object.keys((await tab.preferences.get('k')) as object)).toEqual(['b'])
    await tab.lock()
  })

  it('nested as deep as is allowed come back', async () => {
    const tab = await testBrowser().tab()
    const nested = deep(120) as never
    await tab.preferences.set('k', nested)
    await tab.checkpoint()
    expect(await tab.preferences.get('k')).toEqual(nested)
    await tab.lock()
  })
})

describe('numbers', () => {
  it('come back as JSON holds them: exact, but -0 is 0 once it was written and read', async () => {
    const browser = testBrowser()
    let tab = await browser.tab()
    const numbers = [Number.MAX_SAFE_INTEGER, Number.MIN_VALUE, Number.MAX_VALUE, -1e-7, 0.1 + 0.2, 2 ** 53 + 2]
    await tab.preferences.set('k', numbers)
    await tab.preferences.set('zero', -0)
    const { chatLogId } = await tab.sessions.create({ createdAt: -8.64e15, lastActivityAt: 0.5 })
    await tab.chatLogs.append(chatLogId, { id: 'm', senderId: 'a', type: 'user', content: '', timestamp: -1 })
    await tab.lock()
    tab = await browser.tab()
    expect(await tab.preferences.get('k')).toEqual(numbers)
    expect(await tab.preferences.get('zero')).toBe(0)
    expect(await tab.chatLogs.getMessage(chatLogId, 'm')).toMatchObject({ timestamp: -1 })
    expect((await tab.sessions.list())[0]).toMatchObject({ createdAt: -8.64e15, lastActivityAt: 0.5 })
    await tab.lock()
  })
})

describe('objects of the caller', () => {
  it('can be changed after the call without reaching the vault', async () => {
    const tab = await testBrowser().tab()
    const session = { participants: ['a'], keywords: ['k'] }
    const metadata = { context: { list: [1] }, images: ['i'] }
    const brain = { entityId: 'e', model: 'm', configuration: { deep: { a: 1 } }, memories: [{ a: 1 }] }
    const preference = { deep: { a: 1 } }
    const conversation = { session: { id: 'loaded', participants: ['a'] }, messages: [{ id: 'l', senderId: 'a', type: 'user' as const, content: 'c', metadata: { free: [1] } }] }
    // Changed while the call is on its way, not only after it.
    const made = tab.sessions.create(session)
    session.participants.push('b')
    const { id, chatLogId } = await made
    const appended = tab.chatLogs.append(chatLogId, { id: 'm', senderId: 'a', type: 'user', content: 'c', metadata })
    metadata.context.list.push(2)
    await appended
    const put = tab.brains.put(brain)
    brain.configuration.deep.a = 2
    brain.memories[0]!.a = 2
    await put
    const set = tab.preferences.set('k', preference)
    preference.deep.a = 2
    await set
    await tab.load([conversation])
    conversation.messages[0]!.metadata.free.push(2)
    conversation.session.participants.push('b')
    const patch = { metadata: { free: [1] } }
    const updated = tab.chatLogs.update('nowhere', 'x', patch).catch(() => undefined)
    patch.metadata.free.push(2)
    await updated
    expect([(await tab.sessions.get(id))!.participants, (await tab.sessions.get('loaded'))!.participants]).toEqual([['a'], ['a']])
    expect((await tab.chatLogs.getMessage(chatLogId, 'm'))!.metadata).toEqual({ context: { list: [1] }, images: ['i'] })
    expect(await tab.brains.get('e')).toMatchObject({ configuration: { deep: { a: 1 } }, memories: [{ a: 1 }] })
    expect(await tab.preferences.get('k')).toEqual({ deep: { a: 1 } })
    const loaded = (await tab.sessions.get('loaded'))!.chatLogId!
    expect((await tab.chatLogs.getMessage(loaded, 'l'))!.metadata).toEqual({ free: [1] })
    await tab.lock()
  })

  it('that the vault gave out can be changed without changing what is stored', async () => {
    const tab = await testBrowser().tab()
    await populate(tab)
    const was = await dump(tab)
    const spoil = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      for (const item of Object.values(value)) spoil(item)
      for (const key of Object.keys(value)) {
        if (typeof (value as Record<string, unknown>)[key] !== 'object') (value as Record<string, unknown>)[key] = 'spoilt'
      }
      if (Array.isArray(value)) value.push('spoilt')
    }
    const gave = async () => [
      await tab.sessions.list(),
      await tab.sessions.get('s'),
      await tab.chatLogs.list(),
      await tab.chatLogs.list({ sessionId: 's' }),
      await tab.chatLogs.get('c'),
      await tab.chatLogs.read('c'),
      await tab.chatLogs.getMessage('c', 'm'),
      await tab.brains.list(),
      await tab.brains.get('e'),
      await tab.preferences.list(),
      await tab.preferences.get('k'),
    ]
    spoil(await gave())
    expect(await dump(tab)).toBe(was)
    await tab.checkpoint()
    spoil(await gave())
    expect(await dump(tab)).toBe(was)
    const events: unknown[] = []
    tab.subscribe((event) => {
      events.push(event)
      spoil(event)
    })
    spoil(await tab.sessions.create({ id: 'new', chatLogId: 'nc', participants: ['p'] }))
    spoil(await tab.chatLogs.append('nc', { id: 'nm', senderId: 'a', type: 'user', content: 'kept', metadata: { free: [1] } }))
    spoil(await tab.chatLogs.update('nc', 'nm', { metadata: { free: [2] } }))
    spoil(await tab.brains.put({ entityId: 'ne', model: 'kept' }))
    expect((await tab.sessions.get('new'))!.participants).toEqual(['p'])
    expect(await tab.chatLogs.getMessage('nc', 'nm')).toMatchObject({ content: 'kept', metadata: { free: [2] } })
    expect((await tab.brains.get('ne'))!.model).toBe('kept')
    expect(await tab.check()).toMatchObject({ ok: true })
    await tab.lock()
  })
})

describe('passwords', () => {
  it('that are none create nothing', async () => {
    const browser = testBrowser()
    const vault = await browser.open()
    if (vault.state !== 'empty') throw new Error(vault.state)
    const bad: [string, string][] = [
      ['', 'empty'],
      ['x'.repeat(1025), 'too-long'],
      ['😀'.repeat(1025), 'too-long'],
      ['x'.repeat(10_000_000), 'too-long'],
      ['ﷺ'.repeat(60), 'too-long'],
      [`${SECRET}\ud800`, 'ill-formed'],
      ['\udc00', 'ill-formed'],
    ]
    for (const [password, reason] of bad) {
      const refused = await refusal(vault.create(password))
      expect(refused).toMatchObject({ code: 'invalid-value', details: { fields: ['password'], reason } })
      expect(refused.text).not.toContain(SECRET)
    }
    for (const password of [undefined, null, 7, {}, ['x']]) await expect(vault.create(any(password))).rejects.toThrow(TypeError)
    expect((await browser.open()).state).toBe('empty')
    expect(browser.disk.rows('test', 'header').size).toBe(0)
  })

  it('at the border, of one sign, of spaces and of all scripts open what they made', async () => {
    for (const password of ['x', ' ', 'x'.repeat(1024), '😀'.repeat(1024), '\u0000', '\ufeff', 'שלום', ' padded ']) {
      const browser = testBrowser()
      const vault = await browser.open()
      if (vault.state !== 'empty') throw new Error(vault.state)
      await (await vault.create(password)).lock()
      const locked = await browser.open()
      if (locked.state !== 'locked') throw new Error(locked.state)
      await expect(locked.unlock(password === 'x' ? 'y' : 'x')).rejects.toMatchObject({ code: 'wrong-password' })
      await (await locked.unlock(password)).lock()
    }
  })

  it('are the same in every composition of their signs', async () => {
    const browser = testBrowser()
    const vault = await browser.open()
    if (vault.state !== 'empty') throw new Error(vault.state)
    await (await vault.create('caf\u00e9 \u2126 \ufb01')).lock()
    const locked = await browser.open()
    if (locked.state !== 'locked') throw new Error(locked.state)
    expect((await locked.unlock('cafe\u0301 \u03a9 fi')).state).toBe('unlocked')
  })

  it('that are none unlock nothing, and the next try may', async () => {
    const browser = testBrowser()
    await (await browser.tab()).lock()
    const locked = await browser.open()
    if (locked.state !== 'locked') throw new Error(locked.state)
    for (const password of ['', 'x'.repeat(1025), '\ud800']) await expect(locked.unlock(password)).rejects.toMatchObject({ code: 'invalid-value' })
    await expect(locked.unlock(any(undefined))).rejects.toThrow(TypeError)
    await expect(locked.unlock('wrong')).rejects.toMatchObject({ code: 'wrong-password' })
  })
})

describe('free JSON', () => {
  it('a thousand times at random comes back equal, pending, folded and opened again', async () => {
    const browser = testBrowser()
    let tab = await browser.tab()
    const { chatLogId } = await tab.sessions.create()
    const values = fc.sample(fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }), { numRuns: 1000, seed: 20_240_611 })
    const inputs = values.map((free, i) => ({ id: `m${i}`, senderId: 'a', type: 'user' as const, content: '', metadata: any({ free }) as { free: never } }))
    await tab.chatLogs.append(chatLogId, inputs)
    // -0 is 0 for JSON, so both sides are compared as JSON.
    const expected = values.map((free) => JSON.stringify({ free }))
    const told = async (): Promise<string[]> => (await tab.chatLogs.read(chatLogId, { limit: 2000 })).map(({ metadata }) => JSON.stringify(metadata))
    expect(await told()).toEqual(expected)
    await tab.checkpoint()
    tab.releaseMemory()
    expect(await told()).toEqual(expected)
    await tab.lock()
    tab = await browser.tab()
    expect(await told()).toEqual(expected)
    const deepEqual = (await tab.chatLogs.read(chatLogId, { limit: 2000 })).every(({ metadata }, i) => isDeepStrictEqual(metadata, JSON.parse(expected[i]!)))
    expect(deepEqual).toBe(true)
    await tab.lock()
  }, 60_000)
})
