// Which format wrote a header or manifest: the first thing asked of a vault, before any key or schema is at hand.
// Implements the version fields of docs/format.md, sections 3 and 6.

import { VaultError } from '../../errors.js'

/** The format this code writes. */
export const FORMAT = 1
const HEADER_MAGIC = 'SVAULTH'
const MANIFEST_MAGIC = 'SVM1'

const ascii = (bytes: Uint8Array, from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to))

function newer(where: string, number?: number): VaultError {
  return new VaultError('unsupported-version', 'this vault was written by a newer version; update the app', { where, ...(number !== undefined && { number }) })
}

/** @throws {VaultError} `unsupported-version` when a newer format wrote the header; damage is not looked for. */
export function refuseNewerHeader(row: Uint8Array): void {
  if (ascii(row, 0, 7) !== HEADER_MAGIC) return
  if (row[7]! > 0x30 + FORMAT) throw newer('header')
  let format: unknown
  try {
    const length = new DataView(row.buffer, row.byteOffset, row.byteLength).getUint32(8)
    format = (JSON.parse(new TextDecoder().decode(row.subarray(12, 12 + length))) as { format?: unknown } | null)?.format
  } catch {
    return
  }
  if (typeof format === 'number' && format > FORMAT) throw newer('header', format)
}

/** @throws {VaultError} `unsupported-version` when a newer format wants no writers of this one, `corrupt` when it is no manifest */
export function refuseNewerManifest(row: Uint8Array): void {
  if (row.length < 16 || ascii(row, 0, 4) !== MANIFEST_MAGIC) throw new VaultError('corrupt', 'the manifest is malformed', { where: 'manifest' })
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength)
  if (view.getUint16(6) > FORMAT) throw newer('manifest', view.getUint16(4))
}
