// The lines of an archive as records, each with its long strings whole.

import type { Edits, Fields } from '../core/log-row.js'
import { vaultKey, type Version } from '../merge/causality.js'
import type { Incoming } from '../merge/incoming.js'
import type { LongText } from '../merge/merge-log.js'
import type { ArchiveLine, ArchiveManifest } from './archive-lines.js'
import type { RecordKind } from './archive-records.js'

/** A record on its way into a vault. */
export interface IncomingItem {
  readonly kind: RecordKind
  /** Of an item: the collection of the app's own that it is in. */
  readonly collection?: string
  readonly incoming: Incoming
  /** Of strings that are in `long` no more than the beginning. */
  readonly value: unknown
  readonly edits: Edits | undefined
  readonly long: readonly LongText[]
}

type RecordLine = ArchiveLine & { readonly kind: RecordKind }

interface Awaited {
  readonly path: readonly (string | number)[]
  left: number
  readonly pieces: string[]
}

/** Records in their order; whatever else is in the archive is left out. */
export async function* archiveItems(manifest: ArchiveManifest, batches: AsyncGenerator<readonly ArchiveLine[], unknown, undefined>): AsyncGenerator<IncomingItem, void, undefined> {
  let open: { readonly line: RecordLine; readonly awaited: readonly Awaited[]; at: number } | undefined
  for await (const lines of batches) {
    for (const line of lines) {
      if (line.kind === 'text') {
        const text = open!.awaited[open!.at]!
        text.pieces.push(line.text)
        text.left -= line.text.length
        if (text.left > 0 || ++open!.at < open!.awaited.length) continue
        yield itemOf(open!.line, manifest, open!.awaited.map(({ path, pieces }) => ({ path, text: pieces.join('') })))
        open = undefined
        continue
      }
      if (!('value' in line)) continue
      const awaited = ('long' in line && line.long ? line.long : []).filter(([, units]) => units > 0).map(([path, units]): Awaited => ({ path, left: units, pieces: [] }))
      if (awaited.length === 0) yield itemOf(line as RecordLine, manifest, [])
      else open = { line: line as RecordLine, awaited, at: 0 }
    }
  }
}

function itemOf(line: RecordLine, { vaultId }: ArchiveManifest, long: readonly LongText[]): IncomingItem {
  const { kind, collection, id, rev, modifiedAt, origin, edits, value } = line
  const version: Version = origin === undefined ? { vault: vaultKey(vaultId), rev } : { vault: origin[0], rev: origin[1] }
  return { kind, ...(collection !== undefined && { collection }), incoming: { id: id ?? ((value as Fields)['id'] as string), version, modifiedAt }, value, edits, long }
}
