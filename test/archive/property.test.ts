// Whatever a vault takes, an archive of it holds: the library verifies it, and the stand-alone reader gives what the plain JSON has.

import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { createRecoveryCode } from '../../src/crypto/recovery-code.js'
import { verify } from '../../src/vault/archive/verify-archive.js'
import type { UnlockedVault } from '../../src/vault/unlocked-vault.js'
import { asJson, bytesOf, jsonOf, readWithTool, timeless } from '../kit/archives.js'
import { any } from '../kit/bad-calls.js'
import { testBrowser } from '../kit/tabs.js'

const FULL = process.env['SEALED_VAULT_FAULTS'] === 'full'
const SEED = Number(process.env['SEALED_VAULT_SEED'] ?? 1)
const RUNS = FULL ? 400 : 25
const recoveryCode = createRecoveryCode()
const MIB = 2 ** 20
/** Of what is as long as a record may be, and of what is larger: a tenth with every test run, all of it with `npm run faults`. */
const LARGEST = FULL ? 16 * MIB : 1.5 * MIB
const SHARE = FULL ? 1 : 0.1

/** Exports and reads in every way. What was written. */
async function sameEverywhere(open: UnlockedVault): Promise<Uint8Array> {
  const { stream, report } = await open.exportArchive({ recoveryCode })
  const bytes = await bytesOf(stream)
  const { counts } = await verify(bytes, { recoveryCode })
  expect(counts).toEqual((await report).counts)
  const plain = timeless(await jsonOf(await open.exportJson({ unprotected: true })))
  // Not by expect: to print what differs in megabytes takes for ever.
  if (!isDeepStrictEqual(asJson(await readWithTool(bytes, recoveryCode, { recoveryCode: true })), plain)) throw new Error('the stand-alone reader gives something else than the plain JSON')
  expect(counts).toMatchObject({ sessions: plain.sessions.length, chatLogs: plain.chatLogs.length, messages: plain.chatLogs.reduce((sum, { messages }) => sum + messages.length, 0), brains: plain.brains.length, preferences: plain.preferences.length, items: Object.values(plain.collections).flat().length })
  return bytes
}

/* ---- records by chance ---- */

const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 }).map((codes) => String.fromCharCode(...codes))
const odd = fc.constantFrom('', '\ud800', '\udc00\ud800', '\u0000', '\ufeff', '\u2028\u2029', '\n', '"\\', '__proto__', 'constructor', 'e\u0301', '👩‍👩‍👧', '\ufffe\uffff')
const text = fc.oneof(units, odd, fc.string({ unit: 'binary', maxLength: 40 }))
const longText = fc.tuple(text, fc.integer({ min: 65_530, max: 140_000 })).map(([piece, length]) => `${piece}x`.repeat(Math.ceil(length / (piece.length + 1))).slice(0, length))
const content = fc.oneof({ weight: 8, arbitrary: text }, { weight: 1, arbitrary: longText })
const id = text.filter((value) => value !== '')
const number = fc.double({ noDefaultInfinity: true, noNaN: true })
const entries = <T>(value: fc.Arbitrary<T>) => fc.array(fc.tuple(content.map((key) => key.slice(0, 100)), value), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs) as Record<string, T>)
const { json } = fc.letrec<{ json: unknown; leaf: unknown }>((tie) => ({
  leaf: fc.oneof(content, number, fc.boolean(), fc.constant(null), fc.constantFrom([], {})),
  json: fc.oneof({ maxDepth: 5, withCrossShrink: true }, tie('leaf'), fc.array(tie('json'), { maxLength: 4 }), entries(tie('json'))),
}))
const deepJson = fc.tuple(json, fc.integer({ min: 0, max: 120 }), fc.boolean()).map(([value, levels, lists]) => Array.from({ length: levels }).reduce<unknown>((inner) => (lists ? [inner] : { '': inner }), value))
const object = entries(fc.oneof({ weight: 5, arbitrary: json }, { weight: 1, arbitrary: deepJson }))
const message = fc.record(
  { id, senderId: id, type: fc.constantFrom('user', 'assistant', 'system'), content, timestamp: number, metadata: fc.tuple(object, fc.record({ images: fc.array(content, { maxLength: 3 }), commands: fc.array(text, { maxLength: 3 }), context: object }, { requiredKeys: [] })).map(([free, typed]) => ({ ...free, ...typed })) },
  { requiredKeys: ['senderId', 'type', 'content'] },
)
const session = fc.record(
  { id, title: text, connectionId: text, participants: fc.array(text, { maxLength: 3 }), keywords: fc.array(text, { maxLength: 3 }), state: fc.constantFrom('active', 'inactive', 'archived'), createdAt: number, chatLogId: fc.oneof(id, fc.constant(false)) },
  { requiredKeys: [] },
)
const brain = fc.record({ entityId: id, model: content, configuration: object, memories: fc.array(fc.oneof(json, deepJson), { maxLength: 3 }) }, { requiredKeys: ['entityId', 'model'] })
const step = fc.oneof(
  fc.record({ do: fc.constant('session' as const), session }),
  fc.record({ do: fc.constant('append' as const), at: fc.nat(), messages: fc.uniqueArray(message, { minLength: 1, maxLength: 5, selector: ({ id: own }) => own ?? Symbol('own') }) }),
  fc.record({ do: fc.constant('brain' as const), brain }),
  fc.record({ do: fc.constant('preference' as const), id, value: fc.oneof(json, deepJson) }),
  fc.record({ do: fc.constant('item' as const), name: fc.constantFrom('notes', 'constructor', 'x'.repeat(64)), id, value: fc.oneof(json, deepJson) }),
  fc.record({ do: fc.constant('change' as const), at: fc.nat(), content }),
  fc.record({ do: fc.constant('delete' as const), at: fc.nat() }),
  fc.record({ do: fc.constant('checkpoint' as const) }),
)

