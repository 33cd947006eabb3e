// The archive of docs/format.md, section 15, read from the document itself: it opens for the library and for the stand-alone reader, to the lines,
// key and bytes that stand there.

import { readFileSync } from 'node:fs'
import { inflateRawSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { verifyArchive } from '../../src/index.js'
import { concat, utf8 } from '../../src/crypto/bytes.js'
import { openFloe } from '../../src/crypto/floe.js'
import { padme } from '../../src/crypto/padding.js'
import { bytesOf, readWithTool } from '../kit/archives.js'

const document = readFileSync(new URL('../../docs/format.md', import.meta.url), 'utf8')
const example = document.slice(document.indexOf('**Example.** A vault with one preference'))
const recoveryCode = /^code {2,}(\S+)$/m.exec(document)![1]!
const block = (language: string): string => new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'm').exec(example)![1]!
const line = (name: string): string => new RegExp(`^${name} {2,}(.+)$`, 'm').exec(example)![1]!
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'))

const header = utf8(block('json').trim())
const prefix = concat(utf8('SVARCHV1'), Uint8Array.from([0, 0, header.length >> 8, header.length & 255]))
const sealed = bytes(block('hex'))
const file = concat(prefix, header, sealed)

it('opens for both readers', async () => {
  expect(header).toHaveLength(871)
  expect(await verifyArchive(file, { recoveryCode })).toMatchObject({ seq: 2, counts: { preferences: 1, messages: 0 }, missing: [] })
  const lines = block('ndjson').trimEnd().split('\n').map((text) => JSON.parse(text) as unknown)
  expect(await readWithTool(file, recoveryCode, { recoveryCode: true })).toEqual(lines)
})

it('holds the frames and lines that the document shows', async () => {
  const opened = new Blob([sealed]).stream().pipeThrough(openFloe(bytes(line('archive key')), concat(prefix, header), [65_536]) as ReadableWritablePair<Uint8Array, Uint8Array>)
  const frames = Buffer.from(await bytesOf(opened))
  expect(frames).toHaveLength(336)
  expect(frames.subarray(0, 12).toString('hex')).toBe(line('frames begin'))
  const length = frames.readUInt32BE(0)
  expect(inflateRawSync(frames.subarray(4, 4 + length)).toString()).toBe(block('ndjson'))
  expect(frames.subarray(4 + length).every((byte) => byte === 0)).toBe(true)
  expect(padme(4 + length + 4)).toBe(336)
  const before = block('ndjson').indexOf('{"kind":"end"')
  expect(line('lines')).toBe(`3, the last behind ${before} bytes`)
})
