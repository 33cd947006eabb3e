// What tests of archives share: bytes of streams, and what the stand-alone reader makes of them.

import { openArchive } from '../../tools/open-archive.mjs'
import type { JsonExport, ToolRecord } from './archive-json.js'

export { asJson, timeless, type JsonExport, type ToolRecord } from './archive-json.js'

export async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer())
}

export async function jsonOf(stream: ReadableStream<Uint8Array>): Promise<JsonExport> {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await bytesOf(stream))) as JsonExport
}

/** Everything the stand-alone reader gives. @throws its ArchiveError */
export async function readWithTool(bytes: Uint8Array, secret: string, options: { readonly recoveryCode?: boolean } = {}): Promise<ToolRecord[]> {
  const records: ToolRecord[] = []
  const source = (async function* pieces() {
    // Odd pieces: a reader must not depend on how a file is cut.
    for (let at = 0, length = 1; at < bytes.length; at += length, length = Math.min(100_000, length * 3 + 1)) yield bytes.subarray(at, at + length)
  })()
  for await (const record of openArchive(source, secret, options)) records.push(record as ToolRecord)
  return records
}
