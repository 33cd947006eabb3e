// Segments that authenticate and say nonsense, a mistake of whoever wrote them: each search ends, with what the pages can put right or with damage of the index.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { BLOCK_BYTES } from '../../src/vault/core/blocks.js'
import { SuspectPage } from '../../src/vault/core/pages.js'
import { ByteReader, ByteSink, SLACK } from '../../src/vault/search/segments/bits.js'
import { malformed } from '../../src/vault/search/segments/malformed.js'
import { decodeIds } from '../../src/vault/search/segments/message-ids.js'
import { PostingList } from '../../src/vault/search/segments/posting-list.js'
import { writeList } from '../../src/vault/search/segments/postings.js'
import { decodeFooter, encodeFooter, FOOTER_BYTES, type Footer } from '../../src/vault/search/segments/segment-format.js'
import { Segment } from '../../src/vault/search/segments/segment.js'
import { TermStream } from '../../src/vault/search/segments/term-stream.js'
import { WordPage } from '../../src/vault/search/segments/word-page.js'
import { seededRandom } from '../kit/random.js'
import { testBrowser } from '../kit/tabs.js'
import { message } from '../kit/vault-states.js'
import { A, B, openBlocks, searchSegments, segmentOf, wantedOf, type Line, type OpenBlocks } from './kit/segments.js'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('what says nonsense', () => {
  it('a number without an end', () => {
    expect(() => new ByteReader(Uint8Array.of(0x80, 0x80)).varint()).toThrow(SuspectPage)
    expect(() => new ByteReader(new Uint8Array(0)).varint()).toThrow(SuspectPage)
  })

  it.each([
    ['a page of words that lacks its last zero', 'aaa\0bbb'],
    ['a page of fewer words', 'aaabbb\0'],
    ['a page of more words', 'aaa\0bbb\0c\0'],
    ['a page that is no text', 'aaa\0b\u0080b\0'],
  ])('%s', (_, text) => {
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0))
    const page = new WordPage({ tier: 1, first: 'aaa', count: 2, wordsAt: 0, wordsLength: bytes.length, numbersAt: 0, numbersLength: 0, docsAt: 0, docsLength: 0, placesAt: 0, placesLength: 0 })
    expect(() => {
      page.takeWords({ bytes, at: 0 })
      page.forEachMeant({ term: 'b', comparison: 'contains' }, () => undefined)
    }).toThrow(SuspectPage)
  })

  it.each([100, 20])('a list of which the directory says another end than its chunks: %i', (step) => {
    const ordinals = Uint32Array.from({ length: 200 }, (_, i) => i)
    const docs = new ByteSink()
    const written = writeList({ ordinals, positions: ordinals, spans: new Uint32Array(200).fill(1), from: 0, to: 200 }, new Uint8Array(1000), docs, undefined)
    const bytes = new Uint8Array(docs.length + SLACK)
    bytes.set(docs.view())
    // The first byte of the second chunk's entry: 199 - 127 - 1.
    const entry = new ByteReader(bytes)
    for (let i = 0; i < 3; i++) entry.varint()
    entry.at += 1 + 2 * bytes[entry.at]!
    expect(bytes[entry.at]).toBe(71)
    bytes[entry.at] = step
    const list = new PostingList({ ...written, docsAt: 0, placesAt: 0 }, false, 1000)
    list.open({ bytes, at: 0 })
    list.load('docs', 0, 2, { bytes, at: list.rangeOf('', 'docs', 0, 2).from })
    expect(() => list.among(Uint32Array.of(5, 140, 210))).toThrow(SuspectPage)
    expect(() => list.between(0, 1000)).toThrow(SuspectPage)
  })

  it.each<[string, (footer: Footer) => Partial<Footer>]>([
    ['more pages', ({ pages }) => ({ pages: pages + 3 })],
    ['fewer pages', ({ pages }) => ({ pages: pages - 1 })],
    ['another place of the directory', ({ directoryAt }) => ({ directoryAt: directoryAt - 20 })],
    ['a shorter table', () => ({ tableLength: 10 })],
    ['another place of the words', ({ wordsAt }) => ({ wordsAt: wordsAt - 1 })],
    ['more text', ({ units }) => ({ units: units + 1 })],
    ['text of no length', () => ({ units: Number.NaN })],
  ])('a footer that says %s', async (_, change) => {
    const store = openBlocks()
    const { entry } = await segmentOf(store, 1, Array.from({ length: 50 }, (__, i) => ({ number: i, content: `w${i} zoo` })))
    store.tamper = (_stem, block, bytes) => {
      if (block !== entry.blocks - 1) return
      const footer = decodeFooter(bytes.slice(BLOCK_BYTES - FOOTER_BYTES))
      bytes.set(encodeFooter({ ...footer, ...change(footer) }), BLOCK_BYTES - FOOTER_BYTES)
    }
    store.blocks.clear()
    await expect(Segment.open(store.blocks, entry)).rejects.toThrow(SuspectPage)
  })

  it('a list: the messages are read instead', { timeout: 60_000 }, async () => {
    const open = await testBrowser().tab()
    await open.load([{ session: { id: 's' }, messages: [message('a zeppelin'), message('a boat')] }])
    await open.checkpoint()
    vi.spyOn(PostingList.prototype, 'between').mockImplementation(() => {
      throw malformed()
    })
    const found: string[] = []
    for await (const { message: { content } } of open.search('zeppelin')) found.push(content)
    expect(found).toEqual(['a zeppelin'])
  })
})

