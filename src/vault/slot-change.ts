// The next revision of the header of an opened vault: another password or recovery code, or other keys. DESIGN sections 6 and 8.

import type { SealedBytes } from '../brand.js'
import { equalBytes, toBase64Url } from '../crypto/bytes.js'
import { VaultError } from '../errors.js'
import { tagOfRow } from './core/codec.js'
import type { CommitLog } from './core/commit-log.js'
import type { CommitQueue } from './core/commit-queue.js'
import { headerName, type BuiltHeader } from './core/credentials.js'
import type { Draft } from './core/draft.js'
import { decodeHeader, type UnprovenHeader } from './core/header.js'
import type { SecondCopies } from './second-copies.js'

export interface SlotChangeParts {
  /** The header this tab has, should there be none any more. */
  readonly lastKnown: SealedBytes
  readonly log: CommitLog
  readonly queue: CommitQueue
  readonly copies: SecondCopies
}

/**
 * Rewrites the header: it and a log row in one strict transaction, so every other tab notices.
 * @param build makes the next revision of the header that is stored now
 * @param also what the commit does besides; may run again
 * @throws whatever `build` does; {VaultError} `tampered`, `conflict` when another tab changed the header meanwhile
 */
export async function changeSlots<Built extends BuiltHeader>(
  { lastKnown, log, queue, copies }: SlotChangeParts,
  build: (newest: UnprovenHeader) => Promise<Built>,
  also?: (draft: Draft, built: Built) => Promise<void>,
): Promise<Built> {
  // Another tab may have written a header since: only its own key ring knows its slots.
  const newest = await readNewestHeader(log, lastKnown)
  const replaced = await build(newest)
  const { revision, tag } = headerName(replaced)
  // Deriving keys takes its time: a copy of what lost already would lie where that of the winner is.
  const [stored] = await log.backend.read([{ kind: 'get', store: 'header', key: 'header' }])
  if (stored !== undefined && !equalBytes(tagOfRow(stored), newest.tag)) throw new VaultError('conflict', 'another tab changed the header of this vault meanwhile; try again', { where: 'header', reason: 'refused' })
  // The copy goes first, in the other slot: a crash never leaves copies of old headers only (DESIGN section 10).
  await copies.writeHeader(revision, replaced.row)
  try {
    await queue.commit(
      async (draft) => {
        draft.expect.push({ kind: 'tag', store: 'header', key: 'header', tag: newest.tag })
        draft.operations.push({ kind: 'put', store: 'header', key: 'header', value: replaced.row })
        draft.change(['header', revision, tag])
        await also?.(draft, replaced)
      },
      { alone: true, strict: true },
    )
  } finally {
    // Another tab that was first, or that lost, may have written to the same slot: the copy is that of the header there is.
    await copies.writeStoredHeader(log.backend)
  }
  await copies.removeHeader(revision - 1)
  return replaced
}

/** The header that the log names. @throws {VaultError} `tampered` when there is another one, and no commit that explains it */
async function readNewestHeader(log: CommitLog, lastKnown: SealedBytes): Promise<UnprovenHeader> {
  await log.catchUp()
  for (;;) {
    const { seq } = log.head
    const [row] = await log.backend.read([{ kind: 'get', store: 'header', key: 'header' }])
    const newest = decodeHeader(row ?? lastKnown)
    if (toBase64Url(newest.tag) === log.header.tag) return newest
    // Another tab may have changed it between the two looks.
    await log.catchUp()
    if (log.head.seq === seq) throw new VaultError('tampered', 'the header of the vault is not the one that was written last', { where: 'header', number: newest.header.revision, reason: 'rolled-back' })
  }
}
