// Moves rows from retiring epochs to the active one: opened, sealed again with the frame they had, put under their new label in the
// same transaction that deletes the old one and counts both. Implements docs/format.md, section 17, "Move"; PROTOCOL rules 7 and 8.

import type { Label, SealedBytes } from '../../brand.js'
import { VaultError } from '../../errors.js'
import type { Operation, ReadRequest } from '../../stores/backend.js'
import { tagOfRow, type LabelledRow } from '../core/codec.js'
import { isUnknown, type CommitLog } from '../core/commit-log.js'
import { lostLease, type Job } from '../core/jobs.js'
import { sealManifest, sealsAfter, Tally, type StoredManifest } from '../core/manifest.js'
import type { Place } from './places.js'

/** A row under its old label, and the same sealed anew. */
interface Move {
  readonly place: Place
  readonly label: Label
  readonly before: SealedBytes
  readonly after: LabelledRow
}

export interface PreparedMoves {
  readonly moves: readonly Move[]
  /** Rows that do not open. */
  readonly damaged: readonly Place[]
}

/** Reads and seals anew, writes nothing: may go on while the rows before these are written. */
export async function prepareMoves(log: CommitLog, places: readonly Place[]): Promise<PreparedMoves> {
  const { codec, backend } = log
  const wanted = places.flatMap((place) => codec.labels(place.store, place.stem, place.page).slice(1).map((label) => ({ place, label })))
  const rows = await backend.read(wanted.map(({ place, label }): ReadRequest & { readonly kind: 'get' } => ({ kind: 'get', store: place.store, key: label })))
  const damaged: Place[] = []
  const moves = await Promise.all(
    wanted.map(async ({ place, label }, i): Promise<Move | undefined> => {
      const before = rows[i]
      if (before === undefined) return undefined
      try {
        return { place, label, before, after: await codec.reseal(place.store, place.stem, place.page, label, before) }
      } catch (error) {
        if (!(error instanceof VaultError) || (error.code !== 'corrupt' && error.code !== 'unsupported-version' && error.code !== 'keys-changed')) throw error
        damaged.push(place)
        return undefined
      }
    }),
  )
  return { moves: moves.filter((move) => move !== undefined), damaged }
}

/**
 * @returns how many rows were moved: 0 also when the manifest is another one by now, or the store did not say; whoever comes by here again moves what is left
 * @throws {VaultError} `busy` when another tab took over the job, `storage-*`
 */
export async function writeMoves(log: CommitLog, job: Job, { moves }: PreparedMoves): Promise<number> {
  if (moves.length === 0) return 0
  const { backend, codec, manifest } = log
  const { base } = manifest.content
  const tally = new Tally(manifest.content.counts)
  const operations: Operation[] = []
  for (const { place, label, before, after } of moves) {
    const { epoch, element } = codec.elementOf(place.store, label, before)
    tally.remove(epoch, place.store, label, element)
    tally.add(codec.activeEpoch, place.store, after.label, after.element)
    operations.push({ kind: 'put', store: place.store, key: after.label, value: after.row }, { kind: 'delete', store: place.store, key: label })
  }
  const content = { ...manifest.content, counts: tally.counts(), seals: sealsAfter(manifest.content, codec) }
  const [anchor] = await backend.read([{ kind: 'get', store: 'log', key: base }])
  if (anchor === undefined) return 0
  const row = await sealManifest(codec, content)
  return log.exclusive(async () => {
    const batch = {
      expect: [job.expectation, { kind: 'tag', store: 'manifest', key: 'manifest', tag: manifest.tag }, { kind: 'tag', store: 'log', key: base, tag: tagOfRow(anchor) }],
      operations: [...operations, { kind: 'put', store: 'manifest', key: 'manifest', value: row }],
      durability: 'relaxed',
    } as const
    let result
    try {
      result = await backend.apply(batch)
    } catch (error) {
      if (!isUnknown(error)) throw error
      // Should it come to be written later, it is by what it compares either these rows, once, or nothing.
      await log.catchUpInside()
      return 0
    }
    if (result.applied) {
      log.publishMoved({ content, tag: tagOfRow(row).slice() as StoredManifest['tag'] })
      return moves.length
    }
    if (result.missed === 0) throw lostLease()
    await log.catchUpInside()
    return 0
  })
}
