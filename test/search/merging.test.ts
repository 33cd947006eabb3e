// Merging segments by hand: what is hidden goes, what hides others stays, and the order is that of the messages.

import { describe, expect, it } from 'vitest'
import type { LabelledRow } from '../../src/vault/core/codec.js'
import type { StagedBlocks } from '../../src/vault/core/replace-segments.js'
import { Slices } from '../../src/vault/core/slices.js'
import { hideOutdated, type LogsByStem } from '../../src/vault/search/index/live-index.js'
import { mergeSegments } from '../../src/vault/search/index/merge-segments.js'
import { Segment } from '../../src/vault/search/segments/segment.js'
import { TermStream } from '../../src/vault/search/segments/term-stream.js'
import { A, B, logs, openBlocks, segmentOf, type Line, type OpenBlocks } from './kit/segments.js'

/** @param logsNow chat logs when the merge begins */
async function merged(store: OpenBlocks, segments: readonly Segment[], chosen: readonly Segment[], logsNow = logs): Promise<Segment | undefined> {
  const live = hideOutdated(segments, logs)
  const staged = { write: async (rows: readonly LabelledRow[]) => store.keep(rows) } as unknown as StagedBlocks
  const entry = await mergeSegments(
    { codec: store.codec, blocks: store.blocks, staged, slices: new Slices() },
    live.filter(({ segment }) => chosen.includes(segment)),
    live.filter(({ segment }) => !chosen.includes(segment)),
    logsNow,
  )
  return entry && Segment.open(store.blocks, entry)
}

/** Places of every word: `word: stem number@position, ...`. */
async function wordsOf(store: OpenBlocks, segment: Segment): Promise<string[]> {
  const lines: string[] = []
  const stream = new TermStream(segment, store.blocks)
  for (await stream.next(); stream.term !== undefined; await stream.next()) {
    const { term, ordinals, positions } = stream.read()
    if (term.startsWith('\u0001')) continue
    const places = Array.from(ordinals, (ordinal, i) => {
      const { stem, number } = segment.placeOf(ordinal)
      return `${stem[0]}${number}@${positions[i]}`
    })
    lines.push(`${term}: ${places.join(' ')}`)
  }
  return lines
}

describe('merging segments', () => {
  it('keeps what is newest of each message, newest messages first', async () => {
    const store = openBlocks()
    const one = await segmentOf(store, 1, [{ number: 0, content: 'night train' }, { number: 1, content: 'slow train' }, { stem: B, number: 1, content: 'the train', timestamp: 500 }])
    const two = await segmentOf(store, 2, [{ number: 0, content: 'day boat' }, { number: 2, content: 'train train' }, { stem: B, number: 0, content: 'a train', timestamp: 1000 }, { number: 3, content: 'last train', timestamp: 500 }])
    const all = await merged(store, [one, two], [one, two])
    // Of one moment the later chat log comes first.
    expect(await wordsOf(store, all!)).toEqual(['a: B0@0', 'boat: A0@1', 'day: A0@0', 'last: A3@0', 'slow: A1@0', 'the: B1@0', 'train: A2@0 A2@1 B0@1 A1@1 B1@1 A3@1'])
    expect([...all!.allTimes()]).toEqual([2000, 1000, 1000, 500, 500, 0])
    expect(all!.entry).toMatchObject({ order: 2, messages: 6 })
  })

  it('lets go of deleted messages when no segment speaks of them any more, and not before', async () => {
    const store = openBlocks()
    const old = await segmentOf(store, 1, [{ number: 0, content: 'night' }, { number: 1, content: 'day' }])
    const gone = await segmentOf(store, 2, [{ number: 0, content: null }])
    const next = await segmentOf(store, 3, [{ number: 2, content: 'dawn' }])
    const some = await merged(store, [old, gone, next], [gone, next])
    expect(some!.gone).toEqual([{ log: some!.stems.indexOf(A), from: 0, count: 1 }])
    const [hidden] = hideOutdated([old, some!], logs).map((live) => live.hidden)
    // Ordinals fall with time: message 1 is 0, message 0 is 1.
    expect([...hidden!]).toEqual([0, 1])
    const all = await merged(store, [old, some!], [old, some!])
    expect(all!.gone).toEqual([])
    expect(await wordsOf(store, all!)).toEqual(['dawn: A2@0', 'day: A1@0'])
  })

  it('leaves nothing of chat logs that are gone, and no segment when nothing is left', async () => {
    const store = openBlocks()
    const one = await segmentOf(store, 1, [{ stem: 'CCCCCCCCCCCCCCCC', number: 0, content: 'night' }])
    const two = await segmentOf(store, 2, [{ stem: 'CCCCCCCCCCCCCCCC', number: 1, content: 'day' }])
    expect(await merged(store, [one, two], [one, two])).toBeUndefined()
  })

  it('leaves nothing of a chat log that is deleted between the look at the segments and the merge', async () => {
    const store = openBlocks()
    const one = await segmentOf(store, 1, [{ number: 0, content: 'night' }])
    const two = await segmentOf(store, 2, [{ number: 1, content: 'dawn' }, { stem: B, number: 0, content: 'secret' }, { stem: B, number: 1, content: 'secret' }])
    const onlyA = { get: (stem: string) => (stem === A ? logs.get(A) : undefined) } as unknown as LogsByStem
    const all = await merged(store, [one, two], [one, two], onlyA)
    expect(await wordsOf(store, all!)).toEqual(['dawn: A1@0', 'night: A0@0'])
    expect(all!.entry).toMatchObject({ messages: 2 })
  })

  it('of long lists gives the same as one segment of all messages', async () => {
    const store = openBlocks()
    const lines = Array.from({ length: 1200 }, (_, i): Line => ({ stem: i % 3 === 0 ? B : A, number: i, content: `the ${i % 7 === 0 ? 'night' : 'day'} theTrain the ${i}`, timestamp: (i * 7919) % 1201 }))
    const whole = await segmentOf(store, 9, lines)
    const parts = await Promise.all([0, 1, 2, 3].map((part) => segmentOf(store, part + 1, lines.filter((_, i) => i % 4 === part))))
    const all = await merged(store, parts, parts)
    expect(await wordsOf(store, all!)).toEqual(await wordsOf(store, whole))
    expect([...all!.allTimes()]).toEqual([...whole.allTimes()])
    expect([...(await all!.idBytes())]).toEqual([...(await whole.idBytes())])
    expect(all!.entry).toMatchObject({ blocks: whole.entry.blocks, messages: 1200, units: whole.entry.units })
  })
})