/** What the vault refuses is not there; that it takes most is held against in the end. */
async function play(open: UnlockedVault, steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]): Promise<{ taken: number; refused: number }> {
  const outcome = { taken: 0, refused: 0 }
  for (const made of steps) {
    const logs = await open.chatLogs.list()
    const log = 'at' in made && logs.length > 0 ? logs[made.at % logs.length]!.id : undefined
    const newest = async (): Promise<string | undefined> => (log === undefined ? undefined : (await open.chatLogs.read(log, { limit: 1 }))[0]?.id)
    try {
      if (made.do === 'session') await open.sessions.create(any(made.session))
      else if (made.do === 'brain') await open.brains.put(any(made.brain))
      else if (made.do === 'preference') await open.preferences.set(made.id, any(made.value))
      else if (made.do === 'item') await open.collection(made.name, { schema: z.unknown(), head: (value) => ({ is: typeof value }) }).put(made.id, made.value)
      else if (made.do === 'checkpoint') await open.checkpoint()
      else if (log === undefined) continue
      else if (made.do === 'append') await open.chatLogs.append(log, any(made.messages))
      else {
        const last = await newest()
        if (last === undefined) continue
        if (made.do === 'change') await open.chatLogs.update(log, last, { content: made.content })
        else await open.chatLogs.deleteMessage(log, last)
      }
      outcome.taken++
    } catch (error) {
      expect(error).toMatchObject({ name: 'VaultError', code: expect.stringMatching('invalid-value|conflict') as unknown })
      outcome.refused++
    }
  }
  return outcome
}

describe('what a vault takes is in its archive', () => {
  it('by chance', { timeout: FULL ? 3_600_000 : 120_000 }, async () => {
    const total = { taken: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(session, fc.array(step, { minLength: 5, maxLength: 25 }), async (begun, steps) => {
        const open = await testBrowser().tab()
        const { taken, refused } = await play(open, [{ do: 'session', session: { ...begun, chatLogId: 'first' } }, ...steps])
        total.taken += taken
        total.refused += refused
        await sameEverywhere(open)
        await open.lock()
      }),
      { numRuns: RUNS, seed: SEED },
    )
    expect(total.refused).toBeLessThan(total.taken / 5)
  })

  const append = async (open: UnlockedVault, messages: readonly object[]): Promise<void> => {
    const { chatLogId } = await open.sessions.create()
    for (const one of messages) await open.chatLogs.append(chatLogId, any({ senderId: 'a', type: 'user', content: '', ...one }))
  }
  /** So many characters of JSON, in short strings. */
  const shortStrings = (characters: number, one = 'a short one'): string[] => Array.from({ length: Math.floor(characters / (JSON.stringify(one).length + 1)) }, () => one)
  const CASES: readonly [name: string, fill: (open: UnlockedVault) => Promise<unknown>, leastBytes?: number][] = [
    ['a message of a million spaces', (open) => append(open, [{ content: ' '.repeat(1e6) }])],
    ['100 messages of a million spaces', (open) => append(open, Array.from({ length: 100 }, () => ({ content: ' '.repeat(1e6) }))), 1e8 / 200],
    ['a message as long as can be in short strings', (open) => append(open, [{ metadata: { context: { list: shortStrings(LARGEST - 1000) } } }])],
    ['a preference as long as can be in strings that are escaped', (open) => open.preferences.set('p', shortStrings(LARGEST - 1000, '\u0001\ud800'))],
    ['a brain as long as can be, and a model of as much, of three bytes each', (open) => open.brains.put({ entityId: 'e', model: '中'.repeat(LARGEST - 1000), configuration: { list: shortStrings(LARGEST - 1000, '中'.repeat(60_000)) } }), 100_000 * SHARE],
    ['a session whose title is as long as can be', (open) => open.sessions.create({ title: 'ä'.repeat(LARGEST - 1000) }), 10_000 * SHARE],
    ['a large image', (open) => append(open, [{ metadata: { images: ['iVBORw0KGgoAAAANSUhEUgAA'.repeat(850_000 * SHARE)] } }]), 10_000 * SHARE],
    ['a name of a key of 100 KB, with long strings below it', (open) => append(open, [{ metadata: { ['k'.repeat(100_000)]: { list: Array.from({ length: 50 }, (_, i) => `${i}`.repeat(40_000)) } } }])],
    ['as deep as can be', (open) => open.brains.put({ entityId: 'e', model: '', configuration: any(Array.from({ length: 127 }).reduce<unknown>((inner) => ({ a: inner }), 'x'.repeat(70_000))), memories: [any(Array.from({ length: 128 }).reduce<unknown>((inner) => [inner], 'x'.repeat(70_000)))] })],
    ['nothing but what is empty', (open) => append(open, [{ content: '', metadata: {} }, { metadata: { images: [], commands: [''], context: { '': '' } } }])],
  ]
  for (const [name, fill, leastBytes = 0] of CASES) {
    const isLarge = leastBytes > 0
    it(name, { timeout: 240_000 }, async () => {
      const open = await testBrowser().tab()
      await fill(open)
      // Large ones are read once, or it would take minutes.
      if (!isLarge || FULL) await sameEverywhere(open)
      await open.checkpoint()
      open.releaseMemory()
      const bytes = await sameEverywhere(open)
      // Text that packs too well is filled up until a reader takes it.
      if (isLarge) expect(bytes.length).toBeGreaterThan(leastBytes)
      await open.lock()
    })
  }
})
