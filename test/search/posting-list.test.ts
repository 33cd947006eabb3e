// The list of one term, by itself.

import { expect, it } from 'vitest'
import { ByteSink, SLACK } from '../../src/vault/search/segments/bits.js'
import { PostingList } from '../../src/vault/search/segments/posting-list.js'
import { writeList } from '../../src/vault/search/segments/postings.js'

it('a directory is read as far as its longest entries reach', () => {
  // Texts that were pasted: one message in two hundred holds the word 100 to 227 times, the longer ones oftener, so that chunks are bounded by all pairs they may have.
  const messages = 5120
  const ordinals: number[] = []
  const positions: number[] = []
  const lengths = new Uint8Array(messages * 200).fill(100)
  for (let message = 0; message < messages; message++) {
    const count = 100 + ((message * 37) % 128)
    lengths[message * 200] = 60 + (count >> 1)
    for (let i = 0; i < count; i++) {
      ordinals.push(message * 200)
      positions.push(i * 300)
    }
  }
  const docs = new ByteSink()
  const places = new ByteSink()
  const written = writeList({ ordinals: Uint32Array.from(ordinals), positions: Uint32Array.from(positions), spans: new Uint32Array(ordinals.length).fill(1), from: 0, to: ordinals.length }, lengths, docs, places)
  const list = new PostingList({ ...written, docsAt: 0, placesAt: docs.length }, true, messages * 200)
  // The bytes it asked for and zeros, as where they lie across the border of two blocks.
  const bytes = new Uint8Array(list.directoryLength + SLACK)
  bytes.set(docs.view().subarray(0, list.directoryLength))
  list.open({ bytes, at: 0 })
  const lasts = Array.from({ length: list.chunks }, (_, chunk) => list.lastOf(chunk))
  expect(lasts).toEqual(Array.from({ length: list.chunks }, (_, chunk) => (128 * (chunk + 1) - 1) * 200))
  const pairs: number[] = []
  for (let chunk = 0; chunk < list.chunks; chunk++) {
    let own = 0
    list.forEachBound(chunk, () => own++)
    pairs.push(own)
  }
  expect(new Set(pairs)).toEqual(new Set([8]))
})
