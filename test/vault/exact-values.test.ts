// What a vault gives back is exactly what it was given: any string, any key, any number, any JSON.

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dump, populate, any, deep } from '../kit/bad-calls.js'
import { testBrowser } from '../kit/tabs.js'

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
