// Archives that somebody wrote who holds the key: built to exhaust a reader, to lie, or to leave it with something that no vault holds.
// The library's reader refuses each with a typed error in little memory; the stand-alone reader refuses each, too.

import { afterAll, describe, expect, it, vi } from 'vitest'
import type { Bytes } from '../../src/brand.js'
import { concat, u32, utf8 } from '../../src/crypto/bytes.js'
import { createRecoveryCode } from '../../src/crypto/recovery-code.js'
import type { VaultErrorCode } from '../../src/errors.js'
import { verifyArchive } from '../../src/index.js'
import { openArchive, SEGMENT_LENGTHS } from '../../src/vault/archive/read-archive.js'
import { verify } from '../../src/vault/archive/verify-archive.js'
import { ArchiveError } from '../../tools/open-archive.mjs'
import { vaultError } from '../crypto/errors.js'
import { archiveMaker, deflated, fileOf, filler, frame, framesOf, headerBytes, LAST_FRAME, manifestLine, padded, sealedFile, withEnd, type ArchiveMaker, type HeaderJson, type Line } from '../kit/archive-writer.js'
import { readWithTool } from '../kit/archives.js'
import { insecureFastKdf } from '../kit/tabs.js'

const MIB = 2 ** 20
/** What reading one file may add to the process. */
const MAX_GROWTH = 256 * MIB
const recoveryCode = createRecoveryCode()
const maker = await archiveMaker({ recoveryCode })
const first = manifestLine(maker)
const session = { kind: 'session', id: 's', rev: 1, modifiedAt: 1, value: { participants: [] } }
const chatLog = { kind: 'chatLog', id: 'c', rev: 1, modifiedAt: 1, value: { sessionId: 's', createdAt: 1 } }
const messageOf = (number: unknown, more: object = {}): Line => ({ kind: 'message', number, rev: 1, modifiedAt: 1, value: { id: `m${String(number)}`, senderId: 'a', type: 'user', content: 'text', timestamp: 1 }, ...more })
const preference = (value: unknown, more: object = {}): Line => ({ kind: 'preference', id: 'p', rev: 1, modifiedAt: 1, value, ...more })
const textLine = (length: number): Line => ({ kind: 'text', text: 't'.repeat(length) })
const long = (length: unknown, path: unknown = ['content']): object => ({ long: [[path, length]] })

let largest = { growth: 0, name: 'nothing' }
afterAll(() => console.info(`hostile archives: at most ${(largest.growth / MIB).toFixed(0)} MiB more (${largest.name})`))

/** Runs it while the resident set is watched. */
async function inLittleMemory<T>(name: string, work: () => Promise<T>, limit = MAX_GROWTH): Promise<T> {
  const before = process.memoryUsage.rss()
  let growth = 0
  const measure = (): void => {
    growth = Math.max(growth, process.memoryUsage.rss() - before)
  }
  const watch = setInterval(measure, 5)
  try {
    return await work()
  } finally {
    clearInterval(watch)
    measure()
    if (growth > largest.growth) largest = { growth, name }
    expect(growth, `MiB for ${name}: ${growth / MIB}`).toBeLessThan(limit)
  }
}

/** What came of reading: an error, or nothing. */
const failureOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'accepted', (error: unknown) => error)

async function refused(name: string, file: Bytes, code: VaultErrorCode, reason?: string): Promise<void> {
  const failure = await inLittleMemory(name, () => failureOf(verify(file, { recoveryCode }, insecureFastKdf)))
  expect(failure, name).toEqual(vaultError(code, reason === undefined ? {} : { reason }))
  expect(await inLittleMemory(`${name}, stand-alone`, () => failureOf(readWithTool(file, recoveryCode, { recoveryCode: true }))), name).toBeInstanceOf(ArchiveError)
  expect(({} as Record<string, unknown>)['polluted'], name).toBeUndefined()
}

type Case = readonly [name: string, lines: string, code: VaultErrorCode, reason?: string]
const lines = (name: string, some: readonly Line[], reason: string, end: Parameters<typeof withEnd>[1] = {}): Case => [name, withEnd([first, ...some], end), 'corrupt', reason]

