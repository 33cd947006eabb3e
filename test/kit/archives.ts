// What tests of archives share: what the stand-alone reader makes of them.

import { openArchive } from '../../tools/open-archive.mjs'
import type { ToolRecord } from './archive-json.js'

export { asJson, bytesOf, jsonOf, timeless, type JsonExport, type ToolRecord } from './archive-json.js'

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
