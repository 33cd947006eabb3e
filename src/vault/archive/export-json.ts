// The plain form of the specification: JSON that anything can read, and that nothing protects.

import type { Bytes } from '../../brand.js'
import { utf8 } from '../../crypto/bytes.js'
import { VaultError } from '../../errors.js'
import type { Access } from '../core/access.js'
import { setAt } from '../core/blobs.js'
import type { Fields } from '../core/log-row.js'
import { Slices } from '../core/slices.js'
import { archiveRecords, type ArchiveRecord } from './archive-records.js'
import { Selection, type ArchiveSelection } from './selection.js'
import { overSnapshot, type Snapshot, type SnapshotPorts } from './snapshot.js'
import { streamOfPieces } from './stream-of-pieces.js'

export interface PlainExportOptions extends ArchiveSelection {
  /** Must be said: whoever gets this file reads everything in it. */
  readonly unprotected: true
  readonly signal?: AbortSignal | undefined
}

/** What is written in the place of each record. Asked in the order of the file; of nothing else than these kinds is anything written then. */
export interface Rewriter {
  /** Every message of the vault, before anything is written; of long strings only their beginnings. */
  meet(message: Fields): void
  rewrite(kind: 'session' | 'chatLog' | 'message' | 'brain', fields: Fields): Fields
  madeAt(now: number): number
}

export interface JsonPorts extends SnapshotPorts {
  readonly access: Access
  readonly now: () => number
}

/** UTF-16 units that are encoded together. */
const BATCH_UNITS = 128 * 1024

/** `{ version: 1, exportedAt, chatLogs, sessions, brains, preferences, collections }` as UTF-8. */
export function exportJson(ports: JsonPorts, options: PlainExportOptions, rewriterFor?: (heads: Snapshot['heads']) => Rewriter): ReadableStream<Bytes> {
  if ((options as { unprotected?: unknown }).unprotected !== true) throw new TypeError('exportJson writes what anybody can read; say unprotected: true, or use exportArchive')
  ports.log.assertAlive()
  options.signal?.throwIfAborted()
  const selection = new Selection(rewriterFor === undefined ? options : withoutForeign(options))
  const pieces = overSnapshot(ports, options.signal, (snapshot, stop) => encoded(textOf(ports, snapshot, selection, rewriterFor?.(snapshot.heads), stop)))
  return streamOfPieces(pieces)
}

/** What an app keeps in its preferences and collections nobody here can rewrite. */
function withoutForeign(options: PlainExportOptions): PlainExportOptions {
  for (const field of ['preferences', 'collections'] as const) {
    if (options[field] === true) throw new VaultError('invalid-value', 'nobody knows what names are in these; export them without anonymise, or leave them out', { where: 'export', fields: [field] })
  }
  return { ...options, preferences: false, collections: false }
}

async function* encoded(texts: AsyncGenerator<string>): AsyncGenerator<Bytes, void, undefined> {
  let batch = ''
  for await (const text of texts) {
    batch += text
    if (batch.length < BATCH_UNITS) continue
    yield utf8(batch)
    batch = ''
  }
  yield utf8(batch)
}

async function* textOf({ access, now }: JsonPorts, snapshot: Snapshot, selection: Selection, rewriter: Rewriter | undefined, stop: AbortSignal): AsyncGenerator<string, void, undefined> {
  const walk = { access, snapshot, since: -1, slices: new Slices(stop), skipsDamage: false }
  if (rewriter !== undefined) {
    // Damage ends what it is in below; a part that is whole does not end for what is damaged beside it.
    for await (const items of archiveRecords({ ...walk, selection: new Selection({ brains: false, preferences: false, collections: false }), leavesLong: true, skipsDamage: true })) {
      for (const item of items) if (item.kind === 'message') rewriter.meet(item.value as Fields)
    }
  }
  yield `{"version":1,"exportedAt":${rewriter?.madeAt(now()) ?? now()},"chatLogs":[`
  const rest: Record<'session' | 'brain' | 'preference', string[]> = { session: [], brain: [], preference: [] }
  let logs = 0
  let messages = 0
  let collection: string | undefined
  const endOfRest = (): string =>
    `${logs === 0 ? '' : ']}'}],"sessions":[${rest.session.join(',')}],"brains":[${rest.brain.join(',')}],"preferences":[${rest.preference.join(',')}],"collections":{`
  const add = (record: ArchiveRecord): string => {
    const { kind } = record
    const json = JSON.stringify(rewriter === undefined || kind === 'preference' || kind === 'item' ? plain(record) : rewriter.rewrite(kind, plain(record)))
    if (record.kind === 'message') return `${messages++ === 0 ? '' : ','}${json}`
    if (record.kind === 'chatLog') {
      messages = 0
      return `${logs++ === 0 ? '' : ']},'}${json.slice(0, -1)},"messages":[`
    }
    if (record.kind === 'item') {
      if (record.collection === collection) return `,${json}`
      // They come after everything else, one collection after the other, so that none need be held.
      const before = collection === undefined ? endOfRest() : '],'
      collection = record.collection
      return `${before}${JSON.stringify(collection)}:[${json}`
    }
    rest[record.kind].push(json)
    return ''
  }
  for await (const items of archiveRecords({ ...walk, selection })) {
    let text = ''
    for (const item of items) if (item.kind !== 'missing') text += add(item)
    yield text
  }
  yield `${collection === undefined ? endOfRest() : ']'}}}\n`
}

/** A record as one object, long strings in their places; without what means something in this vault only: the number of its commit, its place. */
function plain({ kind, id, modifiedAt, value, long = [] }: ArchiveRecord): Fields {
  const whole = long.reduce((made, { path, text }) => setAt(made, path, text), value)
  const named = kind === 'brain' ? { entityId: id } : kind === 'preference' ? { key: id } : id === undefined ? {} : { id }
  return { ...named, ...(kind === 'preference' ? { value: whole } : (whole as Fields)), modifiedAt }
}