const nested = (depth: number): string => `{"kind":"preference","id":"p","rev":1,"modifiedAt":1,"value":${'['.repeat(depth)}${']'.repeat(depth)}}`

const MALFORMED: readonly Case[] = [
  lines('a line that is no JSON', ['{"kind":"preference",'], 'json'),
  lines('an empty line', [''], 'json'),
  lines('a line that is null', ['null'], 'shape'),
  lines('a line that is an array', ['[1]'], 'shape'),
  lines('a line that is a text', ['"preference"'], 'shape'),
  lines('a byte order mark', ['\ufeff{"kind":"missing","of":"brain","id":"a","reason":"page"}'], 'json'),
  lines('values 10,000 deep', [nested(10_000)], 'depth'),
  lines('values 131 deep', [nested(131)], 'depth'),
  lines('values 5,000,000 deep', [nested(5_000_000)], 'depth'),
  ['a kind that is not known', withEnd([first, { kind: 'hologram', id: 'a' }]), 'unsupported-version'],
  ['another version', withEnd([manifestLine(maker, { v: 2 })]), 'unsupported-version'],
  ['nothing', '', 'corrupt', 'no-end'],
  ['no first line', withEnd([session]), 'corrupt', 'manifest'],
  ['an end alone', withEnd([]), 'corrupt', 'manifest'],
  ['two first lines', withEnd([first, first]), 'corrupt', 'shape'],
  ['the id of another archive', withEnd([manifestLine(maker, { archiveId: 'AAAAAAAAAAAAAAAAAAAAAA' })]), 'corrupt', 'archive-id'],
  ['a version that is a text', withEnd([manifestLine(maker, { v: '1' })]), 'corrupt', 'manifest'],
  ['a manifest with more in it', withEnd([manifestLine(maker, { more: 1 })]), 'corrupt', 'manifest'],
  ['a manifest without a commit', withEnd([manifestLine(maker, { seq: undefined })]), 'corrupt', 'manifest'],
  lines('a message before any chat log', [session, messageOf(0)], 'order'),
  lines('a message after a session', [session, chatLog, messageOf(0), session, messageOf(1)], 'order'),
  lines('a message after a preference', [chatLog, preference(1), messageOf(0)], 'order'),
  lines('numbers that fall', [chatLog, messageOf(3), messageOf(2)], 'order'),
  lines('a number twice', [chatLog, messageOf(3), messageOf(3)], 'order'),
  lines('a number below zero', [chatLog, messageOf(-1)], 'shape'),
  lines('a number that is not whole', [chatLog, messageOf(0.5)], 'shape'),
  lines('a number that is a text', [chatLog, messageOf('0')], 'shape'),
  lines('a number above all', [chatLog, messageOf(2 ** 53)], 'shape'),
  lines('a session after a preference', [preference(1), session], 'order'),
  lines('a brain after a preference', [preference(1), { ...session, kind: 'brain' }], 'order'),
  lines('a preference after deletions', [{ kind: 'tombstones', list: [] }, preference(1)], 'order'),
  lines('an id that is empty', [preference(1, { id: '' })], 'shape'),
  lines('an id of 1,025 units', [preference(1, { id: 'a'.repeat(1025) })], 'shape'),
  lines('no id', [preference(1, { id: undefined })], 'shape'),
  lines('an id that is a number', [preference(1, { id: 1 })], 'shape'),
  lines('a value that is a list', [{ ...session, value: [] }], 'shape'),
  lines('a value that is null', [{ ...session, value: null }], 'shape'),
  lines('a field too many', [preference(1, { more: 1 })], 'shape'),
  lines('a time that is none', ['{"kind":"preference","id":"p","rev":1,"modifiedAt":1e999,"value":1}'], 'shape'),
  lines('a commit below zero', [preference(1, { rev: -1 })], 'shape'),
  lines('deletions that are none', [{ kind: 'tombstones', list: [['hash', 1]] }], 'shape'),
  lines('something missing of no kind', [{ kind: 'missing', of: 'session', id: 'a', reason: 'page' }], 'shape'),
  lines('text before any record', [textLine(1)], 'text'),
  lines('text after a record without long strings', [chatLog, messageOf(0), textLine(1)], 'text'),
  lines('text too long', [chatLog, messageOf(0, long(10)), textLine(11)], 'text'),
  lines('text too many', [chatLog, messageOf(0, long(10)), textLine(10), textLine(1)], 'text'),
  lines('text too short', [chatLog, messageOf(0, long(10)), textLine(9), messageOf(1)], 'text-missing'),
  lines('text too few at the end', [chatLog, messageOf(0, long(10)), textLine(9)], 'text-missing'),
  lines('text for one string of two', [chatLog, messageOf(0, { long: [[['content'], 10], [['id'], 10]] }), textLine(10)], 'text-missing'),
  lines('an empty text', [chatLog, messageOf(0, long(10)), textLine(0), textLine(10)], 'shape'),
  lines('a text of 65,537 units', [chatLog, messageOf(0, long(65_537)), textLine(65_537)], 'shape'),
  lines('a text that is a number', [chatLog, messageOf(0, long(10)), { kind: 'text', text: 1 }], 'shape'),
  lines('long strings of a session', [{ ...session, ...long(1) }, textLine(1)], 'shape'),
  lines('a long string of no length', [chatLog, messageOf(0, long(-1))], 'shape'),
  lines('a long string on no path', [chatLog, messageOf(0, long(1, [])), textLine(1)], 'shape'),
  lines('a long string where there is none', [chatLog, messageOf(0, long(1, ['metadata', 'images', 3])), textLine(1)], 'long'),
  lines('a long string in place of a number', [chatLog, messageOf(0, long(1, ['timestamp'])), textLine(1)], 'long'),
  lines('a long string in a prototype', [chatLog, messageOf(0, long(1, ['__proto__', 'polluted'])), textLine(1)], 'long'),
  lines('a long string in a constructor', [chatLog, messageOf(0, long(1, ['constructor', 'prototype', 'polluted'])), textLine(1)], 'long'),
  lines('a long string in place of a prototype', [chatLog, messageOf(0, long(1, ['__proto__'])), textLine(1)], 'long'),
  lines('too many counted', [session], 'counts', { counts: { sessions: 2 } }),
  lines('too few counted', [session], 'counts', { counts: { sessions: 0 } }),
  lines('deletions not counted', [{ kind: 'tombstones', list: [['hash', 1, 1]] }], 'counts', { counts: { tombstones: 0 } }),
  lines('what is missing not counted', [{ kind: 'missing', of: 'brain', id: 'a', reason: 'page' }], 'counts', { counts: { missing: 0 } }),
  lines('counts of something else', [session], 'shape', { counts: { holograms: 0 } }),
  lines('a wrong hash', [session], 'hash', { sha256: 'A'.repeat(43) }),
  ['a hash that is none', withEnd([first], { sha256: '?' }), 'corrupt', 'base64'],
  ['a line after the end', `${withEnd([first])}{"kind":"session"}\n`, 'corrupt', 'after-end'],
  ['an end after the end', withEnd([first, ...withEnd([first]).trim().split('\n').slice(1)]), 'corrupt', 'after-end'],
  ['no end', `${JSON.stringify(first)}\n`, 'corrupt', 'no-end'],
  ['an end without a line feed', withEnd([first]).slice(0, -1), 'corrupt', 'line'],
  ['half a line after the end', `${withEnd([first])}{`, 'corrupt', 'line'],
]