/** Asks a segment for all kinds of things, and reads all of it as merging does. */
async function askAll({ blocks }: OpenBlocks, entry: Segment['entry']): Promise<void> {
  blocks.clear()
  const segment = await Segment.open(blocks, entry)
  for (const [text, options] of [
    ['zoo', {}],
    ['*oob*', { order: 'relevance' }],
    ['w*', { order: 'relevance', recency: { halfLifeMs: 1000, at: 4000 } }],
    ['"a b"', { order: 'relevance' }],
    ['fooBar', { senders: ['ada'] }],
    ['zoo -a', { from: 1000, to: 2000 }],
  ] as const) {
    const { byId, byWords } = await searchSegments([segment], wantedOf(text, options, `${A}1`))
    // Messages that are there are read, and left out where they are no answers; others are none.
    for (const { logNumber, number } of [...byId, ...byWords]) if (![1, 2].includes(logNumber) || !Number.isInteger(number) || number < 0 || number > 0xffffffff) throw new Error('no message')
  }
  segment.allTimes()
  decodeIds(await segment.idBytes(), segment.messages)
  const stream = new TermStream(segment, blocks)
  for (await stream.next(); stream.term !== undefined; await stream.next()) if (stream.read().ordinals.some((ordinal) => ordinal >= segment.messages)) throw new Error('no ordinal')
}

describe('one wrong bit of a segment', () => {
  it.each([
    ['of few messages', 300, 240],
    ['in tiers', 4200, 60],
  ])('%s leads to messages that are looked at or to damage of the index', { timeout: 120_000 }, async (_, messages, flips) => {
    const store = openBlocks()
    const lines = Array.from({ length: messages }, (__, i): Line => ({ stem: i % 3 === 0 ? B : A, number: Math.floor(i / 3) + 1000 * (i % 3), timestamp: i * 7, content: `w${i % 500} zoo ${i % 2 === 0 ? 'b a' : 'a b'} fooBar ${'a '.repeat(i % 5)}` }))
    const { entry, footer } = await segmentOf(store, 1, lines)
    await askAll(store, entry)
    const end = entry.blocks * BLOCK_BYTES
    const parts = [0, footer.tableLength, footer.timesAt, footer.groupsAt, footer.wordsAt, footer.numbersAt, footer.partsAt, footer.idsAt, footer.directoryAt, footer.directoryAt + footer.directoryLength]
    const stretches = [...parts.slice(1).map((to, i) => [parts[i]!, to] as const), [end - FOOTER_BYTES, end] as const].filter(([from, to]) => from < to)
    const random = seededRandom(messages)
    let damaged = 0
    for (let i = 0; i < flips; i++) {
      // As often in a short part as in a long one.
      const [from, to] = stretches[i % stretches.length]!
      const at = from + random.below(to - from)
      const bit = 1 << random.below(8)
      store.tamper = (_stem, block, bytes) => {
        if (block === Math.floor(at / BLOCK_BYTES)) bytes[at % BLOCK_BYTES]! ^= bit
      }
      const error = await askAll(store, entry).then(() => undefined, (reason: unknown) => reason)
      if (error === undefined) continue
      damaged++
      expect(error, `byte ${at} of ${parts.join(' ')}, bit ${bit}: ${(error as Error).stack}`).toBeInstanceOf(SuspectPage)
      expect((error as SuspectPage).damage).toMatchObject({ code: 'corrupt', details: { where: 'blocks' } })
    }
    expect(damaged).toBeGreaterThan(flips / 3)
  })
})