describe('lines that no archive holds', () => {
  for (const [name, text, code, reason] of MALFORMED) it(name, async () => refused(name, await fileOf(maker, text), code, reason))

  it('bytes that are no UTF-8', async () => {
    const [before, after] = withEnd([first, preference('?')]).split('?') as [string, string]
    await refused('no UTF-8', await fileOf(maker, [utf8(before), Uint8Array.of(0xc3), utf8(after)]), 'corrupt', 'utf-8')
  })
})

describe('keys that name the prototype', () => {
  const proto = JSON.parse('{"__proto__": {"polluted": "begin"}, "constructor": {"prototype": {"polluted": 1}}}') as Record<string, unknown>

  it('are data like any other', async () => {
    const message = { kind: 'message', number: 0, rev: 1, modifiedAt: 1, value: { id: 'm', senderId: 'a', type: 'user', content: '', timestamp: 1, metadata: proto } }
    const text = withEnd([first, chatLog, { ...message, ...long(70_000, ['metadata', '__proto__', 'polluted']) }, textLine(65_536), textLine(4464), preference(proto)])
    const file = await fileOf(maker, text)
    const { batches } = await openArchive(file, { recoveryCode }, insecureFastKdf)
    const values: unknown[] = []
    for await (const lines of batches) for (const line of lines) if (line.kind === 'preference') values.push(line.value)
    expect(JSON.stringify(values)).toBe(JSON.stringify([proto]))
    const records = await readWithTool(file, recoveryCode, { recoveryCode: true })
    expect(JSON.stringify(records.find(({ kind }) => kind === 'message')!.value['metadata'])).toBe(JSON.stringify(proto).replace('begin', 't'.repeat(70_000)))
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('in the lines themselves change nothing', async () => {
    for (const line of ['{"__proto__":{"kind":"session"},"id":"p"}', '{"kind":"preference","id":"p","rev":1,"modifiedAt":1,"__proto__":{"value":1,"polluted":1},"value":2}']) {
      const failure = await failureOf(verify(await fileOf(maker, withEnd([first, line], { counts: { preferences: 1 } })), { recoveryCode }, insecureFastKdf))
      if (failure !== 'accepted') expect(failure).toEqual(vaultError('corrupt'))
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    }
  })
})

describe('frames that no archive holds', () => {
  const good = withEnd([first, session])
  const packed = deflated([good])
  const whole = async (): Promise<Bytes> => concat(framesOf(await packed), LAST_FRAME)
  const FRAMES: readonly [name: string, plaintext: () => Promise<Bytes>, reason: string][] = [
    ['a frame of 4 GiB', async () => concat(framesOf(await packed), u32(0xffff_ffff), new Uint8Array(100)), 'frame'],
    ['a frame of 2 GiB', async () => concat(framesOf(await packed), u32(0x7fff_ffff), new Uint8Array(100)), 'frame'],
    ['a frame of 65,537 bytes', async () => padded(concat(frame(new Uint8Array(65_537)), LAST_FRAME)), 'frame'],
    ['a filler of no bytes', async () => padded(concat(filler(new Uint8Array(0)), await whole())), 'frame'],
    ['a filler of 65,537 bytes', async () => padded(concat(filler(new Uint8Array(65_537)), await whole())), 'frame'],
    ['a filler that is not zeros', async () => padded(concat(filler(Uint8Array.of(0, 0, 1)), await whole())), 'filler'],
    ['no end of frames', async () => framesOf(await packed), 'frame'],
    ['half a length', async () => concat(framesOf(await packed), Uint8Array.of(0, 0)), 'frame'],
    ['half a frame', async () => framesOf(await packed).slice(0, -1), 'frame'],
    ['a byte of padding too many', async () => concat(padded(await whole()), Uint8Array.of(0)), 'padding'],
    ['padding of a megabyte', async () => concat(padded(await whole()), new Uint8Array(MIB)), 'padding'],
    ['no padding', async () => concat(framesOf(await packed), filler(new Uint8Array(1001 - ((await packed).length % 2))), LAST_FRAME), 'padding'],
    ['padding that is not zeros', async () => concat(padded(concat(filler(new Uint8Array(1001 - ((await packed).length % 2))), await whole())).slice(0, -1), Uint8Array.of(1)), 'padding'],
    ['a frame behind the end', async () => padded(concat(await whole(), await whole())), 'padding'],
    ['no frames', async () => padded(LAST_FRAME), 'deflate'],
    ['nothing at all', async () => new Uint8Array(0), 'frame'],
    ['what is not deflated', async () => padded(concat(framesOf(utf8(good)), LAST_FRAME)), 'deflate'],
    ['what was deflated, cut off', async () => padded(concat(framesOf((await packed).slice(0, -3)), LAST_FRAME)), 'deflate'],
  ]

  it.each(FRAMES)('%s', async (name, plaintext, reason) => refused(name, await sealedFile(maker, await plaintext()), 'corrupt', reason))

  it('fillers and frames of any length are read', async () => {
    const plaintext = padded(concat(filler(new Uint8Array(65_536)), framesOf(await packed, 1), filler(new Uint8Array(1)), LAST_FRAME))
    for (const segmentLength of SEGMENT_LENGTHS) {
      const file = await sealedFile(maker, plaintext, segmentLength)
      expect((await verify(file, { recoveryCode }, insecureFastKdf)).counts.sessions).toBe(1)
      expect(await readWithTool(file, recoveryCode, { recoveryCode: true })).toHaveLength(3)
    }
  })
})

describe('lengths and work out of all proportion', () => {
  it('a header, a segment and a stream of segments of 4 GiB', async () => {
    const good = await fileOf(maker, withEnd([first]))
    const changed = (at: number, bytes: Uint8Array): Bytes => {
      const file = good.slice()
      file.set(bytes, at)
      return file
    }
    const sealedAt = maker.header.bytes.length
    await refused('a header of 4 GiB', changed(8, u32(0xffff_ffff)), 'archive-too-large', 'header')
    await refused('a header of 64 KiB and a byte', changed(8, u32(65_537)), 'archive-too-large', 'header')
    await refused('segments of 4 GiB', changed(sealedAt + 2, u32(0xffff_ffff)), 'corrupt', 'parameters')
    await refused('segments of 64 MiB', changed(sealedAt + 2, u32(64 * MIB)), 'corrupt', 'parameters')
    await refused('a last segment of 4 GiB', changed(sealedAt + 74, u32(0xffff_fffe)), 'corrupt', 'segment-length')
    await refused('segments of another length, sealed as such', await sealedFile(maker, padded(concat(framesOf(await deflated([withEnd([first])])), LAST_FRAME)), 8192), 'corrupt', 'parameters')
  })

  const bomb = '0'.repeat(MIB)
  /** A gibibyte, or enough of one with every test run. */
  const pieces = process.env['SEALED_VAULT_FAULTS'] === 'full' ? 1024 : 160
  const start = `${JSON.stringify(first)}\n`
  const open = '{"kind":"preference","id":"p","rev":1,"modifiedAt":1,"value":"'

  it('zeros without end in one line', { timeout: 120_000 }, async () => {
    const file = await fileOf(maker, (function* zeros() {
      yield start + open
      for (let i = 0; i < pieces; i++) yield bomb
      yield '"}\n'
    })())
    expect(file.length).toBeLessThan(2 * MIB)
    await refused('zeros in one line', file, 'archive-too-large', 'line')
  })

  it('zeros without end in many lines', { timeout: 120_000 }, async () => {
    const file = await fileOf(maker, (function* zeros() {
      yield start
      for (let i = 0; i < pieces; i++) yield `${open}${bomb}"}\n`
    })())
    await refused('zeros in lines', file, 'archive-too-large', 'ratio')
  })

  it('a line of 64 MiB, and one of just more than any record', { timeout: 120_000 }, async () => {
    const of = async (units: number): Promise<Bytes> => fileOf(maker, withEnd([first, `${open}${'x'.repeat(units - open.length - 2)}"}`], { counts: { preferences: 1 } }))
    await refused('a line of 64 MiB', await of(64 * MIB), 'archive-too-large', 'line')
    await refused('a line of a unit too many', await of(16_842_753), 'archive-too-large', 'line')
    expect((await verify(await of(16_842_752), { recoveryCode }, insecureFastKdf)).counts.preferences).toBe(1)
  })

  it('as many values as a line has room for are read in bounded memory', { timeout: 120_000 }, async () => {
    const file = await fileOf(maker, withEnd([first, `${open.slice(0, -1)}[${'{},'.repeat((16 * MIB) / 3 - 100)}0]}`], { counts: { preferences: 1 } }))
    expect((await inLittleMemory('many values', () => verify(file, { recoveryCode }, insecureFastKdf), 2 * MAX_GROWTH)).counts.preferences).toBe(1)
  })

  it('a long line that comes byte by byte', { timeout: 120_000 }, async () => {
    // Stored, not compressed: each byte of it is a frame.
    const stored = (text: Uint8Array): Bytes => concat(...Array.from({ length: Math.ceil(text.length / 65_535) }, (_, i) => {
      const part = text.subarray(i * 65_535, (i + 1) * 65_535)
      const length = part.length
      return concat(Uint8Array.of(0, length, length >> 8, ~length, ~length >> 8), part)
    }), Uint8Array.of(3, 0))
    const text = utf8(`${start}${open}${'x'.repeat(MIB)}`)
    const file = await sealedFile(maker, padded(concat(framesOf(stored(text), 1), LAST_FRAME)), SEGMENT_LENGTHS[0])
    expect(await inLittleMemory('a line in frames of one byte', () => failureOf(verify(file, { recoveryCode }, insecureFastKdf)))).toEqual(vaultError('corrupt', { reason: 'line' }))
  })

  it('work before anything is derived', async () => {
    const password = 'a password'
    const made = await archiveMaker({ password, recoveryCode })
    const [recovery, slot] = made.json.slots as [HeaderJson['slots'][number], HeaderJson['slots'][number]]
    const asking = (...iterations: unknown[]): HeaderJson => ({ ...made.json, slots: [recovery, ...iterations.map((count) => ({ ...slot, kdf: { ...slot.kdf, iterations: count } }))] })
    const derive = [vi.spyOn(crypto.subtle, 'deriveBits'), vi.spyOn(crypto.subtle, 'deriveKey'), vi.spyOn(crypto.subtle, 'importKey')]
    const cases: readonly [HeaderJson, VaultErrorCode][] = [
      [asking(10_000_001), 'tampered'],
      [asking(2 ** 32), 'tampered'],
      [asking(599_999), 'tampered'],
      [asking(600_000, 599_999), 'tampered'],
      [asking(10_000_000, 600_000), 'tampered'],
      [asking(...Array.from({ length: 15 }, () => 10_000_000)), 'tampered'],
      [{ ...made.json, slots: Array.from({ length: 16 }, () => ({ ...slot, kdf: { ...slot.kdf, iterations: 10_000_000 } })) }, 'tampered'],
      [asking(...Array.from({ length: 16 }, () => 600_000)), 'corrupt'],
      [asking(1e308), 'corrupt'],
      [asking(0), 'corrupt'],
      [asking(600_000.5), 'corrupt'],
      [asking('600000'), 'corrupt'],
    ]
    for (const [json, code] of cases) {
      const file = await sealedWith(made, json)
      derive.forEach((spy) => spy.mockClear())
      for (const secret of [{ password }, { recoveryCode }]) {
        expect(await failureOf(verifyArchive(file, secret)), JSON.stringify(json.slots.map(({ kdf }) => kdf['iterations']))).toEqual(vaultError(code))
        for (const spy of derive) expect(spy).not.toHaveBeenCalled()
      }
      expect(await failureOf(readWithTool(file, password))).toBeInstanceOf(ArchiveError)
    }
    derive.forEach((spy) => spy.mockRestore())
  })
})

/** The header is authenticated by the stream, so that only its limits can be what is refused. */
async function sealedWith(made: ArchiveMaker, json: HeaderJson): Promise<Bytes> {
  const bytes = headerBytes(json)
  return sealedFile({ key: made.key, header: { bytes } }, padded(concat(framesOf(await deflated([withEnd([manifestLine(made)])])), LAST_FRAME)))
}
